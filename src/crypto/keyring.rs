//! The keys by purpose. What is held is always complete: one index key, and one active key of every other purpose.

use chrono::{DateTime, Utc};
use ring::hmac;
use zeroize::Zeroizing;

use super::cost::Cost;
use super::keyring_file::KeyringError;
use super::random::{self, RandomError};
use super::signatures::{KeyId, PublicKey, SigningPair};
use super::tokens::{Token, TokenKind, Tokens};

/// What a key's mark is made of. Nothing else is ever made of it.
const KEY_MARK: &[u8] = b"portcullis key mark v1";

/// Bytes of a key.
pub(super) const KEY_BYTES: usize = 32;

/// What a key is for. No key serves two purposes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Makes verifiers of PINs and codes worthless to who holds the store alone.
    Pepper,
    /// Makes lookup tokens. There is one, for good: another one is another store.
    Index,
    /// Seals stored records.
    Seal,
    /// Makes permits.
    Permit,
    /// Signs permits for relying parties, who verify them without asking (Ed25519).
    PermitSigning,
    /// Signs what leaves the store to be verified elsewhere: checkpoints and archive manifests (Ed25519).
    RecordSigning,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 6] =
        [Self::Index, Self::Pepper, Self::Seal, Self::Permit, Self::PermitSigning, Self::RecordSigning];

    /// Its name in the keyring's file and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pepper => "pepper",
            Self::Index => "index",
            Self::Seal => "seal",
            Self::Permit => "permit",
            Self::PermitSigning => "permit_signing",
            Self::RecordSigning => "record_signing",
        }
    }

    /// Whether its keys sign, so that anyone may verify with their public halves.
    pub const fn signs(self) -> bool {
        matches!(self, Self::PermitSigning | Self::RecordSigning)
    }
}

/// Whether a key makes new things or only reads what it made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// Makes new things.
    Active,
    /// Only verifies and opens what it once made.
    Retired,
}

/// What may be told of a key: everything but its material.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyInfo {
    /// What it is for.
    pub purpose: Purpose,
    /// Its number among the keys of its purpose; what it made names it.
    pub id: u8,
    /// When it was made.
    pub created: DateTime<Utc>,
    /// Whether it makes new things.
    pub state: KeyState,
    /// Its name among all keys everywhere, if it signs: the thumbprint of its public half.
    pub key_id: Option<KeyId>,
}

/// One key. Wiped when dropped, shown nowhere.
pub(super) struct Key {
    pub(super) id: u8,
    pub(super) created: DateTime<Utc>,
    pub(super) material: Zeroizing<[u8; KEY_BYTES]>,
}

impl Key {
    fn generate(id: u8, created: DateTime<Utc>) -> Result<Self, RandomError> {
        let mut material = Zeroizing::new([0; KEY_BYTES]);
        random::fill(material.as_mut_slice())?;
        Ok(Self { id, created, material })
    }

    fn prepared(&self) -> (u8, hmac::Key) {
        (self.id, hmac::Key::new(hmac::HMAC_SHA256, self.material.as_slice()))
    }
}

/// The keys of one purpose: one that makes, any number that still verify.
pub(super) struct KeySet {
    pub(super) active: Key,
    pub(super) retired: Vec<Key>,
}

/// A key's number and the key, ready for use.
type Prepared = (u8, hmac::Key);

impl KeySet {
    pub(super) fn generate(created: DateTime<Utc>) -> Result<Self, RandomError> {
        Ok(Self { active: Key::generate(1, created)?, retired: Vec::new() })
    }

    pub(super) fn prepared(&self) -> (Prepared, Vec<Prepared>) {
        (self.active.prepared(), self.retired.iter().map(Key::prepared).collect())
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (&Key, KeyState)> {
        let active = std::iter::once((&self.active, KeyState::Active));
        active.chain(self.retired.iter().map(|key| (key, KeyState::Retired)))
    }

    fn rotated(self, purpose: Purpose, created: DateTime<Utc>) -> Result<Self, KeyringError> {
        let highest = self.all().map(|(key, _)| key.id).max().unwrap_or(0);
        let id = highest.checked_add(1).ok_or(KeyringError::TooManyKeys { purpose })?;
        let active = Key::generate(id, created)?;
        let mut retired = self.retired;
        retired.insert(0, self.active);
        Ok(Self { active, retired })
    }
}

/// The keys of one deployment. Lives outside the store: a stolen store without it yields no number and no PIN.
///
/// Has no `Debug` and gives no material out. The objects made from it hold prepared keys of their own, which `ring` does
/// not wipe when they are dropped; they live as long as the process.
pub struct Keyring {
    pub(super) cost: Cost,
    pub(super) index: Key,
    pub(super) pepper: KeySet,
    pub(super) seal: KeySet,
    pub(super) permit: KeySet,
    pub(super) permit_signing: KeySet,
    pub(super) record_signing: KeySet,
}

impl Keyring {
    /// New keys of every purpose, at [`Cost::STANDARD`].
    pub fn generate(now: DateTime<Utc>) -> Result<Self, RandomError> {
        Self::generate_at_cost(now, Cost::STANDARD)
    }

    /// New keys of every purpose, with the cost of PIN hashes said.
    pub fn generate_at_cost(now: DateTime<Utc>, cost: Cost) -> Result<Self, RandomError> {
        Ok(Self {
            cost,
            index: Key::generate(1, now)?,
            pepper: KeySet::generate(now)?,
            seal: KeySet::generate(now)?,
            permit: KeySet::generate(now)?,
            permit_signing: KeySet::generate(now)?,
            record_signing: KeySet::generate(now)?,
        })
    }

    /// Adds a new active key and retires the one before it, which still verifies and opens. The index key is refused.
    pub fn rotate(self, purpose: Purpose, now: DateTime<Utc>) -> Result<Self, KeyringError> {
        match purpose {
            Purpose::Index => Err(KeyringError::IndexNeverRotates),
            Purpose::Pepper => Ok(Self { pepper: self.pepper.rotated(purpose, now)?, ..self }),
            Purpose::Seal => Ok(Self { seal: self.seal.rotated(purpose, now)?, ..self }),
            Purpose::Permit => Ok(Self { permit: self.permit.rotated(purpose, now)?, ..self }),
            Purpose::PermitSigning => Ok(Self { permit_signing: self.permit_signing.rotated(purpose, now)?, ..self }),
            Purpose::RecordSigning => Ok(Self { record_signing: self.record_signing.rotated(purpose, now)?, ..self }),
        }
    }

    /// Takes a retired key out for good. What it made opens and verifies no more.
    pub fn retire(mut self, purpose: Purpose, id: u8) -> Result<Self, KeyringError> {
        let set = match purpose {
            Purpose::Index => return Err(KeyringError::StillActive { purpose, id }),
            Purpose::Pepper => &mut self.pepper,
            Purpose::Seal => &mut self.seal,
            Purpose::Permit => &mut self.permit,
            Purpose::PermitSigning => &mut self.permit_signing,
            Purpose::RecordSigning => &mut self.record_signing,
        };
        if set.active.id == id {
            return Err(KeyringError::StillActive { purpose, id });
        }
        let place = set.retired.iter().position(|key| key.id == id);
        set.retired.remove(place.ok_or(KeyringError::NoSuchKey { purpose, id })?);
        Ok(self)
    }

    /// The public half of a key that signs.
    pub fn public_key(&self, purpose: Purpose, id: u8) -> Option<PublicKey> {
        let mut keys = self.keys().filter(|(of, key, _)| purpose.signs() && *of == purpose && key.id == id);
        keys.next().and_then(|(_, key, _)| SigningPair::new(key)).map(|pair| pair.public())
    }

    /// What may be told of every key, the newest of a purpose first.
    pub fn list(&self) -> Vec<KeyInfo> {
        let info = |(purpose, key, state): (Purpose, &Key, KeyState)| {
            let key_id = purpose.signs().then(|| SigningPair::new(key)).flatten().map(|pair| pair.id());
            KeyInfo { purpose, id: key.id, created: key.created, state, key_id }
        };
        self.keys().map(info).collect()
    }

    /// What one account-PIN hash costs.
    pub const fn cost(&self) -> Cost {
        self.cost
    }

    /// A short value that only this index key gives. A store keeps it and refuses to start with another keyring, under
    /// which every lookup would miss and every account look unknown.
    pub fn fingerprint(&self) -> [u8; 8] {
        super::mac::leading(Tokens::new(self).derive(TokenKind::KeyringCheck, &[]).as_bytes())
    }

    /// What only each key gives, by its purpose and number, such as `seal 2`. A store keeps the marks of every key that may
    /// have made something in it, and refuses to start where one is missing or another key stands under its number.
    pub fn marks(&self) -> Vec<(String, Token)> {
        let mark = |(purpose, key, _): (Purpose, &Key, KeyState)| {
            let mac = hmac::sign(&key.prepared().1, KEY_MARK);
            (format!("{} {}", purpose.name(), key.id), Token::from_bytes(super::mac::leading(mac.as_ref())))
        };
        self.keys().map(mark).collect()
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = (Purpose, &Key, KeyState)> {
        std::iter::once((Purpose::Index, &self.index, KeyState::Active))
            .chain(self.pepper.all().map(|(key, state)| (Purpose::Pepper, key, state)))
            .chain(self.seal.all().map(|(key, state)| (Purpose::Seal, key, state)))
            .chain(self.permit.all().map(|(key, state)| (Purpose::Permit, key, state)))
            .chain(self.permit_signing.all().map(|(key, state)| (Purpose::PermitSigning, key, state)))
            .chain(self.record_signing.all().map(|(key, state)| (Purpose::RecordSigning, key, state)))
    }

    pub(super) fn index_mac(&self) -> hmac::Key {
        self.index.prepared().1
    }
}

#[cfg(any(test, feature = "fuzzing"))]
impl Keyring {
    /// A keyring of known keys, for golden bytes: byte `n` of every key of a purpose is the purpose's own number.
    pub(crate) fn known() -> Self {
        let key = |byte: u8| Key { id: 1, created: DateTime::UNIX_EPOCH, material: Zeroizing::new([byte; KEY_BYTES]) };
        let set = |byte: u8| KeySet { active: key(byte), retired: Vec::new() };
        Self {
            cost: Cost::LowForTestPurposesOnly,
            index: key(1),
            pepper: set(2),
            seal: set(3),
            permit: set(4),
            permit_signing: set(5),
            record_signing: set(6),
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::{KeyState, Keyring, Purpose};
    use crate::crypto::{Cost, KeyringError};

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

    #[test]
    fn a_new_keyring_has_one_active_key_of_every_purpose_and_no_two_alike() {
        let keyring = Keyring::generate(NOW).unwrap();
        let listed: Vec<_> = keyring.list().iter().map(|key| (key.purpose, key.id, key.state)).collect();
        assert_eq!(listed, Purpose::ALL.map(|purpose| (purpose, 1, KeyState::Active)));
        let materials: std::collections::HashSet<_> = keyring.keys().map(|(_, key, _)| *key.material).collect();
        assert_eq!(materials.len(), 6);
        assert_eq!(keyring.cost(), Cost::STANDARD);
    }

    #[test]
    fn rotation_keeps_what_was_and_never_touches_the_index_key() {
        let before = Keyring::generate(NOW).unwrap();
        let fingerprint = before.fingerprint();
        let after = before.rotate(Purpose::Seal, NOW).unwrap();
        let seal: Vec<_> = after.list().into_iter().filter(|key| key.purpose == Purpose::Seal).collect();
        let told: Vec<_> = seal.iter().map(|key| (key.id, key.state)).collect();
        assert_eq!(told, [(2, KeyState::Active), (1, KeyState::Retired)]);
        assert_eq!(after.fingerprint(), fingerprint);
        assert!(matches!(after.rotate(Purpose::Index, NOW), Err(KeyringError::IndexNeverRotates)));
    }

    #[test]
    fn each_key_that_signs_has_a_name_of_its_own_which_it_keeps() {
        let signing = |keyring: &Keyring| -> Vec<_> {
            keyring.list().into_iter().filter(|key| key.purpose.signs()).map(|key| key.key_id.unwrap()).collect()
        };
        let before = Keyring::generate(NOW).unwrap();
        let ids = signing(&before);
        assert!(before.list().iter().all(|key| key.purpose.signs() || key.key_id.is_none()));
        let after = before.rotate(Purpose::RecordSigning, NOW).unwrap();
        let rotated = signing(&after);
        assert_eq!((rotated.len(), rotated[0], rotated[2]), (3, ids[0], ids[1]));
        assert!(rotated[1] != ids[1] && rotated[1] != ids[0]);
    }

    #[test]
    fn only_a_retired_key_is_taken_out_and_its_number_is_not_given_again() {
        let twice = |purpose| Keyring::known().rotate(purpose, NOW).unwrap().rotate(purpose, NOW).unwrap();
        for purpose in Purpose::ALL.into_iter().filter(|purpose| *purpose != Purpose::Index) {
            let left = twice(purpose).retire(purpose, 2).unwrap();
            let ids: Vec<u8> = left.list().iter().filter(|key| key.purpose == purpose).map(|key| key.id).collect();
            assert_eq!(ids, [3, 1]);
            assert_eq!(left.list().len(), Purpose::ALL.len() + 1);
            assert!(matches!(left.retire(purpose, 2), Err(KeyringError::NoSuchKey { id: 2, .. })));
            assert!(matches!(twice(purpose).retire(purpose, 3), Err(KeyringError::StillActive { id: 3, .. })));
        }
        assert!(matches!(Keyring::known().retire(Purpose::Index, 1), Err(KeyringError::StillActive { .. })));
    }

    #[test]
    fn key_numbers_end_at_255() {
        let mut keyring = Keyring::known();
        keyring.pepper.active.id = 255;
        assert!(matches!(keyring.rotate(Purpose::Pepper, NOW), Err(KeyringError::TooManyKeys { .. })));
    }

    #[test]
    fn the_fingerprint_tells_index_keys_apart() {
        // Kept in every store: golden.
        assert_eq!(Keyring::known().fingerprint(), [6, 158, 131, 221, 91, 195, 131, 2]);
        assert_ne!(Keyring::generate(NOW).unwrap().fingerprint(), Keyring::generate(NOW).unwrap().fingerprint());
    }
}
