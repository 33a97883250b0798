//! Choices made from random bytes.

use chrono::{DateTime, TimeDelta, Utc};

use super::world::now;

/// Choices made from random bytes, which shrink well.
pub(super) struct Dice<'a>(pub(super) std::slice::Iter<'a, u8>);

impl Dice<'_> {
    pub(super) fn below(&mut self, sides: u8) -> u8 {
        self.0.next().map_or(0, |byte| byte % sides)
    }

    pub(super) fn yes(&mut self) -> bool {
        self.below(2) == 1
    }

    pub(super) fn rarely(&mut self) -> bool {
        self.below(8) == 1
    }

    pub(super) fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[usize::from(self.below(u8::try_from(from.len()).unwrap()))].clone()
    }

    /// An instant around those that rules care about.
    pub(super) fn instant(&mut self) -> DateTime<Utc> {
        let hours = self.pick(&[0, 1, 23, 24, 25, 71, 72, 73, 167, 168, 169, 720, 26_280, -1]);
        now() - TimeDelta::hours(hours) + TimeDelta::nanoseconds(self.pick(&[0, 1, -1]))
    }

    pub(super) fn instants(&mut self, most: u8) -> Vec<DateTime<Utc>> {
        let mut instants: Vec<_> = (0..self.below(most + 1)).map(|_| self.instant()).collect();
        instants.sort_unstable();
        instants
    }
}
