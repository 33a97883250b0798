//! What looking at the evidence found.

use prost::{Message, Oneof};

use super::CodecError;
use super::field::{at, id, instant, millis, nested, required};
use crate::domain::{AppCheck, Checks, CodeCheck, DocumentCheck, PinCheck, TransferPinCheck, TransferPinId};

/// The findings on all the evidence of a request.
#[derive(Message)]
#[prost(skip_debug)]
pub(super) struct StoredChecks {
    #[prost(oneof = "StoredPinCheck", tags = "1, 2, 3, 4, 5, 6, 7, 18")]
    pin: Option<StoredPinCheck>,
    #[prost(oneof = "StoredTransferPinCheck", tags = "8, 9, 10, 11, 12, 13")]
    transfer_pin: Option<StoredTransferPinCheck>,
    #[prost(oneof = "StoredAppCheck", tags = "14, 15, 16, 17")]
    app: Option<StoredAppCheck>,
    /// Absent: none was offered.
    #[prost(oneof = "StoredCodeCheck", tags = "19, 20, 21, 22, 23")]
    code: Option<StoredCodeCheck>,
    /// Absent: none was offered.
    #[prost(oneof = "StoredDocumentCheck", tags = "24, 25, 26, 27, 28")]
    document: Option<StoredDocumentCheck>,
}

#[derive(Oneof)]
#[prost(skip_debug)]
enum StoredDocumentCheck {
    #[prost(message, tag = "24")]
    Matched(()),
    #[prost(message, tag = "25")]
    Differs(()),
    #[prost(message, tag = "26")]
    NotOnRecord(()),
    #[prost(message, tag = "27")]
    Seconded(()),
    #[prost(message, tag = "28")]
    Given(()),
}

#[derive(Oneof)]
#[prost(skip_debug)]
enum StoredCodeCheck {
    #[prost(message, tag = "19")]
    Matched(()),
    #[prost(message, tag = "20")]
    Mismatched(()),
    #[prost(message, tag = "21")]
    Expired(()),
    #[prost(message, tag = "22")]
    NotSent(()),
    #[prost(message, tag = "23")]
    Given(()),
}

#[derive(Oneof)]
#[prost(skip_debug)]
enum StoredPinCheck {
    #[prost(message, tag = "1")]
    Matched(()),
    #[prost(message, tag = "2")]
    Mismatched(()),
    #[prost(message, tag = "3")]
    NotSupplied(()),
    #[prost(message, tag = "4")]
    NotSet(()),
    #[prost(sint64, tag = "5")]
    ExhaustedUntil(i64),
    #[prost(message, tag = "6")]
    NotAdmitted(()),
    #[prost(message, tag = "7")]
    Shed(()),
    #[prost(message, tag = "18")]
    Given(()),
}

#[derive(Oneof)]
#[prost(skip_debug)]
enum StoredTransferPinCheck {
    #[prost(message, tag = "8")]
    Matched(StoredTransferPinMatch),
    #[prost(message, tag = "9")]
    Mismatched(()),
    #[prost(message, tag = "10")]
    Expired(()),
    #[prost(message, tag = "11")]
    Void(()),
    #[prost(message, tag = "12")]
    NotSupplied(()),
    #[prost(message, tag = "13")]
    NotAdmitted(()),
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredTransferPinMatch {
    #[prost(bytes = "vec", optional, tag = "1")]
    id: Option<Vec<u8>>,
    #[prost(bool, optional, tag = "2")]
    known_device: Option<bool>,
    #[prost(sint64, optional, tag = "3")]
    issued_at: Option<i64>,
}

#[derive(Oneof)]
#[prost(skip_debug)]
enum StoredAppCheck {
    #[prost(message, tag = "14")]
    Signed(StoredSigned),
    #[prost(message, tag = "15")]
    NewDevice(()),
    #[prost(message, tag = "16")]
    Refused(()),
    #[prost(message, tag = "17")]
    NotSupplied(()),
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredSigned {
    #[prost(sint64, optional, tag = "1")]
    added_at: Option<i64>,
    #[prost(bool, optional, tag = "2")]
    same_device: Option<bool>,
}

impl From<&Checks> for StoredChecks {
    fn from(checks: &Checks) -> Self {
        let Checks { pin, transfer_pin, code, app, document } = checks;
        let code = match code {
            CodeCheck::NotSupplied => None,
            CodeCheck::Matched => Some(StoredCodeCheck::Matched(())),
            CodeCheck::Mismatched => Some(StoredCodeCheck::Mismatched(())),
            CodeCheck::Expired => Some(StoredCodeCheck::Expired(())),
            CodeCheck::NotSent => Some(StoredCodeCheck::NotSent(())),
            CodeCheck::Given => Some(StoredCodeCheck::Given(())),
        };
        let document = match document {
            DocumentCheck::NotSupplied => None,
            DocumentCheck::Matched => Some(StoredDocumentCheck::Matched(())),
            DocumentCheck::Differs => Some(StoredDocumentCheck::Differs(())),
            DocumentCheck::NotOnRecord => Some(StoredDocumentCheck::NotOnRecord(())),
            DocumentCheck::Seconded => Some(StoredDocumentCheck::Seconded(())),
            DocumentCheck::Given => Some(StoredDocumentCheck::Given(())),
        };
        let (pin, transfer_pin, app) = (Some(pin.into()), Some(transfer_pin.into()), Some(app.into()));
        Self { pin, transfer_pin, app, code, document }
    }
}

impl TryFrom<StoredChecks> for Checks {
    type Error = CodecError;

    fn try_from(stored: StoredChecks) -> Result<Self, CodecError> {
        let StoredChecks { pin, transfer_pin, app, code, document } = stored;
        Ok(Self {
            pin: nested(pin, "checks.pin")?,
            transfer_pin: nested(transfer_pin, "checks.transfer_pin")?,
            code: match code {
                None => CodeCheck::NotSupplied,
                Some(StoredCodeCheck::Matched(())) => CodeCheck::Matched,
                Some(StoredCodeCheck::Mismatched(())) => CodeCheck::Mismatched,
                Some(StoredCodeCheck::Expired(())) => CodeCheck::Expired,
                Some(StoredCodeCheck::NotSent(())) => CodeCheck::NotSent,
                Some(StoredCodeCheck::Given(())) => CodeCheck::Given,
            },
            app: nested(app, "checks.app")?,
            document: match document {
                None => DocumentCheck::NotSupplied,
                Some(StoredDocumentCheck::Matched(())) => DocumentCheck::Matched,
                Some(StoredDocumentCheck::Differs(())) => DocumentCheck::Differs,
                Some(StoredDocumentCheck::NotOnRecord(())) => DocumentCheck::NotOnRecord,
                Some(StoredDocumentCheck::Seconded(())) => DocumentCheck::Seconded,
                Some(StoredDocumentCheck::Given(())) => DocumentCheck::Given,
            },
        })
    }
}

impl From<&PinCheck> for StoredPinCheck {
    fn from(check: &PinCheck) -> Self {
        match check {
            PinCheck::Matched => Self::Matched(()),
            PinCheck::Mismatched => Self::Mismatched(()),
            PinCheck::NotSupplied => Self::NotSupplied(()),
            PinCheck::NotSet => Self::NotSet(()),
            PinCheck::Exhausted { until } => Self::ExhaustedUntil(millis(*until)),
            PinCheck::NotAdmitted => Self::NotAdmitted(()),
            PinCheck::Shed => Self::Shed(()),
            PinCheck::Given => Self::Given(()),
        }
    }
}

impl TryFrom<StoredPinCheck> for PinCheck {
    type Error = CodecError;

    fn try_from(stored: StoredPinCheck) -> Result<Self, CodecError> {
        Ok(match stored {
            StoredPinCheck::Matched(()) => Self::Matched,
            StoredPinCheck::Mismatched(()) => Self::Mismatched,
            StoredPinCheck::NotSupplied(()) => Self::NotSupplied,
            StoredPinCheck::NotSet(()) => Self::NotSet,
            StoredPinCheck::ExhaustedUntil(until) => Self::Exhausted { until: at(until, "checks.pin_until")? },
            StoredPinCheck::NotAdmitted(()) => Self::NotAdmitted,
            StoredPinCheck::Shed(()) => Self::Shed,
            StoredPinCheck::Given(()) => Self::Given,
        })
    }
}

impl From<&TransferPinCheck> for StoredTransferPinCheck {
    fn from(check: &TransferPinCheck) -> Self {
        match check {
            TransferPinCheck::Matched { id, known_device, issued_at } => Self::Matched(StoredTransferPinMatch {
                id: Some(id.to_bytes().to_vec()),
                known_device: Some(*known_device),
                issued_at: Some(millis(*issued_at)),
            }),
            TransferPinCheck::Mismatched => Self::Mismatched(()),
            TransferPinCheck::Expired => Self::Expired(()),
            TransferPinCheck::Void => Self::Void(()),
            TransferPinCheck::NotSupplied => Self::NotSupplied(()),
            TransferPinCheck::NotAdmitted => Self::NotAdmitted(()),
        }
    }
}

impl TryFrom<StoredTransferPinCheck> for TransferPinCheck {
    type Error = CodecError;

    fn try_from(stored: StoredTransferPinCheck) -> Result<Self, CodecError> {
        Ok(match stored {
            StoredTransferPinCheck::Matched(StoredTransferPinMatch { id: name, known_device, issued_at }) => {
                Self::Matched {
                    id: id(name, "checks.transfer_pin_id", TransferPinId::from_u128)?,
                    known_device: required(known_device, "checks.known_device")?,
                    issued_at: instant(issued_at, "checks.issued_at")?,
                }
            }
            StoredTransferPinCheck::Mismatched(()) => Self::Mismatched,
            StoredTransferPinCheck::Expired(()) => Self::Expired,
            StoredTransferPinCheck::Void(()) => Self::Void,
            StoredTransferPinCheck::NotSupplied(()) => Self::NotSupplied,
            StoredTransferPinCheck::NotAdmitted(()) => Self::NotAdmitted,
        })
    }
}

impl From<&AppCheck> for StoredAppCheck {
    fn from(check: &AppCheck) -> Self {
        match check {
            AppCheck::Signed { added_at, same_device } => {
                Self::Signed(StoredSigned { added_at: Some(millis(*added_at)), same_device: Some(*same_device) })
            }
            AppCheck::NewDevice => Self::NewDevice(()),
            AppCheck::Refused => Self::Refused(()),
            AppCheck::NotSupplied => Self::NotSupplied(()),
        }
    }
}

impl TryFrom<StoredAppCheck> for AppCheck {
    type Error = CodecError;

    fn try_from(stored: StoredAppCheck) -> Result<Self, CodecError> {
        Ok(match stored {
            StoredAppCheck::Signed(StoredSigned { added_at, same_device }) => Self::Signed {
                added_at: instant(added_at, "checks.added_at")?,
                same_device: required(same_device, "checks.same_device")?,
            },
            StoredAppCheck::NewDevice(()) => Self::NewDevice,
            StoredAppCheck::Refused(()) => Self::Refused,
            StoredAppCheck::NotSupplied(()) => Self::NotSupplied,
        })
    }
}
