//! The load itself: the bare store, decisions and echoes, in turns.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;

use super::asks::{Ask, Questions};
use super::bare::BareStore;
use super::callers::{Decider, Deciders, Echoer};
use super::drive::{closed_loop, open_loop};
use super::figures::{calls_in, median, ratio};
use super::tally::Tally;
use crate::cli::failure::Failure;
use crate::grpc::client::Client;

/// Questions made ready beyond what the last round used: one that runs out ends early, and is judged by its own time.
const SPARE: f64 = 1.5;

/// What carries the load.
pub(super) struct Rig<'a> {
    /// Where the service and the bare store run.
    pub(super) server: &'a Runtime,
    /// Where the callers run.
    pub(super) client: &'a Runtime,
    /// The clients of each connection to the service.
    pub(super) deciders: Vec<Deciders>,
    /// The client of each connection to the echo.
    pub(super) echoes: Vec<Client>,
    /// Calls open at a time on each connection.
    pub(super) streams: usize,
    /// What an echo receives.
    pub(super) payload: Arc<[u8]>,
    /// What an echo sends, in bytes.
    pub(super) response_size: u32,
}

impl Rig<'_> {
    /// Decisions as fast as they are answered, or at a rate.
    pub(super) fn decisions(
        &self,
        questions: &mut Questions,
        count: usize,
        rate: Option<f64>,
        limit: Duration,
    ) -> Result<Tally, Failure> {
        let callers = self.deciders.len() * self.streams;
        let asks = questions.take(count.next_multiple_of(callers.max(1)))?;
        Ok(self.asking(asks, rate, limit))
    }

    /// The same with these questions, which the callers share out evenly.
    pub(super) fn asking(&self, asks: Vec<Ask>, rate: Option<f64>, limit: Duration) -> Tally {
        let clients: Vec<&Deciders> = (0..self.streams).flat_map(|_| &self.deciders).collect();
        let each = asks.len().div_ceil(clients.len().max(1));
        let mut asks = asks.into_iter();
        let callers =
            clients.into_iter().map(|clients| Decider::new(clients.clone(), asks.by_ref().take(each).collect()));
        let callers: Vec<Decider> = callers.collect();
        self.client.block_on(async {
            match rate {
                Some(rate) => open_loop(callers, rate, limit).await.0,
                None => closed_loop(callers, limit).await.0,
            }
        })
    }

    fn echo(&self, limit: Duration) -> Tally {
        let callers = (0..self.streams).flat_map(|_| &self.echoes);
        let callers = callers.map(|client| Echoer::new(client, Arc::clone(&self.payload), self.response_size));
        self.client.block_on(closed_loop(callers.collect(), limit)).0
    }

    fn bare(&self, store: &BareStore, limit: Duration) -> Result<Tally, Failure> {
        let callers = store.callers(self.deciders.len() * self.streams)?;
        Ok(self.server.block_on(closed_loop(callers, limit)).0)
    }
}

/// What the rounds came to.
#[derive(Debug, Default)]
pub(super) struct Rounds {
    /// All decisions.
    pub(super) decide: Tally,
    /// Errors of the floors: there should be none.
    pub(super) floor_errors: BTreeMap<&'static str, u64>,
    decide_per_s: Vec<f64>,
    echo_per_s: Vec<f64>,
    bare_per_s: Vec<f64>,
    cpu_us: [Vec<f64>; 3],
}

impl Rounds {
    /// Decisions a second: the median of the rounds.
    pub(super) fn decide_per_s(&self) -> f64 {
        median(&self.decide_per_s)
    }

    /// Echoes a second.
    pub(super) fn echo_per_s(&self) -> f64 {
        median(&self.echo_per_s)
    }

    /// Trips to the bare store a second.
    pub(super) fn bare_per_s(&self) -> f64 {
        median(&self.bare_per_s)
    }

    /// Microseconds of the cores for a trip to the bare store, a decision, an echo.
    pub(super) fn cpu_us(&self) -> [f64; 3] {
        self.cpu_us.each_ref().map(|figures| median(figures))
    }

    /// Decisions over echoes: the median of each round's own ratio.
    pub(super) fn over_echo(&self) -> f64 {
        ratio(&self.decide_per_s, &self.echo_per_s)
    }

    /// Decisions over trips to the bare store.
    pub(super) fn over_bare(&self) -> f64 {
        ratio(&self.decide_per_s, &self.bare_per_s)
    }
}

/// Bare store, decisions, echo; and again, `count` times.
pub(super) fn run(
    rig: &Rig<'_>,
    questions: &mut Questions,
    bare: &BareStore,
    (count, limit): (u32, Duration),
    told: impl Fn(&str),
) -> Result<Rounds, Failure> {
    let mut rounds = Rounds::default();
    // The first round is not counted: connections, caches and files grow warm in it, and tell how much to prepare.
    let mut per_second = rig.decisions(questions, rig.streams * rig.deciders.len() * 32, None, limit)?.per_second();
    for round in 0..=count {
        let bare_tally = rig.bare(bare, limit)?;
        let prepared = calls_in(per_second * SPARE, limit);
        let decide = rig.decisions(questions, prepared, None, limit)?;
        let echo = rig.echo(limit);
        let figures = [bare_tally.per_second(), decide.per_second(), echo.per_second()];
        let cpu_us = [bare_tally.cpu_us(), decide.cpu_us(), echo.cpu_us()];
        let named = ["bare store", "decide", "echo"].into_iter().zip(figures.iter().zip(cpu_us));
        let lines: Vec<_> = named.map(|(name, (rate, cpu))| format!("{name} {rate:.0}/s at {cpu:.0} us")).collect();
        told(&lines.join(", "));
        per_second = per_second.max(decide.per_second());
        if round == 0 {
            continue;
        }
        for (status, errors) in bare_tally.errors.iter().chain(&echo.errors) {
            *rounds.floor_errors.entry(status).or_default() += errors;
        }
        for (all, cpu_us) in rounds.cpu_us.iter_mut().zip(cpu_us) {
            all.push(cpu_us);
        }
        rounds.bare_per_s.push(figures[0]);
        rounds.decide_per_s.push(figures[1]);
        rounds.echo_per_s.push(figures[2]);
        rounds.decide.add(&decide);
        rounds.decide.elapsed += decide.elapsed;
    }
    Ok(rounds)
}
