//! More calls than are worked on at a time: refused before they are read, and nothing of them stays.

use portcullis::config::{Bounded, Limits};
use portcullis::grpc::identity::Clients;
use portcullis::grpc::pb::v1 as pb;
use tonic::{Code, Request};
use tonic_types::StatusExt as _;

use crate::world::{Door, NUMBER, PIN, World, approved_sim_change, ask, number, reason, sim_change};

const PLACES: usize = 16;

async fn world() -> World {
    let limits = Limits { max_calls_in_flight: Bounded::of::<16>(), ..Limits::default() };
    let world = World::behind(Door { tls: None, clients: Clients::default(), limits }).await;
    let request = pb::UpsertAccountRequest { request_id: world.request_id(), seed: Some(world.seed()) };
    world.accounts().upsert_account(world.as_role("provisioning", request)).await.unwrap();
    world
}

#[tokio::test]
async fn too_many_calls_are_refused_unread_while_locks_can_still_be_set() {
    let world = world().await;
    let approval = world.decisions().decide(world.as_owner(approved_sim_change(&world))).await.unwrap().into_inner();
    let Some(pb::decision::Detail::Approval(approval)) = approval.decision.unwrap().detail else {
        panic!("no approval")
    };
    let crowd: Vec<_> = (0..PLACES).map(|_| world.lanes.enter("Decide").unwrap()).collect();

    // Without a token: it was not even asked for one.
    let refused = world.decisions().decide(Request::new(pb::DecideRequest::default())).await.err().unwrap();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::Unavailable, "OVERLOADED"));
    let wait = refused.get_error_details().retry_info().unwrap().retry_delay.unwrap();
    assert!(wait.as_millis() >= 250, "{wait:?}");

    // A permit is redeemed, and the lock is on: at once.
    let redemption = pb::RedeemPermitRequest {
        request_id: world.request_id(),
        permit: approval.permit,
        line: Some(number(NUMBER)),
        change: Some(sim_change(crate::world::NEW_SIM)),
    };
    world.decisions().redeem_permit(world.as_owner(redemption)).await.unwrap();
    let lock = pb::SetLockRequest {
        request_id: world.request_id(),
        scope: Some(pb::set_lock_request::Scope::Line(number(NUMBER))),
        set: pb::LockSet::Port.into(),
        holder: pb::LockHolder::Customer.into(),
        interaction: crate::world::place(pb::Channel::App),
        reason_code: String::new(),
    };
    world.protections().set_lock(world.as_owner(lock)).await.unwrap();
    drop(crowd);
    assert!(
        world.metrics.encode().unwrap().contains(r#"portcullis_shed_total{method="Decide",cause="calls_in_flight"} 1"#)
    );
}

/// Six wrong PINs would turn it off, had one of them been charged; and a request that was refused is a new one.
#[tokio::test]
async fn what_is_refused_is_neither_charged_nor_recorded() {
    let world = world().await;
    let with_pin = |pin: &str| {
        let mut request = ask(&world, sim_change(crate::world::NEW_SIM), pb::Channel::App);
        request.evidence = vec![pb::Evidence { evidence: Some(pb::evidence::Evidence::AccountPin(pin.to_owned())) }];
        request
    };
    let crowd: Vec<_> = (0..PLACES).map(|_| world.lanes.enter("Decide").unwrap()).collect();
    let mut asked = with_pin("908170");
    for _ in 0..6 {
        asked = with_pin("908170");
        let refused = world.decisions().decide(world.as_owner(asked.clone())).await.err().unwrap();
        assert_eq!(reason(&refused), "OVERLOADED");
    }
    drop(crowd);
    let right = pb::DecideRequest { evidence: with_pin(PIN).evidence, ..asked };
    let answer = world.decisions().decide(world.as_owner(right)).await.unwrap().into_inner();
    assert_eq!(answer.decision.unwrap().outcome(), pb::Outcome::Approve);
    let list = pb::ListActivityRequest {
        scope: Some(pb::list_activity_request::Scope::Line(number(NUMBER))),
        page_size: 50,
        ..pb::ListActivityRequest::default()
    };
    let seen = world.protections().list_activity(world.as_owner(list)).await.unwrap().into_inner().activities;
    let decisions = seen.iter().filter(|one| one.kind == "SIM_CHANGE").count();
    assert_eq!(decisions, 1);
}
