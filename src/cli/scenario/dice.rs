//! Numbers that look random and are the same on every machine: what is made of a seed is made of it again.

use serde::Deserialize;

/// A sequence of numbers (SplitMix64).
#[derive(Clone)]
pub(super) struct Dice(u64);

/// Something with how often it comes beside the others of its list.
#[derive(Clone, Deserialize)]
pub(super) struct Weighed<T>(pub(super) T, pub(super) u32);

impl Dice {
    /// Begins with a seed.
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number below a bound; 0 below 0.
    pub(super) fn below(&mut self, bound: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let wide = u128::from(mixed ^ (mixed >> 31)) * u128::from(bound);
        u32::try_from(wide >> 64).unwrap_or(0)
    }

    /// Any number of a range, both ends included.
    pub(super) fn between(&mut self, least: u32, most: u32) -> u32 {
        least.saturating_add(self.below(most.saturating_sub(least).saturating_add(1)))
    }

    /// Whether it is one of so many in a thousand.
    pub(super) fn is_in_thousand(&mut self, of: u32) -> bool {
        self.below(1_000) < of
    }

    /// One of a list, each as often as its weight says.
    pub(super) fn one_of<'a, T>(&mut self, list: &'a [T], weight: impl Fn(&T) -> u32) -> Option<&'a T> {
        let sum = list.iter().map(&weight).fold(0, u32::saturating_add);
        let mut left = self.below(sum);
        list.iter().find(|one| {
            let weight = weight(one);
            let found = left < weight;
            left = left.saturating_sub(weight);
            found
        })
    }

    /// One of a weighed list.
    pub(super) fn weighed<'a, T>(&mut self, list: &'a [Weighed<T>]) -> Option<&'a T> {
        self.one_of(list, |one| one.1).map(|one| &one.0)
    }

    /// A list in another order.
    pub(super) fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            let bound = u32::try_from(last).unwrap_or(u32::MAX).saturating_add(1);
            list.swap(last, usize::try_from(self.below(bound)).unwrap_or(0));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Dice, Weighed};

    #[test]
    fn a_seed_makes_the_same_again_and_another_makes_another() {
        let throw = |seed| {
            let mut dice = Dice::new(seed);
            (0..20).map(|_| dice.below(1_000)).collect::<Vec<_>>()
        };
        assert_eq!(throw(7), throw(7));
        assert_ne!(throw(7), throw(8));
    }

    #[test]
    fn what_weighs_more_comes_more_often_and_what_weighs_nothing_never() {
        let list = [Weighed("often", 90), Weighed("never", 0), Weighed("seldom", 10)];
        let mut dice = Dice::new(1);
        let drawn: Vec<&str> = (0..10_000).map(|_| *dice.weighed(&list).unwrap()).collect();
        let count = |name| drawn.iter().filter(|one| **one == name).count();
        assert!((8_800..9_200).contains(&count("often")), "{}", count("often"));
        assert_eq!((count("often") + count("seldom"), count("never")), (10_000, 0));
        assert!(dice.weighed::<&str>(&[]).is_none());
    }

    #[test]
    fn a_shuffled_list_has_what_it_had() {
        let mut list: Vec<u32> = (0..50).collect();
        Dice::new(3).shuffle(&mut list);
        assert_ne!(list, (0..50).collect::<Vec<_>>());
        list.sort_unstable();
        assert_eq!(list, (0..50).collect::<Vec<_>>());
    }
}
