//! What came of the calls.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::tally::Tally;
use super::prepared::Asked;
use crate::domain::ChangeDigest;
use crate::grpc::lean::{Answered, LeanError, decoded};
use crate::grpc::pb::v1 as pb;

/// How a call ended.
pub(super) enum Ended {
    /// With an answer of the service.
    Answered(Answered),
    /// Its time was over before it could be sent: its connection took no more.
    NotSent,
    /// Its time was over before it was answered.
    Late,
    /// Its connection broke.
    Broken(LeanError),
}

/// An approval, and what it was asked for.
pub(super) struct Approval {
    /// The decision.
    pub(super) decision: String,
    /// The change that the owner approved; none where nothing could be approved.
    pub(super) change: Option<ChangeDigest>,
}

/// Calls counted.
#[derive(Default)]
pub(super) struct Count {
    /// Decisions answered: outcomes, latencies, and errors that are no refusals.
    pub(super) decisions: Tally,
    /// Locks turned on.
    pub(super) locks: Tally,
    /// Refused for overload, and told when to come back: decisions, locks.
    pub(super) shed: [u64; 2],
    /// Not sent in time.
    pub(super) not_sent: u64,
    /// All of them.
    pub(super) offered: u64,
    /// Why the first connection broke.
    pub(super) broken: Option<String>,
    /// Approvals.
    pub(super) approvals: Vec<Approval>,
}

impl Count {
    /// Counts a call that took so long from when it was due.
    pub(super) fn note(&mut self, asked: Asked, ended: Ended, took: Duration) {
        self.offered += 1;
        let is_lock = asked == Asked::Lock;
        let tally = if is_lock { &mut self.locks } else { &mut self.decisions };
        match ended {
            Ended::Answered(Answered::Message(message)) if is_lock => {
                let set = decoded::<pb::SetLockResponse>(message).filter(|answer| answer.protection.is_some());
                tally.note(set.map(|_| "set").ok_or("UNREADABLE"), took);
            }
            Ended::Answered(Answered::Message(_)) if asked == Asked::Echo => tally.note(Ok("echo"), took),
            Ended::Answered(Answered::Message(message)) => {
                let decision = decoded::<pb::DecideResponse>(message).and_then(|answer| answer.decision);
                let outcome = decision.as_ref().map_or(pb::Outcome::Unspecified, pb::Decision::outcome);
                tally.note(named(outcome), took);
                if let (pb::Outcome::Approve, Some(decision)) = (outcome, decision) {
                    let change = if let Asked::Approvable(change) = asked { Some(change) } else { None };
                    self.approvals.push(Approval { decision: decision.decision_id, change });
                }
            }
            Ended::Answered(Answered::Status(error)) if error.reason == "OVERLOADED" && error.retry_after.is_some() => {
                let [decisions, locks] = &mut self.shed;
                *(if is_lock { locks } else { decisions }) += 1;
            }
            Ended::Answered(Answered::Status(error)) => tally.note(Err(error.code_name()), took),
            Ended::NotSent => self.not_sent += 1,
            Ended::Late => tally.note(Err("LATE"), took),
            Ended::Broken(error) => {
                tally.note(Err("BROKEN"), took);
                self.broken.get_or_insert_with(|| error.to_string());
            }
        }
    }

    /// Adds another's calls.
    pub(super) fn add(&mut self, other: Self) {
        let Self { decisions, locks, shed, not_sent, offered, broken, approvals } = other;
        self.broken = self.broken.take().or(broken);
        self.decisions.add(&decisions);
        self.locks.add(&locks);
        for (all, more) in self.shed.iter_mut().zip(shed) {
            *all += more;
        }
        self.not_sent += not_sent;
        self.offered += offered;
        self.approvals.extend(approvals);
    }

    /// Calls that were neither answered nor refused for overload, by how they ended.
    pub(super) fn errors(&self) -> BTreeMap<&'static str, u64> {
        let mut all = self.decisions.errors.clone();
        for (status, count) in &self.locks.errors {
            *all.entry(status).or_default() += count;
        }
        all
    }
}

const fn named(outcome: pb::Outcome) -> Result<&'static str, &'static str> {
    match outcome {
        pb::Outcome::Approve => Ok("approve"),
        pb::Outcome::Challenge => Ok("challenge"),
        pb::Outcome::Deny => Ok("deny"),
        pb::Outcome::Unspecified => Err("UNREADABLE"),
    }
}
