//! Ed25519 signatures that others verify with public keys alone, and the names of the keys that make them.
//!
//! A key that signs is named by the thumbprint of its public half (RFC 7638), not by its number: the number says nothing
//! outside its keyring, and a signature is read where there is none.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

use super::app_keys::{AppKey, AppKeyError};
use super::digest::sha256_plain;
use super::keyring::{Key, KeySet};

const ID_BYTES: usize = 32;
/// Characters of 32 bytes in base64url.
const ID_LENGTH: usize = 43;
const PUBLIC_BYTES: usize = 32;
const SIGNATURE_BYTES: usize = 64;

/// The name of a key that signs: the SHA-256 of its public half's canonical JWK (RFC 7638). As text: base64url, the `kid`
/// of JOSE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId([u8; ID_BYTES]);

impl KeyId {
    /// From its bytes.
    pub const fn from_bytes(bytes: [u8; ID_BYTES]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; ID_BYTES] {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl FromStr for KeyId {
    type Err = SignatureError;

    fn from_str(text: &str) -> Result<Self, SignatureError> {
        if text.len() != ID_LENGTH {
            return Err(SignatureError::Malformed);
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| SignatureError::Malformed)?;
        bytes.try_into().map(Self).map_err(|_| SignatureError::Malformed)
    }
}

/// A signature, and who made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature {
    /// The key that made it.
    pub key: KeyId,
    /// Ed25519, 64 bytes.
    pub bytes: [u8; SIGNATURE_BYTES],
}

/// A signature that cannot be made or is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The text or the bytes are no name of a key, no key or no signature.
    #[error("must be an Ed25519 signature, public key or its thumbprint")]
    Malformed,
    /// The key that it names is not among those given.
    #[error("signing key `{key}` is not among the known ones: put it back, retired keys included")]
    UnknownKey {
        /// The key.
        key: KeyId,
    },
    /// It is not this key's signature over this.
    #[error("the signature does not fit what it is said to be over")]
    Refused,
}

/// The public half of a key that signs: what verifies. Given away freely.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKey([u8; PUBLIC_BYTES]);

impl PublicKey {
    /// Reads a JWK (RFC 8037). Another kind of key, a private one, or a point under which anything can be forged is
    /// refused.
    pub fn parse(jwk: &str) -> Result<Self, AppKeyError> {
        let key = AppKey::parse(jwk)?;
        key.ed25519().map(Self).ok_or(AppKeyError::OtherKind)
    }

    /// Its name.
    pub fn id(&self) -> KeyId {
        KeyId(sha256_plain(AppKey::ed25519_jwk(&self.0).as_bytes()))
    }

    /// Its JWK, as a key set holds it: with its name, its use and its algorithm.
    pub fn jwk(&self) -> String {
        let x = URL_SAFE_NO_PAD.encode(self.0);
        let kid = self.id();
        format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}","kid":"{kid}","use":"sig","alg":"EdDSA"}}"#)
    }

    /// Whether `signature` is this key's over `message`.
    pub(super) fn is_over(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.0).verify(message, signature).is_ok()
    }
}

/// A key made ready to sign.
pub(super) struct SigningPair {
    number: u8,
    pair: Ed25519KeyPair,
    public: PublicKey,
    id: KeyId,
}

impl SigningPair {
    /// The key's material is the seed of the pair. `None` cannot be: a seed of this length always makes one; were it ever
    /// otherwise, nothing would be signed.
    pub(super) fn new(key: &Key) -> Option<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(key.material.as_slice()).ok()?;
        let public = PublicKey(pair.public_key().as_ref().try_into().ok()?);
        Some(Self { number: key.id, pair, public, id: public.id() })
    }

    /// Its number in its keyring.
    pub(super) const fn number(&self) -> u8 {
        self.number
    }

    pub(super) const fn id(&self) -> KeyId {
        self.id
    }

    pub(super) const fn public(&self) -> PublicKey {
        self.public
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_BYTES], SignatureError> {
        self.pair.sign(message).as_ref().try_into().map_err(|_| SignatureError::Malformed)
    }
}

/// The keys of one purpose that signs, made ready once: the active one signs, each of them verifies.
#[derive(Clone)]
pub(super) struct SigningKeys {
    /// The active one first.
    pairs: Arc<[SigningPair]>,
}

impl SigningKeys {
    pub(super) fn new(keys: &KeySet) -> Self {
        Self { pairs: keys.all().filter_map(|(key, _)| SigningPair::new(key)).collect() }
    }

    pub(super) fn active(&self) -> Result<&SigningPair, SignatureError> {
        self.pairs.first().ok_or(SignatureError::Malformed)
    }

    /// The key that was named, if the keyring holds it (still).
    pub(super) fn named(&self, key: KeyId) -> Result<&SigningPair, SignatureError> {
        self.pairs.iter().find(|pair| pair.id == key).ok_or(SignatureError::UnknownKey { key })
    }

    /// The key of that number, if the keyring holds it (still).
    pub(super) fn numbered(&self, number: u8) -> Option<&SigningPair> {
        self.pairs.iter().find(|pair| pair.number == number)
    }

    pub(super) fn public(&self) -> Vec<PublicKey> {
        self.pairs.iter().map(|pair| pair.public).collect()
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use zeroize::Zeroizing;

    use super::{KeyId, PublicKey, SignatureError, SigningPair};
    use crate::crypto::keyring::Key;
    use crate::crypto::{AppKeyError, SigningKey};

    /// The key of RFC 8037, appendix A: its seed, its public half and its thumbprint.
    const SEED: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
    const JWK: &str = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    const THUMBPRINT: &str = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";

    #[test]
    fn a_key_is_named_and_signs_as_the_standard_says() {
        use base64::Engine as _;
        let seed = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(SEED).unwrap();
        let material = Zeroizing::new(seed.try_into().unwrap());
        let pair = SigningPair::new(&Key { id: 1, created: DateTime::UNIX_EPOCH, material }).unwrap();
        assert_eq!(pair.id().to_string(), THUMBPRINT);
        assert_eq!(pair.public, PublicKey::parse(JWK).unwrap());
        assert_eq!(PublicKey::parse(&pair.public.jwk()), Ok(pair.public));
        // Appendix A.4: the signing input and its signature.
        let input = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        let signature = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(pair.sign(input).unwrap());
        assert_eq!(signature, "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
    }

    #[test]
    fn a_name_is_read_as_it_is_written_and_nothing_else_is() {
        let id: KeyId = THUMBPRINT.parse().unwrap();
        assert_eq!((id.to_string().as_str(), KeyId::from_bytes(*id.as_bytes())), (THUMBPRINT, id));
        for text in
            ["", "x", &THUMBPRINT.replacen('k', "", 1), &format!("{THUMBPRINT}A"), &THUMBPRINT.replace('k', "=")]
        {
            assert_eq!(text.parse::<KeyId>(), Err(SignatureError::Malformed), "{text}");
        }
    }

    #[test]
    fn only_public_ed25519_keys_verify() {
        let p256 = r#"{"kty": "EC", "crv": "P-256", "x": "Rxw-dYxJBChbun5TEY7Q9SSt6wdX0lvS-Oew1236cUw", "y": "3VIPesqKi5F6zDf1HejwybvjrYWDgucC3CWhLQn3qFg"}"#;
        assert_eq!(PublicKey::parse(p256), Err(AppKeyError::OtherKind));
        let private = JWK.replacen('{', r#"{"d":"AAAA","#, 1);
        assert_eq!(PublicKey::parse(&private), Err(AppKeyError::Private));
        assert!(PublicKey::parse(&SigningKey::generate().unwrap().public_jwk()).is_ok());
    }
}
