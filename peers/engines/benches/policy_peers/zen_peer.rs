//! GoRules Zen: the rules as a decision table and, beside it, as one expression.

use std::collections::HashMap;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use portcullis::domain::Action;
use portcullis::policy::{Fact, Facts, Policy};
use serde_json::{Map, Value, json};
use zen_engine::model::GraphContent;
use zen_engine::{Decision, Variable};

use crate::engine::{Engine, Given, about, given};
use crate::outcome::Outcome;
use crate::translate::{Dialect, when, word};

/// In which of its forms the engine is given rules.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// A row a rule, of which all that match are collected.
    Table,
    /// One expression, a list with a yes or no for each rule.
    Expression,
}

/// A compiled decision for each action; a variable a fact set.
pub(crate) struct Zen<'a> {
    policy: &'a Policy,
    form: Form,
    decisions: HashMap<u8, (Vec<usize>, Decision)>,
    inputs: Vec<(u8, Variable)>,
}

struct Language;

/// A member that is missing is null.
impl Dialect for Language {
    const AND: &'static str = " and ";
    const OR: &'static str = " or ";

    fn not(&self, test: &str) -> String {
        format!("not ({test})")
    }

    fn fact(&self, fact: &Fact) -> String {
        word(fact)
    }

    fn is_known(&self, fact: &Fact) -> String {
        format!("{} != null", word(fact))
    }

    fn name(&self, name: &str, _: i64) -> String {
        format!("\"{name}\"")
    }
}

impl<'a> Zen<'a> {
    pub(crate) fn new(policy: &'a Policy, sets: &[Facts], form: Form) -> Self {
        let decision = |action| {
            let rules = about(policy, action);
            let places: Vec<usize> = rules.iter().map(|(place, _)| *place).collect();
            let tests: Vec<String> = rules.iter().map(|(_, rule)| when(rule, &Language)).collect();
            let node = match form {
                Form::Table => table(&tests),
                Form::Expression => expression(&tests),
            };
            let mut content: GraphContent = serde_json::from_value(graph(node)).unwrap();
            content.compile();
            (places, Decision::from(content))
        };
        Self {
            policy,
            form,
            decisions: Action::ALL.into_iter().map(|action| (action.number(), decision(action))).collect(),
            inputs: sets.iter().map(|facts| (facts.action.number(), input(policy, facts))).collect(),
        }
    }

    /// The places of the rules that hold.
    fn holding(&self, places: &[usize], result: &Variable) -> Outcome {
        match self.form {
            Form::Table => {
                let rows = result.as_array().unwrap();
                let rows = rows.borrow();
                let row = |row: &Variable| row.dot("rule").and_then(|row| row.as_number()).unwrap();
                let place = |variable: &Variable| places[usize::try_from(row(variable)).unwrap()];
                Outcome::of(self.policy, rows.iter().map(place))
            }
            Form::Expression => {
                let answers = result.dot("holds").and_then(|holds| holds.as_array()).unwrap();
                let answers = answers.borrow();
                assert_eq!(answers.len(), places.len());
                let each = places.iter().zip(answers.iter());
                Outcome::of(self.policy, each.filter(|(_, holds)| holds.as_bool().unwrap()).map(|(place, _)| *place))
            }
        }
    }
}

fn table(tests: &[String]) -> Value {
    let row = |(row, test): (usize, &String)| json!({ "_id": row.to_string(), "when": test, "rule": row.to_string() });
    let rows: Vec<Value> = tests.iter().enumerate().map(row).collect();
    json!({ "id": "rules", "name": "rules", "type": "decisionTableNode", "content": {
        "hitPolicy": "collect",
        "inputs": [{ "id": "when", "name": "when", "field": null }],
        "outputs": [{ "id": "rule", "name": "rule", "field": "rule" }],
        "rules": rows,
    }})
}

fn expression(tests: &[String]) -> Value {
    let list = tests.iter().map(|test| format!("({test})")).collect::<Vec<_>>().join(", ");
    json!({ "id": "rules", "name": "rules", "type": "expressionNode", "content": {
        "expressions": [{ "id": "holds", "key": "holds", "value": format!("[{list}]") }],
    }})
}

fn graph(node: Value) -> Value {
    json!({
        "nodes": [{ "id": "facts", "name": "facts", "type": "inputNode" }, node],
        "edges": [{ "id": "edge", "sourceId": "facts", "targetId": "rules" }],
    })
}

fn input(policy: &Policy, facts: &Facts) -> Variable {
    let value = |given| match given {
        Given::Flag(holds) => Value::from(holds),
        Given::Number(number) => Value::from(number),
        Given::Name(name) => Value::from(name),
    };
    let members: Map<String, Value> =
        given(policy, facts).into_iter().map(|(fact, given)| (word(fact), value(given))).collect();
    Variable::from(Value::Object(members))
}

/// Nothing here waits for anything, so one look is enough.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("an evaluation waits"),
    }
}

impl Engine for Zen<'_> {
    type Answer = Outcome;

    fn name(&self) -> &'static str {
        match self.form {
            Form::Table => "zen-engine 2.1, decision table",
            Form::Expression => "zen-engine 2.1, expression node",
        }
    }

    fn evaluate(&self, set: usize) -> Outcome {
        let (action, input) = &self.inputs[set];
        let (places, decision) = &self.decisions[action];
        let response = at_once(decision.evaluate(input.clone())).unwrap();
        self.holding(places, &response.result)
    }

    fn outcome(&self, outcome: Outcome) -> Outcome {
        outcome
    }
}
