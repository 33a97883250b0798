//! When a message that was not taken is sent again.

use std::time::Duration;

use super::error::{Again, DeliveryError};

/// The first wait and the longest, in milliseconds, where such things pass.
const SOON: (u64, u64) = (2_000, 3_600_000);

/// The same where somebody must mend something: often enough to be there soon after, too seldom to be in the way.
const ONCE_MENDED: (u64, u64) = (300_000, 21_600_000);

/// How long to wait after the last of `tries` before the next; `None` where there must be none. `random` is any number: with
/// it the tries of many messages spread, so that a receiver that comes back is not run over.
///
/// Each wait is twice the one before, and between half of that and all of it. A receiver that said when to come again is not
/// asked before. For how long a message is worth sending at all, its sender knows.
pub fn next_attempt(error: &DeliveryError, tries: u32, random: u32) -> Option<Duration> {
    let (first, longest) = match error.again() {
        Again::Soon => SOON,
        Again::OnceMended => ONCE_MENDED,
        Again::Never => return None,
    };
    let doubled = first.saturating_mul(2_u64.saturating_pow(tries.saturating_sub(1)));
    let half = doubled.min(longest) / 2;
    let spread = half.saturating_mul(random.into()) / u64::from(u32::MAX);
    let least = Duration::from_millis(half).max(error.retry_after().unwrap_or_default());
    Some(least.saturating_add(Duration::from_millis(spread)))
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::time::Duration;

    use http::StatusCode;
    use proptest::prelude::*;

    use super::next_attempt;
    use crate::outbound::DeliveryError;

    fn status(status: u16, retry_after: Option<u64>) -> DeliveryError {
        let status = StatusCode::from_u16(status).unwrap();
        DeliveryError::Status { status, retry_after: retry_after.map(Duration::from_secs) }
    }

    fn millis(error: &DeliveryError, tries: u32, random: u32) -> u128 {
        next_attempt(error, tries, random).unwrap().as_millis()
    }

    #[test]
    fn waits_double_up_to_a_bound() {
        let busy = status(503, None);
        let waits = |random| [1, 2, 3, 12, 13, u32::MAX].map(|tries| millis(&busy, tries, random));
        assert_eq!(waits(0), [1_000, 2_000, 4_000, 1_800_000, 1_800_000, 1_800_000]);
        assert_eq!(waits(u32::MAX), [2_000, 4_000, 8_000, 3_600_000, 3_600_000, 3_600_000]);
        assert_eq!(millis(&busy, 0, 0), 1_000, "before the first try");
        let wrong = status(404, None);
        let waits = [1, 2, 100].map(|tries| millis(&wrong, tries, u32::MAX));
        assert_eq!(waits, [300_000, 600_000, 21_600_000]);
        let lost = DeliveryError::Unreached(io::Error::from(io::ErrorKind::ConnectionRefused));
        assert_eq!(millis(&lost, 1, 0), 1_000);
    }

    #[test]
    fn who_wants_no_more_gets_no_more_and_who_says_when_is_not_asked_before() {
        assert_eq!(next_attempt(&status(410, Some(5)), 1, 0), None);
        assert_eq!(millis(&status(429, Some(60)), 1, 0), 60_000);
        assert_eq!(millis(&status(429, Some(60)), 1, u32::MAX), 61_000);
        assert_eq!(millis(&status(503, Some(1)), 12, 0), 1_800_000, "the longer of both");
    }

    proptest! {
        #[test]
        fn no_wait_is_shorter_than_asked_or_longer_than_bounds(tries: u32, random: u32, after in 0..=3_600_u64) {
            let error = status(503, Some(after));
            let wait = next_attempt(&error, tries, random).unwrap();
            prop_assert!(wait >= Duration::from_secs(after.max(1)) && wait <= Duration::from_secs(3_600 + 1_800));
        }
    }
}
