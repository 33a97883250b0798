//! Line separation: a survivor leaves with their line, and the account's owner is neither asked nor told.

use std::sync::Arc;

use chrono::TimeDelta;
use portcullis::crypto::{Token, Tokens};
use portcullis::domain::{
    AccountId, AccountNumber, Change, Channel, ContactValue, DocumentReference, DocumentScan, Factor, HolderName,
    LineId, LineStatus, LockSet, Msisdn, OutcomeKind, OwnerChange, Person, PersonId, PersonRole, PinDigits, Reason,
    RequestId, Requester, Role, SeparationReference, SeparationStanding, Subject,
};
use portcullis::service::{
    Answer, Body, Engine, LineName, LineRef, Move, PermitText, Proposal, Question, Redemption, Refusal, Scope, Seed,
    SeenSeparation, SeparationOrder, SeparationSettings, SeparationView, ServiceError, authorise,
};

use crate::challenges::outcome;
use crate::codes::{Mailbox, by_code};
use crate::notices::{Post, contact, mail};
use crate::spy::SpyStore;
use crate::world::{
    ACCOUNT, ACCOUNT_NUMBER, LINE, NEW_SIM, NUMBER, World, brand, carrier, customer, ivr, line_ref, provisioning,
    requester, sim_to,
};

pub(crate) const OWNERS_MAIL: &str = "owner@example.com";
pub(crate) const SURVIVORS_MAIL: &str = "kim@example.org";
pub(crate) const DOCUMENT: &str = "scan-4711";
pub(crate) const OTHER_NUMBER: &str = "+12125550124";

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

/// What each of the two has seen.
pub(crate) fn seen() -> SeenSeparation {
    let reference = DocumentReference::parse(DOCUMENT).unwrap();
    let document = DocumentScan { reference, holder: HolderName::parse("Kim Doe").unwrap() };
    SeenSeparation { lines: vec![line_ref()], contact: mail(SURVIVORS_MAIL), document }
}

#[track_caller]
pub(crate) fn refusal<T: std::fmt::Debug>(result: Result<T, ServiceError>) -> Refusal {
    match result {
        Err(ServiceError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn seed(world: &World) -> Seed {
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

    pub(crate) async fn with(mut world: World, seed: Seed) -> Self {
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
    pub(crate) fn left_alone(&self) {
        let written = self.spy.written();
        assert!(!written.contains(&self.token(ACCOUNT)), "the owner's account was written to");
    }

    pub(crate) fn proposal(&self) -> Proposal {
        let request_id = self.world.request_id();
        let body = Body(request_id.to_bytes().to_vec());
        Proposal { request_id, body, seen: seen() }
    }

    pub(crate) fn order(&self, separation: &AccountId) -> SeparationOrder {
        let request_id: RequestId = self.world.request_id();
        let body = Body(request_id.to_bytes().to_vec());
        SeparationOrder { request_id, body, separation: separation.clone() }
    }

    pub(crate) async fn propose(&self, who: Requester) -> Result<SeparationView, ServiceError> {
        self.engine().propose_separation(authorise(who)?, self.proposal()).await
    }

    pub(crate) async fn agree(&self, who: Requester, id: &AccountId) -> Result<SeparationView, ServiceError> {
        self.agree_having_seen(who, id, seen()).await
    }

    pub(crate) async fn agree_having_seen(
        &self,
        who: Requester,
        id: &AccountId,
        seen: SeenSeparation,
    ) -> Result<SeparationView, ServiceError> {
        self.engine().agree_to_separation(authorise(who)?, self.order(id), seen).await
    }

    pub(crate) async fn end(&self, who: Requester, id: &AccountId) -> Result<SeparationView, ServiceError> {
        self.engine().end_separation(authorise(who)?, self.order(id)).await
    }

    /// A separation that is open, and what opens it.
    pub(crate) async fn separated(&self) -> (SeparationView, SeparationReference) {
        let proposed = self.propose(ann()).await.unwrap();
        let mut agreed = self.agree(bob(), &proposed.account).await.unwrap();
        let reference = agreed.reference.take().unwrap();
        (agreed, reference)
    }

    fn port_under(&self, reference: &SeparationReference, number: &AccountNumber) -> Question {
        let mut question = self.world.port();
        question.scope = Scope::Line(under(reference));
        question.claims.account_number = Some(number.clone());
        question
    }

    pub(crate) async fn ask(&self, who: Requester, line: LineRef) -> Result<Answer, ServiceError> {
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

    /// What a survivor gets for the move of their line.
    async fn permit_to_move(&self, reference: &SeparationReference, change: &OwnerChange) -> PermitText {
        let mut question = self.world.question(Change::Owner(change.clone()), Channel::Care);
        question.scope =
            Scope::Line(LineRef { name: LineName::LineId(LineId::parse(LINE).unwrap()), ..under(reference) });
        let asked = self.world.decide(provisioning(), question).await.unwrap();
        assert_eq!(outcome(&asked), OutcomeKind::Challenge);
        let sending = portcullis::service::Sending {
            request_id: self.world.request_id(),
            body: Body(b"code".to_vec()),
            challenge: asked.id(),
            contact: None,
            interaction: crate::world::interaction(Channel::App),
        };
        let separated = AccountId::parse(reference.account.as_str()).unwrap();
        let person = PersonId::parse("survivor").unwrap();
        let survivor =
            Requester { account: Some(separated), person: Some(person), ..requester(Role::Customer, "s@app") };
        self.engine().send_code(authorise(survivor).unwrap(), sending).await.unwrap();
        let submission = self.world.submission(asked.id(), by_code(&self.codes.last().digits), Channel::Ivr);
        self.engine().submit_evidence(authorise(ivr()).unwrap(), submission).await.unwrap();
        let mut completion = self.world.completion(asked.id(), portcullis::domain::Evidence::default());
        completion.interaction.channel = Channel::Care;
        let completed =
            self.engine().complete_decision(authorise(provisioning()).unwrap(), completion).await.unwrap().answer;
        assert_eq!(outcome(&completed), OutcomeKind::Approve, "{:?}", completed.outward);
        completed.permit.clone().unwrap()
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
    let completed = home.engine().complete_decision(authorise(carrier()).unwrap(), completion).await.unwrap().answer;
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
    home.end(bob(), &separation.account).await.unwrap();
    // From here on it has left there too, as any other that left, without a word.
    let asked = home.ask(care(), line_ref()).await.unwrap();
    assert_eq!(crate::challenges::reasons(&asked), [Reason::LineInactive, Reason::LockOn]);
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
    let permit = home.permit_to_move(&reference, &change).await;
    let request_id = home.world.request_id();
    let order = |permit: PermitText| Move {
        request_id,
        body: Body(b"move".to_vec()),
        line: LineId::parse(LINE).unwrap(),
        separation: Some(reference.clone()),
        change: change.clone(),
        permit,
    };
    home.left_alone();
    // Another engine remembers where the number was.
    let elsewhere = home.world.engine_over(home.world.store.clone());
    let look = |engine: &Arc<Engine>| {
        let engine = engine.clone();
        async move { engine.get_protection(&authorise(customer()).unwrap(), &Scope::Line(line_ref()), None).await }
    };
    assert!(look(&elsewhere).await.is_ok() && look(home.engine()).await.is_ok());
    for _ in 0..2 {
        let again = order(permit.clone());
        let moved = home.engine().move_line(authorise(provisioning()).unwrap(), again).await.unwrap();
        assert_eq!((moved.line.account, moved.line.status), (own.clone(), LineStatus::Active));
    }
    assert_eq!(refusal(home.ask(care(), under(&reference)).await), Refusal::SeparationRefused, "it is there no more");
    // Whose it is now finds it, also where an engine remembers where it was.
    let stale = home.world.engine_over(home.world.store.clone());
    let now_theirs = Requester { account: Some(own.clone()), ..customer() };
    for engine in [home.engine(), &elsewhere, &stale] {
        let theirs =
            engine.get_protection(&authorise(now_theirs.clone()).unwrap(), &Scope::Line(line_ref()), None).await;
        assert_eq!(theirs.unwrap()[0].account, own);
        assert!(look(engine).await.is_err(), "it is not the owner's any more");
        let asked = engine.decide(authorise(customer()).unwrap(), home.world.sim_change(Channel::App)).await;
        assert!(matches!(asked, Err(ServiceError::Forbidden)), "{asked:?}");
    }
    // It comes back by an ordinary move, and neither the end nor the old request, sent again, takes it away once more.
    let back = OwnerChange::ToAccount { brand: brand(), account: AccountId::parse(ACCOUNT).unwrap() };
    let mut question = home.world.question(Change::Owner(back.clone()), Channel::Care);
    question.scope = Scope::Line(LineRef::named(LineName::LineId(LineId::parse(LINE).unwrap())));
    let asked = home.world.decide(provisioning(), home.world.approved(question)).await.unwrap();
    let order_back = Move {
        request_id: home.world.request_id(),
        body: Body(b"back".to_vec()),
        line: LineId::parse(LINE).unwrap(),
        separation: None,
        change: back,
        permit: asked.permit.clone().unwrap(),
    };
    home.engine().move_line(authorise(provisioning()).unwrap(), order_back).await.unwrap();
    let repeated = home.engine().move_line(authorise(provisioning()).unwrap(), order(permit)).await;
    assert!(repeated.is_err(), "{repeated:?}");
    for _ in 0..2 {
        home.end(ann(), &reference.account).await.unwrap();
    }
    assert!(look(home.engine()).await.is_ok(), "it is the owner's again");
}

/// Who was flagged needs strong proof still, and has a way to give it.
#[tokio::test]
async fn a_marked_line_is_separated_by_an_identity_document() {
    let world = World::new();
    let mut marked = seed(&world);
    marked.lines[0].flags.heightened = true;
    let home = Home::with(world, marked).await;
    let (_, reference) = home.separated().await;
    let mut question = home.world.sim_change(Channel::Store);
    question.scope = Scope::Line(under(&reference));
    let clerk = crate::documents::clerk();
    let asked = home.world.decide(clerk.clone(), question).await.unwrap();
    assert_eq!(outcome(&asked), OutcomeKind::Challenge, "{:?}", asked.outward);
    let scanned = crate::documents::scan("scan-4711", "Kim Doe");
    home.world.shows(clerk.clone(), asked.id(), scanned).await.unwrap();
    let elsewhere = crate::documents::at(crate::documents::manager(), Some("S-2"), "office-2");
    home.world.shows(elsewhere, asked.id(), crate::documents::seen_as("Kim Doe", NUMBER)).await.unwrap();
    home.world.pass(TimeDelta::hours(5));
    let completed = home.world.complete_as(clerk, asked.id()).await.unwrap();
    assert_eq!(outcome(&completed), OutcomeKind::Approve, "{:?}", completed.outward);
    assert_eq!(completed.decided().unwrap().accepted, [Factor::IdDocument]);
}

/// Staff who have the reference see the locks that are the survivor's, and no others.
#[tokio::test]
async fn who_has_the_reference_sees_the_survivors_locks() {
    let home = Home::new().await;
    let (separation, reference) = home.separated().await;
    let reader = authorise(care()).unwrap();
    let seen = home.engine().get_protection(&reader, &Scope::Line(under(&reference)), None).await.unwrap();
    let accounts: Vec<_> = seen.iter().map(|view| view.account.clone()).collect();
    assert_eq!(accounts, [separation.account.clone(), separation.account.clone()]);
    home.world.lock(survivor(&separation), LockSet::Sim).await.unwrap();
    let asked = home.ask(care(), under(&reference)).await.unwrap();
    assert_eq!((outcome(&asked), crate::challenges::reasons(&asked)), (OutcomeKind::Deny, vec![Reason::LockOn]));
}
