//! The day from midnight to midnight, through the public API.
//!
//! What comes at the same time is asked at the same time, many at once as a busy engine has in flight; then the clock moves
//! on. Nobody asks twice at the same time.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use chrono::TimeDelta;
use tokio::task::JoinSet;

use super::super::file::Step;
use super::super::play::{APPROVE, Left, Reads, Taker, take};
use super::super::stage::{Keys, Stage};
use super::draw::{Ask, STEP_SECONDS, Visit, draw};
use super::goals::Tally;
use super::mix::Mix;
use super::report::Report;
use crate::cli::bench::Scratch;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;
use crate::cli::stores::StoreKind;
use crate::crypto::Cost;

/// Asks at a time: of PINs that wait to be looked at none is turned away.
const AT_ONCE: usize = 16;

/// How long before the day's midnight the service is set up: longer than any matter's lead.
const LEAD_MAX: TimeDelta = TimeDelta::days(10);

/// How long a transfer PIN is fresh, as the goal has it.
const FRESH: TimeDelta = TimeDelta::days(7);

/// What is played.
pub(in crate::cli) struct Ordinary<'a> {
    /// The mix; none is the built-in one.
    pub(in crate::cli) mix: Option<&'a Path>,
    /// Another number of asks, and another seed.
    pub(in crate::cli) requests: Option<u32>,
    pub(in crate::cli) seed: Option<u64>,
    /// The policy's file; none is the default one.
    pub(in crate::cli) policy: Option<PathBuf>,
    /// Where the service's folder is made.
    pub(in crate::cli) scratch: &'a Path,
}

/// What came of an ask.
pub(super) struct Told {
    /// Which of the visit's.
    pub(super) ask: usize,
    pub(super) outcome: String,
    pub(super) reasons: Vec<String>,
    /// Whether the transfer PIN that was offered is one, and young enough.
    pub(super) transfer_pin_is_fresh: bool,
}

/// Plays it: exit code 3 where a goal is missed.
pub(in crate::cli) async fn ordinary(args: Ordinary<'_>, output: Output) -> Result<Exit, Failure> {
    let mut mix = Mix::read(args.mix)?;
    mix.requests = args.requests.unwrap_or(mix.requests);
    mix.seed = args.seed.unwrap_or(mix.seed);
    let visits: Vec<Arc<Visit>> = draw(&mix)?.into_iter().map(Arc::new).collect();
    let began = Instant::now();
    let scratch = Scratch::make(args.scratch)?;
    let keys = Keys::make(&scratch, Cost::LowForTestPurposesOnly, StoreKind::Embedded)?;
    let stage = Arc::new(Stage::for_many(&keys, args.policy, mix.stores).await?);
    let lived = live(&stage, &visits).await?;
    let mut tally = Tally::default();
    for (visit, lived) in visits.iter().zip(&lived) {
        tally.note(&mix, visit, &lived.told);
    }
    if let Some(stage) = Arc::into_inner(stage) {
        stage.clear().await?;
    }
    let report = Report { mix: &mix, households: visits.len(), tally, took: began.elapsed() };
    output.show(&report)?;
    Ok(if report.missed().is_empty() { Exit::Done } else { Exit::Denied })
}

/// What a visit has come to so far.
#[derive(Default)]
struct Lived {
    left: Left,
    /// Of each line, the transfer PIN and when it was issued.
    transfer_pins: BTreeMap<u32, (String, TimeDelta)>,
    told: Vec<Told>,
}

/// What is next for a visit.
#[derive(Clone, Copy)]
enum Next {
    /// Its household is brought in.
    Arrive,
    Ask(usize),
}

/// Lives all visits, and answers what came of each.
async fn live(stage: &Arc<Stage>, visits: &[Arc<Visit>]) -> Result<Vec<Lived>, Failure> {
    let mut times: BTreeMap<TimeDelta, Vec<(usize, Next)>> = BTreeMap::new();
    for (place, visit) in visits.iter().enumerate() {
        for (ask, Ask { at, .. }) in visit.asks.iter().enumerate() {
            if ask == 0 {
                let before = at.checked_sub(&TimeDelta::seconds(i64::from(STEP_SECONDS))).unwrap_or(*at);
                times.entry(before).or_default().push((place, Next::Arrive));
            }
            times.entry(*at).or_default().push((place, Next::Ask(ask)));
        }
    }
    let midnight = stage.now()?.checked_add_signed(LEAD_MAX).ok_or_else(|| Failure::failed("there is no such day"))?;
    let mut lived: Vec<Lived> = visits.iter().map(|_| Lived::default()).collect();
    for (time, due) in times {
        let at = midnight.checked_add_signed(time).unwrap_or(midnight);
        stage.pass(at - stage.now()?);
        for some in due.chunks(AT_ONCE) {
            let mut under_way = JoinSet::new();
            for (place, next) in some {
                let (Some(visit), Some(before)) = (visits.get(*place), lived.get_mut(*place)) else { continue };
                let (stage, visit, before) = (Arc::clone(stage), Arc::clone(visit), std::mem::take(before));
                let (place, next) = (*place, *next);
                under_way.spawn(async move { (place, go_on(&stage, &visit, before, (next, time)).await) });
            }
            while let Some(ended) = under_way.join_next().await {
                let (place, after) = ended.map_err(|error| Failure::failed(format!("an ask broke: {error}")))?;
                if let Some(of_visit) = lived.get_mut(place) {
                    *of_visit = after?;
                }
            }
        }
    }
    Ok(lived)
}

/// The next of a visit.
async fn go_on(
    stage: &Stage,
    visit: &Visit,
    mut lived: Lived,
    (next, time): (Next, TimeDelta),
) -> Result<Lived, Failure> {
    let Visit { number, household, secrets, seat, asks, .. } = visit;
    let Next::Ask(place) = next else {
        stage.import(*number, household, secrets).await?;
        return Ok(lived);
    };
    let Some(Ask { again, step, .. }) = asks.get(place) else { return Ok(lived) };
    let transfer_pin = lived.transfer_pins.get(&step.line).cloned();
    let lacks_pin = step.offer.iter().any(|offered| offered == "transfer-pin") && transfer_pin.is_none();
    if lacks_pin || (*again && lived.is_approved(asks, step)) || (step.action == "redeem" && !lived.has_permit()) {
        return Ok(lived);
    }
    let issued = transfer_pin.as_ref().map(|(_, issued)| *issued);
    lived.left.transfer_pin = transfer_pin.map(|(pin, _)| pin).unwrap_or_default();
    let taker = Taker { household: *number, seat: *seat, secrets, reads: Reads::Refused };
    let came = take(stage, step, taker, &mut lived.left).await?;
    if !came.transfer_pin.is_empty() {
        lived.transfer_pins.insert(step.line, (came.transfer_pin, time));
    }
    let transfer_pin_is_fresh = issued.is_some_and(|issued| time - issued <= FRESH);
    lived.told.push(Told { ask: place, outcome: came.outcome, reasons: came.reasons, transfer_pin_is_fresh });
    Ok(lived)
}

impl Lived {
    /// Whether what a step asks was approved the last time that it was asked.
    fn is_approved(&self, asks: &[Ask], step: &Step) -> bool {
        let same = |one: &&Told| {
            asks.get(one.ask).is_some_and(|ask| ask.step.action == step.action && ask.step.line == step.line)
        };
        self.told.iter().rev().find(same).is_some_and(|one| one.outcome == APPROVE)
    }

    fn has_permit(&self) -> bool {
        self.told.last().is_some_and(|one| one.outcome == APPROVE)
    }
}
