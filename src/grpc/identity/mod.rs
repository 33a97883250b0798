//! Who calls: bearer tokens (RFC 6750) that are JWT access tokens (RFC 9068), and client certificates, turned into a
//! [`Requester`].
//!
//! | file | holds |
//! | --- | --- |
//! | `authenticator` | the way of one call; what was verified is remembered |
//! | `trust`, `keys` | issuers: their rules, their keys |
//! | `published` | key sets as issuers publish them |
//! | `claims`, `bearer` | what a token says, and where it stands in a call |
//! | `clients` | callers known by a certificate, and what their connections are bound to |
//! | `issuer` | the development issuer |
//!
//! Token and certificate say who, in which role, and what it binds them to; no field of a request ever does. Deliberately
//! absent: what a role may do (the rights table of the use cases), and an issuer for real use.
//!
//! [`Requester`]: crate::domain::Requester

mod authenticator;
mod bearer;
mod claims;
mod clients;
mod error;
mod issuer;
mod keys;
mod published;
mod trust;

pub use authenticator::{Authenticator, Suspect, TOKEN_BYTES_MAX, Unbelieved};
pub use bearer::bearer_token;
pub use claims::{AccessTokenClaims, Audience, Confirmation};
pub use clients::{ClientBinding, ClientError, Clients};
pub use error::{IdentityError, TokenError};
pub use issuer::DevelopmentIssuer;
pub use jsonwebtoken::Algorithm;
pub use keys::{TRUSTED_KEYS_MAX, TrustedKeys};
pub use published::{FetchError, FetchedKeySet, KeySetAddress, fetch_key_set};
pub use trust::{LEEWAY_SECONDS_MAX, OffHours, TokenRules, TrustedIssuer, UnknownKey};
