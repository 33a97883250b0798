//! What several engines over one Redis do together while nobody asks: the due queue, worked by one at a time; and what
//! followers of one are told of the others.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::TimeDelta;
use portcullis::audit::{Event, RecordFilter};
use portcullis::crypto::{Ids, Token, Tokens};
use portcullis::domain::{
    Channel, HoldKind, LockSet, LockStepKind, OutcomeKind, Reason, ReleaseOpens, Requester, Role,
};
use portcullis::service::{Engine, LineRef, Parts, Question, RecordView, Scope, ServiceError, Told, Watch, authorise};
use portcullis::store::redis::{RedisDurability, RedisOptions, RedisPlace, RedisStore};
use portcullis::store::{
    Around, ChargeWindows, Commit, CommitError, Position, Reply, Settle, Store, StoreError, Window, WindowKey,
};
use redis::cmd;
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::incidents::{lifted, place, target, told as verdict};
use crate::records::history;
use crate::redis_servers::{Server, Settings, beside};
use crate::world::{World, brand, carrier, clerk, customer, line_ref, line_scope, requester};

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
            options.begins = true;
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

/// A store that waits at the door with what first follows from a decision, and remembers which windows were charged outside
/// accounts.
struct AtTheDoor {
    store: Arc<RedisStore>,
    closed: AtomicBool,
    reached: Notify,
    opened: Notify,
    charged: Mutex<HashSet<WindowKey>>,
}

impl AtTheDoor {
    async fn wait(&self) {
        if self.closed.swap(false, Ordering::SeqCst) {
            self.reached.notify_one();
            self.opened.notified().await;
        }
    }
}

impl Around for AtTheDoor {
    fn inner(&self) -> &dyn Store {
        &*self.store
    }

    fn charge(&self, charge: ChargeWindows) -> Reply<'_, Result<Vec<Window>, StoreError>> {
        self.charged.lock().unwrap().extend(charge.charges.iter().map(|charge| charge.window));
        self.store.charge(charge)
    }

    fn commit(&self, commit: Commit) -> Reply<'_, Result<Position, CommitError>> {
        Box::pin(async move {
            self.wait().await;
            self.store.commit(commit).await
        })
    }

    fn settle(&self, settled: Vec<Settle>) -> Reply<'_, Result<(), StoreError>> {
        Box::pin(async move {
            self.wait().await;
            self.store.settle(settled).await
        })
    }
}

impl Herd {
    fn store(&self) -> Arc<RedisStore> {
        let place = RedisPlace::Single(self.server.address());
        let mut options = RedisOptions::new(place, RedisDurability::Fsync, Ids::new(&self.world.keyring), 7);
        options.begins = true;
        options.clock_ahead_max = None;
        Arc::new(beside(RedisStore::open(options)).unwrap())
    }
}

const HELD: (OutcomeKind, Option<Reason>) = (OutcomeKind::Deny, Some(Reason::StaffHeld));

/// Of two engines that decide one request at once one is too late: what the decision on record counts by stays, whatever
/// the other one thought of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_decides_too_late_takes_nothing_back() {
    for in_a_batch in [false, true] {
        let herd = Herd::populated().await;
        let late = Arc::new(AtTheDoor {
            store: herd.store(),
            closed: false.into(),
            reached: Notify::new(),
            opened: Notify::new(),
            charged: Mutex::default(),
        });
        let slow = herd.world.engine_over(late.clone());
        let question = herd.world.port();
        let question = if in_a_batch { question } else { herd.world.approved(question) };
        place(&herd.world, &target(HoldKind::Staff, carrier().subject.as_str())).await;

        late.closed.store(true, Ordering::SeqCst);
        let asked = tokio::spawn(ask(slow, question.clone(), in_a_batch));
        timeout(TOLD_WITHIN, late.reached.notified()).await.expect("it comes to its decision");
        lifted(&herd.world, &herd.world.engine, &carrier()).await;
        let first = ask(herd.world.engine.clone(), question.clone(), in_a_batch).await;
        assert_eq!(first, if in_a_batch { OutcomeKind::Challenge } else { OutcomeKind::Approve });
        let windows: Vec<WindowKey> = late.charged.lock().unwrap().iter().copied().collect();
        let before = read(&late.store, &windows).await;
        assert!(before.iter().any(|window| !window.events.is_empty()), "the decision counts");
        late.opened.notify_one();
        assert_eq!(asked.await.unwrap(), first, "the answer is the one on record");
        assert_eq!(read(&late.store, &windows).await, before);
    }
}

async fn ask(engine: Arc<Engine>, question: Question, in_a_batch: bool) -> OutcomeKind {
    if in_a_batch {
        let lines: Vec<LineRef> = vec![line_ref()];
        let common = Question { scope: Scope::Line(line_ref()), ..question };
        return engine.batch_decide(authorise(carrier()).unwrap(), common, lines).await.unwrap().outcome;
    }
    engine.decide(authorise(carrier()).unwrap(), question).await.unwrap().decided().unwrap().outcome
}

async fn read(store: &RedisStore, windows: &[WindowKey]) -> Vec<Window> {
    let (reads, attempt) = (windows.to_vec(), Token::from_bytes([1; 16]));
    store.charge(ChargeWindows { charges: Vec::new(), reads, attempt, now: crate::world::start() }).await.unwrap()
}

/// All that stands under the keys of one partition, as the server dumps it.
async fn partition_of(herd: &Herd, number: u16) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut connection = herd.server.connect().await;
    let pattern = format!("portcullis:{{{number:04}}}:*");
    let keys: Vec<Vec<u8>> = cmd("KEYS").arg(pattern).query_async(&mut connection).await.unwrap();
    let mut found = Vec::new();
    for key in keys {
        let dump = cmd("DUMP").arg(&key).query_async(&mut connection).await.unwrap();
        found.push((key, dump));
    }
    found
}

async fn put_back(herd: &Herd, number: u16, kept: &[(Vec<u8>, Vec<u8>)]) {
    let mut connection = herd.server.connect().await;
    for (key, _) in partition_of(herd, number).await {
        let _: i64 = cmd("DEL").arg(key).query_async(&mut connection).await.unwrap();
    }
    for (key, dump) in kept {
        let _: () = cmd("RESTORE").arg(key).arg(0).arg(dump).query_async(&mut connection).await.unwrap();
    }
}

/// A lift that the store lost again, and with it the places of its records: engines that read it hold as before, and who
/// followed the records is told so.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_the_store_lost_again_is_read_anew() {
    let herd = Herd::populated().await;
    let ledger = Tokens::new(&herd.world.keyring).ledger(&brand()).partition().number();
    let other = herd.engines[0].clone();
    let asked = async || {
        let question = herd.world.approved(herd.world.sim_change(Channel::Store));
        verdict(&other.decide(authorise(clerk()).unwrap(), question).await.unwrap())
    };
    place(&herd.world, &target(HoldKind::Staff, clerk().subject.as_str())).await;
    assert_eq!(asked().await, HELD);
    let before = partition_of(&herd, ledger).await;
    let mut watch = follow(&other).await;
    lifted(&herd.world, &herd.world.engine, &clerk()).await;
    until(async || asked().await.0 == OutcomeKind::Approve).await;
    drain(&mut watch).await;

    put_back(&herd, ledger, &before).await;
    until(async || asked().await == HELD).await;
    // As many records as were lost: their places are taken.
    place(&herd.world, &target(HoldKind::Staff, "clerk-8")).await;
    place(&herd.world, &target(HoldKind::Staff, "clerk-9")).await;
    place(&herd.world, &target(HoldKind::Staff, "clerk-10")).await;
    let ended = async {
        loop {
            match watch.read().await {
                Ok(seen) if !seen.more => watch.rung().await.unwrap(),
                Ok(_) => {}
                Err(error) => break error,
            }
        }
    };
    let ended = timeout(TOLD_WITHIN, ended).await.expect("who follows is told");
    assert!(matches!(ended, ServiceError::Invalid { field: "resume_token", .. }), "{ended}");
}

/// Asks until it is so: at the latest a second after.
async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    let begun = std::time::Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < TOLD_WITHIN, "it does not come to be so");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
