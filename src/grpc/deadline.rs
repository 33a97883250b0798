//! The caller's deadline (`grpc-timeout`), and an answer before it.

use std::time::Duration;

use tonic::metadata::MetadataMap;

/// What is kept back of a caller's time for the way to the caller: a tenth of it, within these limits, in milliseconds.
const RESERVE_MILLISECONDS_MIN: u64 = 2;
const RESERVE_MILLISECONDS_MAX: u64 = 100;

/// How long an answer may take: the caller's time less the way back, and never more than `most`.
///
/// A header that does not parse is no deadline, as gRPC has it: the engine's own limit holds.
pub(super) fn time_to_answer(metadata: &MetadataMap, most: Duration) -> Duration {
    let given = metadata.get("grpc-timeout").and_then(|value| value.to_str().ok()).and_then(parse);
    given.map_or(most, |given| given.saturating_sub(reserve(given)).min(most))
}

fn reserve(given: Duration) -> Duration {
    let least = Duration::from_millis(RESERVE_MILLISECONDS_MIN);
    (given / 10).clamp(least, Duration::from_millis(RESERVE_MILLISECONDS_MAX))
}

/// `TimeoutValue TimeoutUnit` of the gRPC protocol: at most 8 digits, then one of `H M S m u n`.
fn parse(text: &str) -> Option<Duration> {
    let unit = text.chars().last()?;
    let digits = text.strip_suffix(unit)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let value: u64 = digits.parse().ok()?;
    match unit {
        'H' => Some(Duration::from_secs(value.saturating_mul(3_600))),
        'M' => Some(Duration::from_secs(value.saturating_mul(60))),
        'S' => Some(Duration::from_secs(value)),
        'm' => Some(Duration::from_millis(value)),
        'u' => Some(Duration::from_micros(value)),
        'n' => Some(Duration::from_nanos(value)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tonic::metadata::MetadataMap;

    use super::time_to_answer;

    const MOST: Duration = Duration::from_secs(30);

    fn with(timeout: &str) -> Duration {
        let mut metadata = MetadataMap::new();
        metadata.insert("grpc-timeout", timeout.parse().unwrap());
        time_to_answer(&metadata, MOST)
    }

    #[test]
    fn answers_leave_before_the_deadline() {
        assert_eq!(with("100m"), Duration::from_millis(90));
        assert_eq!(with("5S"), Duration::from_millis(4_900));
        assert_eq!(with("5000000u"), Duration::from_millis(4_900));
        assert_eq!(with("10m"), Duration::from_millis(8));
        assert_eq!(with("1n"), Duration::ZERO);
    }

    #[test]
    fn the_engines_own_limit_holds() {
        assert_eq!(with("1H"), MOST);
        assert_eq!(with("99999999H"), MOST);
        assert_eq!(time_to_answer(&MetadataMap::new(), MOST), MOST);
        for unreadable in ["", "S", "1", "123456789S", "1x", "-1S", "1.5S"] {
            assert_eq!(with(unreadable), MOST, "`{unreadable}`");
        }
    }
}
