//! Locks, and what happened.

use serde_json::{Value, json};

use super::decision::Decided;
use super::value::{instant, name, spoken, word};
use crate::cli::output::{Answer, hex, pairs, parts, table};
use crate::grpc::pb::v1 as pb;
use crate::grpc::pb::v1::line_ref::Ref;
use crate::grpc::pb::v1::protection::Scope;

/// The locks of lines and accounts.
pub(crate) struct Protections(pub(crate) Vec<pb::Protection>);

impl Answer for Protections {
    fn json(&self) -> Value {
        json!({ "protections": self.0.iter().map(protection_json).collect::<Vec<_>>() })
    }

    fn text(&self) -> String {
        parts(self.0.iter().map(protection_text))
    }
}

/// The locks of one line or account, after a change.
pub(crate) struct Guarded(pub(crate) Option<pb::Protection>, pub(crate) String);

impl Answer for Guarded {
    fn json(&self) -> Value {
        let Self(protection, consistency_token) = self;
        json!({
            "protection": protection.as_ref().map(protection_json),
            "consistency_token": consistency_token,
        })
    }

    fn text(&self) -> String {
        self.0.as_ref().map_or_else(String::new, protection_text)
    }
}

/// Whether a lock is being released.
pub(crate) struct Released {
    /// The decision.
    pub(crate) decision: Decided,
    /// The locks, after.
    pub(crate) protection: Option<pb::Protection>,
    /// For calls that must see it.
    pub(crate) consistency_token: String,
}

impl Answer for Released {
    fn json(&self) -> Value {
        json!({
            "decision": self.decision.json(),
            "protection": self.protection.as_ref().map(protection_json),
            "consistency_token": self.consistency_token,
        })
    }

    fn text(&self) -> String {
        let locks = self.protection.as_ref().map_or_else(String::new, protection_text);
        parts([self.decision.text(), locks])
    }
}

fn protection_json(protection: &pb::Protection) -> Value {
    let pb::Protection { locks, etag, as_of_time, scope } = protection;
    let (line, account_id) = match scope {
        Some(Scope::Line(line)) => (line_json(line), Value::Null),
        Some(Scope::AccountId(id)) => (Value::Null, json!(id)),
        None => (Value::Null, Value::Null),
    };
    json!({
        "line": line,
        "account_id": account_id,
        "locks": locks.iter().map(lock_json).collect::<Vec<_>>(),
        "etag": etag,
        "as_of_time": instant(*as_of_time),
    })
}

fn lock_json(lock: &pb::Lock) -> Value {
    let pb::Lock { set, holder, since_time, placed_by, release, reason_code } = lock;
    json!({
        "set": name::<pb::LockSet>(*set),
        "holder": name::<pb::LockHolder>(*holder),
        "since_time": instant(*since_time),
        "placed_by": placed_by,
        "release": release.as_ref().map(release_json),
        "reason_code": reason_code,
    })
}

fn release_json(release: &pb::Release) -> Value {
    let pb::Release { release_id, effective_time, guarded_until_time, relock_time, only_for_digest, decision_id } =
        release;
    json!({
        "release_id": release_id,
        "effective_time": instant(*effective_time),
        "guarded_until_time": instant(*guarded_until_time),
        "relock_time": instant(*relock_time),
        // Bytes as the contract's own text of a digest has them.
        "only_for_digest": hex(only_for_digest),
        "decision_id": decision_id,
    })
}

pub(super) fn line_json(line: &pb::LineRef) -> Value {
    let pb::LineRef { brand, r#ref, separation_reference: _ } = line;
    let (msisdn, line_id) = match r#ref {
        Some(Ref::Msisdn(number)) => (Some(number), None),
        Some(Ref::LineId(id)) => (None, Some(id)),
        None => (None, None),
    };
    json!({ "msisdn": msisdn, "line_id": line_id, "brand": brand })
}

pub(super) fn line_text(line: &pb::LineRef) -> String {
    match &line.r#ref {
        Some(Ref::Msisdn(name) | Ref::LineId(name)) => name.clone(),
        None => String::new(),
    }
}

fn protection_text(protection: &pb::Protection) -> String {
    let about = match &protection.scope {
        Some(Scope::Line(line)) => format!("line {}", line_text(line)),
        Some(Scope::AccountId(id)) => format!("account {id}"),
        None => String::new(),
    };
    if protection.locks.is_empty() {
        return format!("{about}: no lock is on");
    }
    let rows = protection.locks.iter().map(|lock| {
        [
            word::<pb::LockSet>(lock.set),
            word::<pb::LockHolder>(lock.holder),
            state_of(lock),
            spoken(lock.since_time),
            lock.placed_by.clone(),
            lock.reason_code.clone(),
        ]
    });
    let locks = table(["LOCK", "HOLDER", "STATE", "SINCE", "PLACED BY", "REASON"], rows);
    let releases = protection.locks.iter().filter_map(|lock| lock.release.as_ref()).map(release_text);
    parts([format!("{about}\n{locks}")].into_iter().chain(releases))
}

fn state_of(lock: &pb::Lock) -> String {
    match &lock.release {
        None => "on".to_owned(),
        Some(release) => format!("off from {}", spoken(release.effective_time)),
    }
}

fn release_text(release: &pb::Release) -> String {
    let only = if release.only_for_digest.is_empty() { "" } else { "one change alone" };
    pairs([
        ("release", release.release_id.clone()),
        ("for", only.to_owned()),
        ("extra proof until", spoken(release.guarded_until_time)),
        ("on again", spoken(release.relock_time)),
    ])
}

/// A page of what happened.
pub(crate) struct Activities(pub(crate) pb::ListActivityResponse);

/// Something that just happened.
pub(crate) struct Followed(pub(crate) pb::Activity);

impl Answer for Followed {
    fn json(&self) -> Value {
        activity_json(&self.0)
    }

    fn text(&self) -> String {
        let pb::Activity { activity_id, time, kind, outcome, summary, .. } = &self.0;
        [&spoken(*time), kind, &word::<pb::Outcome>(*outcome), summary, activity_id].map(String::as_str).join("  ")
    }
}

fn activity_json(activity: &pb::Activity) -> Value {
    let pb::Activity { activity_id, time, line, kind, outcome, summary, channel, store_id } = activity;
    json!({
        "activity_id": activity_id,
        "time": instant(*time),
        "line": line.as_ref().map(line_json),
        "kind": kind,
        "outcome": name::<pb::Outcome>(*outcome),
        "summary": summary,
        "channel": name::<pb::Channel>(*channel),
        "store_id": store_id,
    })
}

impl Answer for Activities {
    fn json(&self) -> Value {
        let pb::ListActivityResponse { activities, next_page_token, older_archived } = &self.0;
        json!({
            "activities": activities.iter().map(activity_json).collect::<Vec<_>>(),
            "next_page_token": next_page_token,
            "older_archived": older_archived,
        })
    }

    fn text(&self) -> String {
        let rows = self.0.activities.iter().map(|activity| {
            [
                spoken(activity.time),
                activity.kind.clone(),
                word::<pb::Outcome>(activity.outcome),
                word::<pb::Channel>(activity.channel),
                activity.store_id.clone(),
                activity.line.as_ref().map_or_else(String::new, line_text),
                activity.summary.clone(),
                activity.activity_id.clone(),
            ]
        });
        let archived = if self.0.older_archived { "what is older is in the archive" } else { "" }.to_owned();
        if self.0.activities.is_empty() {
            return if self.0.older_archived { archived } else { "nothing happened".to_owned() };
        }
        let further = self.0.next_page_token.as_str();
        let more = if further.is_empty() { String::new() } else { format!("more with --page-token {further}") };
        parts([
            table(["TIME", "WHAT", "OUTCOME", "CHANNEL", "STORE", "LINE", "SUMMARY", "ACTIVITY"], rows),
            more,
            archived,
        ])
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Guarded, Protections};
    use crate::cli::output::Answer as _;
    use crate::grpc::client::Timestamp;
    use crate::grpc::pb::v1 as pb;
    use crate::grpc::pb::v1::protection::Scope;

    fn at(seconds: i64) -> Timestamp {
        Timestamp { seconds: 1_800_000_000 + seconds, nanos: 0 }
    }

    fn account(locks: Vec<pb::Lock>) -> pb::Protection {
        let scope = Some(Scope::AccountId("A-1".to_owned()));
        pb::Protection { scope, locks, etag: "e".to_owned(), as_of_time: Some(at(0)) }
    }

    fn released() -> pb::Lock {
        let release = pb::Release {
            release_id: "R".to_owned(),
            effective_time: Some(at(900)),
            guarded_until_time: Some(at(86_400)),
            relock_time: Some(at(604_800)),
            only_for_digest: vec![0xab, 1],
            decision_id: "D".to_owned(),
        };
        pb::Lock {
            set: pb::LockSet::Port.into(),
            holder: pb::LockHolder::Customer.into(),
            since_time: Some(at(0)),
            placed_by: "P-1".to_owned(),
            release: Some(release),
            reason_code: String::new(),
        }
    }

    #[test]
    fn a_release_says_from_when_and_for_what() {
        let text = Protections(vec![account(vec![released()]), account(Vec::new())]).text();
        assert_eq!(
            text,
            "\
account A-1
LOCK  HOLDER    STATE                             SINCE                    PLACED BY  REASON
port  customer  off from 2027-01-15 08:15:00 UTC  2027-01-15 08:00:00 UTC  P-1

release            R
for                one change alone
extra proof until  2027-01-16 08:00:00 UTC
on again           2027-01-22 08:00:00 UTC

account A-1: no lock is on"
        );
    }

    #[test]
    fn json_tells_a_digest_in_the_contracts_own_text() {
        let told = Guarded(Some(account(vec![released()])), "t".to_owned()).json();
        assert_eq!(told["consistency_token"], "t");
        let lock = &told["protection"]["locks"][0];
        assert_eq!((&lock["set"], &lock["release"]["only_for_digest"]), (&json!("LOCK_SET_PORT"), &json!("ab01")));
        assert_eq!((&told["protection"]["line"], &told["protection"]["account_id"]), (&json!(null), &json!("A-1")));
    }
}
