//! What carriers call each other, their orders and their customers.

use super::text::{FormatError, is_identifier_char, require, text_type};

text_type! {
    /// A purchase order number: the gaining carrier's name for a port request.
    Pon, 25, |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '#'),
    "must be a PON: 1 to 25 letters, digits, `-`, `_` or `#`", shown
}
text_type! {
    /// A customer's account number with the losing carrier. Leading zeros matter.
    AccountNumber, 32, |c: char| c.is_ascii_alphanumeric(),
    "must be an account number: 1 to 32 letters and digits", private
}
text_type! {
    /// A brand: the carrier itself or an MVNO on its network.
    Brand, 32, is_identifier_char, "must be a brand: 1 to 32 letters, digits, `-`, `_` or `.`", shown
}
text_type! {
    /// A dealer who brings customers to a gaining carrier.
    DealerId, 64, is_identifier_char, "must be a dealer id: 1 to 64 letters, digits, `-`, `_`, `.` or `:`", shown
}

const SPID: &str = "must be a SPID: exactly 4 letters and digits";

/// A service provider id (SPID, OCN): 4 letters and digits, upper case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Spid([u8; 4]);

impl Spid {
    /// Parses exactly 4 letters and digits; lower case is the same carrier.
    pub fn parse(text: &str) -> Result<Self, FormatError> {
        let bytes: [u8; 4] = text.as_bytes().try_into().map_err(|_| FormatError::new(SPID))?;
        require(bytes.iter().all(u8::is_ascii_alphanumeric), SPID)?;
        Ok(Self(bytes.map(|byte| byte.to_ascii_uppercase())))
    }

    /// The 4 characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl std::fmt::Display for Spid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl AccountNumber {
    /// Whether two account numbers are the same customer's: letters compare without case, zeros count (47 CFR 52.36).
    pub fn matches(&self, other: &Self) -> bool {
        self.as_str().eq_ignore_ascii_case(other.as_str())
    }
}

const POSTAL_CODE: &str = "must be a postal code: 3 to 10 letters, digits, spaces or hyphens";

/// A postal code; the first five digits of a US one are what ports compare.
#[derive(Clone, PartialEq, Eq)]
pub struct PostalCode(String);

impl PostalCode {
    /// Parses 3 to 10 letters, digits, spaces or hyphens.
    pub fn parse(text: &str) -> Result<Self, FormatError> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-');
        require((3..=10).contains(&text.len()) && text.chars().all(allowed), POSTAL_CODE)?;
        Ok(Self(text.to_ascii_uppercase()))
    }

    /// The code in upper case.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether two codes are the same place: five digits of a ZIP or ZIP+4, else letters and digits alone.
    pub fn matches(&self, other: &Self) -> bool {
        self.compared() == other.compared()
    }

    fn compared(&self) -> String {
        let kept: String = self.0.chars().filter(char::is_ascii_alphanumeric).collect();
        let is_zip = kept.len() >= 5 && kept.bytes().all(|b| b.is_ascii_digit());
        if is_zip { kept.chars().take(5).collect() } else { kept }
    }
}

impl std::fmt::Debug for PostalCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PostalCode(..)")
    }
}

const HOLDER_NAME: &str = "must be a name: 1 to 120 characters, none of them control characters";

/// A name as it stands on an account.
#[derive(Clone, PartialEq, Eq)]
pub struct HolderName(String);

impl HolderName {
    /// Parses 1 to 120 characters without control characters.
    pub fn parse(text: &str) -> Result<Self, FormatError> {
        let length = text.chars().count();
        require((1..=120).contains(&length) && !text.chars().any(char::is_control), HOLDER_NAME)?;
        Ok(Self(text.to_owned()))
    }

    /// The name as given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether two names match: neither case nor punctuation nor spacing counts (47 CFR 52.36).
    pub fn matches(&self, other: &Self) -> bool {
        let compared =
            |name: &str| name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
        compared(&self.0) == compared(&other.0)
    }
}

impl std::fmt::Debug for HolderName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HolderName(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::{AccountNumber, HolderName, Pon, PostalCode, Spid};

    #[test]
    fn formats() {
        assert!(Spid::parse("12aB").is_ok_and(|spid| spid.as_str() == "12AB"));
        for wrong in ["", "123", "12345", "12-4", "12é"] {
            assert!(Spid::parse(wrong).is_err(), "`{wrong}` was accepted");
        }
        assert!(Pon::parse("PON-2026_11#7").is_ok());
        assert!(Pon::parse("a".repeat(26).as_str()).is_err());
        assert!(Pon::parse("a b").is_err());
        assert!(AccountNumber::parse("0012345").is_ok());
        assert!(AccountNumber::parse("00-12345").is_err());
    }

    #[test]
    fn port_fields_compare_as_the_rule_says() {
        let zip = |text| PostalCode::parse(text).ok();
        assert!(zip("02139").zip(zip("02139-4307")).is_some_and(|(a, b)| a.matches(&b)));
        assert!(zip("02139").zip(zip("2139")).is_some_and(|(a, b)| !a.matches(&b)));
        assert!(zip("k1a 0b1").zip(zip("K1A0B1")).is_some_and(|(a, b)| a.matches(&b)));
        let name = |text| HolderName::parse(text).ok();
        assert!(name("O'Hara, Ann").zip(name("ohara ann")).is_some_and(|(a, b)| a.matches(&b)));
        let number = |text| AccountNumber::parse(text).ok();
        assert!(number("0012A").zip(number("12A")).is_some_and(|(a, b)| !a.matches(&b)));
    }
}
