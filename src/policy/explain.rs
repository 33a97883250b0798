//! A decision on record, rule by rule: what each asked, what it read, and what came of it.

use super::document::Policy;
use super::facts::{Fact, Values};
use super::language::Tri;
use super::replay::{Recorded, Replayed, replay, values_of};
use super::rules::Rule;
use crate::domain::{Action, Factor, Level, level_of};

/// What a policy makes of one decision.
#[derive(Debug, Clone)]
pub struct Explained<'a> {
    /// Every rule of the policy, in the order in which reasons are told.
    pub rules: Vec<ExplainedRule<'a>>,
    /// What comes of them together.
    pub replayed: Replayed,
    /// The level that the accepted factors reach.
    pub achieved: Level,
    /// Factors of which any one more would be proof enough; none where none is needed or none would do.
    pub would_do: Vec<Factor>,
}

/// One rule and what it came to.
#[derive(Debug, Clone)]
pub struct ExplainedRule<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// What it came to.
    pub said: Said,
    /// The facts it read, each with its value; none where it is not known.
    pub read: Vec<(&'static Fact, Option<i64>)>,
}

/// What a rule came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// Its condition held.
    Held,
    /// A fact is missing that its condition hangs on, and it counts as if it held.
    HeldUnknown,
    /// Its condition did not hold.
    DidNotHold,
    /// A fact is missing that its condition hangs on, and it counts as if it did not hold.
    DidNotHoldUnknown,
    /// It counts only from a later instant on.
    NotYet,
    /// It is about other actions.
    OtherAction,
}

impl Said {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Held => "HELD",
            Self::HeldUnknown => "UNKNOWN_COUNTS_AS_HELD",
            Self::DidNotHold => "DID_NOT_HOLD",
            Self::DidNotHoldUnknown => "UNKNOWN_COUNTS_AS_NOT_HELD",
            Self::NotYet => "NOT_YET_EFFECTIVE",
            Self::OtherAction => "OTHER_ACTION",
        }
    }

    /// Whether it had a say.
    pub const fn counts(self) -> bool {
        matches!(self, Self::Held | Self::HeldUnknown)
    }
}

/// Asks every rule again, and says what it read.
pub fn explain<'a>(policy: &'a Policy, recorded: &Recorded<'_>) -> Explained<'a> {
    let (values, _) = values_of(policy, recorded);
    let explained =
        |rule| ExplainedRule { rule, said: said(policy, rule, recorded, &values), read: read(rule, &values) };
    let replayed = replay(policy, recorded);
    let achieved = level_of(recorded.accepted.iter().copied());
    let would_do = would_do(recorded, achieved, replayed.required);
    Explained { rules: policy.rules.all().iter().map(explained).collect(), replayed, achieved, would_do }
}

fn said(policy: &Policy, rule: &Rule, recorded: &Recorded<'_>, values: &Values) -> Said {
    if !rule.on.has(recorded.action) {
        return Said::OtherAction;
    }
    if rule.effective.is_some_and(|from| recorded.at < from) {
        return Said::NotYet;
    }
    let required = policy.signals_without_which(recorded.action, recorded.channel);
    match (rule.holds(values, required, recorded.at), rule.when.ask(values)) {
        (true, Tri::Unknown) => Said::HeldUnknown,
        (true, _) => Said::Held,
        (false, Tri::Unknown) => Said::DidNotHoldUnknown,
        (false, _) => Said::DidNotHold,
    }
}

fn read(rule: &Rule, values: &Values) -> Vec<(&'static Fact, Option<i64>)> {
    let value = |fact: &'static Fact| (fact, values.is_known(fact.number).then(|| values.get(fact.number)));
    Fact::of_set(rule.when.reads()).map(value).collect()
}

fn would_do(recorded: &Recorded<'_>, achieved: Level, required: Level) -> Vec<Factor> {
    if achieved >= required {
        return Vec::new();
    }
    let is_for_it = |factor: &Factor| *factor != Factor::TransferPin || recorded.action == Action::PortOut;
    let is_enough = |factor: &Factor| level_of(recorded.accepted.iter().chain([factor]).copied()) >= required;
    Factor::ALL.into_iter().filter(|factor| is_for_it(factor) && is_enough(factor)).collect()
}
