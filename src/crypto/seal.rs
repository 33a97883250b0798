//! Sealing of stored records: AES-256-GCM under a subkey an account.
//!
//! One key with random nonces would run out within a day, so every account has its own, derived from the seal key and
//! the account's token. Place and version of a record are authenticated with it: a sealed record that is moved to
//! another account, another owner or kind, or put back at an older version, does not open.
//!
//! Sealed form: format byte, number of the seal key, 12 bytes of nonce, ciphertext, 16 bytes of tag.

use std::sync::Arc;

use ring::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hmac;
use zeroize::Zeroizing;

use super::keyring::Keyring;
use super::mac::{self, Macs};
use super::random::{self, RandomError};
use super::tokens::Token;

const FORMAT: u8 = 1;
const NONCE_BYTES: usize = aead::NONCE_LEN;
const HEADER_BYTES: usize = 2 + NONCE_BYTES;
const TAG_BYTES: usize = 16;
const SUBKEY_PREFIX: &[u8] = b"portcullis seal v1";

/// A record that cannot be sealed or opened. Whatever it held is unknown, and what is unknown is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The bytes are no sealed record.
    #[error("the bytes are no sealed record of a known format")]
    Malformed,
    /// The seal key it names is not in the keyring.
    #[error("seal key {key_id} is not in the keyring: put it back, retired keys included")]
    UnknownKey {
        /// The key's number.
        key_id: u8,
    },
    /// It was changed, or it is the record of another account, owner, kind or version, or the key is another.
    #[error("the sealed record does not open: changed, moved, rolled back, or sealed under another key")]
    Refused,
    /// No nonce.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// Where a record stands, authenticated with its content.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// What kind of record it is: a number of the codec's.
    pub kind: u8,
    /// What it is a record of: the account's, the line's or the request's token.
    pub owner: Token,
    /// What else tells it from its neighbours; empty where nothing does.
    pub extra: &'a [u8],
    /// Its version in the store.
    pub version: u64,
}

impl Place<'_> {
    /// Everything but `extra` has a fixed width, so no two places give the same bytes.
    fn associated_data(&self) -> Vec<u8> {
        let mut data = Vec::with_capacity(1 + Token::BYTES + self.extra.len() + 8);
        data.push(self.kind);
        data.extend_from_slice(self.owner.as_bytes());
        data.extend_from_slice(self.extra);
        data.extend_from_slice(&self.version.to_be_bytes());
        data
    }
}

/// Makes the sealers of accounts. Cheap to clone.
#[derive(Clone)]
pub struct Sealer {
    keys: Arc<Macs>,
}

impl Sealer {
    /// Prepares the seal keys: the active one seals, all of them open.
    pub fn new(keyring: &Keyring) -> Self {
        Self { keys: Arc::new(Macs::new(&keyring.seal)) }
    }

    /// The sealer of one account (of a request, a window: of whatever is sealed on its own). Made once a use case: it
    /// holds the account's key made ready.
    pub fn for_account(&self, account: &Token) -> AccountSealer {
        let (active_id, key) = self.keys.active();
        AccountSealer { keys: Arc::clone(&self.keys), account: *account, active_id, active: subkey(key, account) }
    }

    /// The number of the key that a sealed record is under.
    pub fn key_number(sealed: &[u8]) -> Result<u8, SealError> {
        match sealed {
            [FORMAT, number, ..] => Ok(*number),
            _ => Err(SealError::Malformed),
        }
    }

    /// Whether a sealed record is under the active key; one that is not is sealed anew when it is next written.
    pub fn is_current(&self, sealed: &[u8]) -> bool {
        matches!(sealed, [FORMAT, id, ..] if *id == self.keys.active().0)
    }
}

/// Seals and opens the records of one account.
pub struct AccountSealer {
    keys: Arc<Macs>,
    account: Token,
    active_id: u8,
    active: Option<LessSafeKey>,
}

impl AccountSealer {
    /// Seals `plaintext` for `place`.
    pub fn seal(&self, place: Place<'_>, plaintext: &[u8]) -> Result<Vec<u8>, SealError> {
        self.seal_encoded(place, plaintext.len(), |buffer| buffer.extend_from_slice(plaintext))
    }

    /// Seals what `encode` appends to the buffer it is given, without a copy. `length_hint` is its length, in bytes: too
    /// small a hint only costs time.
    pub fn seal_encoded(
        &self,
        place: Place<'_>,
        length_hint: usize,
        encode: impl FnOnce(&mut Vec<u8>),
    ) -> Result<Vec<u8>, SealError> {
        self.seal_with_nonce(place, random::take()?, length_hint, encode)
    }

    /// Opens what was sealed for `place`, in the buffer it came in.
    pub fn open(&self, place: Place<'_>, mut sealed: Vec<u8>) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let length = self.open_in_place(place, &mut sealed)?;
        sealed.truncate(length);
        Ok(Zeroizing::new(sealed))
    }

    /// Opens what was sealed for `place`, from bytes that stay as they are.
    pub fn open_copy(&self, place: Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        self.open(place, sealed.to_vec())
    }

    fn open_in_place(&self, place: Place<'_>, sealed: &mut [u8]) -> Result<usize, SealError> {
        let [FORMAT, key_id, rest @ ..] = &*sealed else { return Err(SealError::Malformed) };
        let nonce = *rest.first_chunk::<NONCE_BYTES>().ok_or(SealError::Malformed)?;
        let key_id = *key_id;
        let retired;
        let key = if key_id == self.active_id {
            &self.active
        } else {
            let named = self.keys.named(key_id).ok_or(SealError::UnknownKey { key_id })?;
            retired = subkey(named, &self.account);
            &retired
        };
        let key = key.as_ref().ok_or(SealError::Refused)?;
        let data = Aad::from(place.associated_data());
        let opened = key.open_within(Nonce::assume_unique_for_key(nonce), data, sealed, HEADER_BYTES..);
        opened.map(|plaintext| plaintext.len()).map_err(|_| SealError::Refused)
    }

    fn seal_with_nonce(
        &self,
        place: Place<'_>,
        nonce: [u8; NONCE_BYTES],
        length_hint: usize,
        encode: impl FnOnce(&mut Vec<u8>),
    ) -> Result<Vec<u8>, SealError> {
        let mut sealed = Vec::with_capacity(HEADER_BYTES.saturating_add(length_hint).saturating_add(TAG_BYTES));
        sealed.extend_from_slice(&[FORMAT, self.active_id]);
        sealed.extend_from_slice(&nonce);
        encode(&mut sealed);
        let key = self.active.as_ref().ok_or(SealError::Refused)?;
        let plaintext = sealed.get_mut(HEADER_BYTES..).ok_or(SealError::Malformed)?;
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = key
            .seal_in_place_separate_tag(nonce, Aad::from(place.associated_data()), plaintext)
            .map_err(|_| SealError::Refused)?;
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }
}

/// The key of one account under one seal key. `None` cannot be: the tag has the length AES-256 asks for; were it ever
/// otherwise, nothing would be sealed and nothing opened.
fn subkey(key: &hmac::Key, account: &Token) -> Option<LessSafeKey> {
    let mut context = hmac::Context::with_key(key);
    context.update(SUBKEY_PREFIX);
    context.update(account.as_bytes());
    let derived = Zeroizing::new(mac::leading::<32>(context.sign().as_ref()));
    UnboundKey::new(&aead::AES_256_GCM, derived.as_slice()).ok().map(LessSafeKey::new)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use proptest::prelude::*;

    use super::{AccountSealer, HEADER_BYTES, Place, SealError, Sealer};
    use crate::crypto::mac::hex;
    use crate::crypto::{Keyring, Purpose, Token};

    const ACCOUNT: Token = Token::from_bytes([0xa; 16]);
    const LINE: Token = Token::from_bytes([0xb; 16]);
    const PLACE: Place<'static> = Place { kind: 3, owner: LINE, extra: b"x", version: 7 };

    fn sealer() -> AccountSealer {
        Sealer::new(&Keyring::known()).for_account(&ACCOUNT)
    }

    /// Every stored record has this form.
    #[test]
    fn golden_sealed_record() {
        let sealed = sealer().seal_with_nonce(PLACE, [9; 12], 6, |out| out.extend_from_slice(b"record")).unwrap();
        assert_eq!(hex(&sealed), "01010909090909090909090909099c3ce2a943309c038cc359e2412b20d284a4f03a5943");
        assert_eq!(sealer().open(PLACE, sealed).unwrap().as_slice(), b"record");
    }

    #[test]
    fn opens_only_where_it_was_sealed() {
        let sealed = sealer().seal(PLACE, b"record").unwrap();
        let elsewhere = [
            Place { kind: 4, ..PLACE },
            Place { owner: ACCOUNT, ..PLACE },
            Place { extra: b"y", ..PLACE },
            Place { extra: b"", ..PLACE },
            Place { version: 6, ..PLACE },
            Place { version: 8, ..PLACE },
        ];
        for place in elsewhere {
            assert_eq!(sealer().open_copy(place, &sealed).err(), Some(SealError::Refused), "{place:?}");
        }
        let other_account = Sealer::new(&Keyring::known()).for_account(&LINE);
        assert_eq!(other_account.open_copy(PLACE, &sealed).err(), Some(SealError::Refused));
        let other_keys = Sealer::new(&Keyring::generate(DateTime::UNIX_EPOCH).unwrap()).for_account(&ACCOUNT);
        assert_eq!(other_keys.open_copy(PLACE, &sealed).err(), Some(SealError::Refused));
        assert_eq!(sealer().open_copy(PLACE, &sealed).unwrap().as_slice(), b"record");
    }

    #[test]
    fn an_unknown_key_and_an_unknown_format_are_named() {
        let mut sealed = sealer().seal(PLACE, b"record").unwrap();
        sealed[1] = 2;
        assert_eq!(sealer().open_copy(PLACE, &sealed).err(), Some(SealError::UnknownKey { key_id: 2 }));
        sealed[0] = 2;
        assert_eq!(sealer().open_copy(PLACE, &sealed).err(), Some(SealError::Malformed));
    }

    #[test]
    fn a_retired_key_opens_and_the_active_one_seals() {
        let before = Sealer::new(&Keyring::known());
        let after = Sealer::new(&Keyring::known().rotate(Purpose::Seal, DateTime::UNIX_EPOCH).unwrap());
        let old = before.for_account(&ACCOUNT).seal(PLACE, b"old").unwrap();
        let new = after.for_account(&ACCOUNT).seal(PLACE, b"new").unwrap();
        assert_eq!((old[1], new[1]), (1, 2));
        assert_eq!(after.for_account(&ACCOUNT).open_copy(PLACE, &old).unwrap().as_slice(), b"old");
        assert_eq!(after.for_account(&ACCOUNT).open_copy(PLACE, &new).unwrap().as_slice(), b"new");
        assert!(!after.is_current(&old) && after.is_current(&new) && !after.is_current(&[]));
        let unknown = before.for_account(&ACCOUNT).open_copy(PLACE, &new).err();
        assert_eq!(unknown, Some(SealError::UnknownKey { key_id: 2 }));
    }

    #[test]
    fn equal_records_seal_unlike() {
        let (one, other) = (sealer().seal(PLACE, b"record").unwrap(), sealer().seal(PLACE, b"record").unwrap());
        assert_ne!(one[2..HEADER_BYTES], other[2..HEADER_BYTES]);
        assert_ne!(one[HEADER_BYTES..], other[HEADER_BYTES..]);
    }

    proptest! {
        #[test]
        fn round_trip(plaintext: Vec<u8>, kind: u8, extra in prop::collection::vec(any::<u8>(), 0..40), version: u64, hint in 0_usize..64) {
            let place = Place { kind, owner: LINE, extra: &extra, version };
            let sealed = sealer().seal_encoded(place, hint, |out| out.extend_from_slice(&plaintext)).unwrap();
            prop_assert_eq!(sealed.len(), plaintext.len() + 30);
            let opened = sealer().open_copy(place, &sealed).unwrap();
            prop_assert_eq!(opened.as_slice(), plaintext.as_slice());
        }

        #[test]
        fn any_changed_bit_or_length_refuses(plaintext in prop::collection::vec(any::<u8>(), 0..64), at: prop::sample::Index, bit in 0_u8..8) {
            let sealed = sealer().seal(PLACE, &plaintext).unwrap();
            let mut changed = sealed.clone();
            *at.get_mut(&mut changed) ^= 1 << bit;
            prop_assert!(sealer().open(PLACE, changed).is_err());
            let cut = at.index(sealed.len());
            prop_assert!(sealer().open_copy(PLACE, &sealed[..cut]).is_err());
        }
    }
}
