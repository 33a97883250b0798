//! Unknown numbers: answered like known ones, bounded, and remembered nowhere by number.

use portcullis::domain::{AccountNumber, Channel, Msisdn, OutcomeKind, Role};
use portcullis::policy::Policy;
use portcullis::service::{LineName, LineRef, Question, Scope, ServiceError};

use crate::world::{World, carrier, clerk, requester};

const NOBODY: &str = "+12125550177";

fn about(mut question: Question, number: &str) -> Question {
    question.scope = Scope::Line(LineRef::named(LineName::Msisdn(Msisdn::parse(number).unwrap())));
    question
}

#[tokio::test]
async fn a_carrier_cannot_tell_unknown_locked_and_wrong_account_number_apart() {
    let known = World::populated().await;
    let locked = World::locked(portcullis::domain::LockSet::Port).await;
    let wrong = |mut question: Question| {
        question.claims.account_number = Some(AccountNumber::parse("999").unwrap());
        question
    };
    let seen = [
        known.decide(carrier(), wrong(known.port())).await.unwrap(),
        locked.decide(carrier(), wrong(locked.port())).await.unwrap(),
        known.decide(carrier(), about(wrong(known.port()), NOBODY)).await.unwrap(),
        known.decide(carrier(), about(known.port_with_text("482913"), NOBODY)).await.unwrap(),
    ];
    let first = &seen[0];
    for answer in &seen {
        assert_eq!(answer.decided().unwrap().outcome, OutcomeKind::Deny);
        assert_eq!(answer.outward, first.outward);
        assert_eq!(answer.permit, None);
        assert!(!answer.decided().unwrap().account_number_matched);
    }
}

#[tokio::test]
async fn a_clerk_sees_the_same_challenge_for_an_unknown_line() {
    let world = World::populated().await;
    let known = world.decide(clerk(), world.sim_change(Channel::Store)).await.unwrap();
    // Another clerk: one alone begins no second account without a customer.
    let another = requester(Role::RetailAgent, "clerk-8");
    let unknown = world.decide(another, about(world.sim_change(Channel::Store), NOBODY)).await.unwrap();
    assert_eq!(known.outward, unknown.outward);
    assert_eq!(known.state, unknown.state);
    assert_eq!(known.decided().unwrap().outcome, unknown.decided().unwrap().outcome);
}

#[tokio::test]
async fn an_unknown_line_is_never_approved() {
    let world = World::populated().await;
    let answer = world.decide(clerk(), about(world.approved(world.sim_change(Channel::Store)), NOBODY)).await.unwrap();
    assert_ne!(answer.decided().unwrap().outcome, OutcomeKind::Approve);
}

/// A question under a wrong account number, and one under none.
fn unshown(world: &World, number: &str) -> [Question; 2] {
    let given = |text: Option<&str>| {
        let mut question = about(world.port(), number);
        question.claims.account_number = text.map(|text| AccountNumber::parse(text).unwrap());
        question
    };
    [given(Some("999")), given(None)]
}

/// threats.md E11 and E34: what counts is what the caller did not show, so a spent budget tells nothing either.
#[tokio::test]
async fn a_budget_spent_refuses_known_and_unknown_numbers_alike() {
    let mut policy = Policy::us_default();
    policy.unknown_numbers.count = 6;
    let world = World::with_policy(policy.clone());
    world.create(world.seed()).await;
    // Known and unknown numbers count the same, and none is refused before the budget is spent.
    for tail in 0..3 {
        world.decide(carrier(), about(world.port(), &format!("+1212555013{tail}"))).await.unwrap();
        let [wrong, _] = unshown(&world, crate::world::NUMBER);
        world.decide(carrier(), wrong).await.unwrap();
    }
    let mut refusals = Vec::new();
    for number in [crate::world::NUMBER, NOBODY] {
        for question in unshown(&world, number) {
            let Err(ServiceError::Exhausted { what, retry_at: Some(at) }) = world.decide(carrier(), question).await
            else {
                panic!("{number} is not refused");
            };
            refusals.push((what, at));
        }
    }
    assert!(refusals.windows(2).all(|two| two[0] == two[1]), "{refusals:?}");
    // Who names the account, other callers and later hours are served.
    assert!(world.decide(carrier(), world.port()).await.is_ok());
    let other = requester(Role::PortingSystem, "another-hub");
    assert!(world.decide(other, about(world.port(), NOBODY)).await.is_ok());
    world.pass(policy.unknown_numbers.window + chrono::TimeDelta::seconds(1));
    assert!(world.decide(carrier(), about(world.port(), NOBODY)).await.is_ok());
}

/// A customer's own questions are nobody else's to count.
#[tokio::test]
async fn who_may_know_has_no_budget_of_known_numbers() {
    let mut policy = Policy::us_default();
    policy.unknown_numbers.count = 1;
    let world = World::with_policy(policy);
    world.create(world.seed()).await;
    for _ in 0..3 {
        world.decide(clerk(), world.sim_change(Channel::Store)).await.unwrap();
    }
}

#[tokio::test]
async fn guesses_on_an_unknown_number_are_counted_too() {
    let world = World::populated().await;
    let mut last = None;
    for number in 0..6 {
        let mut question = about(world.sim_change(Channel::Ivr), NOBODY);
        question.body.0.push(number);
        question.evidence.account_pin =
            Some(portcullis::domain::PinDigits::parse_offered(&format!("90817{number}")).unwrap());
        last = Some(world.decide(crate::world::ivr(), question).await.unwrap());
    }
    let check = last.unwrap().decided().unwrap().checks.pin;
    assert!(matches!(check, portcullis::domain::PinCheck::Exhausted { .. }), "{check:?}");
}
