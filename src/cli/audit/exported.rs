//! What is told of an export.

use serde_json::{Value, json};

use crate::cli::answers::{instant, name, spoken, word};
use crate::cli::output::{Answer, hex, pairs, parts};
use crate::grpc::pb::v1 as pb;

/// An export as it stands.
pub(super) struct Standing(pub(super) pb::Export);

impl Answer for Standing {
    fn json(&self) -> Value {
        let pb::Export {
            export_id,
            filter,
            account_id,
            requester_subject,
            request_time,
            approver_subject,
            approve_time,
            expire_time,
        } = &self.0;
        json!({
            "export_id": export_id,
            "filter": filter.as_ref().map(filter_json),
            "account_id": account_id,
            "requester_subject": requester_subject,
            "request_time": instant(*request_time),
            "approver_subject": approver_subject,
            "approve_time": instant(*approve_time),
            "expire_time": instant(*expire_time),
        })
    }

    fn text(&self) -> String {
        let export = &self.0;
        let filter = export.filter.clone().unwrap_or_default();
        let kinds: Vec<_> = filter.kinds.iter().map(|kind| word::<pb::RecordKind>(*kind)).collect();
        let is_approved = export.approve_time.is_some();
        let (id, until) = (&export.export_id, spoken(export.expire_time));
        let next = if is_approved {
            format!("Who asked fetches it until {until}:\n  portcullis audit export fetch {id} --out FILE")
        } else {
            format!("Somebody else approves it until {until}:\n  portcullis audit export approve {id}")
        };
        let of = if export.account_id.is_empty() { "the whole brand" } else { export.account_id.as_str() };
        let asked = pairs([
            ("export", id.clone()),
            ("asked by", export.requester_subject.clone()),
            ("asked at", spoken(export.request_time)),
            ("records of", of.to_owned()),
            ("from", spoken(filter.from_time)),
            ("before", spoken(filter.before_time)),
            ("kinds", kinds.join(", ")),
            ("caused by", filter.caller_subject),
            ("decided", word::<pb::Outcome>(filter.outcome)),
            ("approved by", export.approver_subject.clone()),
            ("approved at", spoken(export.approve_time)),
        ]);
        parts([asked, next])
    }
}

fn filter_json(filter: &pb::RecordFilter) -> Value {
    let pb::RecordFilter { from_time, before_time, kinds, caller_subject, outcome } = filter;
    json!({
        "from_time": instant(*from_time),
        "before_time": instant(*before_time),
        "kinds": kinds.iter().map(|kind| name::<pb::RecordKind>(*kind)).collect::<Vec<_>>(),
        "caller_subject": caller_subject,
        "outcome": name::<pb::Outcome>(*outcome),
    })
}

/// An export that was fetched whole.
pub(super) struct Fetched {
    /// Where it is.
    pub(super) file: String,
    /// How many records.
    pub(super) records: u64,
    /// Over all of them: the ledger has the same.
    pub(super) digest: [u8; 32],
}

impl Answer for Fetched {
    fn json(&self) -> Value {
        let Self { file, records, digest } = self;
        json!({ "file": file, "records": records, "sha256": hex(digest) })
    }

    fn text(&self) -> String {
        let Self { file, records, digest } = self;
        pairs([("file", file.clone()), ("records", records.to_string()), ("sha256", hex(digest))])
    }
}
