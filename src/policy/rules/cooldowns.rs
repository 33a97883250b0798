//! P11 and P12: no B within D after A.

use chrono::{DateTime, TimeDelta, Utc};

use super::rule::{Actions, Rule, RuleEffect, just_after};
use crate::domain::{Action, Level, Reason};
use crate::policy::facts::{AppFact, Facts};

const PORTS: Actions = Actions::of(&[Action::PortOut, Action::TransferPinIssue]);
const SIM: Actions = Actions::of(&[Action::SimChange]);

pub(super) const RULES: &[Rule] = &[
    // Denied, unless an app key that no reset could have put there approves.
    Rule::new(
        "P11-two-resets",
        SIM,
        |facts, _| (facts.resets >= 2 && !is_approved_by_older_key(facts)).into(),
        RuleEffect::Deny,
        Reason::ResetRecently,
    )
    .over_at(|facts, _| facts.resets_two_until.map(just_after)),
    Rule::new(
        "P11-reset",
        SIM,
        |facts, _| (facts.resets >= 1).into(),
        RuleEffect::AtLeast(Level::TwoClasses),
        Reason::ResetRecently,
    )
    .over_at(|facts, _| facts.resets_one_until.map(just_after)),
    Rule::new(
        "P11-sim-changed",
        PORTS,
        |facts, policy| sim_changed_until(facts, policy.cooldown.sim_to_port_challenge).is_some().into(),
        RuleEffect::AtLeast(Level::TwoClasses),
        Reason::SimChangedRecently,
    )
    .over_at(|facts, policy| sim_changed_until(facts, policy.cooldown.sim_to_port_challenge).map(just_after)),
    // From the change on, so that a later change is never the milder one.
    Rule::new(
        "P11-sim-changed-points",
        PORTS,
        |facts, policy| sim_changed_until(facts, policy.cooldown.sim_to_port_points).is_some().into(),
        RuleEffect::Points(|_, policy| policy.points.sim_changed),
        Reason::ScoreHigh,
    )
    .over_at(|facts, policy| sim_changed_until(facts, policy.cooldown.sim_to_port_points).map(just_after)),
    Rule::new(
        "P12-second-sim-change",
        SIM,
        |facts, policy| sim_changed_until(facts, policy.cooldown.sim_to_sim).is_some().into(),
        RuleEffect::AtLeast(Level::TwoClasses),
        Reason::SimChangedRecently,
    )
    .over_at(|facts, policy| sim_changed_until(facts, policy.cooldown.sim_to_sim).map(just_after)),
];

/// Until when, that instant included, the last SIM change is within `cool_down`; `None` when it is not.
fn sim_changed_until(facts: &Facts, cool_down: TimeDelta) -> Option<DateTime<Utc>> {
    facts.sim_changed_at.map(|at| at + cool_down).filter(|until| facts.now <= *until)
}

fn is_approved_by_older_key(facts: &Facts) -> bool {
    matches!(facts.app, AppFact::Approved { older_than_resets: true, .. })
}
