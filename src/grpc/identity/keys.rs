//! The public keys of one issuer.

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};

use super::IdentityError;

/// How many keys of one issuer may be trusted at once: the present ones, the next ones, and room.
pub const TRUSTED_KEYS_MAX: usize = 16;

/// Algorithms of a key on the curve of Edwards, and of RSA. Shared secrets are never among them.
const ED: &[Algorithm] = &[Algorithm::EdDSA];
const P256: &[Algorithm] = &[Algorithm::ES256];
const P384: &[Algorithm] = &[Algorithm::ES384];
const RSA: &[Algorithm] =
    &[Algorithm::PS256, Algorithm::PS384, Algorithm::PS512, Algorithm::RS256, Algorithm::RS384, Algorithm::RS512];

struct TrustedKey {
    id: Option<String>,
    algorithms: &'static [Algorithm],
    only: Option<Algorithm>,
    key: DecodingKey,
}

/// One to [`TRUSTED_KEYS_MAX`] keys. While an issuer changes its key, both stand here.
pub struct TrustedKeys(Vec<TrustedKey>);

impl TrustedKeys {
    /// Ed25519 public keys, one PEM block each.
    ///
    /// # Errors
    ///
    /// [`IdentityError::KeyCount`], or [`IdentityError::Key`] with the block's place.
    pub fn from_pem(text: &str) -> Result<Self, IdentityError> {
        const BEGIN: &str = "-----BEGIN";
        let blocks = text.split(BEGIN).skip(1).map(|rest| format!("{BEGIN}{rest}"));
        let keys: Vec<_> = blocks.enumerate().map(|(index, block)| pem_key(index, &block)).collect::<Result<_, _>>()?;
        Self::counted(keys)
    }

    /// The keys of a JSON Web Key Set (RFC 7517) that a token may be signed with. Keys of other uses and of kinds that
    /// are not known here are passed over, as the RFC has it (section 5); a key that is broken is not.
    ///
    /// # Errors
    ///
    /// [`IdentityError::KeySet`], [`IdentityError::KeyCount`], or [`IdentityError::Key`] with the key's place.
    pub fn from_jwks(text: &str) -> Result<Self, IdentityError> {
        let set: JwkSet = serde_json::from_str(text).map_err(|_| IdentityError::KeySet)?;
        let mut keys = Vec::new();
        for (index, jwk) in set.keys.iter().enumerate() {
            keys.extend(set_key(jwk).map_err(|()| IdentityError::Key(index.saturating_add(1)))?);
        }
        Self::counted(keys)
    }

    /// None: what an issuer has signed is not believed, for now.
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// Whether a key of this name is among them.
    pub(crate) fn names(&self, id: &str) -> bool {
        self.0.iter().any(|key| key.id.as_deref() == Some(id))
    }

    fn counted(keys: Vec<TrustedKey>) -> Result<Self, IdentityError> {
        if keys.is_empty() || keys.len() > TRUSTED_KEYS_MAX { Err(IdentityError::KeyCount) } else { Ok(Self(keys)) }
    }

    /// The keys that may have signed a token with this algorithm and key id. A token that names a key means that key, or
    /// one that has no name.
    pub(super) fn candidates<'a>(
        &'a self,
        algorithm: Algorithm,
        id: Option<&'a str>,
    ) -> impl Iterator<Item = &'a DecodingKey> {
        let fits = move |key: &&TrustedKey| {
            let named = match (&key.id, id) {
                (Some(own), Some(id)) => own == id,
                _ => true,
            };
            named && key.algorithms.contains(&algorithm) && key.only.is_none_or(|only| only == algorithm)
        };
        self.0.iter().filter(fits).map(|key| &key.key)
    }

    /// One pair of key and algorithm each, for the self-test.
    pub(super) fn samples(&self) -> impl Iterator<Item = (&DecodingKey, Algorithm)> {
        self.0.iter().filter_map(|key| Some((&key.key, key.only.or(key.algorithms.first().copied())?)))
    }
}

fn pem_key(index: usize, pem: &str) -> Result<TrustedKey, IdentityError> {
    let key = DecodingKey::from_ed_pem(pem.as_bytes()).map_err(|_| IdentityError::Key(index.saturating_add(1)))?;
    Ok(TrustedKey { id: None, algorithms: ED, only: None, key })
}

fn set_key(jwk: &Jwk) -> Result<Option<TrustedKey>, ()> {
    if !matches!(jwk.common.public_key_use, None | Some(PublicKeyUse::Signature)) {
        return Ok(None);
    }
    let algorithms = match &jwk.algorithm {
        AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => ED,
        AlgorithmParameters::EllipticCurve(point) if point.curve == EllipticCurve::P256 => P256,
        AlgorithmParameters::EllipticCurve(point) if point.curve == EllipticCurve::P384 => P384,
        AlgorithmParameters::RSA(_) => RSA,
        _ => return Ok(None),
    };
    let only = match jwk.common.key_algorithm.map(algorithm_of) {
        None => None,
        Some(Some(only)) if algorithms.contains(&only) => Some(only),
        // A key for something else, such as encryption.
        Some(_) => return Ok(None),
    };
    let key = DecodingKey::from_jwk(jwk).map_err(|_| ())?;
    Ok(Some(TrustedKey { id: jwk.common.key_id.clone(), algorithms, only, key }))
}

const fn algorithm_of(named: KeyAlgorithm) -> Option<Algorithm> {
    match named {
        KeyAlgorithm::EdDSA => Some(Algorithm::EdDSA),
        KeyAlgorithm::ES256 => Some(Algorithm::ES256),
        KeyAlgorithm::ES384 => Some(Algorithm::ES384),
        KeyAlgorithm::PS256 => Some(Algorithm::PS256),
        KeyAlgorithm::PS384 => Some(Algorithm::PS384),
        KeyAlgorithm::PS512 => Some(Algorithm::PS512),
        KeyAlgorithm::RS256 => Some(Algorithm::RS256),
        KeyAlgorithm::RS384 => Some(Algorithm::RS384),
        KeyAlgorithm::RS512 => Some(Algorithm::RS512),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::Algorithm;

    use super::{TRUSTED_KEYS_MAX, TrustedKeys};
    use crate::grpc::identity::IdentityError;

    /// Ed25519, of RFC 8037, appendix A.2.
    const ED: &str = r#""kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#;
    /// P-256, of RFC 7517, appendix A.1.
    const EC: &str = r#""kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM""#;

    fn set(keys: &[String]) -> String {
        format!(r#"{{"keys":[{}]}}"#, keys.iter().map(|key| format!("{{{key}}}")).collect::<Vec<_>>().join(","))
    }

    fn count(keys: &TrustedKeys, algorithm: Algorithm, id: Option<&str>) -> usize {
        keys.candidates(algorithm, id).count()
    }

    #[test]
    fn a_key_is_found_by_its_name_and_its_kind() {
        let named = |key: &str, id: &str| format!(r#"{key},"kid":"{id}""#);
        let keys = TrustedKeys::from_jwks(&set(&[named(ED, "old"), named(ED, "new"), EC.to_owned()])).unwrap();
        assert_eq!(count(&keys, Algorithm::EdDSA, Some("new")), 1);
        assert_eq!(count(&keys, Algorithm::EdDSA, Some("gone")), 0);
        assert_eq!(count(&keys, Algorithm::EdDSA, None), 2);
        assert_eq!(count(&keys, Algorithm::ES256, Some("any")), 1);
        assert_eq!(count(&keys, Algorithm::RS256, None), 0);
        assert_eq!(count(&keys, Algorithm::HS256, None), 0);
    }

    #[test]
    fn keys_of_other_uses_and_kinds_are_passed_over() {
        let others = [
            format!(r#"{ED},"use":"enc""#),
            r#""kty":"oct","k":"c2VjcmV0""#.to_owned(),
            r#""kty":"XYZ","what":1"#.to_owned(),
            format!(r#"{EC},"alg":"ECDH-ES""#),
        ];
        assert_eq!(TrustedKeys::from_jwks(&set(&others)).map(|_| ()), Err(IdentityError::KeyCount));
        let mut with_one = others.to_vec();
        with_one.push(ED.to_owned());
        assert_eq!(count(&TrustedKeys::from_jwks(&set(&with_one)).unwrap(), Algorithm::EdDSA, None), 1);
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        for wrong in ["", "[]", "{}", r#"{"keys":1}"#] {
            assert_eq!(TrustedKeys::from_jwks(wrong).map(|_| ()), Err(IdentityError::KeySet), "`{wrong}`");
        }
        let broken = ED.replace("11qY", "!!!!");
        let refused = TrustedKeys::from_jwks(&set(&[ED.to_owned(), broken])).map(|_| ());
        assert_eq!(refused, Err(IdentityError::Key(2)));
        let many = vec![ED.to_owned(); TRUSTED_KEYS_MAX + 1];
        assert_eq!(TrustedKeys::from_jwks(&set(&many)).map(|_| ()), Err(IdentityError::KeyCount));
        assert_eq!(TrustedKeys::from_pem("").map(|_| ()), Err(IdentityError::KeyCount));
    }
}
