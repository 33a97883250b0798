//! An event's line of a file as the contract's `RecordEventsRequest`, in the contract's own names.
//!
//! Only what has no place in the message is refused here. What a value must be like the service says, for it alone
//! decides.

use serde_json::Value;

use crate::cli::jsonl::{Members, Problem, object};
use crate::grpc::pb::v1 as pb;
use crate::grpc::pb::v1::record_events_request::{Event, Scope};

/// The event that a line holds.
pub(crate) fn parse(line: &[u8]) -> Result<pb::RecordEventsRequest, Problem> {
    let mut members = Members::of(object(line)?, String::new())?;
    let scopes =
        [members.object("line", line_ref)?.map(Scope::Line), members.choice("account_id")?.map(Scope::AccountId)];
    let request = pb::RecordEventsRequest {
        event_id: members.text("event_id")?,
        occur_time: members.instant("occur_time")?,
        scope: only(scopes, "line, account_id")?,
        event: only(kinds(&mut members)?, "the kinds of event")?,
    };
    members.end()?;
    Ok(request)
}

/// What is given of a choice; none is left to the service to refuse.
fn only<T>(given: impl IntoIterator<Item = Option<T>>, of: &str) -> Result<Option<T>, Problem> {
    let mut given = given.into_iter().flatten();
    let first = given.next();
    if given.next().is_some() {
        return Err(Problem { field: String::new(), reason: format!("must have exactly one of {of}") });
    }
    Ok(first)
}

fn kinds(members: &mut Members) -> Result<[Option<Event>; 14], Problem> {
    Ok([
        members.object("log_in_failed", log_in)?.map(Event::LogInFailed),
        members.object("log_in_succeeded", log_in)?.map(Event::LogInSucceeded),
        members.object("credential_reset", credential_reset)?.map(Event::CredentialReset),
        members.object("contact_changed", contact_changed)?.map(Event::ContactChanged),
        members.object("device_proven", device_proven)?.map(Event::DeviceProven),
        members.object("sim_activated", sim_activated)?.map(Event::SimActivated),
        members.object("forwarding_set", forwarding_set)?.map(Event::ForwardingSet),
        members.object("third_party_payment", nothing)?.map(|()| Event::ThirdPartyPayment(pb::ThirdPartyPayment {})),
        members.object("inbound_call_started", inbound_call)?.map(Event::InboundCallStarted),
        members.object("inbound_call_ended", inbound_call)?.map(Event::InboundCallEnded),
        members.object("account_read", account_read)?.map(Event::AccountRead),
        members.object("number_reassigned", nothing)?.map(|()| Event::NumberReassigned(pb::NumberReassigned {})),
        members.object("fraud_reported", fraud_reported)?.map(Event::FraudReported),
        members.object("sim_attached", sim_attached)?.map(Event::SimAttached),
    ])
}

fn line_ref(value: Value, path: String) -> Result<pb::LineRef, Problem> {
    use pb::line_ref::Ref;
    let mut members = Members::of(value, path.clone())?;
    let names = [members.choice("msisdn")?.map(Ref::Msisdn), members.choice("line_id")?.map(Ref::LineId)];
    let name = only(names, "msisdn, line_id").map_err(|problem| Problem { field: path, ..problem })?;
    let line = pb::LineRef { brand: members.text("brand")?, r#ref: name, ..pb::LineRef::default() };
    members.end()?;
    Ok(line)
}

fn nothing(value: Value, path: String) -> Result<(), Problem> {
    Members::of(value, path)?.end()
}

fn log_in(value: Value, path: String) -> Result<pb::LogIn, Problem> {
    let mut members = Members::of(value, path)?;
    let log_in = pb::LogIn { device_id: members.text("device_id")?, client_address: members.text("client_address")? };
    members.end()?;
    Ok(log_in)
}

fn credential_reset(value: Value, path: String) -> Result<pb::CredentialReset, Problem> {
    let mut members = Members::of(value, path)?;
    let reset = pb::CredentialReset {
        credential: members.named::<pb::ResetCredential>("credential")?,
        channel: members.named::<pb::Channel>("channel")?,
        contact_id: members.text("contact_id")?,
    };
    members.end()?;
    Ok(reset)
}

fn contact_changed(value: Value, path: String) -> Result<pb::ContactChanged, Problem> {
    let mut members = Members::of(value, path)?;
    let changed = pb::ContactChanged {
        contact_id: members.text("contact_id")?,
        person_id: members.text("person_id")?,
        channel: members.named::<pb::Channel>("channel")?,
        kind: members.named::<pb::ContactKind>("kind")?,
    };
    members.end()?;
    Ok(changed)
}

fn device_proven(value: Value, path: String) -> Result<pb::DeviceProven, Problem> {
    let mut members = Members::of(value, path)?;
    let proven = pb::DeviceProven { device_id: members.text("device_id")? };
    members.end()?;
    Ok(proven)
}

fn sim_activated(value: Value, path: String) -> Result<pb::SimActivated, Problem> {
    use pb::sim_activated::Sim;
    let mut members = Members::of(value, path.clone())?;
    let sims = [members.choice("iccid")?.map(Sim::Iccid), members.choice("eid")?.map(Sim::Eid)];
    let sim = only(sims, "iccid, eid").map_err(|problem| Problem { field: path, ..problem })?;
    let activated = pb::SimActivated { imei: members.text("imei")?, sim };
    members.end()?;
    Ok(activated)
}

fn sim_attached(value: Value, path: String) -> Result<pb::SimAttached, Problem> {
    use pb::sim_attached::Sim;
    let mut members = Members::of(value, path.clone())?;
    let sims = [members.choice("iccid")?.map(Sim::Iccid), members.choice("eid")?.map(Sim::Eid)];
    let sim = only(sims, "iccid, eid").map_err(|problem| Problem { field: path, ..problem })?;
    members.end()?;
    Ok(pb::SimAttached { sim })
}

fn forwarding_set(value: Value, path: String) -> Result<pb::ForwardingSet, Problem> {
    let mut members = Members::of(value, path)?;
    let set = pb::ForwardingSet { target_msisdn: members.text("target_msisdn")? };
    members.end()?;
    Ok(set)
}

fn inbound_call(value: Value, path: String) -> Result<pb::InboundCall, Problem> {
    let mut members = Members::of(value, path)?;
    let call = pb::InboundCall { call_id: members.text("call_id")? };
    members.end()?;
    Ok(call)
}

fn account_read(value: Value, path: String) -> Result<pb::AccountRead, Problem> {
    let mut members = Members::of(value, path)?;
    let read = pb::AccountRead { reader: members.text("reader")? };
    members.end()?;
    Ok(read)
}

fn fraud_reported(value: Value, path: String) -> Result<pb::FraudReported, Problem> {
    let mut members = Members::of(value, path)?;
    let reported = pb::FraudReported { decision_id: members.text("decision_id")? };
    members.end()?;
    Ok(reported)
}

#[cfg(test)]
mod tests {
    use prost_reflect::DescriptorPool;

    use super::parse;
    use crate::grpc::pb::v1 as pb;
    use crate::grpc::pb::v1::record_events_request::{Event, Scope};

    fn with(rest: &str) -> String {
        format!(r#"{{"event_id":"e","line":{{"msisdn":"+12125550123"}},"occur_time":"2026-01-01T00:00:00Z",{rest}}}"#)
    }

    #[test]
    fn a_whole_line_becomes_the_message() {
        let line = with(r#""sim_activated":{"iccid":"89","imei":"49"}"#);
        let Ok(request) = parse(line.as_bytes()) else { panic!("a line was refused") };
        let Some(Event::SimActivated(pb::SimActivated { imei, sim: Some(pb::sim_activated::Sim::Iccid(iccid)) })) =
            request.event
        else {
            panic!("another kind")
        };
        assert_eq!((imei.as_str(), iccid.as_str()), ("49", "89"));
        assert!(matches!(request.scope, Some(Scope::Line(_))) && request.occur_time.is_some());
    }

    /// A kind that the contract learns later has its member here, too.
    #[test]
    fn every_kind_of_event_has_its_member() {
        let pool = DescriptorPool::decode(pb::DESCRIPTOR_SET).unwrap();
        let message = pool.get_message_by_name("portcullis.v1.RecordEventsRequest").unwrap();
        let kinds = message.oneofs().find(|oneof| oneof.name() == "event").unwrap();
        let mut seen = 0;
        for field in kinds.fields() {
            let line = with(&format!(r#""{}":{{}}"#, field.name()));
            assert!(parse(line.as_bytes()).is_ok_and(|request| request.event.is_some()), "{}", field.name());
            seen += 1;
        }
        assert_eq!(seen, 14);
    }

    #[test]
    fn a_bad_line_is_told_by_field_and_reason() {
        let cases = [
            (r#"{"event_id":"#, "", "must be one JSON object; see column 12"),
            (r#"{"line":{},"account_id":"a"}"#, "", "must have exactly one of line, account_id"),
            (r#"{"line":{"msisdn":"+1","line_id":"l"}}"#, "line", "must have exactly one of msisdn, line_id"),
            (r#"{"log_in_failed":{},"number_reassigned":{}}"#, "", "must have exactly one of the kinds of event"),
            (r#"{"sim_activated":{"iccid":"8","eid":"8"}}"#, "sim_activated", "must have exactly one of iccid, eid"),
            (r#"{"third_party_payment":{"by":"x"}}"#, "third_party_payment.by", "is no field of the contract"),
            (r#"{"log_in_failed":true}"#, "log_in_failed", "must be an object"),
            (r#"{"simm_activated":{}}"#, "simm_activated", "is no field of the contract"),
            (
                r#"{"credential_reset":{"credential":"PIN"}}"#,
                "credential_reset.credential",
                "must be one of RESET_CREDENTIAL_PIN, RESET_CREDENTIAL_PASSWORD",
            ),
        ];
        for (text, field, reason) in cases {
            let problem = parse(text.as_bytes()).map(|_| ()).unwrap_err();
            assert_eq!((problem.field.as_str(), problem.reason.as_str()), (field, reason), "{text}");
        }
    }
}
