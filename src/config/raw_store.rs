//! `[store]` and `[redis]` as they stand in the file: where records are kept.

use std::path::PathBuf;

use serde::Deserialize;

use super::raw::path;
use super::sections::{Store, StoreDurability, StoreFolder, StoreRedis};
use super::{Bounded, ConfigError, RedisUrl};

/// The longest prefix of keys, in bytes: it stands in every key.
const PREFIX_BYTES_MAX: usize = 32;

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawStore {
    kind: RawKind,
    path: Option<PathBuf>,
    disk_reserve_mib: Bounded<16, 1_048_576>,
    accept_data_loss: Option<AcceptDataLoss>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RawKind {
    #[default]
    Embedded,
    Redis,
}

/// A dangerous option is a word that says so, not a bool.
#[derive(Clone, Copy, Debug, Deserialize)]
enum AcceptDataLoss {
    #[serde(rename = "yes_for_test_purposes_only")]
    ForTestPurposesOnly,
}

impl Default for RawStore {
    fn default() -> Self {
        let disk_reserve_mib = Bounded::of::<512>();
        Self { kind: RawKind::Embedded, path: None, disk_reserve_mib, accept_data_loss: None }
    }
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawRedis {
    url: Option<RedisUrl>,
    password_file: Option<PathBuf>,
    ca_file: Option<PathBuf>,
    cert_file: Option<PathBuf>,
    key_file: Option<PathBuf>,
    prefix: String,
    replicas: Bounded<0, 8>,
    call_timeout_ms: Bounded<100, 10_000>,
}

impl Default for RawRedis {
    fn default() -> Self {
        Self {
            url: None,
            password_file: None,
            ca_file: None,
            cert_file: None,
            key_file: None,
            prefix: "portcullis".to_owned(),
            replicas: Bounded::of::<0>(),
            call_timeout_ms: Bounded::of::<1_500>(),
        }
    }
}

impl RawStore {
    pub(super) fn complete(self, redis: RawRedis) -> Result<Store, ConfigError> {
        let Self { kind, path: folder, disk_reserve_mib, accept_data_loss } = self;
        let durability = match accept_data_loss {
            None => StoreDurability::Full,
            Some(AcceptDataLoss::ForTestPurposesOnly) => StoreDurability::LosesLastAnswers,
        };
        match kind {
            RawKind::Embedded => {
                let path = path("store.path", "the folder of the store", folder)?;
                Ok(Store::Folder(StoreFolder { path, disk_reserve_mib, durability }))
            }
            RawKind::Redis => Ok(Store::Redis(Box::new(redis.complete(durability)?))),
        }
    }
}

impl RawRedis {
    fn complete(self, durability: StoreDurability) -> Result<StoreRedis, ConfigError> {
        let Self { url, password_file, ca_file, cert_file, key_file, prefix, replicas, call_timeout_ms } = self;
        let expected = "where the Redis is, like `redis://127.0.0.1:6379`";
        let url = url.ok_or(ConfigError::Missing { key: "redis.url", expected })?;
        let given = |file: Option<PathBuf>| file.filter(|file| !file.as_os_str().is_empty());
        let (ca_file, password_file) = (given(ca_file), given(password_file));
        let identity = match (given(cert_file), given(key_file)) {
            (None, None) => None,
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, Some(_)) => {
                let problem = "needs `redis.cert_file`: a key is shown with its certificate";
                return Err(ConfigError::Unfit { key: "redis.key_file", problem });
            }
            (Some(_), None) => {
                let problem = "needs `redis.key_file`: a certificate is shown with its key";
                return Err(ConfigError::Unfit { key: "redis.cert_file", problem });
            }
        };
        if !url.tls && (ca_file.is_some() || identity.is_some()) {
            let problem = "has no TLS, and there are files for it: say `rediss://`";
            return Err(ConfigError::Unfit { key: "redis.url", problem });
        }
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if prefix.is_empty() || prefix.len() > PREFIX_BYTES_MAX || !prefix.bytes().all(fits) {
            let problem = "has 1 to 32 letters, digits, `-`, `_` or `.`";
            return Err(ConfigError::Unfit { key: "redis.prefix", problem });
        }
        let begins = false;
        Ok(StoreRedis { url, password_file, ca_file, identity, prefix, replicas, call_timeout_ms, durability, begins })
    }
}
