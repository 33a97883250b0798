//! A device that was added: its account's people are told while it waits to be known, and any no removes it (P24).

use chrono::TimeDelta;
use portcullis::domain::{AccountId, Channel, DeviceId, Evidence, Lock, LockHolder, LockSet, RecordId};
use portcullis::service::{Completion, NoticeKind, Scope, authorise};
use portcullis::store::Vault;

use crate::attacks::{a_new_key, opened};
use crate::notices::{holder, kinds, with_mail};
use crate::world::{ACCOUNT, World, customer, interaction};

impl World {
    /// A key that was let in as it should be, and the records of its approval and of its redemption.
    async fn with_new_key(&self) -> (RecordId, RecordId) {
        let change = a_new_key();
        let question = self.approved(self.question(change.clone(), Channel::App));
        let asked = self.decide(customer(), question).await.unwrap();
        self.redeem(customer(), asked.permit.as_ref().unwrap(), change).await.unwrap();
        (asked.id(), self.newest().await)
    }

    /// Whether the engine still has that device.
    async fn has_device(&self, redemption: RecordId) -> bool {
        let id = DeviceId::parse(&redemption.to_string()).unwrap();
        let vault = Vault::new(self.store.clone(), &self.keyring);
        opened(self, &vault, ACCOUNT).await.account().unwrap().device(&id).is_some()
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
    let completed = world.engine.complete_decision(authorise(customer()).unwrap(), completion).await.unwrap();
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
