//! Incidents and holds.

use serde_json::{Value, json};

use crate::audit::{HoldStep, IncidentStep};
use crate::domain::{Cohort, Consent, Hold, HoldCause, HoldKind, HoldTarget, Incident, RecordId, Reference, Undoing};
use crate::grpc::convert::time::timestamp;
use crate::grpc::pb::v1 as pb;

/// A hold as it stands.
pub(in crate::grpc) fn hold(hold: &Hold) -> pb::Hold {
    let Hold { target, cause, reason, since, lifting } = hold;
    let (placed_by, rule_id, decision_id) = match cause {
        HoldCause::Hand(by) => (by.as_str().to_owned(), String::new(), String::new()),
        HoldCause::Rule { rule, decision } => (String::new(), rule.clone(), decision.to_string()),
        HoldCause::FraudReport { decision } => (String::new(), String::new(), decision.to_string()),
    };
    pb::Hold {
        kind: hold_kind(target.kind).into(),
        name: target.name.as_str().to_owned(),
        reason: reason.as_str().to_owned(),
        place_time: Some(timestamp(*since)),
        placed_by_subject: placed_by,
        rule_id,
        decision_id,
        stands: lifting.stands(),
        lifting: consents(lifting),
    }
}

/// An incident as it stands.
pub(in crate::grpc) fn incident(incident: &Incident) -> pb::Incident {
    let Incident { id, cohort, cut_off, reason, opened_by, opened_at, ending } = incident;
    let (kind, accounts) = match cohort {
        Cohort::Everyone => (pb::CohortKind::Everyone, 0),
        Cohort::Brand => (pb::CohortKind::Brand, 0),
        Cohort::Listed { accounts, .. } => (pb::CohortKind::Listed, i64::from(*accounts)),
    };
    pb::Incident {
        incident_id: id.to_string(),
        cohort: kind.into(),
        account_count: accounts,
        cut_off_time: Some(timestamp(*cut_off)),
        reason: reason.as_str().to_owned(),
        opened_by_subject: opened_by.as_str().to_owned(),
        open_time: Some(timestamp(*opened_at)),
        stands: ending.stands(),
        ending: consents(ending),
    }
}

/// The words that were given to undo something, oldest first.
fn consents(undoing: &Undoing) -> Vec<pb::Consent> {
    let told = |Consent { by, at, reason }: &Consent| pb::Consent {
        subject: by.as_str().to_owned(),
        time: Some(timestamp(*at)),
        reason: reason.as_str().to_owned(),
    };
    match undoing {
        Undoing::Stands => Vec::new(),
        Undoing::Asked(first) => vec![told(first)],
        Undoing::Done { first, second } => vec![told(first), told(second)],
    }
}

const fn hold_kind(kind: HoldKind) -> pb::HoldKind {
    match kind {
        HoldKind::Staff => pb::HoldKind::Staff,
        HoldKind::Store => pb::HoldKind::Store,
        HoldKind::Device => pb::HoldKind::Device,
        HoldKind::Token => pb::HoldKind::Token,
        HoldKind::Carrier => pb::HoldKind::Carrier,
        HoldKind::Certificate => pb::HoldKind::Certificate,
    }
}

/// What a record says of a hold.
pub(super) fn hold_changed(target: &HoldTarget, step: &HoldStep, reason: &Reference) -> Value {
    let (name, rule, decision) = match step {
        HoldStep::Placed(HoldCause::Hand(_)) => ("PLACED", None, None),
        HoldStep::Placed(HoldCause::Rule { rule, decision }) => ("PLACED", Some(rule), Some(decision)),
        HoldStep::Placed(HoldCause::FraudReport { decision }) => ("PLACED", None, Some(decision)),
        HoldStep::LiftAsked => ("LIFT_ASKED", None, None),
        HoldStep::Lifted => ("LIFTED", None, None),
    };
    json!({
        "kind": target.kind.name(),
        "name": target.name.as_str(),
        "step": name,
        "reason": reason.as_str(),
        "rule_id": rule,
        "decision_id": decision.map(ToString::to_string),
    })
}

/// What a record says of an incident.
pub(super) fn incident_changed(incident: RecordId, step: &IncidentStep, reason: &Reference) -> Value {
    let (incident, reason) = (incident.to_string(), reason.as_str());
    match step {
        IncidentStep::Opened { cohort, cut_off } => {
            let (cohort, accounts) = match cohort {
                Cohort::Everyone => ("EVERYONE", None),
                Cohort::Brand => ("BRAND", None),
                Cohort::Listed { accounts, .. } => ("LISTED", Some(accounts)),
            };
            let cut_off = cut_off.to_rfc3339();
            json!({
                "incident_id": incident, "step": "OPENED", "cohort": cohort, "account_count": accounts,
                "cut_off_time": cut_off, "reason": reason,
            })
        }
        IncidentStep::EndAsked => json!({ "incident_id": incident, "step": "END_ASKED", "reason": reason }),
        IncidentStep::Ended => json!({ "incident_id": incident, "step": "ENDED", "reason": reason }),
    }
}
