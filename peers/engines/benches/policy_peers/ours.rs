//! Our own: from facts to the whole verdict, with reasons, options, and until when a refusal lasts.

use portcullis::domain::Verdict;
use portcullis::policy::{Accepted, Facts, Policy, Rule, Tri, Values, decide};

use crate::engine::{Engine, about};
use crate::outcome::Outcome;

/// All that a decision does after its facts were gathered.
pub(crate) struct Ours<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) sets: &'a [Facts],
}

impl Engine for Ours<'_> {
    type Answer = Verdict;

    fn name(&self) -> &'static str {
        "ours, facts to verdict"
    }

    fn evaluate(&self, set: usize) -> Verdict {
        decide(self.policy, &self.sets[set])
    }

    fn outcome(&self, verdict: Verdict) -> Outcome {
        Outcome::of_verdict(self.policy, &verdict)
    }
}

/// The rules alone, of facts as rules read them: what the others do.
pub(crate) struct Rules<'a> {
    policy: &'a Policy,
    sets: Vec<(Vec<(usize, &'a Rule)>, Values)>,
}

impl<'a> Rules<'a> {
    pub(crate) fn new(policy: &'a Policy, sets: &[Facts]) -> Self {
        let values = |facts: &Facts| Values::of(facts, Accepted::of(facts, policy));
        Self { policy, sets: sets.iter().map(|facts| (about(policy, facts.action), values(facts))).collect() }
    }
}

impl Engine for Rules<'_> {
    type Answer = Outcome;

    fn name(&self) -> &'static str {
        "ours, rules alone"
    }

    fn evaluate(&self, set: usize) -> Outcome {
        let (rules, values) = &self.sets[set];
        let holding = rules.iter().filter(|(_, rule)| rule.when.ask(values) == Tri::True);
        Outcome::of(self.policy, holding.map(|(place, _)| *place))
    }

    fn outcome(&self, outcome: Outcome) -> Outcome {
        outcome
    }
}
