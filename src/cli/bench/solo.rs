//! One caller alone, beside one commit alone.

use std::time::Duration;

use super::asks::Questions;
use super::bare::BareStore;
use super::callers::Decider;
use super::drive::closed_loop;
use super::figures::{calls_in, figure, median};
use super::rounds::Rig;
use super::tally::Tally;
use crate::cli::failure::Failure;

/// Questions made ready for each second: no disk answers faster.
const QUESTIONS_PER_SECOND: f64 = 20_000.0;

/// What one caller alone met.
#[derive(Debug, Default)]
pub(super) struct Solo {
    /// All its decisions.
    pub(super) decide: Tally,
    /// All bare commits.
    pub(super) commit: Tally,
    ratios: Vec<f64>,
    waits: u64,
}

impl Solo {
    /// Median latency over that of a bare commit: the median of each round's own ratio.
    pub(super) fn over_commit(&self) -> f64 {
        median(&self.ratios)
    }

    /// How often a decision waited for the store's servers, one wait after the other.
    pub(super) fn round_trips(&self) -> f64 {
        figure(self.waits) / figure(self.decide.answered()).max(1.0)
    }
}

/// Commits alone, decisions alone; and again, `count` times.
pub(super) fn run(
    rig: &Rig<'_>,
    questions: &mut Questions,
    bare: &BareStore,
    (count, limit): (u32, Duration),
    waits: impl Fn() -> Option<u64>,
) -> Result<Solo, Failure> {
    let mut solo = Solo::default();
    let clients = rig.deciders.first().ok_or_else(|| Failure::invalid("there is no connection"))?;
    let mut alone = bare.callers(1)?;
    let alone = alone.first_mut().ok_or_else(|| Failure::invalid("there is no caller"))?;
    for _ in 0..count {
        let commit = rig.server.block_on(alone.commits_alone(limit));
        let asks = questions.take(calls_in(QUESTIONS_PER_SECOND, limit))?;
        let caller = Decider::new(clients.clone(), asks);
        let before = waits();
        let decide = rig.client.block_on(closed_loop(vec![caller], limit)).0;
        solo.waits += waits().zip(before).map_or(0, |(after, before)| after - before);
        solo.ratios.push(figure(decide.quantile_us(0.5)) / figure(commit.quantile_us(0.5).max(1)));
        solo.commit.add(&commit);
        solo.decide.add(&decide);
    }
    Ok(solo)
}
