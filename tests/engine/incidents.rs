//! Breaches and holds: in force from the next decision on, also after a restart, and undone by two people.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use portcullis::audit::{Event, HoldStep, IncidentStep};
use portcullis::domain::{
    AccountId, AccountNumber, Brand, Channel, Cohort, DeviceId, Happening, HeldName, Hold, HoldCause, HoldKind,
    HoldTarget, Incident, Interaction, LineId, Msisdn, OutcomeKind, PinCheck, Reason, Recorded, Reference, Requester,
    Role, StoreId, Undoing,
};
use portcullis::service::{
    Answer, Body, Breach, Engine, HoldOrder, LineName, LineRef, Listing, Question, Refusal, Scope, ServiceError,
    ToldBySource, Whom, authorise,
};

use portcullis::store::{Around, Commit, CommitError, Load, Loaded, Position, Reply, Store, StoreError};

use crate::ledger::events;
use crate::windows::with_pin;
use crate::world::{
    ACCOUNT, GAINING, NEW_SIM, PIN, World, brand, carrier, clerk, interaction, line_scope, pin_pad, port_out,
    requester, sim_to,
};

pub(crate) fn desk(number: u8) -> Requester {
    requester(Role::FraudOps, &format!("desk-{number}"))
}

fn reason(text: &str) -> Reference {
    Reference::parse(text).unwrap()
}

pub(crate) fn target(kind: HoldKind, name: &str) -> HoldTarget {
    HoldTarget { kind, name: HeldName::parse(name).unwrap() }
}

pub(crate) async fn place(world: &World, target: &HoldTarget) -> Hold {
    let (request_id, body) = (world.request_id(), Body(b"place".to_vec()));
    let order = HoldOrder { request_id, body, target: target.clone(), reason: reason("case 1") };
    world.engine.place_hold(authorise(desk(1)).unwrap(), order).await.unwrap()
}

pub(crate) async fn lift(world: &World, by: Requester, target: &HoldTarget) -> Result<Hold, ServiceError> {
    let (request_id, body) = (world.request_id(), Body(b"lift".to_vec()));
    let order = HoldOrder { request_id, body, target: target.clone(), reason: reason("looked into") };
    world.engine.lift_hold(authorise(by).unwrap(), order).await
}

/// Lets two people of the fraud desk lift the hold of a member of staff.
pub(crate) async fn lifted(world: &World, engine: &Arc<Engine>, staff: &Requester) {
    for number in [1, 2] {
        let (request_id, body) = (world.request_id(), Body(Vec::new()));
        let target = target(HoldKind::Staff, staff.subject.as_str());
        let order = HoldOrder { request_id, body, target, reason: reason("looked into") };
        let hold = engine.lift_hold(authorise(desk(number)).unwrap(), order).await.unwrap();
        assert_eq!(hold.lifting.stands(), number == 1);
    }
}

pub(crate) async fn open(
    world: &World,
    by: Requester,
    whom: Whom,
    cut_off: DateTime<Utc>,
) -> Result<Incident, ServiceError> {
    let (request_id, body) = (world.request_id(), Body(b"open".to_vec()));
    let breach = Breach { request_id, body, whom, cut_off, reason: reason("a copy was stolen") };
    world.engine.open_incident(authorise(by).unwrap(), breach).await
}

pub(crate) async fn end(world: &World, by: Requester, incident: &Incident) -> Incident {
    let request = (world.request_id(), Body(b"end".to_vec()));
    let ended = world.engine.end_incident(authorise(by).unwrap(), request, incident.id, reason("all changed"));
    ended.await.unwrap()
}

pub(crate) fn listing(world: &World, accounts: impl IntoIterator<Item = String>) -> Whom {
    let mut listing = Listing::default();
    for account in accounts {
        world.engine.list_account(&mut listing, &brand(), &AccountId::parse(&account).unwrap()).unwrap();
    }
    Whom::Listed(listing)
}

pub(crate) fn told(answer: &Answer) -> (OutcomeKind, Option<Reason>) {
    let decided = answer.decided().unwrap();
    (decided.outcome, decided.reasons.first().map(|given| given.reason))
}

const HELD: (OutcomeKind, Option<Reason>) = (OutcomeKind::Deny, Some(Reason::StaffHeld));

/// What a right PIN at the pad comes to.
async fn with_right_pin(world: &World) -> Answer {
    let answer = world.decide(pin_pad(), with_pin(world.sim_change(Channel::Store), PIN)).await.unwrap();
    assert_eq!(answer.decided().unwrap().checks.pin, PinCheck::Matched);
    answer
}

#[tokio::test]
async fn who_is_held_begins_nothing_until_two_people_lift_it() {
    let world = World::populated().await;
    let ask = async || told(&world.decide(clerk(), world.approved(world.sim_change(Channel::Store))).await.unwrap());
    assert_eq!(ask().await.0, OutcomeKind::Approve);
    let staff = target(HoldKind::Staff, clerk().subject.as_str());
    place(&world, &staff).await;
    assert_eq!(ask().await, HELD, "whatever is proven");
    assert!(lift(&world, desk(1), &staff).await.unwrap().lifting.stands());
    assert!(lift(&world, desk(1), &staff).await.unwrap().lifting.stands(), "nobody is two people");
    assert_eq!(ask().await, HELD);
    assert!(!lift(&world, desk(2), &staff).await.unwrap().lifting.stands());
    assert_eq!(ask().await.0, OutcomeKind::Approve);
    let steps: Vec<HoldStep> = events(&world)
        .await
        .into_iter()
        .filter_map(|event| if let Event::HoldChanged { step, .. } = event { Some(step) } else { None })
        .collect();
    let placed = HoldStep::Placed(HoldCause::Hand(desk(1).subject));
    assert_eq!(steps, [placed, HoldStep::LiftAsked, HoldStep::Lifted]);
}

#[tokio::test]
async fn a_word_to_lift_is_over_after_a_day_and_with_another_hold() {
    let world = World::populated().await;
    let staff = target(HoldKind::Staff, clerk().subject.as_str());
    assert!(matches!(lift(&world, desk(1), &staff).await, Err(ServiceError::NotFound("hold"))));
    place(&world, &staff).await;
    lift(&world, desk(1), &staff).await.unwrap();
    world.pass(TimeDelta::hours(24));
    assert!(lift(&world, desk(2), &staff).await.unwrap().lifting.stands(), "the first word was over");
    place(&world, &staff).await;
    assert!(lift(&world, desk(1), &staff).await.unwrap().lifting.stands(), "somebody placed it anew");
}

/// Every kind, by what the token says and by what the request says; of another brand it holds nobody.
#[tokio::test]
async fn whatever_is_held_holds() {
    let by_token = Requester { token: Some(HeldName::parse("jti-9").unwrap()), ..clerk() };
    let port = |world: &World| {
        let mut question = world.question(port_out(GAINING), Channel::Port);
        question.claims.account_number = None;
        question
    };
    let world = World::populated().await;
    let mut at_counter = world.sim_change(Channel::Store);
    at_counter.interaction = Interaction {
        store: Some(StoreId::parse("store-5").unwrap()),
        device: Some(DeviceId::parse("tablet-5").unwrap()),
        rep: Some(reason("rep-5")),
        ..interaction(Channel::Store)
    };
    let carrier_held = (OutcomeKind::Deny, Reason::CarrierHeld);
    let staff_held = (OutcomeKind::Deny, Reason::StaffHeld);
    let cases = [
        (target(HoldKind::Staff, "rep-5"), pin_pad(), at_counter.clone(), staff_held),
        (target(HoldKind::Store, "store-5"), pin_pad(), at_counter.clone(), staff_held),
        (target(HoldKind::Device, "tablet-5"), pin_pad(), at_counter.clone(), staff_held),
        (target(HoldKind::Token, "jti-9"), by_token, world.sim_change(Channel::Store), staff_held),
        (target(HoldKind::Carrier, GAINING), carrier(), port(&world), carrier_held),
    ];
    for (held, asker, question, expected) in cases {
        let ask = async |world: &World| {
            let question = Question { request_id: world.request_id(), ..question.clone() };
            let answer = world.decide(asker.clone(), question).await.unwrap();
            let decided = answer.decided().unwrap();
            let reasons: Vec<Reason> = decided.reasons.iter().map(|given| given.reason).collect();
            (decided.outcome, reasons.contains(&expected.1))
        };
        let world = World::populated().await;
        let elsewhere = Requester { brand: Brand::parse("mvno").unwrap(), ..desk(1) };
        let order = HoldOrder {
            request_id: world.request_id(),
            body: Body(Vec::new()),
            target: held.clone(),
            reason: reason("another brand's"),
        };
        world.engine.place_hold(authorise(elsewhere).unwrap(), order).await.unwrap();
        assert!(!ask(&world).await.1, "{held:?} of another brand");
        place(&world, &held).await;
        assert_eq!(ask(&world).await, (expected.0, true), "{held:?}");
    }
}

#[tokio::test]
async fn who_is_held_uses_no_permit() {
    let world = World::populated().await;
    let question = world.approved(world.sim_change(Channel::Store));
    let change = question.change.clone();
    let answer = world.decide(clerk(), question).await.unwrap();
    place(&world, &target(HoldKind::Staff, clerk().subject.as_str())).await;
    let redeemed = world.redeem(clerk(), answer.permit.as_ref().unwrap(), change).await;
    assert!(matches!(redeemed, Err(ServiceError::Refused(Refusal::Held))), "{redeemed:?}");
}

/// A rule of the default policy that refuses a clerk holds them: the next customer's own proof does not help them.
#[tokio::test]
async fn a_rule_holds_whom_it_refuses() {
    let world = World::populated().await;
    let other = "+12125550777";
    let mut seed = world.seed();
    seed.account = AccountId::parse("acct-2").unwrap();
    seed.number = AccountNumber::parse("99").unwrap();
    for line in &mut seed.lines {
        line.id = LineId::parse("line-2").unwrap();
        line.msisdn = Msisdn::parse(other).unwrap();
    }
    world.create(seed).await;
    assert_eq!(told(&world.decide(clerk(), world.sim_change(Channel::Store)).await.unwrap()).0, OutcomeKind::Challenge);
    world.pass(TimeDelta::minutes(5));
    let mut second = world.sim_change(Channel::Store);
    second.scope = Scope::Line(LineRef::named(LineName::Msisdn(Msisdn::parse(other).unwrap())));
    let refused = world.decide(clerk(), second.clone()).await.unwrap();
    assert_eq!(told(&refused), (OutcomeKind::Deny, Some(Reason::StaffVelocity)));
    world.pass(TimeDelta::hours(2));
    let later = world.decide(clerk(), world.approved(world.sim_change(Channel::Store))).await.unwrap();
    assert_eq!(told(&later), HELD);
    let page = world.engine.list_holds(&authorise(desk(1)).unwrap(), None, 10).await.unwrap();
    let rule = "P6-staff-second-account".to_owned();
    assert_eq!(page.holds[0].cause, HoldCause::Rule { rule, decision: refused.id() });
    assert_eq!((page.holds.len(), page.next), (1, None));
}

/// A hold by a rule is the token's own: whoever a request names as its rep is not held for it.
#[tokio::test]
async fn nobody_is_held_in_anothers_name() {
    let world = World::populated().await;
    for number in 0..2 {
        let mut question = world.sim_change(Channel::Store);
        question.interaction = Interaction { rep: Some(reason("boss")), ..interaction(Channel::Store) };
        if number == 1 {
            question.scope = crate::windows::at(7);
        }
        world.decide(clerk(), question).await.unwrap();
    }
    let page = world.engine.list_holds(&authorise(desk(1)).unwrap(), None, 10).await.unwrap();
    let names: Vec<&str> = page.holds.iter().map(|hold| hold.target.name.as_str()).collect();
    assert_eq!(names, ["clerk-7"]);
}

/// INVARIANT (one-request-one-decision): a word that changed nothing is answered, and is no word when it comes again later.
#[tokio::test]
async fn a_word_that_came_too_early_counts_for_nothing_later() {
    let world = World::populated().await;
    let staff = target(HoldKind::Staff, "clerk-7");
    place(&world, &staff).await;
    lift(&world, desk(1), &staff).await.unwrap();
    let again = HoldOrder {
        request_id: world.request_id(),
        body: Body(b"lift".to_vec()),
        target: staff.clone(),
        reason: reason("again"),
    };
    let say = async || world.engine.lift_hold(authorise(desk(1)).unwrap(), again.clone()).await.unwrap();
    say().await;
    // Placed anew: nobody has a word in it yet, and the one of before does not become one.
    place(&world, &staff).await;
    assert_eq!(say().await.lifting, Undoing::Stands);
    assert!(lift(&world, desk(2), &staff).await.unwrap().lifting.stands());
}

/// As many as may stand at a time: one that is ended makes room for another.
#[tokio::test]
async fn no_more_incidents_stand_than_every_decision_can_ask() {
    let world = World::populated().await;
    let first = open(&world, desk(1), Whom::Brand, world.now()).await.unwrap();
    for _ in 1..200 {
        open(&world, desk(1), Whom::Brand, world.now()).await.unwrap();
    }
    let refused = open(&world, desk(1), Whom::Brand, world.now()).await;
    assert!(matches!(refused, Err(ServiceError::Exhausted { .. })), "{refused:?}");
    end(&world, desk(1), &first).await;
    end(&world, desk(2), &first).await;
    open(&world, desk(1), Whom::Brand, world.now()).await.unwrap();
}

#[tokio::test]
async fn who_is_held_has_no_word() {
    let world = World::populated().await;
    let (staff, desk_1) = (target(HoldKind::Staff, "clerk-7"), target(HoldKind::Staff, "desk-1"));
    place(&world, &staff).await;
    place(&world, &desk_1).await;
    for held in [&staff, &desk_1] {
        let refused = lift(&world, desk(1), held).await;
        assert!(matches!(refused, Err(ServiceError::Refused(Refusal::Held))), "{refused:?}");
    }
    assert!(lift(&world, desk(2), &desk_1).await.unwrap().lifting.stands());
    assert!(!lift(&world, desk(3), &desk_1).await.unwrap().lifting.stands());
    assert!(lift(&world, desk(1), &staff).await.unwrap().lifting.stands());
}

/// P9: the clerk who began what was carried out is held, and nobody else.
#[tokio::test]
async fn a_report_of_fraud_holds_the_staff_who_began_it() {
    for (after, named, held) in
        [(TimeDelta::days(7), false, true), (TimeDelta::days(8), false, false), (TimeDelta::days(7), true, true)]
    {
        let world = World::populated().await;
        let question = world.approved(world.sim_change(Channel::Store));
        let change = question.change.clone();
        let answer = world.decide(clerk(), question).await.unwrap();
        world.redeem(clerk(), answer.permit.as_ref().unwrap(), change).await.unwrap();
        world.pass(after);
        let decision = named.then(|| answer.id());
        let told = ToldBySource {
            event: world.request_id(),
            body: Body(Vec::new()),
            scope: line_scope(),
            occurred_at: world.now(),
            what: Happening::Recorded(Recorded::FraudReported { decision }),
        };
        world.engine.record_event(authorise(desk(1)).unwrap(), told).await.unwrap();
        let page = world.engine.list_holds(&authorise(desk(1)).unwrap(), None, 10).await.unwrap();
        let names: Vec<&str> = page.holds.iter().map(|hold| hold.target.name.as_str()).collect();
        let expected: &[&str] = if held { &["clerk-7"] } else { &[] };
        assert_eq!(names, expected, "{after}, decision named: {named}");
    }
}

/// P9: so is the pad at which its proof was given before anybody asked.
#[tokio::test]
async fn a_report_of_fraud_holds_who_gave_proof_ahead() {
    let world = World::populated().await;
    let pad = Requester { device: Some(DeviceId::parse("pad-device-3").unwrap()), ..pin_pad() };
    let handle = world.at_pad(pad, sim_to(NEW_SIM), PIN).await;
    world.pass(TimeDelta::seconds(5));
    let answer = world.decide(clerk(), world.with_handle(handle, sim_to(NEW_SIM))).await.unwrap();
    world.redeem(clerk(), answer.permit.as_ref().unwrap(), sim_to(NEW_SIM)).await.unwrap();
    let told = ToldBySource {
        event: world.request_id(),
        body: Body(Vec::new()),
        scope: line_scope(),
        occurred_at: world.now(),
        what: Happening::Recorded(Recorded::FraudReported { decision: Some(answer.id()) }),
    };
    world.engine.record_event(authorise(desk(1)).unwrap(), told).await.unwrap();
    let page = world.engine.list_holds(&authorise(desk(1)).unwrap(), None, 10).await.unwrap();
    let mut names: Vec<&str> = page.holds.iter().map(|hold| hold.target.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["clerk-7", "pad-device-3"]);
}

#[tokio::test]
async fn a_restart_forgets_no_hold_and_no_breach() {
    let world = World::populated().await;
    place(&world, &target(HoldKind::Staff, clerk().subject.as_str())).await;
    let others = || (0..20_000).map(|number| format!("other-{number}"));
    open(&world, desk(1), listing(&world, others()), world.now()).await.unwrap();
    let world = world.reopen().await;
    assert_eq!(told(&with_right_pin(&world).await).0, OutcomeKind::Approve, "who is not listed is not touched");
    let listed = listing(&world, others().chain([ACCOUNT.to_owned()]));
    let incident = open(&world, desk(1), listed, world.now()).await.unwrap();
    assert_eq!(incident.cohort, Cohort::Listed { accounts: 20_001, pages: 3 });
    let world = world.reopen().await;
    let answer = world.decide(clerk(), world.approved(world.sim_change(Channel::Store))).await.unwrap();
    assert_eq!(told(&answer), HELD);
    assert_eq!(told(&with_right_pin(&world).await).1, Some(Reason::PinBeforeBreach));
}

/// P17. A breach of a cohort makes older PINs stale, and no others.
#[tokio::test]
async fn a_breach_makes_older_pins_of_its_cohort_stale() {
    let stale = async |whom: fn(&World) -> Whom, ago: TimeDelta| {
        let world = World::populated().await;
        world.pass(TimeDelta::days(2));
        open(&world, desk(1), whom(&world), world.now() - ago).await.unwrap();
        told(&with_right_pin(&world).await).1 == Some(Reason::PinBeforeBreach)
    };
    let set = TimeDelta::days(2);
    let everyone: fn(&World) -> Whom = |_| Whom::Everyone;
    for whom in [everyone, |_| Whom::Brand, |world| listing(world, ["other".to_owned(), ACCOUNT.to_owned()])] {
        assert!(stale(whom, TimeDelta::zero()).await);
    }
    assert!(!stale(|world| listing(world, ["other".to_owned()]), TimeDelta::zero()).await);
    // The seed's PIN is older than the world: a cut-off long before it touches nothing.
    assert!(!stale(everyone, set + TimeDelta::days(4_000)).await);
}

#[tokio::test]
async fn a_breach_is_ended_by_two_people() {
    let world = World::populated().await;
    let incident = open(&world, desk(1), Whom::Brand, world.now()).await.unwrap();
    let is_stale = async || told(&with_right_pin(&world).await).1 == Some(Reason::PinBeforeBreach);
    assert!(is_stale().await);
    assert!(end(&world, desk(1), &incident).await.ending.stands());
    assert!(is_stale().await);
    assert!(!end(&world, desk(2), &incident).await.ending.stands());
    assert!(!is_stale().await);
    let steps: Vec<_> = events(&world)
        .await
        .into_iter()
        .filter_map(|event| if let Event::IncidentChanged { step, .. } = event { Some(step) } else { None })
        .collect();
    let opened = IncidentStep::Opened { cohort: Cohort::Brand, cut_off: world.now() };
    assert_eq!(steps, [opened, IncidentStep::EndAsked, IncidentStep::Ended]);
}

#[tokio::test]
async fn a_breach_is_told_of_once_and_of_all_brands_by_the_house_alone() {
    let world = World::populated().await;
    let (request_id, at) = (world.request_id(), world.now());
    let breach = |whom, cut_off| Breach { request_id, body: Body(b"b".to_vec()), whom, cut_off, reason: reason("x") };
    let tell = async |whom: Whom| world.engine.open_incident(authorise(desk(1)).unwrap(), breach(whom, at)).await;
    let first = tell(listing(&world, ["a".to_owned(), "b".to_owned()])).await.unwrap();
    let again = tell(listing(&world, ["b".to_owned(), "a".to_owned(), "a".to_owned()])).await.unwrap();
    assert_eq!(first, again);
    let other = tell(listing(&world, ["c".to_owned()])).await;
    assert!(matches!(other, Err(ServiceError::RequestIdReused)), "{other:?}");
    let elsewhere = Requester { brand: Brand::parse("mvno").unwrap(), ..desk(1) };
    let refused = open(&world, elsewhere, Whom::Everyone, at).await;
    assert!(matches!(refused, Err(ServiceError::Refused(Refusal::HouseOnly))), "{refused:?}");
    let future = open(&world, desk(1), Whom::Brand, at + TimeDelta::seconds(1)).await;
    assert!(matches!(future, Err(ServiceError::Invalid { field: "cut_off_time", .. })), "{future:?}");
}

/// A store that counts what decisions ask of it.
struct Counted {
    inner: Arc<dyn Store>,
    trips: AtomicU64,
    rows: AtomicU64,
}

impl Around for Counted {
    fn inner(&self) -> &dyn Store {
        &*self.inner
    }

    fn load(&self, load: Load) -> Reply<'_, Result<Loaded, StoreError>> {
        self.trips.fetch_add(1, Ordering::Relaxed);
        self.rows.fetch_add(load.slots.len() as u64, Ordering::Relaxed);
        self.inner.load(load)
    }

    fn commit(&self, commit: Commit) -> Reply<'_, Result<Position, CommitError>> {
        self.trips.fetch_add(1, Ordering::Relaxed);
        self.rows.fetch_add(commit.writes.len() as u64, Ordering::Relaxed);
        self.inner.commit(commit)
    }
}

/// P17: a breach of a million accounts is told of in a few commits, and costs a decision no trip and no row.
#[tokio::test]
async fn a_breach_of_a_million_accounts_costs_a_decision_nothing() {
    const ACCOUNTS: usize = 1_000_000;
    let world = World::populated().await;
    let store = Arc::new(Counted { inner: world.store.clone(), trips: AtomicU64::new(0), rows: AtomicU64::new(0) });
    let engine = Engine::new(world.parts(store.clone())).unwrap();
    let asked = async || {
        let question = with_pin(world.sim_change(Channel::Store), PIN);
        let answer = engine.decide(authorise(pin_pad()).unwrap(), question).await.unwrap();
        let spent = (store.trips.swap(0, Ordering::Relaxed), store.rows.swap(0, Ordering::Relaxed));
        (told(&answer), spent)
    };
    // The first one reads the brand's book.
    asked().await;
    let ((outcome, _), (trips, rows)) = asked().await;
    assert_eq!(outcome, OutcomeKind::Approve);
    // A challenge keeps itself where an approval keeps its permit.
    let spent_before = (trips, rows);
    let mut listing = Listing::default();
    for number in 0..ACCOUNTS - 1 {
        engine.list_account(&mut listing, &brand(), &AccountId::parse(&format!("acct-x{number}")).unwrap()).unwrap();
    }
    engine.list_account(&mut listing, &brand(), &AccountId::parse(ACCOUNT).unwrap()).unwrap();
    let breach = Breach {
        request_id: world.request_id(),
        body: Body(Vec::new()),
        whom: Whom::Listed(listing),
        cut_off: world.now(),
        reason: reason("a copy was stolen"),
    };
    let opened = engine.open_incident(authorise(desk(1)).unwrap(), breach).await.unwrap();
    assert_eq!(opened.cohort, Cohort::Listed { accounts: 1_000_000, pages: 123 });
    let trips = store.trips.swap(0, Ordering::Relaxed);
    assert!(trips < 50, "{trips} trips for the list, none for an account");
    store.rows.store(0, Ordering::Relaxed);
    let (after, spent_after) = asked().await;
    assert_eq!((after.1, spent_after), (Some(Reason::PinBeforeBreach), spent_before));
}
