//! Records as they are printed, read again: what `audit list --json` and `audit export fetch` write, and what a service tells.
//!
//! Deliberately absent: anything of a record that no policy reads.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::cli::answers::Record;
use crate::cli::output::Answer as _;
use crate::domain::{Action, Channel, Factor, OutcomeKind, Reason, RecordId};
use crate::grpc::pb::v1 as pb;
use crate::policy::{Fact, Recorded};

/// What a record is to whoever decides again.
pub(super) enum Read {
    /// A decision.
    Decision(Box<Decision>),
    /// A decision that cannot be decided again, and why.
    Unusable(&'static str),
    /// What became of a decision.
    Report(RecordId, Reported),
    /// Anything else.
    Other,
}

/// What became of a decision, worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reported {
    /// Its permit was used, or it was reported to be carried out, and nobody said more.
    Executed,
    /// It was genuine.
    Genuine,
    /// It was fraud.
    Fraud,
}

/// A decision as it was recorded.
pub(super) struct Decision {
    pub(super) id: RecordId,
    pub(super) at: DateTime<Utc>,
    pub(super) action: Action,
    pub(super) channel: Channel,
    pub(super) outcome: OutcomeKind,
    /// Whether it only advised.
    pub(super) advice: bool,
    pub(super) accepted: Vec<Factor>,
    pub(super) facts: Vec<(u16, i64)>,
    /// The facts that its engine knew of.
    pub(super) known: Option<u128>,
    pub(super) had_no_usable_factor: bool,
    /// The policy that decided.
    pub(super) policy: String,
    /// What the shadow policy would have said, as it was told.
    pub(super) shadow: Option<Value>,
}

impl Decision {
    /// What a policy reads of it.
    pub(super) fn recorded(&self) -> Recorded<'_> {
        Recorded {
            at: self.at,
            action: self.action,
            channel: self.channel,
            facts: &self.facts,
            known: self.known,
            accepted: &self.accepted,
            had_no_usable_factor: self.had_no_usable_factor,
        }
    }
}

/// Reads a record of the contract.
pub(super) fn of_record(record: pb::Record) -> Read {
    of_json(&Record(record).json())
}

/// Reads a record as it is printed.
pub(super) fn of_json(record: &Value) -> Read {
    match text(&record["kind"]) {
        "RECORD_KIND_DECIDED" => decision(record).map_or_else(Read::Unusable, |one| Read::Decision(Box::new(one))),
        "RECORD_KIND_UNREADABLE" => Read::Unusable("the record cannot be read"),
        "RECORD_KIND_OUTCOME_REPORTED" => report(&record["details"]),
        "RECORD_KIND_PERMIT_REDEEMED" => about(&record["details"], Reported::Executed),
        "RECORD_KIND_EVENT_RECORDED" => told(&record["details"]),
        _ => Read::Other,
    }
}

/// Reads a line of a file of records and gives it to `take`, if it is a decision.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn decision_line(line: &[u8], take: impl FnOnce(&Recorded<'_>)) {
    if let Ok(record) = serde_json::from_slice(line)
        && let Read::Decision(decision) = of_json(&record)
    {
        take(&decision.recorded());
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn text_at<'a>(value: &'a Value, place: &str) -> &'a str {
    value.pointer(place).map(text).unwrap_or_default()
}

fn decision(record: &Value) -> Result<Decision, &'static str> {
    const BROKEN: &str = "the record is not one of decisions as this program knows them";
    let details = &record["details"];
    let facts = facts(text_at(record, "/explanation/facts_json"))
        .ok_or("a fact is recorded that this program does not know")?;
    if facts.is_empty() {
        return Err("the record holds no facts");
    }
    let named = |value: &Value, prefix: &str| text(value).strip_prefix(prefix).map(str::to_owned).ok_or(BROKEN);
    let channel = named(&record["channel"], "CHANNEL_")?;
    let outcome = named(&record["outcome"], "OUTCOME_")?;
    let outcomes = [OutcomeKind::Approve, OutcomeKind::Challenge, OutcomeKind::Deny];
    let known = match &details["known_facts"] {
        Value::Null => None,
        known => Some(u128::from_str_radix(text(known), 16).map_err(|_| BROKEN)?),
    };
    let reasons = record["reasons"].as_array().ok_or(BROKEN)?;
    Ok(Decision {
        id: RecordId::parse(text(&record["record_id"])).map_err(|_| BROKEN)?,
        at: DateTime::parse_from_rfc3339(text(&record["time"])).map_err(|_| BROKEN)?.to_utc(),
        action: by_name(Action::ALL, Action::name, text(&details["action"])).ok_or(BROKEN)?,
        channel: by_name(Channel::ALL, Channel::name, &channel).ok_or(BROKEN)?,
        outcome: by_name(outcomes, OutcomeKind::name, &outcome).ok_or(BROKEN)?,
        advice: text(&details["mode"]) == "ADVISE",
        accepted: factors(&details["accepted"]).ok_or(BROKEN)?,
        facts,
        known,
        had_no_usable_factor: reasons.iter().any(|given| text(&given["code"]) == Reason::NoUsableFactor.code()),
        policy: text(&record["policy_revision"]).to_owned(),
        shadow: Some(record["shadow"].clone()).filter(|shadow| !shadow.is_null()),
    })
}

fn by_name<T: Copy>(all: impl IntoIterator<Item = T>, name: impl Fn(T) -> &'static str, wanted: &str) -> Option<T> {
    all.into_iter().find(|one| name(*one) == wanted)
}

fn factors(accepted: &Value) -> Option<Vec<Factor>> {
    accepted.as_array()?.iter().map(|factor| by_name(Factor::ALL, Factor::name, text(factor))).collect()
}

/// Facts by their names; one without a name there is told by its number, and is a later engine's.
fn facts(json: &str) -> Option<Vec<(u16, i64)>> {
    let facts: serde_json::Map<String, Value> = serde_json::from_str(json).ok()?;
    let fact = |(name, value): (&String, &Value)| Some((u16::from(Fact::labelled(name)?.number), value.as_i64()?));
    facts.iter().map(fact).collect()
}

fn report(details: &Value) -> Read {
    let reported = match text(&details["outcome"]) {
        "FRAUD" => Reported::Fraud,
        "GENUINE" => Reported::Genuine,
        "EXECUTED" => Reported::Executed,
        _ => return Read::Other,
    };
    about(details, reported)
}

fn about(details: &Value, reported: Reported) -> Read {
    RecordId::parse(text(&details["decision_id"])).map_or(Read::Other, |id| Read::Report(id, reported))
}

fn told(details: &Value) -> Read {
    let id = RecordId::parse(text_at(details, "/fraud_reported/decision_id"));
    id.map_or(Read::Other, |id| Read::Report(id, Reported::Fraud))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Read, Reported, of_json};
    use crate::domain::{Action, Channel, Factor, OutcomeKind};

    const ID: &str = "0190f3c2-0000-7000-8000-000000000001";

    pub(in crate::cli::policy) fn decided() -> Value {
        json!({
            "record_id": ID, "time": "2026-03-01T12:00:00Z", "kind": "RECORD_KIND_DECIDED",
            "channel": "CHANNEL_STORE", "outcome": "OUTCOME_DENY", "policy_revision": "70",
            "reasons": [{ "code": "NO_USABLE_FACTOR" }],
            "explanation": { "facts_json": r#"{"action":1,"sim_changed":-5}"# },
            "details": { "action": "SIM_CHANGE", "mode": "ENFORCE", "accepted": ["ACCOUNT_PIN"], "known_facts": "1e" },
        })
    }

    #[test]
    fn a_decision_is_read_as_it_is_printed() {
        let Read::Decision(decision) = of_json(&decided()) else { panic!("not read") };
        assert_eq!((decision.action, decision.channel), (Action::SimChange, Channel::Store));
        assert_eq!((decision.outcome, decision.advice), (OutcomeKind::Deny, false));
        assert_eq!((decision.facts, decision.accepted), (vec![(1, 1), (12, -5)], vec![Factor::AccountPin]));
        assert_eq!((decision.known, decision.had_no_usable_factor), (Some(0x1e), true));
    }

    #[test]
    fn what_cannot_be_decided_again_says_why() {
        let changed = |path: &str, value: Value| {
            let mut record = decided();
            *record.pointer_mut(path).unwrap() = value;
            match of_json(&record) {
                Read::Unusable(why) => why,
                _ => panic!("{path} was read"),
            }
        };
        assert_eq!(changed("/explanation/facts_json", "{}".into()), "the record holds no facts");
        let later = changed("/explanation/facts_json", r#"{"119":1}"#.into());
        assert_eq!(later, "a fact is recorded that this program does not know");
        assert_eq!(changed("/kind", "RECORD_KIND_UNREADABLE".into()), "the record cannot be read");
        for path in ["/channel", "/outcome", "/time", "/details/action", "/details/accepted", "/details/known_facts"] {
            assert!(changed(path, "canary".into()).starts_with("the record is not one"), "{path}");
        }
    }

    #[test]
    fn reports_are_told_in_two_ways() {
        let read = |kind: &str, details: Value| match of_json(&json!({ "kind": kind, "details": details })) {
            Read::Report(id, reported) => Some((id.to_string(), reported)),
            _ => None,
        };
        let report = |outcome: &str| {
            read("RECORD_KIND_OUTCOME_REPORTED", json!({ "decision_id": ID, "outcome": outcome })).map(|(_, what)| what)
        };
        assert_eq!(report("FRAUD"), Some(Reported::Fraud));
        assert_eq!(report("GENUINE"), Some(Reported::Genuine));
        assert_eq!(report("EXECUTED"), Some(Reported::Executed));
        assert_eq!(report("ABANDONED"), None);
        let redeemed = read("RECORD_KIND_PERMIT_REDEEMED", json!({ "decision_id": ID }));
        assert_eq!(redeemed, Some((ID.to_owned(), Reported::Executed)));
        let told = |id: Value| read("RECORD_KIND_EVENT_RECORDED", json!({ "fraud_reported": { "decision_id": id } }));
        assert_eq!(told(ID.into()), Some((ID.to_owned(), Reported::Fraud)));
        assert_eq!(told(Value::Null), None);
    }
}
