//! Stores around a store: what each does otherwise it says, and all else is passed on.

use chrono::{DateTime, Utc};
use tokio::sync::broadcast;

use super::contract::{
    ArchivedUpTo, ChargeWindows, Commit, CommitError, DueEntry, Fence, Forget, IndexEntry, Journalled, LeaseRequest,
    Load, Loaded, Place, Position, Reply, Row, Settle, Slot, Store, StoreError, StoredRecord, Window,
};
use super::upkeep::{PermitRow, Reseal};
use crate::crypto::{Partition, Token};
use crate::domain::RecordId;

macro_rules! around {
    ($($method:ident($($argument:ident: $type:ty),*) -> $reply:ty;)+) => {
        /// A store around another one. Every method is that of [`Store`] and has its laws; what is not written anew is
        /// the inner store's.
        pub trait Around: Send + Sync + 'static {
            /// The store inside.
            fn inner(&self) -> &dyn Store;

            $(
                #[doc = concat!("[`Store::", stringify!($method), "`].")]
                fn $method(&self, $($argument: $type),*) -> $reply {
                    self.inner().$method($($argument),*)
                }
            )+
        }

        impl<T: Around> Store for T {
            $(fn $method(&self, $($argument: $type),*) -> $reply {
                Around::$method(self, $($argument),*)
            })+
        }
    };
}

around! {
    resolve(name: Token) -> Reply<'_, Result<Option<Place>, StoreError>>;
    index(entries: Vec<IndexEntry>) -> Reply<'_, Result<(), StoreError>>;
    charge(charge: ChargeWindows) -> Reply<'_, Result<Vec<Window>, StoreError>>;
    settle(settled: Vec<Settle>) -> Reply<'_, Result<(), StoreError>>;
    load(load: Load) -> Reply<'_, Result<Loaded, StoreError>>;
    commit(commit: Commit) -> Reply<'_, Result<Position, CommitError>>;
    record(id: RecordId) -> Reply<'_, Result<Option<StoredRecord>, StoreError>>;
    journals() -> u16;
    journal_of(partition: Partition) -> u16;
    is_shared() -> bool;
    journal(number: u16, after: u64, limit: usize) -> Reply<'_, Result<Vec<Journalled>, StoreError>>;
    accounts(after: Option<Token>, limit: usize) -> Reply<'_, Result<Vec<Token>, StoreError>>;
    due(until: DateTime<Utc>, limit: usize) -> Reply<'_, Result<Vec<DueEntry>, StoreError>>;
    lease(lease: LeaseRequest) -> Reply<'_, Result<Option<Fence>, StoreError>>;
    rows(account: Token, after: Option<Slot>, limit: usize) -> Reply<'_, Result<Vec<(Slot, Row)>, StoreError>>;
    permits(after: Option<u64>, limit: usize) -> Reply<'_, Result<Vec<PermitRow>, StoreError>>;
    reseal(bodies: Vec<Reseal>) -> Reply<'_, Result<usize, StoreError>>;
    forget_key(name: String) -> Reply<'_, Result<(), StoreError>>;
    epoch() -> u64;
    archived(journal: u16) -> Reply<'_, Result<Option<ArchivedUpTo>, StoreError>>;
    forget(forget: Forget) -> Reply<'_, Result<usize, StoreError>>;
    rings() -> broadcast::Receiver<Partition>;
    health() -> Result<(), StoreError>;
}
