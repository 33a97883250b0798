//! P13 and P24: new devices, asking and being added.

use super::rule::{Actions, Rule, RuleEffect};
use crate::domain::{Action, Level, Reason};
use crate::policy::facts::AskerDevice;

pub(super) const RULES: &[Rule] = &[
    Rule::new(
        "P13-new-device",
        Actions::ALL,
        |facts, _| (facts.asker_device == AskerDevice::New).into(),
        RuleEffect::AtLeast(Level::TwoClasses),
        Reason::NewDevice,
    ),
    Rule::new(
        "P24-device-add-strong",
        Actions::of(&[Action::DeviceAdd]),
        |facts, _| facts.has_known_device.into(),
        RuleEffect::AtLeast(Level::Strong),
        Reason::ProofTooWeak,
    ),
    Rule::new(
        "P24-device-add",
        Actions::of(&[Action::DeviceAdd]),
        |facts, _| (!facts.has_known_device).into(),
        RuleEffect::AtLeast(Level::TwoClasses),
        Reason::ProofTooWeak,
    ),
];
