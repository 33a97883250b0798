//! `[identity]`: whose tokens and certificates are believed, and as whom.

use std::collections::HashSet;
use std::path::PathBuf;

use serde::Deserialize;
use serde::de::{Deserializer, Error};

use super::{Bounded, ConfigError, HttpsUrl};
use crate::domain::{Brand, DeviceId, FormatError, Role, Spid, StoreId};

/// Issuers that may be trusted at once.
const ISSUERS_MAX: usize = 16;

/// Clients that may be known by their certificates.
const CLIENTS_MAX: usize = 100_000;

/// `[identity]`: whose tokens and certificates are believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// `[[identity.issuers]]`: who issues access tokens.
    pub issuers: Vec<Issuer>,
    /// `[[identity.clients]]`: who is known by a certificate.
    pub clients: Vec<Client>,
}

/// One issuer of access tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    /// What its tokens name in `iss`.
    pub issuer: String,
    /// What its tokens must name in `aud`: this service.
    pub audience: String,
    /// Its public keys.
    pub keys: IssuerKeys,
    /// The algorithms its tokens may be signed with.
    pub algorithms: Vec<TokenAlgorithm>,
    /// By how much its clock may differ, in seconds.
    pub leeway_seconds: Bounded<0, 60>,
    /// The roles its tokens may give; any, where none is listed.
    pub roles: Vec<Role>,
    /// Whether its tokens must be bound to their holder's certificate (RFC 8705).
    pub certificate_binding: CertificateBinding,
}

/// Where an issuer's public keys are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IssuerKeys {
    /// Ed25519 public keys in a PEM file.
    PublicKeyFile(PathBuf),
    /// A JSON Web Key Set (RFC 7517) in a file.
    JwksFile(PathBuf),
    /// A JSON Web Key Set that the issuer publishes.
    JwksUrl(PublishedKeys),
}

/// Where an issuer publishes its keys, and how long they are believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedKeys {
    /// Where.
    pub url: HttpsUrl,
    /// Who signed its certificate, a PEM file; those that the system trusts, where none is named.
    pub ca_file: Option<PathBuf>,
    /// How long keys are believed that could not be fetched again, in seconds.
    pub believed_seconds: Bounded<600, 604_800>,
}

impl IssuerKeys {
    /// The file, where there is one.
    pub const fn path(&self) -> Option<&PathBuf> {
        match self {
            Self::PublicKeyFile(path) | Self::JwksFile(path) => Some(path),
            Self::JwksUrl(_) => None,
        }
    }
}

/// What a token may be signed with (RFC 7518, section 3.1; RFC 8037). Shared secrets are no choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[expect(missing_docs, reason = "the registered names say it")]
pub enum TokenAlgorithm {
    #[serde(rename = "EdDSA")]
    EdDsa,
    #[serde(rename = "ES256")]
    Es256,
    #[serde(rename = "ES384")]
    Es384,
    #[serde(rename = "PS256")]
    Ps256,
    #[serde(rename = "PS384")]
    Ps384,
    #[serde(rename = "PS512")]
    Ps512,
    #[serde(rename = "RS256")]
    Rs256,
    #[serde(rename = "RS384")]
    Rs384,
    #[serde(rename = "RS512")]
    Rs512,
}

/// Whether tokens must be bound to a certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CertificateBinding {
    /// A token that says it is bound is held to it; another is not.
    #[default]
    Optional,
    /// A token that is bound to no certificate is not believed.
    Required,
}

/// Who is known by a certificate, and what is known of it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// The name in its certificate, of the kind URI or DNS.
    pub name: String,
    /// What it is when it brings no token.
    #[serde(default, deserialize_with = "role")]
    pub role: Option<Role>,
    /// The roles of tokens that others may bring over its connections; any, where none is listed.
    #[serde(default, deserialize_with = "roles")]
    pub token_roles: Vec<Role>,
    /// The only brand it serves.
    #[serde(default, deserialize_with = "brand")]
    pub brand: Option<Brand>,
    /// The carrier it speaks for.
    #[serde(default, deserialize_with = "spid")]
    pub spid: Option<Spid>,
    /// The store it stands in.
    #[serde(default, deserialize_with = "store")]
    pub store: Option<StoreId>,
    /// The device it is.
    #[serde(default, deserialize_with = "device")]
    pub device: Option<DeviceId>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawIdentity {
    issuers: Vec<RawIssuer>,
    clients: Vec<Client>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawIssuer {
    issuer: String,
    audience: String,
    #[serde(default)]
    public_key_file: Option<PathBuf>,
    #[serde(default)]
    jwks_file: Option<PathBuf>,
    #[serde(default)]
    jwks_url: Option<String>,
    #[serde(default)]
    jwks_ca_file: Option<PathBuf>,
    #[serde(default)]
    jwks_believed_seconds: Option<Bounded<600, 604_800>>,
    #[serde(default = "usual_algorithms")]
    algorithms: Vec<TokenAlgorithm>,
    #[serde(default = "usual_leeway")]
    leeway_seconds: Bounded<0, 60>,
    #[serde(default, deserialize_with = "roles")]
    roles: Vec<Role>,
    #[serde(default)]
    certificate_binding: CertificateBinding,
}

fn usual_algorithms() -> Vec<TokenAlgorithm> {
    vec![TokenAlgorithm::EdDsa, TokenAlgorithm::Es256]
}

fn usual_leeway() -> Bounded<0, 60> {
    Bounded::of::<30>()
}

impl RawIdentity {
    /// `shows_certificates`: whether callers can show certificates at all.
    pub(super) fn complete(self, shows_certificates: bool) -> Result<Identity, ConfigError> {
        let Self { issuers, clients } = self;
        let unfit = |key, problem| ConfigError::Unfit { key, problem };
        if issuers.is_empty() && clients.is_empty() {
            let expected = "at least one issuer of access tokens, or one of `identity.clients`";
            return Err(ConfigError::Missing { key: "identity.issuers", expected });
        }
        if issuers.len() > ISSUERS_MAX || clients.len() > CLIENTS_MAX {
            return Err(unfit("identity.issuers", "at most 16 issuers and 100,000 clients may be named"));
        }
        if !clients.is_empty() && !shows_certificates {
            return Err(unfit("identity.clients", "needs `tls.client_ca_file`: nobody can show a certificate"));
        }
        let issuers: Vec<Issuer> = issuers.into_iter().map(RawIssuer::complete).collect::<Result<_, _>>()?;
        let mut seen = HashSet::new();
        if !issuers.iter().all(|issuer| seen.insert(&issuer.issuer)) {
            return Err(unfit("identity.issuers", "names one issuer twice"));
        }
        if issuers.iter().any(|issuer| issuer.certificate_binding == CertificateBinding::Required)
            && !shows_certificates
        {
            let problem = "needs `tls.client_ca_file`: no token could be bound to a certificate";
            return Err(unfit("identity.issuers[].certificate_binding", problem));
        }
        let mut seen = HashSet::new();
        if clients.iter().any(|client| client.name.is_empty() || !seen.insert(&client.name)) {
            return Err(unfit("identity.clients", "names one client twice, or one without a name"));
        }
        Ok(Identity { issuers, clients })
    }
}

impl RawIssuer {
    fn complete(self) -> Result<Issuer, ConfigError> {
        let unfit = |key, problem| Err(ConfigError::Unfit { key, problem });
        let published = (self.jwks_ca_file, self.jwks_believed_seconds);
        if self.jwks_url.is_none() && published != (None, None) {
            return unfit(
                "identity.issuers[].jwks_ca_file",
                "`jwks_ca_file` and `jwks_believed_seconds` need `jwks_url`",
            );
        }
        let keys = match (self.public_key_file, self.jwks_file, self.jwks_url) {
            (Some(path), None, None) if !path.as_os_str().is_empty() => IssuerKeys::PublicKeyFile(path),
            (None, Some(path), None) if !path.as_os_str().is_empty() => IssuerKeys::JwksFile(path),
            (None, None, Some(url)) => IssuerKeys::JwksUrl(published_keys(&url, published)?),
            _ => {
                let problem = "each issuer needs one of `jwks_url`, `jwks_file` and `public_key_file`";
                return unfit("identity.issuers[]", problem);
            }
        };
        if self.issuer.trim().is_empty() || self.audience.trim().is_empty() {
            return unfit("identity.issuers[]", "`issuer` and `audience` must say something");
        }
        if self.algorithms.is_empty() {
            return unfit("identity.issuers[].algorithms", "must name at least one algorithm");
        }
        Ok(Issuer {
            issuer: self.issuer,
            audience: self.audience,
            keys,
            algorithms: self.algorithms,
            leeway_seconds: self.leeway_seconds,
            roles: self.roles,
            certificate_binding: self.certificate_binding,
        })
    }
}

fn published_keys(
    url: &str,
    (ca_file, believed): (Option<PathBuf>, Option<Bounded<600, 604_800>>),
) -> Result<PublishedKeys, ConfigError> {
    let problem = "must be like `https://login.carrier.example/keys`, without a fragment or a user";
    let url = HttpsUrl::parse(url).ok_or(ConfigError::Unfit { key: "identity.issuers[].jwks_url", problem })?;
    Ok(PublishedKeys { url, ca_file, believed_seconds: believed.unwrap_or(Bounded::of::<86_400>()) })
}

fn role<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Role>, D::Error> {
    known_role::<D>(&String::deserialize(deserializer)?).map(Some)
}

fn roles<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Role>, D::Error> {
    Vec::<String>::deserialize(deserializer)?.iter().map(|name| known_role::<D>(name)).collect()
}

fn known_role<'de, D: Deserializer<'de>>(name: &str) -> Result<Role, D::Error> {
    Role::from_name(name).ok_or_else(|| {
        let known = Role::NAMED.map(|(name, _)| name).join(", ");
        D::Error::custom(format_args!("`{name}` is no role; roles are {known}"))
    })
}

macro_rules! parsed {
    ($($name:ident: $type:ident),+) => {
        $(fn $name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<$type>, D::Error> {
            parsed(deserializer, $type::parse)
        })+
    };
}

parsed!(brand: Brand, spid: Spid, store: StoreId, device: DeviceId);

fn parsed<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    parse: fn(&str) -> Result<T, FormatError>,
) -> Result<Option<T>, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse(&text).map(Some).map_err(|error| D::Error::custom(format_args!("`{text}` {error}")))
}

#[cfg(test)]
mod tests {
    use super::{Bounded, published_keys};

    #[test]
    fn keys_are_fetched_over_tls_from_a_plain_address() {
        let published = |url| published_keys(url, (None, None)).map(|keys| keys.url.authority());
        assert_eq!(published("https://localhost:8443/keys").unwrap(), "localhost:8443");
        let error = published("http://login.example/keys").unwrap_err().to_string();
        assert!(error.contains("identity.issuers[].jwks_url"), "{error}");
    }

    #[test]
    fn fetched_keys_are_believed_for_a_day_unless_it_is_said() {
        let believed = |said| published_keys("https://login.example/keys", (None, said)).unwrap().believed_seconds;
        assert_eq!(believed(None).get(), 24 * 60 * 60);
        assert_eq!(believed(Bounded::new(600)).get(), 600);
    }
}
