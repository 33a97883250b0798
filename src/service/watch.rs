//! Following a brand's records as they are committed: from a place in every journal on, nothing left out, nothing twice.
//!
//! A ring says that there may be something new; what there is, the journals say. Whoever has a place can go on from it,
//! with this engine or another.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::watch;

use super::engine::Engine;
use super::error::ServiceError;
use super::question::caller_of;
use super::records::{JOURNAL_PAGE, RecordView};
use super::rights::{Authorised, right};
use super::rung::Rung;
use super::trail::Trail;
use super::watchers::Seat;
use crate::audit::{AuditStep, Event, RecordFilter};
use crate::domain::Requester;

/// Somebody who follows.
pub struct Watch {
    engine: Arc<Engine>,
    requester: Requester,
    filter: RecordFilter,
    places: Vec<u64>,
    /// Of journals that gave something: where what was given last stands.
    trails: HashMap<u16, Trail>,
    rung: Rung,
    over: watch::Receiver<bool>,
    _seat: Seat,
}

/// A place in every journal that somebody came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// The places.
    pub places: Vec<u64>,
    /// That it was they: a keyed digest.
    pub mark: [u8; 32],
}

/// What came since the last time.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Records that are meant, in order.
    pub records: Vec<RecordView>,
    /// Whether there may be more already.
    pub more: bool,
}

impl Engine {
    /// Begins to follow: from where this caller had come on, or else from now on. Nobody follows what was before they
    /// first came: that is for lists, which are counted, and for exports, which need a second person.
    pub async fn watch_records(
        self: &Arc<Self>,
        who: &Authorised<right::ReadRecords>,
        filter: RecordFilter,
        from: Option<Reached>,
    ) -> Result<Watch, ServiceError> {
        let requester = who.requester();
        if from.as_ref().is_some_and(|from| from.mark != self.mark_of(requester, &from.places)) {
            return Err(not_reached());
        }
        let seat = self.watchers.take_seat(&requester.subject)?;
        // Before the places are read: a commit in between rings.
        let (rung, over) = (Rung::all(self.vault.store()), self.watchers.over());
        let journals = self.vault.store().journals();
        let mut ends = Vec::with_capacity(usize::from(journals));
        for journal in 0..journals {
            ends.push(self.last_place_where(journal, |_| true).await?);
        }
        let places = from.map_or_else(|| ends.clone(), |from| from.places);
        // A place that was never reached is another store's, or this one lost what came after: to wait there would pass over
        // what comes first.
        if places.len() != ends.len() || places.iter().zip(&ends).any(|(place, end)| place > end) {
            return Err(not_reached());
        }
        let event = Event::RecordsRead { how: AuditStep::Watched, filter: Box::new(filter.clone()) };
        self.note(&requester.brand, Some(caller_of(requester)), event).await?;
        let (engine, requester) = (Arc::clone(self), requester.clone());
        let trails = HashMap::new();
        Ok(Watch { engine, requester, filter, places, trails, rung, over, _seat: seat })
    }

    /// Ends all that follow, and lets nobody begin: the service stops, and must not wait for who would stay for ever.
    pub fn end_watches(&self) {
        self.watchers.end();
        self.decision_watchers.end();
        self.customer_watchers.end();
        self.activity_watchers.end();
    }

    /// What shows that a caller came to these places: nobody makes it without the index key.
    fn mark_of(&self, requester: &Requester, places: &[u64]) -> [u8; 32] {
        let places: Vec<u8> = places.iter().flat_map(|place| place.to_be_bytes()).collect();
        let parts = [requester.brand.as_str().as_bytes(), requester.subject.as_str().as_bytes(), &places];
        self.vault.tokens().digest("watch-place", &parts)
    }
}

impl Watch {
    /// How far it has come in every journal.
    pub fn places(&self) -> &[u64] {
        &self.places
    }

    /// What its caller is told of places that it came to.
    pub fn reached(&self, places: &[u64]) -> Reached {
        Reached { places: places.to_vec(), mark: self.engine.mark_of(&self.requester, places) }
    }

    /// Reads a page of what came since the last time.
    pub async fn read(&mut self) -> Result<Seen, ServiceError> {
        let now = self.engine.now()?.instant();
        let mut seen = Seen { records: Vec::new(), more: false };
        for journal in self.rung.journals() {
            let Some(place) = self.places.get_mut(usize::from(journal)) else { continue };
            let trail = self.trails.get(&journal).copied().unwrap_or(Trail::from(*place));
            // Whoever followed what the store lost would miss what takes its place.
            let entries = self.engine.behind(journal, &trail, JOURNAL_PAGE).await?.ok_or_else(not_reached)?;
            // A journal that gave something may hold more; whatever comes to one that gave nothing rings again.
            if entries.is_empty() {
                self.rung.is_read(journal);
            }
            for entry in entries {
                let mut reached = trail;
                reached.reach(&entry);
                seen.records.extend(self.engine.view((journal, entry), &self.requester, &self.filter, now).await?);
                *place = reached.place;
                self.trails.insert(journal, reached);
            }
        }
        seen.more = self.rung.any();
        Ok(seen)
    }

    /// Whether it is over: whoever follows goes on elsewhere.
    pub fn is_over(&self) -> bool {
        *self.over.borrow()
    }

    /// Waits until something may have come, or it is over.
    pub async fn rung(&mut self) -> Result<(), ServiceError> {
        tokio::select! {
            heard = self.rung.heard(self.engine.vault.store()) => heard,
            // A sender that is gone stops as well.
            _ = self.over.wait_for(|over| *over) => Ok(()),
        }
    }
}

const fn not_reached() -> ServiceError {
    ServiceError::Invalid { field: "resume_token", expected: "must be a token that this store gave this caller" }
}
