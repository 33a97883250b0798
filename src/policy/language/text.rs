//! A test written out, the one way: what a policy's revision is the digest of, and what people are shown.
//!
//! What is written can be read again, and is the same test.

use std::fmt;

use super::test::{Quantity, Relation, Test};
use crate::policy::facts::{Fact, Kind};

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Always(holds) => write!(f, "{holds}"),
            Self::Flag(fact) => f.write_str(path(*fact)),
            Self::Known(fact) => write!(f, "has({})", path(*fact)),
            Self::OneOf(fact, set) => one_of(f, *fact, *set),
            Self::Compare(left, relation, right) => {
                let duration = left.is_duration() || right.is_duration();
                write!(f, "{} {} {}", Shown(left, duration), relation.sign(), Shown(right, duration))
            }
            Self::Same(pair) => write!(f, "({}) == ({})", pair.0, pair.1),
            Self::Not(test) => write!(f, "!({test})"),
            Self::All(tests) => joined(f, tests, " && "),
            Self::Any(tests) => joined(f, tests, " || "),
        }
    }
}

fn joined(f: &mut fmt::Formatter<'_>, tests: &[Test], between: &str) -> fmt::Result {
    for (place, test) in tests.iter().enumerate() {
        if place > 0 {
            f.write_str(between)?;
        }
        match test {
            Test::All(_) | Test::Any(_) | Test::Same(_) => write!(f, "({test})")?,
            test => write!(f, "{test}")?,
        }
    }
    Ok(())
}

fn one_of(f: &mut fmt::Formatter<'_>, fact: u8, set: u64) -> fmt::Result {
    let names = match Fact::numbered(fact).map(|fact| fact.kind) {
        Some(Kind::Symbol(names)) => names,
        _ => &[],
    };
    let inside: Vec<&str> =
        names.iter().filter(|(_, number)| set & (1 << (number & 63)) != 0).map(|(name, _)| *name).collect();
    if let [name] = inside.as_slice() {
        return write!(f, "{} == \"{name}\"", path(fact));
    }
    write!(f, "{} in [", path(fact))?;
    for (place, name) in inside.iter().enumerate() {
        let between = if place > 0 { ", " } else { "" };
        write!(f, "{between}\"{name}\"")?;
    }
    f.write_str("]")
}

fn path(fact: u8) -> &'static str {
    Fact::numbered(fact).and_then(|fact| fact.path).unwrap_or("?")
}

impl Relation {
    const fn sign(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::More => ">",
            Self::AtLeast => ">=",
        }
    }
}

impl Quantity {
    /// Whether what it holds of facts are durations.
    fn is_duration(&self) -> bool {
        match self {
            Self::Is(_) => false,
            Self::Fact(fact) => {
                matches!(Fact::numbered(*fact).map(|fact| fact.kind), Some(Kind::Age | Kind::Until))
            }
            Self::Sum(pair) | Self::Difference(pair) | Self::Product(pair) => {
                pair.0.is_duration() || pair.1.is_duration()
            }
        }
    }
}

/// A quantity, and whether its plain numbers are durations.
struct Shown<'a>(&'a Quantity, bool);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(quantity, duration) = *self;
        match quantity {
            Quantity::Sum(pair) => write!(f, "({} + {})", Shown(&pair.0, duration), Shown(&pair.1, duration)),
            Quantity::Difference(pair) => write!(f, "({} - {})", Shown(&pair.0, duration), Shown(&pair.1, duration)),
            Quantity::Product(pair) => write!(f, "({} * {})", Shown(&pair.0, duration), Shown(&pair.1, duration)),
            Quantity::Is(micros) if duration => write!(f, "duration(\"{}\")", Duration(*micros)),
            Quantity::Is(value) => write!(f, "{value}"),
            Quantity::Fact(fact) => f.write_str(path(*fact)),
        }
    }
}

/// A duration as CEL writes it: it has no days.
struct Duration(i64);

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000), ("ms", 1_000)];
        let exact = units.into_iter().find(|(_, unit)| self.0 != 0 && self.0.checked_rem(*unit) == Some(0));
        let (name, unit) = exact.unwrap_or(("us", 1));
        write!(f, "{}{name}", self.0.checked_div(unit).unwrap_or(self.0))
    }
}
