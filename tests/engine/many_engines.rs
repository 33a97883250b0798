//! What several engines over one Redis do together while nobody asks: the due queue, worked by one at a time; and what
//! followers of one are told of the others.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use portcullis::audit::{Event, RecordFilter};
use portcullis::crypto::{Ids, Token};
use portcullis::domain::{LockSet, LockStepKind, ReleaseOpens, Requester, Role};
use portcullis::service::{Engine, Parts, RecordView, Told, Watch, authorise};
use portcullis::store::redis::{RedisDurability, RedisOptions, RedisPlace, RedisStore};
use redis::cmd;
use tokio::time::timeout;

use crate::records::history;
use crate::redis_servers::{Server, Settings, beside};
use crate::world::{World, carrier, customer, line_scope, requester};

/// How soon followers are told, however busy the machine is: before they look at all journals by themselves.
const TOLD_WITHIN: Duration = Duration::from_secs(20);

/// How long a worker's lease holds.
const LEASE: TimeDelta = TimeDelta::seconds(60);

/// Three engines over one Redis, whose time is moved by hand.
struct Herd {
    world: World,
    server: Server,
    engines: Vec<Arc<Engine>>,
}

impl Herd {
    async fn populated() -> Self {
        let server = Server::start(&Settings::careful());
        let world = World::new();
        let store = || {
            let place = RedisPlace::Single(server.address());
            let mut options = RedisOptions::new(place, RedisDurability::Fsync, Ids::new(&world.keyring), 7);
            options.clock_ahead_max = None;
            options.call_timeout = Duration::from_secs(30);
            Arc::new(beside(RedisStore::open(options)).unwrap())
        };
        let engines = (0..3).map(|_| world.engine_over(store())).collect();
        let own = store();
        let world = world.with_parts(|parts| Parts { store: own, ..parts });
        world.create(world.seed()).await;
        Self { world, server, engines }
    }

    /// All engines look at the queue at once. What each saw to.
    async fn work(&self, working: impl Fn(usize) -> bool) -> Vec<usize> {
        let looks = self.engines.iter().enumerate().map(async |(number, engine)| {
            let holder = Token::from_bytes([u8::try_from(number).unwrap() + 1; 16]);
            if working(number) { engine.settle_due(holder).await.unwrap() } else { 0 }
        });
        futures_util::future::join_all(looks).await
    }
}

/// What falls due is done once, by whoever holds the lease; and by another once its holder is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_due_queue_is_worked_by_one_engine_at_a_time() {
    let herd = Herd::populated().await;
    herd.world.lock(customer(), LockSet::Port).await.unwrap();
    herd.world.release(LockSet::Port, ReleaseOpens::Window(None)).await.unwrap();
    herd.world.pass(TimeDelta::minutes(15));
    let seen = herd.work(|_| true).await;
    let first = seen.iter().position(|seen| *seen == 1).expect("somebody does it");
    assert_eq!(seen.iter().sum::<usize>(), 1, "{seen:?}");

    // Its holder is gone: until the lease has run out nobody works, and then another one.
    herd.world.pass(TimeDelta::days(7) - TimeDelta::minutes(15));
    assert_eq!(herd.work(|number| number == first).await[first], 0, "it is not due yet");
    herd.world.pass(TimeDelta::minutes(15));
    herd.world.pass(LEASE);
    let seen = herd.work(|number| number != first).await;
    assert_eq!(seen.iter().sum::<usize>(), 1, "{seen:?}");
    // It comes back, and finds the lease taken.
    assert_eq!(herd.work(|number| number == first).await, [0, 0, 0]);

    let records = history(&herd.world, &line_scope(), 10).await;
    let steps = records.iter().filter_map(|kept| match &kept.record().event {
        Event::LockStepped { step, .. } => Some(step.kind),
        _ => None,
    });
    let expected = [LockStepKind::Relocked, LockStepKind::ReleaseTookEffect];
    assert_eq!(steps.collect::<Vec<_>>(), expected, "each once");
}

fn auditor() -> Requester {
    requester(Role::Auditor, "auditor-1")
}

async fn follow(engine: &Arc<Engine>) -> Watch {
    let mut watch = engine.watch_records(&authorise(auditor()).unwrap(), RecordFilter::default(), None).await.unwrap();
    // What its own beginning rang, and all that stood there before.
    drain(&mut watch).await;
    watch
}

/// Reads until nothing is left that a journal may hold: only a ring tells of more.
async fn drain(watch: &mut Watch) {
    while watch.read().await.unwrap().more {}
}

/// Waits until so many decisions were told of, and no more.
async fn told(watch: &mut Watch, decisions: usize) {
    let mut seen = 0;
    let telling = async {
        while seen < decisions {
            let found = watch.read().await.unwrap();
            seen += found.records.iter().filter(|view| is_decision(view)).count();
            if seen < decisions && !found.more {
                watch.rung().await.unwrap();
            }
        }
    };
    timeout(TOLD_WITHIN, telling).await.unwrap_or_else(|_| panic!("{seen} of {decisions} were told"));
    assert_eq!(seen, decisions);
}

fn is_decision(view: &RecordView) -> bool {
    matches!(&view.told, Told::Whole(kept) if matches!(kept.record().event, Event::Decided(_)))
}

/// Whoever follows one engine is told of what the others decide, and of what they decided while no ring was heard.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn followers_of_one_engine_are_told_of_all() {
    let herd = Herd::populated().await;
    let mut watches = Vec::new();
    for engine in &herd.engines {
        watches.push(follow(engine).await);
    }
    let decide = async |engine: &Arc<Engine>| {
        let question = herd.world.approved(herd.world.port());
        engine.decide(authorise(carrier()).unwrap(), question).await.unwrap();
    };
    for engine in &herd.engines {
        decide(engine).await;
    }
    for watch in &mut watches {
        told(watch, 3).await;
        drain(watch).await;
    }
    // All connections that hear rings are cut; nobody listens again for a while.
    let kill = cmd("CLIENT").arg(&["KILL", "TYPE", "pubsub"]).to_owned();
    let cut: usize = kill.query_async(&mut herd.server.connect().await).await.unwrap();
    assert!(cut >= 3, "{cut}");
    decide(&herd.engines[0]).await;
    for watch in &mut watches {
        told(watch, 1).await;
    }
}
