//! Ed25519 key pairs of the development issuer, of tests and of examples. Customers' own keys live on their devices.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair};
use zeroize::Zeroizing;

use super::app_keys::AppKey;
use super::random::RandomError;

const PRIVATE: (&str, &str) = ("-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----");
const PUBLIC: (&str, &str) = ("-----BEGIN PUBLIC KEY-----", "-----END PUBLIC KEY-----");
/// What stands before the 32 bytes of an Ed25519 public key in DER (RFC 8410).
const PUBLIC_DER_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
const PEM_LINE_CHARACTERS: usize = 64;

/// The text is no Ed25519 private key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text is no Ed25519 private key in PKCS#8 PEM (`BEGIN PRIVATE KEY`)")]
pub struct SigningKeyError;

/// An Ed25519 key pair. Has no `Debug`; its private half leaves only by [`SigningKey::private_pem`].
pub struct SigningKey {
    pair: Ed25519KeyPair,
    pkcs8: Zeroizing<Vec<u8>>,
}

impl SigningKey {
    /// A new key pair.
    pub fn generate() -> Result<Self, RandomError> {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| RandomError)?;
        Self::from_pkcs8(document.as_ref()).map_err(|_| RandomError)
    }

    /// From a PKCS#8 PEM, as [`SigningKey::private_pem`] or `openssl genpkey -algorithm ed25519` writes it.
    pub fn from_private_pem(pem: &str) -> Result<Self, SigningKeyError> {
        let inner = pem.trim().strip_prefix(PRIVATE.0).and_then(|rest| rest.strip_suffix(PRIVATE.1));
        let mut base64 = Zeroizing::new(String::with_capacity(pem.len()));
        base64.extend(inner.ok_or(SigningKeyError)?.split_ascii_whitespace());
        let der = STANDARD.decode(base64.as_bytes()).map_err(|_| SigningKeyError)?;
        Self::from_pkcs8(&Zeroizing::new(der))
    }

    /// The private key as PKCS#8 PEM, for a file that its owner alone may read.
    pub fn private_pem(&self) -> Zeroizing<String> {
        pem(PRIVATE, &self.pkcs8)
    }

    /// The public key as PEM, for who verifies.
    pub fn public_pem(&self) -> String {
        let der = [PUBLIC_DER_PREFIX.as_slice(), self.pair.public_key().as_ref()].concat();
        String::clone(&pem(PUBLIC, &der))
    }

    /// The public key as JWK, as a device hands it in.
    pub fn public_jwk(&self) -> String {
        AppKey::ed25519_jwk(self.pair.public_key().as_ref())
    }

    /// The signature of `message`, 64 bytes.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(message).as_ref().to_vec()
    }

    fn from_pkcs8(der: &[u8]) -> Result<Self, SigningKeyError> {
        // "Maybe unchecked" also takes files without the public half, which is how openssl writes them.
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map_err(|_| SigningKeyError)?;
        Ok(Self { pair, pkcs8: Zeroizing::new(der.to_vec()) })
    }
}

fn pem((begin, end): (&str, &str), der: &[u8]) -> Zeroizing<String> {
    let base64 = Zeroizing::new(STANDARD.encode(der));
    let mut text = Zeroizing::new(String::with_capacity(2 * base64.len() + begin.len() + end.len()));
    text.push_str(begin);
    for (place, character) in base64.chars().enumerate() {
        if place % PEM_LINE_CHARACTERS == 0 {
            text.push('\n');
        }
        text.push(character);
    }
    text.push('\n');
    text.push_str(end);
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::{SigningKey, SigningKeyError};
    use crate::crypto::AppKey;

    /// Made by `openssl genpkey -algorithm ed25519` and `openssl pkey -pubout`.
    const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----\n\
        MC4CAQAwBQYDK2VwBCIEIAjoXMVcQlmZdb8M1GTki++ME8fLgXxZ2cUn5kv7cWve\n\
        -----END PRIVATE KEY-----\n";
    const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\n\
        MCowBQYDK2VwAyEA62WEWyAmxjS74icBpCacv3zt4J53i0SVVBBvICIeFHM=\n\
        -----END PUBLIC KEY-----\n";

    #[test]
    fn a_key_that_openssl_made_is_read_and_its_public_half_written_alike() {
        let key = SigningKey::from_private_pem(PRIVATE).unwrap();
        assert_eq!(key.public_pem(), PUBLIC);
        assert_eq!(key.private_pem().as_str(), PRIVATE);
    }

    #[test]
    fn a_generated_key_survives_its_own_text_and_signs() {
        let key = SigningKey::generate().unwrap();
        let again = SigningKey::from_private_pem(&key.private_pem()).unwrap();
        assert_eq!(again.public_jwk(), key.public_jwk());
        let public = AppKey::parse(&key.public_jwk()).unwrap();
        assert!(public.verify(b"message", &again.sign(b"message")));
        assert_ne!(SigningKey::generate().unwrap().public_jwk(), key.public_jwk());
    }

    #[test]
    fn other_texts_are_refused() {
        let broken = PRIVATE.replacen("MC4", "MC5", 1);
        for text in ["", "x", PUBLIC, &broken, &PRIVATE.replace("PRIVATE", "EC PRIVATE")] {
            assert_eq!(SigningKey::from_private_pem(text).err(), Some(SigningKeyError), "`{text}`");
        }
    }
}
