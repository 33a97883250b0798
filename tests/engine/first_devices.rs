//! Who has no app that is known: what they add, and what they are sent instead of being shown it.

use std::sync::Arc;

use chrono::TimeDelta;
use portcullis::domain::{
    Change, Channel, ContactId, ContactValue, DeviceId, Evidence, Factor, LineId, OutcomeKind, Person, PersonId,
    PersonRole, Requester,
};
use portcullis::service::{CodeKind, Completion, Question, Sending, authorise};
use portcullis::store::Vault;

use crate::attacks::{a_new_key, opened};
use crate::challenges::{by_pin, outcome};
use crate::codes::{MAIL, Mailbox, by_code, contact, with_mail};
use crate::world::{ACCOUNT, LINE, PIN, World, carrier, customer, interaction};

/// P24: who has no app yet adds one by two classes, and it is known a week later.
#[tokio::test]
async fn two_classes_let_the_first_app_in_and_nobody_vouches_for_it() {
    let (world, mailbox) = (World::new(), Arc::new(Mailbox::default()));
    let mut seed = world.seed();
    seed.persons[0].contacts =
        vec![contact("mail", ContactValue::Email(MAIL.to_owned()), world.now() - TimeDelta::days(900))];
    seed.devices.clear();
    world.create(seed).await;
    world.engine.send_codes_by(mailbox.clone());
    let (change, who) = (a_new_key(), || Requester { device: None, ..customer() });
    let asked = world.decide(who(), world.question(change.clone(), Channel::App)).await.unwrap();
    world.send_code(who(), asked.id()).await.unwrap();
    let both = Evidence { account_pin: by_pin(PIN).account_pin, ..by_code(&mailbox.last().digits) };
    let completion = Completion { interaction: interaction(Channel::App), ..world.completion(asked.id(), both) };
    let completed = world.engine.complete_decision(authorise(who()).unwrap(), completion).await.unwrap().answer;
    assert_eq!(completed.decided().unwrap().accepted, [Factor::AccountPin, Factor::OneTimeCode]);
    world.redeem(who(), completed.permit.as_ref().unwrap(), change).await.unwrap();
    let vault = Vault::new(world.store.clone(), &world.keyring);
    let open = opened(&world, &vault, ACCOUNT).await;
    assert_eq!(open.account().unwrap().devices.iter().map(|device| device.vouched).collect::<Vec<_>>(), [false]);
}

/// A line's transfer PIN that is asked on a device which is not known waits for the customer, and is not shown there: it goes to a
/// contact that a code could go to, and to one alone.
#[tokio::test]
async fn a_transfer_pin_that_is_not_shown_is_sent() {
    for (age, expected) in [(900, Some(MAIL)), (10, None), (1, None)] {
        let (world, mailbox) = (World::new(), Arc::new(Mailbox::default()));
        let mut seed = world.seed();
        let mail = ContactValue::Email(MAIL.to_owned());
        seed.persons[0].contacts = vec![contact("mail", mail, world.now() - TimeDelta::days(age))];
        world.create(seed).await;
        world.change_contact("mail", Some(ContactValue::Email(MAIL.to_owned()))).await;
        world.pass(TimeDelta::days(age));
        world.engine.send_codes_by(mailbox.clone());
        let elsewhere = || Requester { device: DeviceId::parse("laptop").ok(), ..customer() };
        let ask = |evidence| {
            let change = Change::TransferPinIssue { gaining_spid: None };
            Question { evidence, ..world.question(change, Channel::Web) }
        };
        let who = authorise(elsewhere()).unwrap();
        let (asked, issued) = world.engine.issue_transfer_pin(who, ask(by_pin(PIN))).await.unwrap();
        assert_eq!((outcome(&asked), issued.is_none()), (OutcomeKind::Challenge, true));
        assert_eq!(world.waiting().await[0].pending.decision, asked.id());
        world.approve_in_app(asked.id()).await.unwrap();
        let completion = world.completion(asked.id(), Evidence::default());
        let completion = Completion { interaction: interaction(Channel::Web), ..completion };
        let complete =
            async || world.engine.complete_decision(authorise(elsewhere()).unwrap(), completion.clone()).await.unwrap();
        let issued = complete().await.issued.expect("it is issued");
        assert!(issued.value.is_none(), "it is not shown");
        assert_eq!(issued.sent_to.map(|to| to.value), expected.map(|to| ContactValue::Email(to.to_owned())), "{age}");
        assert_eq!(mailbox.len(), usize::from(expected.is_some()));
        let again = complete().await.issued.expect("it was issued");
        assert!(again.value.is_none() && again.sent_to.is_none() && again.status.id == issued.status.id);
        assert_eq!(mailbox.len(), usize::from(expected.is_some()), "nothing is sent twice");
        if expected.is_some() {
            let sent = mailbox.last();
            assert_eq!((sent.kind, sent.expires_at), (CodeKind::TransferPin, issued.status.expires_at));
            assert_eq!(
                outcome(&world.decide(carrier(), world.port_with(&sent.digits)).await.unwrap()),
                OutcomeKind::Challenge
            );
        }
    }
}

/// On a known device it is shown, and nothing is sent.
#[tokio::test]
async fn a_transfer_pin_that_is_shown_is_not_sent() {
    let (world, mailbox) = with_mail().await;
    let change = Change::TransferPinIssue { gaining_spid: None };
    let question = world.approved(world.question(change, Channel::App));
    let (_, issued) = world.engine.issue_transfer_pin(authorise(customer()).unwrap(), question).await.unwrap();
    let issued = issued.unwrap();
    assert!(issued.value.is_some() && issued.sent_to.is_none() && mailbox.len() == 0);
}

/// It goes to who proved that they asked: to the contact whose code it was, though that counts beside the PIN alone; and never to
/// somebody else of the account before the asker's own.
#[tokio::test]
async fn a_transfer_pin_goes_to_who_proved_that_they_asked() {
    for by_code_too in [true, false] {
        let (world, mailbox) = (World::new(), Arc::new(Mailbox::default()));
        let mut seed = world.seed();
        let long_ago = world.now() - TimeDelta::days(900);
        seed.persons[0].contacts = vec![contact("mail", ContactValue::Email(MAIL.to_owned()), long_ago)];
        let bob = Person {
            id: PersonId::parse("bob").unwrap(),
            role: PersonRole::AuthorisedUser,
            contacts: vec![contact("bob", ContactValue::Email("bob@example.com".to_owned()), long_ago)],
            lines: vec![LineId::parse(LINE).unwrap()],
            ..seed.persons[0].clone()
        };
        seed.persons.insert(0, bob);
        world.create(seed).await;
        if by_code_too {
            world.change_contact("mail", Some(ContactValue::Email(MAIL.to_owned()))).await;
            world.pass(TimeDelta::days(10));
        }
        world.engine.send_codes_by(mailbox.clone());
        let elsewhere = || Requester { device: DeviceId::parse("laptop").ok(), ..customer() };
        let question = Question {
            evidence: by_pin(PIN),
            ..world.question(Change::TransferPinIssue { gaining_spid: None }, Channel::Web)
        };
        let (asked, _) = world.engine.issue_transfer_pin(authorise(elsewhere()).unwrap(), question).await.unwrap();
        let evidence = if by_code_too {
            let mail = ContactId::parse("mail").unwrap();
            let sending = Sending { contact: Some(mail), ..world.sending(asked.id()) };
            world.engine.send_code(authorise(elsewhere()).unwrap(), sending).await.unwrap();
            Evidence { account_pin: by_pin(PIN).account_pin, ..by_code(&mailbox.last().digits) }
        } else {
            world.approve_in_app(asked.id()).await.unwrap();
            Evidence::default()
        };
        let completion = world.completion(asked.id(), evidence);
        let completion = Completion { interaction: interaction(Channel::Web), ..completion };
        let completed = world.engine.complete_decision(authorise(elsewhere()).unwrap(), completion).await.unwrap();
        assert_eq!(outcome(&completed.answer), OutcomeKind::Approve);
        let sent_to = completed.issued.unwrap().sent_to.map(|to| to.id.as_str().to_owned());
        assert_eq!(sent_to.as_deref(), Some("mail"), "{by_code_too}");
    }
}
