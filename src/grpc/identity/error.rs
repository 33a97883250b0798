//! Why nobody can be told by a token, and why no token can be checked.

use super::authenticator::{LEEWAY_SECONDS_MAX, TRUSTED_KEYS_MAX};

/// Why a token does not authenticate. Says what is wrong with it, never what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// There is none.
    #[error("no bearer token was sent")]
    Missing,
    /// It is no access token of the trusted issuer for this audience, or its signature does not hold.
    #[error("the bearer token is not a valid access token for this service")]
    Invalid,
    /// Its time is over, or has not come.
    #[error("the bearer token is expired or not yet valid")]
    OutOfTime,
    /// Its signature holds, and this claim is missing or has no usable value.
    #[error("the bearer token's claim `{0}` is missing or has no usable value")]
    Claim(&'static str),
}

impl TokenError {
    /// The stable reason on the wire.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Missing => "TOKEN_MISSING",
            Self::Invalid => "TOKEN_INVALID",
            Self::OutOfTime => "TOKEN_OUT_OF_TIME",
            Self::Claim(_) => "TOKEN_CLAIM_INVALID",
        }
    }
}

/// A set of trusted keys or rules that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// No key, or too many.
    #[error("between 1 and {TRUSTED_KEYS_MAX} token keys must be trusted")]
    KeyCount,
    /// The key in this place, from 1, cannot be used.
    #[error("token key {0} is not an Ed25519 public key in PEM")]
    Key(usize),
    /// The leeway is too long.
    #[error("token leeway must be at most {LEEWAY_SECONDS_MAX} seconds")]
    Leeway,
    /// Keys that sign and verify disagree: no crypto provider, or a wrong one.
    #[error("token verification does not work in this build")]
    SelfTest,
}
