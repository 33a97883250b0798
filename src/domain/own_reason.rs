//! Reasons that an operator's policy declares, beside those of the engine.

use super::rule_id::interned;
use super::text::{FormatError, is_text, require};
use super::{Reason, ReasonClass};

/// What their codes begin with, and no code of the engine does.
pub const OWN_REASON_PREFIX: &str = "X_";

const CODE: &str = "must be `X_` and 1 to 46 capitals, digits and single underscores between them, like X_SIM_FARM";
const MEANING: &str = "must be 1 to 200 characters, none of them control characters";

/// A reason that a policy declares: its code, what it means, its class, and what another carrier is told.
///
/// One is as small as a reason of the engine's: its texts are kept once for the life of the process. They are few: those of the
/// policies that it loaded, and of the records it read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OwnReason {
    code: &'static str,
    meaning: &'static str,
    class: ReasonClass,
    told: CarrierCode,
}

impl OwnReason {
    /// Checks code and meaning.
    pub fn new(code: &str, meaning: &str, class: ReasonClass, told: CarrierCode) -> Result<Self, FormatError> {
        require(is_own_code(code), CODE)?;
        require(is_text(meaning, 200, |c| !c.is_control()), MEANING)?;
        Ok(Self { code: interned(code), meaning: interned(meaning), class, told })
    }

    /// The code in answers, records and metrics.
    pub const fn code(self) -> &'static str {
        self.code
    }

    /// What it means, in the operator's words.
    pub const fn meaning(self) -> &'static str {
        self.meaning
    }

    /// Its class.
    pub const fn class(self) -> ReasonClass {
        self.class
    }

    /// What another carrier is told.
    pub const fn told(self) -> CarrierCode {
        self.told
    }

    /// The reason of the engine's that stands for it where there are none but those.
    pub const fn nearest_of_engine(self) -> Reason {
        Reason::ScoreHigh
    }
}

/// Whether a text can be the code of a policy's own reason.
fn is_own_code(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
    let is_word = |word: &str| !word.is_empty() && word.chars().all(is_plain);
    text.len() <= 48 && text.strip_prefix(OWN_REASON_PREFIX).is_some_and(|rest| rest.split('_').all(is_word))
}

/// What another carrier may be told for such a reason, once its account number matched. Closed, and without those codes that say
/// of a number, a name or a PIN that it is wrong: no rule knows that, and a false "wrong PIN" is never said. The numbers are recorded
/// for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum CarrierCode {
    /// Another reason.
    Other = 1,
    /// The port is protected.
    PortProtection = 2,
    /// The customer's data do not match.
    DataMismatch = 3,
    /// The number is not active.
    NotActive = 4,
    /// The number cannot be ported.
    NotPortable = 5,
    /// The line is prepaid.
    Prepaid = 6,
}

impl CarrierCode {
    /// Every one.
    pub const ALL: [Self; 6] =
        [Self::Other, Self::PortProtection, Self::DataMismatch, Self::NotActive, Self::NotPortable, Self::Prepaid];

    /// Its code in wireless port responses, by which policies name it.
    pub const fn wicis(self) -> &'static str {
        match self {
            Self::Other => "1P",
            Self::PortProtection => "6P",
            Self::DataMismatch => "6C",
            Self::NotActive => "6D",
            Self::NotPortable => "6K",
            Self::Prepaid => "7C",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CarrierCode, OWN_REASON_PREFIX, OwnReason};
    use crate::domain::{Reason, ReasonClass};

    fn own(code: &str, meaning: &str) -> Option<OwnReason> {
        OwnReason::new(code, meaning, ReasonClass::Risk, CarrierCode::Other).ok()
    }

    /// What breaks here would make an operator's code mean another thing from one release to the next.
    #[test]
    fn no_code_of_the_engine_is_an_operators() {
        for reason in Reason::ALL {
            assert!(!reason.code().starts_with(OWN_REASON_PREFIX), "{reason:?}");
            assert_eq!(own(reason.code(), "Mine."), None, "{reason:?}");
        }
    }

    #[test]
    fn codes_are_upper_snake_behind_the_prefix() {
        for code in ["X_A", "X_SIM_FARM", "X_2_LINES"] {
            assert_eq!(own(code, "Mine.").map(OwnReason::code), Some(code));
        }
        let long = format!("X_{}", "A".repeat(47));
        for code in ["", "X", "X_", "X__A", "X_A_", "X_a", "X_A B", "SIM_FARM", "X-A", "XA", "X_Ä", long.as_str()] {
            assert_eq!(own(code, "Mine."), None, "{code}");
        }
        assert_eq!((own("X_A", ""), own("X_A", "a\nb"), own("X_A", &"a".repeat(201))), (None, None, None));
    }
}
