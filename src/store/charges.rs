//! What is counted: windows, their events, what is charged to them and what is taken back.

use chrono::{DateTime, TimeDelta, Utc};

use crate::crypto::{Partition, Token};

/// The longest that any event may count: no rule looks further back.
pub const WINDOW_KEPT: TimeDelta = TimeDelta::days(31);

/// The name of a window. One of an account lives in the account's partition; one of a source in its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WindowKey {
    /// Where it lives.
    pub partition: Partition,
    /// Its name.
    pub token: Token,
}

/// An event to be counted before a secret is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charge {
    /// Where it counts.
    pub window: WindowKey,
    /// What it counts by, for windows that count distinct subjects.
    pub subject: Token,
    /// How many events the window keeps: the newest. One more than the largest number any rule compares it with.
    pub cap: u16,
    /// How long it may count: no rule looks further back, and the store may forget it from then on. At most
    /// [`WINDOW_KEPT`].
    pub kept: TimeDelta,
    /// When the charge must be durable.
    pub before: Before,
}

/// When a charge must be durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Before {
    /// Before the call returns: a secret is about to be looked at.
    Look,
    /// With the next commit of the store: nothing is learnt from what is asked meanwhile.
    Commit,
    /// Before nothing: a restart may forget it, and it is written nowhere. For what counts seconds, and for windows whose
    /// name a restart makes anew.
    Nothing,
}

/// Charges outside any account.
#[derive(Debug, Clone)]
pub struct ChargeWindows {
    /// What is charged.
    pub charges: Vec<Charge>,
    /// Windows to read besides.
    pub reads: Vec<WindowKey>,
    /// The attempt they belong to: the request's token.
    pub attempt: Token,
    /// When it is made.
    pub now: DateTime<Utc>,
}

/// A window's newest events, oldest first (at one instant: by attempt), at most its cap. What they mean is counted by the
/// policy, for every store alike.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Window {
    /// The events.
    pub events: Vec<WindowEvent>,
}

/// One counted event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowEvent {
    /// When.
    pub at: DateTime<Utc>,
    /// By what.
    pub subject: Token,
    /// In which attempt.
    pub attempt: Token,
}

/// A charge outside any account to be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settle {
    /// Where it counts.
    pub window: WindowKey,
    /// The attempt it was made under.
    pub attempt: Token,
}
