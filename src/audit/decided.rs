//! A decision as it is kept.

use chrono::{DateTime, Utc};

use crate::domain::{
    Change, ChangeDigest, Checks, Contribution, Effect, Factor, FactorOption, GivenReason, Level, Mode, OutcomeKind,
    Place, PolicyRevision, Reason, RecordId, Reference, ReleaseId, Standing, TransferPinId,
};

/// A decision with everything it rested on, so that it can be explained and decided again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// Whether it counted.
    pub mode: Mode,
    /// The change that was asked for.
    pub change: Change,
    /// Its digest.
    pub digest: ChangeDigest,
    /// Whether the line was there.
    pub standing: Standing,
    /// Approve, challenge or deny.
    pub outcome: OutcomeKind,
    /// Why.
    pub reasons: Vec<RecordedReason>,
    /// What every rule that fired contributed.
    pub contributions: Vec<RecordedContribution>,
    /// The sum of points.
    pub score: u32,
    /// The proof needed.
    pub required: Level,
    /// The proof accepted.
    pub accepted: Vec<Factor>,
    /// What checking the evidence found.
    pub checks: Checks,
    /// For a challenge: what would satisfy it.
    pub options: Vec<FactorOption>,
    /// For an approval: the permit's window. For a challenge: until when. For a denial: when to ask again.
    pub window: AnswerWindow,
    /// The facts decided on, by their stable numbers.
    pub facts: Vec<(u16, i64)>,
    /// The policy that decided.
    pub policy: PolicyRevision,
    /// What a carrier may be told: whether the account number it gave was right.
    pub account_number_matched: bool,
    /// Whether the account's owner asked: only they are told how a lock comes off.
    pub owner_asked: bool,
    /// The asker's own reference.
    pub external_reference: Option<Reference>,
    /// The decision this one replaces.
    pub supersedes: Option<RecordId>,
    /// The challenge that others may meet: itself, or the one that it completes or tried to complete.
    pub challenge: Option<RecordId>,
    /// What the decision made, for changes carried out here.
    pub made: Option<Made>,
    /// What the shadow policy would have said; none where there was none.
    pub shadow: Option<Box<ShadowVerdict>>,
    /// The facts that the engine knew of, a bit for each number: what is not among `facts` was quiet if it is one of them,
    /// and is unknown otherwise. None in records of engines that did not say.
    pub known_facts: Option<u128>,
    /// Where it was asked. Empty in records of engines that did not say.
    pub place: Place,
}

/// What a policy beside the one that decided would have said of the same facts.
///
/// INVARIANT (shadow-answers-nothing): it is kept, and told to auditors; no answer is made of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShadowVerdict {
    /// Which policy.
    pub policy: PolicyRevision,
    /// Approve, challenge or deny.
    pub outcome: OutcomeKind,
    /// The proof it would have needed.
    pub required: Level,
    /// The sum of its points.
    pub score: u32,
    /// Why.
    pub reasons: Vec<RecordedReason>,
    /// What every rule of it that held contributed.
    pub contributions: Vec<RecordedContribution>,
}

/// The instants that come with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerWindow {
    /// A permit, good inside its window.
    Permit {
        /// From this instant on.
        not_before: DateTime<Utc>,
        /// Until just before this instant.
        expires_at: DateTime<Utc>,
        /// The permit key it was made under, so that it can be given again after a rotation.
        key_id: u8,
        /// The key that signed it too, where that was asked for.
        signing_key: Option<u8>,
    },
    /// An approval of a change carried out here, or advice: no permit.
    NoPermit,
    /// The challenge is open until then.
    OpenUntil(DateTime<Utc>),
    /// Asking again may help from then on.
    RetryAt(Option<DateTime<Utc>>),
}

/// What an approved change made when it is carried out in the engine itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// A release of a lock.
    Release(ReleaseId),
    /// A transfer PIN.
    TransferPin(TransferPinId),
    /// A new account PIN.
    Pin,
    /// A way back to the SIM before a disputed change.
    Recovery,
}

/// A reason and the rule that gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedReason {
    /// Why.
    pub reason: Reason,
    /// The rule's name.
    pub rule: String,
}

/// What one rule added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedContribution {
    /// The rule's name.
    pub rule: String,
    /// What it did.
    pub effect: Effect,
}

impl From<GivenReason> for RecordedReason {
    fn from(given: GivenReason) -> Self {
        let GivenReason { reason, rule } = given;
        Self { reason, rule: rule.to_owned() }
    }
}

impl From<Contribution> for RecordedContribution {
    fn from(given: Contribution) -> Self {
        let Contribution { rule, effect } = given;
        Self { rule: rule.to_owned(), effect }
    }
}
