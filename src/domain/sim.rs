//! SIM and device numbers.

use super::SimTarget;
use super::text::{FormatError, is_digits, luhn_holds, require};

const ICCID: &str = "must be an ICCID: 19 or 20 digits that start with 89, the last a Luhn check digit";
const EID: &str = "must be an EID: 32 digits whose number modulo 97 is 1";
const IMEI: &str = "must be an IMEI of 15 digits with a Luhn check digit, or an IMEISV of 16 digits";

macro_rules! digits_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash)]
        pub struct $name(String);

        impl $name {
            /// The digits.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    };
}

digits_type! {
    /// The number of a SIM card or profile (ITU-T E.118).
    Iccid
}
digits_type! {
    /// The number of an eSIM chip (GSMA SGP.29). It need not start with 89.
    Eid
}
digits_type! {
    /// The number of a handset, with or without the software version (3GPP TS 23.003).
    Imei
}

/// The SIM that a line was on, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SimBefore {
    /// The SIM card or profile.
    pub iccid: Option<Iccid>,
    /// The eSIM chip.
    pub eid: Option<Eid>,
}

impl SimBefore {
    /// Whether it is the one that a change names.
    pub fn is(&self, target: &SimTarget) -> bool {
        target.is_one_of(self.iccid.as_ref(), self.eid.as_ref())
    }

    /// Whether nothing is known of it.
    pub const fn is_unknown(&self) -> bool {
        self.iccid.is_none() && self.eid.is_none()
    }
}

impl From<SimTarget> for SimBefore {
    fn from(target: SimTarget) -> Self {
        match target {
            SimTarget::Iccid(iccid) => Self { iccid: Some(iccid), eid: None },
            SimTarget::Eid(eid) => Self { iccid: None, eid: Some(eid) },
        }
    }
}

/// Whether ICCIDs must carry their check digit; some suppliers' files drop it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IccidCheck {
    /// The last digit must satisfy Luhn.
    #[default]
    Luhn,
    /// Length and prefix only.
    FormatOnly,
}

impl Iccid {
    /// Parses 19 or 20 digits from 89, with their Luhn digit.
    pub fn parse(text: &str) -> Result<Self, FormatError> {
        Self::parse_with(text, IccidCheck::Luhn)
    }

    /// The same under the operator's choice of check.
    pub fn parse_with(text: &str, check: IccidCheck) -> Result<Self, FormatError> {
        require(is_digits(text) && (19..=20).contains(&text.len()) && text.starts_with("89"), ICCID)?;
        require(check == IccidCheck::FormatOnly || luhn_holds(text), ICCID)?;
        Ok(Self(text.to_owned()))
    }
}

impl Eid {
    /// Parses 32 digits whose number modulo 97 is 1.
    pub fn parse(text: &str) -> Result<Self, FormatError> {
        require(is_digits(text) && text.len() == 32, EID)?;
        let remainder = text.bytes().fold(0_u32, |rest, byte| (rest * 10 + u32::from(byte.wrapping_sub(b'0'))) % 97);
        require(remainder == 1, EID)?;
        Ok(Self(text.to_owned()))
    }
}

impl Imei {
    /// Parses an IMEI (15 digits, Luhn) or an IMEISV (16 digits).
    pub fn parse(text: &str) -> Result<Self, FormatError> {
        require(is_digits(text), IMEI)?;
        require(text.len() == 16 || (text.len() == 15 && luhn_holds(text)), IMEI)?;
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Eid, Iccid, IccidCheck, Imei};

    #[test]
    fn iccid() {
        assert!(Iccid::parse("8901260123456789013").is_err());
        assert!(Iccid::parse("8901260123456789011").is_ok());
        assert!(Iccid::parse_with("8901260123456789013", IccidCheck::FormatOnly).is_ok());
        for wrong in ["", "8801260123456789012", "890126012345678901", "890126012345678901134", "89012601234567890x2"] {
            assert!(Iccid::parse_with(wrong, IccidCheck::FormatOnly).is_err(), "`{wrong}` was accepted");
        }
    }

    #[test]
    fn eid() {
        assert!(Eid::parse("89049032123451234512345678901235").is_ok());
        assert!(Eid::parse("89049032123451234512345678901236").is_err());
        assert!(Eid::parse("8904903212345123451234567890123").is_err());
    }

    #[test]
    fn imei() {
        assert!(Imei::parse("490154203237518").is_ok());
        assert!(Imei::parse("490154203237517").is_err());
        assert!(Imei::parse("4901542032375181").is_ok());
        assert!(Imei::parse("49015420323751").is_err());
    }
}
