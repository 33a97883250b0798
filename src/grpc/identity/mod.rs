//! Who calls: bearer tokens (RFC 6750) that are JWT access tokens (RFC 9068), turned into a [`Requester`].
//!
//! The token says who, in which role, and what it binds them to; no field of a request ever does. Deliberately absent:
//! what a role may do (the rights table of the use cases), and an issuer for real use.
//!
//! [`Requester`]: crate::domain::Requester

mod authenticator;
mod bearer;
mod claims;
mod error;
mod issuer;

pub use authenticator::{Authenticator, LEEWAY_SECONDS_MAX, TOKEN_BYTES_MAX, TRUSTED_KEYS_MAX, TokenRules};
pub use bearer::bearer_token;
pub use claims::{AccessTokenClaims, Audience};
pub use error::{IdentityError, TokenError};
pub use issuer::DevelopmentIssuer;
