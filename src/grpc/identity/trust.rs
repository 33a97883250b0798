//! Which issuers are believed, and what about.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation};
use serde::Deserialize;

use super::claims::{AccessTokenClaims, seconds};
use super::keys::TrustedKeys;
use super::{IdentityError, TokenError};
use crate::domain::{Requester, Role};

/// The most that issuer's and engine's clocks may differ, in seconds.
pub const LEEWAY_SECONDS_MAX: u16 = 60;

/// Media types of an access token (RFC 9068, section 2.1): an ID token or any other JWT of the issuer is none.
const TOKEN_TYPES: [&str; 2] = ["at+jwt", "application/at+jwt"];

/// What the tokens of an issuer must say.
#[derive(Debug, Clone)]
pub struct TokenRules {
    /// Its name in `iss`.
    pub issuer: String,
    /// The name that this engine has as an audience.
    pub audience: String,
    /// What they may be signed with.
    pub algorithms: Vec<Algorithm>,
    /// How far the clocks may differ, in seconds, at most [`LEEWAY_SECONDS_MAX`].
    pub leeway_seconds: u16,
    /// The roles they may give; any, where none is listed.
    pub roles: Vec<Role>,
    /// Whether they must be bound to their holder's certificate.
    pub must_be_bound: bool,
}

/// What becomes of a token outside its holder's hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OffHours {
    /// It opens nothing.
    Refused,
    /// It is heard where the answer is a decision: that refuses too, and leaves a record (P6).
    Decided,
}

/// Told of a token that names a key nobody knows: its issuer may have published a new one. Anybody can cause it.
pub type UnknownKey = Arc<dyn Fn() + Send + Sync>;

/// An issuer with its keys.
pub struct TrustedIssuer {
    rules: TokenRules,
    keys: TrustedKeys,
    unknown_key: Option<UnknownKey>,
    validations: Vec<(Algorithm, Validation)>,
}

/// A verified token: who, between which instants, and bound to what.
pub(super) struct Verified {
    pub(super) requester: Arc<Requester>,
    /// The certificate that it is bound to.
    pub(super) certificate: Option<[u8; 32]>,
    not_before: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

/// All issuers that are believed.
pub(super) struct Trust(Vec<TrustedIssuer>);

/// What is read of a token before its signature: whose keys to look for, and nothing else.
#[derive(Deserialize)]
struct Unverified {
    iss: String,
}

impl TrustedIssuer {
    /// An issuer with these keys.
    ///
    /// Needs jsonwebtoken's crypto provider to be installed; calls it once for each key, so that a missing one is found at
    /// the start and not by the first caller.
    ///
    /// # Errors
    ///
    /// Rules or keys that cannot be used.
    pub fn new(rules: TokenRules, keys: TrustedKeys) -> Result<Self, IdentityError> {
        if rules.leeway_seconds > LEEWAY_SECONDS_MAX {
            return Err(IdentityError::Leeway);
        }
        for (key, algorithm) in keys.samples() {
            match jsonwebtoken::crypto::verify("AA", b"self-test", key, algorithm) {
                Ok(false) => {}
                Ok(true) | Err(_) => return Err(IdentityError::SelfTest),
            }
        }
        let validations = rules.algorithms.iter().map(|algorithm| (*algorithm, validation(*algorithm, &rules)));
        Ok(Self { validations: validations.collect(), rules, keys, unknown_key: None })
    }

    /// The same, that tells of keys it does not know.
    #[must_use]
    pub fn telling(self, unknown_key: UnknownKey) -> Self {
        Self { unknown_key: Some(unknown_key), ..self }
    }

    fn verify(&self, token: &str, header: &Header) -> Result<Verified, TokenError> {
        let named = self.validations.iter().find(|(algorithm, _)| *algorithm == header.alg);
        let (algorithm, validation) = named.ok_or(TokenError::Invalid)?;
        if let (Some(tell), Some(id)) = (&self.unknown_key, &header.kid)
            && !self.keys.names(id)
        {
            tell();
        }
        let signed = |key: &DecodingKey| jsonwebtoken::decode(token, key, validation).ok();
        let signed = self.keys.candidates(*algorithm, header.kid.as_deref()).find_map(signed);
        let claims: AccessTokenClaims = signed.ok_or(TokenError::Invalid)?.claims;
        if claims.iss != self.rules.issuer || !claims.aud.contains(&self.rules.audience) {
            return Err(TokenError::Invalid);
        }
        let certificate = claims.cnf.as_ref().map(|cnf| cnf.thumbprint()).transpose()?;
        if certificate.is_none() && self.rules.must_be_bound {
            return Err(TokenError::Claim("cnf"));
        }
        let requester = claims.requester()?;
        if !self.rules.roles.is_empty() && !self.rules.roles.contains(&requester.role) {
            return Err(TokenError::Claim("roles"));
        }
        let leeway = TimeDelta::seconds(i64::from(self.rules.leeway_seconds));
        let begins = claims.nbf.map_or(claims.iat, |nbf| nbf.max(claims.iat));
        Ok(Verified {
            requester: Arc::new(requester),
            certificate,
            not_before: seconds("iat", begins)? - leeway,
            expires_at: seconds("exp", claims.exp)? + leeway,
        })
    }
}

impl Verified {
    /// Refuses before its time, after it, and outside its holder's hours, where these are not left to a decision.
    pub(super) fn check_time(&self, now: DateTime<Utc>, off_hours: OffHours) -> Result<(), TokenError> {
        if now < self.not_before || now >= self.expires_at {
            return Err(TokenError::OutOfTime);
        }
        if off_hours == OffHours::Refused && self.requester.roster.is_off_hours(now) {
            return Err(TokenError::OffRoster);
        }
        Ok(())
    }
}

impl Trust {
    pub(super) const fn new(issuers: Vec<TrustedIssuer>) -> Self {
        Self(issuers)
    }

    /// What a token says, if one of the issuers signed it.
    pub(super) fn verify(&self, token: &str) -> Result<Verified, TokenError> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| TokenError::Invalid)?;
        check_header(&header)?;
        let named: Unverified =
            jsonwebtoken::dangerous::insecure_decode_claims(token).map_err(|_| TokenError::Invalid)?;
        let issuer = self.0.iter().find(|issuer| issuer.rules.issuer == named.iss).ok_or(TokenError::Invalid)?;
        issuer.verify(token, &header)
    }
}

fn check_header(header: &Header) -> Result<(), TokenError> {
    let is_access_token = header.typ.as_ref().is_some_and(|typ| {
        let typ = typ.to_ascii_lowercase();
        TOKEN_TYPES.contains(&typ.as_str())
    });
    // A critical extension that is not understood makes a token invalid (RFC 7515, section 4.1.11).
    let understood = header.crit.is_none();
    if is_access_token && understood { Ok(()) } else { Err(TokenError::Invalid) }
}

fn validation(algorithm: Algorithm, rules: &TokenRules) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.set_issuer(&[&rules.issuer]);
    validation.set_audience(&[&rules.audience]);
    validation.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
    // The library would read the wall clock; `Verified::check_time` compares with the request's own reading.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation
}
