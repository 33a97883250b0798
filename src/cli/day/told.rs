//! What came of a row, and what was expected to.

use chrono::{DateTime, Utc};

use super::sheet::Row;
use crate::cli::failure::Failure;
use crate::grpc::client::{CallError, Code, Status, Timestamp};
use crate::grpc::pb::v1 as pb;

/// What came of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Outcome {
    /// The change may be made, or was made.
    Approved,
    /// Something that needs no decision was done: a lock turned on, a permit redeemed.
    Done,
    /// More proof is needed.
    Challenged,
    /// No.
    Denied,
    /// No answer but an error: the request cannot be meant.
    Refused,
}

impl Outcome {
    /// As the sheets write it.
    fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "APPROVE" => Self::Approved,
            "OK" => Self::Done,
            "CHALLENGE" => Self::Challenged,
            "DENY" => Self::Denied,
            "REFUSED" => Self::Refused,
            _ => return None,
        })
    }

    /// For people.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Done => "done",
            Self::Challenged => "challenged",
            Self::Denied => "denied",
            Self::Refused => "refused",
        }
    }

    /// The server's counter that a decision with this outcome belongs to.
    pub(super) const fn counted_as(self) -> Option<&'static str> {
        match self {
            Self::Approved => Some("APPROVE"),
            Self::Challenged => Some("CHALLENGE"),
            Self::Denied => Some("DENY"),
            Self::Done | Self::Refused => None,
        }
    }
}

/// What came of a row, as the asker was told.
#[derive(Clone)]
pub(super) struct Told {
    /// The outcome.
    pub(super) outcome: Outcome,
    /// Reasons; to carriers the codes of their dialect, or `confirm` and `delay`; with an error its reason or fields.
    pub(super) codes: Vec<String>,
    /// The decision, where there was one.
    pub(super) decision: Option<Seen>,
}

/// A decision as it was answered.
#[derive(Clone)]
pub(super) struct Seen {
    /// Its id.
    pub(super) id: String,
    /// What it was about, as the server's counters name it.
    pub(super) action: &'static str,
    /// When it was made.
    pub(super) at: DateTime<Utc>,
}

impl Told {
    /// Something done without a decision.
    pub(super) const fn done() -> Self {
        Self { outcome: Outcome::Done, codes: Vec::new(), decision: None }
    }

    /// A decision, with its reasons or, where a dialect was asked for, the dialect's answer.
    pub(super) fn decided(action: &'static str, decision: Option<&pb::Decision>) -> Result<Self, Failure> {
        let empty = || Failure::failed("the service answered without a decision");
        let decision = decision.ok_or_else(empty)?;
        let outcome = match decision.outcome() {
            pb::Outcome::Approve => Outcome::Approved,
            pb::Outcome::Challenge => Outcome::Challenged,
            pb::Outcome::Deny => Outcome::Denied,
            pb::Outcome::Unspecified => return Err(empty()),
        };
        let codes = match &decision.wire {
            Some(reply) => in_dialect(reply),
            None => decision.reasons.iter().map(|reason| reason.code.clone()).collect(),
        };
        let at = decision.decide_time.and_then(instant).ok_or_else(empty)?;
        Ok(Self { outcome, codes, decision: Some(Seen { id: decision.decision_id.clone(), action, at }) })
    }

    /// An error that is an answer: the caller may not, or cannot mean it. Any other error ends the day.
    pub(super) fn refused(row: &Row, status: Status) -> Result<Self, Failure> {
        let call = CallError::from(status);
        let is_answer = matches!(
            call.code,
            Code::InvalidArgument
                | Code::NotFound
                | Code::AlreadyExists
                | Code::PermissionDenied
                | Code::FailedPrecondition
                | Code::Aborted
        );
        if !is_answer {
            return Err(Failure::failed(format!("{}: no answer: {} ({call})", row.place(), call.code_name())));
        }
        let codes = if call.reason == FIELD_INVALID && !call.fields.is_empty() {
            call.fields.into_iter().map(|(field, _)| field).collect()
        } else {
            vec![call.reason]
        };
        Ok(Self { outcome: Outcome::Refused, codes, decision: None })
    }
}

/// The reason of errors that say no more than which field it is.
const FIELD_INVALID: &str = "FIELD_INVALID";

fn in_dialect(reply: &pb::WireReply) -> Vec<String> {
    match reply.answer() {
        pb::WireAnswer::Confirm => vec!["confirm".to_owned()],
        pb::WireAnswer::Delay => vec!["delay".to_owned()],
        pb::WireAnswer::ResolutionRequired | pb::WireAnswer::Unspecified => reply.codes.clone(),
    }
}

/// An instant of the wire.
pub(super) fn instant(wire: Timestamp) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(wire.seconds, wire.nanos.try_into().ok()?)
}

/// What a row says must come of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expected {
    outcome: Outcome,
    codes: Vec<String>,
}

impl Expected {
    /// From the row's own columns.
    pub(super) fn of(row: &Row) -> Result<Self, Failure> {
        let outcome = row.word("expect", Outcome::from_word)?;
        Ok(Self { outcome, codes: row.cell("told").split_whitespace().map(str::to_owned).collect() })
    }

    /// Whether it did. An approval's reasons count only where the row names some.
    pub(super) fn is_met_by(&self, told: &Told) -> bool {
        let any = self.codes.is_empty() && self.outcome == Outcome::Approved;
        self.outcome == told.outcome && (any || self.codes == told.codes)
    }

    /// For people.
    pub(super) fn in_words(&self) -> String {
        in_words(self.outcome, &self.codes)
    }
}

/// An outcome with its reasons. Those of an approval were met, so they are left out.
pub(super) fn in_words(outcome: Outcome, codes: &[String]) -> String {
    match outcome {
        Outcome::Approved => outcome.word().to_owned(),
        _ => format!("{} {}", outcome.word(), codes.join(" ")).trim_end().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Expected, Outcome, Told};

    fn told(outcome: Outcome, codes: &[&str]) -> Told {
        Told { outcome, codes: codes.iter().map(ToString::to_string).collect(), decision: None }
    }

    #[test]
    fn reasons_are_expected_in_their_order_but_for_approvals_without_any() {
        let denied = Expected { outcome: Outcome::Denied, codes: vec!["8C".to_owned(), "6D".to_owned()] };
        assert!(denied.is_met_by(&told(Outcome::Denied, &["8C", "6D"])));
        assert!(!denied.is_met_by(&told(Outcome::Denied, &["6D", "8C"])));
        assert!(!denied.is_met_by(&told(Outcome::Challenged, &["8C", "6D"])));
        let approved = Expected { outcome: Outcome::Approved, codes: Vec::new() };
        assert!(approved.is_met_by(&told(Outcome::Approved, &["NEW_DEVICE"])));
        assert!(!approved.is_met_by(&told(Outcome::Challenged, &[])));
        let challenged = Expected { outcome: Outcome::Challenged, codes: Vec::new() };
        assert!(!challenged.is_met_by(&told(Outcome::Challenged, &["NEW_DEVICE"])));
    }
}
