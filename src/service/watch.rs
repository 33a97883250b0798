//! Following a brand's records as they are committed: from a place in every journal on, nothing left out, nothing twice.
//!
//! A ring says that there may be something new; what there is, the journals say. Whoever has a place can go on from it,
//! with this engine or another.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::broadcast;

use super::engine::Engine;
use super::error::ServiceError;
use super::question::caller_of;
use super::records::{JOURNAL_PAGE, RecordView};
use super::rights::{Authorised, right};
use crate::audit::{AuditStep, Event, RecordFilter};
use crate::crypto::Partition;
use crate::domain::{Brand, Subject};

/// Who may follow at a time: one identity, and all.
const WATCHES_OF_ONE_MAX: usize = 4;
const WATCHES_MAX: usize = 64;

/// Who follows now.
#[derive(Default)]
pub(super) struct Watchers(Arc<Mutex<HashMap<Subject, usize>>>);

/// A place among the watchers, given back when it is dropped.
struct Seat {
    watchers: Arc<Mutex<HashMap<Subject, usize>>>,
    of: Subject,
}

impl Watchers {
    fn take_seat(&self, of: &Subject) -> Result<Seat, ServiceError> {
        let mut seated = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let full = |what| Err(ServiceError::Exhausted { what, retry_at: None });
        if seated.values().sum::<usize>() >= WATCHES_MAX {
            return full("too many follow the records already");
        }
        let own = seated.entry(of.clone()).or_default();
        if *own >= WATCHES_OF_ONE_MAX {
            return full("this caller follows the records too often already");
        }
        *own = own.saturating_add(1);
        Ok(Seat { watchers: Arc::clone(&self.0), of: of.clone() })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seated = self.watchers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = seated.get_mut(&self.of) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                seated.remove(&self.of);
            }
        }
    }
}

/// Somebody who follows.
pub struct Watch {
    engine: Arc<Engine>,
    brand: Brand,
    filter: RecordFilter,
    places: Vec<u64>,
    rings: broadcast::Receiver<Partition>,
    _seat: Seat,
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
    /// Begins to follow: from these places in the journals on, or else from now on.
    pub async fn watch_records(
        self: &Arc<Self>,
        who: &Authorised<right::ReadRecords>,
        filter: RecordFilter,
        from: Option<Vec<u64>>,
    ) -> Result<Watch, ServiceError> {
        let requester = who.requester();
        let seat = self.watchers.take_seat(&requester.subject)?;
        // Before the places are read: a commit in between rings.
        let rings = self.vault.store().rings();
        let journals = self.vault.store().journals();
        let mut ends = Vec::with_capacity(usize::from(journals));
        for journal in 0..journals {
            ends.push(self.last_place_where(journal, |_| true).await?);
        }
        let places = from.unwrap_or_else(|| ends.clone());
        // A place that was never reached is another store's, or this one lost what came after: to wait there would pass over
        // what comes first.
        if places.len() != ends.len() || places.iter().zip(&ends).any(|(place, end)| place > end) {
            return Err(ServiceError::Invalid { field: "resume_token", expected: "must be a token of this store" });
        }
        let event = Event::RecordsRead { how: AuditStep::Watched, filter: Box::new(filter.clone()) };
        self.note(&requester.brand, Some(caller_of(requester)), event).await?;
        let (engine, brand) = (Arc::clone(self), requester.brand.clone());
        Ok(Watch { engine, brand, filter, places, rings, _seat: seat })
    }
}

impl Watch {
    /// How far it has come in every journal.
    pub fn places(&self) -> &[u64] {
        &self.places
    }

    /// Reads a page of what came since the last time.
    pub async fn read(&mut self) -> Result<Seen, ServiceError> {
        let now = self.engine.now()?.instant();
        let mut seen = Seen { records: Vec::new(), more: false };
        for (journal, place) in (0..).zip(&mut self.places) {
            let entries = self.engine.vault.store().journal(journal, *place, JOURNAL_PAGE).await?;
            seen.more |= !entries.is_empty();
            for entry in entries {
                let at = entry.place;
                seen.records.extend(self.engine.view((journal, entry), &self.brand, &self.filter, now).await?);
                *place = at;
            }
        }
        Ok(seen)
    }

    /// Waits until something may have come.
    pub async fn rung(&mut self) -> Result<(), ServiceError> {
        match self.rings.recv().await {
            // Rings that were lost told of what is read next, as do those that came meanwhile.
            Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {
                self.rings = self.rings.resubscribe();
                Ok(())
            }
            Err(broadcast::error::RecvError::Closed) => {
                Err(ServiceError::Unavailable("the store tells of nothing more".to_owned()))
            }
        }
    }
}
