//! What the engine asks of a store, and the laws that every store keeps.
//!
//! The laws are stated where they bind and are run against every store by `tests/store_conformance.rs`. A store holds
//! sealed bytes under keyed tokens: it never sees a number, a name or a secret, and reads no clock.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use chrono::{DateTime, TimeDelta, Utc};

pub use super::charges::{Before, Charge, ChargeWindows, Settle, WINDOW_KEPT, Window, WindowEvent, WindowKey};
pub use super::error::{CommitError, StoreError};
use super::upkeep::{PermitRow, Reseal};
use crate::crypto::{Partition, Token};
use crate::domain::RecordId;

/// What a store's calls return: boxed, so that the composition root chooses the store.
pub type Reply<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A store of accounts, their records and their windows.
///
/// Laws:
/// - *durable*: what a call acknowledged is there after the process is killed, unless the call says otherwise.
/// - *atomic*: a commit happens whole or not at all, and only if every expectation holds.
/// - *one partition*: a commit touches one partition; [`Commit`] cannot name another. A load's windows live in it too.
/// - *time is an argument*: nothing expires by itself, and absence never means expired. A request's key is kept for
///   [`REQUEST_KEPT`] at least, an event in a window for as long as its charge says.
/// - *what goes in comes out*: instants are kept to the nanosecond, bodies to the byte.
/// - *bounded*: a call that names more than [`ROWS_MAX`] of anything, or a body longer than [`BODY_BYTES_MAX`], is
///   [`StoreError::Refused`], and so is whatever no use case may ask for (a row written twice in one commit).
pub trait Store: Send + Sync + 'static {
    /// Where a number's or line's account is, if the index knows. A hint: the line's own row is the truth.
    fn resolve(&self, name: Token) -> Reply<'_, Result<Option<Place>, StoreError>>;

    /// Points names at places; the newest wins. Durable when it returns. Called after the commit that made the place true.
    fn index(&self, entries: Vec<IndexEntry>) -> Reply<'_, Result<(), StoreError>>;

    /// Charges windows outside any account, and reads them with the charge counted; then the windows to read besides.
    ///
    /// Laws: *charged once*: the same attempt counts once in a window, however often it is charged. *Newest kept*: a
    /// window keeps the newest events up to its cap, whatever the order they came in.
    fn charge(&self, charge: ChargeWindows) -> Reply<'_, Result<Vec<Window>, StoreError>>;

    /// Takes charges outside any account back. They no longer count when it returns; a crash before the next commit may
    /// bring them back: too much, never too little.
    fn settle(&self, settled: Vec<Settle>) -> Reply<'_, Result<(), StoreError>>;

    /// One trip: reserves the request's key, charges its attempts, reads rows.
    ///
    /// Laws: a key reserved with another digest gives [`Reservation::Taken`] and nothing else: no row, no window, no
    /// charge. A key that was answered gives its record, rows and windows, and charges nothing. Charges that stand
    /// [`Before::Look`] are durable when this returns, and with them the reservation. Without such a charge the
    /// reservation may be forgotten when the process ends or too many others were made since: nothing was looked at
    /// under it, and the commit's claim is checked in any case. A position not reached gives [`StoreError::Behind`].
    fn load(&self, load: Load) -> Reply<'_, Result<Loaded, StoreError>>;

    /// One trip: writes an account's rows, appends its records, claims the request's key, settles charges.
    ///
    /// Laws: [`CommitError::Taken`] if the request's key is another's; else [`CommitError::Answered`] if it is claimed
    /// already; else [`StoreError::ClockBehind`] if `now` is more than [`CLOCK_BEHIND_MAX`] behind the highest instant
    /// committed (a store whose servers have a clock may also refuse what is far from that, here and where it charges); else [`CommitError::Conflict`] if any row is not at the version expected. Nothing is written in any of
    /// these cases. A settled charge no longer counts. Positions grow with every commit.
    fn commit(&self, commit: Commit) -> Reply<'_, Result<Position, CommitError>>;

    /// A record by its id.
    fn record(&self, id: RecordId) -> Reply<'_, Result<Option<StoredRecord>, StoreError>>;

    /// How many journals there are, numbered from 0. All records of an account stand in one of them; between two journals
    /// there is no order.
    fn journals(&self) -> u16;

    /// The journal that the records of a partition's accounts stand in.
    fn journal_of(&self, partition: Partition) -> u16;

    /// Whether others may change what is in it meanwhile.
    fn is_shared(&self) -> bool;

    /// The records of a journal after a place, in the order of their commits and, inside one, as the commit named them.
    ///
    /// Laws: *complete*: every committed record that was not taken out stands in its journal once, at a place that never
    /// changes; once a place was read, no record appears before it. *Bounded*: a page has at most `limit` records (at least 1, at most
    /// [`ROWS_MAX`]) and ends once their bodies exceed [`PAGE_BYTES`]; only an empty page says that nothing comes after.
    /// *Rung before read*: what a ring told of is there. *Proven*: what a page shows is as durable as what a commit
    /// acknowledges, also where that commit was never acknowledged. Reading a journal holds up no commit, and no other read.
    fn journal(&self, number: u16, after: u64, limit: usize) -> Reply<'_, Result<Vec<Journalled>, StoreError>>;

    /// The tokens of the accounts that have a row, in their order, those after `after`, at most `limit` (at least 1, at
    /// most [`ROWS_MAX`]); none at the end.
    ///
    /// Law *each once*: whoever asks on from the last token of each page meets every account that had a row when they began.
    fn accounts(&self, after: Option<Token>, limit: usize) -> Reply<'_, Result<Vec<Token>, StoreError>>;

    /// The earliest entries that fall due up to and including `until`, in order, at most `limit`.
    fn due(&self, until: DateTime<Utc>, limit: usize) -> Reply<'_, Result<Vec<DueEntry>, StoreError>>;

    /// Takes or renews the named lease until `until`; `None` while someone else holds it.
    ///
    /// Law *fencing*: each change of holder gets a higher number, for ever; who renews keeps theirs. A lease is free from
    /// its `until` on.
    fn lease(&self, lease: LeaseRequest) -> Reply<'_, Result<Option<Fence>, StoreError>>;

    /// The rows of an account after a slot, without its permits, in the order of slots.
    ///
    /// Laws *bounded* and *proven*: as a page of a journal is.
    fn rows(
        &self,
        account: Token,
        after: Option<Slot>,
        limit: usize,
    ) -> Reply<'_, Result<Vec<(Slot, Row)>, StoreError>>;

    /// The rows of permits, whoever's, after a place, in the order of places.
    ///
    /// Laws: *each once*: whoever asks on from the last place of each page meets every permit that had a row when they
    /// began. *Bounded*: as a page of a journal is.
    fn permits(&self, after: Option<u64>, limit: usize) -> Reply<'_, Result<Vec<PermitRow>, StoreError>>;

    /// Puts sealed bodies in the place of what they were made of; returns how many. Durable when it returns.
    ///
    /// Laws: *only the same bytes*: a body that is not what was read any more stays as it is. *Unseen*: no version and no
    /// place changes, so no commit conflicts with it.
    fn reseal(&self, bodies: Vec<Reseal>) -> Reply<'_, Result<usize, StoreError>>;

    /// Does without the mark of a key from now on. Durable when it returns; one that was not noted is forgotten too.
    fn forget_key(&self, name: String) -> Reply<'_, Result<(), StoreError>>;

    /// The store's life: another after it was made anew. Every [`Position`] of it says the same.
    fn epoch(&self) -> u64;

    /// How far a journal's records were taken out; `None` while all of them are there.
    fn archived(&self, journal: u16) -> Reply<'_, Result<Option<ArchivedUpTo>, StoreError>>;

    /// Takes the oldest records out of a journal, once they are kept elsewhere. Returns how many: 0 when none is left up to
    /// the place that was named.
    ///
    /// Laws: *in order*: what is gone is the beginning of the journal, never a record without all before it. *Told*: from
    /// the same commit on [`Store::archived`] says how far. *Nothing else*: rows, names, requests' keys, windows, due
    /// entries and younger records stay as they are, and so do positions. *A little at a time*: no more than `limit`, so
    /// that others are served in between.
    fn forget(&self, forget: Forget) -> Reply<'_, Result<usize, StoreError>>;

    /// Rings once for each commit's partition. A hint that may be lost: whoever listens re-reads.
    fn rings(&self) -> tokio::sync::broadcast::Receiver<Partition>;

    /// Whether the store can answer now, and why not.
    fn health(&self) -> Result<(), StoreError>;
}

/// A commit this far behind the highest instant committed is refused.
pub const CLOCK_BEHIND_MAX: TimeDelta = TimeDelta::seconds(2);

/// How long a request's key is kept after it was reserved or claimed, at least.
pub const REQUEST_KEPT: TimeDelta = TimeDelta::days(7);

/// How many slots, writes, records, charges, windows, index or due entries one call may name.
pub const ROWS_MAX: usize = 1_024;

/// The longest body of a row or record, in bytes.
pub const BODY_BYTES_MAX: usize = 256 * 1_024;

/// A page of a journal ends once the bodies on it are longer than this together, in bytes.
pub const PAGE_BYTES: usize = 1_024 * 1_024;

/// Where a line is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place {
    /// Its account.
    pub account: Token,
    /// Its row there.
    pub line: Token,
}

/// A name and where it leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexEntry {
    /// A number's or a line's token.
    pub name: Token,
    /// Where it leads.
    pub place: Place,
}

/// A row of an account. The account's token decides the partition of all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Slot {
    /// Persons, protection and the chain's head.
    Head,
    /// PIN and transfer PINs. Apart from the head: attempts never stand in the way of turning a lock on.
    Credentials,
    /// What a ledger keeps besides its chain.
    Document(Token),
    /// A line.
    Line(Token),
    /// What a decision granted.
    Permit(RecordId),
}

/// A row as kept: sealed, with the version that its next write must expect. Versions start at 1.
#[derive(Clone, PartialEq, Eq)]
pub struct Row {
    /// Writes so far.
    pub version: u64,
    /// Sealed bytes.
    pub body: Vec<u8>,
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Row(version {}, {} bytes)", self.version, self.body.len())
    }
}

/// A reservation of a request's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reserve {
    /// The request's token: caller and request id.
    pub request: Token,
    /// The digest of everything asked.
    pub digest: [u8; 32],
}

/// What to read, and what to count first.
#[derive(Debug, Clone)]
pub struct Load {
    /// The account.
    pub account: Token,
    /// Its rows to read; the answer has them in this order.
    pub slots: Vec<Slot>,
    /// The request's key, if it has one.
    pub reserve: Option<Reserve>,
    /// Attempts to charge, under the request's token: there must be one. Their windows come back with the charge counted.
    pub charges: Vec<Charge>,
    /// Windows to read besides.
    pub windows: Vec<WindowKey>,
    /// The reading of the clock for this request.
    pub now: DateTime<Utc>,
    /// A position that the store must have reached.
    pub at_least: Option<Position>,
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// What became of the reservation.
    pub reservation: Reservation,
    /// The rows asked for, in order; `None` where there is none.
    pub rows: Vec<Option<Row>>,
    /// The charged windows in order, then the windows asked for.
    pub windows: Vec<Window>,
}

/// What became of a reservation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reservation {
    /// None was asked for.
    None,
    /// Made, now or by an attempt that came to no answer.
    Made,
    /// The request was answered by this record: answer it again.
    Answered(RecordId),
    /// The key belongs to another request.
    Taken,
}

/// A write to one row.
#[derive(Debug, Clone)]
pub struct Write {
    /// Which.
    pub slot: Slot,
    /// The version it must have; 0 where there must be none.
    pub expect: u64,
    /// Its new body at version `expect + 1`; `None` only checks.
    pub body: Option<Vec<u8>>,
}

/// A record to append.
#[derive(Debug, Clone)]
pub struct NewRecord {
    /// Its id, minted for the account's partition.
    pub id: RecordId,
    /// Sealed bytes.
    pub body: Vec<u8>,
}

/// A claim of a request's key for the record that answers it.
#[derive(Debug, Clone, Copy)]
pub struct Claim {
    /// The reservation.
    pub reserve: Reserve,
    /// The record that answers.
    pub record: RecordId,
}

/// Everything that one use case changes: one account, one partition.
#[derive(Debug, Clone)]
pub struct Commit {
    /// The account.
    pub account: Token,
    /// The clock's reading that the use case decided with.
    pub now: DateTime<Utc>,
    /// Whether it may pass below the disk reserve.
    pub urgency: Urgency,
    /// Row writes; each row once.
    pub writes: Vec<Write>,
    /// Records, in chain order.
    pub records: Vec<NewRecord>,
    /// The request's key.
    pub claim: Option<Claim>,
    /// Windows of the account's partition from which the claimed request's own charge is taken back.
    pub settle: Vec<Token>,
    /// Instants at which the account must be looked at again.
    pub due: Vec<DueEntry>,
    /// Due entries that were acted on.
    pub done: Vec<DueEntry>,
}

/// Whether a commit only protects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// Refused below the disk reserve.
    Ordinary,
    /// Turns protection up: passes while the disk takes it at all.
    Protective,
}

/// An instant at which something of an account changes by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DueEntry {
    /// When.
    pub at: DateTime<Utc>,
    /// Whose.
    pub account: Token,
    /// The line's row, where it is a line's.
    pub line: Option<Token>,
}

/// A record as kept.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredRecord {
    /// Its account.
    pub account: Token,
    /// Sealed bytes.
    pub body: Vec<u8>,
}

impl fmt::Debug for StoredRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoredRecord({:?}, {} bytes)", self.account, self.body.len())
    }
}

/// A record at its place in a journal.
#[derive(Clone, PartialEq, Eq)]
pub struct Journalled {
    /// Its place, from 1: those of later commits are higher, but not one higher.
    pub place: u64,
    /// Its id.
    pub id: RecordId,
    /// Its account.
    pub account: Token,
    /// Sealed bytes.
    pub body: Vec<u8>,
}

impl fmt::Debug for Journalled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Journalled({}, {}, {:?}, {} bytes)", self.place, self.id, self.account, self.body.len())
    }
}

/// How far a journal's records were taken out of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArchivedUpTo {
    /// The place of the last one that is gone.
    pub place: u64,
    /// When the youngest of them was made: an older record that is not there was archived.
    pub at: DateTime<Utc>,
    /// What was given with them: the digest of the manifest that proves where they are.
    pub manifest: [u8; 32],
}

/// Records to be taken out of a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forget {
    /// Which journal.
    pub journal: u16,
    /// The place of the last one to go.
    pub up_to: u64,
    /// The digest of the manifest that proves where they are.
    pub manifest: [u8; 32],
    /// How many may go in this call, at least 1, at most [`ROWS_MAX`].
    pub limit: usize,
}

/// How far a store has come: what a consistency token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Position {
    /// The store's life: another after it was made anew.
    pub epoch: u64,
    /// The partition.
    pub partition: Partition,
    /// Commits and their records in the store (or partition) up to here.
    pub seq: u64,
}

/// A wish for a lease.
#[derive(Debug, Clone)]
pub struct LeaseRequest {
    /// What for.
    pub name: String,
    /// Who asks: unique to a process.
    pub holder: Token,
    /// Now.
    pub now: DateTime<Utc>,
    /// Until when.
    pub until: DateTime<Utc>,
}

/// A lease's fencing number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fence(pub u64);
