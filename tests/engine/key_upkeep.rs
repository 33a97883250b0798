//! Keys over their lives: rotated, everything sealed anew under load, retired for good; and what stays good meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::TimeDelta;
use portcullis::crypto::{Keyring, PinHasher, Purpose, Token};
use portcullis::domain::{AccountId, Channel, LockSet, OutcomeKind, PinDigits};
use portcullis::service::{
    KeyUse, PermitText, Question, Refusal, Retirement, Scope, ServiceError, UpkeepStep, UpkeepSteps, authorise,
};
use portcullis::store::Vault;
use tokio::sync::mpsc;

use crate::world::{ACCOUNT, GAINING, NEW_SIM, PIN, World, admin, brand, carrier, customer, ivr, port_out, sim_to};

/// As fast as it goes: the pace is not what is tried here.
const PACE: u32 = 100_000;

/// The last that upkeep says.
async fn last<W>(work: impl FnOnce(UpkeepSteps) -> W) -> Result<UpkeepStep, ServiceError>
where
    W: Future<Output = ()> + Send + 'static,
{
    let (steps, mut told) = mpsc::channel(4);
    let work = tokio::spawn(work(steps));
    let mut last = None;
    while let Some(step) = told.recv().await {
        last = Some(step);
    }
    work.await.unwrap();
    last.unwrap()
}

async fn reseal(world: &World) -> (u64, u64) {
    let engine = world.engine.clone();
    match last(|steps| engine.reseal(authorise(admin()).unwrap(), PACE, steps)).await.unwrap() {
        UpkeepStep::Resealed { read, resealed } => (read, resealed),
        other => panic!("not done: {other:?}"),
    }
}

async fn uses(world: &World, purpose: Purpose, number: u8) -> KeyUse {
    let engine = world.engine.clone();
    let counted = last(|steps| engine.count_key_uses(authorise(admin()).unwrap(), steps)).await.unwrap();
    let UpkeepStep::Counted { uses, .. } = counted else { panic!("not done: {counted:?}") };
    uses.into_iter().find(|found| (found.purpose, found.number) == (purpose, number)).unwrap()
}

async fn retire_as(world: &World, purpose: Purpose, number: u8, mark: Token) -> Result<UpkeepStep, ServiceError> {
    let (engine, retirement) = (world.engine.clone(), Retirement { purpose, number, mark });
    last(|steps| engine.retire_key(authorise(admin()).unwrap(), retirement, steps)).await
}

fn mark(world: &World, purpose: Purpose, number: u8) -> Token {
    let name = format!("{} {number}", purpose.name());
    world.keyring.marks().into_iter().find(|(of, _)| *of == name).unwrap().1
}

async fn retire(world: &World, purpose: Purpose, number: u8) -> UpkeepStep {
    retire_as(world, purpose, number, mark(world, purpose, number)).await.unwrap()
}

async fn rotated(world: World, purpose: Purpose) -> World {
    let now = world.now();
    world.reopen_under(|keyring| keyring.rotate(purpose, now).unwrap()).await
}

async fn without(world: World, purpose: Purpose, number: u8) -> World {
    world.reopen_under(|keyring| keyring.retire(purpose, number).unwrap()).await
}

/// How many records the usual account's chain has, if it holds.
async fn chain(world: &World) -> u64 {
    let vault = Vault::new(world.store.clone(), &world.keyring);
    let account = vault.tokens().account(&brand(), &AccountId::parse(ACCOUNT).unwrap());
    vault.verify_chain(account, world.now()).await.unwrap()
}

fn with_pin(mut question: Question, pin: &str) -> Question {
    question.body.0.extend_from_slice(pin.as_bytes());
    question.evidence.account_pin = Some(PinDigits::parse_offered(pin).unwrap());
    question
}

async fn approved_sim_change(world: &World) -> (Question, PermitText) {
    let question = world.approved(world.sim_change(Channel::App));
    let answer = world.decide(customer(), question.clone()).await.unwrap();
    (question, answer.permit.unwrap())
}

/// Sealed anew while the account is used without a pause: every use succeeds, the chain holds, the old key goes, and all
/// that it sealed is read without it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_is_sealed_anew_under_load_and_read_without_the_old_key() {
    let world = World::populated().await;
    let (_, permit) = approved_sim_change(&world).await;
    for _ in 0..40 {
        world.decide(carrier(), world.port()).await.unwrap();
    }
    let old = chain(&world).await;
    let world = Arc::new(rotated(world, Purpose::Seal).await);
    let before = uses(&world, Purpose::Seal, 1).await.uses;
    assert!(before > old, "{before} bodies under the old key, {old} records among them");
    let over = Arc::new(AtomicBool::new(false));
    let (other, until) = (world.clone(), over.clone());
    let load = tokio::spawn(async move {
        let mut made = 0_u64;
        while !until.load(Ordering::Relaxed) || made < 20 {
            other.decide(carrier(), other.port()).await.unwrap();
            made += 1;
        }
        made
    });
    let (read, resealed) = reseal(&world).await;
    over.store(true, Ordering::Relaxed);
    let made = load.await.unwrap();
    // Rows that the load wrote meanwhile were sealed anew by that.
    assert!(resealed <= before && resealed + 8 >= before && read >= before, "{resealed} of {before}, {read} read");
    assert_eq!(uses(&world, Purpose::Seal, 1).await.uses, 0);
    assert_eq!(reseal(&world).await.1, 0, "a second time there is nothing to do");
    assert_eq!(chain(&world).await, old + made);
    assert!(matches!(retire(&world, Purpose::Seal, 1).await, UpkeepStep::Retired { .. }));
    let world = without(Arc::into_inner(world).unwrap(), Purpose::Seal, 1).await;
    assert_eq!(chain(&world).await, old + made);
    let account = Scope::Account(AccountId::parse(ACCOUNT).unwrap());
    let page = world.engine.list_activity(&authorise(customer()).unwrap(), &account, None, 100).await.unwrap();
    assert!(page.records.len() > 40);
    world.redeem(customer(), &permit, sim_to(NEW_SIM)).await.unwrap();
}

#[tokio::test]
async fn sealing_anew_that_is_cut_off_goes_on_where_it_was() {
    let world = World::populated().await;
    for _ in 0..150 {
        world.lock(customer(), LockSet::Port).await.unwrap();
    }
    let world = rotated(world, Purpose::Seal).await;
    let before = uses(&world, Purpose::Seal, 1).await.uses;
    let (steps, mut told) = mpsc::channel(1);
    let work = tokio::spawn(world.engine.clone().reseal(authorise(admin()).unwrap(), PACE, steps));
    // Gone once something was sealed anew.
    while !matches!(told.recv().await, Some(Ok(UpkeepStep::Going { resealed: 1.., .. }))) {}
    drop(told);
    work.await.unwrap();
    let left = uses(&world, Purpose::Seal, 1).await.uses;
    assert!(0 < left && left < before, "{left} of {before}");
    let world = world.reopen().await;
    assert_eq!(reseal(&world).await.1, left);
    assert_eq!(uses(&world, Purpose::Seal, 1).await.uses, 0);
    assert_eq!(chain(&world).await, 151);
}

#[tokio::test]
async fn a_pin_is_under_the_new_pepper_once_it_matched() {
    let world = rotated(World::populated().await, Purpose::Pepper).await;
    assert_eq!(uses(&world, Purpose::Pepper, 1).await.uses, 1);
    world.decide(ivr(), with_pin(world.sim_change(Channel::Ivr), "908170")).await.unwrap();
    let by = uses(&world, Purpose::Pepper, 1).await;
    assert_eq!((by.uses, by.free_at), (1, None), "a wrong one changes nothing");
    let refused = retire(&world, Purpose::Pepper, 1).await;
    assert!(matches!(refused, UpkeepStep::InUse { by: told, .. } if told == by), "{refused:?}");
    let right = world.decide(ivr(), with_pin(world.sim_change(Channel::Ivr), PIN)).await.unwrap();
    assert_eq!(right.decided().unwrap().outcome, OutcomeKind::Approve);
    assert_eq!(uses(&world, Purpose::Pepper, 1).await.uses, 0);
    assert!(matches!(retire(&world, Purpose::Pepper, 1).await, UpkeepStep::Retired { .. }));
    let world = without(world, Purpose::Pepper, 1).await;
    let right = world.decide(ivr(), with_pin(world.sim_change(Channel::Ivr), PIN)).await.unwrap();
    assert_eq!(right.decided().unwrap().outcome, OutcomeKind::Approve);
    let wrong = world.decide(ivr(), with_pin(world.sim_change(Channel::Ivr), "908170")).await.unwrap();
    assert_ne!(wrong.decided().unwrap().outcome, OutcomeKind::Approve);
}

#[tokio::test]
async fn a_pepper_stays_while_a_transfer_pin_lives_that_needs_it() {
    let world = World::new();
    let mut seed = world.seed();
    seed.pin = None;
    world.create(seed).await;
    let pin = world.transfer_pin(None).await;
    let world = rotated(world, Purpose::Pepper).await;
    let by = uses(&world, Purpose::Pepper, 1).await;
    assert!(by.uses == 1 && by.free_at.is_some(), "{by:?}");
    let approved = world.decide(carrier(), world.port_with(&pin)).await.unwrap();
    assert_eq!(approved.decided().unwrap().outcome, OutcomeKind::Approve);
    world.pass(by.free_at.unwrap() - world.now());
    assert_eq!(uses(&world, Purpose::Pepper, 1).await.uses, 0);
}

/// A permit's keys stay while it may be redeemed, and while the request that asked for it may be repeated.
#[tokio::test]
async fn a_permits_keys_stay_until_it_has_ended_and_then_old_decisions_are_still_read() {
    let world = World::populated().await;
    let mut question = world.approved(world.sim_change(Channel::App));
    question.want_signed_permit = true;
    let first = world.decide(customer(), question.clone()).await.unwrap();
    assert!(first.signed_permit.is_some());
    let world = rotated(rotated(world, Purpose::Permit).await, Purpose::PermitSigning).await;
    let again = world.decide(customer(), question.clone()).await.unwrap();
    assert_eq!((&again.permit, &again.signed_permit), (&first.permit, &first.signed_permit));
    for purpose in [Purpose::Permit, Purpose::PermitSigning] {
        let UpkeepStep::InUse { by, .. } = retire(&world, purpose, 1).await else { panic!("{purpose:?} was retired") };
        assert_eq!((by.uses, by.free_at), (1, Some(first.decided_at() + TimeDelta::days(7))));
    }
    world.pass(TimeDelta::days(7) + TimeDelta::seconds(1));
    for purpose in [Purpose::Permit, Purpose::PermitSigning] {
        assert!(matches!(retire(&world, purpose, 1).await, UpkeepStep::Retired { .. }));
    }
    // Both at once: a key that is in the keyring at a start is asked for at the next.
    let both =
        |keyring: Keyring| keyring.retire(Purpose::Permit, 1).unwrap().retire(Purpose::PermitSigning, 1).unwrap();
    let world = world.reopen_under(both).await;
    let read = world.engine.get_decision(&authorise(customer()).unwrap(), first.id(), None).await.unwrap();
    assert_eq!(read.decided().unwrap().outcome, OutcomeKind::Approve);
    let refused = world.redeem(customer(), &first.permit.clone().unwrap(), sim_to(NEW_SIM)).await;
    assert!(matches!(refused, Err(ServiceError::Refused(Refusal::PermitUnknown))), "{refused:?}");
    // The request's own name may be forgotten by now; if not, it is answered, without a text that nobody can make.
    let again = world.decide(customer(), question).await.unwrap();
    assert!(again.id() != first.id() || (again.permit.is_none() && again.signed_permit.is_none()));
    assert!(world.decide(carrier(), world.port()).await.is_ok());
    assert!(world.redeem(carrier(), &approved_sim_change(&world).await.1, port_out(GAINING)).await.is_err());
}

#[tokio::test]
async fn only_a_retired_key_that_is_the_callers_own_is_retired() {
    let world = rotated(World::populated().await, Purpose::RecordSigning).await;
    let field = |refused: Result<UpkeepStep, ServiceError>| match refused {
        Err(ServiceError::Invalid { field, .. }) => field,
        other => panic!("not refused: {other:?}"),
    };
    let own = |purpose, number| mark(&world, purpose, number);
    let (index, active) = (own(Purpose::Index, 1), own(Purpose::RecordSigning, 2));
    assert_eq!(field(retire_as(&world, Purpose::Index, 1, index).await), "purpose");
    assert_eq!(field(retire_as(&world, Purpose::RecordSigning, 2, active).await), "number");
    assert_eq!(field(retire_as(&world, Purpose::RecordSigning, 3, active).await), "number");
    assert_eq!(field(retire_as(&world, Purpose::RecordSigning, 1, active).await), "mark");
    assert!(matches!(retire(&world, Purpose::RecordSigning, 1).await, UpkeepStep::Retired { .. }));
    // As a process would leave it that died before the key left the file: it is there again, and the same again finishes.
    let world = world.reopen().await;
    assert!(matches!(retire(&world, Purpose::RecordSigning, 1).await, UpkeepStep::Retired { .. }));
    without(world, Purpose::RecordSigning, 1).await;
}

/// The engine's own check is the one that counts: a store whose key was not let go of does not start without it.
#[tokio::test]
async fn a_key_that_only_left_the_file_is_still_asked_for() {
    let world = rotated(World::populated().await, Purpose::Seal).await;
    let (folder, keyring): (_, Keyring) = world.closed_under(|keyring| keyring.retire(Purpose::Seal, 1).unwrap()).await;
    let options = portcullis::store::embedded::OpenOptions::new(folder.path().join("store"), keyring.marks(), 7);
    let refused = portcullis::store::embedded::EmbeddedStore::open(&options).err().unwrap().to_string();
    assert!(refused.contains("key `seal 1` is not in the keyring"), "{refused}");
    assert!(PinHasher::new(&keyring).is_ok());
}
