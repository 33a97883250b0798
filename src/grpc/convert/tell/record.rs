//! Records as they are kept, for who may see all of them. A record holds no PIN and no code, so none can be told.

use serde_json::{Value, json};

use super::decision::{contribution, explanation};
use super::incident;
use super::wire;
use crate::audit::archive::{Digest, SegmentName};
use crate::audit::{
    AuditStep, Decided, Event, Fault, Made, PolicyChange, PolicyStep, ReadOf, RecordFilter, RecordedReason,
    ReportedOutcome, SegmentTrace, ShadowVerdict,
};
use crate::crypto::Token;
use crate::domain::{Factor, Level, LockName, LockStepKind, Mode, OutcomeKind, Place, Spot, Standing, StepScope};
use crate::grpc::convert::time::timestamp;
use crate::grpc::pb::v1 as pb;
use crate::policy;
use crate::service::{RecordView, Told};
use crate::store::Kept;

/// A record.
pub(in crate::grpc) fn record(view: &RecordView) -> pb::Record {
    match &view.told {
        Told::Whole(kept) => whole(view.account.as_str(), kept, view.shadow_shown),
        Told::Unreadable(id) => pb::Record {
            record_id: id.to_string(),
            account_id: view.account.as_str().to_owned(),
            kind: pb::RecordKind::Unreadable.into(),
            ..pb::Record::default()
        },
    }
}

fn whole(account: &str, kept: &Kept, shadow_shown: bool) -> pb::Record {
    let record = kept.record();
    let decided = match &record.event {
        Event::Decided(decided) => Some(decided.as_ref()),
        _ => None,
    };
    let caller = record.caller.as_ref();
    pb::Record {
        record_id: record.id.to_string(),
        account_id: account.to_owned(),
        account_seq: i64::try_from(record.seq).unwrap_or(i64::MAX),
        time: Some(timestamp(record.at)),
        kind: i32::from(record.event.kind() as u8),
        line_id: record.line.as_ref().map_or_else(String::new, |line| line.id.as_str().to_owned()),
        caller_subject: caller.map_or_else(String::new, |caller| caller.subject.as_str().to_owned()),
        caller_role: caller.map_or_else(String::new, |caller| caller.role.name().to_owned()),
        channel: record.channel.map_or_else(|| pb::Channel::Unspecified.into(), wire::channel),
        outcome: decided.map_or_else(|| pb::Outcome::Unspecified.into(), |decided| wire::outcome(decided.outcome)),
        reasons: decided.map_or_else(Vec::new, |decided| decided.reasons.iter().map(reason).collect()),
        explanation: decided.map(explanation),
        change: decided.map_or_else(String::new, |decided| decided.change.canonical()),
        policy_revision: decided.map_or_else(String::new, |decided| decided.policy.to_string()),
        details_json: details(&record.event).to_string(),
        previous_hash: record.previous_hash.to_vec(),
        hash: kept.hash().to_vec(),
        shadow: decided.filter(|_| shadow_shown).and_then(|decided| decided.shadow.as_deref()).map(shadow),
    }
}

/// INVARIANT (shadow-answers-nothing): nothing else of the contract is made of it.
fn shadow(verdict: &ShadowVerdict) -> pb::ShadowVerdict {
    let ShadowVerdict { policy, outcome, required, score, reasons, contributions } = verdict;
    pb::ShadowVerdict {
        policy_revision: policy.to_string(),
        outcome: wire::outcome(*outcome),
        required: wire::strength(*required),
        score: i32::try_from(*score).unwrap_or(i32::MAX),
        reasons: reasons.iter().map(reason).collect(),
        contributions: contributions.iter().map(contribution).collect(),
    }
}

fn reason(given: &RecordedReason) -> pb::Reason {
    pb::Reason {
        code: given.reason.code().to_owned(),
        class: wire::reason_class(given.reason.class()),
        rule_id: given.rule.clone(),
        message: policy::message(given.reason).to_owned(),
    }
}

/// What a record says besides, by kind.
fn details(event: &Event) -> Value {
    match event {
        Event::Decided(decided) => of_decision(decided),
        Event::LockSet { scope, set, holder, reason } => {
            let reason = reason.as_ref().map(|reason| reason.as_str());
            json!({ "scope": scope_name(*scope), "lock": lock((*set, *holder)), "reason_code": reason })
        }
        Event::ReleaseCancelled { scope, name, release } => {
            json!({ "scope": scope_name(*scope), "lock": lock(*name), "release_id": release.to_string() })
        }
        Event::LockStepped { scope, name, step } => {
            let what = match step.kind {
                LockStepKind::ReleaseTookEffect => "RELEASE_TOOK_EFFECT",
                LockStepKind::Relocked => "RELOCKED",
            };
            let (scope, release) = (scope_name(*scope), step.release.to_string());
            json!({ "scope": scope, "lock": lock(*name), "step": what, "release_id": release })
        }
        Event::PermitRedeemed { decision } => json!({ "decision_id": decision.to_string() }),
        Event::DecisionWithdrawn { decision, cause } => {
            json!({ "decision_id": decision.to_string(), "cause": cause.as_ref().map(|cause| cause.as_str()) })
        }
        Event::OutcomeReported { decision, outcome, occurred_at, note } => json!({
            "decision_id": decision.to_string(),
            "outcome": reported(*outcome),
            "occur_time": occurred_at.map(|at| at.to_rfc3339()),
            "note": note.as_ref().map(|note| note.as_str()),
        }),
        Event::EvidenceGiven { .. } | Event::CodeSent { .. } | Event::ChallengeDeclined { .. } => of_challenge(event),
        Event::TransferPinRevoked { id } => json!({ "transfer_pin_id": id.to_string() }),
        Event::Read { of } => json!({ "of": read(*of) }),
        Event::AccountCreated { lines } => json!({ "lines": lines }),
        Event::AccountChanged { fields } => json!({ "fields": fields }),
        Event::LineAdded => json!({}),
        Event::LineEnded { to } => json!({ "to_account_id": to.as_ref().map(|account| account.as_str()) }),
        Event::RecordsRead { how, filter } => json!({ "how": step(*how), "filter": filtered(filter) }),
        Event::CheckpointMade { accounts, digest } => json!({ "accounts": accounts, "sha256": hex(digest) }),
        Event::ExportAsked { filter } => json!({ "filter": filtered(filter) }),
        Event::ExportApproved { export } | Event::ExportBegun { export } => json!({ "export_id": export.to_string() }),
        Event::ExportDone { export, records, digest } => {
            json!({ "export_id": export.to_string(), "records": records, "sha256": hex(digest) })
        }
        Event::SegmentArchived(segment) | Event::SegmentDeleted(segment) => {
            let SegmentTrace { journal, first, last, records, digest } = segment;
            json!({
                "segment": SegmentName { journal: *journal, first: *first, last: *last }.to_string(),
                "records": records,
                "manifest": Digest(*digest).to_string(),
            })
        }
        Event::HoldChanged { target, step, reason } => incident::hold_changed(target, step, reason),
        Event::IncidentChanged { incident, step, reason } => incident::incident_changed(*incident, step, reason),
        Event::PolicyChanged(change) => policy_changed(change),
        Event::Alerted { reason } => json!({ "reason": reason.as_str() }),
        Event::Told(told) => super::told::details(told),
        Event::DeviceWaits { device } | Event::DeviceRemoved { device } => json!({ "device_id": device.as_str() }),
        Event::LogInsFailed { count } => json!({ "count": count }),
        Event::ActivityDisputed { activity } => json!({ "activity_id": activity.to_string() }),
        Event::SeparationChanged(step) => super::separation::details(step),
        Event::RecoveryChanged(step) => super::recovery::details(step),
    }
}

fn policy_changed(change: &PolicyChange) -> Value {
    let PolicyChange { revision, previous, step, goes_back, reason } = change;
    json!({
        "policy_revision": revision.to_string(),
        "previous_revision": previous.map(|revision| revision.to_string()),
        "step": match step {
            PolicyStep::File => "FILE",
            PolicyStep::Staged => "STAGED",
            PolicyStep::Activated => "ACTIVATED",
        },
        "goes_back": goes_back,
        "reason": reason.as_ref().map(|reason| reason.as_str()),
    })
}

fn of_decision(decided: &Decided) -> Value {
    let made = decided.made.map(|made| match made {
        Made::Release(id) => json!({ "release_id": id.to_string() }),
        Made::TransferPin(id) => json!({ "transfer_pin_id": id.to_string() }),
        Made::Pin => json!("PIN"),
        Made::Recovery => json!("RECOVERY"),
    });
    json!({
        "action": decided.change.action().name(),
        "mode": match decided.mode { Mode::Enforce => "ENFORCE", Mode::Advise => "ADVISE" },
        "line_known": decided.standing == Standing::Known,
        "account_number_matched": decided.account_number_matched,
        "accepted": decided.accepted.iter().map(|factor| factor_name(*factor)).collect::<Vec<_>>(),
        "required": level_name(decided.required),
        "external_reference": decided.external_reference.as_ref().map(|reference| reference.as_str()),
        "supersedes_decision_id": decided.supersedes.map(|id| id.to_string()),
        "challenge_id": decided.challenge.map(|id| id.to_string()),
        "made": made,
        "known_facts": decided.known_facts.map(|facts| format!("{facts:032x}")),
        "place": place(&decided.place),
    })
}

/// Where it was asked; nothing where nothing is known of it.
fn place(place: &Place) -> Option<Value> {
    let Place { bound, said, rep } = place;
    let spot = |spot: &Spot| {
        let Spot { store, device } = spot;
        json!({
            "store_id": store.as_ref().map(|store| store.as_str()),
            "device_id": device.as_ref().map(|device| device.as_str()),
        })
    };
    let rep = rep.as_ref().map(|rep| rep.as_str());
    (!place.is_empty()).then(|| json!({ "bound": spot(bound), "said": spot(said), "rep_id": rep }))
}

/// A filter as it was recorded.
fn filtered(filter: &RecordFilter) -> Value {
    let RecordFilter { account, line, from, before, kinds, caller, outcome } = filter;
    json!({
        "account_id": account.as_ref().map(|account| account.as_str()),
        "line_id": line.as_ref().map(|line| line.as_str()),
        "from_time": from.map(|at| at.to_rfc3339()),
        "before_time": before.map(|at| at.to_rfc3339()),
        "kinds": kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>(),
        "caller_subject": caller.as_ref().map(|caller| caller.as_str()),
        "outcome": outcome.map(|outcome| match outcome {
            OutcomeKind::Approve => "APPROVE",
            OutcomeKind::Challenge => "CHALLENGE",
            OutcomeKind::Deny => "DENY",
        }),
    })
}

fn lock((set, holder): LockName) -> Value {
    json!({ "set": set.name(), "holder": holder.name() })
}

const fn scope_name(scope: StepScope) -> &'static str {
    match scope {
        StepScope::Account => "ACCOUNT",
        StepScope::Line => "LINE",
    }
}

const fn read(of: ReadOf) -> &'static str {
    match of {
        ReadOf::Protection => "PROTECTION",
        ReadOf::Credentials => "CREDENTIALS",
        ReadOf::Activity => "ACTIVITY",
        ReadOf::Account => "ACCOUNT",
        ReadOf::Decision => "DECISION",
        ReadOf::Records => "RECORDS",
    }
}

const fn step(how: AuditStep) -> &'static str {
    match how {
        AuditStep::Listed => "LISTED",
        AuditStep::Watched => "WATCHED",
        AuditStep::Verified => "VERIFIED",
    }
}

/// What happened to a challenge.
fn of_challenge(event: &Event) -> Value {
    match event {
        Event::EvidenceGiven { challenge, checks, device, kept, place: given_at } => json!({
            "challenge_id": challenge.to_string(),
            "account_pin": checks.pin.name(),
            "one_time_code": checks.code.name(),
            "app_approval": checks.app.name(),
            "id_document": checks.document.name(),
            "device_key_id": device.as_ref().map(|device| device.as_str()),
            "kept": kept.iter().map(|factor| factor_name(*factor)).collect::<Vec<_>>(),
            "place": place(given_at),
        }),
        Event::CodeSent { challenge, contact, sendings, expires_at } => json!({
            "challenge_id": challenge.to_string(),
            "contact_id": contact.as_ref().map(|contact| contact.as_str()),
            "sendings": sendings,
            "expire_time": expires_at.to_rfc3339(),
        }),
        Event::ChallengeDeclined { decision, not_me } => {
            json!({ "decision_id": decision.to_string(), "not_me": not_me })
        }
        _ => json!({}),
    }
}

const fn factor_name(factor: Factor) -> &'static str {
    match factor {
        Factor::AccountPin => "ACCOUNT_PIN",
        Factor::TransferPin => "TRANSFER_PIN",
        Factor::OneTimeCode => "ONE_TIME_CODE",
        Factor::AppApproval => "APP_APPROVAL",
        Factor::IdDocument => "ID_DOCUMENT",
    }
}

const fn level_name(level: Level) -> &'static str {
    match level {
        Level::None => "NONE",
        Level::Basic => "BASIC",
        Level::TwoClasses => "TWO_CLASSES",
        Level::Strong => "STRONG",
    }
}

const fn reported(outcome: ReportedOutcome) -> &'static str {
    match outcome {
        ReportedOutcome::Executed => "EXECUTED",
        ReportedOutcome::Failed => "FAILED",
        ReportedOutcome::Abandoned => "ABANDONED",
        ReportedOutcome::Fraud => "FRAUD",
        ReportedOutcome::Genuine => "GENUINE",
    }
}

/// Where a chain does not hold.
pub(in crate::grpc) fn fault(fault: &Fault) -> pb::ChainFault {
    let Fault { kind, account, account_id, record, seq } = fault;
    pb::ChainFault {
        kind: kind.name().to_owned(),
        account_id: account_id.as_ref().map_or_else(String::new, |id| id.as_str().to_owned()),
        account_token: account.as_ref().map(Token::as_bytes).map_or_else(String::new, |bytes| hex(bytes)),
        record_id: record.map_or_else(String::new, |id| id.to_string()),
        account_seq: seq.map_or(0, |seq| i64::try_from(seq).unwrap_or(i64::MAX)),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

#[cfg(test)]
mod tests {
    use crate::audit::EventKind;
    use crate::grpc::pb::v1 as pb;

    /// The contract's numbers of kinds are the recorded ones.
    #[test]
    fn every_kind_has_its_name_in_the_contract() {
        for kind in EventKind::ALL {
            let told = pb::RecordKind::try_from(i32::from(*kind as u8)).unwrap();
            assert_eq!(told.as_str_name(), format!("RECORD_KIND_{}", kind.name()));
        }
        let unreadable = u8::try_from(i32::from(pb::RecordKind::Unreadable)).unwrap();
        assert_eq!(EventKind::from_number(unreadable), None, "what cannot be read is of no recorded kind");
    }
}
