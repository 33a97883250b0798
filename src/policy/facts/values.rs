//! Facts as rules read them: one integer each, and whether it is known.
//!
//! Made from a record's numbers, so that a decision on record can be asked other rules later.

use super::Facts;
use super::fact::{DERIVED_FROM, FACTS_MAX, Kind, Origin, UNREAD};
use super::number::Numbers;
use super::schema::FACTS;
use crate::policy::proof::Accepted;

/// The length of what never happened: longer than any duration.
pub const NEVER: i64 = i64::MAX;

/// Every fact of one request, and whether it is known: flags as 0 and 1, counts, miles, durations in microseconds, names by their
/// numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Values {
    of: [i64; FACTS_MAX],
    known: u128,
}

impl Numbers for Values {
    #[expect(clippy::inline_always, reason = "where the number is a literal, this is one store")]
    #[inline(always)]
    fn take(&mut self, number: u16, value: i64) {
        if let Ok(number) = u8::try_from(number)
            && number < DERIVED_FROM
        {
            let is_age = AGES & (1 << number) != 0;
            self.set(number, if is_age { value.saturating_neg() } else { value });
        }
    }
}

/// What the facts are when nothing is recorded of them: no, none, never, or not known.
#[expect(clippy::indexing_slicing, reason = "looked at when it is compiled")]
const QUIET: Values = {
    let (mut of, mut known) = ([0; FACTS_MAX], u128::MAX);
    let mut rest = FACTS;
    while let [fact, others @ ..] = rest {
        if matches!(fact.kind, Kind::Age) {
            of[fact.number as usize] = NEVER;
        }
        if matches!(fact.origin, Origin::Signal) || fact.path.is_none() {
            known &= !(1 << fact.number);
        }
        rest = others;
    }
    Values { of, known }
};

/// Facts whose record is an instant and which rules read as how long ago it was.
const AGES: u128 = {
    let (mut ages, mut rest) = (0, FACTS);
    while let [fact, others @ ..] = rest {
        if matches!(fact.kind, Kind::Age) {
            ages |= 1 << fact.number;
        }
        rest = others;
    }
    ages
};

/// Facts that are not known where windows cannot be read.
const COUNTED: u128 = {
    let (mut counted, mut rest) = (0, FACTS);
    while let [fact, others @ ..] = rest {
        if matches!(fact.origin, Origin::Windows) {
            counted |= 1 << fact.number;
        }
        rest = others;
    }
    counted
};

/// The facts that records of this engine may hold, a bit for each number.
pub const KNOWN_FACTS: u128 = {
    let (mut known, mut rest) = (0, FACTS);
    while let [fact, others @ ..] = rest {
        if fact.number < DERIVED_FROM {
            known |= 1 << fact.number;
        }
        rest = others;
    }
    known
};

/// Those of engines that did not say which they know: 1 to 54 and 70 to 82.
const KNOWN_AT_FIRST: u128 = ((1 << 55) - (1 << 1)) | ((1 << 83) - (1 << 70));

impl Values {
    /// Of facts, and what of the proof counts.
    pub fn of(facts: &Facts, accepted: Accepted) -> Self {
        let mut values = QUIET;
        facts.number_into(&mut values);
        values.derive(accepted);
        values
    }

    /// The same of facts as recorded.
    pub fn of_recorded(recorded: &[(u16, i64)], accepted: Accepted) -> Self {
        let mut values = QUIET;
        for (number, value) in recorded {
            values.take(*number, *value);
        }
        values.derive(accepted);
        values
    }

    /// Forgets facts that nobody asked about when the others were recorded. What is recorded of them stays.
    pub(in crate::policy) fn unrecorded(&mut self, recorded: &[(u16, i64)], known: Option<u128>) -> u128 {
        let is_recorded = recorded.iter().filter(|(number, _)| *number < u16::from(DERIVED_FROM));
        let is_recorded = is_recorded.fold(0_u128, |all, (number, _)| all | 1 << number);
        let unrecorded = KNOWN_FACTS & !known.unwrap_or(KNOWN_AT_FIRST) & !is_recorded;
        self.known &= !unrecorded;
        unrecorded
    }

    fn derive(&mut self, accepted: Accepted) {
        if self.get(UNREAD) != 0 {
            self.known &= !COUNTED;
        }
        let pin_off = self.known_instant(23).is_some();
        self.set(120, i64::from(pin_off));
        self.set(121, i64::from(accepted.any()));
        self.set(122, i64::from(accepted.account_pin));
        self.set(123, i64::from(accepted.transfer_pin));
        self.set(124, i64::from(accepted.app));
        self.set(125, i64::from(accepted.code));
        self.set(126, i64::from(accepted.document));
    }

    /// Puts a fact, which is known from then on.
    #[inline]
    pub(in crate::policy) fn set(&mut self, number: u8, value: i64) {
        if let Some(slot) = self.of.get_mut(usize::from(number & 127)) {
            *slot = value;
            self.known |= 1 << (number & 127);
        }
    }

    /// A fact's value; what it is worth if it is not known is for [`Values::is_known`] to say.
    pub fn get(&self, number: u8) -> i64 {
        self.of.get(usize::from(number & 127)).copied().unwrap_or(0)
    }

    /// Whether a fact is known.
    #[expect(clippy::cast_possible_truncation, reason = "half of it is wanted")]
    pub const fn is_known(&self, number: u8) -> bool {
        let half = (self.known >> (number & 64)) as u64;
        half & (1 << (number & 63)) != 0
    }

    /// The facts that are not known, a bit for each number.
    pub(in crate::policy) const fn unknown(&self) -> u128 {
        !self.known
    }

    /// Whether a lock refuses, or nobody has the line: the last guard's own question.
    pub(in crate::policy) fn refuses_for_certain(&self) -> bool {
        const LINE_UNKNOWN: u8 = 6;
        const STANCE: u8 = 8;
        // Guarded until a day is over, cooling down, locked.
        self.get(LINE_UNKNOWN) != 0 || self.get(STANCE) >= 3
    }

    /// How far ahead an instant is that ends something; none where nothing does.
    pub(in crate::policy) fn known_instant(&self, number: u8) -> Option<i64> {
        self.is_known(number).then(|| self.get(number))
    }
}
