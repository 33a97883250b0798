//! Notices where more than the receiver is in trouble: rounds that take long, journals that lose, stores that are put back; and
//! thieves who see to it first that nobody is told.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use portcullis::clock::ManualClock;
use portcullis::domain::{
    AccountId, Change, Channel, ContactValue, LockHolder, LockSet, Msisdn, OwnerChange, PersonId, PersonRole, RecordId,
    ReleaseOpens, SimChange, SimChangeCause,
};
use portcullis::service::{
    Carrying, Engine, Guarding, LockOrder, NotCarried, Notice, NoticeCarrier, NoticeKind, Question, Scope, authorise,
};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use crate::notices::{Post, contact, holder, kinds, mail, places, sms, with_contacts};
use crate::world::{ACCOUNT, GAINING, NEW_SIM, NUMBER, OLD_SIM, World, carrier, customer, port_out, sim_to};

const MAIL: &str = "ann@example.com";

/// How long a worker may take on a busy machine.
const IN_TIME: Duration = Duration::from_secs(60);

fn records(notices: &[Notice]) -> HashSet<RecordId> {
    notices.iter().map(|notice| notice.record).collect()
}

/// Tells of each that it is given, and takes all but one.
struct Picky {
    refuses: RecordId,
    given: mpsc::UnboundedSender<RecordId>,
}

impl NoticeCarrier for Picky {
    fn carry<'a>(&'a self, notice: &'a Notice, _tries: u32, _now: DateTime<Utc>) -> Carrying<'a> {
        self.given.send(notice.record).unwrap();
        let again = Some(TimeDelta::milliseconds(50));
        let said = if notice.record == self.refuses { Err(NotCarried { again, asked: false }) } else { Ok(()) };
        Box::pin(async move { said })
    }
}

/// One notice that its receiver does not want, at a moment when there is no other, stops none that comes after.
#[tokio::test]
async fn one_that_is_not_taken_stops_nothing() {
    let (world, _post) = with_contacts(Vec::new()).await;
    world.pass(TimeDelta::minutes(1));
    let engine = world.engine_over(world.store.clone());
    let refuses = world.approve(sim_to(NEW_SIM)).await;
    let (given, mut told) = mpsc::unbounded_channel();
    engine.send_notices_by(Arc::new(Picky { refuses, given }));
    let (stop, stopped) = watch::channel(false);
    let working = tokio::spawn(engine.work_notices(holder(7), stopped));
    assert_eq!(timeout(IN_TIME, told.recv()).await.unwrap(), Some(refuses));
    for _ in 0..3 {
        let next = world.approve(sim_to(NEW_SIM)).await;
        timeout(IN_TIME, async { while told.recv().await != Some(next) {} }).await.expect("the next one is told");
    }
    stop.send(true).unwrap();
    timeout(IN_TIME, working).await.unwrap().unwrap();
}

/// Takes its time, in which others decide.
struct Slow {
    engine: Arc<Engine>,
    clock: Arc<ManualClock>,
    asks: Box<dyn Fn() -> Question + Send + Sync>,
    post: Post,
}

impl NoticeCarrier for Slow {
    fn carry<'a>(&'a self, notice: &'a Notice, tries: u32, now: DateTime<Utc>) -> Carrying<'a> {
        Box::pin(async move {
            self.clock.advance(Duration::from_secs(5));
            self.engine.decide(authorise(customer()).unwrap(), (self.asks)()).await.unwrap();
            self.post.carry(notice, tries, now).await
        })
    }
}

/// A round takes longer than a commit may be behind the clock: what was told is kept all the same.
#[tokio::test]
async fn a_round_that_takes_long_is_kept() {
    let (world, _post) = with_contacts(Vec::new()).await;
    world.pass(TimeDelta::minutes(1));
    let record = world.approve(sim_to(NEW_SIM)).await;
    let engine = world.engine_over(world.store.clone());
    let advice = Question { mode: portcullis::domain::Mode::Advise, ..world.sim_change(Channel::App) };
    let next = std::sync::atomic::AtomicU64::new(1);
    let asks = Box::new(move || {
        let number = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let request_id =
            portcullis::domain::RequestId::from_u128(0x0190_d4f0_7c3e_7000_9000_0000_0000_0000 | u128::from(number));
        Question { request_id, ..advice.clone() }
    });
    let slow = Arc::new(Slow { engine: engine.clone(), clock: world.clock.clone(), asks, post: Post::default() });
    engine.send_notices_by(slow.clone());
    assert_eq!(engine.tell_notices(holder(7)).await.unwrap(), 1);
    assert_eq!(engine.tell_notices(holder(7)).await.unwrap(), 0);
    assert_eq!(records(&slow.post.take()), HashSet::from([record]));
}

/// What is on record of how far everything was read moves with what happens, and bounds what is told twice.
#[tokio::test]
async fn a_store_that_was_put_back_tells_what_it_may_not_have_told() {
    let (world, post) = with_contacts(Vec::new()).await;
    let mut told = Vec::new();
    for _ in 0..3 {
        told.push(world.approve(sim_to(NEW_SIM)).await);
        world.told().await;
        world.pass(TimeDelta::minutes(2));
        world.told().await;
    }
    let until = world.standing().await.book.unwrap().read_until;
    assert!(world.now().signed_duration_since(until) < TimeDelta::minutes(3), "{until}");
    told.push(world.approve(sim_to(NEW_SIM)).await);
    assert_eq!(records(&post.take()).len(), 3);
    let world = world
        .reopen_altered(|database| {
            database.execute("UPDATE meta SET epoch = epoch + 1", []).unwrap();
        })
        .await;
    world.engine.send_notices_by(post.clone());
    world.pass(TimeDelta::seconds(15));
    world.told().await;
    let again = records(&post.take());
    assert!(again.contains(&told[3]), "what was not told yet is");
    assert!(!again.contains(&told[0]) && !again.contains(&told[1]), "and what surely was is not");
}

/// A journal that lost its end gives the same places to others, and they are told.
#[tokio::test]
async fn what_takes_the_place_of_what_was_lost_is_told() {
    let (world, post) = with_contacts(Vec::new()).await;
    world.asked().await;
    world.pass(TimeDelta::minutes(2));
    let lost = world.approve(sim_to(NEW_SIM)).await;
    world.told().await;
    assert!(records(&post.take()).contains(&lost));
    let world = world
        .reopen_altered(|database| {
            let last: i64 = database.query_row("SELECT max(seq) FROM records", [], |row| row.get(0)).unwrap();
            let bytes = lost.to_bytes().to_vec();
            let gone = database.execute("DELETE FROM records WHERE seq = ?1 AND id = ?2", (last, bytes)).unwrap();
            assert_eq!(gone, 1, "the last record is the one that was told last");
            database.execute("DELETE FROM record_ids WHERE seq = ?1", [last]).unwrap();
            database.execute("UPDATE meta SET seq = ?1", [last - 1]).unwrap();
        })
        .await;
    world.engine.send_notices_by(post.clone());
    world.pass(TimeDelta::seconds(15));
    let other = world.approve(sim_to(NEW_SIM)).await;
    world.told().await;
    assert!(records(&post.take()).contains(&other));
}

/// P5: a contact of the last days is told beside those of before, and never in their place.
#[tokio::test]
async fn a_thiefs_own_contact_is_never_all_that_is_told() {
    let (world, post) = with_contacts(Vec::new()).await;
    world.told_by_network_of_another_sim().await;
    world.change_contact("mail", Some(mail("thief@example.org"))).await;
    world.told().await;
    post.take();
    world.approve(sim_to(OLD_SIM)).await;
    world.told().await;
    assert_eq!(
        places(&post.take()),
        [[mail("thief@example.org"), sms(NUMBER)]],
        "the line, though its SIM changed lately"
    );
}

/// Who has no contact but the line is told of its port also where that was faster than the notice.
#[tokio::test]
async fn a_number_that_has_left_is_told_where_there_is_nothing_else() {
    for (contacts, told_at) in [(Vec::new(), vec![sms(NUMBER)]), (vec![contact("mail", mail(MAIL))], vec![mail(MAIL)])]
    {
        let (world, post) = with_contacts(contacts).await;
        let question = world.approved(world.port());
        let answer = world.decide(carrier(), question).await.unwrap();
        world.redeem(carrier(), &answer.permit.unwrap(), port_out(GAINING)).await.unwrap();
        world.told().await;
        assert_eq!(places(&post.take()), [told_at]);
    }
}

/// Who says that a phone is stolen does not silence it.
#[tokio::test]
async fn what_is_said_of_a_phone_silences_no_line() {
    let (world, post) = with_contacts(vec![contact("mail", mail(MAIL))]).await;
    let Change::Sim(sim) = sim_to(NEW_SIM) else { panic!("a SIM") };
    world.approve(Change::Sim(SimChange { cause: SimChangeCause::Stolen, ..sim })).await;
    world.told().await;
    assert_eq!(places(&post.take()), [[mail(MAIL), sms(NUMBER)]]);
}

/// What is about the whole account goes to its lines as well: many customers have no other contact.
#[tokio::test]
async fn what_is_about_an_account_is_told_to_its_lines() {
    let (world, post) = with_contacts(Vec::new()).await;
    let account = Scope::Account(AccountId::parse(ACCOUNT).unwrap());
    let request_id = world.request_id();
    let body = portcullis::service::Body(request_id.to_bytes().to_vec());
    let guarding = Guarding { request_id, body, scope: account.clone(), channel: Channel::App };
    let order = LockOrder { set: LockSet::All, holder: LockHolder::Customer, reason: None };
    world.engine.set_lock(authorise(customer()).unwrap(), guarding, order).await.unwrap();
    let change =
        Change::LockRelease { set: LockSet::All, holder: LockHolder::Customer, opens: ReleaseOpens::Window(None) };
    let question = world.approved(Question { scope: account, ..world.question(change, Channel::App) });
    world.pass(TimeDelta::seconds(1));
    world.engine.release_lock(authorise(customer()).unwrap(), question).await.unwrap();
    world.told().await;
    let told = post.take();
    assert_eq!(kinds(&told), [(NoticeKind::LockOn, 1), (NoticeKind::Approved, 1)]);
    assert_eq!(places(&told), [[sms(NUMBER)], [sms(NUMBER)]]);
    assert!(told[1].text.starts_with("We approved taking a lock off of your account."), "{}", told[1].text);
}

/// Somebody else may be the owner by the time that it is told.
#[tokio::test]
async fn a_change_of_owner_is_told_to_everybody() {
    let (world, post) = (World::new(), Arc::new(Post::default()));
    let mut seed = world.seed();
    seed.persons[0].contacts = vec![contact("mail", mail(MAIL))];
    let mut other = seed.persons[0].clone();
    (other.id, other.role) = (PersonId::parse("other").unwrap(), PersonRole::LineUser);
    other.contacts = vec![contact("other", mail("other@example.org"))];
    seed.persons.push(other);
    world.create(seed).await;
    world.engine.send_notices_by(post.clone());
    world.told().await;
    let change =
        Change::Owner(OwnerChange::Role { person: PersonId::parse("other").unwrap(), role: PersonRole::Owner });
    world.approve(change).await;
    world.told().await;
    let places: Vec<ContactValue> = places(&post.take()).concat();
    assert_eq!(places, [mail(MAIL), mail("other@example.org"), sms(NUMBER)]);
    assert_eq!(places.last().and_then(ContactValue::number), Some(Msisdn::parse(NUMBER).unwrap()));
}
