//! What is told of incidents and holds.

use serde_json::{Value, json};

use crate::cli::answers::{instant, name, spoken, word};
use crate::cli::output::{Answer, pairs, parts, table};
use crate::grpc::pb::v1 as pb;

/// An incident as it stands.
pub(super) struct Incident(pub(super) pb::Incident);

/// A page of incidents.
pub(super) struct Incidents(pub(super) pb::ListIncidentsResponse);

/// A hold as it stands.
pub(super) struct Hold(pub(super) pb::Hold);

/// A page of holds.
pub(super) struct Holds(pub(super) pb::ListHoldsResponse);

impl Answer for Incident {
    fn json(&self) -> Value {
        incident_json(&self.0)
    }

    fn text(&self) -> String {
        let pb::Incident { incident_id, reason, opened_by_subject, open_time, .. } = &self.0;
        pairs([
            ("incident", incident_id.clone()),
            ("PINs set until", spoken(self.0.cut_off_time)),
            ("of", cohort(&self.0)),
            ("because", reason.clone()),
            ("told of by", format!("{opened_by_subject}, {}", spoken(*open_time))),
            ("stands", stands(self.0.stands, &self.0.ending, "ended")),
        ])
    }
}

impl Answer for Incidents {
    fn json(&self) -> Value {
        let pb::ListIncidentsResponse { incidents, next_page_token } = &self.0;
        let incidents: Vec<Value> = incidents.iter().map(incident_json).collect();
        json!({ "incidents": incidents, "next_page_token": next_page_token })
    }

    fn text(&self) -> String {
        let pb::ListIncidentsResponse { incidents, next_page_token } = &self.0;
        if incidents.is_empty() && next_page_token.is_empty() {
            return "no incidents".to_owned();
        }
        let row = |incident: &pb::Incident| {
            let stands = stands(incident.stands, &incident.ending, "ended");
            let (id, reason) = (incident.incident_id.clone(), incident.reason.clone());
            [id, cohort(incident), spoken(incident.cut_off_time), stands, reason]
        };
        let all = table(["incident", "of", "PINs set until", "stands", "because"], incidents.iter().map(row));
        parts([all, more(next_page_token)])
    }
}

impl Answer for Hold {
    fn json(&self) -> Value {
        hold_json(&self.0)
    }

    fn text(&self) -> String {
        let hold = &self.0;
        pairs([
            ("held", format!("{} {}", word::<pb::HoldKind>(hold.kind), hold.name)),
            ("because", hold.reason.clone()),
            ("since", spoken(hold.place_time)),
            ("by", placed_by(hold)),
            ("stands", stands(hold.stands, &hold.lifting, "lifted")),
        ])
    }
}

impl Answer for Holds {
    fn json(&self) -> Value {
        let pb::ListHoldsResponse { holds, next_page_token } = &self.0;
        json!({ "holds": holds.iter().map(hold_json).collect::<Vec<_>>(), "next_page_token": next_page_token })
    }

    fn text(&self) -> String {
        let pb::ListHoldsResponse { holds, next_page_token } = &self.0;
        if holds.is_empty() && next_page_token.is_empty() {
            return "nobody and nothing is held".to_owned();
        }
        let row = |hold: &pb::Hold| {
            let stands = stands(hold.stands, &hold.lifting, "lifted");
            let kind = word::<pb::HoldKind>(hold.kind);
            [kind, hold.name.clone(), spoken(hold.place_time), placed_by(hold), stands, hold.reason.clone()]
        };
        let all = table(["kind", "name", "since", "by", "stands", "because"], holds.iter().map(row));
        parts([all, more(next_page_token)])
    }
}

fn more(next_page_token: &str) -> String {
    if next_page_token.is_empty() { String::new() } else { format!("more: --page-token {next_page_token}") }
}

fn incident_json(incident: &pb::Incident) -> Value {
    let pb::Incident {
        incident_id,
        cohort,
        account_count,
        cut_off_time,
        reason,
        opened_by_subject,
        open_time,
        stands,
        ending,
    } = incident;
    json!({
        "incident_id": incident_id,
        "cohort": name::<pb::CohortKind>(*cohort),
        "account_count": account_count,
        "cut_off_time": instant(*cut_off_time),
        "reason": reason,
        "opened_by_subject": opened_by_subject,
        "open_time": instant(*open_time),
        "stands": stands,
        "ending": ending.iter().map(consent_json).collect::<Vec<_>>(),
    })
}

fn hold_json(hold: &pb::Hold) -> Value {
    let pb::Hold { kind, name: held, reason, place_time, placed_by_subject, rule_id, decision_id, stands, lifting } =
        hold;
    json!({
        "kind": name::<pb::HoldKind>(*kind),
        "name": held,
        "reason": reason,
        "place_time": instant(*place_time),
        "placed_by_subject": placed_by_subject,
        "rule_id": rule_id,
        "decision_id": decision_id,
        "stands": stands,
        "lifting": lifting.iter().map(consent_json).collect::<Vec<_>>(),
    })
}

fn consent_json(consent: &pb::Consent) -> Value {
    let pb::Consent { subject, time, reason } = consent;
    json!({ "subject": subject, "time": instant(*time), "reason": reason })
}

fn cohort(incident: &pb::Incident) -> String {
    match incident.account_count {
        0 => word::<pb::CohortKind>(incident.cohort),
        count => format!("{count} listed accounts"),
    }
}

fn placed_by(hold: &pb::Hold) -> String {
    let pb::Hold { placed_by_subject, rule_id, decision_id, .. } = hold;
    match (placed_by_subject.as_str(), rule_id.as_str()) {
        ("", "") => format!("a customer's report on {decision_id}"),
        ("", rule) => format!("rule {rule} in {decision_id}"),
        (subject, _) => subject.to_owned(),
    }
}

fn stands(stands: bool, words: &[pb::Consent], undone: &str) -> String {
    let who: Vec<&str> = words.iter().map(|word| word.subject.as_str()).collect();
    match (stands, who.as_slice()) {
        (true, []) => "yes".to_owned(),
        (true, who) => format!("yes; {} wants it {undone}, another must too", who.join(", ")),
        (false, who) => format!("no: {undone} by {}", who.join(" and ")),
    }
}
