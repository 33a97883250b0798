//! From what was read to a typed test: every name known, every comparison of like with like.

use super::constants::{Constant, Constants};
use super::error::ExpressionError;
use super::nearest::nearest;
use super::syntax::{Read, What, operator, read};
use super::test::{Quantity, Relation, Test};
use crate::policy::facts::{FACTS, Fact, Kind};
use crate::policy::span::parse_span;

/// Reads an expression and holds it against the schema of facts and the policy's own numbers.
pub(in crate::policy) fn compile(source: &str, constants: &Constants) -> Result<Test, ExpressionError> {
    let read = read(source)?;
    Checker { constants }.test(&read)
}

struct Checker<'a> {
    constants: &'a Constants,
}

/// What a part of an expression is.
enum Typed {
    Test(Test),
    Quantity(Quantity, Unit),
    /// A fact that is one of a few names.
    Symbol(&'static Fact, &'static [(&'static str, i64)]),
    Text(String),
}

/// What a quantity is a quantity of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    /// A number as written, which takes the unit of what it is held against.
    Plain,
    Count,
    Miles,
    Duration,
}

impl Unit {
    const fn of(kind: Kind) -> Option<Self> {
        match kind {
            Kind::Count => Some(Self::Count),
            Kind::Miles => Some(Self::Miles),
            Kind::Age | Kind::Until => Some(Self::Duration),
            Kind::Flag | Kind::Symbol(_) => None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Plain => "a number",
            Self::Count => "a count",
            Self::Miles => "miles",
            Self::Duration => "a duration",
        }
    }

    /// The unit of two that are held together.
    fn with(self, other: Self) -> Option<Self> {
        match (self, other) {
            (one, other) if one == other => Some(one),
            (Self::Plain, unit @ (Self::Count | Self::Miles)) | (unit @ (Self::Count | Self::Miles), Self::Plain) => {
                Some(unit)
            }
            _ => None,
        }
    }
}

impl Typed {
    const fn name(&self) -> &'static str {
        match self {
            Self::Test(_) => "a yes or no",
            Self::Quantity(_, unit) => unit.name(),
            Self::Symbol(..) => "a name",
            Self::Text(_) => "a text",
        }
    }
}

impl Checker<'_> {
    fn test(&self, read: &Read) -> Result<Test, ExpressionError> {
        match self.typed(read)? {
            Typed::Test(test) => Ok(test),
            other => Err(ExpressionError::new(read.at, format!("this must be a yes or no, and is {}", other.name()))),
        }
    }

    fn typed(&self, read: &Read) -> Result<Typed, ExpressionError> {
        match &read.what {
            What::Path(name) => self.named(read.at, name),
            What::Has(name) => self.has(read.at, name),
            What::Bool(value) => Ok(Typed::Test(Test::Always(*value))),
            What::Number(value) => Ok(Typed::Quantity(Quantity::Is(*value), Unit::Plain)),
            What::Text(text) => Ok(Typed::Text(text.clone())),
            What::List(_) => Err(ExpressionError::new(read.at, "a list stands only behind `in`")),
            What::Call(operator, operands) => self.call(read.at, operator, operands),
        }
    }

    fn named(&self, at: usize, name: &str) -> Result<Typed, ExpressionError> {
        if let Some(fact) = Fact::at(name) {
            return Ok(match fact.kind {
                Kind::Flag => Typed::Test(Test::Flag(fact.number)),
                Kind::Symbol(names) => Typed::Symbol(fact, names),
                kind => Typed::Quantity(Quantity::Fact(fact.number), Unit::of(kind).unwrap_or(Unit::Plain)),
            });
        }
        match self.constants.get(name) {
            Some(Constant::Flag(holds)) => Ok(Typed::Test(Test::Always(holds))),
            Some(Constant::Quantity(value, kind)) => {
                Ok(Typed::Quantity(Quantity::Is(value), Unit::of(kind).unwrap_or(Unit::Plain)))
            }
            None => Err(self.unknown(at, name)),
        }
    }

    fn unknown(&self, at: usize, name: &str) -> ExpressionError {
        let known = FACTS.iter().filter_map(|fact| fact.path).chain(self.constants.names());
        ExpressionError::new(at, format!("there is no fact `{name}`")).meant(nearest(name, known))
    }

    fn has(&self, at: usize, name: &str) -> Result<Typed, ExpressionError> {
        let fact = Fact::at(name).ok_or_else(|| self.unknown(at, name))?;
        Ok(Typed::Test(Test::Known(fact.number)))
    }

    fn call(&self, at: usize, name: &str, operands: &[Read]) -> Result<Typed, ExpressionError> {
        match (name, operands) {
            (operator::AND, [one, other]) => Ok(Typed::Test(all(self.test(one)?, self.test(other)?))),
            (operator::OR, [one, other]) => Ok(Typed::Test(any(self.test(one)?, self.test(other)?))),
            (operator::NOT, [one]) => Ok(Typed::Test(not(self.test(one)?))),
            (operator::IN, [one, list]) => self.one_of(one, list).map(Typed::Test),
            ("duration", [text]) => duration(text),
            (operator::ADD | operator::SUBTRACT | operator::MULTIPLY, [one, other]) => {
                self.arithmetic(at, name, one, other)
            }
            (_, [one, other]) => match relation(name) {
                Some(relation) => self.compare(at, one, relation, other).map(Typed::Test),
                None => Err(no_function(at, name)),
            },
            _ => Err(no_function(at, name)),
        }
    }

    fn compare(&self, at: usize, one: &Read, how: Relation, other: &Read) -> Result<Test, ExpressionError> {
        match (self.typed(one)?, self.typed(other)?) {
            (Typed::Symbol(fact, names), Typed::Text(name)) => is_named(fact, names, how, other.at, &name),
            (Typed::Text(name), Typed::Symbol(fact, names)) => is_named(fact, names, how, one.at, &name),
            (Typed::Quantity(left, unit), Typed::Quantity(right, theirs)) => {
                unit.with(theirs).ok_or_else(|| unlike(other.at, unit.name(), theirs.name()))?;
                Ok(match (left, right) {
                    (Quantity::Is(left), Quantity::Is(right)) => Test::Always(how.holds(left, right)),
                    (left, right) => Test::Compare(left, how, right),
                })
            }
            (Typed::Test(one), Typed::Test(other)) => match how {
                Relation::Equal => Ok(same(one, other)),
                Relation::NotEqual => Ok(not(same(one, other))),
                _ => Err(ExpressionError::new(at, "a yes or no is neither more nor less than another")),
            },
            (one, theirs) => Err(unlike(other.at, one.name(), theirs.name())),
        }
    }

    fn arithmetic(&self, at: usize, name: &str, one: &Read, other: &Read) -> Result<Typed, ExpressionError> {
        let (left, right) = (self.typed(one)?, self.typed(other)?);
        let (Typed::Quantity(left, unit), Typed::Quantity(right, theirs)) = (left, right) else {
            return Err(ExpressionError::new(at, "only counts, miles and durations can be added and multiplied"));
        };
        let pair = Box::new((left, right));
        if name == operator::MULTIPLY {
            let unit = match (unit, theirs) {
                (unit, Unit::Plain) | (Unit::Plain, unit) if unit != Unit::Duration => unit,
                _ => return Err(ExpressionError::new(other.at, "only a number multiplies, and only counts and miles")),
            };
            return Ok(Typed::Quantity(Quantity::Product(pair), unit));
        }
        let unit = unit.with(theirs).ok_or_else(|| unlike(other.at, unit.name(), theirs.name()))?;
        let quantity = if name == operator::ADD { Quantity::Sum(pair) } else { Quantity::Difference(pair) };
        Ok(Typed::Quantity(quantity, unit))
    }

    fn one_of(&self, one: &Read, list: &Read) -> Result<Test, ExpressionError> {
        let Typed::Symbol(fact, names) = self.typed(one)? else {
            return Err(ExpressionError::new(one.at, "only a name can be one of several"));
        };
        let What::List(listed) = &list.what else {
            return Err(ExpressionError::new(list.at, "behind `in` stands a list of names: [\"A\", \"B\"]"));
        };
        let mut set = 0;
        for name in listed {
            let What::Text(text) = &name.what else {
                return Err(ExpressionError::new(name.at, "this must be a name in quotes"));
            };
            set |= bit_of(names, name.at, text)?;
        }
        Ok(Test::OneOf(fact.number, set))
    }
}

fn relation(name: &str) -> Option<Relation> {
    Some(match name {
        operator::EQUAL => Relation::Equal,
        operator::NOT_EQUAL => Relation::NotEqual,
        operator::LESS => Relation::Less,
        operator::AT_MOST => Relation::AtMost,
        operator::MORE => Relation::More,
        operator::AT_LEAST => Relation::AtLeast,
        _ => return None,
    })
}

fn duration(text: &Read) -> Result<Typed, ExpressionError> {
    let What::Text(written) = &text.what else {
        return Err(ExpressionError::new(text.at, "a duration is written in quotes: duration(\"72h\")"));
    };
    // CEL has no days: a day is not always as long.
    match parse_span(written).filter(|_| !written.ends_with('d')) {
        Some(span) => {
            let micros = span.num_microseconds().unwrap_or(i64::MAX);
            Ok(Typed::Quantity(Quantity::Is(micros), Unit::Duration))
        }
        None => Err(ExpressionError::new(text.at, format!("`{written}` is no duration: write `72h`, `15m` or `30s`"))),
    }
}

fn is_named(
    fact: &'static Fact,
    names: &[(&str, i64)],
    how: Relation,
    at: usize,
    name: &str,
) -> Result<Test, ExpressionError> {
    let bit = bit_of(names, at, name)?;
    let every = names.iter().fold(0, |set, (_, number)| set | (1_u64 << (number & 63)));
    match how {
        Relation::Equal => Ok(Test::OneOf(fact.number, bit)),
        Relation::NotEqual => Ok(Test::OneOf(fact.number, every & !bit)),
        _ => Err(ExpressionError::new(at, "a name is neither more nor less than another")),
    }
}

fn bit_of(names: &[(&str, i64)], at: usize, name: &str) -> Result<u64, ExpressionError> {
    match names.iter().find(|(known, _)| *known == name) {
        Some((_, number)) => Ok(1 << (number & 63)),
        None => {
            let known: Vec<&str> = names.iter().map(|(known, _)| *known).collect();
            let message = format!("`{name}` is none of {}", known.join(", "));
            Err(ExpressionError::new(at, message).meant(nearest(name, known.iter().copied())))
        }
    }
}

fn unlike(at: usize, one: &str, other: &str) -> ExpressionError {
    ExpressionError::new(at, format!("{one} is held against {other}"))
}

fn no_function(at: usize, name: &str) -> ExpressionError {
    let shown = name.trim_matches(|letter: char| letter == '_' || letter == '@');
    ExpressionError::new(at, format!("rules have no `{shown}`"))
}

fn not(test: Test) -> Test {
    match test {
        Test::Always(holds) => Test::Always(!holds),
        Test::Not(test) => *test,
        test => Test::Not(Box::new(test)),
    }
}

fn same(one: Test, other: Test) -> Test {
    match (one, other) {
        (Test::Always(true), test) | (test, Test::Always(true)) => test,
        (Test::Always(false), test) | (test, Test::Always(false)) => not(test),
        pair => Test::Same(Box::new(pair)),
    }
}

fn all(one: Test, other: Test) -> Test {
    match (one, other) {
        (Test::Always(false), _) | (_, Test::Always(false)) => Test::Always(false),
        (Test::Always(true), test) | (test, Test::Always(true)) => test,
        (one, other) => Test::All(together(one, other, |test| match test {
            Test::All(tests) => Ok(tests),
            test => Err(test),
        })),
    }
}

fn any(one: Test, other: Test) -> Test {
    match (one, other) {
        (Test::Always(true), _) | (_, Test::Always(true)) => Test::Always(true),
        (Test::Always(false), test) | (test, Test::Always(false)) => test,
        (one, other) => Test::Any(together(one, other, |test| match test {
            Test::Any(tests) => Ok(tests),
            test => Err(test),
        })),
    }
}

/// Two in one row, with those of a row of the same kind side by side.
fn together(one: Test, other: Test, row: impl Fn(Test) -> Result<Box<[Test]>, Test>) -> Box<[Test]> {
    [one, other].into_iter().flat_map(|test| row(test).map_or_else(|test| vec![test], Vec::from)).collect()
}
