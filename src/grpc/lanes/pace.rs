//! When refusals are sent: the first at once, those of a flood one after the other.
//!
//! To refuse a call costs a fraction of answering one, but four times too many calls are as many refusals as would take a
//! quarter of the answers with them. A caller that waits for a refusal holds one of its connection's streams meanwhile, and
//! once it has none left it keeps its next calls to itself: they cost this side nothing. So a flood is slowed where it
//! begins, and nobody else waits.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Refusals a second, of all connections together: some hundredths of a core.
const REFUSALS_PER_SECOND: u64 = 1_000;

/// Refusals that are sent at once after a while without any: callers in a short burst learn at once to come back.
const AT_ONCE: u64 = 200;

/// The longest that a refusal is kept back, in milliseconds. Callers have deadlines of their own, and must hear in time.
const KEPT_BACK_MILLISECONDS_MAX: u64 = 500;

/// Refusals go out together, so many milliseconds apart: one wake-up and one packet for many.
const TOGETHER_MILLISECONDS: u64 = 5;

const MICROSECONDS: u64 = 1_000_000;
const GAP: u64 = MICROSECONDS / REFUSALS_PER_SECOND;
const KEPT_BACK_MAX: u64 = KEPT_BACK_MILLISECONDS_MAX * 1_000;
const TOGETHER: u64 = TOGETHER_MILLISECONDS * 1_000;

/// The schedule of refusals.
#[derive(Debug)]
pub(super) struct Pace {
    began: Instant,
    /// When the next refusal has its turn, in microseconds since it began.
    next: AtomicU64,
}

impl Pace {
    /// Begins with a full allowance.
    pub(super) fn begin() -> Self {
        Self { began: Instant::now(), next: AtomicU64::new(0) }
    }

    /// How long the next refusal is kept back; not at all while they are few.
    pub(super) fn wait(&self) -> Duration {
        let now = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        Duration::from_micros(self.wait_at(now))
    }

    fn wait_at(&self, now: u64) -> u64 {
        // A turn that is further away than anybody may wait is no turn: the schedule does not run ahead of itself.
        let turn = |next: u64| next.max(now.saturating_sub(AT_ONCE * GAP)).min(now.saturating_add(KEPT_BACK_MAX));
        let taken = self.next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |next| Some(turn(next) + GAP));
        let turn = turn(taken.unwrap_or_else(|next| next));
        if turn <= now { 0 } else { turn.next_multiple_of(TOGETHER).saturating_sub(now) }
    }
}

#[cfg(test)]
mod tests {
    use super::{AT_ONCE, GAP, KEPT_BACK_MAX, MICROSECONDS, Pace, REFUSALS_PER_SECOND, TOGETHER};

    #[test]
    fn a_burst_is_refused_at_once_and_a_flood_at_a_pace() {
        let (pace, now) = (Pace::begin(), 10 * MICROSECONDS);
        let waits: Vec<u64> = (0..AT_ONCE + 100).map(|_| pace.wait_at(now)).collect();
        let at_once = usize::try_from(AT_ONCE).unwrap();
        assert!(waits[..at_once].iter().all(|wait| *wait == 0), "{waits:?}");
        for (number, wait) in (0..).zip(&waits[at_once + 1..]) {
            let turn = (number + 1) * GAP;
            assert!((turn..turn + TOGETHER).contains(wait), "{number}: {wait}");
        }
        assert_eq!(pace.wait_at(now + MICROSECONDS), 0, "once it is over, all is as before");
    }

    #[test]
    fn nobody_waits_longer_than_they_may() {
        let (pace, mut now, mut sent) = (Pace::begin(), 10 * MICROSECONDS, Vec::new());
        for _ in 0..20 * REFUSALS_PER_SECOND {
            let wait = pace.wait_at(now);
            assert!(wait <= KEPT_BACK_MAX + TOGETHER, "{wait}");
            sent.push(now + wait);
            now += GAP / 10;
        }
        let last = now + pace.wait_at(now);
        assert!(last - now >= KEPT_BACK_MAX, "a flood ten times too fast waits as long as it may");
        assert!(sent.iter().all(|at| at.is_multiple_of(TOGETHER) || *at <= 10 * MICROSECONDS + MICROSECONDS));
    }
}
