//! P10: lines that are not there, or not in service.

use super::rule::{Actions, Rule, RuleEffect};
use crate::domain::{Action, LineStatus, Reason, Standing};

pub(super) const RULES: &[Rule] = &[
    // INVARIANT (unknown-looks-known): a carrier gets the refusal that a wrong account number gets.
    Rule::new(
        "P10-unknown-line",
        Actions::of(&[Action::PortOut]),
        |facts, _| (facts.standing == Standing::Unknown).into(),
        RuleEffect::Deny,
        Reason::UnknownLine,
    ),
    // Everyone else gets a challenge like any other; it lapses.
    Rule::new(
        "P10-unknown-line-lapses",
        Actions::all_but(Action::PortOut),
        |facts, _| (facts.standing == Standing::Unknown).into(),
        RuleEffect::AtBestChallenge,
        Reason::UnknownLine,
    ),
    Rule::new(
        "P10-line-inactive",
        Actions::of(&[Action::SimChange, Action::CallForwardingSet]),
        |facts, _| has_ended(facts.line_status).into(),
        RuleEffect::Deny,
        Reason::LineInactive,
    ),
    // A barred line may get a new SIM, as after a loss, but its number does not leave.
    Rule::new(
        "P10-line-inactive-port",
        Actions::of(&[Action::PortOut, Action::TransferPinIssue]),
        |facts, _| (facts.line_status != LineStatus::Active).into(),
        RuleEffect::Deny,
        Reason::LineInactive,
    ),
];

fn has_ended(status: LineStatus) -> bool {
    match status {
        LineStatus::Closed | LineStatus::PortedOut | LineStatus::Moved => true,
        LineStatus::Active | LineStatus::Suspended => false,
    }
}
