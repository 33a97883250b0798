//! The settings as they are written: some may be missing until every layer has been laid.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::Deserialize;
use serde::de::{Deserializer, Error};

use super::identity::RawIdentity;
use super::messages::RawMessages;
use super::raw_store::{RawRedis, RawStore};
use super::sections::{
    Archive, Carrier, ClientAuthority, ClientCertificates, Config, Keys, Limits, Log, PinPool, Policy, Separations,
    Server, SignedPermits, Stores, Telemetry, Transport,
};
use super::{Bounded, ConfigError};
use crate::domain::{Brand, FormatError, Spid};

/// Every section's name, as it stands in the file and in variables. None is the beginning of another with a `_` behind it.
pub(super) const SECTIONS: [&str; 17] = [
    "server",
    "tls",
    "limits",
    "identity",
    "store",
    "stores",
    "redis",
    "archive",
    "keys",
    "permits",
    "carrier",
    "messages",
    "separations",
    "policy",
    "pin_pool",
    "log",
    "telemetry",
];

const OWN_SPIDS_MAX: usize = 64;

const AUDIENCE_MAX: usize = 16;

const NAME_BYTES_MAX: usize = 256;

const DEFAULT_BRAND: &str = "default";

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawConfig {
    server: Server,
    tls: RawTls,
    limits: Limits,
    identity: RawIdentity,
    store: RawStore,
    stores: Stores,
    redis: RawRedis,
    archive: RawArchive,
    keys: RawKeys,
    permits: RawPermits,
    carrier: RawCarrier,
    messages: RawMessages,
    separations: Separations,
    policy: Policy,
    pin_pool: PinPool,
    log: Log,
    telemetry: Telemetry,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawTls {
    cert_file: Option<PathBuf>,
    key_file: Option<PathBuf>,
    client_ca_file: Option<PathBuf>,
    client_crl_file: Option<PathBuf>,
    client_certificates: Option<ClientCertificates>,
    plaintext: Option<Plaintext>,
}

/// A dangerous option is a word that says so, not a bool.
#[derive(Clone, Copy, Debug, Deserialize)]
enum Plaintext {
    #[serde(rename = "yes_on_loopback_only")]
    OnLoopbackOnly,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawArchive {
    folder: Option<PathBuf>,
    keep_in_store_days: Option<Bounded<90, 3_650>>,
    retention_days: Option<Bounded<365, 36_500>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawKeys {
    keyring_file: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawPermits {
    issuer: Option<String>,
    audience: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawCarrier {
    #[serde(deserialize_with = "spids")]
    own_spids: Vec<Spid>,
    #[serde(deserialize_with = "brand")]
    brand: Option<Brand>,
}

fn spids<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Spid>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    if texts.is_empty() || texts.len() > OWN_SPIDS_MAX {
        return Err(D::Error::custom(format_args!("must be 1 to {OWN_SPIDS_MAX} SPIDs")));
    }
    texts.iter().map(|text| Spid::parse(text).map_err(|error| wrong::<D>(text, error))).collect()
}

fn brand<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Brand>, D::Error> {
    let text = String::deserialize(deserializer)?;
    Brand::parse(&text).map(Some).map_err(|error| wrong::<D>(&text, error))
}

fn wrong<'de, D: Deserializer<'de>>(text: &str, error: FormatError) -> D::Error {
    D::Error::custom(format_args!("`{text}` {error}"))
}

impl RawConfig {
    /// Every layer has been laid: what is missing now is missing.
    pub(super) fn complete(self) -> Result<Config, ConfigError> {
        let Self {
            server,
            tls,
            limits,
            identity,
            store,
            stores,
            redis,
            archive,
            keys,
            permits,
            carrier,
            messages,
            separations,
            policy,
            pin_pool,
            log,
            telemetry,
        } = self;
        let transport = tls.complete(&server)?;
        check_pin_pool(&pin_pool, &limits)?;
        let shows_certificates = matches!(&transport, Transport::Tls { clients: Some(_), .. });
        let config = Config {
            transport,
            identity: identity.complete(shows_certificates)?,
            store: store.complete(redis)?,
            stores,
            archive: archive.complete()?,
            keys: keys.complete()?,
            permits: permits.complete()?,
            carrier: carrier.complete()?,
            messages: messages.complete()?,
            separations,
            server,
            limits,
            policy,
            pin_pool,
            log,
            telemetry,
        };
        Ok(config)
    }
}

/// PINs that wait hold their calls' places: the others must have as many.
fn check_pin_pool(pins: &PinPool, limits: &Limits) -> Result<(), ConfigError> {
    let held = pins.threads.get().saturating_add(pins.queue.get());
    if held <= limits.max_calls_in_flight.get() / 2 {
        return Ok(());
    }
    let problem = "must leave half of `limits.max_calls_in_flight` to calls without a PIN: lower it, or raise that";
    Err(ConfigError::Unfit { key: "pin_pool.queue", problem })
}

impl RawTls {
    fn complete(self, server: &Server) -> Result<Transport, ConfigError> {
        let Self { cert_file, key_file, client_ca_file, client_crl_file, client_certificates, plaintext } = self;
        let clients = clients(client_ca_file, client_crl_file, client_certificates)?;
        match (cert_file, key_file, plaintext) {
            (_, _, Some(_)) if clients.is_some() => Err(ConfigError::Unfit {
                key: "tls.client_ca_file",
                problem: "callers cannot show certificates without TLS; see `tls.plaintext`",
            }),
            (None, None, Some(Plaintext::OnLoopbackOnly)) if server.listen.ip().is_loopback() => {
                Ok(Transport::LoopbackPlaintext)
            }
            (None, None, Some(_)) => Err(ConfigError::Unfit {
                key: "tls.plaintext",
                problem: "only a loopback address may be served without TLS; see `server.listen`",
            }),
            (_, _, Some(_)) => Err(ConfigError::Unfit {
                key: "tls.plaintext",
                problem: "must not be set together with `tls.cert_file` or `tls.key_file`",
            }),
            (cert_file, key_file, None) => Ok(Transport::Tls {
                cert_file: path("tls.cert_file", "the PEM file of the server's certificate chain", cert_file)?,
                key_file: path("tls.key_file", "the PEM file of the server's private key", key_file)?,
                clients,
            }),
        }
    }
}

fn clients(
    ca_file: Option<PathBuf>,
    crl_file: Option<PathBuf>,
    presence: Option<ClientCertificates>,
) -> Result<Option<ClientAuthority>, ConfigError> {
    const NEEDED: &str = "needs `tls.client_ca_file`: without an authority no caller's certificate is looked at";
    match (ca_file, crl_file, presence) {
        (Some(ca_file), crl_file, presence) => {
            Ok(Some(ClientAuthority { ca_file, crl_file, presence: presence.unwrap_or_default() }))
        }
        (None, None, None) => Ok(None),
        (None, Some(_), _) => Err(ConfigError::Unfit { key: "tls.client_crl_file", problem: NEEDED }),
        (None, None, Some(_)) => Err(ConfigError::Unfit { key: "tls.client_certificates", problem: NEEDED }),
    }
}

impl RawArchive {
    fn complete(self) -> Result<Option<Archive>, ConfigError> {
        const NEEDED: &str = "needs `archive.folder`: without a folder nothing is archived";
        let Self { folder, keep_in_store_days, retention_days } = self;
        let Some(folder) = folder.filter(|folder| !folder.as_os_str().is_empty()) else {
            return match (keep_in_store_days, retention_days) {
                (None, None) => Ok(None),
                (Some(_), _) => Err(ConfigError::Unfit { key: "archive.keep_in_store_days", problem: NEEDED }),
                (None, Some(_)) => Err(ConfigError::Unfit { key: "archive.retention_days", problem: NEEDED }),
            };
        };
        let keep_in_store_days = keep_in_store_days.unwrap_or(Bounded::of::<90>());
        let retention_days = retention_days.unwrap_or(Bounded::of::<1_095>());
        if retention_days.get() < keep_in_store_days.get() {
            let problem = "must be at least `archive.keep_in_store_days`";
            return Err(ConfigError::Unfit { key: "archive.retention_days", problem });
        }
        Ok(Some(Archive { folder, keep_in_store_days, retention_days }))
    }
}

impl RawKeys {
    fn complete(self) -> Result<Keys, ConfigError> {
        let Self { keyring_file } = self;
        Ok(Keys { keyring_file: path("keys.keyring_file", "the keyring file", keyring_file)? })
    }
}

impl RawPermits {
    fn complete(self) -> Result<Option<SignedPermits>, ConfigError> {
        const NAMES: &str = "must be 1 to 16 names of at most 256 printable characters, none of them twice";
        let Self { issuer, audience } = self;
        let is_name = |name: &String| {
            (1..=NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic())
        };
        let issuer = match issuer {
            Some(issuer) if is_name(&issuer) => issuer,
            Some(_) => {
                let problem = "must be an address or another name of at most 256 printable characters";
                return Err(ConfigError::Unfit { key: "permits.issuer", problem });
            }
            None if audience.is_empty() => return Ok(None),
            None => {
                return Err(ConfigError::Missing { key: "permits.issuer", expected: "the `iss` of signed permits" });
            }
        };
        let distinct: BTreeSet<&String> = audience.iter().collect();
        let fits = (1..=AUDIENCE_MAX).contains(&audience.len()) && audience.iter().all(is_name);
        if !fits || distinct.len() != audience.len() {
            return Err(ConfigError::Unfit { key: "permits.audience", problem: NAMES });
        }
        Ok(Some(SignedPermits { issuer, audience }))
    }
}

impl RawCarrier {
    fn complete(self) -> Result<Carrier, ConfigError> {
        let Self { own_spids, brand } = self;
        if own_spids.is_empty() {
            return Err(ConfigError::Missing { key: "carrier.own_spids", expected: "a list of the carrier's SPIDs" });
        }
        let brand = match brand {
            Some(brand) => brand,
            None => Brand::parse(DEFAULT_BRAND)
                .map_err(|error| ConfigError::Unfit { key: "carrier.brand", problem: error.expected })?,
        };
        Ok(Carrier { own_spids, brand })
    }
}

pub(super) fn path(key: &'static str, expected: &'static str, value: Option<PathBuf>) -> Result<PathBuf, ConfigError> {
    value.filter(|path| !path.as_os_str().is_empty()).ok_or(ConfigError::Missing { key, expected })
}
