//! What a load does, in a reader's transaction or in the writer's.

use rusqlite::Connection;

use super::fault::Fault;
use super::shared::Shared;
use super::tables::journal::Happened;
use super::tables::requests::{self, Known};
use super::tables::rows;
use crate::crypto::Token;
use crate::store::{Charge, Load, Loaded, Reservation, StoreError, Window, WindowKey};

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
    /// Where the reservation can be made durable, where it is not yet.
    pub(super) reserve_at: Option<i64>,
}

/// Carries a load out. Its reservation stands in memory already; the tables are asked now, so that a claim committed
/// since cannot be missed between the two.
pub(super) fn load(db: &Connection, shared: &Shared, load: &Load) -> Result<Done, Stop<StoreError>> {
    shared.reached(load.at_least).map_err(Stop::Told)?;
    let (reservation, reserve_at) = match &load.reserve {
        None => (Reservation::None, None),
        Some(reserve) => match requests::find(db, reserve)? {
            Known::Taken => {
                shared.reservations().release(reserve.request);
                return Ok(taken());
            }
            Known::Answered(record) => {
                shared.reservations().release(reserve.request);
                (Reservation::Answered(record), None)
            }
            Known::Reserved { .. } => (Reservation::Made, None),
            Known::Nothing(places) => (Reservation::Made, Some(places.nth_free(0).ok_or_else(no_room)?)),
        },
    };
    let mut found = Vec::with_capacity(load.slots.len());
    for slot in &load.slots {
        found.push(rows::read(db, load.account, *slot)?);
    }
    let attempt = load.reserve.map(|reserve| reserve.request).filter(|_| reservation == Reservation::Made);
    let (windows, happened) = count(shared, load, attempt).map_err(Stop::Told)?;
    Ok(Done { loaded: Loaded { reservation, rows: found, windows }, happened, reserve_at })
}

/// What is told of a key that belongs to another request: nothing.
pub(super) fn taken() -> Done {
    let loaded = Loaded { reservation: Reservation::Taken, rows: Vec::new(), windows: Vec::new() };
    Done { loaded, happened: Vec::new(), reserve_at: None }
}

/// A bucket is full: not the asker's fault, and nothing that a retry mends.
pub(super) fn no_room<E: From<StoreError>>() -> Stop<E> {
    Stop::Told(StoreError::Damaged("too many names share a key".into()).into())
}

fn count(shared: &Shared, load: &Load, attempt: Option<Token>) -> Result<(Vec<Window>, Vec<Happened>), StoreError> {
    if load.charges.is_empty() && load.windows.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let mut counters = shared.counters();
    let mut happened = Vec::new();
    if let Some(attempt) = attempt {
        for charge in &load.charges {
            happened.extend(counters.charge(charge, attempt, load.now)?);
        }
    }
    let keys = load.charges.iter().map(|charge: &Charge| &charge.window).chain(&load.windows);
    let windows = keys.map(|window: &WindowKey| counters.read(window)).collect();
    Ok((windows, happened))
}
