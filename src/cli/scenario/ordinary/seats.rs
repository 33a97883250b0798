//! Counters, care and carriers, and who is busy.

use chrono::TimeDelta;

use super::super::dice::Dice;
use super::mix::Mix;

/// How often another seat is looked for before somebody waits in line.
const LOOKS_MAX: u32 = 64;

/// Seats of a kind, and when each is free again.
pub(super) struct Seats {
    first: u32,
    free: Vec<TimeDelta>,
    visit: TimeDelta,
}

impl Seats {
    /// The counters of all stores.
    pub(super) fn of_stores(mix: &Mix, visit: TimeDelta) -> Self {
        Self::new(mix.stores.saturating_mul(mix.counters_per_store), visit)
    }

    /// Those in care.
    pub(super) fn of_care(mix: &Mix, visit: TimeDelta) -> Self {
        Self::new(mix.care_agents, visit)
    }

    /// The first four numbers are no seat, so that every store has four.
    fn new(count: u32, visit: TimeDelta) -> Self {
        Self { first: 4, free: (0..count).map(|_| TimeDelta::MIN).collect(), visit }
    }

    /// Any seat that is free from some time on, taken for a visit; and when the visit begins. Where all that were looked at
    /// are busy, who came waits for the last of them.
    pub(super) fn take(&mut self, at: TimeDelta, dice: &mut Dice) -> (u32, TimeDelta) {
        let count = u32::try_from(self.free.len()).unwrap_or(u32::MAX);
        let mut seat = 0;
        for _ in 0..LOOKS_MAX {
            seat = dice.below(count);
            if self.free_from(seat) <= at {
                break;
            }
        }
        let begins = at.max(self.free_from(seat));
        if let Some(free) = self.free.get_mut(usize::try_from(seat).unwrap_or(0)) {
            *free = begins.checked_add(&self.visit).unwrap_or(begins);
        }
        (self.first.saturating_add(seat), begins)
    }

    fn free_from(&self, seat: u32) -> TimeDelta {
        self.free.get(usize::try_from(seat).unwrap_or(0)).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::Seats;
    use crate::cli::scenario::dice::Dice;

    #[test]
    fn nobody_is_with_two_customers_at_once() {
        let mut seats = Seats::new(3, TimeDelta::minutes(10));
        let mut dice = Dice::new(1);
        let mut taken: Vec<(u32, TimeDelta)> =
            (0..30).map(|minute| seats.take(TimeDelta::minutes(minute), &mut dice)).collect();
        taken.sort();
        for (one, next) in taken.iter().zip(taken.iter().skip(1)) {
            assert!(one.0 != next.0 || next.1 - one.1 >= TimeDelta::minutes(10), "{one:?} {next:?}");
        }
    }
}
