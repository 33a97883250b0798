//! Counts as figures, and figures of many rounds as one.

use std::time::Duration;

/// A count as a figure.
#[expect(clippy::cast_precision_loss, reason = "a count beyond 2^53 would take a thousand years")]
pub(super) const fn figure(count: u64) -> f64 {
    count as f64
}

/// How many calls a rate makes in a time, rounded up.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast from a float keeps to the bounds")]
pub(super) fn calls_in(per_second: f64, time: Duration) -> usize {
    (per_second * time.as_secs_f64()).ceil() as usize
}

/// The middle of some figures; 0 of none.
pub(super) fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let at = |index: usize| sorted.get(index).copied().unwrap_or_default();
    if sorted.len() % 2 == 1 { at(middle) } else { f64::midpoint(at(middle.saturating_sub(1)), at(middle)) }
}

/// The median of the ratios of figures measured in turns.
pub(super) fn ratio(above: &[f64], below: &[f64]) -> f64 {
    let ratios: Vec<f64> = above.iter().zip(below).map(|(above, below)| above / below.max(f64::EPSILON)).collect();
    median(&ratios)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{calls_in, median, ratio};

    #[test]
    fn the_middle_is_in_the_middle() {
        assert!((median(&[3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!((median(&[4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < 1e-9);
        assert!(median(&[]).abs() < 1e-9);
    }

    #[test]
    fn ratios_are_taken_round_by_round() {
        assert!((ratio(&[1.0, 20.0, 3.0], &[2.0, 4.0, 6.0]) - 0.5).abs() < 1e-9);
        assert_eq!(calls_in(2.5, Duration::from_secs(3)), 8);
    }
}
