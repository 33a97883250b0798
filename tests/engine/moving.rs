//! A store moves with an archive beside it: what was taken out of many journals stays proven, and more goes after it.

use std::path::Path;
use std::sync::Arc;

use chrono::TimeDelta;
use portcullis::crypto::Ids;
use portcullis::domain::{AccountId, AccountNumber, LineId, Msisdn};
use portcullis::service::Parts;
use portcullis::store::embedded::{EmbeddedStore, OpenOptions};
use portcullis::store::redis::{RedisDurability, RedisOptions, RedisPlace, RedisStore};
use portcullis::store::{Movable, Store, Verified, copy};

use crate::archive::{archive, decisions, verified};
use crate::redis_servers::{Server, Settings, beside};
use crate::world::World;

const ACCOUNTS: usize = 12;

fn options(world: &World, server: &Server, prefix: &str, epoch: u64) -> RedisOptions {
    let place = RedisPlace::Single(server.address());
    RedisOptions {
        prefix: prefix.to_owned(),
        key_marks: world.keyring.marks(),
        clock_ahead_max: None,
        call_timeout: std::time::Duration::from_secs(30),
        begins: true,
        ..RedisOptions::new(place, RedisDurability::Fsync, Ids::new(&world.keyring), epoch)
    }
}

fn embedded(world: &World, folder: &Path, filled_from: Option<[u8; 32]>) -> EmbeddedStore {
    let options = OpenOptions { filled_from, ..OpenOptions::new(folder, world.keyring.marks(), 9) };
    EmbeddedStore::open(&options).unwrap()
}

/// The world's engine over that store.
fn over(world: World, store: Arc<dyn Store>) -> World {
    world.with_parts(|parts| Parts { store, ..parts })
}

async fn moved(world: &World, source: RedisStore, target: Arc<dyn Movable>) {
    let source: Arc<dyn Movable> = Arc::new(source);
    copy(Arc::clone(&source), Arc::clone(&target), crate::world::start(), &mut |_| {}).await.unwrap();
    target.leave().await.unwrap();
    source.leave().await.unwrap();
    assert_eq!(world.store.journals(), 1);
}

/// Every chain holds, in the archive and in the store.
async fn hold(world: &World) -> Verified {
    let (whole, faults) = verified(world, None).await.unwrap();
    assert_eq!(faults, []);
    whole
}

async fn standing(store: &RedisStore) -> [u8; 32] {
    store.standing().await.unwrap().mark
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_archived_stays_proven_wherever_the_store_goes() {
    let server = Server::start(&Settings::careful());
    let folder = tempfile::tempdir().unwrap();
    let world = World::new();
    let first = beside(RedisStore::open(options(&world, &server, "one", 7))).unwrap();
    let own: Arc<dyn Store> = world.store.clone();
    let world = over(world, Arc::new(first));
    world.create(world.seed()).await;
    for number in 1..ACCOUNTS {
        let mut seed = world.seed();
        seed.account = AccountId::parse(&format!("acct-m{number}")).unwrap();
        seed.number = AccountNumber::parse(&format!("00123456{number:02}")).unwrap();
        for line in &mut seed.lines {
            line.id = LineId::parse(&format!("line-m{number}")).unwrap();
            line.msisdn = Msisdn::parse(&format!("+121255502{number:02}")).unwrap();
        }
        world.create(seed).await;
    }
    decisions(&world, 3).await;
    world.pass(TimeDelta::days(91));
    decisions(&world, 2).await;
    let done = archive(&world).await;
    assert!(done.segments > 5 && done.taken_out >= 14, "out of many journals: {done:?}");
    let whole = hold(&world).await;
    assert!(whole.accounts >= ACCOUNTS as u64 && whole.records > ACCOUNTS as u64, "{whole:?}");

    // To another prefix: there the day goes on, and so does the archive.
    let world = over(world, Arc::clone(&own));
    let source = beside(RedisStore::open_to_carry(options(&world, &server, "one", 1))).unwrap();
    let mark = beside(standing(&source));
    let target = Arc::new(beside(RedisStore::open_to_fill(options(&world, &server, "two", 8), mark)).unwrap());
    moved(&world, source, target).await;
    let second = beside(RedisStore::open(options(&world, &server, "two", 2))).unwrap();
    let world = over(world, Arc::new(second));
    // Whoever verified is on record.
    assert_eq!(hold(&world).await, Verified { records: whole.records + 1, ..whole });
    decisions(&world, 2).await;
    world.pass(TimeDelta::days(91));
    decisions(&world, 1).await;
    assert!(archive(&world).await.taken_out >= 4);
    let whole = hold(&world).await;

    // And to the embedded store, whose one journal goes on where none of the many ever was.
    let world = over(world, own);
    let source = beside(RedisStore::open_to_carry(options(&world, &server, "two", 3))).unwrap();
    let mark = beside(standing(&source));
    moved(&world, source, Arc::new(embedded(&world, folder.path(), Some(mark)))).await;
    let back = embedded(&world, folder.path(), None);
    let world = over(world, Arc::new(back));
    // Whoever verified is on record.
    assert_eq!(hold(&world).await, Verified { records: whole.records + 1, ..whole });
    decisions(&world, 2).await;
    world.pass(TimeDelta::days(91));
    decisions(&world, 1).await;
    assert!(archive(&world).await.taken_out >= 3);
    hold(&world).await;
}
