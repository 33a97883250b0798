//! P1 and P2: locks and their releases.

use super::rule::{Actions, Rule, RuleEffect, just_after};
use crate::domain::{Action, Level, Reason, Stance};

/// INVARIANT (locked-never-approved): a lock that covers the action refuses, before and whatever is proven.
pub(super) const RULES: &[Rule] = &[
    Rule::new(
        "P1-lock-on",
        Actions::ALL,
        |facts, _| (facts.stance == Stance::Locked).into(),
        RuleEffect::Deny,
        Reason::LockOn,
    ),
    Rule::new(
        "P2-cooling-down",
        Actions::ALL,
        |facts, _| matches!(facts.stance, Stance::CoolingDown { .. }).into(),
        RuleEffect::Deny,
        Reason::CoolingDown,
    )
    .over_at(|facts, _| match facts.stance {
        Stance::CoolingDown { until } => Some(until),
        _ => None,
    }),
    Rule::new(
        "P2-released-by-staff-or-after-reset",
        Actions::ALL,
        |facts, _| matches!(facts.stance, Stance::GuardedDeny { .. }).into(),
        RuleEffect::Deny,
        Reason::CoolingDown,
    )
    .over_at(|facts, _| match facts.stance {
        Stance::GuardedDeny { until } => Some(just_after(until)),
        _ => None,
    }),
    Rule::new(
        "P2-released-by-staff-or-after-reset-strong",
        Actions::ALL,
        |facts, _| (facts.stance == Stance::GuardedStrong).into(),
        RuleEffect::AtLeast(Level::Strong),
        Reason::ReleasedRecently,
    ),
    Rule::new(
        "P2-released-recently",
        Actions::ALL,
        |facts, _| (facts.stance == Stance::GuardedOtherChannel).into(),
        RuleEffect::AtLeast(Level::TwoClasses),
        Reason::ReleasedRecently,
    ),
    Rule::new(
        "P2-release-strong",
        Actions::of(&[Action::LockRelease]),
        |_, _| true.into(),
        RuleEffect::AtLeast(Level::Strong),
        Reason::ProofTooWeak,
    ),
];
