//! What a call may ask at all, whatever the store: checked before anything is read, written or charged.

use std::collections::HashSet;
use std::hash::Hash;

use chrono::TimeDelta;

use super::contract::{
    BODY_BYTES_MAX, Charge, ChargeWindows, Commit, Forget, IndexEntry, LeaseRequest, Load, ROWS_MAX, Settle,
    StoreError, WINDOW_KEPT,
};
use super::upkeep::Reseal;

/// The longest name of a lease, in bytes.
const LEASE_NAME_BYTES_MAX: usize = 128;

impl Commit {
    /// Whether a store may carry it out.
    pub fn check_bounds(&self) -> Result<(), StoreError> {
        few(self.writes.len())?;
        few(self.records.len())?;
        few(self.settle.len())?;
        few(self.due.len())?;
        few(self.done.len())?;
        let rows = self.writes.iter().filter_map(|write| write.body.as_ref());
        if rows.chain(self.records.iter().map(|record| &record.body)).any(|body| body.len() > BODY_BYTES_MAX) {
            return Err(StoreError::Refused("a body is too long"));
        }
        if self.writes.iter().any(|write| write.expect >= i64::MAX.cast_unsigned()) {
            return Err(StoreError::Refused("a version is too large"));
        }
        if !distinct(self.writes.iter().map(|write| write.slot)) {
            return Err(StoreError::Refused("a row is written twice in one commit"));
        }
        if !distinct(self.records.iter().map(|record| record.id)) {
            return Err(StoreError::Refused("a record is appended twice in one commit"));
        }
        if self.claim.is_none() && !self.settle.is_empty() {
            return Err(StoreError::Refused("a charge is settled without the request it was made for"));
        }
        Ok(())
    }
}

impl Load {
    /// Whether a store may carry it out.
    pub fn check_bounds(&self) -> Result<(), StoreError> {
        few(self.slots.len())?;
        few(self.windows.len())?;
        if self.reserve.is_none() && !self.charges.is_empty() {
            return Err(StoreError::Refused("a charge is made without a request"));
        }
        charges(&self.charges)
    }
}

impl ChargeWindows {
    /// Whether a store may carry it out.
    pub fn check_bounds(&self) -> Result<(), StoreError> {
        few(self.reads.len())?;
        charges(&self.charges)
    }
}

impl LeaseRequest {
    /// Whether a store may carry it out.
    pub fn check_bounds(&self) -> Result<(), StoreError> {
        if self.name.len() > LEASE_NAME_BYTES_MAX {
            return Err(StoreError::Refused("a lease's name is too long"));
        }
        Ok(())
    }
}

impl Forget {
    /// Whether a store may carry it out.
    pub fn check_bounds(&self) -> Result<(), StoreError> {
        few(self.limit)?;
        if self.limit == 0 { Err(StoreError::Refused("no record is to be taken out")) } else { Ok(()) }
    }
}

/// Whether a store may take these entries in one call.
pub(super) fn check_index(entries: &[IndexEntry]) -> Result<(), StoreError> {
    few(entries.len())
}

/// Whether a store may take these charges back in one call.
pub(super) fn check_settle(settled: &[Settle]) -> Result<(), StoreError> {
    few(settled.len())
}

/// Whether a store may put these bodies in the place of others.
pub(super) fn check_reseal(bodies: &[Reseal]) -> Result<(), StoreError> {
    few(bodies.len())?;
    if bodies.iter().any(|body| body.new.len() > BODY_BYTES_MAX) {
        return Err(StoreError::Refused("a body is too long"));
    }
    Ok(())
}

/// Whether there is a journal of that number.
pub(super) const fn check_journal(number: u16, journals: u16) -> Result<(), StoreError> {
    if number < journals { Ok(()) } else { Err(StoreError::Refused("there is no such journal")) }
}

fn charges(charges: &[Charge]) -> Result<(), StoreError> {
    few(charges.len())?;
    if charges.iter().any(|charge| charge.cap == 0) {
        return Err(StoreError::Refused("a window that keeps nothing is charged"));
    }
    if charges.iter().any(|charge| charge.kept <= TimeDelta::zero() || charge.kept > WINDOW_KEPT) {
        return Err(StoreError::Refused("a charge counts for no time, or for too long"));
    }
    Ok(())
}

const fn few(named: usize) -> Result<(), StoreError> {
    if named > ROWS_MAX { Err(StoreError::Refused("one call names too much")) } else { Ok(()) }
}

fn distinct<T: Eq + Hash>(items: impl ExactSizeIterator<Item = T>) -> bool {
    // Nearly every commit writes a handful: no table for those that cannot repeat.
    if items.len() < 2 {
        return true;
    }
    let mut seen = HashSet::with_capacity(items.len());
    items.into_iter().all(|item| seen.insert(item))
}
