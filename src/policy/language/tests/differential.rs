//! Our evaluation beside the CEL crate's own interpreter: random expressions, random facts, the same answers.
//!
//! A missing fact is a missing member there, and an error is what is unknown here.

use std::collections::HashMap;
use std::sync::Arc;

use cel::objects::{Key, Map, Value};
use cel::{Context, Program};
use proptest::prelude::*;

use super::random::{Dice, test};
use crate::policy::document::Policy;
use crate::policy::facts::{FACTS, Kind, NEVER, Origin, Values};
use crate::policy::knobs::constants;
use crate::policy::language::{Tri, compile};
use crate::policy::proof::Accepted;
use crate::policy::span::parse_span;

/// Random facts, as ours and as the interpreter's.
fn facts(dice: &mut Dice<'_>) -> (Values, Context<'static, 'static>) {
    let mut ours = Values::of_recorded(&[], Accepted::NONE);
    let mut theirs: HashMap<String, HashMap<Key, Value>> = HashMap::new();
    for fact in FACTS {
        let Some((group, name)) = fact.path.and_then(|path| path.split_once('.')) else { continue };
        let group = theirs.entry(group.to_owned()).or_default();
        if fact.origin == Origin::Signal && dice.below(2) == 0 {
            continue;
        }
        let (value, shown) = match fact.kind {
            Kind::Flag => {
                let holds = dice.below(2) == 1;
                (i64::from(holds), Value::Bool(holds))
            }
            Kind::Symbol(names) => {
                let (name, number) = names[dice.below(names.len())];
                (number, Value::String(Arc::new(name.to_owned())))
            }
            Kind::Count | Kind::Miles => {
                let count = i64::try_from(dice.below(12)).unwrap();
                (count, Value::Int(count))
            }
            // What never happened is longer ago than anything: both have the same number for it.
            Kind::Age | Kind::Until => {
                let never = fact.kind == Kind::Age && dice.below(4) == 0;
                let hours = i64::try_from(dice.below(100)).unwrap();
                let micros = if never { NEVER } else { hours * 3_600_000_000 };
                (micros, Value::Int(micros))
            }
        };
        ours.set(fact.number, value);
        group.insert(Key::String(Arc::new(name.to_owned())), shown);
    }
    let mut context = Context::default();
    for (group, members) in theirs {
        context.add_variable_from_value(group, Value::Map(Map { map: Arc::new(members) }));
    }
    context
        .add_function("duration", |text: Arc<String>| parse_span(&text).unwrap().num_microseconds().unwrap())
        .unwrap();
    (ours, context)
}

fn agree(bytes: &[u8]) -> Result<Option<Tri>, TestCaseError> {
    let mut dice = Dice(bytes.iter());
    let expression = test(&mut dice, 3);
    let (values, context) = facts(&mut dice);
    let ours = compile(&expression, &constants(&Policy::us_default()))
        .map_err(|error| TestCaseError::fail(format!("{expression}: {error}")))?
        .ask(&values);
    let program = Program::compile(&expression).map_err(|error| TestCaseError::fail(format!("{error}")))?;
    let theirs = match program.execute(&context) {
        Ok(Value::Bool(holds)) => holds.into(),
        Ok(other) => return Err(TestCaseError::fail(format!("{expression}: {other:?}"))),
        Err(_) => Tri::Unknown,
    };
    // Arithmetic with what never happened has no meaning here, and is a large number there.
    if ours == Tri::Unknown && theirs != Tri::Unknown && expression.contains(['+', '-', '*']) {
        return Ok(None);
    }
    prop_assert_eq!(ours, theirs, "{}", expression);
    Ok(Some(ours))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_interpreter_says_the_same(bytes in proptest::collection::vec(any::<u8>(), 160)) {
        agree(&bytes)?;
    }
}

/// The generator reaches every answer, or the property above says little.
#[test]
fn random_expressions_come_to_every_answer() {
    let (mut state, mut seen) = (1_u64, [0; 4]);
    for _ in 0..1_500 {
        let bytes: Vec<u8> = (0..160)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 56) as u8
            })
            .collect();
        match agree(&bytes).unwrap() {
            Some(Tri::True) => seen[0] += 1,
            Some(Tri::False) => seen[1] += 1,
            Some(Tri::Unknown) => seen[2] += 1,
            None => seen[3] += 1,
        }
    }
    assert!(seen[..3].iter().all(|count| *count > 100), "{seen:?}");
    assert!(seen[3] < 150, "{seen:?}");
}
