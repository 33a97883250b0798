//! Instants and lengths of time, as people write them.

use chrono::{DateTime, TimeDelta, Utc};

use crate::grpc::client::{Duration, Timestamp};

/// A whole number and its unit: `90s`, `15m`, `8h`, `7d`. More than nothing.
pub(crate) fn parse_length(text: &str) -> Result<TimeDelta, &'static str> {
    const WRONG: &str = "must be a whole number with its unit, like 90s, 15m, 8h or 7d";
    let unit = text.chars().last().ok_or(WRONG)?;
    let number: i64 = text.strip_suffix(unit).and_then(|number| number.parse().ok()).ok_or(WRONG)?;
    let length = match unit {
        's' => TimeDelta::try_seconds(number),
        'm' => TimeDelta::try_minutes(number),
        'h' => TimeDelta::try_hours(number),
        'd' => TimeDelta::try_days(number),
        _ => None,
    };
    length.filter(|length| *length > TimeDelta::zero()).ok_or(WRONG)
}

/// An instant in RFC 3339: `2026-03-01T12:00:00Z`.
pub(crate) fn parse_instant(text: &str) -> Result<DateTime<Utc>, &'static str> {
    const WRONG: &str = "must be an instant in RFC 3339, like 2026-03-01T12:00:00Z";
    DateTime::parse_from_rfc3339(text).map(|at| at.to_utc()).map_err(|_| WRONG)
}

/// An instant in a message.
pub(crate) fn timestamp(at: DateTime<Utc>) -> Timestamp {
    crate::grpc::convert::time::timestamp(at)
}

/// A length of time in a message.
pub(crate) fn duration(length: TimeDelta) -> Duration {
    Duration { seconds: length.num_seconds(), nanos: length.subsec_nanos() }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::{parse_instant, parse_length};

    #[test]
    fn lengths_have_a_unit_and_are_more_than_nothing() {
        let lengths = [("90s", 90), ("15m", 900), ("8h", 28_800), ("7d", 604_800)];
        for (text, seconds) in lengths {
            assert_eq!(parse_length(text), Ok(TimeDelta::seconds(seconds)), "{text}");
        }
        for wrong in ["", "s", "5", "0s", "-5m", "1.5h", "5 m", "5w", "99999999999999999999d", "9999999999999999d"] {
            assert!(parse_length(wrong).is_err(), "`{wrong}`");
        }
    }

    #[test]
    fn instants_are_of_one_form() {
        let at = parse_instant("2026-03-01T13:00:00+01:00").unwrap();
        assert_eq!(at.to_rfc3339(), "2026-03-01T12:00:00+00:00");
        assert!(parse_instant("2026-03-01").is_err());
    }
}
