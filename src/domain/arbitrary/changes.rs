//! Changes that are asked for.

use chrono::TimeDelta;
use proptest::option;
use proptest::prelude::*;

use super::names::{
    account_id, brand, contact_id, dealer_id, eid, iccid, imei, msisdn, person_id, pon, postal_code, reference, spid,
};
use crate::domain::{
    Change, ContactChange, ContactValue, LockHolder, LockSet, OwnerChange, PersonRole, PortOut, ReleaseOpens,
    SimChange, SimChangeCause, SimDelivery, SimTarget,
};

pub(crate) fn change() -> BoxedStrategy<Change> {
    prop_oneof![
        sim().prop_map(Change::Sim),
        port_out().prop_map(Change::PortOut),
        option::of(spid()).prop_map(|gaining_spid| Change::TransferPinIssue { gaining_spid }),
        (lock_set(), lock_holder(), release_opens()).prop_map(|(set, holder, opens)| Change::LockRelease {
            set,
            holder,
            opens
        }),
        Just(Change::PinChange),
        (contact_id(), option::of(contact_value()))
            .prop_map(|(contact, value)| Change::Contact(ContactChange { contact, value })),
        msisdn().prop_map(|target| Change::CallForwarding { target }),
        (".{0,40}", option::of(reference()))
            .prop_map(|(public_key_jwk, model)| Change::DeviceAdd { public_key_jwk, model }),
        owner().prop_map(Change::Owner),
        sim_target().prop_map(|back_to| Change::SwapReport { back_to }),
    ]
    .boxed()
}

fn release_opens() -> impl Strategy<Value = ReleaseOpens> {
    let only = prop_oneof![port_out().prop_map(Change::PortOut), sim().prop_map(Change::Sim)];
    let window = option::of((0_i64..10_000_000).prop_map(TimeDelta::seconds));
    prop_oneof![only.prop_map(|change| ReleaseOpens::Only(Box::new(change))), window.prop_map(ReleaseOpens::Window)]
}

fn sim() -> impl Strategy<Value = SimChange> {
    let causes = [
        SimChangeCause::Upgrade,
        SimChangeCause::Lost,
        SimChangeCause::Stolen,
        SimChangeCause::Damaged,
        SimChangeCause::Revert,
        SimChangeCause::SecondSim,
        SimChangeCause::Broken,
    ];
    let delivery = option::of(prop::sample::select(vec![SimDelivery::InHand, SimDelivery::Shipped]));
    (sim_target(), option::of(imei()), prop::sample::select(causes.to_vec()), option::of(iccid()), delivery)
        .prop_map(|(target, imei, cause, old_iccid, delivery)| SimChange { target, imei, cause, old_iccid, delivery })
}

pub(super) fn sim_target() -> impl Strategy<Value = SimTarget> {
    prop_oneof![iccid().prop_map(SimTarget::Iccid), eid().prop_map(SimTarget::Eid)]
}

fn port_out() -> impl Strategy<Value = PortOut> {
    (spid(), option::of(reference()), pon(), option::of(dealer_id()))
        .prop_map(|(gaining_spid, gaining_name, pon, dealer)| PortOut { gaining_spid, gaining_name, pon, dealer })
}

pub(super) fn contact_value() -> impl Strategy<Value = ContactValue> {
    prop_oneof![
        ".{0,40}".prop_map(ContactValue::Email),
        msisdn().prop_map(ContactValue::Sms),
        msisdn().prop_map(ContactValue::Voice),
        postal_code().prop_map(ContactValue::Postal),
    ]
}

fn owner() -> impl Strategy<Value = OwnerChange> {
    prop_oneof![
        (person_id(), person_role()).prop_map(|(person, role)| OwnerChange::Role { person, role }),
        (brand(), account_id()).prop_map(|(brand, account)| OwnerChange::ToAccount { brand, account }),
        Just(OwnerChange::Close),
    ]
}

pub(crate) fn lock_set() -> impl Strategy<Value = LockSet> {
    prop::sample::select(LockSet::ALL.as_slice())
}

pub(crate) fn lock_holder() -> impl Strategy<Value = LockHolder> {
    prop_oneof![Just(LockHolder::Customer), Just(LockHolder::Carrier)]
}

pub(super) fn person_role() -> impl Strategy<Value = PersonRole> {
    prop_oneof![Just(PersonRole::Owner), Just(PersonRole::AuthorisedUser), Just(PersonRole::LineUser)]
}
