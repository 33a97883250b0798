//! threats.md E35: more PINs than can be looked at. None is approved unseen, and who needs none is served.

use portcullis::crypto::Keyring;
use portcullis::domain::{
    AccountId, AccountNumber, Channel, LineId, LockSet, Msisdn, OutcomeKind, PinCheck, PinDigits,
};
use portcullis::service::{Answer, Engine, LineName, LineRef, Parts, Question, Scope, Seed, authorise};
use tokio::task::JoinSet;

use crate::world::{PIN, World, carrier, customer, pin_pad, start};

/// Of so many PINs offered at a time, the pool holds a tenth.
const OFFERED: usize = 50;
const POOL_THREADS: usize = 1;
const POOL_QUEUE: usize = OFFERED / 10 - POOL_THREADS;

fn number(nth: usize) -> String {
    format!("+1212555{:04}", 1_000 + nth)
}

fn seed(world: &World, nth: usize) -> Seed {
    let mut seed = world.seed();
    seed.account = AccountId::parse(&format!("acct-pin-{nth}")).unwrap();
    seed.number = AccountNumber::parse(&format!("9{nth:06}")).unwrap();
    seed.lines[0].id = LineId::parse(&format!("line-pin-{nth}")).unwrap();
    seed.lines[0].msisdn = Msisdn::parse(&number(nth)).unwrap();
    seed.lines[0].iccid = None;
    seed
}

fn with_pin(world: &World, nth: usize) -> Question {
    let mut question = world.sim_change(Channel::Store);
    question.scope = Scope::Line(LineRef::named(LineName::Msisdn(Msisdn::parse(&number(nth)).unwrap())));
    question.evidence.account_pin = Some(PinDigits::parse_offered(PIN).unwrap());
    question
}

fn pin_check(answer: &Answer) -> (OutcomeKind, PinCheck) {
    let decided = answer.decided().unwrap();
    (decided.outcome, decided.checks.pin)
}

/// Each PIN costs what it costs in service: the pool is slower than who asks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_times_as_many_pins_as_the_pool_holds() {
    let keyring = Keyring::generate(start()).unwrap();
    let world = World::with_keyring(keyring);
    world.create(world.seed()).await;
    for nth in 0..OFFERED {
        world.create(seed(&world, nth)).await;
    }
    let engine =
        Engine::new(Parts { pin_threads: POOL_THREADS, pin_queue: POOL_QUEUE, ..world.parts(world.store.clone()) })
            .unwrap();

    let mut pins = JoinSet::new();
    for nth in 0..OFFERED {
        let (engine, question) = (engine.clone(), with_pin(&world, nth));
        pins.spawn(async move { (nth, engine.decide(authorise(pin_pad()).unwrap(), question).await.unwrap()) });
    }
    // Beside them: what needs no PIN is decided, and the lock is on.
    for _ in 0..OFFERED {
        let decided = engine.decide(authorise(carrier()).unwrap(), world.approved(world.port())).await.unwrap();
        assert_eq!(pin_check(&decided), (OutcomeKind::Approve, PinCheck::NotSupplied));
    }
    world.lock(customer(), LockSet::Sim).await.unwrap();

    let (mut seen, mut shed) = (0, Vec::new());
    while let Some(asked) = pins.join_next().await {
        let (nth, answer) = asked.unwrap();
        match pin_check(&answer) {
            (OutcomeKind::Approve, PinCheck::Matched) => seen += 1,
            (OutcomeKind::Challenge, PinCheck::Shed) => shed.push(nth),
            other => panic!("{other:?}"),
        }
    }
    assert!(seen > POOL_QUEUE, "{seen} were looked at");
    assert!(shed.len() > OFFERED / 2, "{} were shed: nothing bounds the pool", shed.len());
    // What was not looked at was not counted: the PIN is as good as before, however often that happens.
    for _ in 0..6 {
        let again = engine.decide(authorise(pin_pad()).unwrap(), with_pin(&world, shed[0])).await.unwrap();
        assert_eq!(pin_check(&again), (OutcomeKind::Approve, PinCheck::Matched));
    }
}
