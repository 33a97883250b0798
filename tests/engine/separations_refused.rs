//! What separates no line, and what a separation does not open.

use chrono::TimeDelta;
use portcullis::domain::{
    AccountId, Brand, Channel, ContactValue, DocumentReference, DocumentScan, Happening, HoldKind, HolderName, Msisdn,
    OutcomeKind, Recorded, Requester, Role, SeparationReference, SeparationStanding,
};
use portcullis::service::{
    Body, LineName, LineRef, Proposal, Refusal, Scope, Seed, SeenSeparation, ServiceError, ToldBySource, authorise,
};

use crate::challenges::outcome;
use crate::notices::mail;
use crate::separations::{
    Home, OTHER_NUMBER, OWNERS_MAIL, ann, bob, care, other_line, refusal, seed, seen, survivor, under,
};
use crate::world::{ACCOUNT, NEW_SIM, NUMBER, World, carrier, customer, line_ref, requester, sim_to};

/// Somebody who is wronged by a separation says so on their own account, and it stops at once; so does who is held.
#[tokio::test]
async fn a_report_of_fraud_and_a_hold_stop_it() {
    let home = Home::new().await;
    let (_, reference) = home.separated().await;
    assert_eq!(outcome(&home.ask(care(), under(&reference)).await.unwrap()), OutcomeKind::Challenge);
    let held = crate::incidents::target(HoldKind::Staff, "desk|bob");
    crate::incidents::place(&home.world, &held).await;
    assert_eq!(refusal(home.ask(care(), under(&reference)).await), Refusal::SeparationRefused);
    let home = Home::new().await;
    let (_, reference) = home.separated().await;
    let what = Happening::Recorded(Recorded::FraudReported { decision: None });
    let told = ToldBySource {
        event: home.world.request_id(),
        body: Body(b"fraud".to_vec()),
        scope: Scope::Line(line_ref()),
        what,
        occurred_at: home.world.now(),
    };
    home.engine().record_event(authorise(ann()).unwrap(), told).await.unwrap();
    assert_eq!(refusal(home.ask(care(), under(&reference)).await), Refusal::SeparationRefused);
}

#[tokio::test]
async fn it_takes_two_trained_people_who_saw_the_same_document() {
    let home = Home::new().await;
    let stranger = requester(Role::FraudOps, "desk|cal");
    assert!(matches!(home.propose(stranger.clone()).await, Err(ServiceError::Forbidden)));
    let proposed = home.propose(ann()).await.unwrap();
    assert_eq!((proposed.standing, &proposed.reference), (SeparationStanding::Proposed, &None));
    let id = proposed.account.clone();
    assert!(matches!(home.agree(stranger, &id).await, Err(ServiceError::Forbidden)));
    assert_eq!(refusal(home.agree(ann(), &id).await), Refusal::SecondPersonNeeded);
    // Each says what they saw, and is told nothing of what the other did.
    let other_document = DocumentReference::parse("scan-4712").unwrap();
    for (field, other) in [
        ("lines", SeenSeparation { lines: vec![other_line()], ..seen() }),
        ("lines", SeenSeparation { lines: vec![line_ref(), other_line()], ..seen() }),
        ("contact", SeenSeparation { contact: mail("accomplice@example.org"), ..seen() }),
        (
            "document.reference",
            SeenSeparation { document: DocumentScan { reference: other_document, ..seen().document }, ..seen() },
        ),
        (
            "document.holder_name",
            SeenSeparation {
                document: DocumentScan { holder: HolderName::parse("Ann Doe").unwrap(), ..seen().document },
                ..seen()
            },
        ),
    ] {
        match home.agree_having_seen(bob(), &id, other).await {
            Err(ServiceError::Invalid { field: named, .. }) => assert_eq!(named, field),
            other => panic!("{field}: {other:?}"),
        }
    }
    let nobodys = AccountId::parse("separated-0190d4f0-7c3e-7a52-9a63-0d1f3c5e7b91").unwrap();
    for name in [&nobodys, &AccountId::parse(ACCOUNT).unwrap()] {
        assert!(matches!(home.agree(bob(), name).await, Err(ServiceError::NotFound("separation"))));
    }
    // Nobody agreed for a day.
    home.world.pass(TimeDelta::hours(24));
    assert_eq!(refusal(home.agree(bob(), &id).await), Refusal::SeparationNotProposed);
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
    let agree = || home.engine().agree_to_separation(authorise(bob()).unwrap(), order.clone(), seen());
    let (once, twice) = (agree().await.unwrap(), agree().await.unwrap());
    assert!(once.reference.is_some() && once.reference == twice.reference);
    assert_eq!(refusal(home.agree(bob(), &first.account).await), Refusal::SeparationNotProposed);
}

/// Whoever shares the account reads what goes there.
#[tokio::test]
async fn no_contact_of_the_account_is_the_survivors() {
    let home = Home::new().await;
    let sms = |number| ContactValue::Sms(Msisdn::parse(number).unwrap());
    let spelt = [mail(OWNERS_MAIL), mail("Owner+x@Example.com"), mail("user@example.com")];
    for taken in spelt.into_iter().chain([sms(NUMBER), sms(OTHER_NUMBER)]) {
        let proposal = Proposal { seen: SeenSeparation { contact: taken, ..seen() }, ..home.proposal() };
        let refused = home.engine().propose_separation(authorise(ann()).unwrap(), proposal).await;
        assert!(matches!(refused, Err(ServiceError::Invalid { field: "contact", .. })), "{refused:?}");
    }
    for lines in [vec![line_ref(), line_ref()], Vec::new()] {
        let refused = home
            .engine()
            .propose_separation(
                authorise(ann()).unwrap(),
                Proposal { seen: SeenSeparation { lines, ..seen() }, ..home.proposal() },
            )
            .await;
        assert!(matches!(refused, Err(ServiceError::Invalid { field: "lines", .. })), "{refused:?}");
    }
    let nobodys = LineRef::named(LineName::Msisdn(Msisdn::parse("+12125550999").unwrap()));
    let proposal = Proposal { seen: SeenSeparation { lines: vec![nobodys], ..seen() }, ..home.proposal() };
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
    let elsewhere = Requester { brand: Brand::parse("other").unwrap(), ..care() };
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

/// One person's word is good for so many a day: a bribed one empties no carrier.
#[tokio::test]
async fn one_person_proposes_and_agrees_to_so_many_a_day() {
    let home = Home::new().await;
    let mut proposed = Vec::new();
    for _ in 0..10 {
        proposed.push(home.propose(ann()).await.unwrap().account);
    }
    assert!(matches!(home.propose(ann()).await, Err(ServiceError::Exhausted { .. })));
    assert!(home.propose(bob()).await.is_ok(), "each has their own");
    let mut wrong = seen();
    wrong.lines = vec![other_line()];
    for _ in 0..20 {
        let tried = home.agree_having_seen(bob(), &proposed[0], wrong.clone()).await;
        assert!(matches!(tried, Err(ServiceError::Invalid { .. })), "{tried:?}");
    }
    assert!(matches!(home.agree(bob(), &proposed[0]).await, Err(ServiceError::Exhausted { .. })));
    home.world.pass(TimeDelta::hours(24));
    let again = home.propose(ann()).await.unwrap().account;
    assert!(home.agree(bob(), &again).await.is_ok(), "for a day");
}
