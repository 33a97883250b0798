//! What the laws are tried with: homes of stores, and names that nobody used before.

use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use portcullis::crypto::{Ids, Keyring, Partition, Token};
use portcullis::domain::RecordId;
use portcullis::store::embedded::{EmbeddedStore, OpenOptions};
use portcullis::store::{
    Before, Charge, Claim, Commit, CommitError, DueEntry, Load, Loaded, NewRecord, Position, Reservation, Reserve, Row,
    Slot, Store, StoreError, Urgency, WINDOW_KEPT, WindowKey, Write,
};
use tempfile::TempDir;

/// Where a store lives, whoever serves it.
pub(crate) trait Home {
    /// Opens it. Dropping the store is a crash: what it acknowledged must be there when it is opened again.
    fn open(&self) -> Box<dyn Store>;

    /// Opens it, closes it in good order.
    fn close(&self) -> impl Future<Output = ()>;

    /// What makes the ids of its records.
    fn ids(&self) -> &Ids;

    /// Whether its positions and its highest instant are those of the whole store, or of each partition.
    fn counts_as_one(&self) -> bool {
        true
    }
}

/// The embedded store in a folder of its own.
pub(crate) struct Embedded {
    folder: TempDir,
    ids: Ids,
    fresh_names: usize,
}

impl Embedded {
    pub(crate) fn new() -> Self {
        let keyring = Keyring::generate(at(0)).unwrap();
        Self { folder: TempDir::new().unwrap(), ids: Ids::new(&keyring), fresh_names: OpenOptions::FRESH_NAMES }
    }

    /// One for records whose ids another home made.
    pub(crate) fn of_ids(ids: &Ids) -> Self {
        Self { ids: ids.clone(), ..Self::new() }
    }

    /// Opens it as it is asked; what is wrong where it does not.
    pub(crate) fn try_open(&self, filled_from: Option<[u8; 32]>, carries: bool) -> Result<EmbeddedStore, String> {
        static EPOCHS: AtomicU64 = AtomicU64::new(1_000);
        let epoch = EPOCHS.fetch_add(1, Ordering::Relaxed);
        let options = OpenOptions { filled_from, carries, ..OpenOptions::new(self.folder.path(), Vec::new(), epoch) };
        EmbeddedStore::open(&options).map_err(|error| error.to_string())
    }

    /// One whose names are nearly always on their way from memory into the tables.
    pub(crate) fn merging_often() -> Self {
        Self { fresh_names: 3, ..Self::new() }
    }

    fn open_embedded(&self) -> EmbeddedStore {
        let options =
            OpenOptions { fresh_names: self.fresh_names, ..OpenOptions::new(self.folder.path(), Vec::new(), 7) };
        EmbeddedStore::open(&options).unwrap()
    }
}

impl Home for Embedded {
    fn open(&self) -> Box<dyn Store> {
        Box::new(self.open_embedded())
    }

    async fn close(&self) {
        let store = self.open_embedded();
        store.close().await.unwrap();
        assert!(store.health().is_err(), "a closed store must not answer");
    }

    fn ids(&self) -> &Ids {
        &self.ids
    }
}

/// An instant, in seconds after a fixed one.
pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap() + TimeDelta::seconds(seconds)
}

/// The token of that number: well spread, like keyed ones.
pub(crate) fn token(number: u64) -> Token {
    let half = |number: u64| {
        let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        number ^ (number >> 31)
    };
    let bits = (u128::from(half(number)) << 64) | u128::from(half(number ^ 0x9e37_79b9_7f4a_7c15));
    Token::from_bytes(bits.to_be_bytes())
}

/// A token that nobody used before.
pub(crate) fn fresh() -> Token {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    token(NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A request that nobody made before.
pub(crate) fn request(digest: u8) -> Reserve {
    Reserve { request: fresh(), digest: [digest; 32] }
}

/// One account and what is done to it, for one home.
pub(crate) struct Account<'a> {
    pub(crate) token: Token,
    ids: &'a Ids,
}

impl<'a> Account<'a> {
    pub(crate) fn new(home: &'a impl Home) -> Self {
        Self::of(home, fresh())
    }

    pub(crate) fn of(home: &'a impl Home, token: Token) -> Self {
        Self { token, ids: home.ids() }
    }

    pub(crate) fn partition(&self) -> Partition {
        self.token.partition()
    }

    pub(crate) fn record_id(&self, now: DateTime<Utc>) -> RecordId {
        RecordId::from_u128(self.ids.mint(now, self.partition()).unwrap())
    }

    pub(crate) fn record(&self, now: DateTime<Utc>, body: &[u8]) -> NewRecord {
        NewRecord { id: self.record_id(now), body: body.to_vec() }
    }

    pub(crate) fn window(&self) -> WindowKey {
        WindowKey { partition: self.partition(), token: fresh() }
    }

    /// A commit that does nothing yet.
    pub(crate) fn commit(&self, now: DateTime<Utc>) -> Commit {
        Commit {
            account: self.token,
            now,
            urgency: Urgency::Ordinary,
            writes: vec![],
            records: vec![],
            claim: None,
            settle: vec![],
            due: vec![],
            done: vec![],
        }
    }

    /// A load that reads nothing yet.
    pub(crate) fn load(&self, now: DateTime<Utc>) -> Load {
        Load {
            account: self.token,
            slots: vec![],
            reserve: None,
            charges: vec![],
            windows: vec![],
            now,
            at_least: None,
        }
    }

    /// Writes one row.
    pub(crate) async fn put(
        &self,
        store: &dyn Store,
        slot: Slot,
        expect: u64,
        body: &[u8],
    ) -> Result<Position, CommitError> {
        store.commit(Commit { writes: vec![write(slot, expect, body)], ..self.commit(at(0)) }).await
    }

    /// Reads one row.
    pub(crate) async fn get(&self, store: &dyn Store, slot: Slot) -> Option<Row> {
        let load = Load { slots: vec![slot], ..self.load(at(0)) };
        let loaded = store.load(load).await.unwrap();
        assert_eq!(loaded.reservation, Reservation::None);
        loaded.rows.into_iter().next().unwrap()
    }

    /// Answers a request with a new record.
    pub(crate) async fn answer(&self, store: &dyn Store, reserve: Reserve) -> Result<RecordId, CommitError> {
        let record = self.record(at(0), b"answer");
        let claim = Claim { reserve, record: record.id };
        let id = record.id;
        store.commit(Commit { records: vec![record], claim: Some(claim), ..self.commit(at(0)) }).await.map(|_| id)
    }

    /// Reserves a request, charging windows.
    pub(crate) async fn charge(
        &self,
        store: &dyn Store,
        reserve: Reserve,
        charges: &[Charge],
    ) -> Result<Loaded, StoreError> {
        store.load(Load { reserve: Some(reserve), charges: charges.to_vec(), ..self.load(at(0)) }).await
    }

    /// How many events a window holds.
    pub(crate) async fn count(&self, store: &dyn Store, window: WindowKey) -> usize {
        let loaded = store.load(Load { windows: vec![window], ..self.load(at(0)) }).await.unwrap();
        loaded.windows.first().unwrap().events.len()
    }

    pub(crate) fn due(&self, seconds: i64) -> DueEntry {
        DueEntry { at: at(seconds), account: self.token, line: None }
    }
}

pub(crate) fn write(slot: Slot, expect: u64, body: &[u8]) -> Write {
    Write { slot, expect, body: Some(body.to_vec()) }
}

#[expect(clippy::unnecessary_wraps, reason = "compared with what was found, which may be nothing")]
pub(crate) fn row(version: u64, body: &[u8]) -> Option<Row> {
    Some(Row { version, body: body.to_vec() })
}

pub(crate) fn charge(window: WindowKey, before: Before) -> Charge {
    Charge { window, subject: window.token, cap: 6, kept: WINDOW_KEPT, before }
}

/// Runs them all at once, and waits for all.
pub(crate) async fn all<T: Send + 'static>(futures: impl IntoIterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut pending: Vec<_> = futures.into_iter().map(Box::pin).collect();
    let mut done: Vec<Option<T>> = pending.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, done) in pending.iter_mut().zip(&mut done) {
            if done.is_none()
                && let std::task::Poll::Ready(value) = future.as_mut().poll(context)
            {
                *done = Some(value);
            }
        }
        if done.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}
