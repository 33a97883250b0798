//! A double that passes on only what is of one partition. A store spread over many machines could do nothing else, so the
//! laws hold there too only if none of them needs more.

use chrono::{DateTime, Utc};
use portcullis::crypto::{Ids, Partition, Token};
use portcullis::domain::RecordId;
use portcullis::store::{
    ArchivedUpTo, Before, ChargeWindows, Claim, Commit, CommitError, DueEntry, Fence, Forget, IndexEntry, Journalled,
    LeaseRequest, Load, Loaded, PermitRow, Place, Position, Reply, Reseal, Row, Slot, Store, StoreError, StoredRecord,
    Window,
};
use tokio::sync::broadcast;

use crate::harness::{Account, Embedded, Home, at, charge, fresh, request, write};

/// A home whose stores are doubles.
pub(crate) struct OnePartition<H> {
    home: H,
}

impl<H> OnePartition<H> {
    pub(crate) fn new(home: H) -> Self {
        Self { home }
    }
}

impl<H: Home> Home for OnePartition<H> {
    fn open(&self) -> Box<dyn Store> {
        Box::new(Double { store: self.home.open(), ids: self.ids().clone() })
    }

    async fn close(&self) {
        self.home.close().await;
    }

    fn ids(&self) -> &Ids {
        self.home.ids()
    }
}

struct Double {
    store: Box<dyn Store>,
    ids: Ids,
}

const ELSEWHERE: StoreError = StoreError::Refused("something of another partition");

impl Double {
    fn id(&self, partition: Partition, id: RecordId) -> bool {
        self.ids.partition_of(id.as_u128()) == partition
    }

    fn slot(&self, partition: Partition, slot: Slot) -> bool {
        match slot {
            // A line lives with its account, whatever its own token says.
            Slot::Head | Slot::Credentials | Slot::Line(_) => true,
            Slot::Permit(id) => self.id(partition, id),
        }
    }

    fn passes_commit(&self, commit: &Commit) -> bool {
        let here = commit.account.partition();
        let account = |due: &DueEntry| due.account.partition() == here;
        // What settles are tokens of this partition by type.
        commit.writes.iter().all(|write| self.slot(here, write.slot))
            && commit.records.iter().all(|record| self.id(here, record.id))
            && commit.claim.is_none_or(|claim| self.id(here, claim.record))
            && commit.due.iter().all(account)
            && commit.done.iter().all(account)
    }

    fn passes_load(&self, load: &Load) -> bool {
        let here = load.account.partition();
        load.slots.iter().all(|slot| self.slot(here, *slot))
            && load.charges.iter().all(|charge| charge.window.partition == here)
            && load.windows.iter().all(|window| window.partition == here)
    }
}

impl Store for Double {
    fn resolve(&self, name: Token) -> Reply<'_, Result<Option<Place>, StoreError>> {
        self.store.resolve(name)
    }

    fn index(&self, entries: Vec<IndexEntry>) -> Reply<'_, Result<(), StoreError>> {
        self.store.index(entries)
    }

    fn charge(&self, charge: ChargeWindows) -> Reply<'_, Result<Vec<Window>, StoreError>> {
        self.store.charge(charge)
    }

    fn load(&self, load: Load) -> Reply<'_, Result<Loaded, StoreError>> {
        if self.passes_load(&load) { self.store.load(load) } else { Box::pin(async { Err(ELSEWHERE) }) }
    }

    fn commit(&self, commit: Commit) -> Reply<'_, Result<Position, CommitError>> {
        if self.passes_commit(&commit) { self.store.commit(commit) } else { Box::pin(async { Err(ELSEWHERE.into()) }) }
    }

    fn record(&self, id: RecordId) -> Reply<'_, Result<Option<StoredRecord>, StoreError>> {
        self.store.record(id)
    }

    fn journals(&self) -> u16 {
        self.store.journals()
    }

    fn journal(&self, number: u16, after: u64, limit: usize) -> Reply<'_, Result<Vec<Journalled>, StoreError>> {
        self.store.journal(number, after, limit)
    }

    fn epoch(&self) -> u64 {
        self.store.epoch()
    }

    fn archived(&self, journal: u16) -> Reply<'_, Result<Option<ArchivedUpTo>, StoreError>> {
        self.store.archived(journal)
    }

    fn forget(&self, forget: Forget) -> Reply<'_, Result<usize, StoreError>> {
        self.store.forget(forget)
    }

    fn accounts(&self, after: Option<Token>, limit: usize) -> Reply<'_, Result<Vec<Token>, StoreError>> {
        self.store.accounts(after, limit)
    }

    fn due(&self, until: DateTime<Utc>, limit: usize) -> Reply<'_, Result<Vec<DueEntry>, StoreError>> {
        self.store.due(until, limit)
    }

    fn lease(&self, lease: LeaseRequest) -> Reply<'_, Result<Option<Fence>, StoreError>> {
        self.store.lease(lease)
    }

    fn rows(
        &self,
        account: Token,
        after: Option<Slot>,
        limit: usize,
    ) -> Reply<'_, Result<Vec<(Slot, Row)>, StoreError>> {
        self.store.rows(account, after, limit)
    }

    fn permits(&self, after: Option<u64>, limit: usize) -> Reply<'_, Result<Vec<PermitRow>, StoreError>> {
        self.store.permits(after, limit)
    }

    fn reseal(&self, bodies: Vec<Reseal>) -> Reply<'_, Result<usize, StoreError>> {
        self.store.reseal(bodies)
    }

    fn forget_key(&self, name: String) -> Reply<'_, Result<(), StoreError>> {
        self.store.forget_key(name)
    }

    fn rings(&self) -> broadcast::Receiver<Partition> {
        self.store.rings()
    }

    fn health(&self) -> Result<(), StoreError> {
        self.store.health()
    }
}

/// An account of another partition than that one.
fn stranger<'a>(home: &'a impl Home, account: &Account<'_>) -> Account<'a> {
    std::iter::repeat_with(|| Account::new(home)).find(|other| other.partition() != account.partition()).unwrap()
}

#[tokio::test]
async fn the_double_refuses_what_is_elsewhere() {
    let home = OnePartition::new(Embedded::new());
    let store = home.open();
    let account = Account::new(&home);
    let other = stranger(&home, &account);
    let record = other.record(at(0), b"");
    let claim = Claim { reserve: request(1), record: record.id };
    let empty = || account.commit(at(0));
    let commits = [
        Commit { writes: vec![write(Slot::Permit(record.id), 0, b"")], ..empty() },
        Commit { claim: Some(claim), ..empty() },
        Commit { due: vec![other.due(1)], ..empty() },
        Commit { done: vec![other.due(1)], ..empty() },
        Commit { records: vec![record], ..empty() },
    ];
    for commit in commits {
        let refused = store.commit(commit.clone()).await;
        assert!(matches!(refused, Err(CommitError::Store(StoreError::Refused(_)))), "{commit:?}");
    }
    let charge = charge(other.window(), Before::Look);
    let empty = || account.load(at(0));
    let loads = [
        Load { slots: vec![Slot::Permit(other.record_id(at(0)))], ..empty() },
        Load { windows: vec![other.window()], ..empty() },
        Load { charges: vec![charge], reserve: Some(request(1)), ..empty() },
    ];
    for load in loads {
        assert!(matches!(store.load(load.clone()).await, Err(StoreError::Refused(_))), "{load:?}");
    }
    let own =
        Commit { writes: vec![write(Slot::Line(fresh()), 0, b"")], due: vec![account.due(1)], ..account.commit(at(0)) };
    store.commit(own).await.unwrap();
}
