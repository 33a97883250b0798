//! The engine's own ledger: events that belong to no customer, in a chain that holds.

use std::collections::BTreeSet;

use portcullis::audit::Event;
use portcullis::domain::{AccountId, Requester};
use portcullis::service::{ServiceError, Upsert, authorise};
use portcullis::store::{ROWS_MAX, Store, Vault};

use crate::world::{World, brand, carrier, customer, provisioning};

/// What stands in the house's ledger, in order.
pub(crate) async fn events(world: &World) -> Vec<Event> {
    let vault = Vault::new(world.store.clone(), &world.keyring);
    let ledger = vault.tokens().ledger(&brand());
    let mut found = Vec::new();
    for entry in world.store.journal(0, 0, ROWS_MAX).await.unwrap() {
        if entry.account == ledger {
            found.push(vault.record(entry.id).await.unwrap().unwrap().record().event.clone());
        }
    }
    found
}

#[tokio::test]
async fn alerts_of_many_callers_stand_in_one_chain() {
    const ALERTS: u64 = 20;
    let world = World::populated().await;
    let vault = Vault::new(world.store.clone(), &world.keyring);
    let ledger = vault.tokens().ledger(&brand());
    assert!(vault.verify_chain(ledger, world.now()).await.is_err(), "nothing was noted yet");
    let mut alerting = tokio::task::JoinSet::new();
    for number in 0..ALERTS {
        let (engine, who) = (world.engine.clone(), if number % 2 == 0 { carrier() } else { customer() });
        alerting.spawn(async move { engine.alert(&who, "CHANNEL_MISMATCH").await.unwrap() });
    }
    let told: BTreeSet<_> = alerting.join_all().await.into_iter().collect();
    assert_eq!(vault.verify_chain(ledger, world.now()).await.unwrap(), ALERTS);
    let journal = world.store.journal(0, 0, ROWS_MAX).await.unwrap();
    let noted: BTreeSet<_> = journal.iter().filter(|entry| entry.account == ledger).map(|entry| entry.id).collect();
    assert_eq!(noted, told);
    for id in told {
        let kept = vault.record(id).await.unwrap().unwrap();
        assert!(matches!(&kept.record().event, Event::Alerted { reason } if reason.as_str() == "CHANNEL_MISMATCH"));
        let subject = &kept.record().caller.as_ref().unwrap().subject;
        assert!([carrier().subject, customer().subject].contains(subject));
    }
}

async fn written(world: &World, who: Requester, reason: &str) -> bool {
    world.engine.alert_once(&who, reason).await.unwrap()
}

/// threats.md E20: whoever brings bad tokens without end does not fill the disk.
#[tokio::test]
async fn alerts_are_merged_by_the_hour_and_have_an_end() {
    let world = World::populated().await;
    assert!(written(&world, carrier(), "CHANNEL_MISMATCH").await);
    for _ in 0..10 {
        world.pass(chrono::TimeDelta::seconds(1));
        assert!(!written(&world, carrier(), "CHANNEL_MISMATCH").await);
    }
    assert!(written(&world, carrier(), "TOKEN_BOUND_ELSEWHERE").await);
    assert!(written(&world, customer(), "CHANNEL_MISMATCH").await);
    let world = world.reopen().await;
    assert!(!written(&world, carrier(), "CHANNEL_MISMATCH").await, "a restart makes no flood of it");
    let mut count = 3;
    for number in 0..1_000 {
        let who = crate::world::requester(portcullis::domain::Role::RetailAgent, &format!("clerk-{number}"));
        count += usize::from(written(&world, who, "CHANNEL_MISMATCH").await);
    }
    assert_eq!(count, 256);
    world.pass(chrono::TimeDelta::hours(1));
    assert!(written(&world, carrier(), "CHANNEL_MISMATCH").await);
}

#[tokio::test]
async fn no_account_has_the_ledgers_name() {
    let world = World::populated().await;
    let seed = portcullis::service::Seed { account: AccountId::parse("engine").unwrap(), ..world.seed() };
    let upsert = Upsert { request: None, seed };
    let refused = world.engine.upsert_account(authorise(provisioning()).unwrap(), upsert).await;
    assert!(matches!(refused, Err(ServiceError::Invalid { field: "seed.account.account_id", .. })), "{refused:?}");
}
