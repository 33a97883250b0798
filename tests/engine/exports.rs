//! Exports and watches by the engine itself: what is on record before anything leaves, who comes at once, and a store that
//! was put back.

use std::sync::Arc;

use chrono::TimeDelta;
use portcullis::audit::{AuditStep, Event, RecordFilter};
use portcullis::domain::{Requester, Role};
use portcullis::service::{Engine, ServiceError, Watch, authorise};

use crate::ledger::events;
use crate::spy::SpyStore;
use crate::world::{World, admin, carrier, requester};

fn auditor(number: usize) -> Requester {
    requester(Role::Auditor, &format!("auditor-{number}"))
}

async fn watch(engine: &Arc<Engine>, who: Requester) -> Result<Watch, ServiceError> {
    engine.watch_records(&authorise(who).unwrap(), RecordFilter::default(), None).await
}

/// INVARIANT (answer-is-record).
#[tokio::test]
async fn that_an_export_began_is_on_record_before_its_first_record_leaves() {
    let world = World::populated().await;
    let engine = &world.engine;
    let asked = engine.request_export(&authorise(auditor(1)).unwrap(), RecordFilter::default()).await.unwrap();
    engine.approve_export(&authorise(admin()).unwrap(), asked.id).await.unwrap();
    let mut handing = engine.begin_export(&authorise(auditor(1)).unwrap(), asked.id).await.unwrap();
    let begun = Event::ExportBegun { export: asked.id };
    assert_eq!(events(&world).await.last(), Some(&begun), "nothing was read for it yet");
    handing.more().await.unwrap().expect("records");
    drop(handing);
    assert_eq!(events(&world).await.last(), Some(&begun), "what broke off was begun, and not done");
}

#[tokio::test]
async fn an_export_ends_with_its_ask_and_is_begun_on_its_own_account() {
    let world = World::populated().await;
    let engine = &world.engine;
    let later = RecordFilter { before: Some(world.now() + TimeDelta::days(1)), ..RecordFilter::default() };
    let mut exports = Vec::new();
    for _ in 0..2 {
        let asked = engine.request_export(&authorise(auditor(1)).unwrap(), later.clone()).await.unwrap();
        assert_eq!(asked.filter.before, Some(world.now()), "whoever approves knows what");
        engine.approve_export(&authorise(admin()).unwrap(), asked.id).await.unwrap();
        exports.push(asked.id);
    }
    let begin = async |id| engine.begin_export(&authorise(auditor(1)).unwrap(), id).await.map(|_| ());
    for _ in 0..3 {
        begin(exports[0]).await.unwrap();
    }
    let refused = begin(exports[0]).await;
    assert!(matches!(refused, Err(ServiceError::Exhausted { .. })), "{refused:?}");
    begin(exports[1]).await.expect("the other one was never begun");
}

/// INVARIANT (one-counter).
#[tokio::test]
async fn of_those_who_take_the_last_one_of_a_budget_at_once_one_gets_it() {
    let world = World::populated().await;
    let spy = SpyStore::over(world.store.clone());
    let engine = Engine::new(world.parts(spy.clone())).unwrap();
    let ask = async || engine.request_export(&authorise(auditor(1)).unwrap(), RecordFilter::default()).await;
    for _ in 0..7 {
        ask().await.unwrap();
    }
    spy.answer_together(3);
    let (one, two, three) = tokio::join!(ask(), ask(), ask());
    let outcomes = [one, two, three];
    let spent = |told: &&Result<_, ServiceError>| matches!(told, Err(ServiceError::Exhausted { .. }));
    assert_eq!(outcomes.iter().filter(spent).count(), 2, "{outcomes:?}");
    assert_eq!(outcomes.iter().filter(|told| told.is_ok()).count(), 1, "{outcomes:?}");
}

/// Places of what was lost are given again, to other records: whoever would wait there misses them.
#[tokio::test]
async fn a_place_that_a_store_put_back_has_not_reached_is_refused() {
    let world = World::populated().await;
    let mut reached = None;
    let world = world.with_backup(async |world| {
        for _ in 0..2 {
            world.decide(carrier(), world.port()).await.unwrap();
        }
        let watch = watch(&world.engine, auditor(1)).await.unwrap();
        reached = Some(watch.reached(watch.places()));
        world
    });
    let world = world.await;
    let again = world.engine.watch_records(&authorise(auditor(1)).unwrap(), RecordFilter::default(), reached).await;
    assert!(matches!(again, Err(ServiceError::Invalid { field: "resume_token", .. })), "{:?}", again.map(|_| ()));
}

#[tokio::test]
async fn a_watch_is_on_record_and_its_wait_ends_when_the_service_stops() {
    let world = World::populated().await;
    let mut watch = watch(&world.engine, auditor(1)).await.unwrap();
    let noted = events(&world).await;
    assert!(matches!(noted.last(), Some(Event::RecordsRead { how: AuditStep::Watched, .. })), "{noted:?}");
    // Its own record has rung.
    watch.rung().await.unwrap();
    let stop = async { world.engine.end_watches() };
    let waited = tokio::time::timeout(std::time::Duration::from_secs(20), async { tokio::join!(watch.rung(), stop).0 });
    waited.await.expect("nobody rings any more").unwrap();
    assert!(watch.is_over());
}

#[tokio::test]
async fn no_more_than_so_many_follow_at_a_time() {
    let world = World::populated().await;
    let mut watches = Vec::new();
    for number in 0..64 {
        watches.push(watch(&world.engine, auditor(number / 4)).await.unwrap());
    }
    let refused = watch(&world.engine, auditor(16)).await.map(|_| ());
    assert!(matches!(refused, Err(ServiceError::Exhausted { .. })), "{refused:?}");
    watches.pop();
    watch(&world.engine, auditor(16)).await.map(|_| ()).expect("a place was given back");
}
