//! Records as they are kept.

use serde_json::{Value, json};

use super::decision::{contribution_json, explanation_json, reason_json};
use super::value::{instant, name, spoken, word};
use crate::cli::output::{Answer, hex, table};
use crate::grpc::pb::v1 as pb;

/// A record. Has no `Debug`: it may hold personal data.
pub(crate) struct Record(pub(crate) pb::Record);

impl Answer for Record {
    fn json(&self) -> Value {
        let pb::Record {
            record_id,
            account_id,
            account_seq,
            time,
            kind,
            line_id,
            caller_subject,
            caller_role,
            channel,
            outcome,
            reasons,
            explanation,
            change,
            policy_revision,
            details_json,
            previous_hash,
            hash,
            shadow,
        } = &self.0;
        json!({
            "record_id": record_id,
            "account_id": account_id,
            "account_seq": account_seq,
            "time": instant(*time),
            "kind": name::<pb::RecordKind>(*kind),
            "line_id": line_id,
            "caller_subject": caller_subject,
            "caller_role": caller_role,
            "channel": name::<pb::Channel>(*channel),
            "outcome": name::<pb::Outcome>(*outcome),
            "reasons": reasons.iter().map(reason_json).collect::<Vec<_>>(),
            "explanation": explanation.as_ref().map(explanation_json),
            "change": change,
            "policy_revision": policy_revision,
            // An object within the object; a text that is none is told as it came.
            "details": serde_json::from_str::<Value>(details_json).unwrap_or_else(|_| Value::from(details_json.as_str())),
            "previous_hash": hex(previous_hash),
            "hash": hex(hash),
            "shadow": shadow.as_ref().map(shadow_json),
        })
    }

    fn text(&self) -> String {
        cells(&self.0).into_iter().filter(|cell| !cell.is_empty()).collect::<Vec<_>>().join("  ")
    }
}

fn shadow_json(shadow: &pb::ShadowVerdict) -> Value {
    let pb::ShadowVerdict { policy_revision, outcome, required, score, reasons, contributions } = shadow;
    json!({
        "policy_revision": policy_revision,
        "outcome": name::<pb::Outcome>(*outcome),
        "required": name::<pb::Strength>(*required),
        "score": score,
        "reasons": reasons.iter().map(reason_json).collect::<Vec<_>>(),
        "contributions": contributions.iter().map(contribution_json).collect::<Vec<_>>(),
    })
}

/// Records as a table for people.
pub(crate) fn records_table(records: &[pb::Record]) -> String {
    let header = ["TIME", "ACCOUNT", "NUMBER", "KIND", "LINE", "OUTCOME", "WHY", "CALLER"];
    table(header, records.iter().map(cells))
}

fn cells(record: &pb::Record) -> [String; 8] {
    let reasons: Vec<&str> = record.reasons.iter().map(|reason| reason.code.as_str()).collect();
    let change = record.change.lines().next().unwrap_or_default().replace('_', " ").to_lowercase();
    [
        spoken(record.time),
        record.account_id.clone(),
        record.account_seq.to_string(),
        if change.is_empty() { word::<pb::RecordKind>(record.kind) } else { change },
        record.line_id.clone(),
        word::<pb::Outcome>(record.outcome),
        reasons.join(" "),
        record.caller_subject.clone(),
    ]
}

#[cfg(test)]
mod tests {
    use super::{Record, records_table};
    use crate::cli::output::Answer as _;
    use crate::grpc::pb::v1 as pb;

    #[test]
    fn a_record_is_one_line_for_people_and_whole_for_programs() {
        let record = pb::Record {
            account_id: "A-1".to_owned(),
            account_seq: 3,
            kind: pb::RecordKind::LockSet.into(),
            details_json: r#"{"scope":"LINE"}"#.to_owned(),
            hash: vec![0xab; 32],
            ..pb::Record::default()
        };
        assert_eq!(Record(record.clone()).text(), "A-1  3  lock set");
        let json = Record(record.clone()).json();
        assert_eq!((&json["kind"], &json["details"]["scope"]), (&"RECORD_KIND_LOCK_SET".into(), &"LINE".into()));
        assert_eq!(json["hash"], "ab".repeat(32));
        assert!(records_table(&[record]).starts_with("TIME  ACCOUNT  NUMBER  KIND"));
        assert!(records_table(&[]).is_empty());
    }
}
