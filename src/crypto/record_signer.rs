//! Signatures over what leaves the store and is verified elsewhere, years later: checkpoints and archive manifests.
//!
//! What is signed stands behind a prefix of its kind, so that a signed thing of one kind never passes for one of another.

use super::keyring::Keyring;
use super::signatures::{KeyId, PublicKey, Signature, SignatureError, SigningKeys};

/// What is signed. Each kind has a prefix that no other begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Signed {
    /// The heads of accounts' chains at an instant.
    Checkpoint,
    /// What an archive segment holds.
    ArchiveManifest,
    /// That an archive segment was deleted.
    ArchiveDeletion,
}

impl Signed {
    const fn prefix(self) -> &'static [u8] {
        match self {
            Self::Checkpoint => b"portcullis checkpoint v1\n",
            Self::ArchiveManifest => b"portcullis archive manifest v1\n",
            Self::ArchiveDeletion => b"portcullis archive deletion v1\n",
        }
    }

    fn input(self, message: &[u8]) -> Vec<u8> {
        [self.prefix(), message].concat()
    }
}

/// Signs with the active record-signing key, and verifies with all of them.
#[derive(Clone)]
pub struct RecordSigner {
    keys: SigningKeys,
}

impl RecordSigner {
    /// Prepares the record-signing keys.
    pub fn new(keyring: &Keyring) -> Self {
        Self { keys: SigningKeys::new(&keyring.record_signing) }
    }

    /// Signs `message`. The same message under the same key gives the same signature.
    pub fn sign(&self, what: Signed, message: &[u8]) -> Result<Signature, SignatureError> {
        let pair = self.keys.active()?;
        Ok(Signature { key: pair.id(), bytes: pair.sign(&what.input(message))? })
    }

    /// Whether the keyring's own key signed `message` as `what`.
    pub fn verify(&self, what: Signed, message: &[u8], signature: &Signature) -> Result<(), SignatureError> {
        self.named(signature.key)?.verify(what, message, signature)
    }

    /// The public half of the key that was named.
    pub fn named(&self, key: KeyId) -> Result<PublicKey, SignatureError> {
        self.keys.named(key).map(|pair| pair.public())
    }

    /// The public halves, the active key's first: for who verifies without the keyring.
    pub fn public_keys(&self) -> Vec<PublicKey> {
        self.keys.public()
    }
}

impl PublicKey {
    /// Whether this key signed `message` as `what`.
    pub fn verify(&self, what: Signed, message: &[u8], signature: &Signature) -> Result<(), SignatureError> {
        if signature.key != self.id() {
            return Err(SignatureError::UnknownKey { key: signature.key });
        }
        if self.is_over(&what.input(message), &signature.bytes) { Ok(()) } else { Err(SignatureError::Refused) }
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::{RecordSigner, Signed};
    use crate::crypto::mac::hex;
    use crate::crypto::{Keyring, PublicKey, Purpose, SignatureError};

    fn signer() -> RecordSigner {
        RecordSigner::new(&Keyring::known())
    }

    /// Archives are verified for years with what is here. Made with the Python package `cryptography`.
    #[test]
    fn golden_signatures() {
        let golden = [
            (
                Signed::Checkpoint,
                "fc3f2d2c037031d23b56022904eb1ecc7f81904eedc9e4c20a0f4eb593390380e402de15184034de60534fe960f4af695a4ab97ad8f7e4b49eea0bb0ee29a20a",
            ),
            (
                Signed::ArchiveManifest,
                "28b0bf907baa811403db2610afc12607599a73fa3ea0bdfbcd8ada24ed8a3f39b5da194c2f1584a4778226ede0384b0eaccbd080a8bb0e659f28597c0d831c00",
            ),
        ];
        for (what, expected) in golden {
            let signature = signer().sign(what, b"message").unwrap();
            assert_eq!(signature.key.to_string(), "FxVhuO_Ir82yjJ8FMIoWpXpN_BZn-l_LcBqPspZfzfk");
            assert_eq!(hex(&signature.bytes), expected, "{what:?}");
        }
    }

    #[test]
    fn a_signature_is_over_one_message_of_one_kind() {
        let signature = signer().sign(Signed::Checkpoint, b"message").unwrap();
        let verify = |what, message: &[u8]| signer().verify(what, message, &signature);
        assert_eq!(verify(Signed::Checkpoint, b"message"), Ok(()));
        assert_eq!(verify(Signed::ArchiveManifest, b"message"), Err(SignatureError::Refused));
        assert_eq!(verify(Signed::Checkpoint, b"massage"), Err(SignatureError::Refused));
        assert_eq!(verify(Signed::Checkpoint, b""), Err(SignatureError::Refused));
        for at in 0..signature.bytes.len() {
            let mut changed = signature;
            changed.bytes[at] ^= 1;
            assert!(signer().verify(Signed::Checkpoint, b"message", &changed).is_err());
        }
    }

    #[test]
    fn what_a_retired_key_signed_verifies_here_and_with_its_public_half_alone() {
        let signature = signer().sign(Signed::ArchiveManifest, b"segment").unwrap();
        let rotated = Keyring::known().rotate(Purpose::RecordSigning, DateTime::UNIX_EPOCH).unwrap();
        let after = RecordSigner::new(&rotated);
        let anew = after.sign(Signed::ArchiveManifest, b"segment").unwrap();
        assert_ne!(anew.key, signature.key);
        for signature in [signature, anew] {
            assert_eq!(after.verify(Signed::ArchiveManifest, b"segment", &signature), Ok(()));
        }
        let unknown = signer().verify(Signed::ArchiveManifest, b"segment", &anew);
        assert_eq!(unknown, Err(SignatureError::UnknownKey { key: anew.key }));
        let keys: Vec<_> = after.public_keys().iter().map(|key| PublicKey::parse(&key.jwk()).unwrap()).collect();
        let [active, retired] = keys[..] else { panic!("two keys") };
        assert_eq!((active.id(), retired.id()), (anew.key, signature.key));
        assert_eq!(retired.verify(Signed::ArchiveManifest, b"segment", &signature), Ok(()));
        let other = active.verify(Signed::ArchiveManifest, b"segment", &signature);
        assert_eq!(other, Err(SignatureError::UnknownKey { key: signature.key }));
    }
}
