//! Spans of time as people write them.

use chrono::TimeDelta;

/// The units, longest first.
const UNITS: [(&str, i64); 6] =
    [("d", 86_400_000_000), ("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000), ("ms", 1_000), ("us", 1)];

/// Reads `7d`, `72h`, `15m`, `30s`, `250ms` or `10us`.
pub(super) fn parse_span(text: &str) -> Option<TimeDelta> {
    let unit_at = text.find(|letter: char| !letter.is_ascii_digit())?;
    let (digits, unit) = text.split_at_checked(unit_at)?;
    let micros = UNITS.iter().find(|(name, _)| *name == unit)?.1;
    let count: i64 = digits.parse().ok()?;
    count.checked_mul(micros).map(TimeDelta::microseconds)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::parse_span;

    #[test]
    fn spans_as_written() {
        for (text, span) in [
            ("7d", TimeDelta::days(7)),
            ("72h", TimeDelta::hours(72)),
            ("15m", TimeDelta::minutes(15)),
            ("30s", TimeDelta::seconds(30)),
            ("250ms", TimeDelta::milliseconds(250)),
            ("0s", TimeDelta::zero()),
        ] {
            assert_eq!(parse_span(text), Some(span), "{text}");
        }
        for text in ["", "7", "d", "-7d", "+7d", "1.5h", "7 d", "7D", "7w", "1h30m", "99999999999999999d"] {
            assert_eq!(parse_span(text), None, "{text}");
        }
    }
}
