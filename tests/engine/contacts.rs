//! policy.md P11 and section 3: how old a contact is, by what kind it is, wherever it was changed.

use chrono::TimeDelta;
use portcullis::domain::{
    Change, Channel, ContactChange, ContactId, ContactKind, ContactValue, Happening, Msisdn, PostalCode, Recorded,
};
use portcullis::service::{Body, ToldBySource, authorise};

use crate::world::{World, customer, line_scope, provisioning};

/// How many days ago any contact, an address, a mailbox and a phone last changed, as a decision finds it.
async fn ages(world: &World) -> [Option<i64>; 4] {
    let answer = world.decide(customer(), world.sim_change(Channel::App)).await.unwrap();
    let facts = answer.decided().unwrap().facts.clone();
    let days = |number| facts.iter().find(|(known, _)| *known == number).map(|(_, age)| -age / 86_400_000_000);
    [83, 84, 85, 86].map(days)
}

async fn tell(world: &World, kind: Option<ContactKind>) {
    let contact = ContactId::parse("any").unwrap();
    let what = Recorded::ContactChanged { contact, person: None, via: Channel::Web, kind };
    let event = world.request_id();
    let body = Body(event.to_bytes().to_vec());
    let long_ago = world.now() - TimeDelta::days(20);
    let told =
        ToldBySource { event, body, scope: line_scope(), occurred_at: long_ago, what: Happening::Recorded(what) };
    world.engine.record_event(authorise(provisioning()).unwrap(), told).await.unwrap();
}

async fn change(world: &World, id: &str, value: Option<ContactValue>) {
    let change = Change::Contact(ContactChange { contact: ContactId::parse(id).unwrap(), value });
    let question = world.approved(world.question(change.clone(), Channel::App));
    let answer = world.decide(customer(), question).await.unwrap();
    let permit = answer.permit.clone().unwrap_or_else(|| panic!("no permit: {:?}", answer.decided()));
    world.redeem(customer(), &permit, change).await.unwrap();
}

#[tokio::test]
async fn a_contact_is_as_old_as_the_last_change_of_its_kind_that_was_told() {
    let world = World::populated().await;
    assert_eq!(ages(&world).await, [None; 4], "what an account was opened with did not change");
    tell(&world, Some(ContactKind::Postal)).await;
    world.pass(TimeDelta::days(2));
    tell(&world, Some(ContactKind::Voice)).await;
    world.pass(TimeDelta::days(1));
    assert_eq!(ages(&world).await, [Some(1), Some(3), None, Some(1)], "its age starts when it is told");
    tell(&world, None).await;
    assert_eq!(ages(&world).await, [Some(0); 4], "one of no kind may be any");
}

#[tokio::test]
async fn a_contact_that_was_changed_here_counts_by_what_it_is_and_was() {
    let world = World::populated().await;
    let sms = || Some(ContactValue::Sms(Msisdn::parse("+12125550177").unwrap()));
    change(&world, "one", sms()).await;
    world.pass(TimeDelta::days(8));
    assert_eq!(ages(&world).await, [Some(8), None, None, Some(8)]);
    // A number that becomes an address is a change of both.
    change(&world, "one", Some(ContactValue::Postal(PostalCode::parse("10001").unwrap()))).await;
    world.pass(TimeDelta::days(8));
    assert_eq!(ages(&world).await, [Some(8), Some(8), None, Some(8)]);
    // Taking the address away changes it; it is no number any more.
    change(&world, "one", None).await;
    assert_eq!(ages(&world).await, [Some(0), Some(0), None, Some(8)]);
    world.pass(TimeDelta::days(8));
    change(&world, "nobody-knows", None).await;
    assert_eq!(ages(&world).await, [Some(0); 4], "who knows what it was");
}
