//! Identity documents: scanned by one, seen by another, proof some hours later; and who tries to get around that.

use chrono::TimeDelta;
use portcullis::domain::{
    AccountId, AccountNumber, Channel, DeviceId, DocumentReference, DocumentScan, Evidence, Factor, HolderName, Iccid,
    LineId, Msisdn, OutcomeKind, Reason, RecordId, Requester, Role, SecondPerson, StoreId,
};
use portcullis::service::{DecisionState, NoticeKind, Question, Refusal, Seed, ServiceError, authorise};

use crate::challenges::{by_pin, outcome, reasons};
use crate::notices::{kinds, line_of, with_seed};
use crate::world::{NUMBER, PIN, World, clerk, customer, pin_pad, requester};

const OTHER_NUMBER: &str = "+12125550124";
const NOBODYS_NUMBER: &str = "+12125550999";

const NAME: &str = "Ann O'Hara";

fn in_store(who: Requester, store: &str) -> Requester {
    Requester { store: StoreId::parse(store).ok(), ..who }
}

fn manager() -> Requester {
    in_store(requester(Role::RetailManager, "manager-2"), "S-1")
}

fn agent() -> Requester {
    requester(Role::CareAgent, "care-4")
}

fn scan(reference: &str, holder: &str) -> Evidence {
    let reference = DocumentReference::parse(reference).unwrap();
    let document = Some(DocumentScan { reference, holder: HolderName::parse(holder).unwrap() });
    Evidence { document, ..Evidence::default() }
}

fn seen() -> Evidence {
    Evidence { second_person: Some(SecondPerson { beside: None }), ..Evidence::default() }
}

impl World {
    async fn named() -> Self {
        let world = Self::new();
        world.create(world.named_seed()).await;
        world
    }

    fn named_seed(&self) -> Seed {
        let mut seed = self.seed();
        seed.persons[0].name = HolderName::parse(NAME).ok();
        seed
    }

    async fn challenged_by(&self, who: Requester, number: &str) -> RecordId {
        let question = Question { scope: line_of(number), ..self.sim_change(Channel::Store) };
        let answer = self.decide(who, question).await.unwrap();
        assert_eq!(outcome(&answer), OutcomeKind::Challenge, "{:?}", answer.outward);
        answer.id()
    }

    async fn shows(&self, who: Requester, challenge: RecordId, evidence: Evidence) -> Result<(), ServiceError> {
        let channel = if who.role == Role::CareAgent { Channel::Care } else { Channel::Store };
        let submission = self.submission(challenge, evidence, channel);
        self.engine.submit_evidence(authorise(who)?, submission).await.map(|_| ())
    }

    /// Scanned and seen.
    async fn shown(&self, challenge: RecordId, holder: &str) {
        self.shows(clerk(), challenge, scan("scan-1", holder)).await.unwrap();
        self.shows(manager(), challenge, seen()).await.unwrap();
    }
}

fn refusal<T: std::fmt::Debug>(result: Result<T, ServiceError>) -> Refusal {
    match result {
        Err(ServiceError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_document_is_proof_once_it_has_rested_and_until_it_is_over() {
    let world = World::named().await;
    let challenge = world.challenged().await;
    world.shown(challenge, NAME).await;
    assert_eq!(world.state(challenge).await, DecisionState::Pending);
    world.pass(TimeDelta::hours(3));
    let early = world.complete(challenge).await.unwrap();
    assert_eq!(outcome(&early), OutcomeKind::Challenge, "it rests");
    assert!(
        !early.outward.reasons.iter().any(|given| given.reason == Reason::DocumentRests),
        "staff are not told whose"
    );
    world.pass(TimeDelta::hours(1));
    assert_eq!(world.state(challenge).await, DecisionState::Answered);
    let answer = world.complete(challenge).await.unwrap();
    assert_eq!(answer.decided().unwrap().accepted, [Factor::IdDocument]);
    assert_eq!((outcome(&answer), world.state(challenge).await), (OutcomeKind::Approve, DecisionState::Satisfied));

    let late = world.challenged().await;
    world.shown(late, NAME).await;
    world.pass(TimeDelta::hours(28) - TimeDelta::seconds(1));
    assert_eq!(world.state(late).await, DecisionState::Answered);
    assert_eq!(world.waiting().await.len(), 1, "the customer still sees it");
    world.pass(TimeDelta::seconds(1));
    assert_eq!(reasons(&world.complete(late).await.unwrap()), [Reason::ChallengeLapsed]);
}

#[tokio::test]
async fn beside_the_pin_it_counts_at_once() {
    let world = World::named().await;
    let challenge = world.challenged().await;
    world.shown(challenge, NAME).await;
    world.shows(pin_pad(), challenge, by_pin(PIN)).await.unwrap();
    let answer = world.complete(challenge).await.unwrap();
    assert_eq!(answer.decided().unwrap().accepted, [Factor::AccountPin, Factor::IdDocument]);
}

#[tokio::test]
async fn another_natural_person_on_another_device_must_have_seen_it() {
    let world = World::named().await;
    let challenge = world.challenged().await;
    assert_eq!(refusal(world.shows(manager(), challenge, seen()).await), Refusal::NoDocument);
    let scanner = || Requester { device: DeviceId::parse("till-1").ok(), ..requester(Role::RetailAgent, "clerk-8") };
    world.shows(scanner(), challenge, scan("scan-1", NAME)).await.unwrap();
    for not_another in [scanner(), clerk(), Requester { device: DeviceId::parse("till-1").ok(), ..manager() }] {
        assert_eq!(refusal(world.shows(not_another, challenge, seen()).await), Refusal::SecondPersonNeeded);
    }
    let both = Evidence { second_person: seen().second_person, ..scan("scan-1", NAME) };
    assert_eq!(refusal(world.shows(manager(), challenge, both).await), Refusal::SecondPersonNeeded);
    let machine = requester(Role::RetailManager, "certificate|till-9");
    assert_eq!(refusal(world.shows(machine, challenge, seen()).await), Refusal::PersonNeeded);
    world.shows(agent(), challenge, seen()).await.expect("from afar");
    // Another document was seen by nobody else.
    world.shows(clerk(), challenge, scan("scan-2", NAME)).await.unwrap();
    world.pass(TimeDelta::hours(4));
    assert_eq!(world.state(challenge).await, DecisionState::Pending);
}

#[tokio::test]
async fn each_gives_what_is_theirs_to_give() {
    let world = World::named().await;
    let challenge = world.challenged().await;
    let forbidden =
        |result: Result<(), ServiceError>| assert!(matches!(result, Err(ServiceError::Forbidden)), "{result:?}");
    forbidden(world.shows(clerk(), challenge, by_pin(PIN)).await);
    forbidden(world.shows(agent(), challenge, scan("scan-1", NAME)).await);
    forbidden(world.shows(requester(Role::FraudOps, "desk-1"), challenge, by_pin(PIN)).await);
    forbidden(world.shows(pin_pad(), challenge, scan("scan-1", NAME)).await);
    forbidden(world.shows(pin_pad(), challenge, seen()).await);
    let mine = world.submission(challenge, seen(), Channel::App);
    forbidden(world.engine.submit_evidence(authorise(customer()).unwrap(), mine).await.map(|_| ()));
    let afar = world.submission(challenge, scan("scan-1", NAME), Channel::Care);
    let result = world.engine.submit_evidence(authorise(clerk()).unwrap(), afar).await;
    assert!(matches!(result, Err(ServiceError::Invalid { field: "interaction.channel", .. })), "{result:?}");
}

/// Whose it is, and whether there is such a line, shows in nothing that staff are told before it counts.
#[tokio::test]
async fn another_name_is_answered_alike_and_proves_nothing() {
    let world = World::named().await;
    let challenge = world.challenged().await;
    world.shown(challenge, "Eve Hill").await;
    world.pass(TimeDelta::hours(3));
    assert_eq!(outcome(&world.complete(challenge).await.unwrap()), OutcomeKind::Challenge);
    world.pass(TimeDelta::hours(2));
    assert_eq!(world.state(challenge).await, DecisionState::Pending);
    let answer = world.complete(challenge).await.unwrap();
    assert!(outcome(&answer) == OutcomeKind::Challenge && answer.decided().unwrap().accepted.is_empty());
}

#[tokio::test]
async fn the_customers_no_ends_it_while_it_rests() {
    let (world, post) = with_seed(World::named_seed).await;
    let challenge = world.challenged().await;
    world.told().await;
    post.take();
    world.shown(challenge, NAME).await;
    world.told().await;
    let told = post.take();
    assert_eq!(kinds(&told), [(NoticeKind::IdShown, 1)]);
    assert!(told[0].text.starts_with("A store was shown an identity document as yours"), "{}", told[0].text);
    world.decline(customer(), challenge, false).await.unwrap();
    world.pass(TimeDelta::hours(5));
    assert_eq!(reasons(&world.complete(challenge).await.unwrap()), [Reason::ChallengeDeclined]);
}

#[tokio::test]
async fn one_document_for_two_customers_is_refused() {
    let world = World::named().await;
    let mut other = world.named_seed();
    (other.account, other.number) = (AccountId::parse("A-2").unwrap(), AccountNumber::parse("9988776").unwrap());
    other.devices[0].id = DeviceId::parse("other-phone").unwrap();
    let line = &mut other.lines[0];
    (line.id, line.msisdn) = (LineId::parse("L-2").unwrap(), Msisdn::parse(OTHER_NUMBER).unwrap());
    line.iccid = Iccid::parse("8901990000000000995").ok();
    world.create(other).await;
    let asks = |name| requester(Role::RetailAgent, name);
    let challenge = world.challenged().await;
    world.shown(challenge, NAME).await;
    let elsewhere = world.challenged_by(asks("clerk-8"), OTHER_NUMBER).await;
    world.shown(elsewhere, NAME).await;
    world.pass(TimeDelta::hours(5));
    let answer = world.complete_as(asks("clerk-8"), elsewhere).await.unwrap();
    assert_eq!(reasons_on_record(&answer), [Reason::DocumentElsewhere]);
    assert_eq!(outcome(&world.complete(challenge).await.unwrap()), OutcomeKind::Approve, "it was there first");
    world.pass(TimeDelta::days(31));
    let later = world.challenged_by(asks("clerk-9"), OTHER_NUMBER).await;
    world.shown(later, NAME).await;
    world.pass(TimeDelta::hours(5));
    let answer = world.complete_as(asks("clerk-9"), later).await.unwrap();
    assert_eq!(outcome(&answer), OutcomeKind::Approve, "that is long ago");
}

fn reasons_on_record(answer: &portcullis::service::Answer) -> Vec<Reason> {
    answer.decided().unwrap().reasons.iter().map(|given| given.reason).collect()
}

#[tokio::test]
async fn the_same_two_do_so_three_times_a_day() {
    let world = World::named().await;
    for _ in 0..3 {
        let challenge = world.challenged().await;
        world.shown(challenge, NAME).await;
        world.pass(TimeDelta::minutes(30));
    }
    let fourth = world.challenged().await;
    world.shows(clerk(), fourth, scan("scan-1", NAME)).await.unwrap();
    assert_eq!(refusal(world.shows(manager(), fourth, seen()).await), Refusal::PairWorn);
    // Whichever of them scans.
    let asked = world.challenged_by(requester(Role::RetailAgent, "clerk-9"), NUMBER).await;
    world.shows(manager(), asked, scan("scan-1", NAME)).await.unwrap();
    assert_eq!(refusal(world.shows(clerk(), asked, seen()).await), Refusal::PairWorn);
    world.shows(agent(), fourth, seen()).await.expect("somebody else");
}

#[tokio::test]
async fn of_a_flagged_line_another_store_must_have_seen_it() {
    let world = World::new();
    let mut seed = world.named_seed();
    seed.lines[0].flags.heightened = true;
    world.create(seed).await;
    let asks = |store: &str| in_store(requester(Role::RetailAgent, "clerk-8"), store);
    for (store, came) in [("S-1", OutcomeKind::Challenge), ("S-2", OutcomeKind::Approve)] {
        let challenge = world.challenged_by(asks(store), NUMBER).await;
        world.shows(asks(store), challenge, scan("scan-1", NAME)).await.unwrap();
        world.shows(manager(), challenge, seen()).await.unwrap();
        world.pass(TimeDelta::hours(5));
        assert_eq!(outcome(&world.complete_as(asks(store), challenge).await.unwrap()), came);
    }
}

#[tokio::test]
async fn a_number_that_nobody_has_is_answered_alike() {
    let world = World::named().await;
    let challenge = world.challenged_by(clerk(), NOBODYS_NUMBER).await;
    world.shown(challenge, NAME).await;
    world.pass(TimeDelta::hours(5));
    let answer = world.complete(challenge).await.unwrap();
    assert!(outcome(&answer) == OutcomeKind::Challenge && answer.decided().unwrap().accepted.is_empty());
}
