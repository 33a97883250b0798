//! Until when an answer stays the same if nothing but time goes by.
//!
//! Ages grow and times until something shrink, both as fast as the clock; counts within windows fall at instants that other
//! facts hold. Everything else stays. So a refusal can say when asking again may help, and nobody who writes a rule has to.

use super::test::{Quantity, Relation, Test};
use crate::policy::facts::{Fact, Kind, NEVER, Origin, Over, Values};

/// What comes after an instant that still binds, in microseconds: clocks and wires count milliseconds.
pub(in crate::policy) const JUST_AFTER: i64 = 1_000;

impl Test {
    /// The first instant, in microseconds from now, at which this no longer is what it is now: `holds`. None where time alone
    /// does not change it.
    pub(in crate::policy) fn lasts(&self, values: &Values, holds: bool) -> Option<i64> {
        match self {
            Self::Always(_) | Self::Known(_) | Self::Same(_) => None,
            Self::Flag(fact) if holds => ends(values, *fact, 1),
            Self::OneOf(fact, _) if holds => ends(values, *fact, values.get(*fact)),
            Self::Flag(_) | Self::OneOf(..) => None,
            Self::Compare(left, relation, right) => {
                let relation = if holds { *relation } else { relation.opposite() };
                compared(values, left, relation, right)
            }
            Self::Not(test) => test.lasts(values, !holds),
            Self::All(tests) => together(tests, values, holds, !holds),
            Self::Any(tests) => together(tests, values, holds, holds),
        }
    }
}

/// Of several: the first change of those that say `holds`, or, where all of them must change, the last.
fn together(tests: &[Test], values: &Values, holds: bool, all_must_change: bool) -> Option<i64> {
    let saying = || tests.iter().filter(|test| test.ask(values) == holds.into());
    if all_must_change {
        saying().map(|test| test.lasts(values, holds)).collect::<Option<Vec<_>>>()?.into_iter().max()
    } else {
        saying().filter_map(|test| test.lasts(values, holds)).min()
    }
}

/// When a fact that is `from` at least, or that name, changes.
fn ends(values: &Values, fact: u8, from: i64) -> Option<i64> {
    let Over::As(changes) = Fact::numbered(fact)?.over else { return None };
    let change = changes.iter().find(|change| change.from == from || change.from == 0)?;
    let ahead = values.known_instant(change.at)?;
    Some(if change.inclusive { ahead.saturating_add(JUST_AFTER) } else { ahead })
}

fn compared(values: &Values, left: &Quantity, relation: Relation, right: &Quantity) -> Option<i64> {
    // A count of what is in a window, held against a number.
    if let (Quantity::Fact(fact), Quantity::Is(than)) = (left, right) {
        match (Fact::numbered(*fact)?.kind, relation) {
            (Kind::Count, Relation::AtLeast) => return ends(values, *fact, *than),
            (Kind::Count, Relation::More) => return ends(values, *fact, than.saturating_add(1)),
            (Kind::Count, _) => return None,
            _ => {}
        }
    }
    let (one, other) = (left.of(values)?, right.of(values)?);
    if one == NEVER || other == NEVER {
        return None;
    }
    let (ahead, pace) = (one.checked_sub(other)?, pace(left) - pace(right));
    // Made to grow: whatever shrinks is turned round.
    let (ahead, relation) = match (pace, relation) {
        (0, _) => return None,
        (1.., relation) => (ahead, relation),
        (_, Relation::Less) => (ahead.checked_neg()?, Relation::More),
        (_, Relation::AtMost) => (ahead.checked_neg()?, Relation::AtLeast),
        (_, Relation::More) => (ahead.checked_neg()?, Relation::Less),
        (_, Relation::AtLeast) => (ahead.checked_neg()?, Relation::AtMost),
        (_, same) => (ahead, same),
    };
    let left_to_go = ahead.checked_neg()?.checked_div(pace.abs())?;
    match relation {
        Relation::Less => Some(left_to_go),
        Relation::AtMost => left_to_go.checked_add(JUST_AFTER),
        Relation::Equal | Relation::NotEqual | Relation::More | Relation::AtLeast => None,
    }
}

/// How a quantity moves with the clock: 1 for an age.
fn pace(quantity: &Quantity) -> i64 {
    match quantity {
        Quantity::Is(_) => 0,
        Quantity::Fact(number) => match Fact::numbered(*number) {
            // What somebody observed is not observed anew by waiting.
            Some(fact) if fact.origin == Origin::Signal => 0,
            Some(fact) if fact.kind == Kind::Age => 1,
            Some(fact) if fact.kind == Kind::Until => -1,
            _ => 0,
        },
        Quantity::Sum(pair) => pace(&pair.0).saturating_add(pace(&pair.1)),
        Quantity::Difference(pair) => pace(&pair.0).saturating_sub(pace(&pair.1)),
        Quantity::Product(_) => 0,
    }
}
