//! Words that count and words that do not: of who is held, of a machine, and of what was undone.

use chrono::TimeDelta;
use portcullis::domain::{
    AccountId, Channel, DeviceId, Happening, Hold, HoldKind, HoldTarget, Incident, LineId, OwnerChange, Recorded,
    Reference, Requester, Role,
};
use portcullis::policy::load;
use portcullis::service::{
    Body, DocumentPlace, Move, PermitText, PolicyOrder, PolicySource, Refusal, ServiceError, ToldBySource, Upsert,
    Whom, authorise,
};

use crate::incidents::{desk, end, lift, open, place, target};
use crate::world::{LINE, World, line_scope, provisioning, requester};

const POLICY: &str = "extends = \"us-default\"\n[pin]\nfresh_after = \"48h\"\n";

fn refusal<T: std::fmt::Debug>(result: Result<T, ServiceError>) -> Refusal {
    match result {
        Err(ServiceError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

fn machine(role: Role) -> Requester {
    requester(role, "certificate|spiffe://c.example/desk")
}

/// INVARIANT (fail-closed): where two people must agree, a certificate is neither the first nor the second.
#[tokio::test]
async fn a_machine_has_no_word() {
    let world = World::populated().await;
    let world = world.with_parts(|parts| portcullis::service::Parts { policy_source: PolicySource::Service, ..parts });
    let needed = Refusal::PersonNeeded;
    let clerk = target(HoldKind::Staff, "clerk-7");
    // Raising protection needs nobody else.
    place(&world, &clerk).await;
    let incident = open(&world, machine(Role::FraudOps), Whom::Brand, world.now()).await.unwrap();
    assert_eq!(refusal(lift(&world, machine(Role::FraudOps), &clerk).await), needed);
    let request = (world.request_id(), Body(b"end".to_vec()));
    let who = authorise(machine(Role::FraudOps)).unwrap();
    let why = Reference::parse("all changed").unwrap();
    assert_eq!(refusal(world.engine.end_incident(who, request, incident.id, why).await), needed);

    let order = |by: &World| PolicyOrder {
        request_id: by.request_id(),
        body: Body(Vec::new()),
        text: POLICY.to_owned(),
        policy: Box::new(load("test.toml", POLICY).unwrap()),
        reason: Reference::parse("stricter").unwrap(),
        goes_back: false,
    };
    let staged = world.engine.stage_policy(authorise(machine(Role::Admin)).unwrap(), order(&world)).await;
    assert_eq!(refusal(staged), needed);
    let staged = world.engine.stage_policy(authorise(desk(1)).unwrap(), order(&world)).await.unwrap();
    let revision = staged.shelf.staged.unwrap().revision;
    let request = (world.request_id(), Body(Vec::new()));
    let put = world.engine.activate_policy(authorise(machine(Role::Admin)).unwrap(), request, revision).await;
    assert_eq!(refusal(put), needed);

    let everything = portcullis::audit::RecordFilter::default();
    let asked = world.engine.request_export(&authorise(machine(Role::Auditor)).unwrap(), everything.clone()).await;
    assert_eq!(refusal(asked), needed);
    let asked = world.engine.request_export(&authorise(requester(Role::Auditor, "ann")).unwrap(), everything).await;
    let asked = asked.unwrap().id;
    let approved = world.engine.approve_export(&authorise(machine(Role::Admin)).unwrap(), asked).await;
    assert_eq!(refusal(approved), needed);
}

/// Who is held changes nothing by the other doors either: no account, no line, no event.
#[tokio::test]
async fn who_is_held_provisions_and_tells_nothing() {
    let world = World::populated().await;
    let told = |world: &World| ToldBySource {
        event: world.request_id(),
        body: Body(Vec::new()),
        scope: line_scope(),
        occurred_at: world.now(),
        what: Happening::Recorded(Recorded::DeviceProven { device: DeviceId::parse("thief").unwrap() }),
    };
    let order = Move {
        request_id: world.request_id(),
        body: Body(Vec::new()),
        line: LineId::parse(LINE).unwrap(),
        permit: PermitText("none".to_owned()),
        separation: None,
        change: OwnerChange::Close,
    };
    let network = requester(Role::NetworkSignals, "hlr-1");
    let free = world.engine.record_event(authorise(network.clone()).unwrap(), told(&world)).await;
    free.unwrap();
    assert_eq!(
        refusal(world.engine.move_line(authorise(provisioning()).unwrap(), order.clone()).await.map(|_| ())),
        Refusal::PermitUnknown
    );
    for held in [&network, &provisioning()] {
        place(&world, &target(HoldKind::Staff, held.subject.as_str())).await;
    }
    let event = world.engine.record_event(authorise(network).unwrap(), told(&world)).await;
    let mut seed = world.seed();
    seed.account = AccountId::parse("acct-9").unwrap();
    let upsert = Upsert { request: None, seed };
    let account = world.engine.upsert_account(authorise(provisioning()).unwrap(), upsert).await.map(|_| ());
    let line = world.engine.move_line(authorise(provisioning()).unwrap(), order).await.map(|_| ());
    let is_held = |result| matches!(result, Err(ServiceError::Refused(Refusal::Held)));
    assert_eq!([event, account, line].map(is_held), [true; 3]);
}

async fn standing_holds(world: &World) -> Vec<HoldTarget> {
    let page = world.engine.list_holds(&authorise(desk(1)).unwrap(), None, 100).await.unwrap();
    page.holds.into_iter().map(|hold| hold.target).collect()
}

async fn all_holds(world: &World, size: usize) -> Vec<Hold> {
    let (mut all, mut after): (Vec<Hold>, Option<DocumentPlace>) = (Vec::new(), None);
    loop {
        let page = world.engine.list_all_holds(&authorise(desk(1)).unwrap(), after, size).await.unwrap();
        assert!(page.holds.len() <= size);
        all.extend(page.holds);
        after = page.next;
        if after.is_none() {
            all.sort_by(|one, other| one.target.cmp(&other.target));
            return all;
        }
    }
}

/// What was lifted leaves the book and stays in the list of all; placed anew it is in both. A restart changes nothing of it.
#[tokio::test]
async fn a_lifted_hold_is_in_the_list_of_all_alone() {
    let world = World::populated().await;
    let names = ["a", "b", "c", "d", "e"].map(|name| target(HoldKind::Staff, name));
    for name in &names {
        place(&world, name).await;
    }
    for name in &names[..2] {
        lift(&world, desk(1), name).await.unwrap();
        assert!(!lift(&world, desk(2), name).await.unwrap().lifting.stands());
        // Said again by others it is what it was.
        assert!(!lift(&world, desk(3), name).await.unwrap().lifting.stands());
    }
    place(&world, &names[0]).await;
    let expected = [names[0].clone(), names[2].clone(), names[3].clone(), names[4].clone()];
    let mut world = world;
    for _ in 0..2 {
        assert_eq!(standing_holds(&world).await, expected);
        let all = all_holds(&world, 2).await;
        assert_eq!(all.iter().map(|hold| hold.target.clone()).collect::<Vec<_>>(), names);
        let lifted: Vec<bool> = all.iter().map(|hold| !hold.lifting.stands()).collect();
        assert_eq!(lifted, [false, true, false, false, false]);
        world = world.reopen().await;
    }
}

#[tokio::test]
async fn incidents_are_listed_page_by_page() {
    let world = World::populated().await;
    let mut opened = Vec::new();
    for _ in 0..5 {
        world.pass(TimeDelta::seconds(1));
        opened.push(open(&world, desk(1), Whom::Brand, world.now()).await.unwrap());
    }
    end(&world, desk(1), &opened[1]).await;
    end(&world, desk(2), &opened[1]).await;
    let who = authorise(desk(1)).unwrap();
    let (mut standing, mut after) = (Vec::new(), None);
    loop {
        let page = world.engine.list_incidents(&who, after, 3).await.unwrap();
        standing.extend(page.incidents);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let ids = |incidents: &[Incident]| incidents.iter().map(|incident| incident.id).collect::<Vec<_>>();
    assert_eq!(
        ids(&standing),
        [opened[0].id, opened[2].id, opened[3].id, opened[4].id],
        "in the order of their opening"
    );
    let all = world.engine.list_all_incidents(&who, None, 100).await.unwrap();
    assert_eq!(all.next, None);
    let mut all = all.incidents;
    all.sort_by_key(|incident| incident.id);
    assert_eq!(ids(&all), ids(&opened));
    assert!(!all[1].ending.stands() && all[0].ending.stands());
    let asked = Channel::Store;
    assert!(world.decide(crate::world::pin_pad(), world.sim_change(asked)).await.is_ok());
}
