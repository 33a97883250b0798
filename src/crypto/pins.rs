//! Verifiers of account PINs: a pepper from the keyring, a salt of the record's own, Argon2id.
//!
//! A short PIN falls to anyone who can try values against its verifier, whatever each try costs. So the pepper, which is
//! not in the store, goes in first; the salt keeps two equal PINs unlike; the cost is the third line.
//!
//! Stored form: format byte, number of the pepper, memory in KiB (4 bytes), passes, lanes, 16 bytes of salt, 32 bytes of
//! hash. Argon2's memory is reused by the next hash of its thread and not wiped: without the pepper it tells nothing.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use zeroize::Zeroizing;

use super::cost::{Cost, CostFigures};
use super::keyring::Keyring;
use super::mac::{self, Macs};
use super::random::{self, RandomError};
use super::tokens::Token;
use crate::domain::{PinDigits, Verifier};

const FORMAT: u8 = 1;
const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;
const PREFIX: &[u8] = b"portcullis account pin v1";

/// A PIN that could be neither hashed nor checked. It counts as not matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PinError {
    /// The bytes are no verifier.
    #[error("the bytes are no verifier of a known format")]
    Malformed,
    /// The pepper it names is not in the keyring.
    #[error("pepper {pepper_id} is not in the keyring: put it back, retired peppers included")]
    UnknownPepper {
        /// The pepper's number.
        pepper_id: u8,
    },
    /// The hash could not be computed.
    #[error("the hash could not be computed at the cost it names")]
    Hash,
    /// No salt.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// A verifier taken apart.
struct Parts {
    pepper_id: u8,
    cost: CostFigures,
    salt: [u8; SALT_BYTES],
    hash: [u8; HASH_BYTES],
}

impl Parts {
    fn to_verifier(&self) -> Verifier {
        let CostFigures { memory_kib, passes, lanes } = self.cost;
        let mut bytes = vec![FORMAT, self.pepper_id];
        bytes.extend_from_slice(&memory_kib.to_be_bytes());
        bytes.extend_from_slice(&[passes, lanes]);
        bytes.extend_from_slice(&self.salt);
        bytes.extend_from_slice(&self.hash);
        Verifier(bytes)
    }

    fn parse(Verifier(bytes): &Verifier) -> Result<Self, PinError> {
        let [FORMAT, pepper_id, m0, m1, m2, m3, passes, lanes, rest @ ..] = bytes.as_slice() else {
            return Err(PinError::Malformed);
        };
        let memory_kib = u32::from_be_bytes([*m0, *m1, *m2, *m3]);
        let cost = CostFigures { memory_kib, passes: *passes, lanes: *lanes };
        let (salt, hash) = rest.split_at_checked(SALT_BYTES).ok_or(PinError::Malformed)?;
        match (salt.try_into(), hash.try_into()) {
            (Ok(salt), Ok(hash)) if cost.is_bounded() => Ok(Self { pepper_id: *pepper_id, cost, salt, hash }),
            _ => Err(PinError::Malformed),
        }
    }
}

/// The memory one hash works in: 19 MiB at the standard cost. Kept by each thread that hashes.
#[derive(Default)]
pub struct Scratch {
    blocks: Vec<Block>,
}

/// Hashes and checks account PINs. Slow on purpose: call it on a [`super::PinPool`], never on the threads that answer.
pub struct PinHasher {
    peppers: Macs,
    cost: Cost,
    dummy: Verifier,
}

impl PinHasher {
    /// Prepares the peppers. The active one hashes, all of them verify.
    pub fn new(keyring: &Keyring) -> Result<Self, RandomError> {
        let peppers = Macs::new(&keyring.pepper);
        let cost = keyring.cost();
        let hash = random::take()?;
        let dummy = Parts { pepper_id: peppers.active().0, cost: cost.figures(), salt: random::take()?, hash };
        Ok(Self { peppers, cost, dummy: dummy.to_verifier() })
    }

    /// A new verifier of `pin` for `account`, under the active pepper and the keyring's cost.
    pub fn hash(&self, scratch: &mut Scratch, pin: &PinDigits, account: &Token) -> Result<Verifier, PinError> {
        self.hash_with_salt(scratch, pin, account, random::take()?)
    }

    /// Whether `pin` is the one `verifier` was made of, for that account. Takes as long for a wrong one.
    pub fn verify(
        &self,
        scratch: &mut Scratch,
        pin: &PinDigits,
        account: &Token,
        verifier: &Verifier,
    ) -> Result<bool, PinError> {
        let stored = Parts::parse(verifier)?;
        let hash = self.compute(scratch, pin, account, &stored)?;
        Ok(mac::are_equal(self.peppers.active().1, hash.as_slice(), &stored.hash))
    }

    /// A verifier that no PIN matches: checked where no PIN is set, so that this takes as long as where one is.
    pub fn dummy(&self) -> &Verifier {
        &self.dummy
    }

    /// The pepper a verifier needs. A pepper may leave the keyring when no verifier names it.
    pub fn needs_pepper(verifier: &Verifier) -> Result<u8, PinError> {
        Parts::parse(verifier).map(|parts| parts.pepper_id)
    }

    /// Whether a verifier is under the active pepper and the keyring's cost. One that is not is made anew when its PIN is
    /// next given rightly.
    pub fn is_current(&self, verifier: &Verifier) -> bool {
        let (pepper_id, cost) = (self.peppers.active().0, self.cost.figures());
        Parts::parse(verifier).is_ok_and(|parts| parts.pepper_id == pepper_id && parts.cost == cost)
    }

    fn hash_with_salt(
        &self,
        scratch: &mut Scratch,
        pin: &PinDigits,
        account: &Token,
        salt: [u8; SALT_BYTES],
    ) -> Result<Verifier, PinError> {
        let pepper_id = self.peppers.active().0;
        let mut parts = Parts { pepper_id, cost: self.cost.figures(), salt, hash: [0; HASH_BYTES] };
        parts.hash = *self.compute(scratch, pin, account, &parts)?;
        Ok(parts.to_verifier())
    }

    fn compute(
        &self,
        scratch: &mut Scratch,
        pin: &PinDigits,
        account: &Token,
        parts: &Parts,
    ) -> Result<Zeroizing<[u8; HASH_BYTES]>, PinError> {
        let Parts { pepper_id, cost, salt, hash: _ } = parts;
        let pepper = self.peppers.named(*pepper_id).ok_or(PinError::UnknownPepper { pepper_id: *pepper_id })?;
        let fields: [&[u8]; 3] = [salt, pin.expose().as_bytes(), account.as_bytes()];
        let peppered = Zeroizing::new(mac::tag(pepper, PREFIX, &fields));
        let params = Params::new(cost.memory_kib, u32::from(cost.passes), u32::from(cost.lanes), Some(HASH_BYTES))
            .map_err(|_| PinError::Hash)?;
        // Only ever larger: the next hash of the same cost finds its memory ready.
        if scratch.blocks.len() < params.block_count() {
            scratch.blocks.resize(params.block_count(), Block::new());
        }
        let mut hash = Zeroizing::new([0; HASH_BYTES]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into_with_memory(peppered.as_slice(), salt, hash.as_mut_slice(), &mut scratch.blocks)
            .map_err(|_| PinError::Hash)?;
        Ok(hash)
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use proptest::prelude::*;

    use super::{Parts, PinError, PinHasher, Scratch};
    use crate::crypto::mac::hex;
    use crate::crypto::{Cost, Keyring, Purpose, Token};
    use crate::domain::{PinDigits, Verifier};

    const ACCOUNT: Token = Token::from_bytes([0xa; 16]);
    const OTHER: Token = Token::from_bytes([0xb; 16]);

    fn pin(digits: &str) -> PinDigits {
        PinDigits::parse_offered(digits).unwrap()
    }

    fn hasher() -> PinHasher {
        PinHasher::new(&Keyring::known()).unwrap()
    }

    fn hash(digits: &str) -> Verifier {
        hasher().hash(&mut Scratch::default(), &pin(digits), &ACCOUNT).unwrap()
    }

    fn verify(hasher: &PinHasher, digits: &str, verifier: &Verifier) -> Result<bool, PinError> {
        hasher.verify(&mut Scratch::default(), &pin(digits), &ACCOUNT, verifier)
    }

    /// A verifier is kept as long as its PIN: years.
    #[test]
    fn golden_verifier() {
        let scratch = &mut Scratch::default();
        let verifier = hasher().hash_with_salt(scratch, &pin("482951"), &ACCOUNT, [9; 16]).unwrap();
        assert_eq!(
            hex(&verifier.0),
            "010100000040010109090909090909090909090909090909747856795e1cff5a7eaa79fd93fed0975dc10d30643b61d079bbdf59afbc4195"
        );
        assert_eq!(verify(&hasher(), "482951", &verifier), Ok(true));
    }

    #[test]
    fn the_right_pin_of_the_right_account_alone_matches() {
        let verifier = hash("482951");
        assert_eq!(verify(&hasher(), "482951", &verifier), Ok(true));
        for wrong in ["482952", "48295", "4829510", "0482951"] {
            assert_eq!(verify(&hasher(), wrong, &verifier), Ok(false), "{wrong}");
        }
        let elsewhere = hasher().verify(&mut Scratch::default(), &pin("482951"), &OTHER, &verifier);
        assert_eq!(elsewhere, Ok(false));
    }

    /// E14: what a stolen store holds of a PIN.
    #[test]
    fn equal_pins_give_unlike_records_and_none_verifies_without_the_pepper() {
        let (one, other) = (Parts::parse(&hash("482951")).unwrap(), Parts::parse(&hash("482951")).unwrap());
        assert_ne!(one.salt, other.salt);
        assert_ne!(one.hash, other.hash);
        let verifier = one.to_verifier();
        let same_number =
            PinHasher::new(&Keyring::generate_at_cost(DateTime::UNIX_EPOCH, Cost::LowForTestPurposesOnly).unwrap());
        assert_eq!(verify(&same_number.unwrap(), "482951", &verifier), Ok(false));
        let mut unnamed = verifier;
        unnamed.0[1] = 9;
        assert_eq!(verify(&hasher(), "482951", &unnamed), Err(PinError::UnknownPepper { pepper_id: 9 }));
    }

    #[test]
    fn a_retired_pepper_verifies_and_the_active_one_hashes() {
        let old = hash("482951");
        let rotated = Keyring::known().rotate(Purpose::Pepper, DateTime::UNIX_EPOCH).unwrap();
        let after = PinHasher::new(&rotated).unwrap();
        assert_eq!(verify(&after, "482951", &old), Ok(true));
        let new = after.hash(&mut Scratch::default(), &pin("482951"), &ACCOUNT).unwrap();
        assert_eq!((PinHasher::needs_pepper(&old), PinHasher::needs_pepper(&new)), (Ok(1), Ok(2)));
        assert!(!after.is_current(&old) && after.is_current(&new));
        assert_eq!(verify(&hasher(), "482951", &new), Err(PinError::UnknownPepper { pepper_id: 2 }));
    }

    #[test]
    fn no_pin_matches_the_dummy_which_costs_the_same() {
        let hasher = hasher();
        let dummy = Parts::parse(hasher.dummy()).unwrap();
        assert_eq!(dummy.cost, Parts::parse(&hash("482951")).unwrap().cost);
        assert_eq!(verify(&hasher, "482951", hasher.dummy()), Ok(false));
    }

    #[test]
    fn a_verifier_keeps_its_cost_and_one_scratch_serves_every_cost() {
        let scratch = &mut Scratch::default();
        let dear = Cost::Argon2id { memory_kib: 256, passes: 3, lanes: 2 };
        let mut keyring = Keyring::known();
        keyring.cost = dear;
        let dear = PinHasher::new(&keyring).unwrap().hash(scratch, &pin("482951"), &ACCOUNT).unwrap();
        let cheap = hasher().hash(scratch, &pin("482951"), &ACCOUNT).unwrap();
        for verifier in [dear, cheap] {
            assert_eq!(hasher().verify(scratch, &pin("482951"), &ACCOUNT, &verifier), Ok(true));
        }
    }

    #[test]
    fn bytes_that_are_no_verifier_or_ask_too_much_are_refused() {
        let whole = hash("482951");
        let mut cases = vec![Verifier(Vec::new()), Verifier(whole.0[..55].to_vec())];
        let mut changed = |change: fn(&mut Vec<u8>)| {
            let mut bytes = whole.0.clone();
            change(&mut bytes);
            cases.push(Verifier(bytes));
        };
        changed(|bytes| bytes.push(0));
        changed(|bytes| bytes[0] = 2);
        changed(|bytes| bytes[2] = 0xff);
        changed(|bytes| bytes[5] = 7);
        changed(|bytes| bytes[6] = 0);
        changed(|bytes| bytes[6] = 17);
        changed(|bytes| bytes[7] = 5);
        for case in cases {
            assert_eq!(verify(&hasher(), "482951", &case), Err(PinError::Malformed), "{}", hex(&case.0));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn round_trip(set in "[0-9]{4,15}", offered in "[0-9]{4,15}") {
            let verifier = hash(&set);
            prop_assert_eq!(verify(&hasher(), &set, &verifier), Ok(true));
            prop_assert_eq!(verify(&hasher(), &offered, &verifier), Ok(set == offered));
        }
    }
}
