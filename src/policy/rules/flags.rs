//! P9: flags.

use super::rule::{Actions, Rule, RuleEffect};
use crate::domain::{Level, Reason};

pub(super) const RULES: &[Rule] = &[Rule::new(
    "P9-flagged",
    Actions::ALL,
    |facts, _| facts.flagged.into(),
    RuleEffect::AtLeast(Level::Strong),
    Reason::Flagged,
)];
