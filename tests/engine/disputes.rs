//! What happened on an account, as it happens; and what of it was not its owner.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use portcullis::audit::EventKind;
use portcullis::domain::{
    AccountId, CancelCode, Change, Channel, LineId, Lock, LockHolder, LockSet, Msisdn, OutcomeKind, OwnerChange,
    Reason, RecordId, Recorded, ReleaseOpens, Requester, ResetKind, Role,
};
use portcullis::policy::load;
use portcullis::service::{
    ActivityWatch, Body, Cancelling, Dispute, LineName, LineRef, Move, Refusal, Scope, ServiceError, ToldBySource,
    authorise,
};
use portcullis::store::Kept;
use tokio::time::timeout;

use crate::challenges::{outcome, reasons};
use crate::notices::{kinds, with_mail};
use crate::world::{
    ACCOUNT, LINE, NEW_SIM, World, carrier, clerk, customer, ivr, line_scope, provisioning, requester, sim_to,
};

/// Whether there was nothing that a code could cancel.
pub(crate) fn over(came: Result<(), ServiceError>) -> bool {
    matches!(came, Err(ServiceError::Refused(Refusal::NothingToCancel)))
}

impl World {
    /// Brings the code of a notice.
    pub(crate) async fn cancel(&self, who: Requester, code: CancelCode) -> Result<(), ServiceError> {
        let request_id = self.request_id();
        let body = Body(request_id.to_bytes().to_vec());
        let cancelling = Cancelling { request_id, body, code, channel: Channel::Ivr };
        self.engine.cancel_by_code(authorise(who)?, cancelling).await
    }

    pub(crate) async fn dispute(&self, who: Requester, activity: RecordId) -> Result<(), ServiceError> {
        let request_id = self.request_id();
        let body = Body(request_id.to_bytes().to_vec());
        let dispute = Dispute { request_id, body, activity, channel: Channel::Web };
        self.engine.dispute_activity(authorise(who)?, dispute).await
    }

    async fn watch(&self, after: Option<RecordId>) -> Result<ActivityWatch, ServiceError> {
        self.engine.watch_activity(authorise(customer())?, line_scope(), after).await
    }

    pub(crate) async fn is_locked(&self) -> bool {
        let asked = self.decide(carrier(), self.approved(self.port())).await.unwrap();
        reasons(&asked).contains(&Reason::LockOn)
    }

    /// What the ledger of the house alerts to.
    pub(crate) async fn alerts(&self) -> usize {
        let reader = authorise(requester(Role::FraudOps, "desk-1")).unwrap();
        let filter = portcullis::audit::RecordFilter { kinds: vec![EventKind::Alerted], ..Default::default() };
        let query = portcullis::service::RecordQuery { filter, scope: None, from: None, size: 200 };
        self.engine.list_records(&reader, query).await.unwrap().records.len()
    }
}

fn happened(news: &[Kept]) -> Vec<EventKind> {
    news.iter().map(|kept| kept.record().event.kind()).collect()
}

/// A change that was approved and carried out: nothing can be taken back, all else is locked, and the desk is told once.
#[tokio::test]
async fn what_was_not_the_owner_locks_everything() {
    let world = World::populated().await;
    let question = world.approved(world.question(sim_to(NEW_SIM), Channel::App));
    let changed = world.decide(customer(), question).await.unwrap();
    world.redeem(customer(), changed.permit.as_ref().unwrap(), sim_to(NEW_SIM)).await.unwrap();
    let port = world.decide(carrier(), world.approved(world.port())).await.unwrap();
    let transfer_pin = world.transfer_pin(None).await;
    for _ in 0..2 {
        world.dispute(customer(), changed.id()).await.unwrap();
    }
    assert!(world.is_locked().await);
    let permit = port.permit.as_ref().unwrap();
    let used = world.redeem(carrier(), permit, crate::world::port_out(crate::world::GAINING)).await;
    assert!(matches!(used, Err(ServiceError::Refused(Refusal::PermitVoid))), "{used:?}");
    assert_eq!(outcome(&world.decide(carrier(), world.port_with(&transfer_pin)).await.unwrap()), OutcomeKind::Deny);
    assert_eq!(world.alerts().await, 1);
}

/// What waits is ended with it; and what is no decision can be disputed too.
#[tokio::test]
async fn whatever_is_on_the_list_can_be_disputed() {
    let world = World::populated().await;
    let challenge = world.challenged().await;
    world.dispute(customer(), challenge).await.unwrap();
    assert_eq!(world.state(challenge).await, portcullis::service::DecisionState::Declined);

    let world = World::populated().await;
    let what = portcullis::domain::Happening::Recorded(Recorded::CredentialReset {
        kind: ResetKind::Password,
        via: Channel::Web,
        mailbox: None,
    });
    let told = ToldBySource {
        event: world.request_id(),
        body: Body(b"reset".to_vec()),
        scope: Scope::Account(AccountId::parse(ACCOUNT).unwrap()),
        what,
        occurred_at: world.now(),
    };
    world.engine.record_event(authorise(requester(Role::NetworkSignals, "idp")).unwrap(), told).await.unwrap();
    let who = authorise(customer()).unwrap();
    let own = Scope::Account(AccountId::parse(ACCOUNT).unwrap());
    let newest = world.engine.list_activity(&who, &own, None, 1).await.unwrap().records[0].record().id;
    world.dispute(customer(), newest).await.unwrap();
    assert!(world.is_locked().await, "of what is no line's the account is locked");
}

/// A release that somebody else asked for is over, whether it took effect or not.
#[tokio::test]
async fn a_release_that_was_not_the_owner_is_over() {
    let (world, post) = with_mail().await;
    world.lock(customer(), LockSet::Port).await.unwrap();
    let released = world.release(LockSet::Port, ReleaseOpens::Window(None)).await.unwrap();
    world.pass(TimeDelta::minutes(16));
    world.told().await;
    post.take();
    world.dispute(customer(), released.id()).await.unwrap();
    assert!(world.is_locked().await);
    world.told().await;
    let told = kinds(&post.take());
    assert!(told.iter().any(|(kind, _)| *kind == portcullis::service::NoticeKind::LockOn), "{told:?}");
    let reader = authorise(customer()).unwrap();
    let locks = world.engine.get_protection(&reader, &line_scope(), None).await.unwrap();
    let port = locks[0].protection.lock((LockSet::Port, LockHolder::Customer)).clone();
    assert!(matches!(port, Lock::On(_)), "{port:?}");
}

/// Whoever gets the notice of a release can cancel it, on a contact that a thief forgot and with no sign-in; and do nothing else.
#[tokio::test]
async fn the_code_of_a_release_cancels_it_and_nothing_else() {
    let (world, post) = with_mail().await;
    world.lock(customer(), LockSet::Port).await.unwrap();
    let released = world.release(LockSet::Port, ReleaseOpens::Window(None)).await.unwrap();
    world.told().await;
    let codes: Vec<CancelCode> = post.take().iter().filter_map(|notice| notice.cancel_code).collect();
    let code = codes[0];
    assert_eq!((code.record, codes.iter().all(|one| *one == code)), (released.id(), true));
    let cancel = async |who: Requester, code: CancelCode| world.cancel(who, code).await;
    for bit in 0..128 {
        let proof = (u128::from_be_bytes(code.proof) ^ (1 << bit)).to_be_bytes();
        assert!(over(cancel(ivr(), CancelCode { proof, ..code }).await));
    }
    let other = world.challenged().await;
    assert!(over(cancel(ivr(), CancelCode { record: other, ..code }).await));
    world.pass(TimeDelta::minutes(16));
    assert!(!world.is_locked().await, "it took effect");
    cancel(ivr(), code).await.unwrap();
    assert!(world.is_locked().await);
    assert!(over(cancel(ivr(), code).await), "it is over");
}

/// What was the takeover itself is on record and told, though no lock here protects the line any more.
#[tokio::test]
async fn a_line_that_was_moved_away_is_disputed_all_the_same() {
    let world = World::populated().await;
    let away = AccountId::parse("acct-2").unwrap();
    let seed = portcullis::service::Seed { account: away.clone(), lines: Vec::new(), ..world.seed() };
    world.create(seed).await;
    let change = OwnerChange::ToAccount { brand: crate::world::brand(), account: away };
    let mut question = world.question(Change::Owner(change.clone()), Channel::Care);
    question.scope = Scope::Line(LineRef::named(LineName::LineId(LineId::parse(LINE).unwrap())));
    let moved = world.decide(provisioning(), world.approved(question)).await.unwrap();
    let request_id = world.request_id();
    let order = |permit| Move {
        request_id,
        body: Body(b"move".to_vec()),
        line: LineId::parse(LINE).unwrap(),
        separation: None,
        change: change.clone(),
        permit,
    };
    let permit = moved.permit.clone().unwrap();
    world.engine.move_line(authorise(provisioning()).unwrap(), order(permit)).await.unwrap();
    let request_id = world.request_id();
    for _ in 0..2 {
        // Whoever did not hear the answer hears the same again.
        let body = Body(request_id.to_bytes().to_vec());
        let dispute = Dispute { request_id, body, activity: moved.id(), channel: Channel::Web };
        let disputed = world.engine.dispute_activity(authorise(customer()).unwrap(), dispute).await;
        assert!(matches!(disputed, Err(ServiceError::Refused(Refusal::LineMoved))), "{disputed:?}");
    }
    assert_eq!(world.alerts().await, 1);
    let own = Scope::Account(AccountId::parse(ACCOUNT).unwrap());
    let newest = world.engine.list_activity(&authorise(customer()).unwrap(), &own, None, 1).await.unwrap();
    assert_eq!(happened(&newest.records), [EventKind::ActivityDisputed]);
}

#[tokio::test]
async fn nobody_disputes_for_another() {
    let world = World::populated().await;
    let challenge = world.challenged().await;
    let stranger = Requester { account: Some(AccountId::parse("acct-9").unwrap()), ..customer() };
    assert!(matches!(world.dispute(stranger, challenge).await, Err(ServiceError::NotFound("activity"))));
    assert!(matches!(world.dispute(clerk(), challenge).await, Err(ServiceError::Forbidden)));
    let nothing = RecordId::from_u128(challenge.as_u128() ^ (1 << 70));
    assert!(matches!(world.dispute(customer(), nothing).await, Err(ServiceError::NotFound("activity"))));
    assert!(!world.is_locked().await);
}

/// The owner looks on: what somebody asks for in a store is on their screen at once, from whatever engine, and nothing twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_owner_sees_what_happens_as_it_happens() {
    let world = Arc::new(World::populated().await);
    let mut watch = world.watch(None).await.unwrap();
    assert!(watch.look().await.unwrap().is_empty(), "what was before is on the list");
    let (other, by) = (world.engine_over(world.store.clone()), world.clone());
    let question = by.sim_change(Channel::Store);
    let asking = tokio::spawn(async move { other.decide(authorise(clerk()).unwrap(), question).await.unwrap() });
    let mut news = Vec::new();
    while news.is_empty() {
        timeout(Duration::from_secs(20), watch.rung()).await.expect("it rings").unwrap();
        news = watch.look().await.unwrap();
    }
    let asked = asking.await.unwrap();
    assert_eq!((happened(&news), news[0].record().id), (vec![EventKind::Decided], asked.id()));
    assert!(watch.look().await.unwrap().is_empty());

    // Whoever was away goes on where they were.
    world.lock(customer(), LockSet::Port).await.unwrap();
    let mut later = world.watch(Some(asked.id())).await.unwrap();
    assert_eq!(happened(&later.look().await.unwrap()), [EventKind::LockSet]);
    let nothing = RecordId::from_u128(asked.id().as_u128() ^ (1 << 70));
    let wrong = world.watch(Some(nothing)).await.err();
    assert!(matches!(wrong, Some(ServiceError::Invalid { field: "after_activity_id", .. })), "{wrong:?}");
}

/// So many at a time: who looks on from everywhere keeps nobody else from it.
#[tokio::test]
async fn four_follow_at_a_time() {
    let world = World::populated().await;
    let mut watches = Vec::new();
    for _ in 0..4 {
        watches.push(world.watch(None).await.unwrap());
    }
    let fifth = world.watch(None).await.err();
    assert!(matches!(fifth, Some(ServiceError::Exhausted { .. })), "{fifth:?}");
    watches.pop();
    assert!(world.watch(None).await.is_ok());
}

/// Another line's people, and who is nobody's, follow nothing.
#[tokio::test]
async fn nobody_follows_another() {
    let world = World::populated().await;
    let stranger = Requester { account: Some(AccountId::parse("acct-9").unwrap()), ..customer() };
    for scope in [line_scope(), Scope::Account(AccountId::parse(ACCOUNT).unwrap())] {
        let refused = world.engine.watch_activity(authorise(stranger.clone()).unwrap(), scope, None).await.err();
        assert!(matches!(refused, Some(ServiceError::Forbidden)), "{refused:?}");
    }
    let nobodys = LineRef::named(LineName::Msisdn(Msisdn::parse("+12125550999").unwrap()));
    let refused = world.engine.watch_activity(authorise(customer()).unwrap(), Scope::Line(nobodys), None).await.err();
    assert!(matches!(refused, Some(ServiceError::Forbidden)), "{refused:?}");
    assert!(authorise::<portcullis::service::right::WatchActivity>(clerk()).is_err());
}

const WAITS: &str = "extends = \"us-default\"
[[rule]]
id = \"mine-1\"
on = [\"SIM_CHANGE\"]
when = 'true'
wait = \"1h\"
reason = \"SCORE_HIGH\"
[[rule]]
id = \"mine-2\"
on = [\"SIM_CHANGE\"]
when = 'true'
wait = \"2h\"
reason = \"SCORE_HIGH\"
";

/// An operator's rule has an approval wait; until then whoever is told of it says no, with a code or in the app, and after it nobody
/// undoes what was done. The longest of two waits counts.
#[tokio::test]
async fn an_approval_that_waits_is_taken_back_by_whoever_is_told() {
    for how in ["code", "decline", "not me", "lock", "nobody"] {
        let (world, post) = with_mail().await;
        world.engine.take_policy(load("waits.toml", WAITS).unwrap(), true).await.unwrap();
        let question = world.approved(world.sim_change(Channel::App));
        let answer = world.decide(customer(), question).await.unwrap();
        let permit = answer.permit.clone().unwrap();
        assert_eq!(reasons(&answer), [Reason::ScoreHigh]);
        world.told().await;
        let code = post.take().iter().find_map(|notice| notice.cancel_code);
        world.pass(TimeDelta::minutes(119));
        let early = world.redeem(customer(), &permit, sim_to(NEW_SIM)).await;
        assert!(matches!(early, Err(ServiceError::Refused(Refusal::PermitNotYet))), "{early:?}");
        match how {
            "code" => world.cancel(ivr(), code.unwrap()).await.unwrap(),
            "decline" => world.decline(customer(), answer.id(), false).await.unwrap(),
            "not me" => world.decline(customer(), answer.id(), true).await.unwrap(),
            "lock" => world.lock(ivr(), LockSet::Sim).await.unwrap(),
            _ => {}
        }
        world.pass(TimeDelta::minutes(1));
        let redeemed = world.redeem(customer(), &permit, sim_to(NEW_SIM)).await;
        assert_eq!(redeemed.is_ok(), how == "nobody", "{how}: {redeemed:?}");
        if how == "nobody" {
            assert!(over(world.cancel(ivr(), code.unwrap()).await), "it is done");
        }
    }
}

/// A code on a line that has left locks nothing here; who brings it learns nothing of that, and the desk does.
#[tokio::test]
async fn of_a_line_that_has_left_the_desk_is_told_by_its_code() {
    let (world, post) = with_mail().await;
    let away = AccountId::parse("acct-2").unwrap();
    world.create(portcullis::service::Seed { account: away.clone(), lines: Vec::new(), ..world.seed() }).await;
    world.engine.take_policy(load("waits.toml", WAITS).unwrap(), true).await.unwrap();
    world.decide(customer(), world.approved(world.sim_change(Channel::App))).await.unwrap();
    world.told().await;
    let code = post.take().iter().find_map(|notice| notice.cancel_code).unwrap();
    let change = OwnerChange::ToAccount { brand: crate::world::brand(), account: away };
    let mut question = world.question(Change::Owner(change.clone()), Channel::Care);
    question.scope = Scope::Line(LineRef::named(LineName::LineId(LineId::parse(LINE).unwrap())));
    let moved = world.decide(provisioning(), world.approved(question)).await.unwrap();
    let order = Move {
        request_id: world.request_id(),
        body: Body(b"move".to_vec()),
        line: LineId::parse(LINE).unwrap(),
        separation: None,
        change,
        permit: moved.permit.unwrap(),
    };
    world.engine.move_line(authorise(provisioning()).unwrap(), order).await.unwrap();
    let request_id = world.request_id();
    for _ in 0..2 {
        let body = Body(request_id.to_bytes().to_vec());
        let cancelling = Cancelling { request_id, body, code, channel: Channel::Ivr };
        world.engine.cancel_by_code(authorise(ivr()).unwrap(), cancelling).await.unwrap();
        assert_eq!(world.alerts().await, 1);
    }
}
