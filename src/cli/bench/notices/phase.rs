//! The order of things: the peak, the queue, then decisions at a quarter of the peak, without notices and with them, in turns.

use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tokio::sync::watch;

use super::super::asks::Questions;
use super::super::figures::{calls_in, median};
use super::super::rounds::Rig;
use super::super::tally::Tally;
use super::super::world::World;
use super::receiver::Receiver;
use super::report::Report;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::note;
use crate::crypto::{Token, random_bytes};
use crate::service::ServiceError;

/// How often the peak is measured. The first is not counted: it warms what must be warm.
const PEAKS: u32 = 3;

/// Of the peak so much is asked while notices are told.
const SHARE: f64 = 0.25;

/// Questions made ready for the first peak, when nothing is known of the machine.
const FIRST_GUESS_PER_SECOND: f64 = 12_000.0;

/// Questions made ready beyond what is expected: callers do not share them out evenly.
const SPARE: f64 = 2.0;

/// How many approvals are asked for at a time, while the queue is filled.
const FILLED_AT_A_TIME: usize = 4_000;

/// How long a batch of those may take.
const FILLED_WITHIN: Duration = Duration::from_secs(120);

/// The fewest turns: the median of fewer says little.
const TURNS_MIN: usize = 3;

/// After so many the rest of the queue is told without decisions beside it.
const TURNS_MAX: usize = 60;

/// What is told, and beside what.
pub(in crate::cli::bench) struct Queued<'a> {
    /// The service.
    pub(in crate::cli::bench) world: &'a World,
    /// Who takes its notices.
    pub(in crate::cli::bench) receiver: &'a Receiver,
    /// Where the service runs.
    pub(in crate::cli::bench) server: &'a Runtime,
    /// Notices that wait when telling begins.
    pub(in crate::cli::bench) queue: u64,
    /// How long decisions are asked at a time.
    pub(in crate::cli::bench) limit: Duration,
    /// Accounts there are.
    pub(in crate::cli::bench) accounts: u64,
}

/// One turn: decisions alone, then the same beside notices.
pub(super) struct Turn {
    pub(super) alone: Tally,
    pub(super) beside: Tally,
    /// Notices that were taken in the second.
    pub(super) told: u64,
    /// How long telling went on.
    pub(super) took: Duration,
}

/// Measures.
pub(in crate::cli::bench) fn run(
    queued: &Queued<'_>,
    rig: &Rig<'_>,
    questions: &mut Questions,
) -> Result<Report, Failure> {
    let (mut peaks, mut guess) = (Vec::new(), FIRST_GUESS_PER_SECOND);
    for round in 0..=PEAKS {
        let tally = rig.decisions(questions, calls_in(guess * SPARE, queued.limit), None, queued.limit)?;
        guess = tally.per_second();
        if round > 0 {
            peaks.push(guess);
        }
    }
    let (peak, holder) = (median(&peaks), Token::from_bytes(random_bytes().map_err(failed)?));
    note(&format!("  {peak:.0} decisions a second; the queue: {} approvals", queued.queue));
    // What happened so far is told nobody; what happens from here on is.
    queued.server.block_on(queued.world.engine().tell_notices(holder)).map_err(untold)?;
    let mut approved = queued.fill(rig, questions)?;

    let rate = peak * SHARE;
    note(&format!("load: {rate:.0} decisions a second, without notices and with them, in turns"));
    let mut turns: Vec<Turn> = Vec::new();
    while turns.len() < TURNS_MAX {
        let turn = queued.turn(rig, questions, (rate, holder))?;
        approved +=
            [&turn.alone, &turn.beside].into_iter().filter_map(|tally| tally.outcomes.get("approve")).sum::<u64>();
        let told = queued.receiver.received().messages;
        note(&format!(
            "  p99 {} us, with {:.0} notices a second {} us; {told} told",
            turn.alone.quantile_us(0.99),
            turn.told_per_second(),
            turn.beside.quantile_us(0.99),
        ));
        turns.push(turn);
        if told >= approved && turns.len() >= TURNS_MIN {
            break;
        }
    }
    note("the rest, without decisions");
    queued.server.block_on(queued.world.engine().tell_notices(holder)).map_err(untold)?;
    Ok(Report::new(queued, rig, (peak, rate), (approved, turns)))
}

impl Queued<'_> {
    /// Has changes approved until so many notices wait; how many there are.
    fn fill(&self, rig: &Rig<'_>, questions: &mut Questions) -> Result<u64, Failure> {
        let (mut approved, mut shown) = (0, 0);
        while approved < self.queue {
            let left = usize::try_from(self.queue - approved).unwrap_or(usize::MAX);
            let tally = rig.asking(questions.approvable(left.min(FILLED_AT_A_TIME))?, None, FILLED_WITHIN);
            let more = tally.outcomes.get("approve").copied().unwrap_or_default();
            if more == 0 {
                return Err(Failure::failed(format!(
                    "nothing is approved any more: {:?} {:?}",
                    tally.outcomes, tally.errors
                )));
            }
            approved += more;
            if approved * 10 / self.queue > shown {
                shown = approved * 10 / self.queue;
                note(&format!("  {approved} approved"));
            }
        }
        Ok(approved)
    }

    fn turn(&self, rig: &Rig<'_>, questions: &mut Questions, (rate, holder): (f64, Token)) -> Result<Turn, Failure> {
        let prepared = calls_in(rate * SPARE, self.limit);
        let alone = rig.decisions(questions, prepared, Some(rate), self.limit)?;
        let asks = questions.take(prepared)?;
        let (stop, stopped) = watch::channel(false);
        let (before, started) = (self.receiver.received().messages, Instant::now());
        let working = self.server.spawn(std::sync::Arc::clone(self.world.engine()).work_notices(holder, stopped));
        let beside = rig.asking(asks, Some(rate), self.limit);
        let (told, took) = (self.receiver.received().messages - before, started.elapsed());
        // A worker that is gone was told.
        let _ = stop.send(true);
        self.server.block_on(working).map_err(failed)?;
        Ok(Turn { alone, beside, told, took })
    }
}

fn failed(error: impl std::error::Error + 'static) -> Failure {
    Failure::caused(Exit::Failed, &error)
}

fn untold(error: ServiceError) -> Failure {
    Failure::failed(format!("notices were not told: {error}"))
}
