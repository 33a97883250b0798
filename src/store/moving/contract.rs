//! What a store must do so that all of it can be carried into another, and the laws of that.

use chrono::{DateTime, TimeDelta, Utc};

use crate::crypto::Token;
use crate::domain::RecordId;
use crate::store::contract::{
    ArchivedUpTo, DueEntry, IndexEntry, Journalled, Reply, Row, Slot, Store, StoreError, Window, WindowKey,
};

/// A store that can be read whole, and filled with what another one kept.
///
/// Accounts, their rows, permits and records are read by [`Store`]'s own pages; here is what those do not show.
/// Nobody else uses either store meanwhile.
///
/// Laws:
/// - *whole*: whoever walks on from the mark of each page meets everything of that kind once or more often, each as it is
///   kept. A page without a mark is the last; one with a mark may be empty.
/// - *still*: walking and reading leave [`Standing::mark`] as it is; every commit changes it.
/// - *as it was*: what was put is read as the source gave it: rows in their version, records at their place, windows with
///   the same events, requests with the same digest and answer, for at least as long as they had left.
/// - *put twice is put once*: a batch that is put again changes nothing.
/// - *not before its time*: a store that is being filled opens for nobody but who fills it, until it is complete; what was
///   put and how far it came are there after the process is killed.
/// - *a life of its own*: a store that was filled has another epoch, so no position of the source is one of it.
pub trait Movable: Store {
    /// How the store stands.
    fn standing(&self) -> Reply<'_, Result<Standing, StoreError>>;

    /// Things of a kind behind a mark, some `limit` of them.
    fn walk(&self, kind: Walked, after: Option<Mark>, limit: usize) -> Reply<'_, Result<Page, StoreError>>;

    /// What is kept of these requests, in this order.
    fn requests(&self, names: Vec<Token>) -> Reply<'_, Result<Vec<Option<MovedRequest>>, StoreError>>;

    /// How far the records of journals were taken out, here and in the lives of the store before it was moved.
    fn all_archived(&self) -> Reply<'_, Result<Vec<(u16, ArchivedUpTo)>, StoreError>>;

    /// Puts things, and remembers how far that is. Durable when it returns. Only for a store that is being filled.
    fn fill(&self, filling: Filling) -> Reply<'_, Result<(), StoreError>>;

    /// How far it was filled; nothing before the first time.
    fn filled(&self) -> Reply<'_, Result<Option<Vec<u8>>, StoreError>>;

    /// Remembers that all of it was carried into the store of that epoch; or, with none, that it was not. Durable when it
    /// returns. Until the latter it opens for nobody but who carries it: of two stores that both serve each would let the same
    /// permit be used. [`Standing::mark`] stays.
    fn moved(&self, to: Option<u64>) -> Reply<'_, Result<(), StoreError>>;

    /// From now on it is a store like any other. `highest` is the highest instant that was committed in the source.
    fn complete(&self, highest: Option<DateTime<Utc>>) -> Reply<'_, Result<(), StoreError>>;

    /// Lets go of it: from now on engines may begin on it, if it is not half filled.
    fn leave(&self) -> Reply<'_, Result<(), StoreError>>;
}

/// How a store stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Another one after every commit, and for every other store.
    pub mark: [u8; 32],
    /// The highest instant committed.
    pub highest: Option<DateTime<Utc>>,
}

/// What [`Store`] has no way to read page by page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Walked {
    /// Names, and where they lead.
    Names,
    /// Due entries.
    Due,
    /// Requests' keys.
    Requests,
    /// Windows.
    Windows,
}

/// Where a walk goes on: bytes of the store that gave them.
pub type Mark = Vec<u8>;

/// Some of a kind.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// They.
    pub things: Vec<Thing>,
    /// Where it goes on; nothing at the end.
    pub next: Option<Mark>,
}

/// One thing that a store keeps, as it keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Thing {
    /// A row of an account; its permits too.
    Row {
        /// Whose.
        account: Token,
        /// Which.
        slot: Slot,
        /// In its version.
        row: Row,
    },
    /// A record at its place.
    Record {
        /// In which journal.
        journal: u16,
        /// Place, id, account and bytes.
        record: Journalled,
    },
    /// A name.
    Name(IndexEntry),
    /// An instant at which something changes.
    Due(DueEntry),
    /// A request's key.
    Request(MovedRequest),
    /// What is counted.
    Window(MovedWindow),
    /// How far a journal's records were taken out.
    Archived(u16, ArchivedUpTo),
}

/// A request's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MovedRequest {
    /// Its token.
    pub request: Token,
    /// The digest of what was asked.
    pub digest: [u8; 32],
    /// Whom it was asked about; nothing where the store does not know.
    pub account: Option<Token>,
    /// The record that answered; nothing while it is only reserved.
    pub record: Option<RecordId>,
    /// For how long it must still be kept.
    pub left: TimeDelta,
}

/// What is counted under one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovedWindow {
    /// Its name.
    pub key: WindowKey,
    /// Its events.
    pub window: Window,
    /// For how long it must still be kept.
    pub left: TimeDelta,
}

/// Things to be put.
#[derive(Debug, Clone)]
pub struct Filling {
    /// In the order they were met.
    pub things: Vec<Thing>,
    /// The instant at which what they have left is counted from.
    pub now: DateTime<Utc>,
    /// How far it is once they are put: the filler's own bytes.
    pub reached: Vec<u8>,
}
