//! Settings: a TOML file, then `PORTCULLIS_*` variables, then flags, each over the one before. The only reader of the
//! environment.
//!
//! A name that is not a setting is an error, in the file with its line: a mistyped limit must not quietly be the
//! default. Numbers carry their bounds in their types and their units in their names. Secrets are given by file path,
//! so no setting is one. `examples/portcullis.toml` holds every setting with its default.

mod bounded;
mod error;
mod https_url;
mod identity;
mod load;
mod messages;
mod raw;
mod raw_store;
mod redis_url;
mod sections;
mod store_register;

pub use bounded::Bounded;
pub use error::ConfigError;
pub use https_url::HttpsUrl;
pub use identity::{CertificateBinding, Client, Identity, Issuer, IssuerKeys, PublishedKeys, TokenAlgorithm};
pub use load::{Overrides, RESERVED_VARIABLES, notify_socket};
pub use messages::{AllowedPlace, Messages, MessagesWebhook};
pub use redis_url::{RedisUrl, RedisWay};
pub use sections::{
    Archive, Carrier, ClientAuthority, ClientCertificates, Config, Keys, Limits, Log, LogFormat, LogLevel, Otlp,
    PinPool, Policy, PolicySource, Separations, Server, SignedPermits, Store, StoreDurability, StoreFolder, StoreRedis,
    Stores, Telemetry, Transport,
};
pub use store_register::{StoreRegisterError, parse_store_register};
