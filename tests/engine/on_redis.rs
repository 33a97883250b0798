//! Engines over one Redis: the same promises, kept by several at once, and with the servers taken away.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::TimeDelta;
use portcullis::crypto::{Ids, Partition};
use portcullis::domain::{Channel, HoldKind, LockSet, OutcomeKind, PinCheck, Reason, ReleaseOpens};
use portcullis::service::{Engine, PolicySource, ServiceError, authorise};
use portcullis::store::redis::{RedisDurability, RedisOptions, RedisPlace, RedisStore};
use portcullis::store::{
    Around, ChargeWindows, Commit, CommitError, Load, Loaded, Place, Position, Reply, Settle, Store, StoreError, Window,
};
use redis::cmd;

use crate::all_calls::all_calls;
use crate::incidents::{desk, end, lifted, listing, open as open_incident, place, target, told};
use crate::interleavings::interleave;
use crate::pins::with_pin;
use crate::policies::{activate, stage};
use crate::redis_servers::{Server, Settings, beside};
use crate::world::{ACCOUNT, World, carrier, clerk, customer, ivr, pin_pad};

/// Interleavings are ten thousand on the embedded store; here each step crosses to another process.
const RUNS: usize = 1_000;
const RUNS_OF_ALL_CALLS: usize = 300;

/// A world whose engine keeps everything on a Redis.
struct There {
    world: World,
    server: Server,
    store: Arc<RedisStore>,
}

impl There {
    fn begin() -> Self {
        let server = Server::start(&Settings::careful());
        let world = World::new();
        // Servers have no hands on their clock: what is decided here is decided now.
        world.clock.advance((crate::world::real_now() - crate::world::start()).to_std().unwrap());
        let store = open(&world, &server);
        let world = world.with_parts(|parts| portcullis::service::Parts { store: store.clone(), ..parts });
        Self { world, server, store }
    }

    async fn populated() -> Self {
        let there = Self::begin();
        there.world.create(there.world.seed()).await;
        there
    }

    /// Another engine, with connections of its own.
    fn another(&self) -> Arc<Engine> {
        self.world.engine_over(open(&self.world, &self.server))
    }
}

fn open(world: &World, server: &Server) -> Arc<RedisStore> {
    let ids = Ids::new(&world.keyring);
    let mut options = RedisOptions::new(RedisPlace::Single(server.address()), RedisDurability::Fsync, ids, 7);
    options.begins = true;
    options.key_marks = world.keyring.marks();
    Arc::new(beside(RedisStore::open(options)).unwrap())
}

fn is_unavailable<T>(answer: &Result<T, ServiceError>) -> bool {
    matches!(answer, Err(ServiceError::Unavailable(_)))
}

/// threats.md E15, over Redis.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_redis_nothing_is_approved_and_all_is_there_afterwards() {
    let mut there = There::populated().await;
    let approved = there.world.approved(there.world.port());
    let permit = there.world.decide(carrier(), approved).await.unwrap();
    assert_eq!(permit.decided().unwrap().outcome, OutcomeKind::Approve);
    there.server.kill();
    for _ in 0..3 {
        let asked = there.world.decide(carrier(), there.world.approved(there.world.port())).await;
        assert!(is_unavailable(&asked), "{:?}", asked.map(|answer| answer.outward));
        assert!(is_unavailable(&there.world.lock(customer(), LockSet::All).await));
    }
    // Whoever looks after the store notices by itself, and notices the return.
    let health = async |well: bool| {
        while there.store.health().is_ok() != well {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), health(false)).await.expect("it is told that it is gone");
    let mut server = there.server;
    server.run_again();
    tokio::time::timeout(std::time::Duration::from_secs(10), health(true)).await.expect("it is told that it is back");
    let again = there.world.decide(carrier(), there.world.approved(there.world.port())).await.unwrap();
    assert_eq!(again.decided().unwrap().outcome, OutcomeKind::Approve);
}

/// A Redis that lost everything is not one that never knew of a lock.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_emptied_redis_is_no_new_store() {
    let there = There::populated().await;
    there.world.lock(customer(), LockSet::All).await.unwrap();
    let mut connection = there.server.connect().await;
    let _: () = cmd("FLUSHALL").query_async(&mut connection).await.unwrap();
    let asked = there.world.decide(carrier(), there.world.approved(there.world.port())).await;
    assert!(is_unavailable(&asked), "{:?}", asked.map(|answer| answer.outward));
}

/// threats.md E16, over Redis: in a running process, and against another engine's clock.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_jumps_decides_nothing() {
    let there = There::populated().await;
    there.world.lock(customer(), LockSet::All).await.unwrap();
    let released = there.world.release(LockSet::All, ReleaseOpens::Window(None)).await;
    assert_eq!(released.unwrap().decided().unwrap().outcome, OutcomeKind::Approve);
    // A day ahead the cool-down would be over.
    there.world.pass(TimeDelta::hours(25));
    let asked = there.world.decide(carrier(), there.world.approved(there.world.port())).await;
    assert!(is_unavailable(&asked), "{:?}", asked.map(|answer| answer.outward));
    // An engine that begins with its clock an hour behind what the others committed.
    there.world.clock.restart_at(crate::world::real_now() - TimeDelta::hours(1));
    let asked = there.world.decide(carrier(), there.world.approved(there.world.port())).await;
    assert!(is_unavailable(&asked), "{:?}", asked.map(|answer| answer.outward));
    // With the time right it is as it was: still cooling down.
    there.world.clock.restart_at(crate::world::real_now());
    let asked = there.world.decide(carrier(), there.world.approved(there.world.port())).await.unwrap();
    assert_eq!(asked.decided().unwrap().outcome, OutcomeKind::Deny);
}

/// threats.md E01, over three engines.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn six_tries_over_three_engines_at_once_verify_at_most_five() {
    let there = There::populated().await;
    let engines = [there.another(), there.another(), there.another()];
    let askers = [
        (customer(), Channel::App),
        (customer(), Channel::Web),
        (ivr(), Channel::Ivr),
        (pin_pad(), Channel::Store),
        (ivr(), Channel::Ivr),
        (pin_pad(), Channel::Store),
    ];
    let mut tasks = tokio::task::JoinSet::new();
    for (number, (who, channel)) in askers.into_iter().enumerate() {
        let engine = Arc::clone(&engines[number % engines.len()]);
        let question = with_pin(there.world.sim_change(channel), &format!("90817{number}"));
        tasks.spawn(async move {
            // Engines that meet on one account too often give no answer: the same is asked again, and counts once.
            loop {
                let answer = engine.decide(authorise(who.clone()).unwrap(), question.clone()).await;
                if !is_unavailable(&answer) {
                    return answer.unwrap();
                }
            }
        });
    }
    let answers = tasks.join_all().await;
    let checks: Vec<PinCheck> = answers.iter().map(|answer| answer.decided().unwrap().checks.pin).collect();
    let verified = checks.iter().filter(|check| **check == PinCheck::Mismatched).count();
    assert_eq!(verified, 5, "{checks:?}");
    assert!(checks.iter().any(|check| matches!(check, PinCheck::Exhausted { .. })), "{checks:?}");
}

/// A repeated request is the first one, whichever engine is asked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_request_is_one_decision_over_all_engines() {
    let there = There::populated().await;
    let engines = [there.another(), there.another(), there.another()];
    let question = there.world.approved(there.world.port());
    let mut tasks = tokio::task::JoinSet::new();
    for turn in 0..24 {
        let (engine, question) = (Arc::clone(&engines[turn % engines.len()]), question.clone());
        tasks.spawn(async move {
            loop {
                let answer = engine.decide(authorise(carrier()).unwrap(), question.clone()).await;
                if !is_unavailable(&answer) {
                    return answer.unwrap();
                }
            }
        });
    }
    let answers = tasks.join_all().await;
    assert!(answers.iter().all(|answer| answer.id() == answers[0].id()));
}

async fn asked_in_the_store(there: &There, engine: &Arc<Engine>) -> (OutcomeKind, Option<Reason>) {
    let question = there.world.approved(there.world.sim_change(Channel::Store));
    told(&engine.decide(authorise(clerk()).unwrap(), question).await.unwrap())
}

/// Asks until the answer is what it must become: a ring is on its way, and at the latest a second is.
async fn becomes<T: PartialEq + std::fmt::Debug>(expected: impl Fn(&T) -> bool, mut ask: impl AsyncFnMut() -> T) {
    let begun = std::time::Instant::now();
    loop {
        let found = ask().await;
        if expected(&found) {
            return;
        }
        assert!(begun.elapsed() < std::time::Duration::from_secs(10), "it stays {found:?}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// Holds and breaches are in force in every engine within a second, and not before they are told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_engine_is_told_holds_in_all() {
    let there = There::populated().await;
    let other = there.another();
    assert_eq!(asked_in_the_store(&there, &other).await.0, OutcomeKind::Approve);
    let staff = target(HoldKind::Staff, clerk().subject.as_str());
    place(&there.world, &staff).await;
    let held = (OutcomeKind::Deny, Some(Reason::StaffHeld));
    becomes(|told| *told == held, async || asked_in_the_store(&there, &other).await).await;
    lifted(&there.world, &there.world.engine, &clerk()).await;
    becomes(|(outcome, _)| *outcome == OutcomeKind::Approve, async || asked_in_the_store(&there, &other).await).await;

    let with_right_pin = async || {
        let question = with_pin(there.world.sim_change(Channel::Store), crate::world::PIN);
        told(&other.decide(authorise(pin_pad()).unwrap(), question).await.unwrap())
    };
    assert_ne!(with_right_pin().await.1, Some(Reason::PinBeforeBreach));
    let listed = listing(&there.world, [ACCOUNT.to_owned()]);
    let incident = open_incident(&there.world, desk(1), listed, there.world.now()).await.unwrap();
    becomes(|(_, reason)| *reason == Some(Reason::PinBeforeBreach), with_right_pin).await;
    for number in [1, 2] {
        end(&there.world, desk(number), &incident).await;
    }
    becomes(|(_, reason)| *reason != Some(Reason::PinBeforeBreach), with_right_pin).await;
}

/// A store whose rings nobody hears.
struct Silent(Arc<RedisStore>);

impl Around for Silent {
    fn inner(&self) -> &dyn Store {
        &*self.0
    }

    fn rings(&self) -> tokio::sync::broadcast::Receiver<Partition> {
        tokio::sync::broadcast::channel(1).1
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_hears_no_ring_knows_within_seconds() {
    let there = There::populated().await;
    let deaf = there.world.engine_over(Arc::new(Silent(open(&there.world, &there.server))));
    assert_eq!(asked_in_the_store(&there, &deaf).await.0, OutcomeKind::Approve);
    place(&there.world, &target(HoldKind::Staff, clerk().subject.as_str())).await;
    becomes(|(outcome, _)| *outcome == OutcomeKind::Deny, async || asked_in_the_store(&there, &deaf).await).await;
}

/// The policy that two people put in force at one engine decides in all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_that_was_activated_decides_in_all() {
    let there = There::populated().await;
    let by_two = |parts| portcullis::service::Parts { policy_source: PolicySource::Service, ..parts };
    let store = open(&there.world, &there.server);
    let other = Engine::new(by_two(there.world.parts(store))).unwrap();
    let (store, clock) = (there.store.clone(), there.world.clock.clone());
    let world = there.world.with_parts(|parts| by_two(portcullis::service::Parts { store, ..parts }));
    world.engine.begin_policy(false).await.unwrap();
    let revision = other.begin_policy(false).await.unwrap();
    let asked = async || {
        let question = with_pin(world.sim_change(Channel::Store), crate::world::PIN);
        other.decide(authorise(pin_pad()).unwrap(), question).await.unwrap().decided().unwrap().policy
    };
    assert_eq!(asked().await, revision);
    let staged = stage(&world, desk(1), 200, false).await.unwrap().shelf.staged.unwrap().revision;
    assert_eq!(asked().await, revision, "it waits");
    activate(&world, desk(2), staged).await.unwrap();
    becomes(|revision| *revision == staged, asked).await;
    drop((there.server, clock));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn interleavings_agree_with_the_model_on_redis() {
    let (_server, world, _) = moved_by_hand();
    interleave(world, RUNS).await;
}

/// The same of all calls that there are.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn all_calls_over_redis_agree_with_the_model() {
    let (_server, world, other) = moved_by_hand();
    all_calls(world, other, RUNS_OF_ALL_CALLS).await;
}

/// A world on a Redis whose time is moved by hand, by days; and a busy machine may be slow.
fn moved_by_hand() -> (Server, World, Arc<Engine>) {
    let server = Server::start(&Settings::careful());
    let world = World::new();
    let store = || {
        let ids = Ids::new(&world.keyring);
        let mut options = RedisOptions::new(RedisPlace::Single(server.address()), RedisDurability::Fsync, ids, 7);
        options.begins = true;
        options.key_marks = world.keyring.marks();
        options.clock_ahead_max = None;
        options.call_timeout = std::time::Duration::from_secs(30);
        Arc::new(beside(RedisStore::open(options)).unwrap())
    };
    let (store, other) = (store(), world.engine_over(store()));
    (server, world.with_parts(|parts| portcullis::service::Parts { store, ..parts }), other)
}

/// Counts what is waited for: a wait begins when the first call of several at once does, and ends with the last.
struct Waits {
    store: Arc<RedisStore>,
    open: AtomicU64,
    begun: AtomicU64,
    /// Partitions that were asked for windows outside accounts.
    elsewhere: AtomicU64,
}

impl Waits {
    fn wait<'a, T: Send + 'a>(&'a self, reply: Reply<'a, T>) -> Reply<'a, T> {
        if self.open.fetch_add(1, Ordering::SeqCst) == 0 {
            self.begun.fetch_add(1, Ordering::SeqCst);
        }
        Box::pin(async move {
            let answer = reply.await;
            self.open.fetch_sub(1, Ordering::SeqCst);
            answer
        })
    }
}

impl Around for Waits {
    fn inner(&self) -> &dyn Store {
        &*self.store
    }

    fn resolve(&self, name: portcullis::crypto::Token) -> Reply<'_, Result<Option<Place>, StoreError>> {
        self.wait(self.store.resolve(name))
    }

    fn load(&self, load: Load) -> Reply<'_, Result<Loaded, StoreError>> {
        self.wait(self.store.load(load))
    }

    fn charge(&self, charge: ChargeWindows) -> Reply<'_, Result<Vec<Window>, StoreError>> {
        let keys = charge.charges.iter().map(|charge| charge.window).chain(charge.reads.iter().copied());
        let partitions: HashSet<_> = keys.map(|key| key.partition).collect();
        self.elsewhere.fetch_add(partitions.len() as u64, Ordering::SeqCst);
        self.wait(self.store.charge(charge))
    }

    /// What is taken back is waited for by nobody.
    fn settle(&self, settled: Vec<Settle>) -> Reply<'_, Result<(), StoreError>> {
        let partitions: HashSet<_> = settled.iter().map(|settle| settle.window.partition).collect();
        self.elsewhere.fetch_add(partitions.len() as u64, Ordering::SeqCst);
        self.store.settle(settled)
    }

    fn commit(&self, commit: Commit) -> Reply<'_, Result<Position, CommitError>> {
        self.wait(self.store.commit(commit))
    }
}

/// What the servers themselves count: calls of scripts, and of commands that no script called.
async fn commands(server: &Server) -> u64 {
    let mut connection = server.connect().await;
    let stats: String = cmd("INFO").arg("commandstats").query_async(&mut connection).await.unwrap();
    let calls = |name: &str| {
        let line = stats.lines().find_map(|line| line.strip_prefix(&format!("cmdstat_{name}:calls=")));
        line.map_or(0, |rest| rest.split(',').next().unwrap().parse::<u64>().unwrap())
    };
    calls("evalsha") + calls("eval")
}

/// Two waits where the number's place is known, three where it is not; and in them no more scripts than a reservation and a
/// load beside each other, one for each partition that windows of sources live in, and a commit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decision_waits_twice() {
    let there = There::populated().await;
    // The server knows the scripts, that of taking back too.
    for _ in 0..2 {
        there.world.decide(carrier(), there.world.approved(there.world.port())).await.unwrap();
    }
    let waits =
        Arc::new(Waits { store: Arc::clone(&there.store), open: 0.into(), begun: 0.into(), elsewhere: 0.into() });
    let engine = there.world.engine_over(waits.clone());
    for expected in [3, 2, 2] {
        let before = waits.begun.load(Ordering::SeqCst);
        let elsewhere = waits.elsewhere.load(Ordering::SeqCst);
        let sent = commands(&there.server).await;
        let question = there.world.approved(there.world.port());
        let answer = engine.decide(authorise(carrier()).unwrap(), question).await.unwrap();
        assert_eq!(answer.decided().unwrap().outcome, OutcomeKind::Approve);
        assert_eq!(waits.begun.load(Ordering::SeqCst) - before, expected);
        // Beside reservation, load and commit: windows charged, and in their own time taken back.
        let counted = async || {
            let expected = 3 + waits.elsewhere.load(Ordering::SeqCst) - elsewhere;
            (commands(&there.server).await - sent, expected)
        };
        for _ in 0..100 {
            if matches!(counted().await, (sent, expected) if sent == expected) {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        let (sent, expected) = counted().await;
        assert_eq!(sent, expected);
    }
}
