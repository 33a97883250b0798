//! What a request is answered with.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Factor, HoldKind, Level, LockSet, Reason, RuleId};

/// What the policy says to a request, with all that explains it. A challenge has a usable factor, a denial a reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Approve, challenge or deny.
    pub outcome: Outcome,
    /// Why not simply yes, strongest first; for an approval what raised the proof it met.
    pub reasons: Vec<GivenReason>,
    /// What every rule that fired contributed.
    pub contributions: Vec<Contribution>,
    /// The sum of points.
    pub score: u32,
    /// The proof that was needed.
    pub required: Level,
    /// The proof that was accepted.
    pub accepted: Vec<Factor>,
    /// What of the request is to be held from now on, by which rule.
    pub holds: Vec<(HoldKind, RuleId)>,
    /// Which carrier's locks go on for the line, by which rule.
    pub locks: Vec<(LockSet, RuleId)>,
}

/// The three answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Go ahead, with a permit.
    Approve(Approval),
    /// Not yet: this would satisfy it.
    Challenge(Challenge),
    /// No.
    Deny(Denial),
}

impl Outcome {
    /// Which of the three.
    pub const fn kind(&self) -> OutcomeKind {
        match self {
            Self::Approve(_) => OutcomeKind::Approve,
            Self::Challenge(_) => OutcomeKind::Challenge,
            Self::Deny(_) => OutcomeKind::Deny,
        }
    }
}

/// Which of the three answers; the later the stricter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum OutcomeKind {
    /// Go ahead.
    Approve = 1,
    /// Prove more.
    Challenge = 2,
    /// No.
    Deny = 3,
}

impl OutcomeKind {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Approve => "APPROVE",
            Self::Challenge => "CHALLENGE",
            Self::Deny => "DENY",
        }
    }
}

/// A yes and the window of its permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Approval {
    /// The permit is good from this instant.
    pub not_before: DateTime<Utc>,
    /// The permit's life from there.
    pub life: TimeDelta,
}

/// What would satisfy the policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// The level of proof.
    pub required: Level,
    /// The level that does where the account PIN is part of it: some rules ask for less then.
    pub with_pin: Level,
    /// The factors that would reach it, usable ones first; at least one is usable.
    pub options: Vec<FactorOption>,
    /// Until when the state it describes is offered.
    pub expires_at: DateTime<Utc>,
}

/// A factor that a challenge could be met with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FactorOption {
    /// Which.
    pub factor: Factor,
    /// Whether it can be used now, or why not.
    pub usability: Usability,
}

/// Whether a factor can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usability {
    /// Now.
    Usable,
    /// Not before this instant.
    NotBefore(DateTime<Utc>, Reason),
    /// Not as things stand.
    Unusable(Reason),
}

/// A no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// When asking again may help, where time alone helps.
    pub retry_at: Option<DateTime<Utc>>,
    /// Where only the PIN is off: the factors that still work.
    pub still_works: Vec<Factor>,
}

/// A reason together with the rule that gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GivenReason {
    /// Why.
    pub reason: Reason,
    /// Which rule.
    pub rule: RuleId,
}

/// What one rule added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contribution {
    /// Which rule.
    pub rule: RuleId,
    /// What it did.
    pub effect: Effect,
}

/// What a rule can do: never less.
///
/// INVARIANT (stricter-only): there is no effect that lowers anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Adds to the score.
    Points(u32),
    /// Raises the proof that is needed.
    AtLeast(Level),
    /// Has an approval wait so long before it may be used: whoever is told of it can still say no.
    Wait(TimeDelta),
    /// Refuses.
    Deny,
}
