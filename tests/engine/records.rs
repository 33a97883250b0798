//! Records and what time does: chains hold, histories page, the worker acts while nobody asks.

use chrono::TimeDelta;
use portcullis::audit::Event;
use portcullis::crypto::Token;
use portcullis::domain::{AccountId, LockSet, LockStepKind, ReleaseOpens};
use portcullis::service::{Scope, ServiceError, authorise};

use crate::world::{ACCOUNT, World, carrier, customer, line_scope, provisioning};

pub(crate) async fn history(world: &World, scope: &Scope, size: usize) -> Vec<portcullis::store::Kept> {
    let who = authorise(customer()).unwrap();
    let (mut all, mut from) = (Vec::new(), None);
    loop {
        let page = world.engine.list_activity(&who, scope, from, size).await.unwrap();
        all.extend(page.records);
        from = page.next;
        if from.is_none() {
            return all;
        }
    }
}

#[tokio::test]
async fn every_link_of_the_chain_is_there_in_order() {
    let world = World::populated().await;
    for _ in 0..7 {
        world.decide(carrier(), world.port()).await.unwrap();
        world.lock(customer(), LockSet::Port).await.unwrap();
    }
    let account = Scope::Account(AccountId::parse(ACCOUNT).unwrap());
    for size in [1, 4, 100] {
        let records = history(&world, &account, size).await;
        let seqs: Vec<u64> = records.iter().map(|kept| kept.record().seq).collect();
        assert_eq!(seqs, (1..=15).rev().collect::<Vec<u64>>());
        assert!(matches!(records.last().unwrap().record().event, Event::AccountCreated { lines: 1 }));
        assert_eq!(records.last().unwrap().record().previous_hash, [0; 32]);
    }
    assert_eq!(history(&world, &line_scope(), 3).await.len(), 14);
}

#[tokio::test]
async fn the_worker_records_what_time_did_with_its_own_instant() {
    let world = World::locked(LockSet::Port).await;
    let asked = world.now();
    world.release(LockSet::Port, ReleaseOpens::Window(None)).await.unwrap();
    let holder = Token::from_bytes([1; 16]);
    assert_eq!(world.engine.settle_due(holder).await.unwrap(), 0);
    world.pass(TimeDelta::hours(3));
    assert_eq!(world.engine.settle_due(holder).await.unwrap(), 1);
    assert_eq!(world.engine.settle_due(holder).await.unwrap(), 0);
    world.pass(TimeDelta::days(8));
    let other = Token::from_bytes([2; 16]);
    assert_eq!(world.engine.settle_due(other).await.unwrap(), 1);
    let records = history(&world, &line_scope(), 10).await;
    let steps: Vec<_> = records
        .iter()
        .filter_map(|kept| match &kept.record().event {
            Event::LockStepped { step, .. } => Some((step.kind, kept.record().at - asked)),
            _ => None,
        })
        .collect();
    let effective = TimeDelta::minutes(15);
    let expected =
        [(LockStepKind::Relocked, effective + TimeDelta::days(7)), (LockStepKind::ReleaseTookEffect, effective)];
    assert_eq!(steps, expected);
}

#[tokio::test]
async fn only_one_engine_works_the_queue_at_a_time() {
    let world = World::locked(LockSet::Port).await;
    world.release(LockSet::Port, ReleaseOpens::Window(None)).await.unwrap();
    world.engine.settle_due(Token::from_bytes([1; 16])).await.unwrap();
    world.pass(TimeDelta::minutes(15));
    assert_eq!(world.engine.settle_due(Token::from_bytes([1; 16])).await.unwrap(), 1);
    world.release(LockSet::Port, ReleaseOpens::Window(None)).await.unwrap_err();
    world.pass(TimeDelta::days(7));
    let held_by_the_first = world.engine.settle_due(Token::from_bytes([1; 16])).await.unwrap();
    assert_eq!(held_by_the_first, 1);
}

#[tokio::test]
async fn a_page_token_of_another_account_shows_nothing() {
    let world = World::populated().await;
    let mut seed = world.seed();
    seed.account = AccountId::parse("acct-2").unwrap();
    seed.lines = Vec::new();
    world.create(seed).await;
    let mut stranger = customer();
    stranger.account = Some(AccountId::parse("acct-2").unwrap());
    let theirs = Scope::Account(AccountId::parse("acct-2").unwrap());
    let mine = history(&world, &Scope::Account(AccountId::parse(ACCOUNT).unwrap()), 1).await;
    let who = authorise(stranger).unwrap();
    let peeked = world.engine.list_activity(&who, &theirs, Some(mine[0].record().id), 10).await;
    assert!(matches!(peeked, Err(ServiceError::Invalid { field: "page_token", .. })), "{peeked:?}");
    let others = world.engine.list_activity(&who, &Scope::Account(AccountId::parse(ACCOUNT).unwrap()), None, 10).await;
    assert!(matches!(others, Err(ServiceError::Forbidden)), "{others:?}");
    assert!(authorise::<portcullis::service::right::ReadActivity>(provisioning()).is_err());
}
