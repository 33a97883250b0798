//! Account PINs: P3 and P4.

use chrono::TimeDelta;

use super::world::{Ask, FROM_HOME, TICK, World, days_ago, hours_ago, minutes_ago, now};
use crate::domain::{Factor, Level, Outcome, PinCheck, PinOrigin, Reason};
use crate::policy::CutOff;

#[test]
fn an_entered_pin_counts_only_when_the_customer_entered_it() {
    let world = World::new();
    for ask in [Ask::owner(), Ask::pad()] {
        let verdict = world.approves(&ask.right_pin());
        assert_eq!(verdict.accepted, [Factor::AccountPin]);
    }
    for ask in [Ask::clerk(), Ask::care()] {
        world.challenges(&ask.right_pin(), &[Reason::NoCustomerProof]);
    }
}

#[test]
fn a_pin_too_new_or_too_old_is_matched_and_proves_nothing() {
    let ask = || Ask::pad().right_pin();
    World::new().pin_set(hours_ago(24)).approves(&ask());
    World::new().pin_set(hours_ago(24) + TICK).challenges(&ask(), &[Reason::PinTooNew]);
    let dormant = World::new().pin_set(days_ago(1095));
    dormant.challenges(&ask(), &[Reason::PinDormant]);
    let verdict = dormant.approves(&ask().app("ann-phone"));
    assert_eq!(verdict.accepted, [Factor::AccountPin, Factor::AppApproval]);
    World::new().pin_set(days_ago(1095) + TICK).approves(&ask());
    let breached = World::new().with(|world| {
        world.policy.pin.cutoffs.push(CutOff { instant: days_ago(200), brand: None });
    });
    breached.challenges(&ask(), &[Reason::PinBeforeBreach]);
    let by_carrier = World::new().with(|world| world.credentials.pin.as_mut().unwrap().origin = PinOrigin::Carrier);
    by_carrier.challenges(&ask(), &[Reason::PinIsDefault]);
    // None of it stands in the way of the app.
    for world in [World::new().pin_set(now()), breached, by_carrier] {
        assert_eq!(world.approves(&ask().app("ann-phone")).accepted, [Factor::AppApproval]);
    }
}

#[test]
fn a_pin_that_was_never_set_is_answered_like_a_wrong_one() {
    let world = World::new();
    let wrong = world.challenges(&Ask::pad().wrong_pin(), &[Reason::PinMismatch]);
    let not_set = World::new().without_pin().challenges(&Ask::pad().pin(PinCheck::NotSet), &[Reason::PinMismatch]);
    assert_eq!(wrong, not_set);
}

#[test]
fn a_pin_that_was_not_looked_at_proves_nothing() {
    let world = World::new();
    world.challenges(&Ask::pad().pin(PinCheck::Shed), &[Reason::PinNotChecked]);
    world.approves(&Ask::pad().pin(PinCheck::Shed).app("ann-phone"));
    world.challenges(&Ask::pad().pin(PinCheck::NotAdmitted), &[Reason::NoCustomerProof]);
}

#[test]
fn three_failures_in_a_day_need_possession() {
    let two = [hours_ago(24), hours_ago(1)];
    let world = World::new().failures(&two);
    world.challenges(&Ask::pad().wrong_pin(), &[Reason::PinAttemptsMany, Reason::PinMismatch]);
    world.approves(&Ask::pad().right_pin());
    let three = [hours_ago(24), hours_ago(1), hours_ago(1)];
    let verdict = World::new().failures(&three).challenges(&Ask::pad().right_pin(), &[Reason::PinAttemptsMany]);
    assert_eq!((verdict.required, verdict.score), (Level::TwoClasses, 20));
    World::new().failures(&three).approves(&Ask::pad().app("ann-phone"));
    let older = [hours_ago(24) - TICK, hours_ago(1), hours_ago(1)];
    World::new().failures(&older).approves(&Ask::pad().right_pin());
    // Where there is nothing to possess: no, until there are fewer.
    let verdict = World::new().without_devices().failures(&three).decide(&Ask::pad().right_pin());
    let Outcome::Deny(denial) = verdict.outcome else { panic!("not denied") };
    assert_eq!(denial.retry_at, Some(now() + TimeDelta::milliseconds(1)));
}

#[test]
fn the_fifth_failure_turns_the_pin_off_and_nothing_else() {
    let four = [minutes_ago(9), minutes_ago(8), minutes_ago(7), minutes_ago(6)];
    let verdict = World::new().failures(&four).denies(&Ask::owner().wrong_pin(), &[Reason::PinAttemptsExhausted]);
    let Outcome::Deny(denial) = verdict.outcome else { panic!("not denied") };
    assert_eq!(denial.still_works, [Factor::AppApproval]);
    assert_eq!(denial.retry_at, Some(now() + TimeDelta::hours(24) + TimeDelta::milliseconds(1)));
    let five = [minutes_ago(9), minutes_ago(8), minutes_ago(7), minutes_ago(6), minutes_ago(5)];
    let burnt = World::new().failures(&five);
    let until = minutes_ago(5) + TimeDelta::hours(24);
    burnt.denies(&Ask::pad().pin(PinCheck::Exhausted { until }), &[Reason::PinAttemptsExhausted]);
    // Even a match that slipped through proves nothing now.
    burnt.denies(&Ask::pad().right_pin(), &[Reason::PinAttemptsExhausted]);
    // E19: the owner's app request is served, and one without a PIN is asked for more.
    burnt.approves(&Ask::owner().app("ann-phone"));
    burnt.approves(&Ask::owner().pin(PinCheck::Exhausted { until }).app("ann-phone"));
    burnt.challenges(&Ask::owner(), &[Reason::PinAttemptsMany, Reason::NoCustomerProof]);
    // In a port it does not rest on the PIN.
    let port = burnt.transfer_pin(hours_ago(2), FROM_HOME);
    port.challenges(&Ask::carrier().right_transfer_pin(), &[Reason::PinAttemptsMany]);
}

#[test]
fn a_right_pin_after_wrong_ones_does_not_erase_them() {
    let three = [minutes_ago(3), minutes_ago(2), minutes_ago(1)];
    let mut world = World::new().failures(&three);
    world.credentials.pin.as_mut().unwrap().verified_at = Some(now());
    world.challenges(&Ask::pad().right_pin(), &[Reason::PinAttemptsMany]);
}
