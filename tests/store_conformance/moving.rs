//! The laws of a store that is carried into another: each from every kind into every kind.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use portcullis::crypto::Token;
use portcullis::domain::RecordId;
use portcullis::store::redis::RedisStore;
use portcullis::store::{
    ArchivedUpTo, Before, Claim, Commit, CommitError, Filling, Forget, IndexEntry, Journalled, Kind, LeaseRequest,
    Load, Movable, Moved, MovingError, Place, Position, ROWS_MAX, Reservation, Reserve, Row, Slot, Store, StoreError,
    WindowKey, copy,
};

use crate::failing::{Cut, spoilers};
use crate::harness::{Account, Embedded, Home, at, charge, fresh, request, write};
use crate::laws::journal::{accounts, journal};
use crate::on_redis::OnRedis;
use crate::redis_servers::beside;

/// A home whose store can be carried and filled.
pub(crate) trait Movables: Home + Sync {
    /// Opens it to be carried.
    fn carry(&self) -> Result<Arc<dyn Movable>, String>;
    /// Opens it to be filled.
    fn fill(&self, source: [u8; 32]) -> Result<Arc<dyn Movable>, String>;
    /// Opens it to serve.
    fn serve(&self) -> Result<Box<dyn Store>, String>;
}

impl Movables for Embedded {
    fn carry(&self) -> Result<Arc<dyn Movable>, String> {
        self.try_open(None, true).map(|store| Arc::new(store) as Arc<dyn Movable>)
    }

    fn fill(&self, source: [u8; 32]) -> Result<Arc<dyn Movable>, String> {
        self.try_open(Some(source), false).map(|store| Arc::new(store) as Arc<dyn Movable>)
    }

    fn serve(&self) -> Result<Box<dyn Store>, String> {
        self.try_open(None, false).map(|store| Box::new(store) as Box<dyn Store>)
    }
}

impl Movables for OnRedis {
    fn carry(&self) -> Result<Arc<dyn Movable>, String> {
        let opened = beside(RedisStore::open_to_carry(self.anew()));
        opened.map(|store| Arc::new(store) as Arc<dyn Movable>).map_err(|error| error.to_string())
    }

    fn fill(&self, source: [u8; 32]) -> Result<Arc<dyn Movable>, String> {
        let opened = beside(RedisStore::open_to_fill(self.anew(), source));
        opened.map(|store| Arc::new(store) as Arc<dyn Movable>).map_err(|error| error.to_string())
    }

    fn serve(&self) -> Result<Box<dyn Store>, String> {
        let opened = beside(RedisStore::open(self.anew()));
        opened.map(|store| Box::new(store) as Box<dyn Store>).map_err(|error| error.to_string())
    }
}

const MANIFEST: [u8; 32] = [9; 32];

/// A store with something of everything, and what must be found of it.
struct World {
    accounts: Vec<Token>,
    rows: Vec<(Token, Slot, Row)>,
    names: Vec<IndexEntry>,
    answered: Vec<(Token, Reserve, RecordId)>,
    reserved: Reserve,
    windows: Vec<(WindowKey, usize)>,
    archived: Vec<(u16, ArchivedUpTo)>,
    /// Of each account the ids of its records that are there, in their order.
    records: BTreeMap<Token, Vec<RecordId>>,
    gone: Vec<RecordId>,
    seen: Position,
}

impl World {
    async fn made(home: &impl Movables) -> Self {
        let store = home.open();
        let accounts: Vec<Account<'_>> = (0..40).map(|_| Account::new(home)).collect();
        let mut world = Self {
            accounts: accounts.iter().map(|account| account.token).collect(),
            rows: Vec::new(),
            names: Vec::new(),
            answered: Vec::new(),
            reserved: request(3),
            windows: Vec::new(),
            archived: Vec::new(),
            records: BTreeMap::new(),
            gone: Vec::new(),
            seen: accounts[0].put(&*store, Slot::Document(fresh()), 0, b"first").await.unwrap(),
        };
        for (number, account) in accounts.iter().enumerate() {
            world.seen = world.fill(&*store, account, u8::try_from(number).unwrap()).await;
        }
        let holder = fresh();
        let lease = LeaseRequest { name: "due".to_owned(), holder, now: at(0), until: at(60) };
        store.lease(lease).await.unwrap();
        let window = accounts[1].window();
        accounts[1].charge(&*store, world.reserved, &[charge(window, Before::Look)]).await.unwrap();
        world.windows.push((window, 1));
        world.trim(&*store).await;
        world
    }

    /// One account with rows, records, a request that was answered, names, windows and what falls due.
    async fn fill(&mut self, store: &dyn Store, account: &Account<'_>, number: u8) -> Position {
        let (now, line) = (at(i64::from(number)), fresh());
        let permit = Slot::Permit(account.record_id(now));
        let slots = [Slot::Head, Slot::Credentials, Slot::Line(line), permit];
        let records = [account.record(now, &[number, 1]), account.record(now, &[number, 2])];
        let key = request(number);
        let claim = Claim { reserve: key, record: records[1].id };
        let commit = Commit {
            writes: slots.map(|slot| write(slot, 0, &[number])).to_vec(),
            records: records.to_vec(),
            claim: Some(claim),
            due: vec![account.due(500 + i64::from(number))],
            ..account.commit(now)
        };
        let mut seen = store.commit(commit).await.unwrap();
        for version in 1..=u64::from(number % 3) {
            let again = Commit { writes: vec![write(Slot::Head, version, &[number])], ..account.commit(now) };
            seen = store.commit(again).await.unwrap();
        }
        for slot in slots {
            let version = if slot == Slot::Head { 1 + u64::from(number % 3) } else { 1 };
            self.rows.push((account.token, slot, Row { version, body: vec![number] }));
        }
        let ids = records.iter().map(|record| record.id).collect();
        self.records.insert(account.token, ids);
        self.answered.push((account.token, key, claim.record));
        let (number_name, place) = (fresh(), Place { account: account.token, line });
        let entries = vec![IndexEntry { name: number_name, place }, IndexEntry { name: line, place }];
        store.index(entries.clone()).await.unwrap();
        self.names.extend(entries);
        let window = account.window();
        for _ in 0..=number % 3 {
            account.charge(store, request(7), &[charge(window, Before::Look)]).await.unwrap();
        }
        self.windows.push((window, usize::from(number % 3) + 1));
        seen
    }

    /// Takes the oldest records out of every journal that has some.
    async fn trim(&mut self, store: &dyn Store) {
        for number in 0..store.journals() {
            let Some(oldest) = store.journal(number, 0, 1).await.unwrap().into_iter().next() else { continue };
            let forget = Forget { journal: number, up_to: oldest.place, manifest: MANIFEST, limit: 1 };
            assert_eq!(store.forget(forget).await.unwrap(), 1);
            self.gone.push(oldest.id);
            self.records.get_mut(&oldest.account).unwrap().retain(|id| *id != oldest.id);
            self.archived.push((number, store.archived(number).await.unwrap().unwrap()));
        }
    }

    /// Everything is in that store as it was in the one it was copied from.
    async fn is_in(&self, home: &impl Movables, store: &dyn Store) {
        assert_eq!(
            accounts(store, ROWS_MAX).await,
            self.accounts.iter().copied().collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>()
        );
        for (account, slot, row) in &self.rows {
            let found = Account::of(home, *account).get(store, *slot).await;
            assert_eq!(found.as_ref(), Some(row), "{slot:?} of {account:?}");
        }
        for entry in &self.names {
            assert_eq!(store.resolve(entry.name).await.unwrap(), Some(entry.place));
        }
        let mut due: Vec<i64> = Vec::new();
        for entry in store.due(at(10_000), ROWS_MAX).await.unwrap() {
            due.push((entry.at - at(0)).num_seconds());
        }
        assert_eq!(due, (500..540).collect::<Vec<_>>());
        for (window, count) in &self.windows {
            let read = portcullis::store::ChargeWindows {
                charges: vec![],
                reads: vec![*window],
                attempt: fresh(),
                now: at(60),
            };
            assert_eq!(store.charge(read).await.unwrap()[0].events.len(), *count, "a window's events");
        }
        self.records_are_in(store).await;
        self.requests_are_in(home, store).await;
    }

    async fn records_are_in(&self, store: &dyn Store) {
        let mut found: BTreeMap<Token, Vec<RecordId>> = BTreeMap::new();
        for number in 0..store.journals() {
            for Journalled { account, id, .. } in journal(store, number, 0, ROWS_MAX).await {
                assert_eq!(store.journal_of(account.partition()), number);
                found.entry(account).or_default().push(id);
            }
        }
        let expected: BTreeMap<_, _> = self
            .records
            .iter()
            .filter(|(_, ids)| !ids.is_empty())
            .map(|(account, ids)| (*account, ids.clone()))
            .collect();
        assert_eq!(found, expected, "each account's records stand in their order");
        for id in &self.gone {
            assert!(store.record(*id).await.unwrap().is_none());
            // Whoever misses one is told by some journal that it was archived.
            let mut archived = None;
            for number in 0..store.journals() {
                archived = archived.max(store.archived(number).await.unwrap().map(|up_to| up_to.at));
            }
            assert!(archived.is_some_and(|at| id.minted_at() <= at));
        }
    }

    async fn requests_are_in(&self, home: &impl Movables, store: &dyn Store) {
        for (account, reserve, record) in &self.answered {
            let account = Account::of(home, *account);
            let load = Load { reserve: Some(*reserve), ..account.load(at(60)) };
            assert_eq!(store.load(load).await.unwrap().reservation, Reservation::Answered(*record));
            let other = Reserve { digest: [0xee; 32], ..*reserve };
            let load = Load { reserve: Some(other), ..account.load(at(60)) };
            assert_eq!(store.load(load).await.unwrap().reservation, Reservation::Taken);
        }
        let account = Account::of(home, self.accounts[1]);
        let other = Load { reserve: Some(Reserve { digest: [0xee; 32], ..self.reserved }), ..account.load(at(60)) };
        assert_eq!(store.load(other).await.unwrap().reservation, Reservation::Taken, "a key that was only reserved");
        let same = Load { reserve: Some(self.reserved), ..account.load(at(60)) };
        assert_eq!(store.load(same).await.unwrap().reservation, Reservation::Made, "who had it goes on");
    }
}

async fn copied(from: &impl Movables, to: &impl Movables) -> Result<Moved, MovingError> {
    let source = from.carry().unwrap();
    let target = to.fill(source.standing().await.unwrap().mark).unwrap();
    let moved = copy(Arc::clone(&source), Arc::clone(&target), at(100), &mut |_| {}).await;
    target.leave().await.unwrap();
    source.leave().await.unwrap();
    moved
}

async fn everything_is_carried(from: &impl Movables, to: &impl Movables) {
    let world = World::made(from).await;
    let moved = copied(from, to).await.unwrap();
    let count = |kind| moved.put.of(kind);
    assert_eq!((count(Kind::Accounts), count(Kind::Lines), count(Kind::Permits)), (40, 40, 40));
    assert_eq!((count(Kind::Names), count(Kind::Due), count(Kind::Documents)), (80, 40, 1));
    assert_eq!(count(Kind::Records), 80 - world.gone.len() as u64);
    assert_eq!(moved.compared.counts.of(Kind::Records), count(Kind::Records));
    let target = to.serve().unwrap();
    world.is_in(to, &*target).await;
    // What the source said it had reached means nothing here.
    let behind = Load { at_least: Some(world.seen), ..Account::of(to, world.seen_account()).load(at(60)) };
    assert!(matches!(target.load(behind).await, Err(StoreError::Behind)));
    // Time goes on from where it was.
    let account = Account::new(to);
    let early = Commit { writes: vec![write(Slot::Head, 0, b"")], ..account.commit(at(30)) };
    assert!(matches!(target.commit(early).await, Err(CommitError::Store(StoreError::ClockBehind))));
    // And so do its journals: what comes now stands behind all that was there.
    let record = account.record(at(50), b"new");
    let number = target.journal_of(account.partition());
    let last = journal(&*target, number, 0, ROWS_MAX).await.last().map_or(0, |record| record.place);
    target.commit(Commit { records: vec![record], ..account.commit(at(50)) }).await.unwrap();
    assert!(journal(&*target, number, last, ROWS_MAX).await.iter().all(|record| record.place > last));
    assert_eq!(journal(&*target, number, last, ROWS_MAX).await.len(), 1);
    drop(target);
    // The source is as it was, and serves nobody until somebody takes it back.
    let refused = from.serve().err().expect("its place is taken");
    assert!(refused.contains("store reclaim"), "{refused}");
    let source = from.carry().unwrap();
    source.moved(None).await.unwrap();
    source.leave().await.unwrap();
    drop(source);
    world.is_in(from, &*from.serve().unwrap()).await;
}

impl World {
    fn seen_account(&self) -> Token {
        *self.accounts.last().unwrap()
    }
}

async fn cut_off_anywhere_it_goes_on(from: &impl Movables, to: &impl Movables) {
    let world = World::made(from).await;
    let source = from.carry().unwrap();
    let mark = source.standing().await.unwrap().mark;
    let mut cuts = 0_usize;
    let moved = loop {
        let inner = to.fill(mark).unwrap();
        // Each time a little further, so that every kind is cut through once.
        let target = Arc::new(Cut::after(inner, 1 + cuts % 2, cuts.is_multiple_of(2)));
        let told = copy(Arc::clone(&source), Arc::clone(&target) as Arc<dyn Movable>, at(100), &mut |_| {}).await;
        target.leave().await.unwrap();
        drop(target);
        match told {
            Ok(moved) => break moved,
            Err(MovingError::Store(StoreError::Unavailable(why))) if why == "killed" => cuts += 1,
            Err(error) => panic!("{error}"),
        }
        let refused = to.serve().err().expect("what is half there serves nobody");
        assert!(refused.contains("half copied"), "{refused}");
        assert!(cuts < 5_000);
    };
    assert!(cuts > 2, "{cuts} cuts");
    assert_eq!(
        (moved.put.of(Kind::Accounts), moved.put.of(Kind::Names)),
        (40, 80),
        "what is put again is counted once"
    );
    assert!(moved.before.all() > 0);
    source.leave().await.unwrap();
    drop(source);
    world.is_in(to, &*to.serve().unwrap()).await;
}

async fn what_is_missing_or_changed_is_noticed(from: &impl Movables, make: impl Fn() -> Box<dyn AnyMovables>) {
    World::made(from).await;
    let source = from.carry().unwrap();
    let mark = source.standing().await.unwrap().mark;
    for (number, (kind, spoil)) in spoilers().into_iter().enumerate() {
        let to = make();
        let inner = to.fill_any(mark).unwrap();
        let target = Arc::new(Cut::spoiling(inner, spoil));
        let told = copy(Arc::clone(&source), Arc::clone(&target) as Arc<dyn Movable>, at(100), &mut |_| {}).await;
        let Err(MovingError::Differs(differences)) = told else { panic!("number {number}: {told:?}") };
        assert!(differences.iter().all(|difference| difference.kind == kind), "number {number}: {differences:?}");
        let error = MovingError::Differs(differences).to_string();
        assert!(error.contains(kind.name()), "{error}");
        target.leave().await.unwrap();
        drop(target);
        assert!(to.serve_any().is_err(), "what differs serves nobody");
    }
}

/// A home of a kind that a test makes as often as it needs one.
pub(crate) trait AnyMovables {
    fn fill_any(&self, source: [u8; 32]) -> Result<Arc<dyn Movable>, String>;
    fn serve_any(&self) -> Result<Box<dyn Store>, String>;
}

impl<H: Movables> AnyMovables for H {
    fn fill_any(&self, source: [u8; 32]) -> Result<Arc<dyn Movable>, String> {
        self.fill(source)
    }

    fn serve_any(&self) -> Result<Box<dyn Store>, String> {
        self.serve()
    }
}

async fn only_the_same_copy_goes_on(from: &impl Movables, to: &impl Movables) {
    let account = Account::new(from);
    account.put(&*from.open(), Slot::Head, 0, b"head").await.unwrap();
    let refused = |told: Result<Arc<dyn Movable>, String>, why: &str| {
        let told = told.err().expect("a refusal");
        assert!(told.contains(why), "{told}");
    };
    let source = from.carry().unwrap();
    let mark = source.standing().await.unwrap().mark;
    let filling = Filling { things: vec![], now: at(1), reached: vec![] };
    assert!(matches!(source.fill(filling.clone()).await, Err(StoreError::Refused(_))), "what serves is not filled");
    let target = to.fill(mark).unwrap();
    target.leave().await.unwrap();
    drop(target);
    source.leave().await.unwrap();
    drop(source);
    // Somebody used the source in between: what the target has is not the beginning of that.
    account.put(&*from.open(), Slot::Head, 1, b"head").await.unwrap();
    let source = from.carry().unwrap();
    let later = source.standing().await.unwrap().mark;
    assert_ne!(later, mark);
    refused(to.fill(later), "another copy");
    let target = to.fill(mark).unwrap();
    copy(Arc::clone(&source), Arc::clone(&target), at(100), &mut |_| {}).await.unwrap();
    target.leave().await.unwrap();
    drop(target);
    refused(to.fill(later), "there is a store already");
    // A store is carried on, and back.
    let onward = to.carry().unwrap();
    assert_ne!(onward.standing().await.unwrap().mark, later);
    assert_ne!(onward.epoch(), source.epoch());
}

macro_rules! each_way {
    ($($way:ident: $from:expr, $to:expr;)*) => {
        $(mod $way {
            use super::*;

            #[tokio::test]
            async fn everything_is_carried() {
                let from = $from;
                super::everything_is_carried(&from, &$to(from.ids())).await;
            }

            #[tokio::test]
            async fn cut_off_anywhere_it_goes_on() {
                let from = $from;
                super::cut_off_anywhere_it_goes_on(&from, &$to(from.ids())).await;
            }

            #[tokio::test]
            async fn what_is_missing_or_changed_is_noticed() {
                let from = $from;
                super::what_is_missing_or_changed_is_noticed(&from, || Box::new($to(from.ids()))).await;
            }

            #[tokio::test]
            async fn only_the_same_copy_goes_on() {
                let from = $from;
                super::only_the_same_copy_goes_on(&from, &$to(from.ids())).await;
            }
        })*
    };
}

each_way! {
    embedded_to_embedded: Embedded::new(), Embedded::of_ids;
    embedded_to_redis: Embedded::new(), OnRedis::server_of_ids;
    redis_to_embedded: OnRedis::server(), Embedded::of_ids;
    redis_to_redis: OnRedis::server(), OnRedis::server_of_ids;
}
