//! Transfer PINs and one-time codes: random, short-lived, with few tries, so a keyed hash under the pepper is enough.
//!
//! Stored form: format byte, number of the pepper, 32 bytes of tag. What it is a secret of, whose and which one goes into
//! the tag, so a verifier that is moved to another account or another transfer PIN matches nothing.

use zeroize::Zeroizing;

use super::keyring::Keyring;
use super::mac::{self, Macs, TAG_BYTES};
use super::pins::PinError;
use super::random::{self, RandomError};
use super::tokens::Token;
use crate::domain::{PinDigits, Verifier};

const FORMAT: u8 = 1;
const PREFIX: &[u8] = b"portcullis short secret v1";
const MILLION: u32 = 1_000_000;
/// The largest multiple of a million in 32 bits: values from here on would make low PINs likelier, and are drawn again.
const UNBIASED_BELOW: u32 = u32::MAX - u32::MAX % MILLION;
/// A draw is refused once in 4,500 times; this many in a row is a broken source.
const DRAWS_MAX: usize = 16;

/// What a short secret is. The numbers are stored for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ShortSecret {
    /// A transfer PIN; its id is the transfer PIN's.
    TransferPin = 1,
    /// A one-time code; its id is the challenge's.
    Code = 2,
}

/// Makes and checks verifiers of short secrets. Fast: no pool is needed.
#[derive(Clone)]
pub struct ShortSecrets {
    peppers: Macs,
}

impl ShortSecrets {
    /// Prepares the peppers. The active one makes verifiers, all of them check.
    pub fn new(keyring: &Keyring) -> Self {
        Self { peppers: Macs::new(&keyring.pepper) }
    }

    /// A verifier of `value`: of that kind, of that account, of the one that `id` names.
    pub fn verifier(&self, kind: ShortSecret, account: &Token, id: u128, value: &PinDigits) -> Verifier {
        let (pepper_id, pepper) = self.peppers.active();
        let tag = mac::tag(pepper, PREFIX, &fields(kind, account, &id.to_be_bytes(), value));
        let mut bytes = vec![FORMAT, pepper_id];
        bytes.extend_from_slice(&tag);
        Verifier(bytes)
    }

    /// Whether `value` is what `verifier` was made of, in time that does not depend on how wrong it is.
    pub fn verify(
        &self,
        kind: ShortSecret,
        account: &Token,
        id: u128,
        value: &PinDigits,
        verifier: &Verifier,
    ) -> Result<bool, PinError> {
        let (pepper_id, tag) = parse(verifier)?;
        let pepper = self.peppers.named(pepper_id).ok_or(PinError::UnknownPepper { pepper_id })?;
        Ok(mac::is_tag(pepper, PREFIX, &fields(kind, account, &id.to_be_bytes(), value), tag))
    }

    /// A verifier that nothing matches: checked where no transfer PIN was issued, so that this looks like a wrong one.
    pub fn dummy(&self) -> Result<Verifier, RandomError> {
        let mut bytes = vec![FORMAT, self.peppers.active().0];
        bytes.extend_from_slice(&random::take::<TAG_BYTES>()?);
        Ok(Verifier(bytes))
    }

    /// The pepper a verifier needs.
    pub fn needs_pepper(verifier: &Verifier) -> Result<u8, PinError> {
        parse(verifier).map(|(pepper_id, _)| pepper_id)
    }
}

/// A new transfer PIN: 6 random digits, each of the million equally likely.
pub fn generate_transfer_pin() -> Result<PinDigits, RandomError> {
    PinDigits::parse_transfer(&six_digits()?).map_err(|_| RandomError)
}

/// A new one-time code, likewise.
pub fn generate_code() -> Result<PinDigits, RandomError> {
    PinDigits::parse_code(&six_digits()?).map_err(|_| RandomError)
}

fn six_digits() -> Result<Zeroizing<String>, RandomError> {
    for _ in 0..DRAWS_MAX {
        let drawn = u32::from_be_bytes(random::take()?);
        if drawn < UNBIASED_BELOW {
            return Ok(Zeroizing::new(format!("{:06}", drawn % MILLION)));
        }
    }
    Err(RandomError)
}

fn fields<'a>(kind: ShortSecret, account: &'a Token, id: &'a [u8; 16], value: &'a PinDigits) -> [&'a [u8]; 4] {
    let kind: &'static [u8] = match kind {
        ShortSecret::TransferPin => &[ShortSecret::TransferPin as u8],
        ShortSecret::Code => &[ShortSecret::Code as u8],
    };
    [kind, account.as_bytes(), id, value.expose().as_bytes()]
}

fn parse(Verifier(bytes): &Verifier) -> Result<(u8, &[u8]), PinError> {
    match bytes.as_slice() {
        [FORMAT, pepper_id, tag @ ..] if tag.len() == TAG_BYTES => Ok((*pepper_id, tag)),
        _ => Err(PinError::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use proptest::prelude::*;

    use super::{MILLION, ShortSecret, ShortSecrets, UNBIASED_BELOW, generate_transfer_pin};
    use crate::crypto::mac::hex;
    use crate::crypto::{Keyring, PinError, Purpose, Token};
    use crate::domain::{PinDigits, Verifier};

    const ACCOUNT: Token = Token::from_bytes([0xa; 16]);
    const OTHER: Token = Token::from_bytes([0xb; 16]);
    const ID: u128 = 0x0190_d4f0_7c3e_7a52_9a63_0d1f_3c5e_7b91;

    fn secrets() -> ShortSecrets {
        ShortSecrets::new(&Keyring::known())
    }

    fn digits(text: &str) -> PinDigits {
        PinDigits::parse_offered(text).unwrap()
    }

    fn transfer_pin() -> Verifier {
        secrets().verifier(ShortSecret::TransferPin, &ACCOUNT, ID, &digits("042137"))
    }

    #[test]
    fn golden_verifier() {
        assert_eq!(hex(&transfer_pin().0), "0101bf888625de1fc165fd05f6543104527f1482a73b79013a73199e2195745a05d5");
    }

    #[test]
    fn matches_its_value_kind_account_and_id_alone() {
        let verify = |kind, account: &Token, id, value: &str| {
            secrets().verify(kind, account, id, &digits(value), &transfer_pin())
        };
        assert_eq!(verify(ShortSecret::TransferPin, &ACCOUNT, ID, "042137"), Ok(true));
        assert_eq!(verify(ShortSecret::TransferPin, &ACCOUNT, ID, "042138"), Ok(false));
        assert_eq!(verify(ShortSecret::TransferPin, &ACCOUNT, ID, "42137"), Ok(false));
        assert_eq!(verify(ShortSecret::Code, &ACCOUNT, ID, "042137"), Ok(false));
        assert_eq!(verify(ShortSecret::TransferPin, &OTHER, ID, "042137"), Ok(false));
        assert_eq!(verify(ShortSecret::TransferPin, &ACCOUNT, ID ^ 1, "042137"), Ok(false));
    }

    /// E14, for transfer PINs: two equal ones unlike, none checked without the pepper.
    #[test]
    fn nothing_verifies_without_the_pepper() {
        let value = digits("042137");
        let again = secrets().verifier(ShortSecret::TransferPin, &ACCOUNT, ID + 1, &value);
        assert_ne!(again, transfer_pin());
        let verify = |keyring: &Keyring, verifier: &Verifier| {
            ShortSecrets::new(keyring).verify(ShortSecret::TransferPin, &ACCOUNT, ID, &value, verifier)
        };
        let other = Keyring::generate(DateTime::UNIX_EPOCH).unwrap();
        assert_eq!(verify(&other, &transfer_pin()), Ok(false));
        let rotated = Keyring::known().rotate(Purpose::Pepper, DateTime::UNIX_EPOCH).unwrap();
        assert_eq!(verify(&rotated, &transfer_pin()), Ok(true));
        let new = ShortSecrets::new(&rotated).verifier(ShortSecret::TransferPin, &ACCOUNT, ID, &value);
        assert_eq!(ShortSecrets::needs_pepper(&new), Ok(2));
        assert_eq!(verify(&Keyring::known(), &new), Err(PinError::UnknownPepper { pepper_id: 2 }));
    }

    #[test]
    fn bytes_that_are_no_verifier_are_refused_and_the_dummy_matches_nothing() {
        let verify =
            |verifier: &Verifier| secrets().verify(ShortSecret::TransferPin, &ACCOUNT, ID, &digits("042137"), verifier);
        let whole = transfer_pin().0;
        let longer = [whole.as_slice(), &[0]].concat();
        for wrong in [&[], &whole[..33], longer.as_slice(), &[&[2], &whole[1..]].concat()] {
            assert_eq!(verify(&Verifier(wrong.to_vec())), Err(PinError::Malformed), "{}", hex(wrong));
        }
        assert_eq!(verify(&secrets().dummy().unwrap()), Ok(false));
    }

    /// E03: a guess is worth one in a million, for every value alike.
    #[test]
    fn transfer_pins_are_uniform() {
        assert_eq!(UNBIASED_BELOW % MILLION, 0);
        let mut by_place = [[0_u32; 10]; 6];
        for _ in 0..20_000 {
            let pin = generate_transfer_pin().unwrap();
            for (place, digit) in pin.expose().bytes().enumerate() {
                by_place[place][usize::from(digit - b'0')] += 1;
            }
        }
        // 2,000 each on average with a deviation of 42: seven deviations either way.
        assert!(by_place.iter().flatten().all(|count| (1_700..2_300).contains(count)), "{by_place:?}");
    }

    proptest! {
        #[test]
        fn round_trip(set in "[0-9]{6}", offered in "[0-9]{6}", id: u128, account: [u8; 16]) {
            let account = Token::from_bytes(account);
            let verifier = secrets().verifier(ShortSecret::Code, &account, id, &digits(&set));
            let verify = |value: &str| secrets().verify(ShortSecret::Code, &account, id, &digits(value), &verifier);
            prop_assert_eq!(verify(&set), Ok(true));
            prop_assert_eq!(verify(&offered), Ok(set == offered));
        }
    }
}
