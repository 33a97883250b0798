//! Which types are kept as texts, and the check that each passes again when it is read.

use crate::domain::{
    AccountId, AccountNumber, Brand, ContactId, DealerId, DeviceId, Eid, FormatError, HeldName, HolderName, Iccid,
    IccidCheck, Imei, LineId, PersonId, Pon, PostalCode, Reference, Spid, StoreId, Subject,
};

/// A type that is kept as a text.
pub(super) trait StoredText: Sized {
    /// The value of a stored text, if it still has the type's format.
    fn of_stored(text: String) -> Result<Self, FormatError>;
}

macro_rules! stored_texts {
    ($($type:ident),+ => $parse:expr) => {
        $(impl StoredText for $type {
            fn of_stored(text: String) -> Result<Self, FormatError> {
                $parse(text)
            }
        })+
    };
}

// These keep the text they are given.
stored_texts! {
    AccountId, AccountNumber, Brand, ContactId, DealerId, DeviceId, HeldName, LineId, PersonId, Pon, Reference, StoreId,
    Subject
    => Self::try_from
}

stored_texts! {
    Eid, HolderName, Imei, PostalCode, Spid => |text: String| Self::parse(&text)
}

// Whether the check digit counts is the operator's choice, and was made when the ICCID came in.
stored_texts! {
    Iccid => |text: String| Self::parse_with(&text, IccidCheck::FormatOnly)
}
