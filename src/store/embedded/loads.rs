//! What a load does, in a reader's transaction or in the writer's.

use super::fault::Fault;
use super::lookup::{Known, Lookup, answered_lately};
use super::shared::Shared;
use super::tables::journal::Happened;
use super::tables::rows::{self, Numbered};
use crate::store::{Load, Loaded, Reservation, Reserve, StoreError, Window};

/// Why a job was not done.
pub(super) enum Stop<E> {
    /// As the contract tells it.
    Told(E),
    /// The database failed.
    Fault(Fault),
}

impl<E> From<Fault> for Stop<E> {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// A load that was carried out.
pub(super) struct Done {
    /// The answer.
    pub(super) loaded: Loaded,
    /// Charges to be journalled.
    pub(super) happened: Vec<Happened>,
    /// Whether its reservation is not on the disk yet.
    pub(super) reserve: bool,
}

/// Carries a load out. Its reservation stands in memory already; the tables are asked now, so that a claim committed
/// since cannot be missed between the two.
pub(super) fn load(lookup: Lookup<'_>, load: &Load) -> Result<Done, Stop<StoreError>> {
    let shared = lookup.shared;
    shared.reached(load.at_least).map_err(Stop::Told)?;
    let known = load.reserve.as_ref().map(|reserve| lookup.request(reserve)).transpose()?;
    let (reservation, reserve) = match known {
        None => (Reservation::None, false),
        Some(Known::Taken) => {
            release(shared, load);
            return Ok(taken());
        }
        Some(Known::Answered(record)) => {
            release(shared, load);
            (Reservation::Answered(record), false)
        }
        Some(Known::Reserved) => (Reservation::Made, false),
        Some(Known::Nothing) => (Reservation::Made, true),
    };
    let found = match lookup.account(load.account)? {
        Some(number) => rows::read(lookup.db, Numbered { account: load.account, number }, &load.slots)?,
        None => vec![None; load.slots.len()],
    };
    let attempt = load.reserve.as_ref().filter(|_| reservation == Reservation::Made);
    let (windows, happened) = count(shared, load, attempt).map_err(Stop::Told)?;
    Ok(Done { loaded: Loaded { reservation, rows: found, windows }, happened, reserve })
}

/// The tables know this key: what memory says of it was reserved too late.
fn release(shared: &Shared, load: &Load) {
    if let Some(reserve) = &load.reserve {
        shared.reservations().release(reserve.request);
    }
}

/// What is told of a key that belongs to another request: nothing.
pub(super) fn taken() -> Done {
    let loaded = Loaded { reservation: Reservation::Taken, rows: Vec::new(), windows: Vec::new() };
    Done { loaded, happened: Vec::new(), reserve: false }
}

/// A bucket is full: not the asker's fault, and nothing that a retry mends.
pub(super) fn no_room<E: From<StoreError>>() -> Stop<E> {
    Stop::Told(StoreError::Damaged("too many names share a key".into()).into())
}

fn count(shared: &Shared, load: &Load, attempt: Option<&Reserve>) -> Result<(Vec<Window>, Vec<Happened>), StoreError> {
    if load.charges.is_empty() && load.windows.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let mut counters = shared.counters();
    let mut happened = Vec::new();
    // A request that was answered while this was read has settled its charges, and must not charge them anew: a group
    // tells of its claims before it settles.
    if let Some(reserve) = attempt.filter(|reserve| !answered_lately(shared, reserve)) {
        for charge in &load.charges {
            happened.extend(counters.charge(charge, reserve.request, load.now)?);
        }
    }
    let keys = load.charges.iter().map(|charge| &charge.window).chain(&load.windows);
    let windows = keys.map(|window| counters.read(window)).collect();
    Ok((windows, happened))
}
