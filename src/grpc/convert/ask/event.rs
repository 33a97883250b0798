//! Requests of the event service.

use super::body::body;
use crate::domain::{
    CallPhase, ContactId, Counted, DeviceId, Eid, Happening, Iccid, Imei, LogInResult, Msisdn, PersonId, RecordId,
    Recorded, Reference, RequestId, SimTarget,
};
use crate::grpc::convert::enums::{channel, contact_kind, optional, reset_credential};
use crate::grpc::convert::field::{FieldError, InField, optional_text, required, text};
use crate::grpc::convert::interaction::parse_address;
use crate::grpc::convert::line::scope_of;
use crate::grpc::convert::time::instant;
use crate::grpc::pb::v1 as pb;
use crate::grpc::pb::v1::record_events_request::Event as Wire;
use crate::service::ToldBySource;

/// One event of a stream.
pub fn record_event(message: pb::RecordEventsRequest) -> Result<ToldBySource, FieldError> {
    let body = body("RecordEvents", &message);
    let pb::RecordEventsRequest { event_id, occur_time, scope, event } = message;
    Ok(ToldBySource {
        event: text(&event_id, "event_id", RequestId::parse)?,
        body,
        scope: scope_of!(record_events_request, scope),
        occurred_at: instant(required(occur_time, "occur_time")?, "occur_time")?,
        what: happening(required(event, "event")?)?,
    })
}

fn happening(event: Wire) -> Result<Happening, FieldError> {
    Ok(match event {
        Wire::LogInFailed(wire) => log_in(&wire, LogInResult::Failed).in_field("log_in_failed")?,
        Wire::LogInSucceeded(wire) => log_in(&wire, LogInResult::Succeeded).in_field("log_in_succeeded")?,
        Wire::InboundCallStarted(wire) => call(&wire, CallPhase::Started).in_field("inbound_call_started")?,
        Wire::InboundCallEnded(wire) => call(&wire, CallPhase::Ended).in_field("inbound_call_ended")?,
        Wire::CredentialReset(wire) => recorded(credential_reset(&wire), "credential_reset")?,
        Wire::ContactChanged(wire) => recorded(contact_changed(&wire), "contact_changed")?,
        Wire::DeviceProven(wire) => recorded(device_proven(&wire), "device_proven")?,
        Wire::SimActivated(wire) => recorded(sim_activated(wire), "sim_activated")?,
        Wire::ForwardingSet(wire) => recorded(forwarding_set(&wire), "forwarding_set")?,
        Wire::ThirdPartyPayment(pb::ThirdPartyPayment {}) => Happening::Recorded(Recorded::ThirdPartyPayment),
        Wire::AccountRead(wire) => recorded(account_read(&wire), "account_read")?,
        Wire::NumberReassigned(pb::NumberReassigned {}) => Happening::Recorded(Recorded::NumberReassigned),
        Wire::FraudReported(wire) => recorded(fraud_reported(&wire), "fraud_reported")?,
        Wire::SimAttached(wire) => sim_attached(wire).in_field("sim_attached")?,
    })
}

fn recorded(what: Result<Recorded, FieldError>, field: &str) -> Result<Happening, FieldError> {
    what.map(Happening::Recorded).in_field(field)
}

fn log_in(wire: &pb::LogIn, result: LogInResult) -> Result<Happening, FieldError> {
    let pb::LogIn { device_id, client_address } = wire;
    let device = optional_text(device_id, "device_id", DeviceId::parse)?;
    let address = optional_text(client_address, "client_address", parse_address)?;
    Ok(Happening::Counted(Counted::LogIn { result, device, address }))
}

fn call(wire: &pb::InboundCall, phase: CallPhase) -> Result<Happening, FieldError> {
    let pb::InboundCall { call_id } = wire;
    let call = text(call_id, "call_id", Reference::parse)?;
    Ok(Happening::Counted(Counted::InboundCall { call, phase }))
}

fn credential_reset(wire: &pb::CredentialReset) -> Result<Recorded, FieldError> {
    let pb::CredentialReset { credential, channel: via, contact_id } = wire;
    Ok(Recorded::CredentialReset {
        kind: reset_credential(*credential).in_field("credential")?,
        via: channel(*via).in_field("channel")?,
        mailbox: optional_text(contact_id, "contact_id", ContactId::parse)?,
    })
}

fn contact_changed(wire: &pb::ContactChanged) -> Result<Recorded, FieldError> {
    let pb::ContactChanged { contact_id, person_id, channel: via, kind } = wire;
    Ok(Recorded::ContactChanged {
        contact: text(contact_id, "contact_id", ContactId::parse)?,
        person: optional_text(person_id, "person_id", PersonId::parse)?,
        via: channel(*via).in_field("channel")?,
        kind: optional(*kind, contact_kind).in_field("kind")?,
    })
}

fn device_proven(wire: &pb::DeviceProven) -> Result<Recorded, FieldError> {
    let pb::DeviceProven { device_id } = wire;
    Ok(Recorded::DeviceProven { device: text(device_id, "device_id", DeviceId::parse)? })
}

fn sim_activated(wire: pb::SimActivated) -> Result<Recorded, FieldError> {
    use pb::sim_activated::Sim;
    let pb::SimActivated { imei, sim } = wire;
    Ok(Recorded::SimActivated {
        target: match required(sim, "sim")? {
            Sim::Iccid(iccid) => SimTarget::Iccid(text(&iccid, "iccid", Iccid::parse)?),
            Sim::Eid(eid) => SimTarget::Eid(text(&eid, "eid", Eid::parse)?),
        },
        imei: optional_text(&imei, "imei", Imei::parse)?,
    })
}

fn sim_attached(wire: pb::SimAttached) -> Result<Happening, FieldError> {
    use pb::sim_attached::Sim;
    let pb::SimAttached { sim } = wire;
    let target = match required(sim, "sim")? {
        Sim::Iccid(iccid) => SimTarget::Iccid(text(&iccid, "iccid", Iccid::parse)?),
        Sim::Eid(eid) => SimTarget::Eid(text(&eid, "eid", Eid::parse)?),
    };
    Ok(Happening::Counted(Counted::SimAttached { target }))
}

fn forwarding_set(wire: &pb::ForwardingSet) -> Result<Recorded, FieldError> {
    let pb::ForwardingSet { target_msisdn } = wire;
    Ok(Recorded::ForwardingSet { target: text(target_msisdn, "target_msisdn", Msisdn::parse)? })
}

fn account_read(wire: &pb::AccountRead) -> Result<Recorded, FieldError> {
    let pb::AccountRead { reader } = wire;
    Ok(Recorded::AccountRead { reader: text(reader, "reader", Reference::parse)? })
}

fn fraud_reported(wire: &pb::FraudReported) -> Result<Recorded, FieldError> {
    let pb::FraudReported { decision_id } = wire;
    Ok(Recorded::FraudReported { decision: optional_text(decision_id, "decision_id", RecordId::parse)? })
}
