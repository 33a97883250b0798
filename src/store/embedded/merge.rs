//! Merging fresh names into their tables: in the order of the keys, a slice with each group, many names to a page.
//!
//! While a merge is under way its names stay in memory, and what the tables already have of them is the same. They leave
//! memory and the log only when all are in the tables, and no reader is in the middle of a transaction that began before.
//! A process that ends in between merges all of it again: putting a name twice is putting it once.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLockWriteGuard};

use rusqlite::Connection;

use super::fault::Fault;
use super::names::{Names, Recent};
use super::shared::Shared;
use super::tables::{accounts, directory, fresh, requests};
use crate::crypto::Token;

/// Names merged with one group, at least.
const SLICE_NAMES: usize = 256;

/// Entries of the log cut off with one group.
const LOG_ENTRIES: i64 = 4_096;

/// The merge that is under way, if one is.
#[derive(Debug)]
pub(super) struct Merger {
    /// Names at which a merge begins.
    begin_at: usize,
    under_way: Option<Merge>,
}

#[derive(Debug)]
struct Merge {
    names: Arc<Names>,
    stage: Stage,
    /// The log's first entry that this merge does not cover.
    log_end: i64,
}

#[derive(Debug, Clone, Copy)]
enum Stage {
    Accounts(Bound<Token>),
    Places(Bound<Token>),
    Requests(Bound<Token>),
    /// The log is being cut off, up to this entry so far.
    Log(i64),
    /// All is in the tables, once the group is committed.
    Done,
}

impl Merger {
    /// Begins a merge whenever so many names wait.
    pub(super) const fn new(begin_at: usize) -> Self {
        Self { begin_at, under_way: None }
    }

    /// Does a turn's work in the group's transaction, before its jobs. `log` are the numbers of the log's first entry and of
    /// the next one; `named` is how many names the last group put.
    pub(super) fn turn(
        &mut self,
        db: &Connection,
        shared: &Shared,
        log: &mut (i64, i64),
        named: usize,
    ) -> Result<(), Fault> {
        let Some(merge) = &mut self.under_way else {
            self.begin(shared, log.1);
            return Ok(());
        };
        // Faster than names come in: a merge ends before the next must begin.
        let slice = SLICE_NAMES.max(named.saturating_mul(2));
        let names = Arc::clone(&merge.names);
        merge.stage = match merge.stage {
            Stage::Accounts(after) => {
                let next = each(&names.accounts, after, slice, |name, number| accounts::put(db, name, *number))?;
                next.map_or(Stage::Places(Bound::Unbounded), Stage::Accounts)
            }
            Stage::Places(after) => {
                let next = each(&names.places, after, slice, |name, place| directory::put(db, name, place))?;
                next.map_or(Stage::Requests(Bound::Unbounded), Stage::Places)
            }
            Stage::Requests(after) => {
                let next = each(&names.requests, after, slice, |name, kept| requests::put(db, name, kept))?;
                next.map_or(Stage::Log(log.0), Stage::Requests)
            }
            Stage::Log(from) => {
                let to = from.saturating_add(LOG_ENTRIES).min(merge.log_end);
                fresh::forget_before(db, to)?;
                log.0 = to;
                if to < merge.log_end { Stage::Log(to) } else { Stage::Done }
            }
            Stage::Done => {
                readers_out(shared, Recent::end_merge);
                self.under_way = None;
                return Ok(());
            }
        };
        Ok(())
    }

    fn begin(&mut self, shared: &Shared, log_end: i64) {
        let waiting = shared.recent.read().unwrap_or_else(PoisonError::into_inner).waiting();
        if waiting >= self.begin_at {
            let names = readers_out(shared, Recent::begin_merge);
            self.under_way = Some(Merge { names, stage: Stage::Accounts(Bound::Unbounded), log_end });
        }
    }
}

/// Changes what memory holds while no reader is in the middle of a transaction.
fn readers_out<T>(shared: &Shared, change: impl FnOnce(&mut Recent) -> T) -> T {
    let readers_out = shared.gate.write().unwrap_or_else(PoisonError::into_inner);
    let mut recent: RwLockWriteGuard<'_, Recent> = shared.recent.write().unwrap_or_else(PoisonError::into_inner);
    let changed = change(&mut recent);
    drop(recent);
    drop(readers_out);
    changed
}

/// Puts a slice of names, in order. Where to go on; `None` at the end.
fn each<T>(
    names: &BTreeMap<Token, T>,
    after: Bound<Token>,
    slice: usize,
    mut put: impl FnMut(Token, &T) -> Result<(), Fault>,
) -> Result<Option<Bound<Token>>, Fault> {
    let mut last = None;
    let mut done = 0_usize;
    for (name, value) in names.range((after, Bound::Unbounded)).take(slice) {
        put(*name, value)?;
        last = Some(*name);
        done = done.saturating_add(1);
    }
    Ok(last.filter(|_| done == slice).map(Bound::Excluded))
}
