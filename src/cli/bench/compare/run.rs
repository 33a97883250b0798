//! The loads, in turns.

use std::path::Path;
use std::time::Duration;

use tokio::runtime::Runtime;

use super::super::drive::closed_loop;
use super::super::figures::{calls_in, figure};
use super::super::import::import;
use super::super::population::Population;
use super::super::tally::Tally;
use super::super::world::{Choices, Connection, Ground, World};
use super::counter::{Counter, Mix};
use super::policies::Compared;
use super::report::Report;
use crate::cli::failure::Failure;
use crate::cli::output::note;
use crate::cli::stores::Stores;

/// Questions made ready beyond what the last load used.
const SPARE: f64 = 1.5;

/// Questions of the first load, which tells how many the next ones need.
const FIRST_QUESTIONS: usize = 64;

/// How much is asked.
pub(in crate::cli::bench) struct Loads<'a> {
    /// Where the services' folders are made.
    pub(in crate::cli::bench) folder: &'a Path,
    /// Where stores are made.
    pub(in crate::cli::bench) stores: &'a Stores,
    /// Where the services run.
    pub(in crate::cli::bench) server: &'a Runtime,
    /// Where the callers run.
    pub(in crate::cli::bench) client: &'a Runtime,
    /// Accounts of each service.
    pub(in crate::cli::bench) accounts: u64,
    /// Connections to each.
    pub(in crate::cli::bench) connections: usize,
    /// Calls open at a time on each.
    pub(in crate::cli::bench) streams: usize,
    /// Rounds, and how long a load of one lasts.
    pub(in crate::cli::bench) turns: (u32, Duration),
}

/// A policy with a mix, and what came of it.
pub(super) struct Cell {
    pub(super) policy: &'static str,
    pub(super) mix: Mix,
    /// All rounds together.
    pub(super) tally: Tally,
    /// Decisions a second, round by round.
    pub(super) per_second: Vec<f64>,
    /// Microseconds of the cores for a decision, round by round.
    pub(super) cpu_us: Vec<f64>,
    /// Windows charged for a decision.
    pub(super) windows: f64,
}

/// A service under a policy of its own.
struct Service {
    world: World,
    // Held, so that its calls stay open.
    _connections: Vec<Connection>,
}

/// A cell with those who ask for it.
struct Asked {
    service: usize,
    cell: Cell,
    counters: Vec<Counter>,
    rate: f64,
}

/// Measures every policy with every mix, in turns; the first turn does not count.
pub(in crate::cli::bench) fn run(loads: &Loads<'_>, policies: &[Compared]) -> Result<Report, Failure> {
    let (mut services, mut asked) = (Vec::new(), Vec::new());
    for policy in policies {
        let service = services.len();
        let (world, connections) = loads.start(*policy)?;
        for mix in Mix::ALL {
            let counters = Counter::all(&world, &connections, (mix, loads.streams, loads.accounts))?;
            asked.push(Asked { service, cell: Cell::new(policy.name(), mix), counters, rate: 0.0 });
        }
        services.push(Service { world, _connections: connections });
    }
    note("load: each policy with each mix, in turns; the first turn does not count");
    for round in 0..=loads.turns.0 {
        let mut told = Vec::new();
        // There and back, so that none always comes after the same one.
        let order: Vec<usize> =
            if round % 2 == 0 { (0..asked.len()).collect() } else { (0..asked.len()).rev().collect() };
        for place in order {
            let Some(one) = asked.get_mut(place) else { continue };
            let Some(service) = services.get(one.service) else { continue };
            let tally = loads.once(one, &service.world)?;
            let Cell { policy, mix, .. } = &one.cell;
            told.push(format!("{policy} {} {:.0}/s at {:.0} us", mix.name(), tally.per_second(), tally.cpu_us()));
            if round > 0 {
                one.cell.add(&tally);
            }
        }
        note(&format!("  {}", told.join(", ")));
    }
    let cells = asked.into_iter().map(|one| one.cell).collect();
    for service in services {
        loads.server.block_on(service.world.close())?;
    }
    let (rounds, limit) = loads.turns;
    Ok(Report {
        accounts: loads.accounts,
        rounds,
        limit,
        connections: loads.connections,
        streams: loads.streams,
        cells,
    })
}

impl Loads<'_> {
    /// Starts a service with its accounts.
    fn start(&self, policy: Compared) -> Result<(World, Vec<Connection>), Failure> {
        let folder = self.folder.join(policy.name());
        std::fs::create_dir_all(&folder)
            .map_err(|error| Failure::failed(format!("cannot make `{}`: {error}", folder.display())))?;
        let file = policy.file(&folder)?;
        let choices = Choices { policy: file, ..Choices::default() };
        let world = self.server.block_on(World::start(&Ground::make(&folder)?, self.stores, choices))?;
        let connections = (0..self.connections).map(|_| self.client.block_on(world.connect()));
        let connections: Vec<Connection> = connections.collect::<Result<_, _>>()?;
        let population = Population { device_jwk: world.app.public_jwk(), now: world.made_at };
        let provisioning = &connections.first().ok_or_else(|| Failure::invalid("no connection"))?.provisioning;
        let accounts = (0..self.accounts).collect();
        let imported = self.client.block_on(import(provisioning, &population, accounts, None, |_| {}))?;
        note(&format!("{}: {} accounts, {:.0} a second", policy.name(), self.accounts, imported.per_second()));
        Ok((world, connections))
    }

    /// One load of a cell.
    fn once(&self, asked: &mut Asked, world: &World) -> Result<Tally, Failure> {
        let count = asked.counters.len().max(1);
        let each = match asked.rate {
            0.0 => FIRST_QUESTIONS,
            rate => calls_in(rate * SPARE, self.turns.1).div_ceil(count),
        };
        let mut counters = std::mem::take(&mut asked.counters);
        for counter in &mut counters {
            counter.prepare(each)?;
        }
        let before = world.noted.windows_charged();
        let (tally, counters) = self.client.block_on(closed_loop(counters, self.turns.1));
        let charged = world.noted.windows_charged().saturating_sub(before);
        asked.counters = counters;
        asked.rate = asked.rate.max(tally.per_second());
        asked.cell.windows = figure(charged) / figure(tally.answered()).max(1.0);
        Ok(tally)
    }
}

impl Cell {
    fn new(policy: &'static str, mix: Mix) -> Self {
        Self { policy, mix, tally: Tally::default(), per_second: Vec::new(), cpu_us: Vec::new(), windows: 0.0 }
    }

    fn add(&mut self, tally: &Tally) {
        self.per_second.push(tally.per_second());
        self.cpu_us.push(tally.cpu_us());
        self.tally.add(tally);
    }
}
