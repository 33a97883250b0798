//! Proof: what may be offered, what checking it found, and how much it is worth.

use chrono::{DateTime, Utc};

use super::text::text_type;
use super::{DeviceId, DocumentDigest, HolderName, Msisdn, PinDigits, RecordId, Subject, TransferPinId};

/// A way to prove who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Factor {
    /// The account's long-lived PIN.
    AccountPin = 1,
    /// The short-lived PIN that authorises a port.
    TransferPin = 2,
    /// A code that was sent to a contact of the customer for one challenge.
    OneTimeCode = 3,
    /// A signature by the app key of a known device over the exact change.
    AppApproval = 4,
    /// An identity document that a store scanned, and that another person of the staff has seen.
    IdDocument = 5,
}

/// What kind of thing a factor proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FactorClass {
    /// Something the customer knows.
    Knowledge,
    /// Something the customer has.
    Possession,
    /// Something the customer is.
    Inherence,
}

impl Factor {
    /// Every factor.
    pub const ALL: [Self; 5] =
        [Self::AccountPin, Self::TransferPin, Self::OneTimeCode, Self::AppApproval, Self::IdDocument];

    /// Its class.
    pub const fn class(self) -> FactorClass {
        match self {
            Self::AccountPin | Self::TransferPin => FactorClass::Knowledge,
            Self::OneTimeCode | Self::AppApproval => FactorClass::Possession,
            Self::IdDocument => FactorClass::Inherence,
        }
    }

    /// Whether it alone meets every level.
    pub const fn is_strong(self) -> bool {
        matches!(self, Self::AppApproval | Self::IdDocument)
    }

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AccountPin => "ACCOUNT_PIN",
            Self::TransferPin => "TRANSFER_PIN",
            Self::OneTimeCode => "ONE_TIME_CODE",
            Self::AppApproval => "APP_APPROVAL",
            Self::IdDocument => "ID_DOCUMENT",
        }
    }
}

/// How much proof an action needs. Rules only raise it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Level {
    /// Nothing.
    None = 0,
    /// One accepted factor.
    Basic = 1,
    /// Factors of two classes.
    TwoClasses = 2,
    /// One strong factor.
    Strong = 3,
}

impl Level {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::Basic => "BASIC",
            Self::TwoClasses => "TWO_CLASSES",
            Self::Strong => "STRONG",
        }
    }
}

/// The level that a set of accepted factors reaches.
pub fn level_of(factors: impl IntoIterator<Item = Factor>) -> Level {
    let (mut level, mut first) = (Level::None, None);
    for factor in factors {
        let reached = match first {
            _ if factor.is_strong() => Level::Strong,
            Some(class) if factor.class() != class => Level::TwoClasses,
            _ => Level::Basic,
        };
        first = first.or(Some(factor.class()));
        level = level.max(reached);
    }
    level
}

/// Evidence as it comes with a request, its secrets still unseen. At most one of each kind.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Evidence {
    /// An account PIN.
    pub account_pin: Option<PinDigits>,
    /// A transfer PIN.
    pub transfer_pin: Option<PinDigits>,
    /// A code that was sent for the challenge.
    pub one_time_code: Option<PinDigits>,
    /// An app key's signature.
    pub app_approval: Option<AppApproval>,
    /// A scanned identity document.
    pub document: Option<DocumentScan>,
    /// That another person of the staff has seen the customer and their document.
    pub second_person: Option<SecondPerson>,
    /// What was given ahead of the question.
    pub handle: Option<RecordId>,
}

text_type! {
    /// What a store's scanner calls an identity document: the same for the same document.
    DocumentReference, 128, |c: char| c.is_ascii_graphic(),
    "must be a scanner's reference: 1 to 128 printable ASCII characters without spaces", private
}

/// An identity document, as a store's scanner read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentScan {
    /// Its name at the scanner. It is never kept: only a keyed digest is.
    pub reference: DocumentReference,
    /// Whose it is.
    pub holder: HolderName,
}

/// The word of a second person of the staff: what they have seen, by themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondPerson {
    /// The name on the document.
    pub holder: HolderName,
    /// The number that is to be changed.
    pub msisdn: Msisdn,
    /// What was scanned; none before the challenge was looked up.
    pub beside: Option<Beside>,
}

/// What a second person's word stands beside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beside {
    /// Who scanned it.
    pub by: Subject,
    /// What.
    pub document: DocumentDigest,
    /// Whether it is of somebody whose proof counts.
    pub is_somebodys: bool,
}

/// A signature by a customer's app key over the exact change.
#[derive(Clone, PartialEq, Eq)]
pub struct AppApproval {
    /// Which key.
    pub device: DeviceId,
    /// The signature.
    pub signature: Vec<u8>,
}

/// A signature that is not spent yet is as good as its owner's yes.
impl std::fmt::Debug for AppApproval {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AppApproval").field("device", &self.device).finish_non_exhaustive()
    }
}

/// What looking at an account PIN found. `Matched` is not yet proof: how it was entered and how old it is decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PinCheck {
    /// Right.
    Matched,
    /// Wrong.
    Mismatched,
    /// None was offered.
    NotSupplied,
    /// Offered, but the account has none. Counted and answered like a wrong one.
    NotSet,
    /// Not looked at: the PIN is off until this instant.
    Exhausted {
        /// When it is on again.
        until: DateTime<Utc>,
    },
    /// Not looked at and not counted: something earlier already refuses.
    NotAdmitted,
    /// Not looked at: too many are waiting for the hash.
    Shed,
    /// None was offered, and the customer entered the right one for the challenge that is completed.
    Given,
}

impl PinCheck {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Matched => "MATCHED",
            Self::Mismatched => "MISMATCHED",
            Self::NotSupplied => "NOT_SUPPLIED",
            Self::NotSet => "NOT_SET",
            Self::Exhausted { .. } => "EXHAUSTED",
            Self::NotAdmitted => "NOT_ADMITTED",
            Self::Shed => "SHED",
            Self::Given => "GIVEN",
        }
    }

    /// Whether it counts as a failure.
    pub const fn is_failure(self) -> bool {
        matches!(self, Self::Mismatched | Self::NotSet)
    }
}

/// What looking at a transfer PIN found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransferPinCheck {
    /// Right, live, for this line and carrier.
    Matched {
        /// Which one.
        id: TransferPinId,
        /// Whether it was issued from a known device.
        known_device: bool,
        /// When it was issued.
        issued_at: DateTime<Utc>,
    },
    /// Wrong, never issued, or for another line or carrier: one answer for all.
    Mismatched,
    /// The right value of one that has expired.
    Expired,
    /// The right value of one that was used or is void.
    Void,
    /// None was offered.
    NotSupplied,
    /// Not looked at and not counted.
    NotAdmitted,
}

/// What looking at an app approval found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppCheck {
    /// A known device's key signed exactly this change.
    Signed {
        /// When the device was added.
        added_at: DateTime<Utc>,
        /// Whether it is the device the request came from.
        same_device: bool,
    },
    /// The signature holds, but the device is too new to prove anything.
    NewDevice,
    /// Unknown key, or the signature does not hold for this change.
    Refused,
    /// None was offered.
    NotSupplied,
}

impl AppCheck {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Signed { .. } => "SIGNED",
            Self::NewDevice => "NEW_DEVICE",
            Self::Refused => "REFUSED",
            Self::NotSupplied => "NOT_SUPPLIED",
        }
    }
}

/// What looking at a one-time code found. `Matched` is not yet proof: where it was sent and who entered it decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeCheck {
    /// The one that was sent last for this challenge.
    Matched,
    /// Another.
    Mismatched,
    /// The right one, too late.
    Expired,
    /// None waits to be entered: none was sent for this, or it was entered before.
    NotSent,
    /// None was offered.
    NotSupplied,
    /// None was offered, and the customer entered the right one for the challenge that is completed.
    Given,
}

impl CodeCheck {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Matched => "MATCHED",
            Self::Mismatched => "MISMATCHED",
            Self::Expired => "EXPIRED",
            Self::NotSent => "NOT_SENT",
            Self::NotSupplied => "NOT_SUPPLIED",
            Self::Given => "GIVEN",
        }
    }

    /// Whether it counts as a wrong answer.
    pub const fn is_failure(self) -> bool {
        matches!(self, Self::Mismatched | Self::NotSent)
    }
}

/// What looking at an identity document found. `Matched` is not yet proof: another person must have seen it, and time pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentCheck {
    /// It is of a person whose proof counts for this change.
    Matched,
    /// It is of somebody else.
    Differs,
    /// No such person has a name on record.
    NotOnRecord,
    /// A second person has seen it.
    Seconded,
    /// None was offered.
    NotSupplied,
    /// None was offered, and one was shown for the challenge that is completed.
    Given,
}

impl DocumentCheck {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Matched => "MATCHED",
            Self::Differs => "DIFFERS",
            Self::NotOnRecord => "NOT_ON_RECORD",
            Self::Seconded => "SECONDED",
            Self::NotSupplied => "NOT_SUPPLIED",
            Self::Given => "GIVEN",
        }
    }
}

/// What looking at all the evidence found: what `evaluate` decides on instead of secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checks {
    /// The account PIN.
    pub pin: PinCheck,
    /// The transfer PIN.
    pub transfer_pin: TransferPinCheck,
    /// The one-time code.
    pub code: CodeCheck,
    /// The app approval.
    pub app: AppCheck,
    /// The identity document.
    pub document: DocumentCheck,
}

impl Checks {
    /// No evidence was offered.
    pub const NONE: Self = Self {
        pin: PinCheck::NotSupplied,
        transfer_pin: TransferPinCheck::NotSupplied,
        code: CodeCheck::NotSupplied,
        app: AppCheck::NotSupplied,
        document: DocumentCheck::NotSupplied,
    };
}

#[cfg(test)]
mod tests {
    use super::{Factor, Level, level_of};

    #[test]
    fn levels() {
        assert_eq!(level_of([]), Level::None);
        assert_eq!(level_of([Factor::AccountPin]), Level::Basic);
        assert_eq!(level_of([Factor::AccountPin, Factor::TransferPin]), Level::Basic);
        assert_eq!(level_of([Factor::AppApproval]), Level::Strong);
        assert_eq!(level_of([Factor::IdDocument]), Level::Strong);
    }
}
