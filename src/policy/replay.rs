//! A decision on record, decided again by another policy.
//!
//! What a record holds is enough: the facts by their numbers, and the factors that were accepted. Deliberately absent: what a
//! policy's knobs made of the world before it became facts (the windows in which things are counted, the ages from which PINs and
//! devices are good): those are as they were recorded.

use chrono::{DateTime, Utc};

use super::document::Policy;
use super::facts::Values;
use super::proof::Accepted;
use super::ruling::Ruling;
use crate::domain::{Action, Channel, Contribution, Factor, Level, OutcomeKind, Reason, level_of};

/// What a record says of one decision.
#[derive(Debug, Clone, Copy)]
pub struct Recorded<'a> {
    /// When it was decided.
    pub at: DateTime<Utc>,
    /// What was asked.
    pub action: Action,
    /// Through what.
    pub channel: Channel,
    /// The facts.
    pub facts: &'a [(u16, i64)],
    /// The factors that were accepted.
    pub accepted: &'a [Factor],
    /// Whether it was refused because nothing that would have met a challenge was usable.
    pub had_no_usable_factor: bool,
}

/// What another policy would have said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// Approve, challenge or deny.
    pub outcome: OutcomeKind,
    /// The score.
    pub score: u32,
    /// The proof that would have been needed.
    pub required: Level,
    /// What every rule that held contributed.
    pub contributions: Vec<Contribution>,
}

/// Decides again.
///
/// INVARIANT (locked-never-approved): what the last guard refuses it refuses here too.
pub fn replay(policy: &Policy, recorded: &Recorded<'_>) -> Replayed {
    let has = |factor| recorded.accepted.contains(&factor);
    let accepted = Accepted {
        account_pin: has(Factor::AccountPin),
        transfer_pin: has(Factor::TransferPin),
        app: has(Factor::AppApproval),
    };
    let values = Values::of_recorded(recorded.facts, accepted);
    let ruling = Ruling::asked(policy, (recorded.action, recorded.channel, recorded.at), &values);
    let achieved = level_of(recorded.accepted);
    let outcome = if ruling.is_denied() {
        OutcomeKind::Deny
    } else if achieved >= ruling.required && !ruling.held {
        if values.refuses_for_certain() { OutcomeKind::Deny } else { OutcomeKind::Approve }
    } else if recorded.had_no_usable_factor {
        OutcomeKind::Deny
    } else {
        OutcomeKind::Challenge
    };
    Replayed { outcome, score: ruling.score, required: ruling.required, contributions: ruling.contributions }
}

impl Recorded<'_> {
    /// Whether a decision with these reasons had no usable factor.
    pub fn no_usable_factor(reasons: impl IntoIterator<Item = Reason>) -> bool {
        reasons.into_iter().any(|reason| reason == Reason::NoUsableFactor)
    }
}
