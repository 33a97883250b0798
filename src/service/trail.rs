//! How far somebody read a journal, and whether what they read last still stands there.
//!
//! A journal only grows; but a store that was put back from a copy, or lost what it had promised, may begin again before a
//! place that was read, and give that place to another record. Whoever went on from the place would never see it.

use super::engine::Engine;
use super::error::ServiceError;
use crate::domain::RecordId;
use crate::store::Journalled;

/// A place in a journal.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Trail {
    /// The last place that was read.
    pub(super) place: u64,
    /// What stood there; not known of a place that was only told of.
    last: Option<RecordId>,
}

impl Trail {
    /// Goes on from a place that was told of.
    pub(super) const fn from(place: u64) -> Self {
        Self { place, last: None }
    }

    /// Goes on from a place at which that was read.
    pub(super) const fn at(place: u64, last: Option<RecordId>) -> Self {
        Self { place, last }
    }

    /// What stood at the place.
    pub(super) const fn last(&self) -> Option<RecordId> {
        self.last
    }

    /// A record was read.
    pub(super) const fn reach(&mut self, entry: &Journalled) {
        *self = Self { place: entry.place, last: Some(entry.id) };
    }
}

impl Engine {
    /// What comes after in a journal; nothing at all where what was read last is not there any more.
    ///
    /// INVARIANT (fail-closed): nobody goes on from a place that became another's.
    pub(super) async fn behind(
        &self,
        journal: u16,
        trail: &Trail,
        limit: usize,
    ) -> Result<Option<Vec<Journalled>>, ServiceError> {
        let store = self.vault.store();
        let page = store.journal(journal, trail.place, limit).await?;
        // Asked after the page, so that whoever gave it is asked about itself. A record is there exactly as long as its place.
        let Some(last) = trail.last else { return Ok(Some(page)) };
        if store.record(last).await?.is_some() {
            return Ok(Some(page));
        }
        let archived = store.archived(journal).await?;
        Ok(archived.is_some_and(|archived| archived.place >= trail.place).then_some(page))
    }
}
