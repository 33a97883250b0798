//! What is kept of everything that happened to an account.

use chrono::{DateTime, Utc};

use super::event::Event;
use crate::domain::{Channel, LineId, RecordId, Role, Seq, Subject};

/// One link of an account's chain. Written once, never changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its name; a decision's id is its record's.
    pub id: RecordId,
    /// Its place in the account's chain, from 1.
    pub seq: Seq,
    /// When it happened. What time alone did carries its own instant, not the instant it was noticed.
    pub at: DateTime<Utc>,
    /// The account's record before it.
    pub previous: Option<RecordId>,
    /// That record's hash; zeros before the first.
    pub previous_hash: [u8; 32],
    /// The line it is about, if it is about one.
    pub line: Option<LineTrace>,
    /// Who caused it; nobody when time did.
    pub caller: Option<Caller>,
    /// Through which channel.
    pub channel: Option<Channel>,
    /// What happened.
    pub event: Event,
}

/// A line's own thread through its account's chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineTrace {
    /// The line.
    pub id: LineId,
    /// The record before this one about the same line.
    pub previous: Option<RecordId>,
}

/// Who caused a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The authenticated identity.
    pub subject: Subject,
    /// Its role.
    pub role: Role,
}
