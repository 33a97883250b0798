//! Threads that read: what waits is read in one transaction, so that taking and leaving it is paid once.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::mpsc;

use super::counters::PENDING_MAX;
use super::fault::Fault;
use super::group::Asker;
use super::loads::{self, Stop};
use super::lookup::Lookup;
use super::moving;
use super::shared::{Sentinel, Shared};
use super::tables::rows::Numbered;
use super::tables::{archived, due, records, sealed};
use crate::crypto::Token;
use crate::domain::RecordId;
use crate::store::{
    ArchivedUpTo, DueEntry, Journalled, Load, Loaded, PermitRow, Place, Row, Slot, StoreError, StoredRecord,
};

/// How many threads read.
pub(super) const READERS: usize = 2;

/// Jobs read in one transaction.
const BATCH_JOBS_MAX: usize = 64;

/// Jobs that may wait for one reader. Whoever comes then waits to be let in.
pub(super) const QUEUE_JOBS_MAX: usize = 1_024;

/// What a reader is asked.
pub(super) enum Job {
    /// Where a name leads.
    Resolve(Token, Asker<Result<Option<Place>, StoreError>>),
    /// Load, without charges that must be durable first.
    Load(Box<Load>, Asker<Result<Loaded, StoreError>>),
    /// How far records were taken out.
    Archived(Asker<Result<Option<ArchivedUpTo>, StoreError>>),
    /// A record by its id.
    Record(RecordId, Asker<Result<Option<StoredRecord>, StoreError>>),
    /// What falls due: until when, in nanoseconds, and how many at most.
    Due(i64, usize, Asker<Result<Vec<DueEntry>, StoreError>>),
    /// Records after a place of the order, and how many at most.
    Journal(u64, usize, Asker<Result<Vec<Journalled>, StoreError>>),
    /// Accounts after one, and how many at most.
    Accounts(Option<Token>, usize, Asker<Result<Vec<Token>, StoreError>>),
    /// Rows of an account after a slot, and how many at most.
    Rows(Token, Option<Slot>, usize, Asker<Result<Vec<(Slot, Row)>, StoreError>>),
    /// Permits after a place, and how many at most.
    Permits(Option<u64>, usize, Asker<Result<Vec<PermitRow>, StoreError>>),
    /// What only who carries the store away asks.
    Moving(moving::Read),
}

/// A read on the asker's own thread that takes longer than this is a slow one: a cold page, a slow disk, a busy machine.
const SLOW: Duration = Duration::from_millis(1);

/// After a slow read, all reads are left to the threads for so long.
const WARY: Duration = Duration::from_millis(100);

/// A reader: its thread, and whoever finds it free, reads through it.
pub(super) struct Reader {
    desk: Mutex<Desk>,
    shared: Arc<Shared>,
    /// Until when nobody reads on a thread of their own, in milliseconds since `started`.
    wary_until: AtomicU64,
    started: Instant,
}

impl Reader {
    /// Over a connection. `writer` is woken when charges wait to be journalled.
    pub(super) fn new(db: Connection, shared: Arc<Shared>, writer: mpsc::WeakSender<super::group::Job>) -> Self {
        let desk = Mutex::new(Desk { db, shared: Arc::clone(&shared), writer });
        Self { desk, shared, wary_until: AtomicU64::new(0), started: Instant::now() }
    }

    /// Works until nobody can ask any more.
    pub(super) fn run(&self, mut asked: mpsc::Receiver<Job>) {
        let sentinel = Sentinel(Arc::clone(&self.shared));
        let mut jobs = Vec::with_capacity(BATCH_JOBS_MAX);
        while asked.blocking_recv_many(&mut jobs, BATCH_JOBS_MAX) > 0 {
            let reading = self.shared.gate.read().unwrap_or_else(PoisonError::into_inner);
            self.desk.lock().unwrap_or_else(PoisonError::into_inner).carry_out(jobs.drain(..));
            drop(reading);
        }
        drop(sentinel);
    }

    /// Carries a job out on this thread, if nobody reads here now and reads have been quick: waking the reader's thread and
    /// being woken by it takes longer than most reads. Otherwise the job comes back.
    pub(super) fn at_once(&self, job: Job) -> Result<(), Job> {
        let since_start = |at: Instant| u64::try_from(at.duration_since(self.started).as_millis()).unwrap_or(u64::MAX);
        let began = Instant::now();
        if since_start(began) < self.wary_until.load(Ordering::Relaxed) {
            return Err(job);
        }
        let (Ok(desk), Ok(_reading)) = (self.desk.try_lock(), self.shared.gate.try_read()) else { return Err(job) };
        desk.carry_out(std::iter::once(job));
        let ended = Instant::now();
        if ended.duration_since(began) > SLOW {
            self.wary_until.store(since_start(ended + WARY), Ordering::Relaxed);
        }
        Ok(())
    }
}

/// What one reads with.
pub(super) struct Desk {
    db: Connection,
    shared: Arc<Shared>,
    writer: mpsc::WeakSender<super::group::Job>,
}

impl Desk {
    /// All the jobs in one transaction. Jobs dropped unanswered tell their askers that there is no answer.
    fn carry_out(&self, jobs: impl Iterator<Item = Job>) {
        match self.db.unchecked_transaction() {
            Ok(transaction) => {
                for job in jobs {
                    self.answer(job);
                }
                // Nothing was written: dropping it is all there is to end it.
                drop(transaction);
            }
            Err(error) => {
                self.told(&Fault::from(error));
                drop(jobs.collect::<Vec<_>>());
            }
        }
    }

    /// Who asked may have gone away: that is no matter.
    fn answer(&self, job: Job) {
        let health = self.shared.check();
        match job {
            Job::Resolve(name, asker) => {
                drop(asker.send(health.and_then(|()| self.read(self.lookup().place(name)))));
            }
            Job::Load(load, asker) => drop(asker.send(health.and_then(|()| self.load(&load)))),
            Job::Archived(asker) => drop(asker.send(health.and_then(|()| self.read(archived::up_to(&self.db))))),
            Job::Record(id, asker) => drop(asker.send(health.and_then(|()| self.read(records::read(&self.db, id))))),
            Job::Due(until, limit, asker) => {
                drop(asker.send(health.and_then(|()| self.read(due::earliest(&self.db, until, limit)))));
            }
            Job::Journal(after, limit, asker) => {
                drop(asker.send(health.and_then(|()| self.read(records::after(&self.db, after, limit)))));
            }
            Job::Accounts(after, limit, asker) => {
                drop(asker.send(health.and_then(|()| self.read(self.lookup().accounts(after, limit)))));
            }
            Job::Rows(account, after, limit, asker) => {
                drop(asker.send(health.and_then(|()| self.read(self.rows(account, after, limit)))));
            }
            Job::Permits(after, limit, asker) => {
                drop(asker.send(health.and_then(|()| self.read(sealed::permits_after(&self.db, after, limit)))));
            }
            Job::Moving(read) => read.answer(health, self),
        }
    }

    pub(super) fn lookup(&self) -> Lookup<'_> {
        Lookup { db: &self.db, shared: &self.shared, own: None }
    }

    fn rows(&self, account: Token, after: Option<Slot>, limit: usize) -> Result<Vec<(Slot, Row)>, Fault> {
        match self.lookup().account(account)? {
            Some(number) => sealed::rows_after(&self.db, Numbered { account, number }, after, limit),
            None => Ok(Vec::new()),
        }
    }

    fn load(&self, load: &Load) -> Result<Loaded, StoreError> {
        match loads::load(self.lookup(), load) {
            Ok(done) => {
                if !done.happened.is_empty() {
                    self.defer(done.happened);
                }
                Ok(done.loaded)
            }
            Err(Stop::Told(error)) => Err(error),
            Err(Stop::Fault(fault)) => Err(self.told(&fault)),
        }
    }

    fn defer(&self, happened: Vec<super::tables::journal::Happened>) {
        let waiting = self.shared.defer(happened);
        if waiting >= PENDING_MAX
            && let Some(writer) = self.writer.upgrade()
        {
            // Full: a group is coming anyway.
            let _ = writer.try_send(super::group::Job::Flush);
        }
    }

    pub(super) fn read<T>(&self, read: Result<T, Fault>) -> Result<T, StoreError> {
        read.map_err(|fault| self.told(&fault))
    }

    /// Damage that a reader meets ends the store's service; a read that failed for now does not.
    fn told(&self, fault: &Fault) -> StoreError {
        let error = fault.told();
        if fault.is_damage() {
            self.shared.fail(error.clone());
        }
        error
    }
}
