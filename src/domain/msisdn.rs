//! Telephone numbers in E.164, one spelling each.

use super::text::{FormatError, is_digits, require};

const E164: &str = "must be an E.164 number: `+`, then 5 to 15 digits that start with 1 to 9";
const NANP: &str = "must be an assignable North American number: +1 NPA-NXX-XXXX, NPA and NXX start with 2 to 9, \
                    not N11, second digit of the NPA not 9";
const NOT_MOBILE: &str = "must be a line that can hold a SIM: toll-free and premium-rate numbers cannot";

/// Toll-free and premium-rate area codes of the North American plan.
const NOT_MOBILE_NPAS: [u64; 9] = [800, 822, 833, 844, 855, 866, 877, 888, 900];

/// A telephone number: E.164 digits without the `+`. One number has one value, so one counter.
///
/// `Debug` shows nothing: a full number appears only where an answer is about that number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Msisdn(u64);

impl Msisdn {
    /// The number of a stand-in for a line that has none. It does not parse, so no request can name it.
    pub const NOWHERE: Self = Self(0);

    /// Parses `+` and 5 to 15 digits (CAMARA: `^\+[1-9][0-9]{4,14}$`); +1 numbers must fit the North American plan.
    pub fn parse(text: &str) -> Result<Self, FormatError> {
        let digits = text.strip_prefix('+').ok_or(FormatError::new(E164))?;
        require(is_digits(digits) && (5..=15).contains(&digits.len()) && !digits.starts_with('0'), E164)?;
        Self::from_digits(digits.parse().map_err(|_| FormatError::new(E164))?)
    }

    /// The same from the digits as a number, as stored.
    pub fn from_digits(number: u64) -> Result<Self, FormatError> {
        require((10_000..=999_999_999_999_999).contains(&number), E164)?;
        let places = number.ilog10();
        if number / 10_u64.pow(places) == 1 {
            check_nanp(places + 1, number)?;
        }
        Ok(Self(number))
    }

    /// The E.164 spelling. Named so that every place that reveals a number is found by name.
    pub fn to_e164(self) -> String {
        format!("+{}", self.0)
    }

    /// The digits as a number, for keyed hashing and storage.
    pub const fn digits(self) -> u64 {
        self.0
    }

    /// The last `count` digits, for the rule that refuses PINs taken from the number.
    pub fn last_digits(self, count: u32) -> String {
        let modulus = 10_u64.saturating_pow(count);
        format!("{:0width$}", self.0 % modulus, width = count as usize)
    }
}

impl std::fmt::Debug for Msisdn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Msisdn(..)")
    }
}

fn check_nanp(length: u32, number: u64) -> Result<(), FormatError> {
    require(length == 11, NANP)?;
    let npa = number / 10_000_000 % 1_000;
    let nxx = number / 10_000 % 1_000;
    let starts_well = |code: u64| code / 100 >= 2;
    let is_n11 = |code: u64| code % 100 == 11;
    require(starts_well(npa) && starts_well(nxx), NANP)?;
    require(!is_n11(npa) && !is_n11(nxx) && npa / 10 % 10 != 9, NANP)?;
    require(!NOT_MOBILE_NPAS.contains(&npa), NOT_MOBILE)
}

#[cfg(test)]
mod tests {
    use super::Msisdn;

    #[test]
    fn one_spelling_is_accepted_and_every_other_refused() {
        assert_eq!(Msisdn::parse("+12125550123").map(Msisdn::to_e164).as_deref(), Ok("+12125550123"));
        assert!(Msisdn::parse("+4915112345678").is_ok());
        for wrong in [
            "",
            "+",
            "2125550123",
            "12125550123",
            "0012125550123",
            "+1 212 555 0123",
            "+1-212-555-0123",
            "+1(212)5550123",
            "tel:+12125550123",
            "+012125550123",
            "+1234",
            "+1234567890123456",
            "+1212555012",
            "+121255501234",
            "+11125550123",
            "+12115550123",
            "+12121150123",
            "+12120550123",
            "+12915550123",
            "+18005550123",
            "+19005550123",
            "+１２１２５５５０１２３",
            "+12125550123 ",
            " +12125550123",
            "+1212555O123",
        ] {
            assert!(Msisdn::parse(wrong).is_err(), "`{wrong}` was accepted");
        }
    }

    proptest::proptest! {
        /// E36: no two spellings are one number, so no spelling has a counter of its own.
        #[test]
        fn what_parses_is_spelt_as_it_is_kept(text in "[+0-9a-z() .-]{0,4}\\+?[0-9]{3,15}[0-9 ;-]{0,2}") {
            if let Ok(number) = Msisdn::parse(&text) {
                proptest::prop_assert_eq!(number.to_e164(), text);
            }
        }
    }

    #[test]
    fn debug_reveals_nothing() {
        let number = Msisdn::parse("+12125550123").map(|n| format!("{n:?}"));
        assert_eq!(number.as_deref(), Ok("Msisdn(..)"));
    }
}
