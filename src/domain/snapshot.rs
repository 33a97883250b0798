//! What the store knew at the moment of a decision, and what time alone has changed since.

use chrono::{DateTime, Utc};

use super::protection::NamedStep;
use super::{Account, Credentials, HoldKind, Line, RegisteredStore, Velocity};

/// Everything a decision rests on besides the request.
#[derive(Debug, Clone, Copy)]
pub struct Snapshot<'a> {
    /// The account, due changes applied.
    pub account: &'a Account,
    /// Its secrets' records.
    pub credentials: &'a Credentials,
    /// The line, due changes applied. For a change of the whole account, a stand-in.
    pub line: &'a Line,
    /// Whether the line is really there. An unknown line is decided with the same steps and answered like a known one.
    pub standing: Standing,
    /// Failed attempts at the account PIN before this one, oldest first.
    pub pin_failures: &'a [DateTime<Utc>],
    /// Failed attempts at transfer PINs of the account before this one, oldest first.
    pub transfer_pin_failures: &'a [DateTime<Utc>],
    /// What windows over many accounts say, this request included.
    pub velocity: &'a Velocity,
    /// The store that it comes from, where its operator registered that one.
    pub store: Option<&'a RegisteredStore>,
    /// What of the request is held: who asks, where they ask, or the carrier that gains.
    pub held: Option<HoldKind>,
    /// The latest instant at which a breach may have taken the account's secrets.
    pub breached_until: Option<DateTime<Utc>>,
}

/// Whether a line is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is.
    Known,
    /// It is not: a phantom stands in its place.
    Unknown,
}

/// What time alone did, on which scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueStep {
    /// Whether it was the account's lock or the line's.
    pub scope: StepScope,
    /// What happened.
    pub named: NamedStep,
}

/// Whose lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepScope {
    /// The account's.
    Account,
    /// The line's.
    Line,
}

/// Applies to an account and a line all that has fallen due by `now`, in order of their instants.
///
/// INVARIANT (time-is-an-argument): expiry is computed here from stored instants, so every store behaves alike.
pub fn advance(account: &mut Account, line: Option<&mut Line>, now: DateTime<Utc>) -> Vec<DueStep> {
    let seq = account.chain.seq;
    let tag = |scope| move |named| DueStep { scope, named };
    let mut steps: Vec<DueStep> =
        account.protection.advance(now, seq).into_iter().map(tag(StepScope::Account)).collect();
    if let Some(line) = line {
        steps.extend(line.protection.advance(now, seq).into_iter().map(tag(StepScope::Line)));
    }
    steps.sort_by_key(|step| step.named.step.at);
    steps
}
