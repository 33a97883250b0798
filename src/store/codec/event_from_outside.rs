//! What an outside source told, as a record keeps it.

use prost::{Message, Oneof};

use super::CodecError;
use super::field::{
    id, instant, millis, msisdn, nested, number_of, numbered, optional_id, optional_numbered, optional_text, parsed,
    required, text,
};
use crate::audit::ToldEvent;
use crate::domain::{RecordId, Recorded, RequestId, SimTarget};

#[derive(Message)]
#[prost(skip_debug)]
pub(super) struct StoredTold {
    #[prost(bytes = "vec", optional, tag = "1")]
    event: Option<Vec<u8>>,
    #[prost(sint64, optional, tag = "2")]
    occurred_at: Option<i64>,
    #[prost(oneof = "StoredWhat", tags = "3, 4, 5, 6, 7, 8, 9, 10, 11")]
    what: Option<StoredWhat>,
}

#[derive(Oneof)]
#[prost(skip_debug)]
enum StoredWhat {
    #[prost(message, tag = "3")]
    CredentialReset(StoredCredentialReset),
    #[prost(message, tag = "4")]
    ContactChanged(StoredContactChanged),
    #[prost(string, tag = "5")]
    DeviceProven(String),
    #[prost(message, tag = "6")]
    SimActivated(StoredSimActivated),
    #[prost(uint64, tag = "7")]
    ForwardingSet(u64),
    #[prost(message, tag = "8")]
    ThirdPartyPayment(()),
    #[prost(string, tag = "9")]
    AccountRead(String),
    #[prost(message, tag = "10")]
    NumberReassigned(()),
    #[prost(message, tag = "11")]
    FraudReported(StoredFraudReport),
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredCredentialReset {
    #[prost(uint32, optional, tag = "1")]
    kind: Option<u32>,
    #[prost(uint32, optional, tag = "2")]
    via: Option<u32>,
    #[prost(string, optional, tag = "3")]
    mailbox: Option<String>,
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredContactChanged {
    #[prost(string, optional, tag = "1")]
    contact: Option<String>,
    #[prost(string, optional, tag = "2")]
    person: Option<String>,
    #[prost(uint32, optional, tag = "3")]
    via: Option<u32>,
    // Absent where it is not told.
    #[prost(uint32, optional, tag = "4")]
    kind: Option<u32>,
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredSimActivated {
    #[prost(oneof = "StoredSim", tags = "1, 2")]
    target: Option<StoredSim>,
    #[prost(string, optional, tag = "3")]
    imei: Option<String>,
}

#[derive(Oneof)]
#[prost(skip_debug)]
enum StoredSim {
    #[prost(string, tag = "1")]
    Iccid(String),
    #[prost(string, tag = "2")]
    Eid(String),
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredFraudReport {
    #[prost(bytes = "vec", optional, tag = "1")]
    decision: Option<Vec<u8>>,
}

impl From<&ToldEvent> for StoredTold {
    fn from(told: &ToldEvent) -> Self {
        let ToldEvent { event, occurred_at, what } = told;
        Self {
            event: Some(event.to_bytes().to_vec()),
            occurred_at: Some(millis(*occurred_at)),
            what: Some(what.into()),
        }
    }
}

impl TryFrom<StoredTold> for ToldEvent {
    type Error = CodecError;

    fn try_from(stored: StoredTold) -> Result<Self, CodecError> {
        let StoredTold { event, occurred_at, what } = stored;
        Ok(Self {
            event: id(event, "told.event", RequestId::from_u128)?,
            occurred_at: instant(occurred_at, "told.occurred_at")?,
            what: nested(what, "told.what")?,
        })
    }
}

impl From<&Recorded> for StoredWhat {
    fn from(recorded: &Recorded) -> Self {
        match recorded {
            Recorded::CredentialReset { kind, via, mailbox } => Self::CredentialReset(StoredCredentialReset {
                kind: Some(number_of(*kind)),
                via: Some(number_of(*via)),
                mailbox: mailbox.as_ref().map(|contact| contact.as_str().to_owned()),
            }),
            Recorded::ContactChanged { contact, person, via, kind } => Self::ContactChanged(StoredContactChanged {
                contact: Some(contact.as_str().to_owned()),
                person: person.as_ref().map(|person| person.as_str().to_owned()),
                via: Some(number_of(*via)),
                kind: kind.map(number_of),
            }),
            Recorded::DeviceProven { device } => Self::DeviceProven(device.as_str().to_owned()),
            Recorded::SimActivated { target, imei } => Self::SimActivated(StoredSimActivated {
                target: Some(match target {
                    SimTarget::Iccid(iccid) => StoredSim::Iccid(iccid.as_str().to_owned()),
                    SimTarget::Eid(eid) => StoredSim::Eid(eid.as_str().to_owned()),
                }),
                imei: imei.as_ref().map(|imei| imei.as_str().to_owned()),
            }),
            Recorded::ForwardingSet { target } => Self::ForwardingSet(target.digits()),
            Recorded::ThirdPartyPayment => Self::ThirdPartyPayment(()),
            Recorded::AccountRead { reader } => Self::AccountRead(reader.as_str().to_owned()),
            Recorded::NumberReassigned => Self::NumberReassigned(()),
            Recorded::FraudReported { decision } => {
                Self::FraudReported(StoredFraudReport { decision: decision.map(|id| id.to_bytes().to_vec()) })
            }
        }
    }
}

impl TryFrom<StoredWhat> for Recorded {
    type Error = CodecError;

    fn try_from(stored: StoredWhat) -> Result<Self, CodecError> {
        Ok(match stored {
            StoredWhat::CredentialReset(StoredCredentialReset { kind, via, mailbox }) => Self::CredentialReset {
                kind: numbered(kind, "credential_reset.kind")?,
                via: numbered(via, "credential_reset.via")?,
                mailbox: optional_text(mailbox, "credential_reset.mailbox")?,
            },
            StoredWhat::ContactChanged(StoredContactChanged { contact, person, via, kind }) => Self::ContactChanged {
                contact: text(contact, "contact_changed.contact")?,
                person: optional_text(person, "contact_changed.person")?,
                via: numbered(via, "contact_changed.via")?,
                kind: optional_numbered(kind, "contact_changed.kind")?,
            },
            StoredWhat::DeviceProven(device) => Self::DeviceProven { device: parsed(device, "device_proven.device")? },
            StoredWhat::SimActivated(StoredSimActivated { target, imei }) => Self::SimActivated {
                target: match required(target, "sim_activated.target")? {
                    StoredSim::Iccid(iccid) => SimTarget::Iccid(parsed(iccid, "sim_activated.iccid")?),
                    StoredSim::Eid(eid) => SimTarget::Eid(parsed(eid, "sim_activated.eid")?),
                },
                imei: optional_text(imei, "sim_activated.imei")?,
            },
            StoredWhat::ForwardingSet(digits) => {
                Self::ForwardingSet { target: msisdn(digits, "forwarding_set.target")? }
            }
            StoredWhat::ThirdPartyPayment(()) => Self::ThirdPartyPayment,
            StoredWhat::AccountRead(reader) => Self::AccountRead { reader: parsed(reader, "account_read.reader")? },
            StoredWhat::NumberReassigned(()) => Self::NumberReassigned,
            StoredWhat::FraudReported(StoredFraudReport { decision }) => {
                Self::FraudReported { decision: optional_id(decision, "fraud_reported.decision", RecordId::from_u128)? }
            }
        })
    }
}
