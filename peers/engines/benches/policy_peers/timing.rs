//! Timing: engines in turn, many rounds, the median.

use std::hint::black_box;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::engine::Engine;

/// How many rounds each engine has.
const ROUNDS: usize = 31;

/// How long a round takes at least.
const ROUND: Duration = Duration::from_millis(20);

/// An engine, ready to be run over all fact sets so many times, and what its rounds took.
pub(crate) struct Timed<'a> {
    pub(crate) name: &'static str,
    /// Runs over all fact sets so many times.
    run: Box<dyn Fn(usize) + 'a>,
    fact_sets: usize,
    times: usize,
    /// Nanoseconds for one evaluation.
    pub(crate) rounds: Vec<f64>,
}

/// Finds how often an engine runs over all fact sets in a round.
pub(crate) fn timed<E: Engine>(engine: &E, fact_sets: usize) -> Timed<'_> {
    let run = move |times| {
        for _ in 0..times {
            for set in 0..fact_sets {
                black_box(engine.evaluate(black_box(set)));
            }
        }
    };
    let mut times = 1;
    while took(|| run(times)) < ROUND {
        times *= 2;
    }
    Timed { name: engine.name(), run: Box::new(run), fact_sets, times, rounds: Vec::with_capacity(ROUNDS) }
}

/// Runs the rounds, each engine in turn, so that what goes on beside them goes on for all.
pub(crate) fn rounds(engines: &mut [Timed<'_>]) {
    for _ in 0..ROUNDS {
        for engine in &mut *engines {
            let took = took(|| (engine.run)(engine.times));
            engine.rounds.push(took.as_nanos() as f64 / (engine.times * engine.fact_sets) as f64);
        }
    }
    for engine in engines {
        engine.rounds.sort_unstable_by(f64::total_cmp);
    }
}

impl Timed<'_> {
    /// The fastest round, the median, the slowest.
    pub(crate) fn spread(&self) -> [f64; 3] {
        [self.rounds[0], self.rounds[ROUNDS / 2], self.rounds[ROUNDS - 1]]
    }
}

/// This thread's time on the processor: what else runs on the machine does not count.
fn took(work: impl FnOnce()) -> Duration {
    let now = || Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap();
    let before = now();
    work();
    now().saturating_sub(before)
}
