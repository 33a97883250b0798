//! P14: transfer PINs, asked for and used.

use chrono::{DateTime, Utc};

use super::rule::{Actions, Rule, RuleEffect, just_after};
use crate::domain::{Action, Channel, Level, Reason};
use crate::policy::document::Policy;
use crate::policy::facts::{AppFact, AskerDevice, Facts, TransferPinFact};

pub(super) const RULES: &[Rule] = &[
    Rule::new(
        "P6-transfer-pin-missing",
        Actions::of(&[Action::PortOut]),
        |facts, policy| is_missing(facts, policy).into(),
        RuleEffect::AtLeast(Level::Basic),
        Reason::TransferPinMissing,
    ),
    Rule::new(
        "P14-transfer-pin-issue",
        Actions::of(&[Action::TransferPinIssue]),
        |facts, _| (facts.asker_device != AskerDevice::Known || facts.channel == Channel::Care).into(),
        RuleEffect::AtLeast(Level::TwoClasses),
        Reason::TransferPinUnproven,
    ),
    Rule::new(
        "P14-transfer-pin-unproven",
        Actions::of(&[Action::PortOut]),
        |facts, policy| unproven_until(facts, policy).is_some().into(),
        RuleEffect::AtLeast(Level::TwoClasses),
        Reason::TransferPinUnproven,
    )
    .over_at(|facts, policy| unproven_until(facts, policy).map(just_after)),
];

fn is_missing(facts: &Facts, policy: &Policy) -> bool {
    policy.transfer_pin.issued
        && facts.transfer_pin == TransferPinFact::NotOffered
        && !matches!(facts.app, AppFact::Approved { .. })
}

/// Until when, that instant included, a transfer PIN issued through care or from a device not known needs more beside it.
fn unproven_until(facts: &Facts, policy: &Policy) -> Option<DateTime<Utc>> {
    match facts.transfer_pin {
        TransferPinFact::Right { issued_at, proven: false, .. } => {
            Some(issued_at + policy.transfer_pin.unproven_for).filter(|until| facts.now <= *until)
        }
        _ => None,
    }
}
