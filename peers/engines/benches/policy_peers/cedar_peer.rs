//! Cedar: a policy a rule, all of them `forbid`, so that the answer names every one that holds.

use std::collections::HashMap;

use cedar_policy::{
    Authorizer, Context, Entities, EntityUid, Policy as CedarPolicy, PolicyId, PolicySet, Request, RestrictedExpression,
};
use portcullis::domain::Action;
use portcullis::policy::{Fact, Facts, Policy};

use crate::engine::{Engine, Given, about, given};
use crate::outcome::Outcome;
use crate::translate::{Dialect, when, word};

/// A policy set for each action; a request a fact set.
pub(crate) struct Cedar<'a> {
    policy: &'a Policy,
    authorizer: Authorizer,
    entities: Entities,
    sets: HashMap<u8, PolicySet>,
    places: HashMap<PolicyId, usize>,
    requests: Vec<(u8, Request)>,
}

struct Language;

impl Dialect for Language {
    const AND: &'static str = " && ";
    const OR: &'static str = " || ";

    fn not(&self, test: &str) -> String {
        format!("!({test})")
    }

    fn fact(&self, fact: &Fact) -> String {
        format!("context.{}", word(fact))
    }

    fn is_known(&self, fact: &Fact) -> String {
        format!("context has {}", word(fact))
    }

    fn name(&self, name: &str, _: i64) -> String {
        format!("\"{name}\"")
    }
}

impl<'a> Cedar<'a> {
    pub(crate) fn new(policy: &'a Policy, sets: &[Facts]) -> Self {
        let parsed = |action| {
            let forbid = |(place, rule): (usize, _)| {
                let text = format!("forbid(principal, action, resource) when {{ {} }};", when(rule, &Language));
                CedarPolicy::parse(Some(PolicyId::new(place.to_string())), text).unwrap()
            };
            PolicySet::from_policies(about(policy, action).into_iter().map(forbid)).unwrap()
        };
        let places = 0..policy.rules.all().len();
        Self {
            policy,
            authorizer: Authorizer::new(),
            entities: Entities::empty(),
            sets: Action::ALL.into_iter().map(|action| (action.number(), parsed(action))).collect(),
            places: places.map(|place| (PolicyId::new(place.to_string()), place)).collect(),
            requests: sets.iter().map(|facts| (facts.action.number(), request(policy, facts))).collect(),
        }
    }
}

fn request(policy: &Policy, facts: &Facts) -> Request {
    let value = |given| match given {
        Given::Flag(holds) => RestrictedExpression::new_bool(holds),
        Given::Number(number) => RestrictedExpression::new_long(number),
        Given::Name(name) => RestrictedExpression::new_string(name.to_owned()),
    };
    let pairs = given(policy, facts).into_iter().map(|(fact, given)| (word(fact), value(given)));
    let entity = |text: &str| text.parse::<EntityUid>().unwrap();
    let action = entity(&format!("Action::\"{}\"", facts.action.name()));
    let context = Context::from_pairs(pairs).unwrap();
    Request::new(entity("Caller::\"one\""), action, entity("Line::\"one\""), context, None).unwrap()
}

impl Engine for Cedar<'_> {
    type Answer = Outcome;

    fn name(&self) -> &'static str {
        "cedar-policy 4.14"
    }

    fn evaluate(&self, set: usize) -> Outcome {
        let (action, request) = &self.requests[set];
        let response = self.authorizer.is_authorized(request, &self.sets[action], &self.entities);
        let diagnostics = response.diagnostics();
        assert!(diagnostics.errors().next().is_none(), "{response:?}");
        Outcome::of(self.policy, diagnostics.reason().map(|id| self.places[id]))
    }

    fn outcome(&self, outcome: Outcome) -> Outcome {
        outcome
    }
}
