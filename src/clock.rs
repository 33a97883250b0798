//! The only reader of the wall clock. Everything else takes the time as an argument.
//!
//! A reading counts only when the wall clock agrees with the monotonic one, which nobody can set. A clock that was
//! stepped while the process runs is refused until it comes back: turned forward it would end cool-downs and holds at
//! once, turned back it would make what has expired valid again.
//!
//! Absent on purpose: any way to set the time from outside the process. [`ManualClock`] is made by code alone.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use thiserror::Error;

/// How far the wall clock may be from where the monotonic clock puts it, in milliseconds. Room for a leap second and
/// for a thread that loses its core between the two readings; too little to jump over any delay that protects a line.
pub const TOLERANCE_MILLISECONDS: i64 = 2_000;

/// How fast the anchor follows the wall clock, in parts per million: what the kernel slews at most.
const DRIFT_PPM: i32 = 500;

/// The anchor moves at most this often: over a shorter stretch the drift rounds to nothing and would never be followed.
const ANCHOR_AGE_MIN: TimeDelta = TimeDelta::seconds(1);

/// An instant that a [`Clock`] has vouched for, in whole milliseconds.
///
/// INVARIANT (time-is-an-argument): nothing outside this file can build one, so whatever takes a `Now` is given the time
/// of a clock that passed its check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Now(DateTime<Utc>);

impl Now {
    /// The instant, in UTC, without a fraction of a millisecond.
    pub fn instant(self) -> DateTime<Utc> {
        self.0
    }
}

/// Why there is no time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ClockError {
    /// The wall clock was stepped. Worth a retry: the answer changes when the clock is put right, or the process is
    /// started anew.
    #[error("wall clock is {skew_milliseconds} ms from where it should be")]
    OutOfBounds {
        /// The wall clock less where it should be: positive when it runs ahead.
        skew_milliseconds: i64,
    },
}

/// What tells the time. One reading serves one request, from its first step to its last.
pub trait Clock: Send + Sync {
    /// The time now.
    ///
    /// # Errors
    ///
    /// [`ClockError::OutOfBounds`] while the wall clock cannot be believed: nothing may be decided then.
    fn now(&self) -> Result<Now, ClockError>;
}

/// Both clocks, read together.
#[derive(Clone, Copy, Debug)]
struct Reading {
    wall: DateTime<Utc>,
    /// Time since some fixed moment of this process.
    monotonic: TimeDelta,
}

/// Where readings come from: the machine, or a test that steps it.
trait Source: Send {
    fn read(&self) -> Reading;
}

/// The check itself: a source, and the last reading that was believed.
#[derive(Debug)]
struct Checked<S> {
    source: S,
    anchor: Reading,
}

impl<S: Source> Checked<S> {
    /// Believes the first reading: there is nothing yet to compare it with.
    fn new(source: S) -> Self {
        let anchor = source.read();
        Self { source, anchor }
    }

    // INVARIANT (fail-closed): out of bounds there is no `Now`, so there is no decision.
    fn now(&mut self) -> Result<Now, ClockError> {
        let reading = self.source.read();
        let elapsed = reading.monotonic - self.anchor.monotonic;
        let expected = self.anchor.wall + elapsed;
        let skew = reading.wall - expected;
        if skew.abs() > TimeDelta::milliseconds(TOLERANCE_MILLISECONDS) {
            return Err(ClockError::OutOfBounds { skew_milliseconds: skew.num_milliseconds() });
        }
        if elapsed >= ANCHOR_AGE_MIN {
            self.anchor = Reading { wall: expected + followed(skew, elapsed), monotonic: reading.monotonic };
        }
        Ok(Now(reading.wall.trunc_subsecs(3)))
    }
}

/// The part of a skew that slow drift explains. The rest stays a skew, so that many small steps add up to a refusal.
fn followed(skew: TimeDelta, elapsed: TimeDelta) -> TimeDelta {
    let drift = elapsed / 1_000_000 * DRIFT_PPM;
    skew.clamp(-drift, drift)
}

/// The machine's clock.
///
/// A machine that slept, or whose clock was rightly put forward by more than the tolerance, is refused until the
/// process is started anew: from inside, a right correction looks like a wrong one.
#[derive(Debug)]
pub struct SystemClock(Mutex<Checked<SystemSource>>);

impl SystemClock {
    /// Takes the wall clock as it stands and holds it to its word from here on.
    pub fn start() -> Self {
        Self(Mutex::new(Checked::new(SystemSource { started: Instant::now() })))
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Result<Now, ClockError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).now()
    }
}

#[derive(Debug)]
struct SystemSource {
    started: Instant,
}

impl Source for SystemSource {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
    fn read(&self) -> Reading {
        let monotonic = TimeDelta::from_std(self.started.elapsed()).unwrap_or(TimeDelta::MAX);
        Reading { wall: Utc::now(), monotonic }
    }
}

/// A clock that moves when it is told to, checked like the machine's own.
#[derive(Debug)]
pub struct ManualClock(Mutex<Checked<ManualSource>>);

impl ManualClock {
    /// Stands still at `start`.
    pub fn at(start: DateTime<Utc>) -> Self {
        let reading = Reading { wall: start, monotonic: TimeDelta::zero() };
        Self(Mutex::new(Checked::new(ManualSource { reading })))
    }

    /// Lets time pass: both clocks move.
    pub fn advance(&self, by: Duration) {
        let by = TimeDelta::from_std(by).unwrap_or(TimeDelta::MAX);
        self.change(|checked| {
            checked.source.reading.wall += by;
            checked.source.reading.monotonic += by;
        });
    }

    /// Sets the wall clock alone, as an operator or an attacker would: the check sees a step.
    pub fn step_wall(&self, by: TimeDelta) {
        self.change(|checked| checked.source.reading.wall += by);
    }

    /// Begins anew at an instant, as a restart of the process would: there is nothing to compare the clock with.
    pub fn restart_at(&self, wall: DateTime<Utc>) {
        self.change(|checked| {
            let reading = Reading { wall, monotonic: checked.source.reading.monotonic };
            *checked = Checked::new(ManualSource { reading });
        });
    }

    fn change(&self, change: impl FnOnce(&mut Checked<ManualSource>)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Result<Now, ClockError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).now()
    }
}

#[derive(Debug)]
struct ManualSource {
    reading: Reading,
}

impl Source for ManualSource {
    fn read(&self) -> Reading {
        self.reading
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn start() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    #[test]
    fn time_passes_as_told() {
        let clock = ManualClock::at(start());
        assert_eq!(clock.now().unwrap().instant(), start());
        clock.advance(Duration::from_secs(90 * 86_400));
        assert_eq!(clock.now().unwrap().instant(), start() + TimeDelta::days(90));
    }

    #[test]
    fn readings_are_whole_milliseconds_never_rounded_up() {
        let clock = ManualClock::at(start());
        clock.advance(Duration::from_nanos(1_999_999));
        assert_eq!(clock.now().unwrap().instant(), start() + TimeDelta::milliseconds(1));
    }

    /// E16: turned back an hour or forward 25 hours in a running process.
    #[test]
    fn a_step_is_refused_until_it_is_undone() {
        for hours in [-1, 25] {
            let clock = ManualClock::at(start());
            clock.advance(MINUTE);
            clock.step_wall(TimeDelta::hours(hours));
            let refused = ClockError::OutOfBounds { skew_milliseconds: hours * 3_600_000 };
            assert_eq!(clock.now(), Err(refused));
            for _ in 0..2_000 {
                clock.advance(MINUTE);
                assert_eq!(clock.now(), Err(refused), "a step must not be believed by waiting");
            }
            clock.step_wall(TimeDelta::hours(-hours));
            assert_eq!(clock.now().unwrap().instant(), start() + TimeDelta::minutes(2_001));
        }
    }

    #[test]
    fn the_tolerance_is_two_seconds_both_ways() {
        for sign in [-1, 1] {
            let clock = ManualClock::at(start());
            clock.step_wall(TimeDelta::milliseconds(sign * TOLERANCE_MILLISECONDS));
            assert!(clock.now().is_ok());
            clock.step_wall(TimeDelta::milliseconds(sign));
            assert_eq!(clock.now(), Err(ClockError::OutOfBounds { skew_milliseconds: sign * 2_001 }));
        }
    }

    #[test]
    fn small_steps_add_up() {
        let clock = ManualClock::at(start());
        let mut accepted = 0;
        for _ in 0..100 {
            clock.advance(MINUTE);
            clock.step_wall(TimeDelta::milliseconds(500));
            accepted += i32::from(clock.now().is_ok());
        }
        assert!(accepted <= 5, "{accepted} steps of half a second were believed");
    }

    #[test]
    fn slow_drift_is_followed() {
        for drift_ppm in [-500, 500] {
            let clock = ManualClock::at(start());
            for _ in 0..7 * 1_440 {
                clock.advance(MINUTE);
                clock.step_wall(TimeDelta::microseconds(60 * drift_ppm));
                clock.now().unwrap();
            }
        }
    }

    #[test]
    fn drift_is_followed_when_readings_are_dense() {
        let clock = ManualClock::at(start());
        for _ in 0..6_000 * 100 {
            clock.advance(Duration::from_millis(10));
            clock.step_wall(TimeDelta::nanoseconds(4_000));
            clock.now().unwrap();
        }
    }

    #[test]
    fn a_restart_compares_with_nothing() {
        let clock = ManualClock::at(start());
        clock.restart_at(start() + TimeDelta::hours(25));
        assert_eq!(clock.now().unwrap().instant(), start() + TimeDelta::hours(25));
        clock.step_wall(TimeDelta::hours(-1));
        assert!(clock.now().is_err());
    }

    #[test]
    fn the_machine_agrees_with_itself() {
        let clock = SystemClock::start();
        let first = clock.now().unwrap();
        assert!(clock.now().unwrap() >= first);
    }
}
