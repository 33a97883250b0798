//! P3 and P4: failed attempts at the account PIN, and its age.

use super::rule::{Actions, Rule, RuleEffect, just_after};
use crate::domain::{Action, Level, PinCheck, Reason};
use crate::policy::document::Policy;
use crate::policy::facts::Facts;
use crate::policy::fitness::PinFitness;
use crate::policy::proof::Accepted;

pub(super) const RULES: &[Rule] = &[
    // INVARIANT (one-counter): the factor is off, not the account; a request with other proof is served.
    Rule::new(
        "P3-pin-exhausted",
        Actions::ALL,
        |facts, policy| rests_on_a_pin_that_is_off(facts, policy).into(),
        RuleEffect::Deny,
        Reason::PinAttemptsExhausted,
    )
    .over_at(|facts, _| facts.pin_off_until.map(just_after)),
    Rule::new(
        "P3-pin-wrong",
        Actions::all_but(Action::PortOut),
        |facts, _| is_wrong(facts).into(),
        RuleEffect::AtLeast(Level::Basic),
        Reason::PinMismatch,
    ),
    Rule::new(
        "P3-pin-not-checked",
        Actions::all_but(Action::PortOut),
        |facts, _| (facts.pin_check == PinCheck::Shed).into(),
        RuleEffect::AtLeast(Level::Basic),
        Reason::PinNotChecked,
    ),
    Rule::new(
        "P3-pin-failures",
        Actions::ALL,
        |facts, policy| (facts.pin_failures >= policy.pin.failures_challenge).into(),
        RuleEffect::AtLeast(Level::TwoClasses),
        Reason::PinAttemptsMany,
    )
    .over_at(|facts, _| facts.pin_failures_many_until.map(just_after)),
    Rule::new(
        "P4-pin-too-new",
        Actions::ALL,
        |facts, _| (is_right(facts) && matches!(facts.pin_fitness, PinFitness::TooNew { .. })).into(),
        RuleEffect::AtLeast(Level::Basic),
        Reason::PinTooNew,
    ),
    Rule::new(
        "P4-pin-before-breach",
        Actions::ALL,
        |facts, _| (is_right(facts) && facts.pin_fitness == PinFitness::BeforeBreach).into(),
        RuleEffect::AtLeast(Level::Basic),
        Reason::PinBeforeBreach,
    ),
    Rule::new(
        "P4-pin-default",
        Actions::ALL,
        |facts, _| (is_right(facts) && facts.pin_fitness == PinFitness::Default).into(),
        RuleEffect::AtLeast(Level::Basic),
        Reason::PinIsDefault,
    ),
    Rule::new(
        "P4-pin-dormant",
        Actions::ALL,
        |facts, _| (is_right(facts) && facts.pin_fitness == PinFitness::Dormant).into(),
        RuleEffect::AtLeast(Level::Basic),
        Reason::PinDormant,
    ),
];

fn is_right(facts: &Facts) -> bool {
    facts.pin_check == PinCheck::Matched
}

/// A PIN offered where none was ever set is answered like a wrong one.
pub(super) fn is_wrong(facts: &Facts) -> bool {
    matches!(facts.pin_check, PinCheck::Mismatched | PinCheck::NotSet)
}

fn rests_on_a_pin_that_is_off(facts: &Facts, policy: &Policy) -> bool {
    let offered = match facts.pin_check {
        PinCheck::Matched | PinCheck::Mismatched | PinCheck::NotSet | PinCheck::Exhausted { .. } | PinCheck::Shed => {
            true
        }
        PinCheck::NotSupplied | PinCheck::NotAdmitted => false,
    };
    offered && facts.pin_off_until.is_some() && !Accepted::of(facts, policy).any()
}
