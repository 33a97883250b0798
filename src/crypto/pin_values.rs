//! Names of PIN values, for counting how many accounts one was tried on.
//!
//! A value has a million others at most beside it, so whoever holds a name and its key finds the value at once. A key of the
//! keyring would undo what Argon2id and the pepper do: a stolen store with its keys would tell, by a cheap hash, which value
//! was tried on which account, right ones among them. So the key is this process's own: made at start, kept nowhere, gone with
//! the process. What it costs: a restart forgets, and each engine counts for itself.

use ring::hmac;
use zeroize::Zeroizing;

use super::random::{self, RandomError};
use super::{Token, mac};
use crate::domain::{Brand, PinDigits};

/// Makes names of PIN values that mean something in this process alone. Has no `Debug`.
pub struct PinValues(hmac::Key);

impl PinValues {
    /// With a key of its own.
    pub fn new() -> Result<Self, RandomError> {
        let mut key = Zeroizing::new([0; 32]);
        random::fill(key.as_mut_slice())?;
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, key.as_slice())))
    }

    /// The name of a value.
    pub fn token(&self, brand: &Brand, pin: &PinDigits) -> Token {
        let fields = [brand.as_str().as_bytes(), pin.expose().as_bytes()];
        Token::from_bytes(mac::leading(&mac::tag(&self.0, b"pin-value", &fields)))
    }
}

#[cfg(test)]
mod tests {
    use super::PinValues;
    use crate::domain::{Brand, PinDigits};

    #[test]
    fn a_value_has_one_name_in_a_process_and_another_in_the_next() {
        let (here, elsewhere) = (PinValues::new().unwrap(), PinValues::new().unwrap());
        let (brand, other) = (Brand::parse("main").unwrap(), Brand::parse("other").unwrap());
        let [pin, next] = ["482951", "482952"].map(|digits| PinDigits::parse_offered(digits).unwrap());
        assert_eq!(here.token(&brand, &pin), here.token(&brand, &pin));
        assert_ne!(here.token(&brand, &pin), here.token(&brand, &next));
        assert_ne!(here.token(&brand, &pin), here.token(&other, &pin));
        assert_ne!(here.token(&brand, &pin), elsewhere.token(&brand, &pin));
    }
}
