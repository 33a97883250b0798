//! Many journals read as one: the oldest record first, and each journal in its own order.
//!
//! A store with one journal archives from its beginning, up to the first record that is too young: it must not begin with
//! all of one partition, however young.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::contract::{Movable, Thing};
use crate::store::contract::{Journalled, StoreError};

/// Records of a journal that are held at a time.
const HELD: usize = 32;

/// Where one journal is.
struct Head {
    /// The place of the last record that was given.
    given: u64,
    /// The place of the last one that was read.
    read: u64,
    /// What was read and not given.
    held: VecDeque<Journalled>,
}

/// All journals of a store.
pub(super) struct ByTime {
    store: Arc<dyn Movable>,
    heads: Vec<Head>,
    /// Of each journal that has more: when its next record was made.
    next: BTreeSet<(DateTime<Utc>, u16)>,
}

impl ByTime {
    /// What comes after these places.
    pub(super) async fn after(store: Arc<dyn Movable>, places: &[u64]) -> Result<Self, StoreError> {
        let head = |place: &u64| Head { given: *place, read: *place, held: VecDeque::new() };
        let mut all = Self { store, heads: places.iter().map(head).collect(), next: BTreeSet::new() };
        for journal in 0..all.store.journals() {
            all.look(journal).await?;
        }
        Ok(all)
    }

    /// Where each journal is.
    pub(super) fn places(&self) -> Vec<u64> {
        self.heads.iter().map(|head| head.given).collect()
    }

    /// The next records, at most so many; none at the end.
    pub(super) async fn next(&mut self, limit: usize) -> Result<Vec<Thing>, StoreError> {
        let mut things = Vec::with_capacity(limit);
        while things.len() < limit
            && let Some((_, journal)) = self.next.pop_first()
        {
            let Some(head) = self.heads.get_mut(usize::from(journal)) else { continue };
            if let Some(record) = head.held.pop_front() {
                head.given = record.place;
                things.push(Thing::Record { journal, record });
            }
            self.look(journal).await?;
        }
        Ok(things)
    }

    /// Looks what a journal's next record is.
    async fn look(&mut self, journal: u16) -> Result<(), StoreError> {
        let Some(head) = self.heads.get_mut(usize::from(journal)) else { return Ok(()) };
        if head.held.is_empty() {
            head.held = self.store.journal(journal, head.read, HELD).await?.into();
            head.read = head.held.back().map_or(head.read, |record| record.place);
        }
        if let Some(record) = head.held.front() {
            self.next.insert((record.id.minted_at(), journal));
        }
        Ok(())
    }
}
