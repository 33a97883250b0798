//! What decisions ask of the store: noted while some are made, so that the bare store is asked for the same.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use tokio::sync::broadcast;

use crate::crypto::{Partition, Token};
use crate::domain::RecordId;
use crate::store::{
    ArchivedUpTo, ChargeWindows, Commit, CommitError, DueEntry, Fence, Forget, IndexEntry, Journalled, LeaseRequest,
    Load, Loaded, PermitRow, Place, Position, Reply, Reseal, Row, Slot, Store, StoreError, StoredRecord, Window,
};

/// Shapes kept: enough that the mix is the load's.
const SHAPES_MAX: usize = 4_096;

/// What one decision wrote, in bytes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Shape {
    /// The account's head.
    pub(super) head: usize,
    /// The credentials, if it wrote them: an approval that is used up is written down.
    pub(super) credentials: Option<usize>,
    /// The line.
    pub(super) line: usize,
    /// The record.
    pub(super) record: usize,
    /// The permit it granted, if it did.
    pub(super) permit: Option<usize>,
}

impl Shape {
    /// The shape of a decision's commit; `None` of any other.
    fn of(commit: &Commit) -> Option<Self> {
        let mut shape = Self { record: commit.records.first()?.body.len(), ..Self::default() };
        commit.claim?;
        for write in &commit.writes {
            let bytes = write.body.as_ref().map_or(0, Vec::len);
            match write.slot {
                Slot::Head => shape.head = bytes,
                Slot::Line(_) => shape.line = bytes,
                Slot::Permit(_) => shape.permit = Some(bytes),
                Slot::Credentials => shape.credentials = write.body.as_ref().map(Vec::len),
            }
        }
        Some(shape)
    }
}

/// A store that notes the shapes of what is committed, when it is told to.
pub(super) struct Noted {
    store: Arc<dyn Store>,
    noting: AtomicBool,
    shapes: Mutex<Vec<Shape>>,
}

impl Noted {
    /// Around a store.
    pub(super) fn new(store: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Self { store, noting: false.into(), shapes: Mutex::default() })
    }

    /// Begins to note.
    pub(super) fn begin(&self) {
        self.noting.store(true, Ordering::Relaxed);
    }

    /// Ends, and tells what was noted.
    pub(super) fn end(&self) -> Vec<Shape> {
        self.noting.store(false, Ordering::Relaxed);
        std::mem::take(&mut *self.shapes.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Store for Noted {
    fn commit(&self, commit: Commit) -> Reply<'_, Result<Position, CommitError>> {
        if self.noting.load(Ordering::Relaxed)
            && let Some(shape) = Shape::of(&commit)
        {
            let mut shapes = self.shapes.lock().unwrap_or_else(PoisonError::into_inner);
            if shapes.len() < SHAPES_MAX {
                shapes.push(shape);
            }
        }
        self.store.commit(commit)
    }

    fn resolve(&self, name: Token) -> Reply<'_, Result<Option<Place>, StoreError>> {
        self.store.resolve(name)
    }

    fn index(&self, entries: Vec<IndexEntry>) -> Reply<'_, Result<(), StoreError>> {
        self.store.index(entries)
    }

    fn charge(&self, charge: ChargeWindows) -> Reply<'_, Result<Vec<Window>, StoreError>> {
        self.store.charge(charge)
    }

    fn load(&self, load: Load) -> Reply<'_, Result<Loaded, StoreError>> {
        self.store.load(load)
    }

    fn record(&self, id: RecordId) -> Reply<'_, Result<Option<StoredRecord>, StoreError>> {
        self.store.record(id)
    }

    fn journals(&self) -> u16 {
        self.store.journals()
    }

    fn journal(&self, number: u16, after: u64, limit: usize) -> Reply<'_, Result<Vec<Journalled>, StoreError>> {
        self.store.journal(number, after, limit)
    }

    fn epoch(&self) -> u64 {
        self.store.epoch()
    }

    fn archived(&self, journal: u16) -> Reply<'_, Result<Option<ArchivedUpTo>, StoreError>> {
        self.store.archived(journal)
    }

    fn forget(&self, forget: Forget) -> Reply<'_, Result<usize, StoreError>> {
        self.store.forget(forget)
    }

    fn accounts(&self, after: Option<Token>, limit: usize) -> Reply<'_, Result<Vec<Token>, StoreError>> {
        self.store.accounts(after, limit)
    }

    fn due(&self, until: DateTime<Utc>, limit: usize) -> Reply<'_, Result<Vec<DueEntry>, StoreError>> {
        self.store.due(until, limit)
    }

    fn lease(&self, lease: LeaseRequest) -> Reply<'_, Result<Option<Fence>, StoreError>> {
        self.store.lease(lease)
    }

    fn rows(
        &self,
        account: Token,
        after: Option<Slot>,
        limit: usize,
    ) -> Reply<'_, Result<Vec<(Slot, Row)>, StoreError>> {
        self.store.rows(account, after, limit)
    }

    fn permits(&self, after: Option<u64>, limit: usize) -> Reply<'_, Result<Vec<PermitRow>, StoreError>> {
        self.store.permits(after, limit)
    }

    fn reseal(&self, bodies: Vec<Reseal>) -> Reply<'_, Result<usize, StoreError>> {
        self.store.reseal(bodies)
    }

    fn forget_key(&self, name: String) -> Reply<'_, Result<(), StoreError>> {
        self.store.forget_key(name)
    }

    fn rings(&self) -> broadcast::Receiver<Partition> {
        self.store.rings()
    }

    fn health(&self) -> Result<(), StoreError> {
        self.store.health()
    }
}
