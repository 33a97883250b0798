//! Notices: what happens is told to the people whom it is about, at least once, in time, and to nobody else.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use portcullis::crypto::Token;
use portcullis::domain::{
    Change, Channel, Contact, ContactChange, ContactId, ContactValue, Happening, LineId, LockHolder, LockSet, Mode,
    Msisdn, OutcomeKind, Person, PersonId, PersonRole, RecordId, Recorded, Reference, ReleaseOpens, ResetKind, Role,
    SimChange,
};
use portcullis::service::{
    Body, Carrying, Engine, Guarding, LineName, LineRef, LockOrder, NotCarried, Notice, NoticeCarrier, NoticeKind,
    Question, Scope, Seed, ToldBySource, authorise,
};

use crate::challenges::outcome;
use crate::world::{LINE, NEW_SIM, NUMBER, World, carrier, clerk, customer, line_scope, requester, sim_to};

const MAIL: &str = "ann@example.com";

/// What a receiver says to each that it is given.
type Says = Box<dyn Fn(&Notice) -> Result<(), NotCarried> + Send>;

/// Who carries notices, and what they were given.
pub(crate) struct Post {
    given: Mutex<Vec<Notice>>,
    says: Mutex<Says>,
}

impl Default for Post {
    fn default() -> Self {
        Self { given: Mutex::default(), says: Mutex::new(Box::new(|_| Ok(()))) }
    }
}

impl NoticeCarrier for Post {
    fn carry<'a>(&'a self, notice: &'a Notice, _tries: u32, _now: DateTime<Utc>) -> Carrying<'a> {
        let said = (self.says.lock().unwrap())(notice);
        self.given.lock().unwrap().push(notice.clone());
        Box::pin(async move { said })
    }
}

impl Post {
    /// What came since somebody looked last, oldest first.
    pub(crate) fn take(&self) -> Vec<Notice> {
        let mut given = std::mem::take(&mut *self.given.lock().unwrap());
        given.sort_by_key(|notice| (notice.at, notice.nth, notice.record.as_u128(), notice.to.value.spelt()));
        given
    }

    pub(crate) fn say(&self, says: impl Fn(&Notice) -> Result<(), NotCarried> + Send + 'static) {
        *self.says.lock().unwrap() = Box::new(says);
    }

    pub(crate) fn is_away(&self) {
        self.say(|_| Err(NotCarried { again: Some(TimeDelta::seconds(30)), asked: false }));
    }

    pub(crate) fn is_back(&self) {
        self.say(|_| Ok(()));
    }
}

pub(crate) fn holder(number: u8) -> Token {
    Token::from_bytes([number; 16])
}

pub(crate) fn mail(address: &str) -> ContactValue {
    ContactValue::Email(address.to_owned())
}

pub(crate) fn sms(number: &str) -> ContactValue {
    ContactValue::Sms(Msisdn::parse(number).unwrap())
}

pub(crate) fn contact(id: &str, value: ContactValue) -> Contact {
    let since = crate::world::start() - TimeDelta::days(900);
    Contact { id: ContactId::parse(id).unwrap(), value, since, ended: None }
}

/// A world whose owner has these contacts, and whose notices go to that post from now on.
pub(crate) async fn with_contacts(contacts: Vec<Contact>) -> (World, Arc<Post>) {
    with_seed(|world| {
        let mut seed = world.seed();
        seed.persons[0].contacts = contacts;
        seed
    })
    .await
}

pub(crate) async fn with_seed(seed: impl FnOnce(&World) -> Seed) -> (World, Arc<Post>) {
    let (world, post) = (World::new(), Arc::new(Post::default()));
    world.create(seed(&world)).await;
    world.engine.send_notices_by(post.clone());
    assert_eq!(world.told().await, 0);
    (world, post)
}

pub(crate) async fn with_mail() -> (World, Arc<Post>) {
    with_contacts(vec![contact("mail", mail(MAIL))]).await
}

pub(crate) fn line_of(number: &str) -> Scope {
    Scope::Line(LineRef::named(LineName::Msisdn(Msisdn::parse(number).unwrap())))
}

/// Where notices went, those of each record together.
pub(crate) fn places(notices: &[Notice]) -> Vec<Vec<ContactValue>> {
    let of_one = notices.chunk_by(|one, other| one.record == other.record);
    of_one.map(|notices| notices.iter().map(|notice| notice.to.value.clone()).collect()).collect()
}

/// What notices tell of, each record once.
pub(crate) fn kinds(notices: &[Notice]) -> Vec<(NoticeKind, u32)> {
    let of_one = notices.chunk_by(|one, other| one.record == other.record);
    of_one.map(|notices| (notices[0].kind, notices[0].nth)).collect()
}

impl World {
    pub(crate) async fn told(&self) -> usize {
        self.told_by(&self.engine).await
    }

    async fn told_by(&self, engine: &Arc<Engine>) -> usize {
        engine.tell_notices(holder(1)).await.unwrap()
    }

    /// What the owner asks for without proof.
    pub(crate) async fn asked(&self) -> RecordId {
        let answer = self.decide(customer(), self.sim_change(Channel::App)).await.unwrap();
        assert_eq!(outcome(&answer), OutcomeKind::Challenge);
        answer.id()
    }

    /// A change that the owner proves.
    pub(crate) async fn approve(&self, change: Change) -> RecordId {
        let question = self.approved(self.question(change, Channel::App));
        let answer = self.decide(customer(), question).await.unwrap();
        assert_eq!(outcome(&answer), OutcomeKind::Approve, "{:?}", answer.outward);
        answer.id()
    }

    pub(crate) async fn change_contact(&self, id: &str, value: Option<ContactValue>) {
        let change = Change::Contact(ContactChange { contact: ContactId::parse(id).unwrap(), value });
        let question = self.approved(self.question(change.clone(), Channel::App));
        let permit = self.decide(customer(), question).await.unwrap().permit.unwrap();
        self.redeem(customer(), &permit, change).await.unwrap();
    }

    /// The network has the line on another SIM.
    pub(crate) async fn told_by_network_of_another_sim(&self) {
        let Change::Sim(SimChange { target, .. }) = sim_to(NEW_SIM) else { panic!("a SIM") };
        self.told_by_network(Recorded::SimActivated { target, imei: None }).await;
    }

    async fn told_by_network(&self, what: Recorded) {
        let event = self.request_id();
        let body = Body(format!("{event} {what:?}").into_bytes());
        let (occurred_at, what) = (self.now(), Happening::Recorded(what));
        let told = ToldBySource { event, body, scope: line_scope(), occurred_at, what };
        let who = authorise(requester(Role::NetworkSignals, "hlr-1")).unwrap();
        self.engine.record_event(who, told).await.unwrap();
    }
}

#[tokio::test]
async fn what_happens_is_told_once_to_every_contact_and_the_line() {
    let (world, post) = with_mail().await;
    let record = world.approve(sim_to(NEW_SIM)).await;
    assert_eq!(world.told().await, 2);
    let told = post.take();
    assert_eq!(places(&told), [[mail(MAIL), sms(NUMBER)]]);
    assert_ne!(told[0].id, told[1].id, "one message each");
    let notice = &told[0];
    assert_eq!((notice.record, notice.kind, notice.at), (record, NoticeKind::Approved, world.now()));
    assert_eq!(
        notice.text,
        "We approved moving the number ending 0123 to the SIM card ending 9029. If this was not you, say no in our app and turn \
         your lock on at once, or call us. Never answer this message, and tell nobody a code."
    );
    assert_eq!(world.told().await, 0);
    assert!(post.take().is_empty());
}

#[tokio::test]
async fn what_was_before_anybody_was_told_stays_untold() {
    let (world, post) = (World::populated().await, Arc::new(Post::default()));
    world.approve(sim_to(NEW_SIM)).await;
    world.engine.send_notices_by(post.clone());
    assert_eq!(world.told().await, 0);
    world.pass(TimeDelta::minutes(1));
    world.asked().await;
    assert_eq!((world.told().await, kinds(&post.take())), (1, vec![(NoticeKind::Challenged, 1)]));
}

/// E17: a flood of what comes often is told a few times, and hides nothing.
#[tokio::test]
async fn a_flood_hides_nothing() {
    let (world, post) = with_contacts(Vec::new()).await;
    for number in 0..500 {
        world.asked().await;
        if number == 321 {
            world.approve(sim_to(NEW_SIM)).await;
        }
    }
    world.told().await;
    let told = post.take();
    let often: Vec<u32> = told.iter().filter(|one| one.kind == NoticeKind::Challenged).map(|one| one.nth).collect();
    assert_eq!(often, [1, 2, 3, 10, 100]);
    assert_eq!(told.iter().filter(|one| one.kind == NoticeKind::Approved).count(), 1);
    let tenth = told.iter().find(|notice| notice.nth == 10).unwrap();
    assert!(tenth.text.contains("It is number 10 of such messages within an hour"), "{}", tenth.text);
    // The next hour begins anew.
    world.pass(TimeDelta::hours(1));
    world.asked().await;
    world.told().await;
    assert_eq!(kinds(&post.take()), [(NoticeKind::Challenged, 1)]);
}

/// Who did not count what came before counts it from the ledger: an engine that begins in the middle tells no more.
#[tokio::test]
async fn another_engine_goes_on_counting() {
    let (world, post) = with_contacts(Vec::new()).await;
    for _ in 0..5 {
        world.asked().await;
    }
    assert_eq!(world.told().await, 3);
    let another = world.engine_over(world.store.clone());
    another.send_notices_by(post.clone());
    for _ in 0..5 {
        world.asked().await;
    }
    post.take();
    // The first one holds its lease until then.
    assert_eq!(another.tell_notices(holder(2)).await.unwrap(), 0);
    world.pass(TimeDelta::seconds(15));
    assert_eq!(another.tell_notices(holder(2)).await.unwrap(), 1);
    assert_eq!(kinds(&post.take()), [(NoticeKind::Challenged, 10)]);
}

/// E18: who changes the mailbox first keeps nothing from its owner.
#[tokio::test]
async fn what_was_taken_off_is_told_as_well() {
    let (world, post) = with_mail().await;
    world.change_contact("mail", Some(mail("thief@example.org"))).await;
    world.pass(TimeDelta::minutes(1));
    world.approve(sim_to(NEW_SIM)).await;
    world.told().await;
    let told = post.take();
    let all = vec![mail(MAIL), mail("thief@example.org"), sms(NUMBER)];
    // Each by its own instant: what was changed and what was asked then.
    assert_eq!(places(&told), [all.clone(), all]);
    assert!(told[0].text.contains("a new way to reach the owner"), "{}", told[0].text);
    // Once its successor counts alone it is nobody's business any more.
    world.pass(TimeDelta::days(30) + TimeDelta::seconds(1));
    world.asked().await;
    world.told().await;
    let later = post.take();
    assert_eq!(places(&later), [[mail("thief@example.org"), sms(NUMBER)]]);
}

/// P5: not to who may have the line by now; where that is all there is, to that.
#[tokio::test]
async fn channels_under_attack_are_left_out_unless_there_is_no_other() {
    let (world, post) = with_mail().await;
    world.told_by_network_of_another_sim().await;
    world.told().await;
    assert_eq!(places(&post.take()), [[mail(MAIL)]]);
    let (world, post) = with_contacts(Vec::new()).await;
    world.told_by_network_of_another_sim().await;
    world.told().await;
    assert_eq!(places(&post.take()), [[sms(NUMBER)]]);
    // A mailbox that was the proof of a reset.
    let both = || vec![contact("mail", mail(MAIL)), contact("spare", mail("ann@example.net"))];
    let (world, post) = with_contacts(both()).await;
    let mailbox = Some(ContactId::parse("mail").unwrap());
    world.told_by_network(Recorded::CredentialReset { kind: ResetKind::Pin, via: Channel::Web, mailbox }).await;
    world.told().await;
    assert_eq!(places(&post.take()), [[mail("ann@example.net"), sms(NUMBER)]]);
}

/// A line's people are told of their line; of another's, and of the account, they are not.
#[tokio::test]
async fn people_are_told_of_their_own_lines() {
    let (world, post) = (World::new(), Arc::new(Post::default()));
    let mut seed = world.seed();
    seed.persons[0].contacts = vec![contact("mail", mail(MAIL))];
    let person = |name: &str, role, lines: &[&str]| Person {
        id: PersonId::parse(name).unwrap(),
        role,
        name: None,
        postal_code: None,
        contacts: vec![contact(name, mail(&format!("{name}@example.com")))],
        lines: lines.iter().map(|line| LineId::parse(line).unwrap()).collect(),
    };
    seed.persons.push(person("child", PersonRole::LineUser, &[LINE]));
    seed.persons.push(person("other", PersonRole::LineUser, &["line-2"]));
    seed.persons.push(person("partner", PersonRole::AuthorisedUser, &["line-2"]));
    world.create(seed).await;
    world.engine.send_notices_by(post.clone());
    world.told().await;
    world.asked().await;
    world.told().await;
    assert_eq!(places(&post.take())[0], [mail(MAIL), mail("child@example.com"), sms(NUMBER)]);
}

#[tokio::test]
async fn locks_are_told_and_a_carriers_always() {
    let (world, post) = with_mail().await;
    world.lock(customer(), LockSet::All).await.unwrap();
    world.pass(TimeDelta::seconds(1));
    assert_eq!(outcome(&world.decide(customer(), world.sim_change(Channel::App)).await.unwrap()), OutcomeKind::Deny);
    world.pass(TimeDelta::seconds(1));
    world.release(LockSet::All, ReleaseOpens::Window(None)).await.unwrap();
    world.told().await;
    use NoticeKind::{Approved, LockOff, LockOn, Locked};
    assert_eq!(kinds(&post.take()), [(LockOn, 1), (Locked, 2), (Approved, 1)]);
    world.pass(TimeDelta::minutes(15));
    world.engine.settle_due(holder(9)).await.unwrap();
    world.told().await;
    assert_eq!(kinds(&post.take()), [(LockOff, 1)]);
    let order = LockOrder {
        set: LockSet::Port,
        holder: LockHolder::Carrier,
        reason: Some(Reference::parse("case 1").unwrap()),
    };
    for _ in 0..4 {
        let request_id = world.request_id();
        let body = Body(request_id.to_bytes().to_vec());
        let guarding = Guarding { request_id, body, scope: line_scope(), channel: Channel::Care };
        let who = authorise(requester(Role::FraudOps, "desk-1")).unwrap();
        world.engine.set_lock(who, guarding, order.clone()).await.unwrap();
    }
    world.told().await;
    let told = post.take();
    assert_eq!(kinds(&told).len(), 4);
    assert!(told[0].text.starts_with("A lock against moving the number to another carrier is on"), "{}", told[0].text);
}

/// What only advises is not told: nothing happened. What is refused for want of proof is not either, and nobody's number is nobody's.
#[tokio::test]
async fn what_came_to_nothing_is_not_told() {
    let (world, post) = with_mail().await;
    let advice = Question { mode: Mode::Advise, ..world.sim_change(Channel::App) };
    world.decide(customer(), advice).await.unwrap();
    let scope = line_of("+12125559999");
    world.decide(clerk(), Question { scope, ..world.sim_change(Channel::Store) }).await.unwrap();
    world.decide(carrier(), world.port_with_text("999999")).await.unwrap();
    assert_eq!((world.told().await, post.take().len()), (0, 0));
}
