//! P8: signals that the policy cannot do without.

use super::rule::{Actions, Rule, RuleEffect};
use crate::domain::Reason;

pub(super) const RULES: &[Rule] = &[
    // INVARIANT (fail-closed): without a required signal nothing is approved, whatever is proven.
    Rule::new(
        "P8-signal-missing",
        Actions::ALL,
        |facts, _| (!facts.signals_missing.is_empty()).into(),
        RuleEffect::AtBestChallenge,
        Reason::SignalMissing,
    ),
];
