//! Which secrets are looked at: nothing that a certain refusal makes idle, and everything else alike.

use chrono::TimeDelta;

use super::world::{Ask, Asked, FROM_HOME, World, hours_ago, minutes_ago, now, policy_with, transfer_pin_issue};
use crate::domain::{HolderName, LockSet, Mode, PinCheck, TransferPinCheck};
use crate::policy::{Admission, PinAdmission, Policy};

const NOTHING: Admission = Admission::NOTHING;
const BOTH: Admission = Admission { account_pin: PinAdmission::Admit, transfer_pin: true, code: false };

fn port() -> Ask {
    Ask::carrier().right_pin().right_transfer_pin()
}

fn with_name(name: &'static str) -> impl FnOnce(&mut Asked) {
    move |request| request.claims.holder_name = Some(HolderName::parse(name).unwrap())
}

#[test]
fn secrets_are_looked_at_when_something_may_rest_on_them() {
    let world = World::new().transfer_pin(hours_ago(1), FROM_HOME);
    assert_eq!(world.admit(&port()), BOTH);
    assert_eq!(world.admit(&Ask::carrier()), NOTHING);
    assert_eq!(world.admit(&Ask::clerk().right_pin()).account_pin, PinAdmission::Admit);
    // A transfer PIN is for ports alone.
    let elsewhere = Ask::owner().transfer_pin(TransferPinCheck::NotAdmitted).change(transfer_pin_issue());
    assert!(!world.admit(&elsewhere).transfer_pin);
}

#[test]
fn a_wrong_port_field_comes_first() {
    let world = World::new();
    let unnamed = port().with(|request| request.claims.account_number = None);
    assert_eq!(world.admit(&port().account_number("9")), NOTHING);
    assert_eq!(world.admit(&unnamed), NOTHING);
    assert_eq!(world.admit(&port().postal_code("10001")), NOTHING);
    assert_eq!(world.admit(&port().with(with_name("Someone Else"))), NOTHING);
    assert_eq!(world.admit(&port().postal_code("84073").with(with_name("Ann OHara"))), BOTH);
    // Outside ports a wrong fact refuses nothing for certain.
    assert_eq!(world.admit(&Ask::pad().right_pin().postal_code("10001")).account_pin, PinAdmission::Admit);
    let lenient = world.with(|world| world.policy = policy_with("[port]\naccount_number_required = false"));
    assert_eq!(lenient.admit(&unnamed), BOTH);
}

#[test]
fn a_lock_comes_first() {
    assert_eq!(World::new().locked(LockSet::Sim).admit(&Ask::pad().right_pin()), NOTHING);
    assert_eq!(World::new().locked(LockSet::Port).admit(&port()), NOTHING);
    assert_eq!(World::new().locked(LockSet::Port).admit(&Ask::pad().right_pin()).account_pin, PinAdmission::Admit);
}

#[test]
fn advice_looks_at_nothing() {
    assert_eq!(World::new().admit(&port().with(|request| request.mode = Mode::Advise)), NOTHING);
}

#[test]
fn a_pin_that_is_off_is_not_looked_at() {
    let five = [minutes_ago(9), minutes_ago(8), minutes_ago(7), minutes_ago(6), minutes_ago(5)];
    let until = minutes_ago(5) + TimeDelta::hours(24);
    let world = World::new().failures(&five);
    assert_eq!(world.admit(&Ask::pad().right_pin()).account_pin, PinAdmission::ExhaustedUntil(until));
    // At the very instant it is still off; four failures leave it on.
    let edge: Vec<_> = [4, 3, 2, 1, 0].into_iter().map(|m| hours_ago(24) - TimeDelta::minutes(m)).collect();
    assert_eq!(
        World::new().failures(&edge).admit(&Ask::pad().right_pin()).account_pin,
        PinAdmission::ExhaustedUntil(now())
    );
    assert_eq!(World::new().failures(&five[1..]).admit(&Ask::pad().right_pin()).account_pin, PinAdmission::Admit);
    // What is admitted is what counts: the failing fifth is told that the PIN is off.
    let fifth = World::new().failures(&five[1..]).decide(&Ask::pad().pin(PinCheck::Mismatched));
    assert_eq!(fifth.reasons[0].reason, crate::domain::Reason::PinAttemptsExhausted);
    assert_eq!(Policy::us_default().pin.failures_exhausted, 5);
}

#[test]
fn an_unknown_line_costs_what_a_known_one_costs() {
    let (known, unknown) = (World::new(), World::unknown());
    for ask in [Ask::pad().right_pin(), Ask::clerk().right_pin(), port().account_number("9"), Ask::carrier()] {
        assert_eq!(unknown.admit(&ask), known.admit(&ask));
    }
    let unnamed = port().with(|request| request.claims.account_number = None);
    assert_eq!(unknown.admit(&unnamed), known.admit(&unnamed));
}
