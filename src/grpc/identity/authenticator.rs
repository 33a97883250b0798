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
    let understood = header.crit.is_none();
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

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};
    use jsonwebtoken::{Algorithm, EncodingKey, Header};
    use tonic::metadata::MetadataMap;

    use super::{Authenticator, TokenRules};
    use crate::crypto::{Keyring, SigningKey, Tokens, install_jwt_provider};
    use crate::domain::Role;
    use crate::grpc::identity::{AccessTokenClaims, Audience, DevelopmentIssuer, IdentityError, TokenError};

    const ISSUED: i64 = 1_800_000_000;
    const EXPIRES: i64 = ISSUED + 600;
    const LEEWAY: i64 = 60;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn rules() -> TokenRules {
        TokenRules {
            issuer: "https://issuer.example".to_owned(),
            audience: "portcullis".to_owned(),
            leeway_seconds: 60,
            remembered_tokens_max: 8,
        }
    }

    fn claims() -> AccessTokenClaims {
        AccessTokenClaims {
            iss: rules().issuer,
            sub: "clerk-7".to_owned(),
            aud: Audience::Several(vec!["other".to_owned(), "portcullis".to_owned()]),
            client_id: "pos".to_owned(),
            exp: EXPIRES,
            iat: ISSUED,
            nbf: None,
            jti: "t-1".to_owned(),
            roles: vec!["care_agent".to_owned()],
            brand: Some("acme".to_owned()),
            account_id: None,
            person_id: None,
            device_id: None,
            store_id: None,
            spid: None,
        }
    }

    struct World {
        key: SigningKey,
        authenticator: Authenticator,
    }

    fn world() -> World {
        install_jwt_provider().unwrap();
        let key = SigningKey::generate().unwrap();
        let tokens = Tokens::new(&Keyring::known());
        let authenticator = Authenticator::new(rules(), &key.public_pem(), tokens).unwrap();
        World { key, authenticator }
    }

    impl World {
        fn issue(&self, claims: &AccessTokenClaims) -> String {
            DevelopmentIssuer::new(&self.key).unwrap().issue(claims).unwrap()
        }

        fn with_header(&self, header: &Header) -> String {
            let key = EncodingKey::from_ed_pem(self.key.private_pem().as_bytes()).unwrap();
            jsonwebtoken::encode(header, &claims(), &key).unwrap()
        }

        fn ask(&self, token: &str, now: i64) -> Result<Role, TokenError> {
            let mut metadata = MetadataMap::new();
            metadata.insert("authorization", format!("Bearer {token}").parse().unwrap());
            self.authenticator.authenticate(&metadata, at(now)).map(|requester| requester.role)
        }
    }

    #[test]
    fn a_good_token_authenticates_between_its_instants() {
        let world = world();
        let token = world.issue(&claims());
        for (now, expected) in [
            (ISSUED - LEEWAY - 1, Err(TokenError::OutOfTime)),
            (ISSUED - LEEWAY, Ok(Role::CareAgent)),
            (ISSUED + 1, Ok(Role::CareAgent)),
            (EXPIRES + LEEWAY - 1, Ok(Role::CareAgent)),
            (EXPIRES + LEEWAY, Err(TokenError::OutOfTime)),
        ] {
            // The second time from memory: a remembered token ends when it says so.
            assert_eq!(world.ask(&token, now), expected, "at {}", now - ISSUED);
            assert_eq!(world.ask(&token, now), expected, "remembered, at {}", now - ISSUED);
        }
        let later = AccessTokenClaims { nbf: Some(ISSUED + 300), ..claims() };
        assert_eq!(world.ask(&world.issue(&later), ISSUED + 200), Err(TokenError::OutOfTime));
    }

    #[test]
    fn a_token_of_another_kind_issuer_or_audience_is_refused() {
        let world = world();
        let other = AccessTokenClaims { iss: "https://other.example".to_owned(), ..claims() };
        assert_eq!(world.ask(&world.issue(&other), ISSUED), Err(TokenError::Invalid));
        let other = AccessTokenClaims { aud: Audience::One("other".to_owned()), ..claims() };
        assert_eq!(world.ask(&world.issue(&other), ISSUED), Err(TokenError::Invalid));
        for typ in [None, Some("JWT"), Some("id+jwt")] {
            let header = Header { typ: typ.map(str::to_owned), ..Header::new(Algorithm::EdDSA) };
            assert_eq!(world.ask(&world.with_header(&header), ISSUED), Err(TokenError::Invalid), "{typ:?}");
        }
        let header = Header { typ: Some("application/AT+JWT".to_owned()), ..Header::new(Algorithm::EdDSA) };
        assert_eq!(world.ask(&world.with_header(&header), ISSUED), Ok(Role::CareAgent));
        let critical = Some(vec!["exp".to_owned()]);
        let critical = Header { typ: Some("at+jwt".to_owned()), crit: critical, ..Header::new(Algorithm::EdDSA) };
        assert_eq!(world.ask(&world.with_header(&critical), ISSUED), Err(TokenError::Invalid));
    }

    #[test]
    fn a_signature_that_does_not_hold_is_refused() {
        let world = world();
        let stranger = DevelopmentIssuer::new(&SigningKey::generate().unwrap()).unwrap();
        assert_eq!(world.ask(&stranger.issue(&claims()).unwrap(), ISSUED), Err(TokenError::Invalid));
        let token = world.issue(&claims());
        let (head, _) = token.rsplit_once('.').unwrap();
        assert_eq!(world.ask(&format!("{head}."), ISSUED), Err(TokenError::Invalid));
        assert_eq!(world.ask(head, ISSUED), Err(TokenError::Invalid));
        // The classic: no algorithm, no signature.
        let none = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0";
        let body = token.split('.').nth(1).unwrap();
        assert_eq!(world.ask(&format!("{none}.{body}."), ISSUED), Err(TokenError::Invalid));
        assert_eq!(world.ask(&"x".repeat(9_000), ISSUED), Err(TokenError::Invalid));
    }

    #[test]
    fn a_wrong_claim_is_named_only_under_a_good_signature() {
        let world = world();
        let bad = AccessTokenClaims { brand: None, ..claims() };
        assert_eq!(world.ask(&world.issue(&bad), ISSUED), Err(TokenError::Claim("brand")));
        let endless = AccessTokenClaims { exp: i64::MAX, ..claims() };
        assert_eq!(world.ask(&world.issue(&endless), ISSUED), Err(TokenError::Claim("exp")));
    }

    #[test]
    fn keys_change_without_a_gap() {
        let old = world();
        let new = SigningKey::generate().unwrap();
        let both = format!("{}{}", old.key.public_pem(), new.public_pem());
        let tokens = Tokens::new(&Keyring::known());
        let world = World { authenticator: Authenticator::new(rules(), &both, tokens).unwrap(), key: new };
        assert_eq!(world.ask(&world.issue(&claims()), ISSUED), Ok(Role::CareAgent));
        assert_eq!(world.ask(&old.issue(&claims()), ISSUED), Ok(Role::CareAgent));
    }

    #[test]
    fn keys_and_rules_that_cannot_be_used_are_found_at_the_start() {
        let world = world();
        let make = |rules, pem: &str| Authenticator::new(rules, pem, Tokens::new(&Keyring::known())).map(|_| ());
        assert_eq!(make(rules(), ""), Err(IdentityError::KeyCount));
        assert_eq!(make(rules(), &world.key.public_pem().repeat(5)), Err(IdentityError::KeyCount));
        let broken = format!("{}{}", world.key.public_pem(), world.key.public_pem().replace("MCow", "AAAA"));
        assert_eq!(make(rules(), &broken), Err(IdentityError::Key(2)));
        let lax = TokenRules { leeway_seconds: 61, ..rules() };
        assert_eq!(make(lax, &world.key.public_pem()), Err(IdentityError::Leeway));
    }

    #[test]
    fn memory_is_bounded_and_holds_no_token() {
        let world = world();
        let mut tokens = Vec::new();
        for number in 0..100 {
            let token = world.issue(&AccessTokenClaims { jti: format!("t-{number}"), ..claims() });
            assert_eq!(world.ask(&token, ISSUED), Ok(Role::CareAgent));
            tokens.push(token);
        }
        assert!(world.authenticator.remembered.len() <= 16);
        assert!(tokens.iter().all(|token| world.ask(token, ISSUED + TimeDelta::hours(1).num_seconds()).is_err()));
    }
}
