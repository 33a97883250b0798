//! What decisions ask of the store: noted while some are made, so that the bare store is asked for the same.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::crypto::Token;
use crate::store::{
    Around, Charge, ChargeWindows, Commit, CommitError, Load, Loaded, Position, Reply, Settle, Slot, Store, StoreError,
    Window, WindowKey,
};

/// Shapes kept: enough that the mix is the load's.
const SHAPES_MAX: usize = 4_096;

/// What one decision asked for and wrote.
#[derive(Debug, Clone, Default)]
pub(super) struct Shape {
    /// The account's head, in bytes.
    pub(super) head: usize,
    /// The credentials, if it wrote them: an approval that is used up is written down.
    pub(super) credentials: Option<usize>,
    /// The line.
    pub(super) line: usize,
    /// The record.
    pub(super) record: usize,
    /// The permit it granted, if it did.
    pub(super) permit: Option<usize>,
    /// How many windows of the account it read.
    pub(super) windows: u64,
    /// Those of the account that it charged.
    pub(super) charged: Vec<Charge>,
    /// Those outside the account that it charged, and those it read besides.
    pub(super) outside: (Vec<Charge>, Vec<WindowKey>),
    /// Those outside the account that it took back.
    pub(super) settled: Vec<WindowKey>,
    /// Whether it was committed.
    is_whole: bool,
}

impl Shape {
    /// Takes in what is committed.
    fn commit(&mut self, commit: &Commit) {
        self.is_whole = true;
        self.record = commit.records.first().map_or(0, |record| record.body.len());
        for write in &commit.writes {
            let bytes = write.body.as_ref().map_or(0, Vec::len);
            match write.slot {
                Slot::Head => self.head = bytes,
                Slot::Line(_) => self.line = bytes,
                // Decisions write none.
                Slot::Document(_) => {}
                Slot::Permit(_) => self.permit = Some(bytes),
                Slot::Credentials => self.credentials = write.body.as_ref().map(Vec::len),
            }
        }
    }
}

/// A store that notes the shapes of what is asked, when it is told to.
pub(super) struct Noted {
    store: Arc<dyn Store>,
    noting: AtomicBool,
    /// By the requests' tokens.
    shapes: Mutex<HashMap<Token, Shape>>,
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
        let noted = std::mem::take(&mut *self.shapes.lock().unwrap_or_else(PoisonError::into_inner));
        noted.into_values().filter(|shape| shape.is_whole).collect()
    }

    /// How many windows were charged so far: those that count over many accounts.
    pub(super) fn windows_charged(&self) -> u64 {
        self.charged.load(Ordering::Relaxed)
    }

    fn note(&self, request: Token, note: impl FnOnce(&mut Shape)) {
        if self.noting.load(Ordering::Relaxed) {
            let mut shapes = self.shapes.lock().unwrap_or_else(PoisonError::into_inner);
            if shapes.len() < SHAPES_MAX || shapes.contains_key(&request) {
                note(shapes.entry(request).or_default());
            }
        }
    }
}

impl Around for Noted {
    fn inner(&self) -> &dyn Store {
        &*self.store
    }

    fn load(&self, load: Load) -> Reply<'_, Result<Loaded, StoreError>> {
        if let Some(reserve) = &load.reserve {
            self.note(reserve.request, |shape| {
                shape.windows = u64::try_from(load.windows.len()).unwrap_or(0);
                shape.charged.clone_from(&load.charges);
            });
        }
        self.inner().load(load)
    }

    fn charge(&self, charge: ChargeWindows) -> Reply<'_, Result<Vec<Window>, StoreError>> {
        self.charged.fetch_add(u64::try_from(charge.charges.len()).unwrap_or(0), Ordering::Relaxed);
        self.note(charge.attempt, |shape| {
            shape.outside.0.extend_from_slice(&charge.charges);
            shape.outside.1.extend_from_slice(&charge.reads);
        });
        self.inner().charge(charge)
    }

    fn settle(&self, settled: Vec<Settle>) -> Reply<'_, Result<(), StoreError>> {
        for one in &settled {
            self.note(one.attempt, |shape| shape.settled.push(one.window));
        }
        self.inner().settle(settled)
    }

    fn commit(&self, commit: Commit) -> Reply<'_, Result<Position, CommitError>> {
        if let Some(claim) = &commit.claim {
            self.note(claim.reserve.request, |shape| shape.commit(&commit));
        }
        self.inner().commit(commit)
    }
}
