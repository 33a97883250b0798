//! Where a change was asked: on its record, held with the permit, and held when a customer disputes it (P9).

use chrono::TimeDelta;
use portcullis::domain::{
    AccountId, Change, Channel, DeviceId, Happening, HoldKind, HoldTarget, Interaction, LineId, LockSet, Msisdn,
    OutcomeKind, OwnerChange, Place, RecordId, Recorded, Reference, ReleaseOpens, Requester, Role, Roster, Spot,
    StoreId,
};
use portcullis::service::{Body, LineName, LineRef, Question, Refusal, Scope, ServiceError, ToldBySource, authorise};

use crate::incidents::{desk, place, target};
use crate::world::{ACCOUNT, World, carrier, clerk, customer, interaction, ivr, line_scope, pin_pad, requester};

fn store(name: &str) -> Option<StoreId> {
    StoreId::parse(name).ok()
}

fn device(name: &str) -> Option<DeviceId> {
    DeviceId::parse(name).ok()
}

/// Bound to a store and a tablet by the token, and on the roster of two stores.
fn bound(requester: Requester) -> Requester {
    let stores = ["store-1", "store-2"].map(|name| StoreId::parse(name).unwrap()).to_vec();
    let roster = Roster { stores, ..Roster::default() };
    Requester { store: store("store-1"), device: device("tablet-1"), roster, ..requester }
}

/// At another store's tablet, in the name of somebody else: so the request says.
fn said(question: Question) -> Question {
    let said = Interaction {
        store: store("store-2"),
        device: device("tablet-2"),
        rep: Reference::parse("rep-2").ok(),
        ..interaction(question.interaction.channel)
    };
    Question { interaction: said, ..question }
}

async fn report(world: &World, scope: Scope, decision: Option<RecordId>) -> Vec<HoldTarget> {
    let told = ToldBySource {
        event: world.request_id(),
        body: Body(Vec::new()),
        scope,
        occurred_at: world.now(),
        what: Happening::Recorded(Recorded::FraudReported { decision }),
    };
    world.engine.record_event(authorise(desk(1)).unwrap(), told).await.unwrap();
    let page = world.engine.list_holds(&authorise(desk(1)).unwrap(), None, 100).await.unwrap();
    page.holds.into_iter().map(|hold| hold.target).collect()
}

#[tokio::test]
async fn a_decision_keeps_what_its_token_is_bound_to_and_what_was_said() {
    let world = World::populated().await;
    let expected = Place {
        bound: Spot { store: store("store-1"), device: device("tablet-1") },
        said: Spot { store: store("store-2"), device: device("tablet-2") },
        rep: Reference::parse("rep-2").ok(),
    };
    let question = world.approved(said(world.sim_change(Channel::Store)));
    let again = question.clone();
    let answer = world.decide(bound(clerk()), question).await.unwrap();
    assert_eq!(answer.decided().unwrap().place, expected);
    let world = world.reopen().await;
    let read = world.decide(bound(clerk()), again).await.unwrap();
    assert_eq!((read.id(), &read.decided().unwrap().place), (answer.id(), &expected));
    let nowhere = world.decide(clerk(), world.sim_change(Channel::Store)).await.unwrap();
    assert!(nowhere.decided().unwrap().place.is_empty());
}

/// A hold on anything that the request of a permit named binds where the permit is used, whoever brings it and from wherever.
#[tokio::test]
async fn a_permit_is_held_with_the_place_it_was_asked_at() {
    let held = [
        (HoldKind::Store, "store-1", true),
        (HoldKind::Store, "store-2", true),
        (HoldKind::Device, "tablet-1", true),
        (HoldKind::Device, "tablet-2", true),
        (HoldKind::Staff, "rep-2", true),
        (HoldKind::Staff, "tablet-1", false),
        (HoldKind::Store, "rep-2", false),
    ];
    for (kind, name, holds) in held {
        let world = World::populated().await;
        let question = world.approved(said(world.sim_change(Channel::Store)));
        let change = question.change.clone();
        let answer = world.decide(bound(clerk()), question).await.unwrap();
        place(&world, &target(kind, name)).await;
        // With a token that is bound to nothing, and after a restart: what was kept with the permit is asked.
        let world = world.reopen().await;
        let redeemed = world.redeem(clerk(), answer.permit.as_ref().unwrap(), change).await;
        assert_eq!(matches!(redeemed, Err(ServiceError::Refused(Refusal::Held))), holds, "{kind:?} {name}");
        assert_eq!(redeemed.is_ok(), !holds, "{kind:?} {name}");
    }
}

/// A customer is held by no place of theirs, when they ask and when they use their permit.
#[tokio::test]
async fn a_customers_own_place_holds_no_permit_of_theirs() {
    let world = World::populated().await;
    let question = world.approved(said(world.sim_change(Channel::App)));
    let change = question.change.clone();
    let answer = world.decide(customer(), question).await.unwrap();
    for held in [target(HoldKind::Device, "phone"), target(HoldKind::Device, "tablet-2")] {
        place(&world, &held).await;
    }
    world.redeem(customer(), answer.permit.as_ref().unwrap(), change).await.unwrap();
}

/// P9: whom a token names, and the device that it is bound to; behind a shared front end whom that names.
#[tokio::test]
async fn a_report_of_fraud_holds_whom_and_what_a_token_names() {
    let (staff, tablet) = (|name| target(HoldKind::Staff, name), |name| target(HoldKind::Device, name));
    let cases = [
        (bound(clerk()), vec![staff("clerk-7"), tablet("tablet-1")]),
        // Neither a colleague nor their tablet, by being named.
        (clerk(), vec![staff("clerk-7")]),
        (bound(pin_pad()), vec![staff("rep-2"), tablet("tablet-1")]),
        (pin_pad(), vec![staff("rep-2"), tablet("tablet-2")]),
        (bound(ivr()), vec![]),
        (bound(carrier()), vec![]),
    ];
    for (asker, expected) in cases {
        let world = World::populated().await;
        let question = match asker.role {
            Role::PortingSystem => said(world.port()),
            Role::Ivr => said(world.sim_change(Channel::Ivr)),
            _ => said(world.sim_change(Channel::Store)),
        };
        let asked = world.decide(asker.clone(), question).await.unwrap();
        assert_ne!(asked.decided().unwrap().outcome, OutcomeKind::Approve);
        assert_eq!(report(&world, line_scope(), None).await, expected, "{asker:?}");
    }
    let world = World::populated().await;
    let question = world.approved(said(world.sim_change(Channel::App)));
    let answer = world.decide(customer(), question).await.unwrap();
    assert_eq!(report(&world, line_scope(), Some(answer.id())).await, vec![]);
}

/// A report about an account reaches what was done on each of its lines, one about a line what was done on that, however often
/// somebody looked at it since.
#[tokio::test]
async fn a_report_reaches_its_lines_and_behind_a_flood_of_looks() {
    let world = World::new();
    let mut seed = world.seed();
    let mut second = seed.lines[0].clone();
    second.id = LineId::parse("line-2").unwrap();
    second.msisdn = Msisdn::parse("+12125550777").unwrap();
    seed.lines.push(second.clone());
    world.create(seed).await;
    let ask = async |number: u8, scope: Scope| {
        let question = Question { scope, ..world.sim_change(Channel::Care) };
        world.decide(agent(number), question).await.unwrap();
    };
    ask(1, line_scope()).await;
    ask(2, Scope::Line(LineRef::named(LineName::LineId(second.id.clone())))).await;
    for _ in 0..300 {
        let who = authorise(agent(9)).unwrap();
        world.engine.get_protection(&who, &line_scope(), None).await.unwrap();
    }
    ask(3, line_scope()).await;
    assert_eq!(report(&world, line_scope(), None).await, [held_agent(1), held_agent(3)]);
    assert_eq!(report(&world, account(), None).await, [held_agent(1), held_agent(2), held_agent(3)]);
}

/// What time did is recorded when it is noticed, with its own instant: that it is older than 7 days ends no report's reach.
#[tokio::test]
async fn a_report_reaches_past_what_time_did() {
    let world = World::locked(LockSet::Sim).await;
    world.release(LockSet::Sim, ReleaseOpens::Window(Some(TimeDelta::days(1)))).await.unwrap();
    world.pass(TimeDelta::days(9));
    // Asked of the account alone, so that the line's lock is not looked at.
    let key = Change::Owner(OwnerChange::Close);
    let question = Question { scope: account(), ..world.question(key, Channel::Care) };
    world.decide(agent(1), question).await.unwrap();
    world.pass(TimeDelta::hours(1));
    world.engine.get_protection(&authorise(agent(9)).unwrap(), &line_scope(), None).await.unwrap();
    assert_eq!(report(&world, account(), None).await, [held_agent(1)]);
}

fn agent(number: u8) -> Requester {
    requester(Role::CareAgent, &format!("agent-{number}"))
}

fn held_agent(number: u8) -> HoldTarget {
    target(HoldKind::Staff, &format!("agent-{number}"))
}

fn account() -> Scope {
    Scope::Account(AccountId::parse(ACCOUNT).unwrap())
}
