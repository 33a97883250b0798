//! Verifies access tokens, and remembers those it has verified.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation};
use quick_cache::sync::Cache;
use tonic::metadata::MetadataMap;

use super::claims::AccessTokenClaims;
use super::{IdentityError, TokenError, bearer_token};
use crate::crypto::Tokens;
use crate::domain::Requester;

/// The longest token that is looked at, in bytes.
pub const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// The most that issuer's and engine's clocks may differ, in seconds.
pub const LEEWAY_SECONDS_MAX: u16 = 60;

/// How many keys may be trusted at once: the present one, the next one, and room.
pub const TRUSTED_KEYS_MAX: usize = 4;

/// Media types of an access token (RFC 9068, section 2.1): an ID token or any other JWT of the issuer is none.
const TOKEN_TYPES: [&str; 2] = ["at+jwt", "application/at+jwt"];

/// What tokens must say.
#[derive(Debug, Clone)]
pub struct TokenRules {
    /// The only trusted issuer.
    pub issuer: String,
    /// The name that this engine has as an audience.
    pub audience: String,
    /// How far the clocks may differ, in seconds, at most [`LEEWAY_SECONDS_MAX`].
    pub leeway_seconds: u16,
    /// How many verified tokens are remembered.
    pub remembered_tokens_max: usize,
}

/// A verified token: who, and between which instants.
struct Verified {
    requester: Arc<Requester>,
    not_before: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

/// Turns bearer tokens into requesters.
///
/// A signature check costs as much as half a decision, so verified tokens are remembered by a keyed digest until they end:
/// the cache holds no token that could be stolen from it.
pub struct Authenticator {
    rules: TokenRules,
    keys: Vec<DecodingKey>,
    validation: Validation,
    digests: Tokens,
    remembered: Cache<[u8; 32], Arc<Verified>>,
}

impl std::fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authenticator").field("rules", &self.rules).finish_non_exhaustive()
    }
}

impl Authenticator {
    /// Prepares the issuer's public keys: one to [`TRUSTED_KEYS_MAX`] Ed25519 keys, one PEM block each. While the issuer
    /// changes its key, both stand here. `digests` names remembered tokens.
    ///
    /// Needs jsonwebtoken's crypto provider to be installed; calls it once, so that a missing one is found at the start and
    /// not by the first caller.
    pub fn new(rules: TokenRules, public_keys_pem: &str, digests: Tokens) -> Result<Self, IdentityError> {
        if rules.leeway_seconds > LEEWAY_SECONDS_MAX {
            return Err(IdentityError::Leeway);
        }
        let keys = trusted(public_keys_pem)?;
        let validation = validation(&rules);
        let remembered = Cache::new(rules.remembered_tokens_max);
        Ok(Self { rules, keys, validation, digests, remembered })
    }

    /// Who calls, by the token in the call's metadata.
    pub fn authenticate(&self, metadata: &MetadataMap, now: DateTime<Utc>) -> Result<Arc<Requester>, TokenError> {
        let token = bearer_token(metadata)?;
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenError::Invalid);
        }
        let digest = self.digests.digest("access-token", &[token.as_bytes()]);
        let verified = match self.remembered.get(&digest) {
            Some(verified) => verified,
            None => {
                let verified = Arc::new(self.verify(token)?);
                self.remembered.insert(digest, Arc::clone(&verified));
                verified
            }
        };
        // INVARIANT (time-is-an-argument): a remembered token ends when it says so, by the clock of this request.
        let in_time = verified.not_before <= now && now < verified.expires_at;
        if in_time { Ok(Arc::clone(&verified.requester)) } else { Err(TokenError::OutOfTime) }
    }

    fn verify(&self, token: &str) -> Result<Verified, TokenError> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| TokenError::Invalid)?;
        check_header(&header)?;
        let claims = self.keys.iter().find_map(|key| self.signed_claims(token, key)).ok_or(TokenError::Invalid)?;
        if claims.iss != self.rules.issuer || !claims.aud.contains(&self.rules.audience) {
            return Err(TokenError::Invalid);
        }
        let leeway = TimeDelta::seconds(i64::from(self.rules.leeway_seconds));
        let begins = claims.nbf.map_or(claims.iat, |nbf| nbf.max(claims.iat));
        Ok(Verified {
            requester: Arc::new(claims.requester()?),
            not_before: seconds("iat", begins)? - leeway,
            expires_at: seconds("exp", claims.exp)? + leeway,
        })
    }

    fn signed_claims(&self, token: &str, key: &DecodingKey) -> Option<AccessTokenClaims> {
        jsonwebtoken::decode(token, key, &self.validation).ok().map(|data| data.claims)
    }
}

fn check_header(header: &Header) -> Result<(), TokenError> {
    let is_access_token = header.typ.as_ref().is_some_and(|typ| {
        let typ = typ.to_ascii_lowercase();
        TOKEN_TYPES.contains(&typ.as_str())
    });
    // A critical extension that is not understood makes a token invalid (RFC 7515, section 4.1.11).
    let understood = !header.extras.inner().contains_key("crit");
    if header.alg == Algorithm::EdDSA && is_access_token && understood { Ok(()) } else { Err(TokenError::Invalid) }
}

fn trusted(public_keys_pem: &str) -> Result<Vec<DecodingKey>, IdentityError> {
    const BEGIN: &str = "-----BEGIN";
    let blocks: Vec<String> = public_keys_pem.split(BEGIN).skip(1).map(|rest| format!("{BEGIN}{rest}")).collect();
    if blocks.is_empty() || blocks.len() > TRUSTED_KEYS_MAX {
        return Err(IdentityError::KeyCount);
    }
    blocks.iter().enumerate().map(|(index, block)| trusted_key(index, block)).collect()
}

fn trusted_key(index: usize, pem: &str) -> Result<DecodingKey, IdentityError> {
    let key = DecodingKey::from_ed_pem(pem.as_bytes()).map_err(|_| IdentityError::Key(index.saturating_add(1)))?;
    // Also the self-test: without a provider this is where it shows, at the start.
    match jsonwebtoken::crypto::verify("AA", b"self-test", &key, Algorithm::EdDSA) {
        Ok(false) => Ok(key),
        Ok(true) | Err(_) => Err(IdentityError::SelfTest),
    }
}

fn validation(rules: &TokenRules) -> Validation {
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&[&rules.issuer]);
    validation.set_audience(&[&rules.audience]);
    validation.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
    // The library would read the wall clock; `authenticate` compares with the request's own reading.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation
}

fn seconds(name: &'static str, value: i64) -> Result<DateTime<Utc>, TokenError> {
    // A century is beyond every token's life, and keeps the leeway's arithmetic far from its limits.
    const LATEST_SECONDS: i64 = 32_503_680_000;
    (0..=LATEST_SECONDS)
        .contains(&value)
        .then(|| DateTime::from_timestamp(value, 0))
        .flatten()
        .ok_or(TokenError::Claim(name))
}
