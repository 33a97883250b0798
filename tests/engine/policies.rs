//! E24: which policy decides is on record, none comes back unless somebody says so, and two people change it.

use chrono::TimeDelta;
use portcullis::audit::{Event, PolicyStep};
use portcullis::domain::{Brand, Channel, PolicyRevision, Reason, Reference, Requester, Role};
use portcullis::policy::{Policy, load};
use portcullis::service::{Body, Parts, PolicyOrder, PolicySource, PolicyStanding, Refusal, ServiceError, authorise};

use crate::ledger::events;
use crate::windows::with_pin;
use crate::world::{PIN, World, pin_pad, requester};

/// PINs prove nothing for so many days.
fn text(days: u32) -> String {
    format!("extends = \"us-default\"\n[pin]\nfresh_after = \"{}h\"\n", days * 24)
}

fn policy(days: u32) -> Policy {
    load("test.toml", &text(days)).unwrap()
}

pub(crate) fn desk(number: u8) -> Requester {
    requester(Role::FraudOps, &format!("desk-{number}"))
}

/// The same world under a service whose policy two people change.
async fn by_two() -> World {
    World::populated().await.with_parts(|parts| Parts { policy_source: PolicySource::Service, ..parts })
}

pub(crate) async fn stage(
    world: &World,
    by: Requester,
    days: u32,
    goes_back: bool,
) -> Result<PolicyStanding, ServiceError> {
    let order = PolicyOrder {
        request_id: world.request_id(),
        body: Body(Vec::new()),
        text: text(days),
        policy: Box::new(policy(days)),
        reason: Reference::parse("stricter").unwrap(),
        goes_back,
    };
    world.engine.stage_policy(authorise(by)?, order).await
}

pub(crate) async fn activate(
    world: &World,
    by: Requester,
    revision: PolicyRevision,
) -> Result<PolicyStanding, ServiceError> {
    let request = (world.request_id(), Body(Vec::new()));
    world.engine.activate_policy(authorise(by)?, request, revision).await
}

fn refusal<T: std::fmt::Debug>(result: Result<T, ServiceError>) -> Refusal {
    match result {
        Err(ServiceError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

/// Whether the seed's PIN, a hundred days old, is too new.
async fn is_too_new(world: &World) -> bool {
    let answer = world.decide(pin_pad(), with_pin(world.sim_change(Channel::Store), PIN)).await.unwrap();
    answer.decided().unwrap().reasons.first().is_some_and(|given| given.reason == Reason::PinTooNew)
}

async fn steps(world: &World) -> Vec<(PolicyStep, bool)> {
    let told = |event| match event {
        Event::PolicyChanged(change) => Some((change.step, change.goes_back)),
        _ => None,
    };
    events(world).await.into_iter().filter_map(told).collect()
}

#[tokio::test]
async fn a_policy_needs_two_people_and_decides_from_then_on() {
    let world = by_two().await;
    let before = world.engine.begin_policy(false).await.unwrap();
    let staged = stage(&world, desk(1), 200, false).await.unwrap();
    assert_eq!(staged.revision, before, "it waits");
    let waiting = staged.shelf.staged.unwrap().revision;
    assert!(!is_too_new(&world).await);
    assert_eq!(refusal(activate(&world, desk(1), waiting).await), Refusal::SecondPersonNeeded);
    assert!(!is_too_new(&world).await, "nobody is two people");
    let other = activate(&world, desk(2), PolicyRevision([7; 32])).await;
    assert!(matches!(other, Err(ServiceError::NotFound(_))), "{other:?}");
    let standing = activate(&world, desk(2), waiting).await.unwrap();
    assert_eq!((standing.revision, standing.shelf.past[0].revision), (waiting, before));
    assert!(is_too_new(&world).await);
    let file = (PolicyStep::File, false);
    assert_eq!(steps(&world).await, [file, (PolicyStep::Staged, false), (PolicyStep::Activated, false)]);
}

#[tokio::test]
async fn what_two_people_put_in_force_decides_after_a_restart() {
    let world = by_two().await;
    world.engine.begin_policy(false).await.unwrap();
    let waiting = stage(&world, desk(1), 200, false).await.unwrap().shelf.staged.unwrap().revision;
    activate(&world, desk(2), waiting).await.unwrap();
    let world = world.reopen().await.with_parts(|parts| Parts { policy_source: PolicySource::Service, ..parts });
    assert_eq!(world.engine.begin_policy(false).await.unwrap(), waiting);
    assert!(is_too_new(&world).await);
}

#[tokio::test]
async fn no_policy_comes_back_unless_somebody_says_so() {
    let world = World::populated().await;
    let engine = &world.engine;
    engine.begin_policy(false).await.unwrap();
    engine.take_policy(policy(200), false).await.unwrap();
    assert!(is_too_new(&world).await);
    assert_eq!(refusal(engine.take_policy(Policy::us_default(), false).await), Refusal::PolicyGoesBack);
    assert!(is_too_new(&world).await, "the stricter one decides on");
    // Nor by a restart with the file of before: this world's own is the default policy.
    let world = world.reopen().await;
    assert_eq!(refusal(world.engine.begin_policy(false).await), Refusal::PolicyGoesBack);
    world.engine.begin_policy(true).await.unwrap();
    assert!(!is_too_new(&world).await);
    let file = |goes_back| (PolicyStep::File, goes_back);
    assert_eq!(steps(&world).await, [file(false), file(false), file(true)]);
}

#[tokio::test]
async fn two_people_go_back_only_where_they_say_so() {
    let world = by_two().await;
    world.engine.begin_policy(false).await.unwrap();
    for days in [200, 300] {
        let waiting = stage(&world, desk(1), days, false).await.unwrap().shelf.staged.unwrap().revision;
        activate(&world, desk(2), waiting).await.unwrap();
    }
    assert_eq!(refusal(stage(&world, desk(1), 200, false).await), Refusal::PolicyGoesBack);
    let waiting = stage(&world, desk(1), 200, true).await.unwrap().shelf.staged.unwrap().revision;
    assert_eq!(activate(&world, desk(2), waiting).await.unwrap().revision, waiting);
    assert_eq!(steps(&world).await.last(), Some(&(PolicyStep::Activated, true)));
}

#[tokio::test]
async fn a_staged_policy_waits_a_week() {
    let world = by_two().await;
    world.engine.begin_policy(false).await.unwrap();
    let waiting = stage(&world, desk(1), 200, false).await.unwrap().shelf.staged.unwrap().revision;
    world.pass(TimeDelta::days(7));
    assert_eq!(refusal(activate(&world, desk(2), waiting).await), Refusal::PolicyExpired);
}

#[tokio::test]
async fn a_file_is_changed_by_nobody_over_the_service_and_the_policy_by_no_other_brand() {
    let world = World::populated().await;
    world.engine.begin_policy(false).await.unwrap();
    assert_eq!(refusal(stage(&world, desk(1), 200, false).await), Refusal::PolicyByFile);
    let elsewhere = Requester { brand: Brand::parse("mvno").unwrap(), ..desk(1) };
    assert_eq!(refusal(stage(&by_two().await, elsewhere, 200, false).await), Refusal::HouseOnly);
}

/// The same policy again is no change, at a start or at a look at the file.
#[tokio::test]
async fn what_decides_already_is_put_on_record_once() {
    let world = World::populated().await;
    for _ in 0..3 {
        world.engine.begin_policy(false).await.unwrap();
        world.engine.take_policy(Policy::us_default(), false).await.unwrap();
    }
    assert_eq!(steps(&world).await, [(PolicyStep::File, false)]);
}

const OWN: &str = "extends = \"us-default\"
[[reason]]
code = \"X_NIGHT_SHIFT\"
meaning = \"No SIM is changed at night.\"
class = \"RIGHTS\"
carrier = \"6P\"
[[rule]]
id = \"mine-night\"
on = [\"SIM_CHANGE\"]
when = 'true'
at_least = \"DENY\"
reason = \"X_NIGHT_SHIFT\"
";

/// A reason that a policy declares is answered as it says, and INVARIANT (answer-is-record): from the record, whatever policy
/// decides by then.
#[tokio::test]
async fn a_policys_own_reason_is_answered_and_stays_what_it_was() {
    let world = World::with_policy(load("own.toml", OWN).unwrap());
    world.create(world.seed()).await;
    let question = world.sim_change(Channel::Store);
    let told = |answer: &portcullis::service::Answer| {
        let given = answer.outward.reasons.first().unwrap();
        (answer.id(), given.reason.code(), given.reason.class(), portcullis::policy::message(given.reason), given.rule)
    };
    let first = told(&world.decide(crate::world::clerk(), question.clone()).await.unwrap());
    assert_eq!((first.1, first.2), ("X_NIGHT_SHIFT", portcullis::domain::ReasonClass::Rights));
    assert_eq!((first.3, first.4), ("No SIM is changed at night.", "mine-night"));
    world.engine.take_policy(policy(1), true).await.unwrap();
    let asked = world.decide(crate::world::clerk(), world.sim_change(Channel::Store)).await.unwrap();
    assert_ne!(told(&asked).1, "X_NIGHT_SHIFT");
    let world = world.reopen().await;
    let again = world.decide(crate::world::clerk(), question).await.unwrap();
    assert_eq!(told(&again), first);
}
