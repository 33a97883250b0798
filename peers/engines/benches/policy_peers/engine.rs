//! What all engines have in common here: rules and facts are made ready before, and what is timed is the evaluation alone.

use portcullis::policy::{FACTS, Fact, Facts, Kind, Policy, Rule, Values};

use crate::outcome::Outcome;

/// An engine with all rules and all fact sets made ready.
pub(crate) trait Engine {
    /// Its name.
    fn name(&self) -> &'static str;

    /// Asks all rules about the action of one fact set, and does with the answer what a caller must. This is what is timed.
    fn evaluate(&self, set: usize) -> Self::Answer;

    /// What an answer says.
    fn outcome(&self, answer: Self::Answer) -> Outcome;

    /// What an evaluation comes to.
    type Answer;
}

/// The rules about the action of a fact set, with their places in the policy.
pub(crate) fn about<'a>(policy: &'a Policy, action: portcullis::domain::Action) -> Vec<(usize, &'a Rule)> {
    policy.rules.all().iter().enumerate().filter(|(_, rule)| rule.on.has(action)).collect()
}

/// A fact's value as other engines get it: durations as microseconds, names as texts.
pub(crate) enum Given {
    Flag(bool),
    Number(i64),
    Name(&'static str),
}

/// All facts of a set that rules can ask, but those that are missing.
pub(crate) fn given(policy: &Policy, facts: &Facts) -> Vec<(&'static Fact, Given)> {
    let values = Values::of(facts, portcullis::policy::Accepted::of(facts, policy));
    let asked = FACTS.iter().filter(|fact| fact.path.is_some() && values.is_known(fact.number));
    asked.map(|fact| (fact, as_given(fact, values.get(fact.number)))).collect()
}

fn as_given(fact: &Fact, value: i64) -> Given {
    match fact.kind {
        Kind::Flag => Given::Flag(value != 0),
        Kind::Count | Kind::Miles | Kind::Age | Kind::Until => Given::Number(value),
        Kind::Symbol(names) => {
            let name = names.iter().find(|(_, number)| *number == value);
            Given::Name(name.unwrap_or_else(|| panic!("`{}` is no name", fact.label)).0)
        }
    }
}
