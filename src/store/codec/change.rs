//! The change that was asked for.

use chrono::TimeDelta;
use prost::{Message, Oneof};

use super::CodecError;
use super::field::{
    msisdn, nested, number_of, numbered, optional_nested, optional_numbered, optional_text, parsed, required, text,
};
use crate::domain::{Change, ContactChange, ContactValue, OwnerChange, PortOut, ReleaseOpens, SimChange, SimTarget};

/// A privileged change.
#[derive(Message)]
#[prost(skip_debug)]
pub(super) struct StoredChange {
    #[prost(oneof = "StoredKind", tags = "1, 2, 3, 4, 5, 6, 7, 8, 9, 10")]
    kind: Option<StoredKind>,
}

#[derive(Oneof)]
#[prost(skip_debug)]
enum StoredKind {
    #[prost(message, tag = "1")]
    Sim(StoredSim),
    #[prost(message, tag = "2")]
    PortOut(StoredPortOut),
    #[prost(message, tag = "3")]
    TransferPinIssue(StoredTransferPinIssue),
    #[prost(message, tag = "4")]
    LockRelease(StoredLockRelease),
    #[prost(message, tag = "5")]
    PinChange(()),
    #[prost(message, tag = "6")]
    Contact(StoredContactChange),
    #[prost(uint64, tag = "7")]
    CallForwarding(u64),
    #[prost(message, tag = "8")]
    DeviceAdd(StoredDeviceAdd),
    #[prost(message, tag = "9")]
    Owner(StoredOwner),
    #[prost(message, tag = "10")]
    SwapReport(StoredSwapReport),
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredSim {
    #[prost(oneof = "StoredTarget", tags = "1, 2")]
    target: Option<StoredTarget>,
    #[prost(string, optional, tag = "3")]
    imei: Option<String>,
    #[prost(uint32, optional, tag = "4")]
    cause: Option<u32>,
    #[prost(string, optional, tag = "5")]
    old_iccid: Option<String>,
    // Absent where it is not said.
    #[prost(uint32, optional, tag = "6")]
    delivery: Option<u32>,
}

/// A SIM. Its tags hold in every message that has it.
#[derive(Oneof)]
#[prost(skip_debug)]
pub(super) enum StoredTarget {
    #[prost(string, tag = "1")]
    Iccid(String),
    #[prost(string, tag = "2")]
    Eid(String),
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredSwapReport {
    #[prost(oneof = "StoredTarget", tags = "1, 2")]
    back_to: Option<StoredTarget>,
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredPortOut {
    #[prost(string, optional, tag = "1")]
    gaining_spid: Option<String>,
    #[prost(string, optional, tag = "2")]
    gaining_name: Option<String>,
    #[prost(string, optional, tag = "3")]
    pon: Option<String>,
    #[prost(string, optional, tag = "4")]
    dealer: Option<String>,
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredTransferPinIssue {
    #[prost(string, optional, tag = "1")]
    gaining_spid: Option<String>,
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredLockRelease {
    #[prost(uint32, optional, tag = "1")]
    set: Option<u32>,
    #[prost(uint32, optional, tag = "2")]
    holder: Option<u32>,
    #[prost(oneof = "StoredOpens", tags = "3, 4, 5")]
    opens: Option<StoredOpens>,
}

#[derive(Oneof)]
#[prost(skip_debug)]
enum StoredOpens {
    #[prost(message, boxed, tag = "3")]
    Only(Box<StoredChange>),
    #[prost(sint64, tag = "4")]
    WindowMilliseconds(i64),
    #[prost(message, tag = "5")]
    PolicyWindow(()),
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredContactChange {
    #[prost(string, optional, tag = "1")]
    contact: Option<String>,
    #[prost(oneof = "StoredContactValue", tags = "10, 11, 12, 13")]
    value: Option<StoredContactValue>,
}

/// Where a person can be reached. Its tags hold in every message that has it.
#[derive(Oneof)]
#[prost(skip_debug)]
pub(super) enum StoredContactValue {
    #[prost(string, tag = "10")]
    Email(String),
    #[prost(uint64, tag = "11")]
    Sms(u64),
    #[prost(uint64, tag = "12")]
    Voice(u64),
    #[prost(string, tag = "13")]
    Postal(String),
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredDeviceAdd {
    #[prost(string, optional, tag = "1")]
    public_key_jwk: Option<String>,
    #[prost(string, optional, tag = "2")]
    model: Option<String>,
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredOwner {
    #[prost(oneof = "StoredOwnerKind", tags = "1, 2, 3")]
    kind: Option<StoredOwnerKind>,
}

#[derive(Oneof)]
#[prost(skip_debug)]
enum StoredOwnerKind {
    #[prost(message, tag = "1")]
    Role(StoredRole),
    #[prost(message, tag = "2")]
    ToAccount(StoredToAccount),
    #[prost(message, tag = "3")]
    Close(()),
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredRole {
    #[prost(string, optional, tag = "1")]
    person: Option<String>,
    #[prost(uint32, optional, tag = "2")]
    role: Option<u32>,
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredToAccount {
    #[prost(string, optional, tag = "1")]
    brand: Option<String>,
    #[prost(string, optional, tag = "2")]
    account: Option<String>,
}

impl From<&Change> for StoredChange {
    fn from(change: &Change) -> Self {
        let kind = match change {
            Change::Sim(sim) => StoredKind::Sim(sim.into()),
            Change::PortOut(port) => StoredKind::PortOut(port.into()),
            Change::TransferPinIssue { gaining_spid } => StoredKind::TransferPinIssue(StoredTransferPinIssue {
                gaining_spid: gaining_spid.as_ref().map(|spid| spid.as_str().to_owned()),
            }),
            Change::LockRelease { set, holder, opens } => StoredKind::LockRelease(StoredLockRelease {
                set: Some(number_of(*set)),
                holder: Some(number_of(*holder)),
                opens: Some(opens.into()),
            }),
            Change::PinChange => StoredKind::PinChange(()),
            Change::Contact(ContactChange { contact, value }) => StoredKind::Contact(StoredContactChange {
                contact: Some(contact.as_str().to_owned()),
                value: value.as_ref().map(StoredContactValue::from),
            }),
            Change::CallForwarding { target } => StoredKind::CallForwarding(target.digits()),
            Change::DeviceAdd { public_key_jwk, model } => StoredKind::DeviceAdd(StoredDeviceAdd {
                public_key_jwk: Some(public_key_jwk.to_owned()),
                model: model.as_ref().map(|model| model.as_str().to_owned()),
            }),
            Change::Owner(owner) => StoredKind::Owner(owner.into()),
            Change::SwapReport { back_to } => {
                StoredKind::SwapReport(StoredSwapReport { back_to: Some(back_to.into()) })
            }
        };
        Self { kind: Some(kind) }
    }
}

impl TryFrom<StoredChange> for Change {
    type Error = CodecError;

    fn try_from(stored: StoredChange) -> Result<Self, CodecError> {
        let StoredChange { kind } = stored;
        Ok(match required(kind, "change.kind")? {
            StoredKind::Sim(sim) => Self::Sim(sim.try_into()?),
            StoredKind::PortOut(port) => Self::PortOut(port.try_into()?),
            StoredKind::TransferPinIssue(StoredTransferPinIssue { gaining_spid }) => {
                Self::TransferPinIssue { gaining_spid: optional_text(gaining_spid, "change.gaining_spid")? }
            }
            StoredKind::LockRelease(StoredLockRelease { set, holder, opens }) => Self::LockRelease {
                set: numbered(set, "change.set")?,
                holder: numbered(holder, "change.holder")?,
                opens: required(opens, "change.opens")?.try_into()?,
            },
            StoredKind::PinChange(()) => Self::PinChange,
            StoredKind::Contact(StoredContactChange { contact, value }) => Self::Contact(ContactChange {
                contact: text(contact, "change.contact")?,
                value: optional_nested(value)?,
            }),
            StoredKind::CallForwarding(digits) => Self::CallForwarding { target: msisdn(digits, "change.target")? },
            StoredKind::DeviceAdd(StoredDeviceAdd { public_key_jwk, model }) => Self::DeviceAdd {
                public_key_jwk: required(public_key_jwk, "change.public_key_jwk")?,
                model: optional_text(model, "change.model")?,
            },
            StoredKind::Owner(owner) => Self::Owner(owner.try_into()?),
            StoredKind::SwapReport(StoredSwapReport { back_to }) => {
                Self::SwapReport { back_to: nested(back_to, "change.back_to")? }
            }
        })
    }
}

impl From<&ReleaseOpens> for StoredOpens {
    fn from(opens: &ReleaseOpens) -> Self {
        match opens {
            ReleaseOpens::Only(change) => Self::Only(Box::new(change.as_ref().into())),
            ReleaseOpens::Window(Some(window)) => Self::WindowMilliseconds(window.num_milliseconds()),
            ReleaseOpens::Window(None) => Self::PolicyWindow(()),
        }
    }
}

impl TryFrom<StoredOpens> for ReleaseOpens {
    type Error = CodecError;

    fn try_from(stored: StoredOpens) -> Result<Self, CodecError> {
        Ok(match stored {
            StoredOpens::Only(change) => Self::Only(Box::new((*change).try_into()?)),
            StoredOpens::WindowMilliseconds(length) => Self::Window(Some(TimeDelta::milliseconds(length))),
            StoredOpens::PolicyWindow(()) => Self::Window(None),
        })
    }
}

impl From<&SimTarget> for StoredTarget {
    fn from(target: &SimTarget) -> Self {
        match target {
            SimTarget::Iccid(iccid) => Self::Iccid(iccid.as_str().to_owned()),
            SimTarget::Eid(eid) => Self::Eid(eid.as_str().to_owned()),
        }
    }
}

impl TryFrom<StoredTarget> for SimTarget {
    type Error = CodecError;

    fn try_from(stored: StoredTarget) -> Result<Self, CodecError> {
        Ok(match stored {
            StoredTarget::Iccid(iccid) => Self::Iccid(parsed(iccid, "change.iccid")?),
            StoredTarget::Eid(eid) => Self::Eid(parsed(eid, "change.eid")?),
        })
    }
}

impl From<&SimChange> for StoredSim {
    fn from(sim: &SimChange) -> Self {
        let SimChange { target, imei, cause, old_iccid, delivery } = sim;
        Self {
            target: Some(target.into()),
            imei: imei.as_ref().map(|imei| imei.as_str().to_owned()),
            cause: Some(number_of(*cause)),
            old_iccid: old_iccid.as_ref().map(|iccid| iccid.as_str().to_owned()),
            delivery: delivery.map(number_of),
        }
    }
}

impl TryFrom<StoredSim> for SimChange {
    type Error = CodecError;

    fn try_from(stored: StoredSim) -> Result<Self, CodecError> {
        let StoredSim { target, imei, cause, old_iccid, delivery } = stored;
        Ok(Self {
            target: nested(target, "change.target")?,
            imei: optional_text(imei, "change.imei")?,
            cause: numbered(cause, "change.cause")?,
            old_iccid: optional_text(old_iccid, "change.old_iccid")?,
            delivery: optional_numbered(delivery, "change.delivery")?,
        })
    }
}

impl From<&PortOut> for StoredPortOut {
    fn from(port: &PortOut) -> Self {
        let PortOut { gaining_spid, gaining_name, pon, dealer } = port;
        Self {
            gaining_spid: Some(gaining_spid.as_str().to_owned()),
            gaining_name: gaining_name.as_ref().map(|name| name.as_str().to_owned()),
            pon: Some(pon.as_str().to_owned()),
            dealer: dealer.as_ref().map(|dealer| dealer.as_str().to_owned()),
        }
    }
}

impl TryFrom<StoredPortOut> for PortOut {
    type Error = CodecError;

    fn try_from(stored: StoredPortOut) -> Result<Self, CodecError> {
        let StoredPortOut { gaining_spid, gaining_name, pon, dealer } = stored;
        Ok(Self {
            gaining_spid: text(gaining_spid, "change.gaining_spid")?,
            gaining_name: optional_text(gaining_name, "change.gaining_name")?,
            pon: text(pon, "change.pon")?,
            dealer: optional_text(dealer, "change.dealer")?,
        })
    }
}

impl From<&ContactValue> for StoredContactValue {
    fn from(value: &ContactValue) -> Self {
        match value {
            ContactValue::Email(email) => Self::Email(email.clone()),
            ContactValue::Sms(number) => Self::Sms(number.digits()),
            ContactValue::Voice(number) => Self::Voice(number.digits()),
            ContactValue::Postal(code) => Self::Postal(code.as_str().to_owned()),
        }
    }
}

impl TryFrom<StoredContactValue> for ContactValue {
    type Error = CodecError;

    fn try_from(stored: StoredContactValue) -> Result<Self, CodecError> {
        Ok(match stored {
            StoredContactValue::Email(email) => Self::Email(email),
            StoredContactValue::Sms(digits) => Self::Sms(msisdn(digits, "contact.sms")?),
            StoredContactValue::Voice(digits) => Self::Voice(msisdn(digits, "contact.voice")?),
            StoredContactValue::Postal(code) => Self::Postal(parsed(code, "contact.postal")?),
        })
    }
}

impl From<&OwnerChange> for StoredOwner {
    fn from(owner: &OwnerChange) -> Self {
        let kind = match owner {
            OwnerChange::Role { person, role } => StoredOwnerKind::Role(StoredRole {
                person: Some(person.as_str().to_owned()),
                role: Some(number_of(*role)),
            }),
            OwnerChange::ToAccount { brand, account } => StoredOwnerKind::ToAccount(StoredToAccount {
                brand: Some(brand.as_str().to_owned()),
                account: Some(account.as_str().to_owned()),
            }),
            OwnerChange::Close => StoredOwnerKind::Close(()),
        };
        Self { kind: Some(kind) }
    }
}

impl TryFrom<StoredOwner> for OwnerChange {
    type Error = CodecError;

    fn try_from(stored: StoredOwner) -> Result<Self, CodecError> {
        let StoredOwner { kind } = stored;
        Ok(match required(kind, "change.owner")? {
            StoredOwnerKind::Role(StoredRole { person, role }) => {
                Self::Role { person: text(person, "change.person")?, role: numbered(role, "change.role")? }
            }
            StoredOwnerKind::ToAccount(StoredToAccount { brand, account }) => {
                Self::ToAccount { brand: text(brand, "change.brand")?, account: text(account, "change.account")? }
            }
            StoredOwnerKind::Close(()) => Self::Close,
        })
    }
}
