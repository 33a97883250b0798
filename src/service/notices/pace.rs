//! How much is told at a time: little while somebody waits for decisions.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How many records' notices are on their way at a time.
const ON_THEIR_WAY_MAX: usize = 16;

/// The same while decisions are asked: who asks waits behind the work of so many, at every step of theirs.
const BESIDE_DECISIONS_MAX: usize = 2;

/// What takes longer than this waits for its receiver, and no decision stands behind it.
const OF_OUR_OWN: Duration = Duration::from_millis(20);

/// What this engine is asked, as far as notices go slower for it.
#[derive(Debug, Default)]
pub(in crate::service) struct Pace {
    asked: AtomicU64,
}

impl Pace {
    /// Somebody asks for a decision.
    pub(in crate::service) fn note_ask(&self) {
        self.asked.fetch_add(1, Ordering::Relaxed);
    }

    /// How much is told at a time now. `seen` is how often was asked when this was asked last, and `took` how long the fastest of
    /// the last round was on its way.
    pub(super) fn at_a_time(&self, seen: &mut u64, took: Duration) -> usize {
        let asked = self.asked.load(Ordering::Relaxed);
        let before = std::mem::replace(seen, asked);
        if asked == before || took > OF_OUR_OWN { ON_THEIR_WAY_MAX } else { BESIDE_DECISIONS_MAX }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{BESIDE_DECISIONS_MAX, OF_OUR_OWN, ON_THEIR_WAY_MAX, Pace};

    #[test]
    fn little_is_told_at_a_time_until_nobody_has_asked_for_a_round() {
        let (pace, mut seen) = (Pace::default(), 0);
        assert_eq!(pace.at_a_time(&mut seen, Duration::ZERO), ON_THEIR_WAY_MAX);
        pace.note_ask();
        pace.note_ask();
        assert_eq!(pace.at_a_time(&mut seen, Duration::ZERO), BESIDE_DECISIONS_MAX);
        assert_eq!(pace.at_a_time(&mut seen, Duration::ZERO), ON_THEIR_WAY_MAX);
    }

    #[test]
    fn a_receiver_that_takes_its_time_keeps_nobody_from_being_told() {
        let (pace, mut seen) = (Pace::default(), 0);
        for (took, expected) in [(OF_OUR_OWN, BESIDE_DECISIONS_MAX), (OF_OUR_OWN * 2, ON_THEIR_WAY_MAX)] {
            pace.note_ask();
            assert_eq!(pace.at_a_time(&mut seen, took), expected);
        }
    }
}
