//! Locks over the wire.

use chrono::TimeDelta;
use portcullis::grpc::pb::v1 as pb;
use prost::Message as _;
use tonic::Code;

use crate::world::{ACCOUNT, LINE, NUMBER, World, approved_sim_change, number, place, reason};

fn lock(world: &World, set: pb::LockSet) -> pb::SetLockRequest {
    pb::SetLockRequest {
        request_id: world.request_id(),
        set: set.into(),
        holder: pb::LockHolder::Customer.into(),
        reason_code: String::new(),
        interaction: place(pb::Channel::App),
        scope: Some(pb::set_lock_request::Scope::Line(number(NUMBER))),
    }
}

fn release(world: &World, set: pb::LockSet) -> pb::ReleaseLockRequest {
    let request_id = world.request_id();
    let canonical = format!(
        "LOCK_RELEASE\nset={}\nholder=CUSTOMER\nwindow_seconds=86400\n",
        set.as_str_name().trim_start_matches("LOCK_SET_")
    );
    pb::ReleaseLockRequest {
        evidence: vec![world.approval(&request_id, NUMBER, &canonical)],
        request_id,
        set: set.into(),
        holder: pb::LockHolder::Customer.into(),
        interaction: place(pb::Channel::App),
        signals: Vec::new(),
        scope: Some(pb::release_lock_request::Scope::Line(number(NUMBER))),
        purpose: Some(pb::release_lock_request::Purpose::Window(prost_types::Duration { seconds: 86_400, nanos: 0 })),
    }
}

async fn read(world: &World) -> pb::GetProtectionResponse {
    let scope = Some(pb::get_protection_request::Scope::Line(number(NUMBER)));
    let request = pb::GetProtectionRequest { scope, consistency_token: String::new() };
    world.protections().get_protection(world.as_owner(request)).await.unwrap().into_inner()
}

#[tokio::test]
async fn a_lock_denies_whatever_is_proven_and_a_release_waits() {
    let world = World::populated().await;
    let set = world.protections().set_lock(world.as_owner(lock(&world, pb::LockSet::Sim))).await.unwrap().into_inner();
    assert_eq!(set.protection.unwrap().locks.len(), 1);
    assert!(!set.consistency_token.is_empty());

    let asked = pb::DecideRequest { consistency_token: set.consistency_token, ..approved_sim_change(&world) };
    let denied = world.decisions().decide(world.as_owner(asked)).await.unwrap().into_inner().decision.unwrap();
    assert_eq!((denied.outcome(), denied.reasons[0].code.as_str()), (pb::Outcome::Deny, "LOCK_ON"));

    let released = world.protections().release_lock(world.as_owner(release(&world, pb::LockSet::Sim))).await.unwrap();
    let released = released.into_inner();
    let decision = released.decision.unwrap();
    assert_eq!(decision.outcome(), pb::Outcome::Approve, "{:?}", decision.reasons);
    let under_way = released.protection.unwrap().locks[0].release.clone().unwrap();
    assert_eq!(under_way.decision_id, decision.decision_id);

    let asked = world.as_owner(approved_sim_change(&world));
    let waiting = world.decisions().decide(asked).await.unwrap().into_inner().decision.unwrap();
    let Some(pb::decision::Detail::Denial(denial)) = waiting.detail else { panic!("no denial") };
    assert_eq!(denial.retry_time, under_way.effective_time);

    world.pass(TimeDelta::minutes(16));
    let asked = world.as_owner(approved_sim_change(&world));
    let open = world.decisions().decide(asked).await.unwrap().into_inner().decision.unwrap();
    assert_eq!(open.outcome(), pb::Outcome::Approve, "{:?}", open.reasons);

    let cancel = pb::CancelReleaseRequest {
        request_id: world.request_id(),
        release_id: under_way.release_id,
        interaction: place(pb::Channel::App),
        scope: Some(pb::cancel_release_request::Scope::Line(number(NUMBER))),
    };
    let locked = world.protections().cancel_release(world.as_owner(cancel)).await.unwrap().into_inner();
    assert!(locked.protection.unwrap().locks[0].release.is_none());
}

#[tokio::test]
async fn what_is_shown_has_its_own_etag() {
    let world = World::populated().await;
    let before = read(&world).await.protections;
    world.pass(TimeDelta::hours(1));
    let later = read(&world).await.protections;
    assert_eq!(before[0].etag, later[0].etag, "nothing has changed but the time");
    world.protections().set_lock(world.as_owner(lock(&world, pb::LockSet::Port))).await.unwrap();
    let after = read(&world).await.protections;
    assert_ne!(before[0].etag, after[0].etag);
    assert_eq!(before[1].etag, after[1].etag, "the account's own locks are as they were");
}

#[tokio::test]
async fn releasing_what_is_not_locked_is_a_precondition() {
    let world = World::populated().await;
    let refused =
        world.protections().release_lock(world.as_owner(release(&world, pb::LockSet::Port))).await.err().unwrap();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::FailedPrecondition, "LOCK_NOT_ON"));
}

#[tokio::test]
async fn a_history_is_read_page_by_page() {
    let world = World::populated().await;
    for set in [pb::LockSet::Port, pb::LockSet::Sim] {
        world.protections().set_lock(world.as_owner(lock(&world, set))).await.unwrap();
    }
    world.decisions().decide(world.as_owner(approved_sim_change(&world))).await.unwrap();
    let mut kinds = Vec::new();
    let mut page_token = String::new();
    loop {
        let scope = Some(pb::list_activity_request::Scope::AccountId(ACCOUNT.to_owned()));
        let request = pb::ListActivityRequest { page_size: 1, page_token, scope };
        let page = world.protections().list_activity(world.as_owner(request)).await.unwrap().into_inner();
        kinds.extend(page.activities.iter().map(|activity| activity.kind.clone()));
        assert!(page.activities.iter().all(|activity| !activity.summary.is_empty() && activity.time.is_some()));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(kinds, ["SIM_CHANGE", "LOCK_SET", "LOCK_SET", "ACCOUNT_CREATED"], "line {LINE}");
}

/// P9 and the customer's own history: in which store it was asked, and through what; never which clerk did.
#[tokio::test]
async fn a_history_says_in_which_store_it_was_asked() {
    let world = World::populated().await;
    let request = pb::DecideRequest {
        interaction: Some(pb::Interaction {
            channel: pb::Channel::Store.into(),
            store_id: "S2".to_owned(),
            device_id: "tablet-9".to_owned(),
            rep_id: "rep-canary".to_owned(),
            ..pb::Interaction::default()
        }),
        ..approved_sim_change(&world)
    };
    world.decisions().decide(world.as_role("retail_agent", request.clone())).await.unwrap();
    let unbound = portcullis::grpc::identity::AccessTokenClaims { store_id: None, ..world.claims("care_agent") };
    let request = pb::DecideRequest { request_id: world.request_id(), ..request };
    world.decisions().decide(world.with(&unbound, request)).await.unwrap();
    let scope = Some(pb::list_activity_request::Scope::Line(number(NUMBER)));
    let request = pb::ListActivityRequest { page_size: 2, page_token: String::new(), scope };
    let page = world.protections().list_activity(world.as_owner(request)).await.unwrap().into_inner();
    let told: Vec<_> = page.activities.iter().map(|one| (one.channel(), one.store_id.as_str())).collect();
    assert_eq!(told, [(pb::Channel::Store, "S2"), (pb::Channel::Store, "S1")], "said, and certain");
    let shown = page.encode_to_vec();
    for hidden in ["rep-canary", "tablet-9", "retail_agent-1"] {
        assert!(!shown.windows(hidden.len()).any(|some| some == hidden.as_bytes()), "{hidden}");
    }
}
