//! Threads that read: what waits is read in one transaction, so that taking and leaving it is paid once.

use std::sync::{Arc, PoisonError};

use rusqlite::Connection;
use tokio::sync::mpsc;

use super::counters::PENDING_MAX;
use super::fault::Fault;
use super::group::Asker;
use super::loads::{self, Stop};
use super::lookup::Lookup;
use super::shared::{Sentinel, Shared};
use super::tables::{due, records};
use crate::crypto::Token;
use crate::domain::RecordId;
use crate::store::{DueEntry, Load, Loaded, Place, StoreError, StoredRecord};

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
    /// A record by its id.
    Record(RecordId, Asker<Result<Option<StoredRecord>, StoreError>>),
    /// What falls due: until when, in nanoseconds, and how many at most.
    Due(i64, usize, Asker<Result<Vec<DueEntry>, StoreError>>),
}

/// A reader, before and while it runs.
pub(super) struct Reader {
    /// Its connection.
    pub(super) db: Connection,
    /// What it shares.
    pub(super) shared: Arc<Shared>,
    /// What it is asked.
    pub(super) jobs: mpsc::Receiver<Job>,
    /// The writer, to be woken.
    pub(super) writer: mpsc::WeakSender<super::group::Job>,
}

impl Reader {
    /// Works until nobody can ask any more.
    pub(super) fn run(mut self) {
        let sentinel = Sentinel(Arc::clone(&self.shared));
        let mut jobs = Vec::with_capacity(BATCH_JOBS_MAX);
        while self.jobs.blocking_recv_many(&mut jobs, BATCH_JOBS_MAX) > 0 {
            let reading = self.shared.gate.read().unwrap_or_else(PoisonError::into_inner);
            match self.db.unchecked_transaction() {
                Ok(transaction) => {
                    for job in jobs.drain(..) {
                        self.carry_out(job);
                    }
                    // Nothing was written: dropping it is all there is to end it.
                    drop(transaction);
                }
                Err(error) => {
                    self.told(&Fault::from(error));
                    jobs.clear();
                }
            }
            drop(reading);
        }
        drop(sentinel);
    }

    /// Who asked may have gone away: that is no matter.
    fn carry_out(&self, job: Job) {
        let health = self.shared.check();
        match job {
            Job::Resolve(name, asker) => {
                drop(asker.send(health.and_then(|()| self.read(self.lookup().place(name)))));
            }
            Job::Load(load, asker) => drop(asker.send(health.and_then(|()| self.load(&load)))),
            Job::Record(id, asker) => drop(asker.send(health.and_then(|()| self.read(records::read(&self.db, id))))),
            Job::Due(until, limit, asker) => {
                drop(asker.send(health.and_then(|()| self.read(due::earliest(&self.db, until, limit)))));
            }
        }
    }

    fn lookup(&self) -> Lookup<'_> {
        Lookup { db: &self.db, shared: &self.shared, own: None }
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

    fn read<T>(&self, read: Result<T, Fault>) -> Result<T, StoreError> {
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
