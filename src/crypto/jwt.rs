//! What `jsonwebtoken` signs and verifies with: `ring`, installed once at start.
//!
//! Deliberately absent: HMAC (`HS256` and its kin), so that no public key can be made to pass for a shared secret, and
//! signing with anything but Ed25519, which is all the development issuer needs. Which algorithms a token may have is
//! the verifier's list, not this file's.

use std::sync::OnceLock;

use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind, Result as JwtResult, new_error};
use jsonwebtoken::jwk::{EllipticCurve, ThumbprintHash};
use jsonwebtoken::signature::{Error as SignatureError, Signer, Verifier};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, DecodingKeyKind, EncodingKey};
use ring::signature::{
    self, Ed25519KeyPair, KeyPair, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
};

use super::random::RandomError;
use super::signing_key::SigningKey;

/// Tokens cannot be verified here. The process must not start to serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JwtSetupError {
    /// Something else in the process was there first.
    #[error("another provider of token signatures is installed in this process: install this one first")]
    OtherProvider,
    /// A token signed here did not verify here, or a changed one did.
    #[error("the self-test of token signatures failed")]
    SelfTest,
    /// No random bytes for the self-test's key.
    #[error(transparent)]
    Random(#[from] RandomError),
}

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |algorithm, key| new_signer(*algorithm, key),
    verifier_factory: |algorithm, key| new_verifier(*algorithm, key),
    key_utils: KeyUtils {
        rsa_pub_components_from_private_key: |_| unsupported(),
        rsa_pub_components_from_public_key: |_| unsupported(),
        ec_pub_components_from_private_key: |_, _| unsupported(),
        ed_pub_components_from_private_key: ed25519_public,
        compute_digest,
    },
};

/// Installs the provider, once however often it is called, and tries it. To be called before the first token: without a
/// provider `jsonwebtoken` panics on one.
pub fn install_jwt_provider() -> Result<(), JwtSetupError> {
    static OURS: OnceLock<bool> = OnceLock::new();
    if !*OURS.get_or_init(|| PROVIDER.install_default().is_ok()) {
        return Err(JwtSetupError::OtherProvider);
    }
    self_test()
}

fn self_test() -> Result<(), JwtSetupError> {
    let failed = |_: Error| JwtSetupError::SelfTest;
    let key = SigningKey::generate()?;
    let private = EncodingKey::from_ed_pem(key.private_pem().as_bytes()).map_err(failed)?;
    let public = DecodingKey::from_ed_pem(key.public_pem().as_bytes()).map_err(failed)?;
    let signed = jsonwebtoken::crypto::sign(b"self-test", &private, Algorithm::EdDSA).map_err(failed)?;
    let verifies =
        |message: &[u8]| jsonwebtoken::crypto::verify(&signed, message, &public, Algorithm::EdDSA).map_err(failed);
    match (verifies(b"self-test")?, verifies(b"self-tesu")?) {
        (true, false) => Ok(()),
        _ => Err(JwtSetupError::SelfTest),
    }
}

struct Ed25519Signer(Ed25519KeyPair);

impl Signer<Vec<u8>> for Ed25519Signer {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, SignatureError> {
        Ok(self.0.sign(message).as_ref().to_vec())
    }
}

impl JwtSigner for Ed25519Signer {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

fn new_signer(algorithm: Algorithm, key: &EncodingKey) -> JwtResult<Box<dyn JwtSigner>> {
    match (algorithm, key.family()) {
        (Algorithm::EdDSA, AlgorithmFamily::Ed) => Ok(Box::new(Ed25519Signer(ed25519_pair(key.as_bytes())?))),
        (Algorithm::EdDSA, _) => Err(new_error(ErrorKind::InvalidKeyFormat)),
        _ => unsupported(),
    }
}

/// How a signature is checked; what the algorithm's name says and nothing else.
enum Check {
    Point(&'static dyn VerificationAlgorithm),
    Rsa(&'static RsaParameters),
}

struct RingVerifier {
    algorithm: Algorithm,
    check: Check,
    key: DecodingKey,
}

impl Verifier<Vec<u8>> for RingVerifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), SignatureError> {
        let verified = match (&self.check, self.key.kind()) {
            (Check::Point(algorithm), DecodingKeyKind::SecretOrDer(bytes)) => {
                UnparsedPublicKey::new(*algorithm, bytes).verify(message, signature)
            }
            (Check::Rsa(parameters), DecodingKeyKind::SecretOrDer(der)) => {
                UnparsedPublicKey::new(*parameters, der).verify(message, signature)
            }
            (Check::Rsa(parameters), DecodingKeyKind::RsaModulusExponent { n, e }) => {
                RsaPublicKeyComponents { n, e }.verify(parameters, message, signature)
            }
            (Check::Point(_), DecodingKeyKind::RsaModulusExponent { .. }) => Err(ring::error::Unspecified),
        };
        verified.map_err(|_| SignatureError::new())
    }
}

impl JwtVerifier for RingVerifier {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

fn new_verifier(algorithm: Algorithm, key: &DecodingKey) -> JwtResult<Box<dyn JwtVerifier>> {
    let (family, check) = match algorithm {
        Algorithm::EdDSA => (AlgorithmFamily::Ed, Check::Point(&signature::ED25519)),
        Algorithm::ES256 => (AlgorithmFamily::Ec, Check::Point(&signature::ECDSA_P256_SHA256_FIXED)),
        Algorithm::ES384 => (AlgorithmFamily::Ec, Check::Point(&signature::ECDSA_P384_SHA384_FIXED)),
        Algorithm::RS256 => (AlgorithmFamily::Rsa, Check::Rsa(&signature::RSA_PKCS1_2048_8192_SHA256)),
        Algorithm::RS384 => (AlgorithmFamily::Rsa, Check::Rsa(&signature::RSA_PKCS1_2048_8192_SHA384)),
        Algorithm::RS512 => (AlgorithmFamily::Rsa, Check::Rsa(&signature::RSA_PKCS1_2048_8192_SHA512)),
        Algorithm::PS256 => (AlgorithmFamily::Rsa, Check::Rsa(&signature::RSA_PSS_2048_8192_SHA256)),
        Algorithm::PS384 => (AlgorithmFamily::Rsa, Check::Rsa(&signature::RSA_PSS_2048_8192_SHA384)),
        Algorithm::PS512 => (AlgorithmFamily::Rsa, Check::Rsa(&signature::RSA_PSS_2048_8192_SHA512)),
        // HMAC, and whatever the library learns later.
        _ => return unsupported(),
    };
    if key.family() != family {
        return Err(new_error(ErrorKind::InvalidKeyFormat));
    }
    Ok(Box::new(RingVerifier { algorithm, check, key: key.clone() }))
}

fn ed25519_pair(pkcs8: &[u8]) -> JwtResult<Ed25519KeyPair> {
    Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8).map_err(|_| new_error(ErrorKind::InvalidEddsaKey))
}

fn ed25519_public(pkcs8: &[u8], curve: &EllipticCurve) -> JwtResult<Vec<u8>> {
    match curve {
        EllipticCurve::Ed25519 => Ok(ed25519_pair(pkcs8)?.public_key().as_ref().to_vec()),
        _ => unsupported(),
    }
}

fn compute_digest(data: &[u8], function: ThumbprintHash) -> JwtResult<Vec<u8>> {
    let algorithm = match function {
        ThumbprintHash::SHA256 => &ring::digest::SHA256,
        ThumbprintHash::SHA384 => &ring::digest::SHA384,
        ThumbprintHash::SHA512 => &ring::digest::SHA512,
        _ => return unsupported(),
    };
    Ok(ring::digest::digest(algorithm, data).as_ref().to_vec())
}

fn unsupported<T>() -> JwtResult<T> {
    Err(new_error(ErrorKind::UnsupportedAlgorithm))
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::errors::ErrorKind;
    use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
    use serde::{Deserialize, Serialize};

    use super::install_jwt_provider;
    use crate::crypto::SigningKey;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Claims {
        sub: String,
        exp: u64,
    }

    fn claims() -> Claims {
        Claims { sub: "agent-7".to_owned(), exp: 4_102_444_800 }
    }

    fn read(token: &str, key: &DecodingKey, algorithm: Algorithm) -> Result<Claims, ErrorKind> {
        decode(token, key, &Validation::new(algorithm))
            .map(|data| data.claims)
            .map_err(jsonwebtoken::errors::Error::into_kind)
    }

    const TOKENS: &str = include_str!("jwt_tokens.txt");

    /// A line of the file of tokens and keys that PyJWT made: its name, then its value, `|` for line ends.
    fn made_elsewhere(name: &str) -> String {
        let line = TOKENS.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no `{name}` in the file")).replace('|', "\n")
    }

    #[test]
    fn installing_is_idempotent_and_tests_itself() {
        assert_eq!(install_jwt_provider(), Ok(()));
        assert_eq!(install_jwt_provider(), Ok(()));
    }

    #[test]
    fn the_development_issuer_signs_what_verifies() {
        install_jwt_provider().unwrap();
        let (issuer, other) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
        let private = EncodingKey::from_ed_pem(issuer.private_pem().as_bytes()).unwrap();
        let token = encode(&Header::new(Algorithm::EdDSA), &claims(), &private).unwrap();
        let public = |key: &SigningKey| DecodingKey::from_ed_pem(key.public_pem().as_bytes()).unwrap();
        assert_eq!(read(&token, &public(&issuer), Algorithm::EdDSA), Ok(claims()));
        assert_eq!(read(&token, &public(&other), Algorithm::EdDSA), Err(ErrorKind::InvalidSignature));
    }

    #[test]
    fn tokens_of_another_library_verify_and_changed_ones_do_not() {
        install_jwt_provider().unwrap();
        let pem = |name: &str| made_elsewhere(name).into_bytes();
        let rsa = DecodingKey::from_rsa_pem(&pem("RSA_PUBLIC")).unwrap();
        let components = DecodingKey::from_rsa_components(&made_elsewhere("RSA_N"), "AQAB").unwrap();
        let cases = [
            ("EdDSA", Algorithm::EdDSA, DecodingKey::from_ed_pem(&pem("ED_PUBLIC")).unwrap()),
            ("ES256", Algorithm::ES256, DecodingKey::from_ec_pem(&pem("P256_PUBLIC")).unwrap()),
            ("ES384", Algorithm::ES384, DecodingKey::from_ec_pem(&pem("P384_PUBLIC")).unwrap()),
            ("RS256", Algorithm::RS256, rsa.clone()),
            ("PS256", Algorithm::PS256, rsa),
            ("RS256", Algorithm::RS256, components),
        ];
        for (name, algorithm, key) in cases {
            let token = made_elsewhere(name);
            assert_eq!(read(&token, &key, algorithm), Ok(claims()), "{name}");
            let (signed, signature) = token.rsplit_once('.').unwrap();
            let (header, _) = signed.split_once('.').unwrap();
            let forged = format!("{header}.{}.{signature}", "eyJzdWIiOiJhZ2VudC04IiwiZXhwIjo0MTAyNDQ0ODAwfQ");
            assert_eq!(read(&forged, &key, algorithm), Err(ErrorKind::InvalidSignature), "{name}");
        }
    }

    /// A public key must never pass for a shared secret, nor one family's key for another's.
    #[test]
    fn shared_secrets_and_keys_of_another_family_are_refused() {
        install_jwt_provider().unwrap();
        let secret = DecodingKey::from_secret(b"secret-secret-secret-secret-secret-secret");
        let hs256 = made_elsewhere("HS256");
        assert_eq!(read(&hs256, &secret, Algorithm::HS256), Err(ErrorKind::UnsupportedAlgorithm));
        let signing = encode(&Header::new(Algorithm::HS256), &claims(), &EncodingKey::from_secret(b"secret"));
        assert_eq!(signing.map_err(jsonwebtoken::errors::Error::into_kind), Err(ErrorKind::UnsupportedAlgorithm));
        let crossed = read(&made_elsewhere("ES256"), &secret, Algorithm::ES256);
        assert_eq!(crossed, Err(ErrorKind::InvalidKeyFormat));
    }
}
