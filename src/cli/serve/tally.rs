//! What the engine and the store did, counted.

use std::sync::Arc;
use std::time::Duration;

use crate::audit::Decided;
use crate::domain::Action;
use crate::service::Tally;
use crate::store::embedded::StoreObserver;
use crate::store::redis::RedisObserver;
use crate::telemetry::Metrics;

/// Counts into the metrics.
pub(super) struct Counting(pub(super) Arc<Metrics>);

impl Tally for Counting {
    fn decided(&self, action: Action, decided: &Decided) {
        let reasons = decided.reasons.iter().map(|recorded| recorded.reason.code());
        self.0.decided(decided.outcome.name(), action.name(), reasons);
        if let Some(shadow) = &decided.shadow {
            self.0.shadowed(action.name(), decided.outcome.name(), shadow.outcome.name());
        }
    }

    fn pin_verified(&self, seconds: f64) {
        self.0.pin_verified(time(seconds));
    }

    fn pin_shed(&self) {
        self.0.pin_shed();
    }

    fn due_applied(&self, steps: usize) {
        self.0.fell_due(u64::try_from(steps).unwrap_or(u64::MAX));
    }

    fn shadow_failed(&self) {
        self.0.shadow_failed();
    }

    fn notice_taken(&self, seconds: f64) {
        self.0.notices().taken(seconds);
    }

    fn notice_untaken(&self, is_dead: bool) {
        self.0.notices().untaken(is_dead);
    }

    fn notice_to_nobody(&self) {
        self.0.notices().to_nobody();
    }

    fn notices_behind(&self, seconds: Option<f64>) {
        self.0.notices().behind(seconds);
    }
}

impl StoreObserver for Counting {
    fn group(&self, jobs: usize, seconds: f64) {
        self.0.committed(u32::try_from(jobs).unwrap_or(u32::MAX), time(seconds));
    }

    fn checkpoint(&self, frames: u64, seconds: f64) {
        tracing::debug!(frames, seconds, "write-ahead log moved into the database");
    }
}

impl RedisObserver for Counting {
    fn step(&self, name: &'static str, seconds: f64, answered: bool) {
        self.0.store_calls().stepped(name, time(seconds), answered);
    }

    fn unproven(&self) {
        self.0.store_calls().unproven();
    }

    fn moved(&self) {
        self.0.store_calls().moved();
    }
}

/// A measured time; nothing where a clock gave nonsense.
fn time(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Counting;
    use crate::service::Tally as _;
    use crate::store::embedded::StoreObserver as _;
    use crate::telemetry::Metrics;

    #[test]
    fn what_is_told_is_counted() {
        let metrics = Arc::new(Metrics::new());
        let counting = Counting(Arc::clone(&metrics));
        counting.pin_verified(0.012);
        counting.pin_verified(f64::NAN);
        counting.pin_shed();
        counting.due_applied(3);
        counting.shadow_failed();
        counting.group(7, 0.001);
        let text = metrics.encode().unwrap();
        for line in [
            "portcullis_pin_verify_seconds_count 2",
            "portcullis_pin_pool_shed_total 1",
            "portcullis_due_transitions_total 3",
            "portcullis_shadow_failures_total 1",
            "portcullis_store_group_size_sum 7.0",
        ] {
            assert!(text.lines().any(|found| found == line), "no line `{line}` in\n{text}");
        }
    }
}
