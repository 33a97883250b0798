//! While the replica of a primary has nothing of what is written, nothing is acknowledged, and no answer rests on it: not at
//! the first asking, and not when the same is asked again and the primary has it already.

use std::time::{Duration, Instant};

use portcullis::crypto::Token;
use portcullis::store::redis::{RedisDurability, RedisOpenError, RedisOptions, RedisPlace, RedisStore};
use portcullis::store::{
    Before, Charge, ChargeWindows, Claim, Commit, CommitError, Forget, IndexEntry, LeaseRequest, Load, NewRecord,
    Place, Position, Reseal, Reserve, SealedAt, Slot, Store, StoreError, Urgency, WindowKey,
};

use crate::harness::{Account, at, charge, fresh, request, write};
use crate::on_redis::OnRedis;
use crate::redis_servers::{Pair, beside};

/// How long a step may take: a proof gets half of it.
const CALL_TIMEOUT: Duration = Duration::from_millis(500);

/// How long a replica may need to be back.
const BACK_WITHIN: Duration = Duration::from_secs(30);

/// What is asked, the same each time.
struct Asked<'a> {
    account: Account<'a>,
    reserve: Reserve,
    window: WindowKey,
    outside: WindowKey,
    record: NewRecord,
    old: NewRecord,
    journal: u16,
    /// The place of the newest record that was acknowledged.
    before: u64,
    name: Token,
}

impl Asked<'_> {
    fn looked(&self) -> Charge {
        charge(self.window, Before::Look)
    }

    fn claim(&self) -> Commit {
        let claim = Claim { reserve: self.reserve, record: self.record.id };
        let writes = vec![write(Slot::Head, 1, b"locked")];
        let (urgency, records) = (Urgency::Protective, vec![self.record.clone()]);
        Commit { urgency, writes, records, claim: Some(claim), ..self.account.commit(at(1)) }
    }
}

/// How a step ended: carried out, or found to be carried out before.
fn committed(answer: Result<Position, CommitError>) -> Result<(), StoreError> {
    match answer {
        Ok(_) | Err(CommitError::Answered(_)) => Ok(()),
        Err(CommitError::Store(error)) => Err(error),
        Err(other) => panic!("{other}"),
    }
}

/// The steps that are acknowledged only once they are proven, in an order in which each can be carried out.
const STEPS: [&str; 12] = [
    "look",
    "look outside",
    "count",
    "count outside",
    "claim",
    "replay",
    "follow",
    "read rows",
    "index",
    "lease",
    "reseal",
    "forget a key",
];

async fn step(store: &RedisStore, name: &str, asked: &Asked<'_>) -> Result<(), StoreError> {
    let load = Load { slots: vec![Slot::Head], reserve: Some(asked.reserve), ..asked.account.load(at(1)) };
    match name {
        "look" => store.load(Load { charges: vec![asked.looked()], ..load }).await.map(drop),
        "count" => store.load(Load { charges: vec![charge(asked.window, Before::Commit)], ..load }).await.map(drop),
        "look outside" | "count outside" => {
            let before = if name == "look outside" { Before::Look } else { Before::Commit };
            let (charges, attempt) = (vec![charge(asked.outside, before)], asked.reserve.request);
            store.charge(ChargeWindows { charges, reads: vec![], attempt, now: at(1) }).await.map(drop)
        }
        "claim" => committed(store.commit(asked.claim()).await),
        "replay" => store.load(load).await.map(drop),
        "follow" => store.journal(asked.journal, asked.before, 10).await.map(|page| assert_eq!(page.len(), 1)),
        "read rows" => {
            store.rows(asked.account.token, None, 10).await.map(|page| assert_eq!(page[0].1.body, b"locked"))
        }
        "index" => {
            let place = Place { account: asked.account.token, line: asked.name };
            store.index(vec![IndexEntry { name: asked.name, place }]).await
        }
        "lease" => {
            let holder = asked.name;
            let lease = LeaseRequest { name: "work".to_owned(), holder, now: at(1), until: at(60) };
            store.lease(lease).await.map(drop)
        }
        "reseal" => {
            let body = Reseal { at: SealedAt::Record(asked.old.id), old: asked.old.body.clone(), new: b"new".to_vec() };
            store.reseal(vec![body]).await.map(drop)
        }
        "forget a key" => store.forget_key("seal 1".to_owned()).await,
        other => panic!("no step {other}"),
    }
}

async fn trial<'a>(store: &RedisStore, home: &'a OnRedis) -> Asked<'a> {
    let account = Account::new(home);
    let old = account.record(at(0), b"old");
    let writes = vec![write(Slot::Head, 0, b"open")];
    store.commit(Commit { writes, records: vec![old.clone()], ..account.commit(at(0)) }).await.unwrap();
    let journal = store.journal_of(account.partition());
    let before = store.journal(journal, 0, 1).await.unwrap()[0].place;
    // One engine has reserved the key: what it claims is written, and stands there unproven.
    let reserve = request(1);
    store.load(Load { reserve: Some(reserve), ..account.load(at(0)) }).await.unwrap();
    Asked {
        reserve,
        window: account.window(),
        outside: account.window(),
        record: account.record(at(1), b"answer"),
        journal,
        before,
        old,
        name: fresh(),
        account,
    }
}

/// A store over a pair that may be slow to begin with: what it writes when it opens must be on the replica too.
fn opened(options: &RedisOptions) -> RedisStore {
    let begun = Instant::now();
    loop {
        match beside(RedisStore::open(options.clone())) {
            Ok(store) => return store,
            Err(RedisOpenError::Store(StoreError::Unavailable(_))) if begun.elapsed() < BACK_WITHIN => {}
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn what_no_replica_has_is_not_acknowledged() {
    let pair = Pair::start().await;
    let marks = vec![("index 1".to_owned(), fresh()), ("seal 1".to_owned(), fresh())];
    let place = RedisPlace::Single(pair.primary.address());
    let options = OnRedis::options(place, RedisDurability::Replicated(1));
    let options = RedisOptions { key_marks: marks, call_timeout: CALL_TIMEOUT, ..options };
    let store = opened(&options);
    // Whose every step goes over a connection that nothing was written on: there is nothing a proof could cover by chance.
    let unwritten = RedisOptions { connections: 256, ..options.clone() };
    let other = opened(&unwritten);
    let home = OnRedis::over(options);
    let asked = trial(&store, &home).await;

    pair.replica.signal("STOP");
    for name in STEPS {
        for (turn, store) in [("first", &store), ("second", &other), ("third", &store)] {
            let answer = step(store, name, &asked).await;
            assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{name}, asked the {turn} time: {answer:?}");
        }
    }
    let nothing = store.journal(asked.journal, asked.before + 1, 10).await.unwrap();
    assert!(nothing.is_empty(), "what shows nothing needs no proof");
    pair.replica.signal("CONT");
    let begun = Instant::now();
    for name in STEPS {
        while let Err(error) = step(&store, name, &asked).await {
            assert!(matches!(error, StoreError::Unavailable(_)), "{name}: {error}");
            assert!(begun.elapsed() < BACK_WITHIN, "{name}: {error}");
        }
    }
    let place = store.journal(asked.journal, 0, 1).await.unwrap()[0].place;
    let forget = Forget { journal: asked.journal, up_to: place, manifest: [7; 32], limit: 1 };
    assert_eq!(store.forget(forget).await.unwrap(), 1);
    let found = store.record(asked.record.id).await.unwrap();
    assert_eq!(found.map(|record| record.body), Some(b"answer".to_vec()), "it was carried out once");
}
