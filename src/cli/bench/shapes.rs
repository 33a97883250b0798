//! What decisions ask of the store: noted while some are made, so that the bare store is asked for the same.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::store::{Around, ChargeWindows, Commit, CommitError, Position, Reply, Slot, Store, StoreError, Window};

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
                // Decisions write none.
                Slot::Document(_) => {}
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
    charged: AtomicU64,
}

impl Noted {
    /// Around a store.
    pub(super) fn new(store: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Self { store, noting: false.into(), shapes: Mutex::default(), charged: 0.into() })
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

    /// How many windows were charged so far: those that count over many accounts.
    pub(super) fn windows_charged(&self) -> u64 {
        self.charged.load(Ordering::Relaxed)
    }
}

impl Around for Noted {
    fn inner(&self) -> &dyn Store {
        &*self.store
    }

    fn charge(&self, charge: ChargeWindows) -> Reply<'_, Result<Vec<Window>, StoreError>> {
        self.charged.fetch_add(u64::try_from(charge.charges.len()).unwrap_or(0), Ordering::Relaxed);
        self.inner().charge(charge)
    }

    fn commit(&self, commit: Commit) -> Reply<'_, Result<Position, CommitError>> {
        if self.noting.load(Ordering::Relaxed)
            && let Some(shape) = Shape::of(&commit)
        {
            let mut shapes = self.shapes.lock().unwrap_or_else(PoisonError::into_inner);
            if shapes.len() < SHAPES_MAX {
                shapes.push(shape);
            }
        }
        self.inner().commit(commit)
    }
}
