//! What the store's threads share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};

use quick_cache::sync::Cache;
use tokio::sync::broadcast;

use super::counters::Counters;
use super::layout::AccountNumber;
use super::names::Recent;
use super::options::StoreObserver;
use super::reservations::Reservations;
use super::tables::journal::Happened;
use crate::crypto::{Partition, Token};
use crate::store::{ChargeWindows, Position, Settle, StoreError, Window};

/// Rings that a slow listener may be behind before it loses some. A ring is a hint.
const RINGS_KEPT: usize = 1_024;

/// Numbers of accounts kept in memory, some 60 bytes each.
const NUMBERS_KEPT: usize = 262_144;

/// The common ground.
pub(super) struct Shared {
    epoch: u64,
    seq: AtomicU64,
    failed: OnceLock<StoreError>,
    reservations: Mutex<Reservations>,
    counters: Mutex<Counters>,
    rings: broadcast::Sender<Partition>,
    /// The names that may not be in their tables yet.
    pub(super) recent: RwLock<Recent>,
    /// Numbers of accounts looked up of late. They never change.
    pub(super) numbers: Cache<Token, AccountNumber>,
    /// Readers hold it while they read; the writer takes it whole to begin the write-ahead log anew, and when names leave
    /// memory.
    pub(super) gate: RwLock<()>,
    /// Who is told what the store does.
    pub(super) observer: Arc<dyn StoreObserver>,
}

impl Shared {
    /// Before the threads start.
    pub(super) fn new(
        epoch: u64,
        seq: u64,
        counters: Counters,
        recent: Recent,
        observer: Arc<dyn StoreObserver>,
    ) -> Self {
        Self {
            epoch,
            seq: AtomicU64::new(seq),
            failed: OnceLock::new(),
            reservations: Mutex::default(),
            counters: Mutex::new(counters),
            rings: broadcast::Sender::new(RINGS_KEPT),
            recent: RwLock::new(recent),
            numbers: Cache::new(NUMBERS_KEPT),
            gate: RwLock::new(()),
            observer,
        }
    }

    /// Whether the store may answer.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        self.failed.get().map_or(Ok(()), |error| Err(error.clone()))
    }

    /// Ends the store's service. The first reason stands.
    ///
    /// INVARIANT (fail-closed): there is no way back: what the disk holds is known only after a restart.
    pub(super) fn fail(&self, error: StoreError) {
        let _ = self.failed.set(error);
    }

    /// Why a thread gave no answer.
    pub(super) fn gone(&self) -> StoreError {
        self.check().err().unwrap_or_else(|| StoreError::Unavailable("the store is closed".into()))
    }

    /// Whether the position was reached.
    pub(super) fn reached(&self, position: Option<Position>) -> Result<(), StoreError> {
        let reached = position
            .is_none_or(|position| position.epoch == self.epoch && position.seq <= self.seq.load(Ordering::Acquire));
        if reached { Ok(()) } else { Err(StoreError::Behind) }
    }

    /// A position of this store.
    pub(super) const fn position(&self, partition: Partition, seq: u64) -> Position {
        Position { epoch: self.epoch, partition, seq }
    }

    /// The store's life.
    pub(super) const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Positions up to this one are reached.
    pub(super) fn advance(&self, seq: u64) {
        self.seq.store(seq, Ordering::Release);
    }

    /// The reservations in memory.
    pub(super) fn reservations(&self) -> MutexGuard<'_, Reservations> {
        self.reservations.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The windows in memory.
    pub(super) fn counters(&self) -> MutexGuard<'_, Counters> {
        self.counters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Charges windows and reads them, and tells what is to be journalled.
    pub(super) fn charge(&self, charge: &ChargeWindows) -> Result<(Vec<Window>, Vec<Happened>), StoreError> {
        let mut counters = self.counters();
        let mut happened = Vec::new();
        for one in &charge.charges {
            happened.extend(counters.charge(one, charge.attempt, charge.now)?);
        }
        let keys = charge.charges.iter().map(|one| &one.window).chain(&charge.reads);
        Ok((keys.map(|key| counters.read(key)).collect(), happened))
    }

    /// Takes charges back at once; the journal is told with the next group.
    pub(super) fn settle(&self, settled: &[Settle]) {
        let mut counters = self.counters();
        for one in settled {
            counters.settle_and_defer(one.window, one.attempt);
        }
    }

    /// Leaves entries for the next group to journal. How many wait now.
    pub(super) fn defer(&self, happened: Vec<Happened>) -> usize {
        self.counters().defer(happened)
    }

    /// Tells of a commit in a partition.
    pub(super) fn ring(&self, partition: Partition) {
        // Nobody listens: nobody needs to know.
        let _ = self.rings.send(partition);
    }

    /// Listens from now on.
    pub(super) fn listen(&self) -> broadcast::Receiver<Partition> {
        self.rings.subscribe()
    }
}

/// Ends the store's service should its thread end by a panic.
pub(super) struct Sentinel(pub(super) Arc<Shared>);

impl Drop for Sentinel {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.fail(StoreError::Unavailable("a thread of the store ended".into()));
        }
    }
}
