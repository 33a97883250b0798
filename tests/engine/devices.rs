//! A device that was added: its account's people are told while it waits to be known, and any no removes it (P24).

use chrono::TimeDelta;
use portcullis::domain::{
    AccountId, Channel, Device, DeviceId, Evidence, Level, Lock, LockHolder, LockSet, OutcomeKind, Person, PersonId,
    PersonRole, RecordId, Requester, Role,
};
use portcullis::service::{Body, Completion, NoticeKind, Refusal, Scope, ServiceError, TakingBack, authorise};
use portcullis::store::Vault;

use crate::attacks::{a_new_key, opened};
use crate::challenges::outcome;
use crate::disputes::over;
use crate::notices::{holder, kinds, with_mail};
use crate::world::{ACCOUNT, World, customer, interaction, ivr, requester};

impl World {
    /// A key that was let in as it should be, and the records of its approval and of its redemption.
    async fn with_new_key(&self) -> (RecordId, RecordId) {
        let change = a_new_key();
        let question = self.approved(self.question(change.clone(), Channel::App));
        let asked = self.decide(customer(), question).await.unwrap();
        self.redeem(customer(), asked.permit.as_ref().unwrap(), change).await.unwrap();
        (asked.id(), self.newest().await)
    }

    /// The device that was added, while it is on the account.
    async fn device(&self, redemption: RecordId) -> Option<Device> {
        let id = DeviceId::parse(&redemption.to_string()).unwrap();
        let vault = Vault::new(self.store.clone(), &self.keyring);
        opened(self, &vault, ACCOUNT).await.account().unwrap().device(&id).cloned()
    }

    /// Whether the engine still has that device.
    async fn has_device(&self, redemption: RecordId) -> bool {
        self.device(redemption).await.is_some()
    }

    pub(crate) async fn revoke(&self, who: Requester, device: &str) -> Result<(), ServiceError> {
        let (request_id, account) = (self.request_id(), AccountId::parse(ACCOUNT).unwrap());
        let (body, id) = (Body(request_id.to_bytes().to_vec()), DeviceId::parse(device).unwrap());
        let taking = TakingBack { request_id, body, account, id, channel: Some(Channel::App) };
        self.engine.revoke_device(authorise(who)?, taking).await
    }

    async fn newest(&self) -> RecordId {
        let own = Scope::Account(AccountId::parse(ACCOUNT).unwrap());
        let who = authorise(customer()).unwrap();
        self.engine.list_activity(&who, &own, None, 1).await.unwrap().records[0].record().id
    }
}

/// Who missed the first notice of a new app is told on days 3 and 6, before it is strong, and never again.
#[tokio::test]
async fn of_a_new_app_is_told_while_it_waits() {
    let (world, post) = with_mail().await;
    world.with_new_key().await;
    let mut told = Vec::new();
    for _ in 0..30 {
        world.engine.settle_due(holder(9)).await.unwrap();
        world.told().await;
        told.extend(kinds(&post.take()).into_iter().map(|(kind, _)| kind));
        told.push(NoticeKind::LockOff);
        world.pass(TimeDelta::days(1));
    }
    let days = |wanted| -> Vec<usize> {
        let days = told.split(|kind| *kind == NoticeKind::LockOff).enumerate();
        days.flat_map(|(day, of_day)| of_day.iter().filter(move |kind| **kind == wanted).map(move |_| day)).collect()
    };
    assert_eq!((days(NoticeKind::Approved), days(NoticeKind::DeviceWaits)), (vec![0], vec![3, 6]));
}

/// What is taken away takes no other's reminder with it, however the queue names them.
#[tokio::test]
async fn of_the_second_app_is_told_though_the_first_is_gone() {
    let (world, post) = with_mail().await;
    let (first, _) = world.with_new_key().await;
    world.pass(TimeDelta::days(1));
    world.with_new_key().await;
    world.pass(TimeDelta::days(1));
    world.dispute(customer(), first).await.unwrap();
    world.told().await;
    post.take();
    let mut days = Vec::new();
    for day in 2..12 {
        world.engine.settle_due(holder(9)).await.unwrap();
        world.told().await;
        days.extend(kinds(&post.take()).iter().filter(|(kind, _)| *kind == NoticeKind::DeviceWaits).map(|_| day));
        world.pass(TimeDelta::days(1));
    }
    assert_eq!(days, [4, 7]);
}

/// What was given for a change that was somebody else's is as much a part of it as its approval.
#[tokio::test]
async fn a_no_to_what_was_given_is_a_no_to_the_change() {
    let (world, _) = with_mail().await;
    let change = a_new_key();
    let asked = world.decide(customer(), world.question(change.clone(), Channel::App)).await.unwrap();
    let challenge = asked.id();
    world.approve_in_app(challenge).await.unwrap();
    let given = world.newest().await;
    let completion = world.completion(challenge, Evidence::default());
    let completion = Completion { interaction: interaction(Channel::App), ..completion };
    let completed = world.engine.complete_decision(authorise(customer()).unwrap(), completion).await.unwrap().answer;
    world.redeem(customer(), completed.permit.as_ref().unwrap(), change).await.unwrap();
    let added = world.newest().await;
    assert!(given != challenge && world.has_device(added).await);
    world.dispute(customer(), given).await.unwrap();
    assert!(!world.has_device(added).await);
}

/// Whatever of a new app is disputed, it is gone; one that is known stays, or a thief would take the owner's proof away.
#[tokio::test]
async fn any_no_removes_a_new_app() {
    for days in [0, 3, 6, 8] {
        for which in 0..3 {
            let (world, post) = with_mail().await;
            let (asked, redeemed) = world.with_new_key().await;
            world.pass(TimeDelta::days(days));
            world.engine.settle_due(holder(9)).await.unwrap();
            let disputed = match which {
                0 => asked,
                1 => redeemed,
                // The last word on the account: that it waits, or before that of it its redemption.
                _ => world.newest().await,
            };
            assert!(world.has_device(redeemed).await);
            world.dispute(customer(), disputed).await.unwrap();
            assert_eq!(world.has_device(redeemed).await, days > 7, "day {days}, {which}");
            // A removed app was the whole account's, and so is the lock; a reminder is of the account in any case.
            let account = Scope::Account(AccountId::parse(ACCOUNT).unwrap());
            let locks = world.engine.get_protection(&authorise(customer()).unwrap(), &account, None).await.unwrap();
            let all = locks[0].protection.lock((LockSet::All, LockHolder::Customer)).clone();
            assert_eq!(matches!(all, Lock::On(_)), days < 7 || which == 2, "day {days}, {which}: {all:?}");
            assert!(world.is_locked().await);
            world.told().await;
            let told = kinds(&post.take()).iter().filter(|(kind, _)| *kind == NoticeKind::DeviceRemoved).count();
            assert_eq!(told, usize::from(days < 7));
            // Nothing more is told of what is gone.
            world.pass(TimeDelta::days(7));
            world.engine.settle_due(holder(9)).await.unwrap();
            world.told().await;
            let after = kinds(&post.take());
            let waits = after.iter().filter(|(kind, _)| *kind == NoticeKind::DeviceWaits).count();
            assert_eq!(waits, 0, "day {days}, {which}: {after:?}");
        }
    }
}

/// Whoever is told of a new app takes it off with the code of what they were told, with no sign-in, for as long as it is told of; and
/// once only.
#[tokio::test]
async fn the_code_of_what_tells_of_a_new_app_takes_it_off() {
    for (days, of) in [
        (0, NoticeKind::Approved),
        (2, NoticeKind::Approved),
        (3, NoticeKind::DeviceWaits),
        (6, NoticeKind::DeviceWaits),
    ] {
        let (world, post) = with_mail().await;
        let (_, redeemed) = world.with_new_key().await;
        world.pass(TimeDelta::days(days));
        world.engine.settle_due(holder(9)).await.unwrap();
        world.told().await;
        let told = post.take();
        let told = told.iter().rfind(|notice| notice.kind == of).expect("it is told");
        let code = told.cancel_code.expect("it has a code");
        world.cancel(ivr(), code).await.unwrap();
        assert!(!world.has_device(redeemed).await, "day {days}");
        assert!(world.is_locked().await);
        assert_eq!(world.alerts().await, 1, "the desk is told");
        assert!(over(world.cancel(ivr(), code).await), "day {days}");
    }
}

/// A code is good for as long as there is something to cancel, and never for what is done or waits for its customer's yes.
#[tokio::test]
async fn a_code_ends_with_what_it_could_cancel() {
    let (world, post) = with_mail().await;
    let (_, redeemed) = world.with_new_key().await;
    world.told().await;
    let code = post.take().iter().find_map(|notice| notice.cancel_code).unwrap();
    world.pass(TimeDelta::days(7));
    assert!(over(world.cancel(ivr(), code).await));
    assert!(world.has_device(redeemed).await && !world.is_locked().await);
    // One that was approved and never added has nothing to take off once its time is over; before, it is taken back.
    for (minutes, is_over) in [(5, false), (11, true)] {
        let (world, post) = with_mail().await;
        let change = a_new_key();
        let asked =
            world.decide(customer(), world.approved(world.question(change.clone(), Channel::App))).await.unwrap();
        world.told().await;
        let code = post.take().iter().find_map(|notice| notice.cancel_code).unwrap();
        world.pass(TimeDelta::minutes(minutes));
        assert_eq!(over(world.cancel(ivr(), code).await), is_over);
        assert_eq!(world.is_locked().await, !is_over);
        assert!(world.redeem(customer(), asked.permit.as_ref().unwrap(), change).await.is_err());
    }
    let (world, post) = with_mail().await;
    world.challenged().await;
    world.decide(customer(), world.approved(world.sim_change(Channel::App))).await.unwrap();
    world.told().await;
    let told = post.take();
    assert!(told.len() > 1 && told.iter().all(|notice| notice.cancel_code.is_none()), "{told:?}");
}

/// A key that a known device let in is known after a day, any other after a week.
#[tokio::test]
async fn what_a_known_device_let_in_is_known_sooner() {
    let (world, _) = with_mail().await;
    let (_, redeemed) = world.with_new_key().await;
    assert_eq!(world.device(redeemed).await.map(|device| device.vouched), Some(true));
}

/// Who may take an app key off: its owner and its account's, a known one on a known device alone; and the desk any.
#[tokio::test]
async fn a_known_app_is_taken_off_by_who_holds_one() {
    let owner = || customer();
    let elsewhere = || Requester { device: Some(DeviceId::parse("laptop").unwrap()), ..customer() };
    let on_the = |device: &str| Requester { device: Some(DeviceId::parse(device).unwrap()), ..customer() };
    let user = |device: &str| Requester {
        person: Some(PersonId::parse("user").unwrap()),
        device: Some(DeviceId::parse(device).unwrap()),
        ..customer()
    };
    let desk = || requester(Role::FraudOps, "desk-1");
    let stranger = || Requester { person: Some(PersonId::parse("nobody").unwrap()), ..customer() };
    #[derive(Debug, PartialEq)]
    enum Came {
        Off,
        Known,
        Forbidden,
    }
    for (who, device, expected) in [
        (owner(), "phone", Came::Off),
        (elsewhere(), "phone", Came::Known),
        (owner(), "tablet", Came::Off),
        (elsewhere(), "tablet", Came::Off),
        (owner(), "users", Came::Off),
        (elsewhere(), "users", Came::Known),
        (user("users"), "users", Came::Off),
        (user("laptop"), "users", Came::Known),
        // Whose word it is counts, not whose phone it is said on.
        (user("phone"), "users", Came::Known),
        (user("users"), "phone", Came::Forbidden),
        (user("users"), "tablet", Came::Forbidden),
        (stranger(), "tablet", Came::Forbidden),
        // A vouched one is known sooner, and as hard to take off; what can be contested itself takes no older one off.
        (elsewhere(), "vouched", Came::Known),
        (owner(), "vouched", Came::Off),
        (on_the("vouched"), "phone", Came::Known),
        (on_the("vouched"), "tablet", Came::Off),
        (on_the("tablet"), "phone", Came::Known),
        (desk(), "phone", Came::Off),
        (desk(), "tablet", Came::Off),
    ] {
        let world = World::new();
        let mut seed = world.seed();
        let phone = seed.devices[0].clone();
        let owner = seed.persons[0].clone();
        let named = PersonId::parse("user").unwrap();
        seed.persons.push(Person { id: named.clone(), role: PersonRole::AuthorisedUser, ..owner });
        let one = |id| Device { id: DeviceId::parse(id).unwrap(), ..phone.clone() };
        seed.devices.push(Device { added_at: world.now() - TimeDelta::days(6), ..one("tablet") });
        seed.devices.push(Device { person: named, ..one("users") });
        let vouched = Device { vouched: true, added_at: world.now() - TimeDelta::days(2), ..one("vouched") };
        seed.devices.push(vouched);
        world.create(seed).await;
        let came = match world.revoke(who.clone(), device).await {
            Ok(()) => Came::Off,
            Err(ServiceError::Refused(Refusal::DeviceKnown)) => Came::Known,
            Err(ServiceError::Forbidden) => Came::Forbidden,
            Err(error) => panic!("{error}"),
        };
        assert_eq!(came, expected, "{:?} {:?} {device}", who.person, who.device);
        let vault = Vault::new(world.store.clone(), &world.keyring);
        let is_there = opened(&world, &vault, ACCOUNT).await.account().unwrap().device(&one(device).id).is_some();
        assert_eq!(is_there, expected != Came::Off);
        if expected == Came::Off {
            let again = world.revoke(desk(), device).await;
            assert!(matches!(again, Err(ServiceError::NotFound("device"))), "{again:?}");
        }
    }
}

/// Without its last app an account asks for as much as with it, for a week: else who takes it away has less to prove.
#[tokio::test]
async fn taking_the_last_app_off_opens_nothing() {
    for (days, level) in [(0, Level::Strong), (6, Level::Strong), (8, Level::TwoClasses)] {
        let (world, _) = with_mail().await;
        world.revoke(requester(Role::FraudOps, "desk-1"), "phone").await.unwrap();
        world.pass(TimeDelta::days(days));
        let answer = world.decide(customer(), world.question(a_new_key(), Channel::App)).await.unwrap();
        assert_eq!(answer.decided().unwrap().required, level, "day {days}");
        // What it signed before is worth nothing.
        let signed = world.decide(customer(), world.approved(world.sim_change(Channel::App))).await.unwrap();
        assert_ne!(outcome(&signed), OutcomeKind::Approve);
    }
}

/// What a device approved does not outlive it on the account.
#[tokio::test]
async fn a_permit_that_a_revoked_app_approved_is_void() {
    let (world, _) = with_mail().await;
    let change = a_new_key();
    let asked = world.decide(customer(), world.approved(world.question(change.clone(), Channel::App))).await.unwrap();
    world.revoke(requester(Role::FraudOps, "desk-1"), "phone").await.unwrap();
    let redeemed = world.redeem(customer(), asked.permit.as_ref().unwrap(), change).await;
    assert!(matches!(redeemed, Err(ServiceError::Refused(Refusal::PermitVoid))), "{redeemed:?}");
}

/// A key that was let in itself a day ago vouches for none, or a thief's would stay when it is said no to.
#[tokio::test]
async fn a_new_app_vouches_for_no_other() {
    for (days, vouched) in [(2, false), (8, true)] {
        let world = World::new();
        let mut seed = world.seed();
        let added_at = world.now() - TimeDelta::days(days);
        seed.devices[0] = Device { vouched: true, added_at, ..seed.devices[0].clone() };
        world.create(seed).await;
        let (_, redeemed) = world.with_new_key().await;
        assert_eq!(world.device(redeemed).await.map(|device| device.vouched), Some(vouched), "{days} days");
    }
}
