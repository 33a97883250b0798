//! Line separation: a survivor leaves with their line, and the account's owner is neither asked nor told.

use std::sync::Arc;

use chrono::TimeDelta;
use portcullis::crypto::{Token, Tokens};
use portcullis::domain::{
    AccountId, AccountNumber, Change, Channel, ContactValue, DocumentReference, Factor, LineId, LineStatus, LockSet,
    Msisdn, OutcomeKind, OwnerChange, Person, PersonId, PersonRole, PinDigits, RequestId, Requester, Role,
    SeparationReference, SeparationStanding, Subject,
};
use portcullis::service::{
    Answer, Body, Engine, LineName, LineRef, Move, PermitText, Proposal, Question, Redemption, Refusal, Scope, Seed,
    SeparationOrder, SeparationSettings, SeparationView, ServiceError, authorise,
};

use crate::challenges::outcome;
use crate::codes::{Mailbox, by_code};
use crate::notices::{Post, contact, mail};
use crate::spy::SpyStore;
use crate::world::{
    ACCOUNT, ACCOUNT_NUMBER, LINE, NEW_SIM, NUMBER, World, brand, carrier, customer, ivr, line_ref, provisioning,
    requester, sim_to,
};

const OWNERS_MAIL: &str = "owner@example.com";
pub(crate) const SURVIVORS_MAIL: &str = "kim@example.org";
const DOCUMENT: &str = "scan-4711";
const OTHER_NUMBER: &str = "+12125550124";

/// A world in which an owner has locked everything on two lines, one of which somebody else carries.
pub(crate) struct Home {
    pub(crate) world: World,
    pub(crate) spy: Arc<SpyStore>,
    codes: Arc<Mailbox>,
    pub(crate) post: Arc<Post>,
}

pub(crate) fn ann() -> Requester {
    requester(Role::FraudOps, "desk|ann")
}

pub(crate) fn bob() -> Requester {
    requester(Role::FraudOps, "desk|bob")
}

pub(crate) fn auditor() -> Requester {
    requester(Role::Auditor, "auditor-1")
}

pub(crate) fn other_line() -> LineRef {
    LineRef::named(LineName::Msisdn(Msisdn::parse(OTHER_NUMBER).unwrap()))
}

pub(crate) fn under(reference: &SeparationReference) -> LineRef {
    LineRef { separation: Some(reference.clone()), ..line_ref() }
}

fn document(name: &str) -> DocumentReference {
    DocumentReference::parse(name).unwrap()
}

#[track_caller]
fn refusal<T: std::fmt::Debug>(result: Result<T, ServiceError>) -> Refusal {
    match result {
        Err(ServiceError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

fn seed(world: &World) -> Seed {
    let mut seed = world.seed();
    seed.persons[0].contacts = vec![contact("mail", mail(OWNERS_MAIL))];
    seed.persons.push(Person {
        id: PersonId::parse("user").unwrap(),
        role: PersonRole::LineUser,
        contacts: vec![contact("user-mail", mail("user@example.com"))],
        lines: vec![LineId::parse(LINE).unwrap()],
        ..seed.persons[0].clone()
    });
    let mut other = seed.lines[0].clone();
    (other.id, other.msisdn, other.iccid) =
        (LineId::parse("line-2").unwrap(), Msisdn::parse(OTHER_NUMBER).unwrap(), None);
    seed.lines.push(other);
    seed.locks.push(portcullis::service::LockSeed {
        line: None,
        set: LockSet::All,
        holder: portcullis::domain::LockHolder::Customer,
        since: None,
        reason: None,
    });
    seed
}

impl Home {
    pub(crate) async fn new() -> Self {
        Self::of(World::new()).await
    }

    pub(crate) async fn of(world: World) -> Self {
        let seed = seed(&world);
        Self::with(world, seed).await
    }

    async fn with(mut world: World, seed: Seed) -> Self {
        let spy = SpyStore::over(world.store.clone());
        world.engine = world.engine_over(spy.clone());
        let (codes, post) = (Arc::new(Mailbox::default()), Arc::new(Post::default()));
        world.engine.send_codes_by(codes.clone());
        world.engine.send_notices_by(post.clone());
        let people = ["desk|ann", "desk|bob"].map(|name| Subject::parse(name).unwrap());
        let life = TimeDelta::days(14);
        world.engine.separate_lines_by(SeparationSettings { people: people.into_iter().collect(), life });
        world.create(seed).await;
        assert_eq!(world.told().await, 0);
        spy.written();
        Self { world, spy, codes, post }
    }

    pub(crate) fn engine(&self) -> &Arc<Engine> {
        &self.world.engine
    }

    fn token(&self, account: &str) -> Token {
        Tokens::new(&self.world.keyring).account(&brand(), &AccountId::parse(account).unwrap())
    }

    /// Nothing of the owner's account was written since this was last asked.
    #[track_caller]
    fn left_alone(&self) {
        let written = self.spy.written();
        assert!(!written.contains(&self.token(ACCOUNT)), "the owner's account was written to");
    }

    fn proposal(&self) -> Proposal {
        let request_id = self.world.request_id();
        let body = Body(request_id.to_bytes().to_vec());
        let (lines, document) = (vec![line_ref()], document(DOCUMENT));
        Proposal { request_id, body, lines, contact: mail(SURVIVORS_MAIL), document }
    }

    fn order(&self, separation: &AccountId) -> SeparationOrder {
        let request_id: RequestId = self.world.request_id();
        let body = Body(request_id.to_bytes().to_vec());
        SeparationOrder { request_id, body, separation: separation.clone() }
    }

    pub(crate) async fn propose(&self, who: Requester) -> Result<SeparationView, ServiceError> {
        self.engine().propose_separation(authorise(who)?, self.proposal()).await
    }

    async fn agree(&self, who: Requester, id: &AccountId, seen: &str) -> Result<SeparationView, ServiceError> {
        self.engine().agree_to_separation(authorise(who)?, self.order(id), document(seen)).await
    }

    pub(crate) async fn end(&self, who: Requester, id: &AccountId) -> Result<SeparationView, ServiceError> {
        self.engine().end_separation(authorise(who)?, self.order(id)).await
    }

    /// A separation that is open, and what opens it.
    pub(crate) async fn separated(&self) -> (SeparationView, SeparationReference) {
        let proposed = self.propose(ann()).await.unwrap();
        let mut agreed = self.agree(bob(), &proposed.account, DOCUMENT).await.unwrap();
        let reference = agreed.reference.take().unwrap();
        (agreed, reference)
    }

    fn port_under(&self, reference: &SeparationReference, number: &AccountNumber) -> Question {
        let mut question = self.world.port();
        question.scope = Scope::Line(under(reference));
        question.claims.account_number = Some(number.clone());
        question
    }

    async fn ask(&self, who: Requester, line: LineRef) -> Result<Answer, ServiceError> {
        let mut question = self.world.sim_change(Channel::Care);
        question.scope = Scope::Line(line);
        self.world.decide(who, question).await
    }

    /// What a clerk asks for under a separation, proven by a code that goes to the survivor.
    pub(crate) async fn approved(&self, reference: &SeparationReference, change: Change) -> Answer {
        let mut question = self.world.question(change, Channel::Care);
        question.scope = Scope::Line(under(reference));
        let asked = self.world.decide(care(), question).await.unwrap();
        assert_eq!(outcome(&asked), OutcomeKind::Challenge, "{:?}", asked.outward);
        self.prove(asked.id()).await;
        let completed = self.world.complete_as(care(), asked.id()).await.unwrap();
        assert_eq!(outcome(&completed), OutcomeKind::Approve, "{:?}", completed.outward);
        completed
    }

    async fn prove(&self, challenge: portcullis::domain::RecordId) {
        let sending = {
            let request_id = self.world.request_id();
            let body = Body(request_id.to_bytes().to_vec());
            let interaction = crate::world::interaction(Channel::Care);
            portcullis::service::Sending { request_id, body, challenge, contact: None, interaction }
        };
        self.engine().send_code(authorise(care()).unwrap(), sending).await.unwrap();
        let code = self.codes.last();
        assert_eq!(code.contact.value, ContactValue::Email(SURVIVORS_MAIL.to_owned()));
        let submission = self.world.submission(challenge, by_code(&code.digits), Channel::Ivr);
        self.engine().submit_evidence(authorise(ivr()).unwrap(), submission).await.unwrap();
    }

    pub(crate) async fn redeem(&self, who: Requester, line: LineRef, answer: &Answer) -> Result<(), ServiceError> {
        let request_id = self.world.request_id();
        let redemption = Redemption {
            request_id,
            body: Body(request_id.to_bytes().to_vec()),
            permit: answer.permit.clone().unwrap(),
            line,
            change: answer.decided().unwrap().change.clone(),
        };
        self.engine().redeem(authorise(who)?, redemption).await.map(|_| ())
    }
}

pub(crate) fn care() -> Requester {
    requester(Role::CareAgent, "care-3")
}

/// The owner locked everything and is not asked; the survivor proves that it is they, as any owner must.
#[tokio::test]
async fn a_survivor_leaves_with_their_line() {
    let home = Home::new().await;
    assert_eq!(outcome(&home.ask(care(), line_ref()).await.unwrap()), OutcomeKind::Deny, "it is locked");
    home.world.pass(TimeDelta::minutes(1));
    home.spy.written();
    let (separation, reference) = home.separated().await;
    assert_eq!((separation.standing, separation.separation.lines.len()), (SeparationStanding::Open, 1));
    let approved = home.approved(&reference, sim_to(NEW_SIM)).await;
    assert_eq!(approved.decided().unwrap().accepted, [Factor::OneTimeCode]);
    home.redeem(care(), under(&reference), &approved).await.unwrap();
    home.left_alone();
    home.world.pass(TimeDelta::minutes(1));
    assert_eq!(outcome(&home.ask(care(), line_ref()).await.unwrap()), OutcomeKind::Deny, "for all others it still is");
}

/// A port names the account number that the separation gave, and the survivor's transfer PIN.
#[tokio::test]
async fn a_survivor_takes_their_number_to_another_carrier() {
    let home = Home::new().await;
    let (separation, reference) = home.separated().await;
    let wrong = home.port_under(&reference, &AccountNumber::parse(ACCOUNT_NUMBER).unwrap());
    assert_eq!(outcome(&home.world.decide(carrier(), wrong).await.unwrap()), OutcomeKind::Deny);
    let asked = home.world.decide(carrier(), home.port_under(&reference, &separation.number)).await.unwrap();
    assert_eq!(outcome(&asked), OutcomeKind::Challenge);
    let submission = |digits: &PinDigits| home.world.submission(asked.id(), by_code(digits), Channel::Ivr);
    let survivor = survivor(&separation);
    let sending = portcullis::service::Sending {
        request_id: home.world.request_id(),
        body: Body(b"code".to_vec()),
        challenge: asked.id(),
        contact: None,
        interaction: crate::world::interaction(Channel::App),
    };
    home.engine().send_code(authorise(survivor).unwrap(), sending).await.unwrap();
    let code = home.codes.last();
    home.engine().submit_evidence(authorise(ivr()).unwrap(), submission(&code.digits)).await.unwrap();
    let mut completion = home.world.completion(asked.id(), portcullis::domain::Evidence::default());
    completion.interaction.channel = Channel::Port;
    completion.claims.account_number = Some(separation.number.clone());
    let completed = home.engine().complete_decision(authorise(carrier()).unwrap(), completion).await.unwrap();
    assert_eq!(outcome(&completed), OutcomeKind::Approve, "{:?}", completed.outward);
    home.redeem(carrier(), under(&reference), &completed).await.unwrap();
    home.left_alone();
    // The number has left: it is out of service there, and as before for its owner until the separation is ended.
    let again = home.world.decide(carrier(), home.port_under(&reference, &separation.number)).await.unwrap();
    assert_eq!(outcome(&again), OutcomeKind::Deny);
    assert_eq!(
        home.engine()
            .get_protection(&authorise(customer()).unwrap(), &Scope::Line(line_ref()), None)
            .await
            .unwrap()
            .len(),
        2
    );
    home.end(ann(), &separation.account).await.unwrap();
    assert!(
        home.engine().get_protection(&authorise(customer()).unwrap(), &Scope::Line(line_ref()), None).await.is_err()
    );
    let recycled = Seed {
        account: AccountId::parse("acct-9").unwrap(),
        lines: vec![portcullis::service::LineSeed {
            id: LineId::parse("line-9").unwrap(),
            ..home.world.seed().lines[0].clone()
        }],
        ..home.world.seed()
    };
    home.world.create(recycled).await;
}

pub(crate) fn survivor(separation: &SeparationView) -> Requester {
    Requester {
        account: Some(separation.account.clone()),
        person: Some(separation.person.clone()),
        ..requester(Role::Customer, "survivor@app")
    }
}

/// The line moves to an account of the survivor's own, where it is theirs alone.
#[tokio::test]
async fn a_separated_line_moves_to_the_survivors_own_account() {
    let home = Home::new().await;
    let own = AccountId::parse("acct-own").unwrap();
    home.world.create(Seed { account: own.clone(), lines: Vec::new(), ..home.world.seed() }).await;
    let (_, reference) = home.separated().await;
    let change = OwnerChange::ToAccount { brand: brand(), account: own.clone() };
    let mut question = home.world.question(Change::Owner(change.clone()), Channel::Care);
    question.scope = Scope::Line(LineRef { name: LineName::LineId(LineId::parse(LINE).unwrap()), ..under(&reference) });
    let asked = home.world.decide(provisioning(), question).await.unwrap();
    assert_eq!(outcome(&asked), OutcomeKind::Challenge);
    let sending = portcullis::service::Sending {
        request_id: home.world.request_id(),
        body: Body(b"code".to_vec()),
        challenge: asked.id(),
        contact: None,
        interaction: crate::world::interaction(Channel::App),
    };
    let separated = AccountId::parse(reference.account.as_str()).unwrap();
    let person = PersonId::parse("survivor").unwrap();
    let survivor = Requester { account: Some(separated), person: Some(person), ..requester(Role::Customer, "s@app") };
    home.engine().send_code(authorise(survivor).unwrap(), sending).await.unwrap();
    let submission = home.world.submission(asked.id(), by_code(&home.codes.last().digits), Channel::Ivr);
    home.engine().submit_evidence(authorise(ivr()).unwrap(), submission).await.unwrap();
    let mut completion = home.world.completion(asked.id(), portcullis::domain::Evidence::default());
    completion.interaction.channel = Channel::Care;
    let completed = home.engine().complete_decision(authorise(provisioning()).unwrap(), completion).await.unwrap();
    assert_eq!(outcome(&completed), OutcomeKind::Approve, "{:?}", completed.outward);
    let request_id = home.world.request_id();
    let order = |permit: PermitText| Move {
        request_id,
        body: Body(b"move".to_vec()),
        line: LineId::parse(LINE).unwrap(),
        separation: Some(reference.clone()),
        change: change.clone(),
        permit,
    };
    let permit = completed.permit.clone().unwrap();
    for _ in 0..2 {
        let moved = home.engine().move_line(authorise(provisioning()).unwrap(), order(permit.clone())).await.unwrap();
        assert_eq!((moved.line.account, moved.line.status), (own.clone(), LineStatus::Active));
    }
    home.left_alone();
    assert_eq!(refusal(home.ask(care(), under(&reference)).await), Refusal::SeparationRefused, "it is there no more");
}

#[tokio::test]
async fn it_takes_two_trained_people_who_saw_the_same_document() {
    let home = Home::new().await;
    let stranger = requester(Role::FraudOps, "desk|cal");
    assert!(matches!(home.propose(stranger.clone()).await, Err(ServiceError::Forbidden)));
    let proposed = home.propose(ann()).await.unwrap();
    assert_eq!((proposed.standing, &proposed.reference), (SeparationStanding::Proposed, &None));
    let id = proposed.account.clone();
    assert!(matches!(home.agree(stranger, &id, DOCUMENT).await, Err(ServiceError::Forbidden)));
    assert_eq!(refusal(home.agree(ann(), &id, DOCUMENT).await), Refusal::SecondPersonNeeded);
    let other = home.agree(bob(), &id, "scan-4712").await;
    assert!(matches!(other, Err(ServiceError::Invalid { field: "document_reference", .. })), "{other:?}");
    let nobodys = AccountId::parse("separated-0190d4f0-7c3e-7a52-9a63-0d1f3c5e7b91").unwrap();
    for name in [&nobodys, &AccountId::parse(ACCOUNT).unwrap()] {
        assert!(matches!(home.agree(bob(), name, DOCUMENT).await, Err(ServiceError::NotFound("separation"))));
    }
    // Nobody agreed for a day.
    home.world.pass(TimeDelta::hours(24));
    assert_eq!(refusal(home.agree(bob(), &id, DOCUMENT).await), Refusal::SeparationNotProposed);
    home.left_alone();

    let off = World::populated().await;
    let request_id = off.request_id();
    let proposal = Proposal { request_id, ..home.proposal() };
    let refused = off.engine.propose_separation(authorise(ann()).unwrap(), proposal).await;
    assert_eq!(refusal(refused), Refusal::SeparationsOff);
}

#[tokio::test]
async fn what_is_asked_twice_separates_once() {
    let home = Home::new().await;
    let proposal = home.proposal();
    let propose = || home.engine().propose_separation(authorise(ann()).unwrap(), proposal.clone());
    let (first, second) = (propose().await.unwrap(), propose().await.unwrap());
    assert_eq!((first.account.clone(), first.number), (second.account, second.number));
    let other = Proposal { body: Body(b"other".to_vec()), ..proposal.clone() };
    let reused = home.engine().propose_separation(authorise(ann()).unwrap(), other).await;
    assert!(matches!(reused, Err(ServiceError::RequestIdReused)), "{reused:?}");
    let order = home.order(&first.account);
    let agree = || home.engine().agree_to_separation(authorise(bob()).unwrap(), order.clone(), document(DOCUMENT));
    let (once, twice) = (agree().await.unwrap(), agree().await.unwrap());
    assert!(once.reference.is_some() && once.reference == twice.reference);
    assert_eq!(refusal(home.agree(bob(), &first.account, DOCUMENT).await), Refusal::SeparationNotProposed);
}

/// Whoever shares the account reads what goes there.
#[tokio::test]
async fn no_contact_of_the_account_is_the_survivors() {
    let home = Home::new().await;
    let sms = |number| ContactValue::Sms(Msisdn::parse(number).unwrap());
    for taken in [mail(OWNERS_MAIL), mail("user@example.com"), sms(NUMBER), sms(OTHER_NUMBER)] {
        let proposal = Proposal { contact: taken, ..home.proposal() };
        let refused = home.engine().propose_separation(authorise(ann()).unwrap(), proposal).await;
        assert!(matches!(refused, Err(ServiceError::Invalid { field: "contact", .. })), "{refused:?}");
    }
    for lines in [vec![line_ref(), line_ref()], Vec::new()] {
        let refused =
            home.engine().propose_separation(authorise(ann()).unwrap(), Proposal { lines, ..home.proposal() }).await;
        assert!(matches!(refused, Err(ServiceError::Invalid { field: "lines", .. })), "{refused:?}");
    }
    let nobodys = LineRef::named(LineName::Msisdn(Msisdn::parse("+12125550999").unwrap()));
    let proposal = Proposal { lines: vec![nobodys], ..home.proposal() };
    let refused = home.engine().propose_separation(authorise(ann()).unwrap(), proposal).await;
    assert!(matches!(refused, Err(ServiceError::NotFound("line"))));
    home.left_alone();
}

/// Forged, of another line, before its time, after it, ended: nothing is opened, and the owner's account is not touched.
#[tokio::test]
async fn a_reference_that_is_not_good_changes_nothing() {
    let home = Home::new().await;
    let proposed = home.propose(ann()).await.unwrap();
    let refused = Refusal::SeparationRefused;
    let (_, good) = home.separated().await;
    let mut forged = Vec::new();
    for bit in 0..128 {
        let mut proof = u128::from_be_bytes(good.proof);
        proof ^= 1 << bit;
        forged.push(SeparationReference { proof: proof.to_be_bytes(), ..good.clone() });
    }
    // The proof of one is none of another.
    forged.push(SeparationReference { account: proposed.account.clone(), ..good.clone() });
    let never = "separated-0190d4f0-7c3e-7a52-9a63-0d1f3c5e7b91.000102030405060708090a0b0c0d0e0f";
    forged.push(SeparationReference::parse(never).unwrap());
    home.spy.written();
    for reference in &forged {
        assert_eq!(refusal(home.ask(care(), under(reference)).await), refused);
    }
    let of_other = LineRef { separation: Some(good.clone()), ..other_line() };
    assert_eq!(refusal(home.ask(care(), of_other).await), refused);
    let of_nobody = LineRef { name: LineName::Msisdn(Msisdn::parse("+12125550999").unwrap()), ..under(&good) };
    assert_eq!(refusal(home.ask(care(), of_nobody).await), refused);
    let elsewhere = Requester { brand: portcullis::domain::Brand::parse("other").unwrap(), ..care() };
    assert_eq!(refusal(home.ask(elsewhere, under(&good)).await), refused);
    // It says who asks for nobody: the owner with a survivor's reference is no survivor.
    assert!(matches!(home.ask(customer(), under(&good)).await, Err(ServiceError::Forbidden)));
    assert_eq!(home.spy.written(), [], "nothing at all was written");

    assert_eq!(outcome(&home.ask(care(), under(&good)).await.unwrap()), OutcomeKind::Challenge);
    let approved = home.approved(&good, sim_to(NEW_SIM)).await;
    // A permit that was granted under it dies with it.
    home.end(ann(), &good.account).await.unwrap();
    assert_eq!(refusal(home.redeem(care(), under(&good), &approved).await), refused);
    assert_eq!(refusal(home.redeem(care(), line_ref(), &approved).await), Refusal::PermitMismatch);
    assert_eq!(refusal(home.ask(care(), under(&good)).await), refused);

    let (separation, good) = home.separated().await;
    home.world.pass(TimeDelta::days(14) - TimeDelta::milliseconds(1));
    assert_eq!(outcome(&home.ask(care(), under(&good)).await.unwrap()), OutcomeKind::Challenge);
    home.world.pass(TimeDelta::milliseconds(1));
    assert_eq!(refusal(home.ask(care(), under(&good)).await), refused);
    let asked = home.world.decide(survivor(&separation), home.world.sim_change(Channel::App)).await;
    assert_eq!(refusal(asked), refused, "their sign-in opens no more than the reference");
    home.left_alone();
}

/// A line that its account no longer has is not the survivor's to take.
#[tokio::test]
async fn a_line_that_left_first_is_out_of_reach() {
    let world = World::new();
    let unlocked = Seed { locks: Vec::new(), ..seed(&world) };
    let home = Home::with(world, unlocked).await;
    let (_, reference) = home.separated().await;
    assert_eq!(outcome(&home.ask(care(), under(&reference)).await.unwrap()), OutcomeKind::Challenge);
    let owners = home.world.decide(carrier(), home.world.approved(home.world.port())).await.unwrap();
    home.redeem(carrier(), line_ref(), &owners).await.unwrap();
    assert_eq!(refusal(home.ask(care(), under(&reference)).await), Refusal::SeparationRefused);
}
