//! One group of jobs: one transaction, one fsync.
//!
//! Jobs are carried out in the order they came, each seeing what those before it wrote. A commit whose expectations do not
//! hold writes nothing, and the others stand. No answer leaves before the transaction is on the disk.

use std::sync::PoisonError;

use chrono::{DateTime, Utc};
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::fault::Fault;
use super::instant::nanos;
use super::layout::AccountNumber;
use super::loads::{self, Stop};
use super::lookup::Lookup;
use super::names::{KeptRequest, Named, Names};
use super::plan::{self, Standing};
use super::schema;
use super::shared::Shared;
use super::tables::journal::{self, Happened};
use super::tables::rows::Numbered;
use super::tables::{archived, fresh, leases, sealed};
use crate::crypto::{Partition, Token};
use crate::store::{
    ChargeWindows, Commit, CommitError, Fence, Filling, Forget, IndexEntry, LeaseRequest, Load, Loaded, Position,
    Reseal, SealedAt, StoreError, Window, WindowKey,
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
    /// Take old records out.
    Forget(Forget, Asker<Result<usize, StoreError>>),
    /// Take a lease.
    Lease(LeaseRequest, Asker<Result<Option<Fence>, StoreError>>),
    /// Put bodies in the place of what they were made of.
    Reseal(Vec<Reseal>, Asker<Result<usize, StoreError>>),
    /// Forget the mark of a key.
    ForgetKey(String, Asker<Result<(), StoreError>>),
    /// Put what another store kept.
    Fill(Box<Filling>, Asker<Result<(), StoreError>>),
    /// Be a store like any other from now on; that is the highest instant of the one it was filled from.
    Complete(Option<DateTime<Utc>>, Asker<Result<(), StoreError>>),
    /// Journal what waits to be journalled.
    Flush,
    /// Change something about the connection, as no user can.
    #[cfg(test)]
    Tamper(fn(&Connection)),
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
    /// The numbers of the first entry of the log of fresh names, and of the next.
    pub(super) fresh_log: (i64, i64),
    /// The number that the next new account gets.
    pub(super) next_account: u64,
    /// Whether the disk reserve is reached.
    pub(super) below_reserve: bool,
}

/// An answer that waits for the fsync.
enum Answer {
    Commit(Asker<Result<Position, CommitError>>, Result<Position, CommitError>),
    Load(Asker<Result<Loaded, StoreError>>, Result<Loaded, StoreError>),
    Windows(Asker<Result<Vec<Window>, StoreError>>, Result<Vec<Window>, StoreError>),
    Done(Asker<Result<(), StoreError>>, Result<(), StoreError>),
    Forget(Asker<Result<usize, StoreError>>, Result<usize, StoreError>),
    Lease(Asker<Result<Option<Fence>, StoreError>>, Result<Option<Fence>, StoreError>),
    Reseal(Asker<Result<usize, StoreError>>, Result<usize, StoreError>),
}

impl Answer {
    fn send(self) {
        match self {
            Self::Commit(asker, answer) => drop(asker.send(answer)),
            Self::Load(asker, answer) => drop(asker.send(answer)),
            Self::Windows(asker, answer) => drop(asker.send(answer)),
            Self::Done(asker, answer) => drop(asker.send(answer)),
            Self::Forget(asker, answer) => drop(asker.send(answer)),
            Self::Lease(asker, answer) => drop(asker.send(answer)),
            Self::Reseal(asker, answer) => drop(asker.send(answer)),
        }
    }
}

/// A group under way.
pub(super) struct Group<'a> {
    pub(super) db: &'a Connection,
    pub(super) shared: &'a Shared,
    /// The state as this group has made it so far.
    pub(super) state: State,
    pub(super) written: bool,
    own: Names,
    named: Vec<Named>,
    answers: Vec<Answer>,
    released: Vec<Token>,
    settled: Vec<(WindowKey, Token)>,
    rung: Vec<Partition>,
}

impl<'a> Group<'a> {
    /// Before its transaction.
    pub(super) fn new(db: &'a Connection, shared: &'a Shared, state: State) -> Self {
        Self {
            db,
            shared,
            state,
            written: false,
            own: Names::default(),
            named: Vec::new(),
            answers: Vec::new(),
            released: Vec::new(),
            settled: Vec::new(),
            rung: Vec::new(),
        }
    }

    /// Before its first job. Charges that waited for a commit go first: they were made before any job of this group that
    /// settles them.
    pub(super) fn begin(&mut self) -> Result<(), Fault> {
        let pending = self.shared.counters().take_pending();
        self.journal(pending)
    }

    /// Carries a job out.
    pub(super) fn carry_out(&mut self, job: Job) -> Result<(), Fault> {
        match job {
            Job::Commit(commit, asker) => {
                let answer = self.commit(*commit);
                let answer = self.told(answer)?;
                self.answers.push(Answer::Commit(asker, answer));
            }
            Job::Load(load, asker) => {
                let answer = self.load(&load);
                let answer = self.told(answer)?;
                self.answers.push(Answer::Load(asker, answer));
            }
            Job::Charge(charge, asker) => {
                let answer = self.charge(&charge);
                let answer = self.told(answer)?;
                self.answers.push(Answer::Windows(asker, answer));
            }
            Job::Index(entries, asker) => {
                self.index(&entries);
                self.answers.push(Answer::Done(asker, Ok(())));
            }
            Job::Forget(forget, asker) => {
                let answer = archived::forget(self.db, &forget).map_err(Stop::Fault);
                let answer = self.told::<_, StoreError>(answer)?;
                self.written |= answer.is_ok();
                self.answers.push(Answer::Forget(asker, answer));
            }
            Job::Lease(request, asker) => {
                let answer = self.lease(&request);
                let answer = self.told(answer)?;
                self.answers.push(Answer::Lease(asker, answer));
            }
            Job::Reseal(bodies, asker) => {
                let answer = self.reseal(&bodies);
                let answer = self.told(answer)?;
                self.answers.push(Answer::Reseal(asker, answer));
            }
            Job::ForgetKey(name, asker) => {
                let forgotten = schema::forget_key(self.db, &name).map_err(Stop::<StoreError>::Fault);
                // A fault alone can go wrong here, and it ends the group.
                let _ = self.told(forgotten)?;
                self.written = true;
                self.answers.push(Answer::Done(asker, Ok(())));
            }
            Job::Fill(filling, asker) => {
                let answer = self.fill(&filling);
                let answer = self.told(answer)?;
                self.answers.push(Answer::Done(asker, answer));
            }
            Job::Complete(highest, asker) => {
                let answer = self.complete(highest);
                let answer = self.told(answer)?;
                self.answers.push(Answer::Done(asker, answer));
            }
            #[cfg(test)]
            Job::Tamper(tamper) => tamper(self.db),
            Job::Flush | Job::Close(_) => {}
        }
        Ok(())
    }

    /// After its last job: writes down how far the store has come. Whether there is anything to commit.
    pub(super) fn finish(&mut self) -> Result<bool, Fault> {
        if !self.named.is_empty() {
            fresh::append(self.db, self.state.fresh_log.1, &self.named)?;
            self.state.fresh_log.1 = self.state.fresh_log.1.saturating_add(1);
        }
        if self.written {
            self.state.groups = self.state.groups.saturating_add(1);
            let State { groups, seq, highest, next_account, .. } = self.state;
            self.db.prepare_cached("UPDATE meta SET groups = ?1, seq = ?2, highest = ?3, accounts = ?4")?.execute((
                groups.cast_signed(),
                seq.cast_signed(),
                highest,
                next_account.cast_signed(),
            ))?;
        }
        Ok(self.written)
    }

    /// How many names it put.
    pub(super) const fn named(&self) -> usize {
        self.named.len()
    }

    /// After the fsync: what memory holds follows the disk, and the answers leave.
    ///
    /// Names are told of before charges are settled: see [`loads`].
    pub(super) fn answer(self) {
        if !self.named.is_empty() {
            self.shared.recent.write().unwrap_or_else(PoisonError::into_inner).publish(self.named);
        }
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

    /// Where this group looks names up: its own first.
    pub(super) const fn lookup(&self) -> Lookup<'_> {
        Lookup { db: self.db, shared: self.shared, own: Some(&self.own) }
    }

    fn put(&mut self, named: Named) {
        self.written = true;
        self.own.put(named);
        self.named.push(named);
    }

    fn commit(&mut self, commit: Commit) -> Result<Position, Stop<CommitError>> {
        let State { highest, below_reserve, next_account, .. } = self.state;
        let standing = Standing { highest, below_reserve, next_account: AccountNumber::new(next_account) };
        let plan = match plan::check(self.lookup(), &standing, &commit) {
            Err(Stop::Told(told @ (CommitError::Taken | CommitError::Answered(_)))) => {
                // The tables know this key: what memory says of it was reserved too late.
                self.released.extend(commit.claim.map(|claim| claim.reserve.request));
                return Err(Stop::Told(told));
            }
            checked => checked?,
        };
        self.written = true;
        let mut journal_next = self.state.journal_next;
        let written = plan::write(self.lookup(), &plan, &commit, self.state.seq, &mut journal_next)?;
        self.state.journal_next = journal_next;
        self.state.seq = written.seq;
        self.state.next_account = self.state.next_account.saturating_add(u64::from(written.new_account.is_some()));
        for named in written.named {
            self.put(named);
        }
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
        let done = loads::load(self.lookup(), load)?;
        if let Some(reserve) = load.reserve.as_ref().filter(|_| done.reserve) {
            self.put(Named::Request(reserve.request, KeptRequest { digest: reserve.digest, record: None, at: now }));
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

    fn index(&mut self, entries: &[IndexEntry]) {
        for entry in entries {
            self.put(Named::Place(entry.name, entry.place));
        }
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

    fn reseal(&mut self, bodies: &[Reseal]) -> Result<usize, Stop<StoreError>> {
        if self.state.below_reserve {
            return Err(Stop::Told(StoreError::DiskReserve));
        }
        let mut replaced = 0_usize;
        for Reseal { at, old, new } in bodies {
            let is_replaced = match *at {
                SealedAt::Record(id) => sealed::replace_record(self.db, id, old, new)?,
                SealedAt::Row(account, slot) => match self.lookup().account(account)? {
                    Some(number) => sealed::replace_row(self.db, Numbered { account, number }, slot, old, new)?,
                    None => false,
                },
            };
            replaced = replaced.saturating_add(usize::from(is_replaced));
        }
        self.written |= replaced > 0;
        Ok(replaced)
    }

    pub(super) fn journal(&mut self, happened: Vec<Happened>) -> Result<(), Fault> {
        for happened in happened {
            self.written = true;
            journal::append(self.db, self.state.journal_next, happened)?;
            self.state.journal_next = self.state.journal_next.saturating_add(1);
        }
        Ok(())
    }

    /// A refusal is an answer like any other. A fault ends the group, and the store's service with it: before the one who
    /// asked is told that there is no answer.
    fn told<T, E>(&self, done: Result<T, Stop<E>>) -> Result<Result<T, E>, Fault> {
        match done {
            Ok(value) => Ok(Ok(value)),
            Err(Stop::Told(error)) => Ok(Err(error)),
            Err(Stop::Fault(fault)) => {
                self.shared.fail(fault.told());
                Err(fault)
            }
        }
    }
}
