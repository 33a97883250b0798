//! The one thread that writes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::mpsc;

use super::checkpoint::{Checkpoints, mark_clean};
use super::fault::Fault;
use super::folder::{Acknowledged, Folder};
use super::group::{Asker, Group, Job, State};
use super::housekeeping::Housekeeping;
use super::merge::Merger;
use super::shared::{Sentinel, Shared};
use crate::store::StoreError;

/// Jobs of one group. More would not save much of an fsync, and the first would wait for the last.
pub(super) const GROUP_JOBS_MAX: usize = 256;

/// Jobs that may wait for the writer. Whoever comes then waits to be let in.
pub(super) const QUEUE_JOBS_MAX: usize = 1_024;

/// How often the free disk is asked for.
const DISK_CHECK: Duration = Duration::from_secs(1);

/// The writer, before and while it runs.
pub(super) struct Writer {
    /// Its connection.
    pub(super) db: Connection,
    /// What it shares.
    pub(super) shared: Arc<Shared>,
    /// The folder.
    pub(super) folder: Arc<Folder>,
    /// Where it writes how far it has answered.
    pub(super) acknowledged: Acknowledged,
    /// Who moves the log into the database.
    pub(super) checkpoints: Checkpoints,
    /// Merges fresh names into their tables.
    pub(super) merger: Merger,
    /// How many names the last group put.
    pub(super) named: usize,
    /// Forgets what is old.
    pub(super) housekeeping: Housekeeping,
    /// How far the store has come.
    pub(super) state: State,
    /// Below this many free bytes only protection is turned up.
    pub(super) disk_reserve_bytes: u64,
    /// What it is asked.
    pub(super) jobs: mpsc::Receiver<Job>,
}

impl Writer {
    /// Works until nobody can ask any more, or it is closed.
    pub(super) fn run(mut self) {
        let sentinel = Sentinel(Arc::clone(&self.shared));
        let mut jobs = Vec::with_capacity(GROUP_JOBS_MAX);
        let mut disk_checked: Option<Instant> = None;
        while self.jobs.blocking_recv_many(&mut jobs, GROUP_JOBS_MAX) > 0 {
            if self.shared.check().is_err() {
                // Dropped unanswered: who asked is told why.
                jobs.clear();
                continue;
            }
            let started = Instant::now();
            if disk_checked.is_none_or(|checked| started.duration_since(checked) >= DISK_CHECK) {
                disk_checked = Some(started);
                self.check_disk();
            }
            let closing = jobs.iter().any(|job| matches!(job, Job::Close(_)));
            let size = jobs.len();
            self.group(&mut jobs);
            self.shared.observer.group(size, started.elapsed().as_secs_f64());
            if closing {
                break;
            }
            if let Err(fault) = self.checkpoints.after_group(&self.db, &self.shared) {
                self.shared.fail(fault.told());
            }
        }
        drop(sentinel);
    }

    /// One transaction for all the jobs.
    fn group(&mut self, jobs: &mut Vec<Job>) {
        let mut closers = Vec::new();
        let mut group = Group::new(&self.db, &self.shared, self.state);
        let upkeep = |state: &mut State| {
            self.housekeeping.turn(&self.db, &self.shared, state)?;
            self.merger.turn(&self.db, &self.shared, &mut state.fresh_log, self.named)
        };
        if let Err(fault) = transact(&self.db, &mut group, upkeep, jobs, &mut closers, &self.acknowledged) {
            // Before those who asked are told that there is no answer: they look for the reason.
            self.shared.fail(fault.told());
            jobs.clear();
            return;
        }
        (self.state, self.named) = (group.state, group.named());
        group.answer();
        self.close(closers);
    }

    /// Closes the store in good order, if anybody asked for it.
    fn close(&self, closers: Vec<Asker<Result<(), StoreError>>>) {
        if closers.is_empty() {
            return;
        }
        let closed = mark_clean(&self.db, &self.shared).map_err(|fault| fault.told());
        self.shared.fail(StoreError::Unavailable("the store is closed".into()));
        for closer in closers {
            drop(closer.send(closed.clone()));
        }
    }

    fn check_disk(&mut self) {
        // A disk that does not tell has no room.
        let free = self.folder.free_bytes().unwrap_or(0);
        self.state.below_reserve = free < self.disk_reserve_bytes;
    }
}

/// Carries the jobs out and commits what they wrote.
///
/// INVARIANT (answer-is-record): answers leave only after this, and this returns only after the fsync.
fn transact(
    db: &Connection,
    group: &mut Group<'_>,
    upkeep: impl FnOnce(&mut State) -> Result<(), Fault>,
    jobs: &mut Vec<Job>,
    closers: &mut Vec<Asker<Result<(), StoreError>>>,
    acknowledged: &Acknowledged,
) -> Result<(), Fault> {
    let transaction = db.unchecked_transaction()?;
    upkeep(&mut group.state)?;
    group.begin()?;
    jobs.reverse();
    while let Some(job) = jobs.pop() {
        match job {
            Job::Close(asker) => closers.push(asker),
            job => group.carry_out(job)?,
        }
    }
    let written = group.finish()?;
    transaction.commit()?;
    if written {
        acknowledged.write(group.state.groups)?;
    }
    Ok(())
}
