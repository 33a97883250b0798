//! Locks over time: threats.md E07, E09 and the policy's P1 and P2.

use chrono::TimeDelta;
use portcullis::domain::{Change, Channel, LockHolder, LockSet, OutcomeKind, Reason, ReleaseOpens};
use portcullis::service::{Answer, ServiceError};

use crate::world::{GAINING, World, carrier, clerk, customer, port_out};

fn told(answer: &Answer) -> (OutcomeKind, Vec<Reason>) {
    let decided = answer.decided().unwrap();
    (decided.outcome, decided.reasons.iter().map(|given| given.reason).collect())
}

#[tokio::test]
async fn a_covering_lock_denies_whatever_is_proven() {
    for set in [LockSet::Port, LockSet::All] {
        let world = World::locked(set).await;
        let (outcome, reasons) = told(&world.decide(carrier(), world.approved(world.port())).await.unwrap());
        assert_eq!(outcome, OutcomeKind::Deny);
        assert!(reasons.contains(&Reason::LockOn), "{reasons:?}");
    }
    let world = World::locked(LockSet::Sim).await;
    let answer = world.decide(customer(), world.approved(world.sim_change(Channel::App))).await.unwrap();
    assert_eq!(told(&answer).0, OutcomeKind::Deny);
}

#[tokio::test]
async fn a_release_waits_holds_and_locks_again() {
    let world = World::locked(LockSet::Port).await;
    let released = world.release(LockSet::Port, ReleaseOpens::Window(None)).await.unwrap();
    assert_eq!(told(&released).0, OutcomeKind::Approve, "{:?}", released.decided());
    let ask = async || told(&world.decide(carrier(), world.approved(world.port())).await.unwrap());
    let (outcome, reasons) = ask().await;
    assert_eq!((outcome, reasons.contains(&Reason::CoolingDown)), (OutcomeKind::Deny, true), "{reasons:?}");
    world.pass(TimeDelta::minutes(15));
    assert_eq!(ask().await.0, OutcomeKind::Approve);
    world.pass(TimeDelta::days(7));
    let (outcome, reasons) = ask().await;
    assert_eq!((outcome, reasons.contains(&Reason::LockOn)), (OutcomeKind::Deny, true), "{reasons:?}");
}

#[tokio::test]
async fn a_release_for_one_change_opens_no_other() {
    let world = World::locked(LockSet::Port).await;
    world.release(LockSet::Port, ReleaseOpens::Only(Box::new(port_out(GAINING)))).await.unwrap();
    world.pass(TimeDelta::minutes(15));
    let mut other = world.port();
    other.change = port_out("7777");
    assert_eq!(told(&world.decide(carrier(), world.approved(other)).await.unwrap()).0, OutcomeKind::Deny);
    let answer = world.decide(carrier(), world.approved(world.port())).await.unwrap();
    assert_eq!(told(&answer).0, OutcomeKind::Approve);
    world.redeem(carrier(), &answer.permit.unwrap(), port_out(GAINING)).await.unwrap();
}

#[tokio::test]
async fn staff_cannot_release_and_no_one_can_release_at_once() {
    let world = World::locked(LockSet::Port).await;
    let opens = ReleaseOpens::Window(None);
    let change = Change::LockRelease { set: LockSet::Port, holder: LockHolder::Customer, opens };
    let who = portcullis::service::authorise(clerk()).unwrap();
    let (answer, view) = world.engine.release_lock(who, world.question(change, Channel::Care)).await.unwrap();
    assert_ne!(told(&answer).0, OutcomeKind::Approve);
    assert!(view.unwrap().protection.due_at().is_none());
}

#[tokio::test]
async fn locks_outlive_the_process() {
    let world = World::populated().await;
    world.lock(customer(), LockSet::All).await.unwrap();
    let world = world.reopen().await;
    let answer = world.decide(carrier(), world.approved(world.port())).await.unwrap();
    assert_eq!(told(&answer).0, OutcomeKind::Deny);
}

#[tokio::test]
async fn another_customers_line_is_refused_like_an_unknown_one() {
    let world = World::populated().await;
    let mut stranger = customer();
    stranger.account = Some(portcullis::domain::AccountId::parse("acct-2").unwrap());
    let known = world.decide(stranger.clone(), world.sim_change(Channel::App)).await;
    let mut question = world.sim_change(Channel::App);
    question.scope = portcullis::service::Scope::Line(portcullis::service::LineRef {
        name: portcullis::service::LineName::Msisdn(portcullis::domain::Msisdn::parse("+12125550199").unwrap()),
        brand: None,
        separation: None,
    });
    let unknown = world.decide(stranger, question).await;
    assert!(matches!(known, Err(ServiceError::Forbidden)), "{known:?}");
    assert!(matches!(unknown, Err(ServiceError::Forbidden)), "{unknown:?}");
}
