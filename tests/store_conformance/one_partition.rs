//! A double that passes on only what is of one partition. A store spread over many machines could do nothing else, so the
//! laws hold there too only if none of them needs more.

use portcullis::crypto::{Ids, Partition};
use portcullis::domain::RecordId;
use portcullis::store::{
    Around, Before, Claim, Commit, CommitError, DueEntry, Load, Loaded, Position, Reply, Slot, Store, StoreError,
};

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

    fn counts_as_one(&self) -> bool {
        self.home.counts_as_one()
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
            Slot::Head | Slot::Credentials | Slot::Document(_) | Slot::Line(_) => true,
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

impl Around for Double {
    fn inner(&self) -> &dyn Store {
        &*self.store
    }

    fn load(&self, load: Load) -> Reply<'_, Result<Loaded, StoreError>> {
        if self.passes_load(&load) { self.store.load(load) } else { Box::pin(async { Err(ELSEWHERE) }) }
    }

    fn commit(&self, commit: Commit) -> Reply<'_, Result<Position, CommitError>> {
        if self.passes_commit(&commit) { self.store.commit(commit) } else { Box::pin(async { Err(ELSEWHERE.into()) }) }
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
