//! Decisions with a PIN, and imports with PINs, beside the rate at which the pool of threads hashes PINs and does nothing else.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use super::asks::with_pin;
use super::callers::Decider;
use super::drive::closed_loop;
use super::figures::{calls_in, median, ratio};
use super::import::import;
use super::population::{Kind, PIN, Population, nth_of};
use super::rounds::Rig;
use super::tally::Tally;
use super::world::World;
use crate::cli::failure::{Exit, Failure};
use crate::crypto::{PinHasher, PinPool, Token};
use crate::domain::PinDigits;
use crate::grpc::client::Client;

/// Callers that ask with a PIN at a time: the pool is busy, and none is shed.
const CALLERS: usize = 16;

/// Accounts with a PIN for each caller. A caller keeps to its own.
const ACCOUNTS_EACH: usize = 8;

/// Questions made ready for each caller and second: the pool hashes some hundred a second.
const QUESTIONS_PER_SECOND: f64 = 100.0;

/// What PINs cost.
#[derive(Debug, Default)]
pub(super) struct Pins {
    /// All decisions with a PIN.
    pub(super) decide: Tally,
    hash_per_s: Vec<f64>,
    decide_per_s: Vec<f64>,
    import_per_s: Vec<f64>,
}

impl Pins {
    /// Hashes a second, by the pool alone.
    pub(super) fn argon2_per_s(&self) -> f64 {
        median(&self.hash_per_s)
    }

    /// Decisions with a PIN a second.
    pub(super) fn decide_per_s(&self) -> f64 {
        median(&self.decide_per_s)
    }

    /// Accounts with a PIN imported a second.
    pub(super) fn import_per_s(&self) -> f64 {
        median(&self.import_per_s)
    }

    /// Decisions over hashes: the median of each round's own ratio.
    pub(super) fn decide_over_argon2(&self) -> f64 {
        ratio(&self.decide_per_s, &self.hash_per_s)
    }

    /// Imported accounts over hashes.
    pub(super) fn import_over_argon2(&self) -> f64 {
        ratio(&self.import_per_s, &self.hash_per_s)
    }
}

/// The pool alone, an import, decisions; and again, `count` times. Accounts with PINs come after those of the population.
pub(super) fn run(
    rig: &Rig<'_>,
    world: &World,
    (population, provisioning): (&Population, &Client),
    first_account: u64,
    (count, limit): (u32, Duration),
) -> Result<Pins, Failure> {
    let mut pins = Pins::default();
    let pool = pool_alone(world)?;
    // Not counted: memory that was never touched is slower, and the service's own pool is warm from the imports.
    hashes_per_second(&pool, limit)?;
    let mut next = first_account / 10 * 4;
    for _ in 0..count {
        let hashes = hashes_per_second(&pool, limit)?;
        // As many accounts as the pool hashes PINs in the time, and at least all that the callers need.
        let wanted = calls_in(hashes, limit).max(CALLERS * ACCOUNTS_EACH);
        let accounts: Vec<u64> = (next..).take(wanted).map(|nth| nth_of(Kind::Open, nth)).collect();
        next = next.saturating_add(u64::try_from(wanted).unwrap_or(0));
        let imported = rig.client.block_on(import(provisioning, population, accounts.clone(), Some(PIN), |_| {}))?;
        let decide = decisions(rig, &accounts, limit)?;
        pins.hash_per_s.push(hashes);
        pins.import_per_s.push(imported.per_second());
        pins.decide_per_s.push(decide.per_second());
        pins.decide.add(&decide);
    }
    Ok(pins)
}

fn decisions(rig: &Rig<'_>, accounts: &[u64], limit: Duration) -> Result<Tally, Failure> {
    let asks_each = calls_in(QUESTIONS_PER_SECOND, limit);
    let mut callers = Vec::new();
    for (clients, own) in rig.deciders.iter().cycle().zip(accounts.chunks(ACCOUNTS_EACH)).take(CALLERS) {
        let asks = own.iter().cycle().take(asks_each).map(|account| with_pin(*account));
        callers.push(Decider::new(clients.clone(), asks.collect::<Result<_, _>>()?));
    }
    Ok(rig.client.block_on(closed_loop(callers, limit)).0)
}

/// A pool like the service's own.
fn pool_alone(world: &World) -> Result<PinPool, Failure> {
    let hasher = Arc::new(PinHasher::new(&world.keyring).map_err(|error| Failure::caused(Exit::Failed, &error))?);
    let at_least_one = |count| NonZeroUsize::new(count).unwrap_or(NonZeroUsize::MIN);
    let crate::config::PinPool { threads, queue } = &world.pin_pool;
    PinPool::start(hasher, at_least_one(threads.to_usize()), at_least_one(queue.to_usize()))
        .map_err(|error| Failure::caused(Exit::Failed, &error))
}

/// What it hashes when it is kept full.
fn hashes_per_second(pool: &PinPool, limit: Duration) -> Result<f64, Failure> {
    let pin = PinDigits::parse_offered(PIN).map_err(|error| Failure::caused(Exit::Failed, &error))?;
    let (send, hashed) = channel();
    let submit = || {
        let (send, pin) = (send.clone(), pin.clone());
        pool.submit(move |hasher, scratch| {
            let made = hasher.hash(scratch, &pin, &Token::from_bytes([1; Token::BYTES]));
            // Nobody counts any more: the time is over.
            let _ = send.send(made.is_ok());
        })
        .map_err(|error| Failure::caused(Exit::Failed, &error))
    };
    let started = Instant::now();
    for _ in 0..CALLERS {
        submit()?;
    }
    let mut count = 0_u32;
    while started.elapsed() < limit {
        if !hashed.recv().is_ok_and(|made| made) {
            return Err(Failure::failed("a PIN was not hashed"));
        }
        count = count.saturating_add(1);
        submit()?;
    }
    let per_second = f64::from(count) / started.elapsed().as_secs_f64();
    // What is still in the queue would stand in the way of the next load.
    (0..CALLERS).try_for_each(|_| hashed.recv().map(|_| ())).map_err(|error| Failure::caused(Exit::Failed, &error))?;
    Ok(per_second)
}
