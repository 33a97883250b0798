//! One group of jobs: one transaction, one fsync.
//!
//! Jobs are carried out in the order they came, each seeing what those before it wrote. A commit whose expectations do not
//! hold writes nothing, and the others stand. No answer leaves before the transaction is on the disk.

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::fault::Fault;
use super::instant::nanos;
use super::loads::{self, Stop};
use super::plan::{self, Standing};
use super::shared::Shared;
use super::tables::journal::{self, Happened};
use super::tables::{directory, leases, requests};
use crate::crypto::{Partition, Token};
use crate::store::{
    ChargeWindows, Commit, CommitError, Fence, IndexEntry, LeaseRequest, Load, Loaded, Position, StoreError, Window,
    WindowKey,
};

/// Where an answer goes. Who asked may have gone away: the job is done all the same.
pub(super) type Asker<T> = oneshot::Sender<T>;

/// What the writer is asked to do.
pub(super) enum Job {
    /// Commit.
    Commit(Box<Commit>, Asker<Result<Position, CommitError>>),
    /// Load, with charges that must be durable first.
    Load(Box<Load>, Asker<Result<Loaded, StoreError>>),
    /// Charge windows.
    Charge(ChargeWindows, Asker<Result<Vec<Window>, StoreError>>),
    /// Point names at places.
    Index(Vec<IndexEntry>, Asker<Result<(), StoreError>>),
    /// Take a lease.
    Lease(LeaseRequest, Asker<Result<Option<Fence>, StoreError>>),
    /// Journal what waits to be journalled.
    Flush,
    /// Finish: nothing comes after.
    Close(Asker<Result<(), StoreError>>),
}

/// What the writer knows of the store between groups.
#[derive(Debug, Clone, Copy)]
pub(super) struct State {
    /// Groups committed.
    pub(super) groups: u64,
    /// The last position taken.
    pub(super) seq: u64,
    /// The highest instant committed, in nanoseconds.
    pub(super) highest: Option<i64>,
    /// The number of the journal's first entry, or a lower one.
    pub(super) journal_first: i64,
    /// The number of the journal's next entry.
    pub(super) journal_next: i64,
    /// Whether the disk reserve is reached.
    pub(super) below_reserve: bool,
}

/// An answer that waits for the fsync.
enum Answer {
    Commit(Asker<Result<Position, CommitError>>, Result<Position, CommitError>),
    Load(Asker<Result<Loaded, StoreError>>, Result<Loaded, StoreError>),
    Windows(Asker<Result<Vec<Window>, StoreError>>, Result<Vec<Window>, StoreError>),
    Index(Asker<Result<(), StoreError>>, Result<(), StoreError>),
    Lease(Asker<Result<Option<Fence>, StoreError>>, Result<Option<Fence>, StoreError>),
}

impl Answer {
    fn send(self) {
        match self {
            Self::Commit(asker, answer) => drop(asker.send(answer)),
            Self::Load(asker, answer) => drop(asker.send(answer)),
            Self::Windows(asker, answer) => drop(asker.send(answer)),
            Self::Index(asker, answer) => drop(asker.send(answer)),
            Self::Lease(asker, answer) => drop(asker.send(answer)),
        }
    }
}

/// A group under way.
pub(super) struct Group<'a> {
    db: &'a Connection,
    shared: &'a Shared,
    /// The state as this group has made it so far.
    pub(super) state: State,
    written: bool,
    answers: Vec<Answer>,
    released: Vec<Token>,
    settled: Vec<(WindowKey, Token)>,
    rung: Vec<Partition>,
}

impl<'a> Group<'a> {
    /// Before its first job, inside a transaction. Charges that waited for a commit go first: they were made before any
    /// job of this group that settles them.
    pub(super) fn begin(db: &'a Connection, shared: &'a Shared, state: State) -> Result<Self, Fault> {
        let mut group = Self {
            db,
            shared,
            state,
            written: false,
            answers: Vec::new(),
            released: Vec::new(),
            settled: Vec::new(),
            rung: Vec::new(),
        };
        let pending = shared.counters().take_pending();
        group.journal(pending)?;
        Ok(group)
    }

    /// Carries a job out.
    pub(super) fn carry_out(&mut self, job: Job) -> Result<(), Fault> {
        match job {
            Job::Commit(commit, asker) => {
                let answer = told(self.commit(*commit))?;
                self.answers.push(Answer::Commit(asker, answer));
            }
            Job::Load(load, asker) => {
                let answer = told(self.load(&load))?;
                self.answers.push(Answer::Load(asker, answer));
            }
            Job::Charge(charge, asker) => {
                let answer = told(self.charge(&charge))?;
                self.answers.push(Answer::Windows(asker, answer));
            }
            Job::Index(entries, asker) => {
                let answer = told(self.index(&entries))?;
                self.answers.push(Answer::Index(asker, answer));
            }
            Job::Lease(request, asker) => {
                let answer = told(self.lease(&request))?;
                self.answers.push(Answer::Lease(asker, answer));
            }
            Job::Flush | Job::Close(_) => {}
        }
        Ok(())
    }

    /// After its last job: writes down how far the store has come. Whether there is anything to commit.
    pub(super) fn finish(&mut self) -> Result<bool, Fault> {
        if self.written {
            self.state.groups = self.state.groups.saturating_add(1);
            let State { groups, seq, highest, .. } = self.state;
            self.db.prepare_cached("UPDATE meta SET groups = ?1, seq = ?2, highest = ?3")?.execute((
                groups.cast_signed(),
                seq.cast_signed(),
                highest,
            ))?;
        }
        Ok(self.written)
    }

    /// After the fsync: what memory holds follows the disk, and the answers leave.
    pub(super) fn answer(self) {
        if !self.settled.is_empty() {
            let mut counters = self.shared.counters();
            for (window, attempt) in self.settled {
                counters.settle(window, attempt);
            }
        }
        if !self.released.is_empty() {
            let mut reservations = self.shared.reservations();
            for request in self.released {
                reservations.release(request);
            }
        }
        self.shared.advance(self.state.seq);
        for partition in self.rung {
            self.shared.ring(partition);
        }
        for answer in self.answers {
            answer.send();
        }
    }

    fn commit(&mut self, commit: Commit) -> Result<Position, Stop<CommitError>> {
        let standing = Standing { highest: self.state.highest, below_reserve: self.state.below_reserve };
        let plan = match plan::check(self.db, &standing, &commit) {
            Err(Stop::Told(told @ (CommitError::Taken | CommitError::Answered(_)))) => {
                // The tables know this key: what memory says of it was reserved too late.
                self.released.extend(commit.claim.map(|claim| claim.reserve.request));
                return Err(Stop::Told(told));
            }
            checked => checked?,
        };
        self.written = true;
        let written = plan::write(self.db, &plan, &commit, self.state.seq, &mut self.state.journal_next)?;
        self.state.seq = written.seq;
        self.state.highest = self.state.highest.max(Some(written.now));
        let partition = commit.account.partition();
        if let Some(claim) = commit.claim {
            let request = claim.reserve.request;
            self.released.push(request);
            self.settled.extend(commit.settle.iter().map(|token| (WindowKey { partition, token: *token }, request)));
        }
        self.rung.push(partition);
        Ok(self.shared.position(partition, written.seq))
    }

    fn load(&mut self, load: &Load) -> Result<Loaded, Stop<StoreError>> {
        let now = nanos(load.now).map_err(Stop::Told)?;
        let done = loads::load(self.db, self.shared, load)?;
        if let (Some(key), Some(reserve)) = (done.reserve_at, &load.reserve) {
            self.written = true;
            requests::insert(self.db, key, reserve, None, now)?;
        }
        self.journal(done.happened)?;
        Ok(done.loaded)
    }

    fn charge(&mut self, charge: &ChargeWindows) -> Result<Vec<Window>, Stop<StoreError>> {
        nanos(charge.now).map_err(Stop::Told)?;
        let (windows, happened) = self.shared.charge(charge).map_err(Stop::Told)?;
        self.journal(happened)?;
        Ok(windows)
    }

    fn index(&mut self, entries: &[IndexEntry]) -> Result<(), Stop<StoreError>> {
        for entry in entries {
            self.written = true;
            if !directory::put(self.db, entry)? {
                return Err(loads::no_room());
            }
        }
        Ok(())
    }

    fn lease(&mut self, request: &LeaseRequest) -> Result<Option<Fence>, Stop<StoreError>> {
        let wish = leases::Wish {
            name: &request.name,
            holder: request.holder,
            now: nanos(request.now).map_err(Stop::Told)?,
            until: nanos(request.until).map_err(Stop::Told)?,
        };
        let fence = leases::take(self.db, &wish)?;
        self.written |= fence.is_some();
        Ok(fence)
    }

    fn journal(&mut self, happened: Vec<Happened>) -> Result<(), Fault> {
        for happened in happened {
            self.written = true;
            journal::append(self.db, self.state.journal_next, happened)?;
            self.state.journal_next = self.state.journal_next.saturating_add(1);
        }
        Ok(())
    }
}

/// A refusal is an answer like any other; a fault ends the group.
fn told<T, E>(done: Result<T, Stop<E>>) -> Result<Result<T, E>, Fault> {
    match done {
        Ok(value) => Ok(Ok(value)),
        Err(Stop::Told(error)) => Ok(Err(error)),
        Err(Stop::Fault(fault)) => Err(fault),
    }
}
