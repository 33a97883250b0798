//! Why nobody can be told by a token, and why no token can be checked.

use super::keys::TRUSTED_KEYS_MAX;
use super::trust::LEEWAY_SECONDS_MAX;

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
    /// It is bound to a certificate that this connection did not show.
    #[error("the bearer token is bound to a certificate that this connection did not show")]
    BoundElsewhere,
    /// Its holder is bound to something else than this connection's certificate: the claim's name.
    #[error("the bearer token's `{0}` is not what this connection's certificate is bound to")]
    Elsewhere(&'static str),
    /// Its holder does not work now.
    #[error("the bearer token's holder is not on the roster at this hour")]
    OffRoster,
}

impl TokenError {
    /// The stable reason on the wire.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Missing => "TOKEN_MISSING",
            Self::Invalid => "TOKEN_INVALID",
            Self::OutOfTime => "TOKEN_OUT_OF_TIME",
            Self::Claim(_) => "TOKEN_CLAIM_INVALID",
            Self::BoundElsewhere => "TOKEN_BOUND_ELSEWHERE",
            Self::Elsewhere(_) => "CHANNEL_MISMATCH",
            Self::OffRoster => "OFF_ROSTER",
        }
    }

    /// Whether its holder is known, and refused all the same.
    pub const fn is_of_known_holder(self) -> bool {
        matches!(self, Self::Elsewhere(_) | Self::OffRoster)
    }
}

/// A set of trusted keys or rules that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// No key, or too many.
    #[error("between 1 and {TRUSTED_KEYS_MAX} token keys must be trusted")]
    KeyCount,
    /// The key in this place, from 1, cannot be used.
    #[error("token key {0} cannot be used: PEM files hold Ed25519 public keys")]
    Key(usize),
    /// It is no JSON Web Key Set.
    #[error("the token keys are not a JSON Web Key Set")]
    KeySet,
    /// The leeway is too long.
    #[error("token leeway must be at most {LEEWAY_SECONDS_MAX} seconds")]
    Leeway,
    /// Keys that sign and verify disagree: no crypto provider, or a wrong one.
    #[error("token verification does not work in this build")]
    SelfTest,
}
