//! From our typed tests to another engine's language.
//!
//! What is translated is the typed form that our own evaluation asks, so the rules cannot drift apart.

use portcullis::policy::{FACTS, Fact, IfUnknown, Kind, Origin, Quantity, Relation, Rule, Test};

/// How a language writes what tests are made of.
pub(crate) trait Dialect {
    /// Between tests that must all hold.
    const AND: &'static str;
    /// Between tests of which one must.
    const OR: &'static str;

    /// The opposite.
    fn not(&self, test: &str) -> String;

    /// A fact.
    fn fact(&self, fact: &Fact) -> String;

    /// Whether a fact is known.
    fn is_known(&self, fact: &Fact) -> String;

    /// One of a fact's names.
    fn name(&self, name: &str, number: i64) -> String;
}

/// When a rule holds. In the other engines there is yes and no alone, so a missing fact is asked for before it is used.
pub(crate) fn when(rule: &Rule, dialect: &impl Dialect) -> String {
    assert!(rule.effective.is_none(), "rule `{}` begins at some instant, which nothing else here knows", rule.id);
    written(&two_valued(rule), dialect)
}

/// A test that holds exactly where the rule does, and never hangs on what is missing.
pub(crate) fn two_valued(rule: &Rule) -> Test {
    match rule.if_unknown {
        // No signal is required by the policy that is compared, so a missing one triggers nothing.
        IfUnknown::ByOrigin => surely(&rule.when, true),
        IfUnknown::Holds => Test::Not(Box::new(surely(&rule.when, false))),
    }
}

/// Whether a test is known to hold, or, if `holds` is false, known not to.
fn surely(test: &Test, holds: bool) -> Test {
    let each = |tests: &[Test]| tests.iter().map(|test| surely(test, holds)).collect();
    match test {
        _ if signals(test).is_empty() => as_is(test, holds),
        Test::Not(test) => surely(test, !holds),
        Test::All(tests) if holds => Test::All(each(tests)),
        Test::Any(tests) if !holds => Test::All(each(tests)),
        Test::All(tests) | Test::Any(tests) => Test::Any(each(tests)),
        Test::Same(pair) => {
            let both = |one, other| Test::All([surely(&pair.0, one), surely(&pair.1, other)].into());
            Test::Any([both(true, holds), both(false, !holds)].into())
        }
        leaf => {
            let known = signals(leaf).into_iter().map(Test::Known);
            Test::All(known.chain([as_is(leaf, holds)]).collect())
        }
    }
}

fn as_is(test: &Test, holds: bool) -> Test {
    if holds { test.clone() } else { Test::Not(Box::new(test.clone())) }
}

/// The facts that a test uses and that may be missing: signals. What windows count is known, since they were read.
fn signals(test: &Test) -> Vec<u8> {
    match test {
        Test::Always(_) | Test::Known(_) => Vec::new(),
        Test::Flag(fact) | Test::OneOf(fact, _) => signal(*fact),
        Test::Compare(left, _, right) => [signals_in(left), signals_in(right)].concat(),
        Test::Same(pair) => [signals(&pair.0), signals(&pair.1)].concat(),
        Test::Not(test) => signals(test),
        Test::All(tests) | Test::Any(tests) => tests.iter().flat_map(signals).collect(),
    }
}

fn signals_in(quantity: &Quantity) -> Vec<u8> {
    match quantity {
        Quantity::Is(_) => Vec::new(),
        Quantity::Fact(fact) => signal(*fact),
        Quantity::Sum(pair) | Quantity::Difference(pair) | Quantity::Product(pair) => {
            [signals_in(&pair.0), signals_in(&pair.1)].concat()
        }
    }
}

fn signal(fact: u8) -> Vec<u8> {
    (of(fact).origin == Origin::Signal).then_some(fact).into_iter().collect()
}

/// A fact by its number.
pub(crate) fn of(number: u8) -> &'static Fact {
    FACTS.iter().find(|fact| fact.number == number).unwrap()
}

/// The name of a fact as one word.
pub(crate) fn word(fact: &Fact) -> String {
    fact.path.unwrap().replace('.', "_")
}

fn written<D: Dialect>(test: &Test, dialect: &D) -> String {
    match test {
        Test::Always(holds) => holds.to_string(),
        Test::Flag(fact) => dialect.fact(of(*fact)),
        Test::Known(fact) => dialect.is_known(of(*fact)),
        Test::OneOf(fact, set) => one_of(of(*fact), *set, dialect),
        Test::Compare(left, relation, right) => {
            format!("{} {} {}", quantity(left, dialect), sign(*relation), quantity(right, dialect))
        }
        Test::Same(pair) => format!("{} == {}", operand(&pair.0, dialect), operand(&pair.1, dialect)),
        Test::Not(test) => dialect.not(&written(test, dialect)),
        Test::All(tests) => joined(tests, D::AND, dialect),
        Test::Any(tests) => joined(tests, D::OR, dialect),
    }
}

fn joined(tests: &[Test], between: &str, dialect: &impl Dialect) -> String {
    tests.iter().map(|test| operand(test, dialect)).collect::<Vec<_>>().join(between)
}

fn operand(test: &Test, dialect: &impl Dialect) -> String {
    match test {
        Test::Always(_) | Test::Flag(_) => written(test, dialect),
        test => format!("({})", written(test, dialect)),
    }
}

/// Names one by one: a list would be built anew each time it is asked. Of a set and its opposite the shorter is written.
fn one_of<D: Dialect>(fact: &Fact, set: u64, dialect: &D) -> String {
    let Kind::Symbol(names) = fact.kind else { panic!("`{}` has no names", fact.label) };
    let (inside, outside): (Vec<_>, Vec<_>) = names.iter().partition(|(_, number)| set & (1 << number) != 0);
    let (listed, sign, between) =
        if outside.len() < inside.len() { (outside, "!=", D::AND) } else { (inside, "==", D::OR) };
    let each =
        listed.iter().map(|(name, number)| format!("{} {sign} {}", dialect.fact(fact), dialect.name(name, *number)));
    each.collect::<Vec<_>>().join(between)
}

fn quantity(quantity: &Quantity, dialect: &impl Dialect) -> String {
    match quantity {
        Quantity::Is(value) => value.to_string(),
        Quantity::Fact(fact) => dialect.fact(of(*fact)),
        // What never happened stays never in our sums, and is a large number in theirs.
        Quantity::Sum(_) | Quantity::Difference(_) | Quantity::Product(_) => {
            panic!("arithmetic means other things in other engines")
        }
    }
}

const fn sign(relation: Relation) -> &'static str {
    match relation {
        Relation::Equal => "==",
        Relation::NotEqual => "!=",
        Relation::Less => "<",
        Relation::AtMost => "<=",
        Relation::More => ">",
        Relation::AtLeast => ">=",
    }
}
