//! Notices on their way: given at least once, however receivers, stores and engines fail, and never lost.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::TimeDelta;
use portcullis::crypto::{Token, Tokens};
use portcullis::domain::{
    AccountId, AccountNumber, Channel, LineId, Msisdn, NoticeEnd, RecordId, Requester, WAITING_NOTICES_MAX,
};
use portcullis::service::{Body, NotCarried, NoticeStanding, Parts, Question, ServiceError, authorise};
use portcullis::store::{Around, Commit, CommitError, Load, Loaded, Position, Reply, Store, StoreError};

use crate::notices::{contact, holder, line_of, mail, places, sms, with_contacts};
use crate::world::{ACCOUNT, NEW_SIM, World, admin, brand, clerk, sim_to};

impl World {
    pub(crate) async fn standing(&self) -> NoticeStanding {
        self.engine.list_notices(&authorise(admin()).unwrap()).await.unwrap()
    }

    async fn undelivered(&self) -> (usize, Vec<NoticeEnd>) {
        let book = self.standing().await.book.unwrap();
        (book.waiting.len(), book.dead.iter().map(|dead| dead.end).collect())
    }

    async fn replay(&self, who: Requester, records: Vec<RecordId>) -> Result<usize, ServiceError> {
        let request_id = self.request_id();
        let request = (request_id, Body(request_id.to_bytes().to_vec()));
        self.engine.replay_notices(authorise(who)?, request, records).await
    }
}

/// A receiver that is away is told of all when it is back, each once at least and under one name.
#[tokio::test]
async fn a_receiver_that_is_away_loses_nothing() {
    let (world, post) = with_contacts(Vec::new()).await;
    post.is_away();
    let mut asked = HashSet::new();
    for _ in 0..WAITING_NOTICES_MAX + 20 {
        asked.insert(world.approve(sim_to(NEW_SIM)).await);
    }
    for _ in 0..200 {
        assert_eq!(world.told().await, 0);
        world.pass(TimeDelta::seconds(1));
    }
    assert_eq!(world.undelivered().await, (WAITING_NOTICES_MAX, vec![]), "what is new waits in the ledger");
    post.take();
    post.is_back();
    world.pass(TimeDelta::seconds(31));
    while world.told().await > 0 {}
    let told: Vec<RecordId> = post.take().iter().map(|notice| notice.record).collect();
    assert_eq!(told.iter().copied().collect::<HashSet<_>>(), asked);
    assert_eq!(told.len(), asked.len(), "what was taken is not told again");
    assert_eq!(world.undelivered().await, (0, vec![]));
}

/// One that its receiver chokes on holds up no other.
#[tokio::test]
async fn one_that_nobody_takes_holds_up_no_other() {
    let (world, post) = with_contacts(Vec::new()).await;
    let poison = world.approve(sim_to(NEW_SIM)).await;
    post.say(move |notice| {
        if notice.record == poison {
            Err(NotCarried { again: Some(TimeDelta::hours(1)), asked: false })
        } else {
            Ok(())
        }
    });
    for _ in 0..5 {
        world.told().await;
        world.approve(sim_to(NEW_SIM)).await;
    }
    world.told().await;
    assert_eq!(post.take().iter().filter(|notice| notice.record != poison).count(), 5);
    assert_eq!(world.undelivered().await, (1, vec![]));
    // It is given up after three days, is remembered, and can be told again.
    for _ in 0..80 {
        world.pass(TimeDelta::hours(1));
        world.told().await;
    }
    assert_eq!(world.undelivered().await, (0, vec![NoticeEnd::GivenUp]));
    post.take();
    post.is_back();
    assert_eq!(world.replay(admin(), vec![poison]).await.unwrap(), 1);
    world.told().await;
    assert_eq!(post.take().iter().map(|notice| notice.record).collect::<Vec<_>>(), [poison]);
    assert_eq!(world.undelivered().await, (0, vec![]));
}

#[tokio::test]
async fn what_is_refused_is_dead_and_any_record_that_is_told_can_be_told_again() {
    let (world, post) = with_contacts(Vec::new()).await;
    post.say(|_| Err(NotCarried { again: None, asked: false }));
    let record = world.approve(sim_to(NEW_SIM)).await;
    world.told().await;
    assert_eq!(world.undelivered().await, (0, vec![NoticeEnd::Refused]));
    post.is_back();
    post.take();
    for _ in 0..2 {
        assert_eq!(world.replay(admin(), vec![record]).await.unwrap(), 1);
        world.told().await;
    }
    assert_eq!(post.take().iter().map(|notice| notice.record).collect::<Vec<_>>(), [record, record]);
    // Not what is not there, and nothing that nobody is told of.
    let nobody = RecordId::from_u128(record.as_u128() ^ 1);
    let ledger = world.replay(admin(), vec![record, nobody]).await;
    assert!(matches!(ledger, Err(ServiceError::NotFound("record"))), "{ledger:?}");
    assert!(matches!(world.replay(clerk(), vec![record]).await, Err(ServiceError::Forbidden)));
    assert!(matches!(world.replay(admin(), Vec::new()).await, Err(ServiceError::Invalid { field: "record_ids", .. })));
    let created = world.decide(clerk(), world.sim_change(Channel::Care)).await.unwrap().id();
    assert_eq!(world.replay(admin(), vec![created]).await.unwrap(), 1);
}

/// A store that does not keep how far was told, while it is told so, and cannot read one account.
struct Troubled {
    inner: Arc<dyn Store>,
    forgets: AtomicBool,
    damaged: Option<Token>,
}

impl Around for Troubled {
    fn inner(&self) -> &dyn Store {
        &*self.inner
    }

    fn commit(&self, commit: Commit) -> Reply<'_, Result<Position, CommitError>> {
        if commit.records.is_empty() && self.forgets.load(Ordering::Relaxed) {
            let away = StoreError::Unavailable("as it was told".to_owned());
            return Box::pin(async { Err(CommitError::Store(away)) });
        }
        self.inner.commit(commit)
    }

    fn load(&self, load: Load) -> Reply<'_, Result<Loaded, StoreError>> {
        // Its head can be read, so that it is known whose it is.
        if Some(load.account) == self.damaged && load.slots.len() > 1 {
            return Box::pin(async { Err(StoreError::Damaged("as it was told".to_owned())) });
        }
        self.inner.load(load)
    }
}

/// INVARIANT (told-before-kept): what was told and not kept is told again; nothing is kept that was not told.
#[tokio::test]
async fn what_was_told_and_could_not_be_kept_is_told_again() {
    let (world, post) = with_contacts(Vec::new()).await;
    world.pass(TimeDelta::seconds(15));
    let store = Arc::new(Troubled { inner: world.store.clone(), forgets: AtomicBool::new(true), damaged: None });
    let world = world.with_parts(|parts| Parts { store: store.clone(), ..parts });
    world.engine.send_notices_by(post.clone());
    let record = world.approve(sim_to(NEW_SIM)).await;
    assert!(world.engine.tell_notices(holder(2)).await.is_err());
    store.forgets.store(false, Ordering::Relaxed);
    let another = world.engine_over(world.store.clone());
    another.send_notices_by(post.clone());
    world.pass(TimeDelta::seconds(15));
    assert_eq!(another.tell_notices(holder(3)).await.unwrap(), 1);
    assert_eq!(post.take().iter().map(|notice| notice.record).collect::<Vec<_>>(), [record, record]);
}

/// A process that ends and another that begins tell each thing once, and all of it.
#[tokio::test]
async fn a_service_that_begins_again_goes_on_where_it_was() {
    let (world, post) = with_contacts(Vec::new()).await;
    let first = world.approve(sim_to(NEW_SIM)).await;
    world.told().await;
    world.pass(TimeDelta::seconds(1));
    let second = world.approve(sim_to(NEW_SIM)).await;
    let world = world.reopen().await;
    world.engine.send_notices_by(post.clone());
    world.told().await;
    assert_eq!(post.take().iter().map(|notice| notice.record).collect::<Vec<_>>(), [first, second]);
}

/// An account that cannot be read is told of to operators, and keeps nobody else waiting.
#[tokio::test]
async fn an_account_that_cannot_be_read_keeps_nobody_waiting() {
    let (world, post) = with_contacts(Vec::new()).await;
    let mut other = world.seed();
    other.account = AccountId::parse("acct-2").unwrap();
    other.number = AccountNumber::parse("0099").unwrap();
    other.lines[0].id = LineId::parse("line-2").unwrap();
    other.lines[0].msisdn = Msisdn::parse("+12125550188").unwrap();
    other.persons[0].contacts = vec![contact("mail", mail("bob@example.com"))];
    other.pin = None;
    world.create(other).await;
    let damaged = world.approve(sim_to(NEW_SIM)).await;
    let scope = line_of("+12125550188");
    world.decide(clerk(), Question { scope, ..world.sim_change(Channel::Store) }).await.unwrap();
    let damaged_account = Tokens::new(&world.keyring).account(&brand(), &AccountId::parse(ACCOUNT).unwrap());
    let (inner, forgets) = (world.store.clone(), AtomicBool::new(false));
    let store = Arc::new(Troubled { inner, forgets, damaged: Some(damaged_account) });
    let world = world.with_parts(|parts| Parts { store, ..parts });
    world.engine.send_notices_by(post.clone());
    world.pass(TimeDelta::seconds(15));
    world.told().await;
    assert_eq!(places(&post.take()), [[mail("bob@example.com"), sms("+12125550188")]]);
    let book = world.standing().await.book.unwrap();
    let dead: Vec<_> = book.dead.iter().map(|dead| (dead.name.record, dead.end)).collect();
    assert_eq!(dead, [(damaged, NoticeEnd::Unreadable)]);
}
