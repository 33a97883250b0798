//! A store that tells what was asked of it, and fails where it is told to.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use portcullis::crypto::Token;
use portcullis::domain::RecordId;
use portcullis::store::{
    Around, Before, Charge, ChargeWindows, Commit, CommitError, Forget, IndexEntry, Load, Loaded, Place, Position,
    Reply, Reservation, Settle, Store, StoreError, StoredRecord, Window, WindowKey,
};
use tokio::sync::Barrier;

pub(crate) struct SpyStore {
    inner: Arc<dyn Store>,
    charged: Mutex<Vec<Before>>,
    broken: Mutex<Option<Token>>,
    outside: Mutex<Vec<Charge>>,
    settled: Mutex<Vec<Settle>>,
    windows: Mutex<HashSet<WindowKey>>,
    no_windows: AtomicBool,
    blind: AtomicBool,
    forgetting: Mutex<Option<(usize, usize)>>,
    together: Mutex<Option<(usize, Arc<Barrier>)>>,
    written: Mutex<Vec<Token>>,
    trips: AtomicUsize,
}

impl SpyStore {
    pub(crate) fn over(inner: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Self {
            inner,
            charged: Mutex::default(),
            broken: Mutex::default(),
            outside: Mutex::default(),
            settled: Mutex::default(),
            windows: Mutex::default(),
            no_windows: AtomicBool::new(false),
            blind: AtomicBool::new(false),
            forgetting: Mutex::default(),
            together: Mutex::default(),
            written: Mutex::default(),
            trips: AtomicUsize::new(0),
        })
    }

    /// When each charge of every load so far had to be durable.
    pub(crate) fn charged(&self) -> Vec<Before> {
        self.charged.lock().unwrap().clone()
    }

    /// What was charged outside accounts since this was last asked, and taken back.
    pub(crate) fn outside(&self) -> (Vec<Charge>, Vec<Settle>) {
        (std::mem::take(&mut self.outside.lock().unwrap()), std::mem::take(&mut self.settled.lock().unwrap()))
    }

    /// How many different windows were charged so far.
    pub(crate) fn windows(&self) -> usize {
        self.windows.lock().unwrap().len()
    }

    /// From here on no window outside an account can be charged or read.
    pub(crate) fn break_windows(&self) {
        self.no_windows.store(true, Ordering::Relaxed);
    }

    /// From here on a load does not see what a request was answered: as when another engine answers it between load and commit.
    pub(crate) fn miss_answers(&self) {
        self.blind.store(true, Ordering::Relaxed);
    }

    /// From here on no more than `at_once` records are taken out in one call, and after so many calls none.
    pub(crate) fn forget_haltingly(&self, at_once: usize, calls: usize) {
        *self.forgetting.lock().unwrap() = Some((at_once, calls));
    }

    /// The next so many loads are answered together: all have read before anybody goes on.
    pub(crate) fn answer_together(&self, loads: usize) {
        *self.together.lock().unwrap() = Some((loads, Arc::new(Barrier::new(loads))));
    }

    /// Where a load waits for those that are answered with it.
    fn meets(&self) -> Option<Arc<Barrier>> {
        let mut together = self.together.lock().unwrap();
        let (left, barrier) = together.as_mut().filter(|(left, _)| *left > 0)?;
        *left -= 1;
        Some(barrier.clone())
    }

    /// The accounts that were written to since this was last asked, one for each commit.
    pub(crate) fn written(&self) -> Vec<Token> {
        std::mem::take(&mut self.written.lock().unwrap())
    }

    /// How often it was waited for since this was last asked.
    pub(crate) fn trips(&self) -> usize {
        self.trips.swap(0, Ordering::Relaxed)
    }

    fn count(&self) {
        self.trips.fetch_add(1, Ordering::Relaxed);
    }

    /// From here on this account cannot be read.
    pub(crate) fn break_account(&self, account: Token) {
        *self.broken.lock().unwrap() = Some(account);
    }
}

impl Around for SpyStore {
    fn inner(&self) -> &dyn Store {
        &*self.inner
    }

    fn resolve(&self, name: Token) -> Reply<'_, Result<Option<Place>, StoreError>> {
        self.count();
        self.inner.resolve(name)
    }

    fn index(&self, entries: Vec<IndexEntry>) -> Reply<'_, Result<(), StoreError>> {
        self.count();
        self.written.lock().unwrap().extend(entries.iter().map(|entry| entry.place.account));
        self.inner.index(entries)
    }

    fn commit(&self, commit: Commit) -> Reply<'_, Result<Position, CommitError>> {
        self.count();
        self.written.lock().unwrap().push(commit.account);
        self.inner.commit(commit)
    }

    fn record(&self, id: RecordId) -> Reply<'_, Result<Option<StoredRecord>, StoreError>> {
        self.count();
        self.inner.record(id)
    }

    fn charge(&self, charge: ChargeWindows) -> Reply<'_, Result<Vec<Window>, StoreError>> {
        if self.no_windows.load(Ordering::Relaxed) {
            return Box::pin(async { Err(StoreError::Unavailable("as it was told".to_owned())) });
        }
        self.count();
        self.windows.lock().unwrap().extend(charge.charges.iter().map(|charge| charge.window));
        self.outside.lock().unwrap().extend(&charge.charges);
        self.inner.charge(charge)
    }

    fn settle(&self, settled: Vec<Settle>) -> Reply<'_, Result<(), StoreError>> {
        self.settled.lock().unwrap().extend(&settled);
        self.inner.settle(settled)
    }

    fn load(&self, mut load: Load) -> Reply<'_, Result<Loaded, StoreError>> {
        self.count();
        if !load.charges.is_empty() {
            self.written.lock().unwrap().push(load.account);
        }
        self.windows.lock().unwrap().extend(load.charges.iter().map(|charge| charge.window));
        self.charged.lock().unwrap().extend(load.charges.iter().map(|charge| charge.before));
        if *self.broken.lock().unwrap() == Some(load.account) {
            return Box::pin(async { Err(StoreError::Damaged("as it was told".to_owned())) });
        }
        if let Some(barrier) = self.meets() {
            return Box::pin(async move {
                let loaded = self.inner.load(load).await;
                barrier.wait().await;
                loaded
            });
        }
        if !self.blind.load(Ordering::Relaxed) || load.reserve.take().is_none() {
            return self.inner.load(load);
        }
        Box::pin(async move {
            let loaded = self.inner.load(load).await?;
            Ok(Loaded { reservation: Reservation::Made, ..loaded })
        })
    }

    fn forget(&self, forget: Forget) -> Reply<'_, Result<usize, StoreError>> {
        let mut forgetting = self.forgetting.lock().unwrap();
        let limit = match &mut *forgetting {
            None => forget.limit,
            Some((_, 0)) => return Box::pin(async { Err(StoreError::Unavailable("as it was told".to_owned())) }),
            Some((at_once, calls)) => {
                *calls -= 1;
                *at_once
            }
        };
        self.inner.forget(Forget { limit, ..forget })
    }
}
