//! The score's points (policy, section 2; P19). What the sum means is in `evaluate`.

use super::rule::{Actions, Rule, RuleEffect, signal};
use crate::domain::{Action, Reason};
use crate::policy::document::SignalName;

const SIM: Actions = Actions::of(&[Action::SimChange]);

pub(super) const RULES: &[Rule] = &[
    Rule::new(
        "P19-far-from-home",
        Actions::ALL,
        |facts, policy| {
            signal(SignalName::DistanceFromHomeMiles, &facts.distance_from_home_miles, |miles| {
                *miles > policy.points.far_from_home_miles
            })
        },
        RuleEffect::Points(|_, policy| policy.points.far_from_home),
        Reason::ScoreHigh,
    )
    .on_signal(),
    Rule::new(
        "P19-no-device-sale",
        SIM,
        |facts, _| signal(SignalName::DeviceSale, &facts.device_sale, |sold| !sold),
        RuleEffect::Points(|_, policy| policy.points.no_device_sale),
        Reason::ScoreHigh,
    )
    .on_signal(),
    Rule::new(
        "P19-before-closing",
        Actions::ALL,
        |facts, policy| {
            signal(SignalName::StoreClosesWithin, &facts.store_closes_within, |time| {
                *time <= policy.points.before_closing_within
            })
        },
        RuleEffect::Points(|_, policy| policy.points.before_closing),
        Reason::ScoreHigh,
    )
    .on_signal(),
    Rule::new(
        "P19-failed-pins",
        Actions::ALL,
        |facts, _| (facts.pin_failures > 0).into(),
        RuleEffect::Points(|facts, policy| {
            policy.points.failed_pin.saturating_mul(facts.pin_failures).min(policy.points.failed_pin_max)
        }),
        Reason::ScoreHigh,
    ),
];
