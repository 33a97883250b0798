//! Changes of the account itself: PIN, contacts, owner, devices, forwarding; and advice.

use super::world::{Ask, World};
use crate::domain::{
    AccountId, Change, ContactChange, ContactId, DeviceId, Factor, LockSet, Mode, Msisdn, Outcome, OwnerChange,
    PinCheck, Reason, Role, Usability,
};

fn contact_change() -> Change {
    Change::Contact(ContactChange { contact: ContactId::parse("mail").unwrap(), value: None })
}

fn owners_changes() -> [Change; 3] {
    [Change::PinChange, contact_change(), Change::Owner(OwnerChange::Close)]
}

#[test]
fn what_is_the_owners_needs_the_owners_proof() {
    for change in owners_changes() {
        let world = World::new();
        world.approves(&Ask::owner().right_pin().change(change.clone()));
        world.approves(&Ask::pad().right_pin().change(change.clone()));
        // An authorised user may ask; the owner is asked.
        let bob = || Ask::customer("bob", "bob-phone").change(change.clone());
        let verdict = world.challenges(&bob().right_pin(), &[Reason::OwnerOnly]);
        let Outcome::Challenge(challenge) = verdict.outcome else { panic!("not challenged") };
        let offered: Vec<_> = challenge.options.iter().map(|option| (option.factor, option.usability)).collect();
        let pin = (Factor::AccountPin, Usability::Unusable(Reason::OwnerOnly));
        assert_eq!(offered, [(Factor::AppApproval, Usability::Usable), pin]);
        world.challenges(&bob().app("bob-phone"), &[Reason::OwnerOnly]);
        world.approves(&bob().app("ann-phone"));
        world.challenges(
            &Ask::clerk().app("bob-phone").change(change.clone()),
            &[Reason::OwnerOnly, Reason::NoCustomerProof],
        );
        world.challenges(&Ask::customer("ann", "ann-new").right_pin().change(change.clone()), &[Reason::NewDevice]);
    }
}

#[test]
fn a_first_pin_is_proven_by_the_app_and_by_nothing_less() {
    let world = World::new().without_pin();
    world.approves(&Ask::owner().app("ann-phone").change(Change::PinChange));
    // Whoever is signed in, whatever they type: no way round.
    world.challenges(&Ask::owner().change(Change::PinChange), &[Reason::NoCustomerProof]);
    world.challenges(&Ask::owner().pin(PinCheck::NotSet).change(Change::PinChange), &[Reason::PinMismatch]);
    world.challenges(&Ask::clerk().change(Change::PinChange), &[Reason::NoCustomerProof]);
    let bare = world.without_devices();
    let reasons = [Reason::NoUsableFactor, Reason::NewDevice, Reason::NoCustomerProof];
    bare.denies(&Ask::owner().change(Change::PinChange), &reasons);
}

#[test]
fn a_device_is_added_by_a_known_one() {
    let add = Change::DeviceAdd { public_key_jwk: "{}".to_owned(), model: None };
    let world = World::new();
    world.approves(&Ask::owner().app("ann-phone").change(add.clone()));
    world.challenges(&Ask::owner().right_pin().change(add.clone()), &[Reason::ProofTooWeak]);
    let bare = World::new().without_devices();
    bare.denies(&Ask::pad().right_pin().change(add.clone()), &[Reason::NoUsableFactor, Reason::ProofTooWeak]);
    // A rep sees the challenge that anyone's account gives.
    bare.challenges(&Ask::clerk().change(add), &[Reason::ProofTooWeak, Reason::NoCustomerProof]);
}

#[test]
fn forwarding_is_a_change_like_any_other() {
    let forward = Change::CallForwarding { target: Msisdn::parse("+12125550188").unwrap() };
    World::new().approves(&Ask::owner().right_pin().change(forward.clone()));
    World::new().challenges(&Ask::care().change(forward.clone()), &[Reason::NoCustomerProof]);
    World::new().locked(LockSet::All).denies(&Ask::owner().right_pin().change(forward), &[Reason::LockOn]);
}

#[test]
fn a_token_of_another_account_proves_nothing_here() {
    let other = Ask::owner().right_pin().with(|request| {
        request.requester.account = Some(AccountId::parse("acct-2").unwrap());
    });
    World::new().challenges(&other, &[Reason::NoCustomerProof]);
}

#[test]
fn a_businesss_administrator_acts_for_its_lines_and_owns_nothing() {
    let admin = || {
        Ask::owner().right_pin().with(|request| {
            request.requester.role = Role::BusinessAdmin;
            request.requester.person = None;
            request.requester.device = Some(DeviceId::parse("ann-phone").unwrap());
        })
    };
    World::new().approves(&admin());
    World::new().challenges(&admin().change(contact_change()), &[Reason::OwnerOnly]);
}

#[test]
fn advice_takes_no_evidence() {
    let advise = |ask: Ask| ask.with(|request| request.mode = Mode::Advise);
    let world = World::new();
    let verdict = world.challenges(&advise(Ask::owner().right_pin().app("ann-phone")), &[Reason::NoCustomerProof]);
    assert!(verdict.accepted.is_empty());
    world.locked(LockSet::Sim).denies(&advise(Ask::owner().right_pin()), &[Reason::LockOn]);
}
