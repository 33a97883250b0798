//! Counting failures: when a PIN is off, and when a transfer PIN is void.

use chrono::{DateTime, TimeDelta, Utc};

use super::document::{PinKnobs, TransferPinKnobs};

/// How many of `failures` happened in the last `window`, its edge included. One in the future counts: the strict reading.
pub fn failures_within(failures: &[DateTime<Utc>], window: TimeDelta, now: DateTime<Utc>) -> usize {
    failures.iter().filter(|at| now - **at <= window).count()
}

/// Until when the account PIN is off, if it is: the newest run of `failures_exhausted` failures within one window, and a
/// window after the last of them. At that instant itself it is still off. `failures` is oldest first.
///
/// INVARIANT (one-counter): nothing a requester does ends this earlier; a right PIN erases no failure.
pub fn pin_off_until(knobs: &PinKnobs, failures: &[DateTime<Utc>], now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let run = usize::try_from(knobs.failures_exhausted).unwrap_or(usize::MAX).max(1);
    failures
        .windows(run)
        .filter_map(|run| Some((*run.first()?, *run.last()?)))
        .filter(|(first, last)| *last - *first <= knobs.failures_window)
        .map(|(_, last)| last + knobs.failures_window)
        .max()
        .filter(|until| now <= *until)
}

/// Whether a transfer PIN issued at `issued_at` is void for wrong tries since. `failures` are those of the account.
pub fn transfer_pin_void(knobs: &TransferPinKnobs, failures: &[DateTime<Utc>], issued_at: DateTime<Utc>) -> bool {
    let since_issue = failures.iter().filter(|at| **at >= issued_at).count();
    u32::try_from(since_issue).unwrap_or(u32::MAX) >= knobs.wrong_max
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};

    use super::{failures_within, pin_off_until, transfer_pin_void};
    use crate::policy::Policy;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes)
    }

    #[test]
    fn windows_include_their_edge() {
        let failures = [at(0), at(10)];
        assert_eq!(failures_within(&failures, TimeDelta::minutes(60), at(60)), 2);
        assert_eq!(failures_within(&failures, TimeDelta::minutes(60), at(60) + TimeDelta::nanoseconds(1)), 1);
    }

    #[test]
    fn five_within_a_day_turn_the_pin_off_for_a_day_after_the_fifth() {
        let knobs = Policy::us_default().pin;
        let day = 24 * 60;
        let five = [at(0), at(1), at(2), at(3), at(day)];
        let until = at(2 * day);
        assert_eq!(pin_off_until(&knobs, &five, at(day)), Some(until));
        assert_eq!(pin_off_until(&knobs, &five, until), Some(until));
        assert_eq!(pin_off_until(&knobs, &five, until + TimeDelta::nanoseconds(1)), None);
        let spread = [at(0), at(1), at(2), at(3), at(day) + TimeDelta::nanoseconds(1)];
        assert_eq!(pin_off_until(&knobs, &spread, at(day + 1)), None);
        assert_eq!(pin_off_until(&knobs, &five[..4], at(4)), None);
    }

    #[test]
    fn old_failures_do_not_shorten_and_later_ones_prolong() {
        let knobs = Policy::us_default().pin;
        let failures = [at(0), at(1), at(2), at(3), at(4), at(60)];
        assert_eq!(pin_off_until(&knobs, &failures, at(61)), Some(at(24 * 60 + 60)));
    }

    #[test]
    fn a_transfer_pin_is_void_after_five_wrong_tries_since_its_issue() {
        let knobs = Policy::us_default().transfer_pin;
        let failures = [at(0), at(1), at(2), at(3), at(4)];
        assert!(transfer_pin_void(&knobs, &failures, at(0)));
        assert!(!transfer_pin_void(&knobs, &failures, at(1)));
        assert!(!transfer_pin_void(&knobs, &failures[..4], at(0)));
    }
}
