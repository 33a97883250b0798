//! Identity documents: scanned by one, seen by another, proof some hours later; and who tries to get around that.

use chrono::TimeDelta;
use portcullis::audit::Made;
use portcullis::domain::{
    AccountId, AccountNumber, Change, Channel, DeviceId, DocumentReference, DocumentScan, Evidence, Factor, HoldKind,
    HolderName, Iccid, LineId, Lock, LockHolder, LockSet, Msisdn, OutcomeKind, Reason, RecordId, ReleaseOpens,
    Requester, Role, SecondPerson, StoreId,
};
use portcullis::service::{DecisionState, LockSeed, NoticeKind, Question, Refusal, Seed, ServiceError, authorise};

use crate::challenges::{by_pin, outcome, reasons};
use crate::incidents::{place, target};
use crate::notices::{kinds, line_of, with_seed};
use crate::world::{NUMBER, PIN, World, customer, pin_pad, requester};

const OTHER_NUMBER: &str = "+12125550124";
const NOBODYS_NUMBER: &str = "+12125550999";

const NAME: &str = "Ann O'Hara";

pub(crate) fn at(who: Requester, store: Option<&str>, device: &str) -> Requester {
    let store = store.map(|store| StoreId::parse(store).unwrap());
    Requester { store, device: DeviceId::parse(device).ok(), ..who }
}

pub(crate) fn clerk() -> Requester {
    at(crate::world::clerk(), Some("S-1"), "till-1")
}

fn other_clerk(name: &str) -> Requester {
    at(requester(Role::RetailAgent, name), Some("S-1"), name)
}

pub(crate) fn manager() -> Requester {
    at(requester(Role::RetailManager, "manager-2"), Some("S-1"), "office")
}

pub(crate) fn agent() -> Requester {
    at(requester(Role::CareAgent, "care-4"), None, "desk-4")
}

pub(crate) fn scan(reference: &str, holder: &str) -> Evidence {
    let reference = DocumentReference::parse(reference).unwrap();
    let document = Some(DocumentScan { reference, holder: HolderName::parse(holder).unwrap() });
    Evidence { document, ..Evidence::default() }
}

fn seen() -> Evidence {
    seen_as(NAME, NUMBER)
}

pub(crate) fn seen_as(holder: &str, number: &str) -> Evidence {
    let (holder, msisdn) = (HolderName::parse(holder).unwrap(), Msisdn::parse(number).unwrap());
    Evidence { second_person: Some(SecondPerson { holder, msisdn, beside: None }), ..Evidence::default() }
}

impl World {
    pub(crate) async fn named() -> Self {
        let world = Self::new();
        world.create(world.named_seed()).await;
        world
    }

    pub(crate) fn named_seed(&self) -> Seed {
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

    pub(crate) async fn shows(
        &self,
        who: Requester,
        challenge: RecordId,
        evidence: Evidence,
    ) -> Result<(), ServiceError> {
        let channel = if who.role == Role::CareAgent { Channel::Care } else { Channel::Store };
        let submission = self.submission(challenge, evidence, channel);
        self.engine.submit_evidence(authorise(who)?, submission).await.map(|_| ())
    }

    /// Scanned and seen.
    async fn shown(&self, challenge: RecordId, holder: &str) {
        self.shows(clerk(), challenge, scan("scan-1", holder)).await.unwrap();
        self.shows(manager(), challenge, seen_as(holder, NUMBER)).await.unwrap();
    }

    async fn shown_for(&self, challenge: RecordId, number: &str) {
        self.shows(clerk(), challenge, scan("scan-1", NAME)).await.unwrap();
        self.shows(manager(), challenge, seen_as(NAME, number)).await.unwrap();
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
    assert_eq!(world.state(challenge).await, DecisionState::Answered, "a till sees it");
    let answer = world.complete(challenge).await.unwrap();
    assert_eq!(answer.decided().unwrap().accepted, [Factor::AccountPin, Factor::IdDocument]);
}

#[tokio::test]
async fn another_natural_person_on_another_device_must_have_seen_it() {
    let world = World::named().await;
    let challenge = world.challenged().await;
    assert_eq!(refusal(world.shows(manager(), challenge, seen()).await), Refusal::NoDocument);
    let scanner = || at(requester(Role::RetailAgent, "clerk-8"), Some("S-1"), "tablet");
    world.shows(scanner(), challenge, scan("scan-1", NAME)).await.unwrap();
    for not_another in [scanner(), at(scanner(), Some("S-2"), "phone"), clerk(), at(manager(), Some("S-1"), "tablet")] {
        assert_eq!(refusal(world.shows(not_another, challenge, seen()).await), Refusal::SecondPersonNeeded);
    }
    let both = Evidence { second_person: seen().second_person, ..scan("scan-1", NAME) };
    assert_eq!(refusal(world.shows(manager(), challenge, both).await), Refusal::SecondPersonNeeded);
    for evidence in [seen(), scan("scan-1", NAME)] {
        let machine = at(requester(Role::RetailManager, "certificate|till-9"), Some("S-1"), "till-9");
        assert_eq!(refusal(world.shows(machine, challenge, evidence.clone()).await), Refusal::PersonNeeded);
        let nowhere = world.shows(requester(Role::RetailManager, "manager-2"), challenge, evidence).await;
        assert!(matches!(nowhere, Err(ServiceError::Invalid { field: "interaction.device_id", .. })), "{nowhere:?}");
    }
    let word = world.submission(challenge, seen(), Channel::Care);
    for _ in 0..2 {
        // The same request again is answered as it was.
        let said = world.engine.submit_evidence(authorise(agent()).unwrap(), word.clone()).await;
        said.expect("from afar");
    }
    // What two have seen stands: it is not seen again, nor another in its place.
    for (who, evidence) in [(manager(), seen()), (scanner(), scan("scan-2", NAME))] {
        assert_eq!(refusal(world.shows(who, challenge, evidence).await), Refusal::DocumentSeen);
    }
}

/// A bribed clerk types the customer's name, and shows an honest colleague the thief with the thief's own document.
#[tokio::test]
async fn what_the_second_person_saw_is_theirs_to_say() {
    let world = World::named().await;
    for otherwise in [seen_as("Eve Hill", NUMBER), seen_as(NAME, OTHER_NUMBER)] {
        let challenge = world.challenged().await;
        world.shows(clerk(), challenge, scan("scan-1", NAME)).await.unwrap();
        world.shows(manager(), challenge, otherwise).await.unwrap();
        world.pass(TimeDelta::hours(5));
        let answer = world.complete(challenge).await.unwrap();
        assert!(outcome(&answer) == OutcomeKind::Challenge && answer.decided().unwrap().accepted.is_empty());
    }
}

/// However often a name is tried, it is answered alike: no more than three documents for one challenge.
#[tokio::test]
async fn no_name_is_found_by_trying() {
    let world = World::named().await;
    let mut told = Vec::new();
    for (name, holder, number) in
        [("clerk-5", NAME, NUMBER), ("clerk-6", "Eve Hill", NUMBER), ("clerk-7", NAME, NOBODYS_NUMBER)]
    {
        let asks = other_clerk(name);
        let challenge = world.challenged_by(asks.clone(), number).await;
        for document in ["scan-1", "scan-2", "scan-3"] {
            world.shows(asks.clone(), challenge, scan(document, holder)).await.unwrap();
        }
        let fourth = refusal(world.shows(asks.clone(), challenge, scan("scan-4", holder)).await);
        let who = authorise(asks).unwrap();
        told.push((fourth, world.engine.get_decision(&who, challenge, None).await.unwrap().state));
    }
    assert_eq!(told, vec![(Refusal::DocumentSeen, DecisionState::Pending); 3]);
}

/// The word of who is held by the time it would count is none.
#[tokio::test]
async fn who_is_held_meanwhile_has_seen_nothing() {
    for held in ["manager-2", "clerk-8"] {
        let world = World::named().await;
        let challenge = world.challenged().await;
        world.shows(other_clerk("clerk-8"), challenge, scan("scan-1", NAME)).await.unwrap();
        world.shows(manager(), challenge, seen()).await.unwrap();
        place(&world, &target(HoldKind::Staff, held)).await;
        world.pass(TimeDelta::hours(5));
        let answer = world.complete(challenge).await.unwrap();
        assert!(answer.decided().unwrap().accepted.is_empty(), "{held}");
    }
}

/// A PIN is entered for the request: a document lets the challenge live on, and nothing else that was given for it.
#[tokio::test]
async fn a_pin_of_hours_ago_is_no_proof() {
    let world = World::named().await;
    let challenge = world.challenged().await;
    world.shows(pin_pad(), challenge, by_pin(PIN)).await.unwrap();
    world.shown(challenge, "Eve Hill").await;
    world.pass(TimeDelta::minutes(11));
    let answer = world.complete(challenge).await.unwrap();
    assert!(outcome(&answer) == OutcomeKind::Challenge && answer.decided().unwrap().accepted.is_empty());
}

/// After a no nobody shows a document for the line for a day.
#[tokio::test]
async fn after_a_no_none_is_shown_for_a_day() {
    let world = World::named().await;
    let challenge = world.challenged().await;
    world.decline(customer(), challenge, false).await.unwrap();
    let again = world.challenged().await;
    let until = world.now() + TimeDelta::hours(24);
    let result = world.shows(clerk(), again, scan("scan-1", NAME)).await;
    assert!(matches!(result, Err(ServiceError::Exhausted { retry_at: Some(at), .. }) if at == until), "{result:?}");
    world.pass(TimeDelta::hours(24));
    let later = world.challenged().await;
    world.shows(clerk(), later, scan("scan-1", NAME)).await.unwrap();
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

/// P2 in a store: who has neither PIN nor phone takes the lock off by a document, and what it covered rests for a day.
#[tokio::test]
async fn a_lock_comes_off_by_its_owners_document() {
    let world = World::new();
    let mut seed = world.named_seed();
    let (line, holder) = (Some(seed.lines[0].id.clone()), LockHolder::Customer);
    seed.locks = vec![LockSeed { line, set: LockSet::Sim, holder, since: None, reason: None }];
    world.create(seed).await;
    let opens = ReleaseOpens::Window(None);
    let change = Change::LockRelease { set: LockSet::Sim, holder, opens };
    let question = world.question(change, Channel::Store);
    let (answer, _) = world.engine.release_lock(authorise(clerk()).unwrap(), question).await.unwrap();
    let challenge = answer.id();
    assert_eq!((outcome(&answer), answer.decided().unwrap().challenge), (OutcomeKind::Challenge, Some(challenge)));
    let waiting = world.waiting().await;
    assert_eq!(waiting.first().map(|one| one.pending.decision), Some(challenge), "the owner sees it");
    world.shown(challenge, NAME).await;
    world.pass(TimeDelta::hours(4));
    let stranger = world.complete_as(other_clerk("clerk-8"), challenge).await;
    assert!(matches!(stranger, Err(ServiceError::NotFound(_))), "{stranger:?}");
    let answer = world.complete_as(clerk(), challenge).await.unwrap();
    assert_eq!(answer.decided().unwrap().accepted, [Factor::IdDocument]);
    assert!(matches!(answer.decided().unwrap().made, Some(Made::Release(_))) && answer.permit.is_none());
    world.pass(TimeDelta::hours(1));
    let question = Question { scope: line_of(NUMBER), ..world.sim_change(Channel::Store) };
    let change = world.decide(clerk(), question).await.unwrap();
    assert_eq!(reasons(&change), [Reason::CoolingDown], "for a day");
}

/// Whoever was told that a document was shown still can say no once the release has begun that it proved.
#[tokio::test]
async fn the_code_of_a_document_cancels_the_release_that_it_proved() {
    let (world, post) = with_seed(|world| {
        let mut seed = world.named_seed();
        let (line, holder) = (Some(seed.lines[0].id.clone()), LockHolder::Customer);
        seed.locks = vec![LockSeed { line, set: LockSet::Sim, holder, since: None, reason: None }];
        seed
    })
    .await;
    let (holder, opens) = (LockHolder::Customer, ReleaseOpens::Window(None));
    let question = world.question(Change::LockRelease { set: LockSet::Sim, holder, opens }, Channel::Store);
    let (asked, _) = world.engine.release_lock(authorise(clerk()).unwrap(), question).await.unwrap();
    world.shown(asked.id(), NAME).await;
    world.told().await;
    let shown = post.take().into_iter().find(|notice| notice.kind == NoticeKind::IdShown).unwrap();
    world.pass(TimeDelta::hours(4));
    assert_eq!(outcome(&world.complete_as(clerk(), asked.id()).await.unwrap()), OutcomeKind::Approve);
    let locks = async || {
        let locks = world.engine.get_protection(&authorise(customer()).unwrap(), &line_of(NUMBER), None).await.unwrap();
        locks[0].protection.lock((LockSet::Sim, holder)).clone()
    };
    assert!(matches!(locks().await, Lock::Releasing(..)));
    world.cancel(pin_pad(), shown.cancel_code.unwrap()).await.unwrap();
    assert!(matches!(locks().await, Lock::On(_)), "{:?}", locks().await);
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
    let challenge = world.challenged().await;
    world.shown(challenge, NAME).await;
    let elsewhere = world.challenged_by(other_clerk("clerk-8"), OTHER_NUMBER).await;
    world.shown_for(elsewhere, OTHER_NUMBER).await;
    world.pass(TimeDelta::hours(3));
    let answer = world.complete_as(other_clerk("clerk-8"), elsewhere).await.unwrap();
    assert_eq!(outcome(&answer), OutcomeKind::Challenge, "before it would count nobody is told");
    world.pass(TimeDelta::hours(2));
    let answer = world.complete_as(other_clerk("clerk-8"), elsewhere).await.unwrap();
    assert_eq!(reasons_on_record(&answer), [Reason::DocumentElsewhere]);
    assert_eq!(outcome(&world.complete(challenge).await.unwrap()), OutcomeKind::Approve, "it was there first");
    world.pass(TimeDelta::days(31));
    let later = world.challenged_by(other_clerk("clerk-9"), OTHER_NUMBER).await;
    world.shown_for(later, OTHER_NUMBER).await;
    world.pass(TimeDelta::hours(5));
    let answer = world.complete_as(other_clerk("clerk-9"), later).await.unwrap();
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
    let asked = world.challenged_by(other_clerk("clerk-9"), NUMBER).await;
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
    let asks = |store: &str| at(requester(Role::RetailAgent, "clerk-8"), Some(store), "till-8");
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
