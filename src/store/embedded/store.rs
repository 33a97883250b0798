//! The contract, kept by sending jobs to the threads that do them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;

use chrono::{DateTime, Utc};
use tokio::sync::{broadcast, mpsc, oneshot};

use super::check::Stop;
use super::counters::PENDING_MAX;
use super::folder::Folder;
use super::group::{Asker, Job};
use super::instant::nanos;
use super::loads::taken;
use super::open;
use super::options::{OpenError, OpenOptions};
use super::reader::{self, Reader};
use super::shared::Shared;
use crate::crypto::{Partition, Token};
use crate::domain::RecordId;
use crate::store::bounds::{check_index, check_journal, check_reseal, check_settle};
use crate::store::{
    ArchivedUpTo, Before, ChargeWindows, Commit, CommitError, DueEntry, Fence, Forget, IndexEntry, Journalled,
    LeaseRequest, Load, Loaded, PermitRow, Place, Position, ROWS_MAX, Reply, Reseal, Row, Settle, Slot, Store,
    StoreError, StoredRecord, Window,
};

/// The store inside the process.
///
/// Dropping it leaves the files as a crash would: nothing acknowledged is lost, and the next start checks them. Whoever
/// stops in good order calls [`EmbeddedStore::close`] first.
pub struct EmbeddedStore {
    shared: Arc<Shared>,
    // Dropped in this order: no more jobs, then the threads end, then the folder is free.
    writer: Option<mpsc::Sender<Job>>,
    readers: Vec<(Arc<Reader>, mpsc::Sender<reader::Job>)>,
    next_reader: AtomicUsize,
    /// A reader of its own for pages of the whole store: other reads do not wait behind them.
    pager: Option<mpsc::Sender<reader::Job>>,
    threads: Vec<JoinHandle<()>>,
    /// Which thread checks the files, and how it is stopped.
    check: Option<(usize, Stop)>,
    folder: Arc<Folder>,
}

/// What opening put together.
pub(super) struct Parts {
    pub(super) shared: Arc<Shared>,
    pub(super) writer: mpsc::Sender<Job>,
    pub(super) readers: Vec<(Arc<Reader>, mpsc::Sender<reader::Job>)>,
    pub(super) pager: mpsc::Sender<reader::Job>,
    pub(super) threads: Vec<JoinHandle<()>>,
    pub(super) check: Option<(usize, Stop)>,
    pub(super) folder: Arc<Folder>,
}

impl EmbeddedStore {
    /// Its folder.
    pub(super) fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Opens the store in its folder, or makes it there. Blocks while it reads what it needs: well under a second.
    pub fn open(options: &OpenOptions) -> Result<Self, OpenError> {
        let Parts { shared, writer, readers, pager, threads, check, folder } = open::open(options)?;
        let next_reader = AtomicUsize::new(0);
        let (writer, pager) = (Some(writer), Some(pager));
        Ok(Self { shared, writer, readers, next_reader, pager, threads, check, folder })
    }

    /// Finishes what was asked, moves the log into the database and marks the store closed in good order. Every later call
    /// is refused.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.write(Job::Close).await?
    }

    /// Changes something about the writer's connection, as no user can.
    #[cfg(test)]
    pub(super) async fn tamper(&self, tamper: fn(&rusqlite::Connection)) {
        let writer = self.writer.as_ref().unwrap();
        assert!(writer.send(Job::Tamper(tamper)).await.is_ok(), "the writer is gone");
    }

    /// Asks the writer, and waits for its answer.
    pub(super) async fn write<T>(&self, job: impl FnOnce(Asker<T>) -> Job) -> Result<T, StoreError> {
        self.shared.check()?;
        let (asker, answer) = oneshot::channel();
        let writer = self.writer.as_ref().ok_or_else(|| self.shared.gone())?;
        writer.send(job(asker)).await.map_err(|_| self.shared.gone())?;
        answer.await.map_err(|_| self.shared.gone())
    }

    /// Asks a reader, and waits for its answer.
    async fn read<T>(&self, job: impl FnOnce(Asker<T>) -> reader::Job) -> Result<T, StoreError> {
        self.shared.check()?;
        let (asker, answer) = oneshot::channel();
        let turn = self.next_reader.fetch_add(1, Ordering::Relaxed);
        let (reader, jobs) = self.readers.get(turn % self.readers.len().max(1)).ok_or_else(|| self.shared.gone())?;
        if let Err(job) = reader.at_once(job(asker)) {
            jobs.send(job).await.map_err(|_| self.shared.gone())?;
        }
        answer.await.map_err(|_| self.shared.gone())
    }

    /// Asks the reader of pages, and waits for its answer.
    pub(super) async fn page<T>(&self, job: impl FnOnce(Asker<T>) -> reader::Job) -> Result<T, StoreError> {
        self.shared.check()?;
        let (asker, answer) = oneshot::channel();
        let pager = self.pager.as_ref().ok_or_else(|| self.shared.gone())?;
        pager.send(job(asker)).await.map_err(|_| self.shared.gone())?;
        answer.await.map_err(|_| self.shared.gone())
    }

    async fn load_checked(&self, load: Load) -> Result<Loaded, StoreError> {
        load.check_bounds()?;
        self.shared.reached(load.at_least)?;
        if let Some(reserve) = &load.reserve
            && !self.shared.reservations().reserve(reserve)
        {
            return Ok(taken().loaded);
        }
        // INVARIANT (one-counter): a secret is looked at only after its charge is on the disk.
        let (load, must_last) = (Box::new(load), |charge: &crate::store::Charge| charge.before == Before::Look);
        if load.charges.iter().any(must_last) {
            self.write(|asker| Job::Load(load, asker)).await?
        } else {
            self.read(|asker| reader::Job::Load(load, asker)).await?
        }
    }

    async fn charge_checked(&self, charge: ChargeWindows) -> Result<Vec<Window>, StoreError> {
        charge.check_bounds()?;
        if charge.charges.iter().any(|charge| charge.before == Before::Look) {
            return self.write(|asker| Job::Charge(charge, asker)).await?;
        }
        self.shared.check()?;
        nanos(charge.now)?;
        let (windows, happened) = self.shared.charge(&charge)?;
        if !happened.is_empty() && self.shared.defer(happened) >= PENDING_MAX {
            // Full or gone: a group is coming anyway, or none ever will.
            let _ = self.writer.as_ref().map(|writer| writer.try_send(Job::Flush));
        }
        Ok(windows)
    }
}

impl Store for EmbeddedStore {
    fn resolve(&self, name: Token) -> Reply<'_, Result<Option<Place>, StoreError>> {
        Box::pin(async move { self.read(|asker| reader::Job::Resolve(name, asker)).await? })
    }

    fn index(&self, entries: Vec<IndexEntry>) -> Reply<'_, Result<(), StoreError>> {
        Box::pin(async move {
            check_index(&entries)?;
            self.write(|asker| Job::Index(entries, asker)).await?
        })
    }

    fn charge(&self, charge: ChargeWindows) -> Reply<'_, Result<Vec<Window>, StoreError>> {
        Box::pin(self.charge_checked(charge))
    }

    fn settle(&self, settled: Vec<Settle>) -> Reply<'_, Result<(), StoreError>> {
        Box::pin(async move {
            check_settle(&settled)?;
            self.shared.check()?;
            self.shared.settle(&settled);
            Ok(())
        })
    }

    fn load(&self, load: Load) -> Reply<'_, Result<Loaded, StoreError>> {
        Box::pin(self.load_checked(load))
    }

    fn commit(&self, commit: Commit) -> Reply<'_, Result<Position, CommitError>> {
        Box::pin(async move {
            commit.check_bounds()?;
            if let Some(claim) = &commit.claim
                && !self.shared.reservations().reserve(&claim.reserve)
            {
                return Err(CommitError::Taken);
            }
            self.write(|asker| Job::Commit(Box::new(commit), asker)).await?
        })
    }

    fn record(&self, id: RecordId) -> Reply<'_, Result<Option<StoredRecord>, StoreError>> {
        Box::pin(async move { self.read(|asker| reader::Job::Record(id, asker)).await? })
    }

    /// One: there is one writer.
    fn journals(&self) -> u16 {
        1
    }

    fn journal_of(&self, _: Partition) -> u16 {
        0
    }

    /// One process owns its folder.
    fn is_shared(&self) -> bool {
        false
    }

    fn journal(&self, number: u16, after: u64, limit: usize) -> Reply<'_, Result<Vec<Journalled>, StoreError>> {
        Box::pin(async move {
            check_journal(number, self.journals())?;
            self.page(|asker| reader::Job::Journal(after, limit.clamp(1, ROWS_MAX), asker)).await?
        })
    }

    fn accounts(&self, after: Option<Token>, limit: usize) -> Reply<'_, Result<Vec<Token>, StoreError>> {
        Box::pin(async move { self.page(|asker| reader::Job::Accounts(after, limit.clamp(1, ROWS_MAX), asker)).await? })
    }

    fn epoch(&self) -> u64 {
        self.shared.epoch()
    }

    fn archived(&self, journal: u16) -> Reply<'_, Result<Option<ArchivedUpTo>, StoreError>> {
        Box::pin(async move {
            check_journal(journal, self.journals())?;
            self.read(reader::Job::Archived).await?
        })
    }

    fn forget(&self, forget: Forget) -> Reply<'_, Result<usize, StoreError>> {
        Box::pin(async move {
            forget.check_bounds()?;
            check_journal(forget.journal, self.journals())?;
            self.write(|asker| Job::Forget(forget, asker)).await?
        })
    }

    fn due(&self, until: DateTime<Utc>, limit: usize) -> Reply<'_, Result<Vec<DueEntry>, StoreError>> {
        Box::pin(async move {
            let until = nanos(until)?;
            self.read(|asker| reader::Job::Due(until, limit.min(ROWS_MAX), asker)).await?
        })
    }

    fn lease(&self, lease: LeaseRequest) -> Reply<'_, Result<Option<Fence>, StoreError>> {
        Box::pin(async move {
            lease.check_bounds()?;
            self.write(|asker| Job::Lease(lease, asker)).await?
        })
    }

    fn rows(
        &self,
        account: Token,
        after: Option<Slot>,
        limit: usize,
    ) -> Reply<'_, Result<Vec<(Slot, Row)>, StoreError>> {
        let limit = limit.clamp(1, ROWS_MAX);
        Box::pin(async move { self.page(|asker| reader::Job::Rows(account, after, limit, asker)).await? })
    }

    fn permits(&self, after: Option<u64>, limit: usize) -> Reply<'_, Result<Vec<PermitRow>, StoreError>> {
        Box::pin(async move { self.page(|asker| reader::Job::Permits(after, limit.clamp(1, ROWS_MAX), asker)).await? })
    }

    fn reseal(&self, bodies: Vec<Reseal>) -> Reply<'_, Result<usize, StoreError>> {
        Box::pin(async move {
            check_reseal(&bodies)?;
            self.write(|asker| Job::Reseal(bodies, asker)).await?
        })
    }

    fn forget_key(&self, name: String) -> Reply<'_, Result<(), StoreError>> {
        Box::pin(async move { self.write(|asker| Job::ForgetKey(name, asker)).await? })
    }

    fn rings(&self) -> broadcast::Receiver<Partition> {
        self.shared.listen()
    }

    fn health(&self) -> Result<(), StoreError> {
        self.shared.check()
    }
}

impl Drop for EmbeddedStore {
    fn drop(&mut self) {
        self.writer = None;
        self.readers.clear();
        self.pager = None;
        if let Some((thread, stop)) = &self.check {
            stop.stop(|| self.threads.get(*thread).is_none_or(JoinHandle::is_finished));
        }
        for thread in self.threads.drain(..) {
            // One that panicked has told so itself.
            let _ = thread.join();
        }
    }
}
