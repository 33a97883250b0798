//! The interpreter of the crate `cel`, whose parser we use.

use std::collections::HashMap;
use std::sync::Arc;

use cel::objects::{Key, Map, Value};
use cel::{Context, Env, Program};
use portcullis::domain::Action;
use portcullis::policy::{Fact, Facts, Origin, Policy};

use crate::engine::{Engine, Given, about, given};
use crate::outcome::Outcome;
use crate::translate::{Dialect, when, word};

/// One program a rule, for each action those about it; one context a fact set.
pub(crate) struct Cel<'a> {
    policy: &'a Policy,
    programs: HashMap<u8, Vec<(usize, Program)>>,
    contexts: Vec<(u8, Context<'static, 'static>)>,
}

struct Language;

/// Facts are variables of one word, which are found at once; signals are members of a map, so that `has` can ask for them.
impl Dialect for Language {
    const AND: &'static str = " && ";
    const OR: &'static str = " || ";

    fn not(&self, test: &str) -> String {
        format!("!({test})")
    }

    fn fact(&self, fact: &Fact) -> String {
        match fact.origin {
            Origin::Engine | Origin::Windows => word(fact),
            Origin::Signal => format!("signals.{}", word(fact)),
        }
    }

    fn is_known(&self, fact: &Fact) -> String {
        match fact.origin {
            Origin::Engine | Origin::Windows => true.to_string(),
            Origin::Signal => format!("has({})", self.fact(fact)),
        }
    }

    fn name(&self, name: &str, _: i64) -> String {
        format!("\"{name}\"")
    }
}

impl<'a> Cel<'a> {
    pub(crate) fn new(policy: &'a Policy, sets: &[Facts]) -> Self {
        let compiled = |action| {
            let rules = about(policy, action).into_iter();
            rules.map(|(place, rule)| (place, Program::compile(&when(rule, &Language)).unwrap())).collect()
        };
        let env = Arc::new(Env::stdlib());
        Self {
            policy,
            programs: Action::ALL.into_iter().map(|action| (action.number(), compiled(action))).collect(),
            contexts: sets
                .iter()
                .map(|facts| (facts.action.number(), context(Arc::clone(&env), policy, facts)))
                .collect(),
        }
    }
}

fn context(env: Arc<Env>, policy: &Policy, facts: &Facts) -> Context<'static, 'static> {
    let mut context = Context::with_env(env);
    let mut signals = HashMap::new();
    for (fact, given) in given(policy, facts) {
        let value = match given {
            Given::Flag(holds) => Value::Bool(holds),
            Given::Number(number) => Value::Int(number),
            Given::Name(name) => Value::String(Arc::new(name.to_owned())),
        };
        match fact.origin {
            Origin::Engine | Origin::Windows => context.add_variable_from_value(word(fact), value),
            Origin::Signal => {
                signals.insert(Key::String(Arc::new(word(fact))), value);
            }
        }
    }
    context.add_variable_from_value("signals", Value::Map(Map { map: Arc::new(signals) }));
    context
}

impl Engine for Cel<'_> {
    type Answer = Outcome;

    fn name(&self) -> &'static str {
        "cel 0.15"
    }

    fn evaluate(&self, set: usize) -> Outcome {
        let (action, context) = &self.contexts[set];
        let holds = |program: &Program| match program.execute(context) {
            Ok(Value::Bool(holds)) => holds,
            other => panic!("no yes or no: {other:?}"),
        };
        let rules = &self.programs[action];
        let holding = rules.iter().filter(|(_, program)| holds(program)).map(|(place, _)| *place);
        Outcome::of(self.policy, holding)
    }

    fn outcome(&self, outcome: Outcome) -> Outcome {
        outcome
    }
}
