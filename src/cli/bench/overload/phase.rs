//! The order of things: the peak, then four times as much, in turns; then every approval against its record.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::runtime::Runtime;

use super::super::asks::Questions;
use super::super::figures::{calls_in, figure};
use super::super::tally::Tally;
use super::super::world::World;
use super::check::check;
use super::cores::Cores;
use super::count::Count;
use super::offer::{ANSWER_TIME_MAX, at_rate, closed, split_locks};
use super::prepared::{Heads, Prepared, echoes};
use super::report::{Figures, Report};
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::note;
use crate::domain::Role;
use crate::grpc::lean::LeanConnection;

/// How often the peak and the overload are measured, in turns. The first turn is not counted: it warms what must be warm.
pub(in crate::cli::bench) const ROUNDS: u32 = 3;

/// Of the peak so many times are offered.
const OVER: f64 = 4.0;

/// Calls a second made ready for the first turn, when nothing is known of the machine.
const FIRST_GUESS_PER_SECOND: f64 = 12_000.0;

/// So many echoes are made ready for a decision of the peak: more than are answered.
const ECHOES: f64 = 20.0;

/// Calls made ready for a peak beyond what the last one used.
const SPARE: f64 = 1.6;

/// What is offered, and to whom.
pub(in crate::cli::bench) struct Offered<'a> {
    /// The service.
    pub(in crate::cli::bench) world: &'a World,
    /// Where the service runs.
    pub(in crate::cli::bench) server: &'a Runtime,
    /// Where its callers run.
    pub(in crate::cli::bench) client: &'a Runtime,
    /// Connections for the crowd.
    pub(in crate::cli::bench) connections: usize,
    /// Calls open at a time on each, while the peak is measured.
    pub(in crate::cli::bench) streams: usize,
    /// How long one measure lasts.
    pub(in crate::cli::bench) limit: Duration,
    /// Cores of the service and of who offers.
    pub(in crate::cli::bench) cores: &'a Cores,
    /// Accounts there are.
    pub(in crate::cli::bench) accounts: u64,
}

/// Measures.
pub(in crate::cli::bench) fn run(offered: &Offered<'_>, questions: &mut Questions) -> Result<Report, Failure> {
    let token = |role| offered.world.token(role);
    let (hub, pad, clerk) = (token(Role::PortingSystem)?, token(Role::PinPad)?, token(Role::RetailAgent)?);
    let heads = Heads::new(&hub, &pad, &clerk, ANSWER_TIME_MAX)?;
    // The last one is for locks alone: who turns them on does not call over the crowd's connections.
    let connections = offered.connect(offered.world.address()?, offered.connections.saturating_add(1))?;
    let echoing = offered.connect(offered.world.echo_address()?, offered.connections)?;
    let (crowd, app) = connections.split_at(offered.connections);
    let mut figures = Figures::default();
    let mut peak = FIRST_GUESS_PER_SECOND;
    for round in 0..=ROUNDS {
        let calls = heads.prepare(questions, calls_in(peak * SPARE, offered.limit))?;
        let like = calls.first().cloned().ok_or_else(|| Failure::failed("no call was made"))?;
        let (count, took, a_decision) = offered.closed(crowd, calls);
        peak = per_second(&count.decisions, took);
        let calls = echoes(&hub, ANSWER_TIME_MAX, &like, calls_in(peak * ECHOES, offered.limit))?;
        let (_, _, an_echo) = offered.closed(&echoing, calls);
        let calls = heads.prepare(questions, calls_in(peak * OVER, offered.limit))?;
        let over = offered.over(crowd, app, calls, peak * OVER);
        let goodput = per_second(&over.crowd.decisions, offered.limit);
        note(&format!("  peak {peak:.0}/s, offered {:.0}/s, answered {goodput:.0}/s", peak * OVER));
        if round > 0 {
            figures.add(peak, goodput, over);
            figures.add_costs(a_decision, an_echo);
        }
    }
    note("records: every approval");
    let approvals = figures.take_approvals();
    let checked = approvals.len();
    let unfounded = offered.server.block_on(check(offered.world.engine(), approvals))?;
    Ok(Report {
        accounts: offered.accounts,
        cores: offered.cores.counts,
        connections: offered.connections,
        seconds: offered.limit.as_secs_f64() * f64::from(ROUNDS),
        over: OVER,
        answer_time_max: ANSWER_TIME_MAX,
        figures,
        checked,
        unfounded,
    })
}

/// What came of one overload: on the crowd's connections, and of the locks on their own.
pub(super) struct Over {
    pub(super) crowd: Count,
    pub(super) locks_apart: Count,
}

impl Offered<'_> {
    fn connect(&self, address: SocketAddr, count: usize) -> Result<Vec<LeanConnection>, Failure> {
        self.client.block_on(async {
            let mut connections = Vec::with_capacity(count);
            for _ in 0..count {
                let connected =
                    LeanConnection::connect(address, self.world.authority(), self.world.certificate()).await;
                connections.push(connected.map_err(|error| Failure::caused(Exit::Failed, &error))?);
            }
            Ok(connections)
        })
    }

    /// Calls as fast as they are answered: what came of them, in which time, and what each cost the service's cores, in
    /// microseconds.
    fn closed(&self, connections: &[LeanConnection], calls: Vec<Prepared>) -> (Count, Duration, Option<f64>) {
        let before = self.cores.spent_by_service();
        let (count, took) = self.client.block_on(closed(connections, self.streams, calls, self.limit));
        let spent = self.cores.spent_by_service().zip(before).map(|(after, before)| after.saturating_sub(before));
        let answered = count.decisions.answered() + count.locks.answered();
        (count, took, spent.map(|spent| spent.as_secs_f64() * 1e6 / figure(answered).max(1.0)))
    }

    /// Half of the locks go over the crowd's own connections, half over one of their own.
    fn over(&self, crowd: &[LeanConnection], app: &[LeanConnection], calls: Vec<Prepared>, rate: f64) -> Over {
        let all = calls.len();
        let (locks, mut calls) = split_locks(calls);
        let mut locks_apart = locks;
        let among = locks_apart.split_off(locks_apart.len() / 2);
        let every = calls.len() / among.len().max(1) + 1;
        for (place, lock) in among.into_iter().enumerate() {
            let at = (place * every).min(calls.len());
            calls.insert(at, lock);
        }
        let number = |count: usize| figure(u64::try_from(count).unwrap_or(u64::MAX));
        let share = |count: usize| rate * number(count) / number(all.max(1));
        let (crowd_rate, app_rate) = (share(calls.len()), share(locks_apart.len()));
        self.client.block_on(async {
            let (crowd, locks_apart) =
                tokio::join!(at_rate(crowd, calls, crowd_rate), at_rate(app, locks_apart, app_rate));
            Over { crowd, locks_apart }
        })
    }
}

fn per_second(tally: &Tally, took: Duration) -> f64 {
    figure(tally.answered()) / took.as_secs_f64().max(f64::EPSILON)
}
