//! The typed form of an expression, and asking it.

use crate::policy::facts::{NEVER, Values};

/// Yes, no, or a fact is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tri {
    /// It holds.
    True,
    /// It does not.
    False,
    /// A fact that it asks about is missing.
    Unknown,
}

impl From<bool> for Tri {
    fn from(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}

impl Tri {
    const fn not(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
        }
    }
}

/// A condition over facts, named by their numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// Always the same.
    Always(bool),
    /// A yes-or-no fact.
    Flag(u8),
    /// Whether a fact is known.
    Known(u8),
    /// Whether a fact that is a name is one of these: a bit for each name's number.
    OneOf(u8, u64),
    /// Two quantities of the same kind, compared.
    Compare(Quantity, Relation, Quantity),
    /// Whether two conditions say the same.
    Same(Box<(Self, Self)>),
    /// The opposite.
    Not(Box<Self>),
    /// All of them.
    All(Box<[Self]>),
    /// Any of them.
    Any(Box<[Self]>),
}

/// How many, how far or how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Quantity {
    /// This.
    Is(i64),
    /// A fact.
    Fact(u8),
    /// Two together.
    Sum(Box<(Self, Self)>),
    /// One less another.
    Difference(Box<(Self, Self)>),
    /// A quantity so many times.
    Product(Box<(Self, Self)>),
}

/// How two quantities are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// Equal.
    Equal,
    /// Not equal.
    NotEqual,
    /// Less.
    Less,
    /// Less or equal.
    AtMost,
    /// More.
    More,
    /// More or equal.
    AtLeast,
}

impl Relation {
    pub(super) const fn holds(self, left: i64, right: i64) -> bool {
        match self {
            Self::Equal => left == right,
            Self::NotEqual => left != right,
            Self::Less => left < right,
            Self::AtMost => left <= right,
            Self::More => left > right,
            Self::AtLeast => left >= right,
        }
    }

    /// What holds exactly when this does not.
    pub(super) const fn opposite(self) -> Self {
        match self {
            Self::Equal => Self::NotEqual,
            Self::NotEqual => Self::Equal,
            Self::Less => Self::AtLeast,
            Self::AtMost => Self::More,
            Self::More => Self::AtMost,
            Self::AtLeast => Self::Less,
        }
    }
}

impl Test {
    /// Asks it. A missing fact matters only where the answer hangs on it.
    pub fn ask(&self, values: &Values) -> Tri {
        match self {
            Self::Always(holds) => (*holds).into(),
            Self::Flag(fact) => known(values, *fact, |value| value != 0),
            Self::Known(fact) => values.is_known(*fact).into(),
            Self::OneOf(fact, set) => known(values, *fact, |value| set & (1 << (value & 63)) != 0),
            Self::Compare(left, relation, right) => match (left.of(values), right.of(values)) {
                (Some(left), Some(right)) => relation.holds(left, right).into(),
                _ => Tri::Unknown,
            },
            Self::Same(pair) => match (pair.0.ask(values), pair.1.ask(values)) {
                (Tri::Unknown, _) | (_, Tri::Unknown) => Tri::Unknown,
                (one, other) => (one == other).into(),
            },
            Self::Not(test) => test.ask(values).not(),
            Self::All(tests) => settle(tests, values, Tri::False),
            Self::Any(tests) => settle(tests, values, Tri::True),
        }
    }

    /// The facts it reads, also those of which it asks only whether they are known: a bit for each number.
    pub(in crate::policy) fn reads(&self) -> u128 {
        match self {
            Self::Known(fact) => bit(*fact),
            Self::Same(pair) => pair.0.reads() | pair.1.reads(),
            Self::Not(test) => test.reads(),
            Self::All(tests) | Self::Any(tests) => tests.iter().fold(0, |all, test| all | test.reads()),
            test => test.mentions(),
        }
    }

    /// The facts it asks about, a bit for each number.
    pub(in crate::policy) fn mentions(&self) -> u128 {
        match self {
            Self::Always(_) | Self::Known(_) => 0,
            Self::Flag(fact) | Self::OneOf(fact, _) => bit(*fact),
            Self::Compare(left, _, right) => left.mentions() | right.mentions(),
            Self::Same(pair) => pair.0.mentions() | pair.1.mentions(),
            Self::Not(test) => test.mentions(),
            Self::All(tests) | Self::Any(tests) => tests.iter().fold(0, |all, test| all | test.mentions()),
        }
    }
}

/// The first that decides does; else it is missing if any is.
fn settle(tests: &[Test], values: &Values, decides: Tri) -> Tri {
    let mut otherwise = decides.not();
    for test in tests {
        let said = test.ask(values);
        if said == decides {
            return decides;
        }
        if said == Tri::Unknown {
            otherwise = Tri::Unknown;
        }
    }
    otherwise
}

fn known(values: &Values, fact: u8, holds: impl FnOnce(i64) -> bool) -> Tri {
    if values.is_known(fact) { holds(values.get(fact)).into() } else { Tri::Unknown }
}

const fn bit(fact: u8) -> u128 {
    1 << (fact & 127)
}

impl Quantity {
    /// Its value; none where a fact is missing or the arithmetic leaves its bounds. What never happened stays never.
    #[expect(clippy::inline_always, reason = "most are a fact or a number, and are asked for in the hottest place")]
    #[inline(always)]
    pub(super) fn of(&self, values: &Values) -> Option<i64> {
        match self {
            Self::Is(value) => Some(*value),
            Self::Fact(fact) => values.is_known(*fact).then(|| values.get(*fact)),
            reckoned => reckoned.reckon(values),
        }
    }

    fn reckon(&self, values: &Values) -> Option<i64> {
        match self {
            Self::Is(value) => Some(*value),
            Self::Fact(fact) => values.is_known(*fact).then(|| values.get(*fact)),
            Self::Sum(pair) => both(pair, values, i64::checked_add),
            Self::Difference(pair) => both(pair, values, i64::checked_sub),
            Self::Product(pair) => both(pair, values, i64::checked_mul),
        }
    }

    fn mentions(&self) -> u128 {
        match self {
            Self::Is(_) => 0,
            Self::Fact(fact) => bit(*fact),
            Self::Sum(pair) | Self::Difference(pair) | Self::Product(pair) => pair.0.mentions() | pair.1.mentions(),
        }
    }
}

fn both(pair: &(Quantity, Quantity), values: &Values, combine: impl FnOnce(i64, i64) -> Option<i64>) -> Option<i64> {
    let (one, other) = (pair.0.of(values)?, pair.1.of(values)?);
    if one == NEVER || other == NEVER { None } else { combine(one, other) }
}
