//! A store that tells what was asked of it, and fails where it is told to.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use portcullis::crypto::{Partition, Token};
use portcullis::domain::RecordId;
use portcullis::store::{
    ArchivedUpTo, Before, ChargeWindows, Commit, CommitError, DueEntry, Fence, Forget, IndexEntry, Journalled,
    LeaseRequest, Load, Loaded, PermitRow, Place, Position, Reply, Reseal, Reservation, Row, Slot, Store, StoreError,
    StoredRecord, Window,
};

pub(crate) struct SpyStore {
    inner: Arc<dyn Store>,
    charged: Mutex<Vec<Before>>,
    broken: Mutex<Option<Token>>,
    blind: AtomicBool,
    forgetting: Mutex<Option<(usize, usize)>>,
}

impl SpyStore {
    pub(crate) fn over(inner: Arc<dyn Store>) -> Arc<Self> {
        let (charged, broken, forgetting) = (Mutex::default(), Mutex::default(), Mutex::default());
        Arc::new(Self { inner, charged, broken, blind: AtomicBool::new(false), forgetting })
    }

    /// When each charge of every load so far had to be durable.
    pub(crate) fn charged(&self) -> Vec<Before> {
        self.charged.lock().unwrap().clone()
    }

    /// From here on a load does not see what a request was answered: as when another engine answers it between load and commit.
    pub(crate) fn miss_answers(&self) {
        self.blind.store(true, Ordering::Relaxed);
    }

    /// From here on no more than `at_once` records are taken out in one call, and after so many calls none.
    pub(crate) fn forget_haltingly(&self, at_once: usize, calls: usize) {
        *self.forgetting.lock().unwrap() = Some((at_once, calls));
    }

    /// From here on this account cannot be read.
    pub(crate) fn break_account(&self, account: Token) {
        *self.broken.lock().unwrap() = Some(account);
    }
}

impl Store for SpyStore {
    fn resolve(&self, name: Token) -> Reply<'_, Result<Option<Place>, StoreError>> {
        self.inner.resolve(name)
    }

    fn index(&self, entries: Vec<IndexEntry>) -> Reply<'_, Result<(), StoreError>> {
        self.inner.index(entries)
    }

    fn charge(&self, charge: ChargeWindows) -> Reply<'_, Result<Vec<Window>, StoreError>> {
        self.inner.charge(charge)
    }

    fn load(&self, mut load: Load) -> Reply<'_, Result<Loaded, StoreError>> {
        self.charged.lock().unwrap().extend(load.charges.iter().map(|charge| charge.before));
        if *self.broken.lock().unwrap() == Some(load.account) {
            return Box::pin(async { Err(StoreError::Damaged("as it was told".to_owned())) });
        }
        if !self.blind.load(Ordering::Relaxed) || load.reserve.take().is_none() {
            return self.inner.load(load);
        }
        Box::pin(async move {
            let loaded = self.inner.load(load).await?;
            Ok(Loaded { reservation: Reservation::Made, ..loaded })
        })
    }

    fn commit(&self, commit: Commit) -> Reply<'_, Result<Position, CommitError>> {
        self.inner.commit(commit)
    }

    fn record(&self, id: RecordId) -> Reply<'_, Result<Option<StoredRecord>, StoreError>> {
        self.inner.record(id)
    }

    fn journals(&self) -> u16 {
        self.inner.journals()
    }

    fn journal(&self, number: u16, after: u64, limit: usize) -> Reply<'_, Result<Vec<Journalled>, StoreError>> {
        self.inner.journal(number, after, limit)
    }

    fn epoch(&self) -> u64 {
        self.inner.epoch()
    }

    fn archived(&self, journal: u16) -> Reply<'_, Result<Option<ArchivedUpTo>, StoreError>> {
        self.inner.archived(journal)
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

    fn accounts(&self, after: Option<Token>, limit: usize) -> Reply<'_, Result<Vec<Token>, StoreError>> {
        self.inner.accounts(after, limit)
    }

    fn due(&self, until: DateTime<Utc>, limit: usize) -> Reply<'_, Result<Vec<DueEntry>, StoreError>> {
        self.inner.due(until, limit)
    }

    fn lease(&self, lease: LeaseRequest) -> Reply<'_, Result<Option<Fence>, StoreError>> {
        self.inner.lease(lease)
    }

    fn rows(
        &self,
        account: Token,
        after: Option<Slot>,
        limit: usize,
    ) -> Reply<'_, Result<Vec<(Slot, Row)>, StoreError>> {
        self.inner.rows(account, after, limit)
    }

    fn permits(&self, after: Option<u64>, limit: usize) -> Reply<'_, Result<Vec<PermitRow>, StoreError>> {
        self.inner.permits(after, limit)
    }

    fn reseal(&self, bodies: Vec<Reseal>) -> Reply<'_, Result<usize, StoreError>> {
        self.inner.reseal(bodies)
    }

    fn forget_key(&self, name: String) -> Reply<'_, Result<(), StoreError>> {
        self.inner.forget_key(name)
    }

    fn rings(&self) -> tokio::sync::broadcast::Receiver<Partition> {
        self.inner.rings()
    }

    fn health(&self) -> Result<(), StoreError> {
        self.inner.health()
    }
}
