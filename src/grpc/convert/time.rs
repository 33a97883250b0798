//! Instants and lengths of time on the wire.

use chrono::{DateTime, TimeDelta, Utc};
use prost_types::{Duration, Timestamp};

use super::field::FieldError;

const TIMESTAMP: &str = "must be a valid instant between the years 2000 and 9999";
const DURATION: &str = "must be a valid length of time";

/// The first second of the year 2000: before it no line, PIN or account of this field exists, and 1970 is a bug.
const EARLIEST_SECONDS: i64 = 946_684_800;
/// The last second of the year 9999, the contract's own limit.
const LATEST_SECONDS: i64 = 253_402_300_799;

/// An instant.
pub fn instant(value: Timestamp, name: &str) -> Result<DateTime<Utc>, FieldError> {
    let Timestamp { seconds, nanos } = value;
    let nanos = u32::try_from(nanos).ok().filter(|nanos| *nanos < 1_000_000_000);
    (EARLIEST_SECONDS..=LATEST_SECONDS)
        .contains(&seconds)
        .then_some(nanos)
        .flatten()
        .and_then(|nanos| DateTime::from_timestamp(seconds, nanos))
        .ok_or_else(|| FieldError::new(name, TIMESTAMP))
}

/// An instant that may be absent.
pub fn optional_instant(value: Option<Timestamp>, name: &str) -> Result<Option<DateTime<Utc>>, FieldError> {
    value.map(|value| instant(value, name)).transpose()
}

/// A length of time.
pub fn length(value: Duration, name: &str) -> Result<TimeDelta, FieldError> {
    let Duration { seconds, nanos } = value;
    let same_sign = seconds == 0 || nanos == 0 || (seconds > 0) == (nanos > 0);
    let whole = TimeDelta::try_seconds(seconds);
    whole
        .filter(|_| same_sign && nanos.unsigned_abs() < 1_000_000_000)
        .and_then(|whole| whole.checked_add(&TimeDelta::nanoseconds(i64::from(nanos))))
        .ok_or_else(|| FieldError::new(name, DURATION))
}

/// An instant for an answer.
pub fn timestamp(at: DateTime<Utc>) -> Timestamp {
    // Subsecond nanoseconds are below 2,000,000,000 even in a leap second, so they fit.
    Timestamp { seconds: at.timestamp(), nanos: i32::try_from(at.timestamp_subsec_nanos()).unwrap_or(0) }
}

/// A length of time for an answer.
pub fn duration(length: TimeDelta) -> Duration {
    Duration { seconds: length.num_seconds(), nanos: length.subsec_nanos() }
}

#[cfg(test)]
mod tests {
    use super::{instant, length, timestamp};
    use prost_types::{Duration, Timestamp};

    #[test]
    fn instants_come_back_as_they_went() {
        let there = Timestamp { seconds: 1_790_000_000, nanos: 123_456_789 };
        assert_eq!(instant(there, "t").map(timestamp), Ok(there));
        for (seconds, nanos) in [
            (0, 0),
            (-1, 0),
            (946_684_799, 0),
            (253_402_300_800, 0),
            (1_790_000_000, -1),
            (1_790_000_000, 1_000_000_000),
            (i64::MAX, 0),
        ] {
            assert!(instant(Timestamp { seconds, nanos }, "t").is_err(), "{seconds}.{nanos} was accepted");
        }
    }

    #[test]
    fn lengths_are_well_formed() {
        assert_eq!(length(Duration { seconds: 1, nanos: 500_000_000 }, "d").map(|d| d.num_milliseconds()), Ok(1500));
        for (seconds, nanos) in [(1, -1), (-1, 1), (0, 1_000_000_000), (i64::MAX, 0), (0, i32::MIN)] {
            assert!(length(Duration { seconds, nanos }, "d").is_err(), "{seconds}.{nanos} was accepted");
        }
    }
}
