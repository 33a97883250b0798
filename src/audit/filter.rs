//! Which records somebody wants to see.

use chrono::{DateTime, Utc};

use super::event::Event;
use super::kind::EventKind;
use super::record::Record;
use crate::domain::{AccountId, LineId, OutcomeKind, Subject};

/// What a record must be to be meant. What is not given may be anything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RecordFilter {
    /// Its account. Not kept in the record itself: whoever finds records compares it.
    pub account: Option<AccountId>,
    /// Its line.
    pub line: Option<LineId>,
    /// It happened at this instant or later.
    pub from: Option<DateTime<Utc>>,
    /// It happened before this instant.
    pub before: Option<DateTime<Utc>>,
    /// Its kind is one of these; of any kind if there are none.
    pub kinds: Vec<EventKind>,
    /// Who caused it.
    pub caller: Option<Subject>,
    /// What was decided: leaves out all that is no decision.
    pub outcome: Option<OutcomeKind>,
}

impl RecordFilter {
    /// Whether a record is meant, as far as it says itself.
    pub fn matches(&self, record: &Record) -> bool {
        let Self { account: _, line, from, before, kinds, caller, outcome } = self;
        let decided = match &record.event {
            Event::Decided(decided) => Some(decided.outcome),
            _ => None,
        };
        line.as_ref().is_none_or(|line| record.line.as_ref().is_some_and(|trace| trace.id == *line))
            && from.is_none_or(|from| record.at >= from)
            && before.is_none_or(|before| record.at < before)
            && (kinds.is_empty() || kinds.contains(&record.event.kind()))
            && caller.as_ref().is_none_or(|caller| record.caller.as_ref().is_some_and(|by| by.subject == *caller))
            && outcome.is_none_or(|outcome| decided == Some(outcome))
    }
}
