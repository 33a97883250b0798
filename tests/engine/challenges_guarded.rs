//! Who gives proof for a challenge, when, and what that counts: what could be tried with proof from somebody else than who asked.

use chrono::TimeDelta;
use portcullis::domain::{
    AccountId, Channel, DeviceId, HeldName, HoldKind, HoldTarget, LineId, LockSet, Msisdn, OutcomeKind, PinDigits,
    Reason, RecordId, Requester, Role,
};
use portcullis::service::{DecisionState, LineName, LineRef, Question, Refusal, Scope, authorise};

use crate::challenges::{by_pin, outcome, reasons, refused};
use crate::world::{ACCOUNT, NEW_SIM, PIN, World, clerk, customer, pin_pad, requester, sim_to};

/// INVARIANT (stricter-only): whoever is refused when they ask adds nothing to what somebody else asked; and what they gave before they
/// were held counts no longer.
#[tokio::test]
async fn who_is_held_adds_nothing() {
    let world = World::populated().await;
    let device = DeviceId::parse("pad-device").unwrap();
    let pad = || Requester { device: Some(device.clone()), ..pin_pad() };
    let give = async |challenge| {
        let submission = world.submission(challenge, by_pin(PIN), Channel::Store);
        world.engine.submit_evidence(authorise(pad()).unwrap(), submission).await.unwrap();
    };
    let before = world.challenged().await;
    give(before).await;
    assert_eq!(world.state(before).await, DecisionState::Answered);
    let held = HoldTarget { kind: HoldKind::Device, name: HeldName::parse("pad-device").unwrap() };
    crate::incidents::place(&world, &held).await;
    let after = world.challenged().await;
    give(after).await;
    assert_eq!(world.state(after).await, DecisionState::Pending);
    for challenge in [before, after] {
        let answer = world.complete(challenge).await.unwrap();
        assert_eq!((outcome(&answer), reasons(&answer)), (OutcomeKind::Deny, vec![Reason::NoCustomerProof]));
    }
}

/// What a rule asks more of a new device, it asks of the challenge that is answered from there.
#[tokio::test]
async fn a_new_device_that_gives_proof_raises_the_whole() {
    let world = World::populated().await;
    let challenge = world.challenged().await;
    let elsewhere = Requester { device: DeviceId::parse("never-seen").ok(), ..customer() };
    let submission = world.submission(challenge, by_pin(PIN), Channel::Web);
    world.engine.submit_evidence(authorise(elsewhere).unwrap(), submission).await.unwrap();
    assert_eq!(world.state(challenge).await, DecisionState::Pending);
    let answer = world.complete(challenge).await.unwrap();
    assert_eq!((outcome(&answer), reasons(&answer)), (OutcomeKind::Challenge, vec![Reason::ProofTooWeak]));
    world.approve_in_app(challenge).await.unwrap();
    assert_eq!(outcome(&world.complete(challenge).await.unwrap()), OutcomeKind::Approve);
}

/// A right PIN on the pad is a sign of the customer: the next customer of the hour is served as well.
#[tokio::test]
async fn a_clerk_serves_one_customer_after_another() {
    let world = World::populated().await;
    let mut seed = world.seed();
    seed.account = AccountId::parse("acct-2").unwrap();
    seed.lines[0].id = LineId::parse("line-2").unwrap();
    seed.lines[0].msisdn = Msisdn::parse("+12125550124").unwrap();
    world.create(seed).await;
    let challenge = world.challenged().await;
    world.give_pin(challenge, PIN).await.unwrap();
    assert_eq!(outcome(&world.complete(challenge).await.unwrap()), OutcomeKind::Approve);
    world.pass(TimeDelta::minutes(5));
    let other = LineRef::named(LineName::LineId(LineId::parse("line-2").unwrap()));
    let question = Question { scope: Scope::Line(other), ..world.sim_change(Channel::Store) };
    let next = world.decide(clerk(), question).await.unwrap();
    assert_eq!((outcome(&next), reasons(&next)), (OutcomeKind::Challenge, vec![Reason::NoCustomerProof]));
}

/// The customer says no to what they saw: it had been completed meanwhile, and its permit is taken back.
#[tokio::test]
async fn a_no_that_comes_late_takes_the_permit_back() {
    let world = World::populated().await;
    let challenge = world.challenged().await;
    world.give_pin(challenge, PIN).await.unwrap();
    let answer = world.complete(challenge).await.unwrap();
    world.decline(customer(), challenge, false).await.unwrap();
    refused(world.redeem(clerk(), answer.permit.as_ref().unwrap(), sim_to(NEW_SIM)).await, Refusal::PermitVoid);
    refused(world.decline(customer(), challenge, false).await, Refusal::ChallengeOver);
}

/// INVARIANT (one-counter): only what is looked at counts.
#[tokio::test]
async fn a_pin_that_comes_too_late_counts_nowhere() {
    let world = World::populated().await;
    let (met, voided) = (world.challenged().await, world.challenged().await);
    world.approve_in_app(met).await.unwrap();
    assert_eq!(outcome(&world.complete(met).await.unwrap()), OutcomeKind::Approve);
    for _ in 0..6 {
        refused(world.give_pin(met, PIN).await, Refusal::ChallengeOver);
    }
    world.lock(customer(), LockSet::Port).await.unwrap();
    for _ in 0..6 {
        world.give_pin(voided, PIN).await.unwrap();
    }
    world.lock(customer(), LockSet::Sim).await.unwrap();
    for _ in 0..6 {
        refused(world.give_pin(voided, PIN).await, Refusal::ChallengeOver);
    }
    // Five failures would have turned the PIN off everywhere.
    let mut question = world.question(portcullis::domain::Change::PinChange, Channel::Ivr);
    question.scope = Scope::Account(AccountId::parse(ACCOUNT).unwrap());
    question.evidence = by_pin(PIN);
    let new = PinDigits::parse_offered("719364").unwrap();
    let (answer, _) = world.engine.set_pin(authorise(crate::world::ivr()).unwrap(), question, new).await.unwrap();
    assert!(!reasons(&answer).contains(&Reason::PinAttemptsExhausted), "{:?}", reasons(&answer));
    assert_eq!(outcome(&answer), OutcomeKind::Approve);
}

#[tokio::test]
async fn a_second_tap_is_no_wrong_answer() {
    let world = World::populated().await;
    let challenge = world.challenged().await;
    for _ in 0..6 {
        world.approve_in_app(challenge).await.unwrap();
    }
    assert_eq!(world.waiting().await[0].pending.wrong, 0);
    assert_eq!(outcome(&world.complete(challenge).await.unwrap()), OutcomeKind::Approve);
}

/// What takes the place of another ends it, whatever that was; of somebody else's, nothing.
#[tokio::test]
async fn what_is_superseded_is_over() {
    let world = World::populated().await;
    let challenge = world.challenged().await;
    let supersede = async |who: Requester, before| {
        let question = Question { supersedes: Some(before), ..world.sim_change(Channel::Store) };
        world.decide(who, question).await.unwrap()
    };
    supersede(requester(Role::RetailAgent, "another-clerk"), challenge).await;
    assert_eq!(world.state(challenge).await, DecisionState::Pending);
    let second = supersede(clerk(), challenge).await;
    assert_eq!(world.state(challenge).await, DecisionState::Withdrawn);
    refused(world.complete(challenge).await, Refusal::DecisionFinal);
    world.give_pin(second.id(), PIN).await.unwrap();
    let approved = world.complete(second.id()).await.unwrap();
    supersede(clerk(), approved.id()).await;
    refused(world.redeem(clerk(), approved.permit.as_ref().unwrap(), sim_to(NEW_SIM)).await, Refusal::PermitVoid);
    // One of another partition, or of none.
    supersede(clerk(), RecordId::from_u128(7)).await;
}
