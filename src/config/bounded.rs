//! Whole numbers that cannot leave their bounds.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use serde::de::{Deserializer, Error, Unexpected, Visitor};

/// A whole number of `MIN` to `MAX`; its unit stands in the name of the setting that holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bounded<const MIN: u64, const MAX: u64>(u64);

impl<const MIN: u64, const MAX: u64> Bounded<MIN, MAX> {
    /// The number, when it is within the bounds.
    pub const fn new(value: u64) -> Option<Self> {
        if value >= MIN && value <= MAX { Some(Self(value)) } else { None }
    }

    /// A number known when the program is built; one out of bounds does not compile.
    pub const fn of<const VALUE: u64>() -> Self {
        const { assert!(VALUE >= MIN && VALUE <= MAX, "a default lies within its bounds") };
        Self(VALUE)
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The number as a count of 32 bits; the bounds of every setting fit.
    pub fn to_u32(self) -> u32 {
        u32::try_from(self.0).unwrap_or(u32::MAX)
    }

    /// The number as a count of things in memory; the bounds of every setting fit.
    pub fn to_usize(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }

    /// The number taken as seconds.
    pub const fn seconds(self) -> Duration {
        Duration::from_secs(self.0)
    }
}

impl<const MIN: u64, const MAX: u64> fmt::Display for Bounded<MIN, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de, const MIN: u64, const MAX: u64> Deserialize<'de> for Bounded<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_u64(Within)
    }
}

struct Within<const MIN: u64, const MAX: u64>;

impl<const MIN: u64, const MAX: u64> Visitor<'_> for Within<MIN, MAX> {
    type Value = Bounded<MIN, MAX>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a whole number of {MIN} to {MAX}")
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Bounded::new(value).ok_or_else(|| E::invalid_value(Unexpected::Unsigned(value), &self))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        match u64::try_from(value) {
            Ok(value) => self.visit_u64(value),
            Err(_) => Err(E::invalid_value(Unexpected::Signed(value), &self)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Bounded;

    #[test]
    fn bounds_are_inclusive() {
        assert_eq!(Bounded::<1, 60>::new(0), None);
        assert_eq!(Bounded::<1, 60>::new(61), None);
        assert_eq!(Bounded::<1, 60>::new(1).map(Bounded::get), Some(1));
        assert_eq!(Bounded::<1, 60>::new(60).map(Bounded::get), Some(60));
    }
}
