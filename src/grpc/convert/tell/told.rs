//! What outside sources told, as it is on record.

use serde_json::{Value, json};

use crate::audit::ToldEvent;
use crate::domain::{Channel, ContactId, ContactKind, Recorded, ResetKind, SimTarget};

/// What a record of an event says. INVARIANT (secrets-stay-in): of SIMs, handsets and numbers only that there was one.
pub(super) fn details(told: &ToldEvent) -> Value {
    let ToldEvent { event, occurred_at, what } = told;
    json!({
        "event": what.kind().name(),
        "event_id": event.to_string(),
        "occur_time": occurred_at.to_rfc3339(),
        what.kind().field(): of_what(what),
    })
}

fn of_what(what: &Recorded) -> Value {
    match what {
        Recorded::CredentialReset { kind, via, mailbox } => json!({
            "credential": match kind { ResetKind::Password => "PASSWORD", ResetKind::Pin | ResetKind::Contact => "PIN" },
            "channel": Channel::name(*via),
            "contact_id": mailbox.as_ref().map(ContactId::as_str),
        }),
        Recorded::ContactChanged { contact, person, via, kind } => json!({
            "contact_id": contact.as_str(),
            "person_id": person.as_ref().map(|person| person.as_str()),
            "channel": via.name(),
            "kind": kind.map(ContactKind::name),
        }),
        Recorded::DeviceProven { device } => json!({ "device_id": device.as_str() }),
        Recorded::SimActivated { target, imei } => {
            let sim = match target {
                SimTarget::Iccid(_) => "ICCID",
                SimTarget::Eid(_) => "EID",
            };
            json!({ "sim": sim, "imei_told": imei.is_some() })
        }
        Recorded::ForwardingSet { .. } | Recorded::ThirdPartyPayment | Recorded::NumberReassigned => json!({}),
        Recorded::AccountRead { reader } => json!({ "reader": reader.as_str() }),
        Recorded::FraudReported { decision } => json!({ "decision_id": decision.map(|id| id.to_string()) }),
    }
}
