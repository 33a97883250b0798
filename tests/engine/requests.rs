//! threats.md E10: one request, one decision.

use portcullis::domain::{OutcomeKind, Role};
use portcullis::service::ServiceError;

use crate::world::{World, carrier, requester};

#[tokio::test]
async fn the_same_request_gives_the_same_decision_and_permit() {
    let world = World::populated().await;
    let pin = world.transfer_pin(None).await;
    let question = world.port_with(&pin);
    let first = world.decide(carrier(), question.clone()).await.unwrap();
    world.pass(chrono::TimeDelta::minutes(3));
    let again = world.decide(carrier(), question).await.unwrap();
    assert_eq!(first.id(), again.id());
    assert_eq!(first.permit, again.permit);
    assert_eq!(first.decided_at(), again.decided_at());
}

#[tokio::test]
async fn a_repeated_wrong_guess_counts_once() {
    let world = World::populated().await;
    let question = world.port_with_text("000001");
    for _ in 0..10 {
        let answer = world.decide(carrier(), question.clone()).await.unwrap();
        assert_eq!(answer.decided().unwrap().outcome, OutcomeKind::Deny);
    }
    let pin = world.transfer_pin(None).await;
    let answer = world.decide(carrier(), world.port_with(&pin)).await.unwrap();
    assert_eq!(answer.decided().unwrap().outcome, OutcomeKind::Approve, "{:?}", answer.decided());
}

#[tokio::test]
async fn another_body_under_the_same_id_is_refused_and_learns_nothing() {
    let world = World::populated().await;
    let first = world.port();
    world.decide(carrier(), first.clone()).await.unwrap();
    let mut other = world.port_with_text("123987");
    other.request_id = first.request_id;
    let refused = world.decide(carrier(), other).await;
    assert!(matches!(refused, Err(ServiceError::RequestIdReused)), "{refused:?}");
}

#[tokio::test]
async fn ids_belong_to_their_caller() {
    let world = World::populated().await;
    let first = world.port();
    let answer = world.decide(carrier(), first.clone()).await.unwrap();
    let other = requester(Role::PortingSystem, "another-hub");
    let another = world.decide(other.clone(), first).await.unwrap();
    assert_ne!(answer.id(), another.id());
    let peeked = world.engine.get_decision(&portcullis::service::authorise(other).unwrap(), answer.id(), None).await;
    assert!(matches!(peeked, Err(ServiceError::NotFound("decision"))), "{peeked:?}");
}

#[tokio::test]
async fn answers_outlive_the_process() {
    let world = World::populated().await;
    let pin = world.transfer_pin(None).await;
    let question = world.port_with(&pin);
    let first = world.decide(carrier(), question.clone()).await.unwrap();
    let world = world.reopen().await;
    let again = world.decide(carrier(), question).await.unwrap();
    assert_eq!((first.id(), first.permit), (again.id(), again.permit));
}
