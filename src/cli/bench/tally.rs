//! What came of a load: how many, how long, how they ended.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;

use super::figures::figure;

/// The longest latency told apart, in microseconds: a minute.
const LATENCY_US_MAX: u64 = 60_000_000;

/// Digits of a latency that count.
const DIGITS: u8 = 3;

/// How one call ended: the name of its outcome, or the name of its error's status.
pub(super) type Ended = Result<&'static str, &'static str>;

/// Calls counted.
#[derive(Debug)]
pub(super) struct Tally {
    latencies_us: Option<Histogram<u64>>,
    /// Ends that were answers, by outcome.
    pub(super) outcomes: BTreeMap<&'static str, u64>,
    /// Ends that were none, by status.
    pub(super) errors: BTreeMap<&'static str, u64>,
    /// From the first call's start to the last one's end.
    pub(super) elapsed: Duration,
    /// Time that the machine's cores spent on it: callers, service and store together.
    pub(super) cpu: Duration,
}

impl Default for Tally {
    fn default() -> Self {
        // The bounds are constants that fit; were they not, nothing would be told.
        let latencies_us = Histogram::new_with_bounds(1, LATENCY_US_MAX, DIGITS).ok();
        Self {
            latencies_us,
            outcomes: BTreeMap::new(),
            errors: BTreeMap::new(),
            elapsed: Duration::ZERO,
            cpu: Duration::ZERO,
        }
    }
}

impl Tally {
    /// Counts a call. Latencies are those of answers: an error that comes fast must not look like speed.
    pub(super) fn note(&mut self, ended: Ended, took: Duration) {
        match ended {
            Ok(outcome) => {
                *self.outcomes.entry(outcome).or_default() += 1;
                if let Some(latencies) = &mut self.latencies_us {
                    latencies.saturating_record(u64::try_from(took.as_micros()).unwrap_or(LATENCY_US_MAX).max(1));
                }
            }
            Err(status) => *self.errors.entry(status).or_default() += 1,
        }
    }

    /// Adds another's calls, made at the same time or later; the time is the caller's to say.
    pub(super) fn add(&mut self, other: &Self) {
        if let (Some(all), Some(more)) = (&mut self.latencies_us, &other.latencies_us) {
            // Both have the same bounds.
            let _ = all.add(more);
        }
        for (outcome, count) in &other.outcomes {
            *self.outcomes.entry(outcome).or_default() += count;
        }
        for (status, count) in &other.errors {
            *self.errors.entry(status).or_default() += count;
        }
    }

    /// Answers.
    pub(super) fn answered(&self) -> u64 {
        self.outcomes.values().sum()
    }

    /// Answers a second.
    pub(super) fn per_second(&self) -> f64 {
        if self.elapsed.is_zero() { 0.0 } else { figure(self.answered()) / self.elapsed.as_secs_f64() }
    }

    /// Time of the cores that an answer took, in microseconds.
    pub(super) fn cpu_us(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / figure(self.answered()).max(1.0)
    }

    /// The latency that `share` of the answers did not exceed, in microseconds.
    pub(super) fn quantile_us(&self, share: f64) -> u64 {
        self.latencies_us.as_ref().map_or(0, |latencies| latencies.value_at_quantile(share))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Tally;

    #[test]
    fn answers_are_counted_apart_from_errors() {
        let mut tally = Tally::default();
        for micros in 1..=100 {
            tally.note(Ok("DENY"), Duration::from_micros(micros));
        }
        tally.note(Err("UNAVAILABLE"), Duration::from_secs(50));
        tally.elapsed = Duration::from_secs(2);
        assert_eq!((tally.answered(), tally.errors["UNAVAILABLE"]), (100, 1));
        assert!((tally.per_second() - 50.0).abs() < 1e-9);
        assert_eq!((tally.quantile_us(0.5), tally.quantile_us(0.99)), (50, 99));
        let mut both = Tally::default();
        both.add(&tally);
        both.add(&tally);
        assert_eq!((both.answered(), both.errors["UNAVAILABLE"], both.quantile_us(0.5)), (200, 2, 50));
    }
}
