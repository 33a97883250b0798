//! Facts that are counts within windows.

use chrono::{DateTime, TimeDelta, Utc};

use super::seen::Seen;
use crate::domain::PinCheck;
use crate::policy::attempts;

/// A length as a number for comparing with knobs.
pub(super) fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// The last instant at which at least `many` of `instants`, oldest first, are still within `window`.
pub(super) fn many_until(instants: &[DateTime<Utc>], many: u32, window: TimeDelta) -> Option<DateTime<Utc>> {
    let spare = instants.len().checked_sub(usize::try_from(many).ok()?.max(1))?;
    instants.get(spare).map(|at| *at + window)
}

/// Failures at the account PIN.
pub(super) struct PinFailures {
    pub(super) count: u32,
    pub(super) many_until: Option<DateTime<Utc>>,
    pub(super) off_until: Option<DateTime<Utc>>,
}

impl PinFailures {
    /// Counts what is on record and, if it was wrong, this attempt. A PIN that was never set is answered like a wrong one.
    pub(super) fn tally(seen: &Seen<'_>, check: PinCheck) -> Self {
        let knobs = &seen.policy.pin;
        let failed_now = check.is_failure();
        let mut failures = seen.snapshot.pin_failures.to_vec();
        failures.extend(failed_now.then_some(seen.now));
        failures.sort_unstable();
        let told = match check {
            PinCheck::Exhausted { until } => Some(until),
            _ => None,
        };
        Self {
            count: count(attempts::failures_within(&failures, knobs.failures_window, seen.now)),
            many_until: many_until(&failures, knobs.failures_challenge, knobs.failures_window),
            off_until: attempts::pin_off_until(knobs, &failures, seen.now).max(told),
        }
    }
}

/// Resets of PIN and contacts within their cool-down.
pub(super) struct Resets {
    pub(super) count: u32,
    pub(super) oldest: Option<DateTime<Utc>>,
    pub(super) two_until: Option<DateTime<Utc>>,
    pub(super) one_until: Option<DateTime<Utc>>,
}

impl Resets {
    pub(super) fn within(seen: &Seen<'_>) -> Self {
        let window = seen.policy.cooldown.reset_to_sim;
        let all = seen.snapshot.account.resets.iter().map(|reset| reset.at);
        let mut recent: Vec<_> = all.filter(|at| seen.now - *at <= window).collect();
        recent.sort_unstable();
        Self {
            count: count(recent.len()),
            oldest: recent.first().copied(),
            two_until: many_until(&recent, 2, window),
            one_until: many_until(&recent, 1, window),
        }
    }
}
