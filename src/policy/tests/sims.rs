//! SIM changes: P6, P9, P11, P12, P13, P19, P21 and the ordinary days.

use chrono::{DateTime, TimeDelta, Utc};

use super::world::{Ask, TICK, World, days_ago, hours_ago, iccid, minutes_ago, now, sim_change};
use crate::domain::{
    Action, AppCheck, Change, Channel, ContactKind, Factor, FactorOption, Flags, Level, LineStatus, ObservedSignal,
    Outcome, Reason, Reset, ResetKind, SignalKind, SimChangeCause, SimDelivery, Usability,
};
use crate::policy::{RequiredSignal, SignalName};

fn reset(at: DateTime<Utc>, kind: ResetKind) -> Reset {
    Reset { at, kind, via: Channel::Web, mailbox: None }
}

fn observed(kind: SignalKind) -> ObservedSignal {
    ObservedSignal { kind, source: None, observed_at: None }
}

#[test]
fn ordinary_days_are_approved() {
    let world = World::new();
    // L01, L02, L05, L14.
    let verdict = world.approves(&Ask::owner().right_pin());
    assert_eq!((verdict.required, verdict.reasons.len()), (Level::Basic, 0));
    world.approves(&Ask::pad().right_pin());
    world.approves(&Ask::owner().app("ann-phone"));
    world.approves(&Ask::pad().right_pin().because(SimChangeCause::Damaged));
    // L08: two wrong before, known device.
    let after_two = World::new().failures(&[hours_ago(1), hours_ago(1)]);
    let verdict = after_two.approves(&Ask::owner().right_pin());
    assert_eq!(verdict.score, 20);
    // L19: no app.
    World::new().without_devices().approves(&Ask::pad().right_pin());
}

#[test]
fn approvals_hold_from_now_or_from_the_planned_time() {
    let world = World::new();
    let later = now() + TimeDelta::days(2);
    for (planned, from) in [(None, now()), (Some(later), later), (Some(days_ago(1)), now())] {
        let verdict = world.decide(&Ask::owner().right_pin().with(|request| request.plan_time = planned));
        let Outcome::Approve(approval) = verdict.outcome else { panic!("not approved") };
        assert_eq!((approval.not_before, approval.life), (from, world.policy.permit_life));
    }
}

#[test]
fn staff_without_the_customer_are_challenged_whatever_they_type() {
    let world = World::new();
    // A06, A10.
    world.challenges(&Ask::clerk(), &[Reason::NoCustomerProof]);
    world.challenges(&Ask::clerk().right_pin(), &[Reason::NoCustomerProof]);
    world.challenges(&Ask::care().wrong_pin(), &[Reason::PinMismatch, Reason::NoCustomerProof]);
    // A01: facts prove nothing, in any number.
    let facts = Ask::care().wrong_pin().postal_code("84073").account_number("0012345678").with(|request| {
        let worthless = ["birth_date", "payment"].map(|kind| crate::domain::Reference::parse(kind).unwrap());
        request.claims.worthless = worthless.to_vec();
    });
    let third = World::new().failures(&[hours_ago(1), hours_ago(1)]);
    third.challenges(&facts, &[Reason::PinAttemptsMany, Reason::PinMismatch, Reason::NoCustomerProof]);
}

#[test]
fn facts_that_are_given_must_match() {
    let world = World::new();
    world.challenges(&Ask::pad().right_pin().postal_code("10001"), &[Reason::PostalCodeWrong]);
    world.challenges(&Ask::pad().right_pin().account_number("999"), &[Reason::AccountNumberWrong]);
    let stating = |digits: &str| {
        let mut change = sim_change(SimChangeCause::Upgrade);
        if let Change::Sim(sim) = &mut change {
            sim.old_iccid = Some(iccid(digits));
        }
        Ask::pad().right_pin().change(change)
    };
    world.approves(&stating("8901260000000000001"));
    world.denies(&stating("8901260000000000002"), &[Reason::SimNotAsStated]);
}

#[test]
fn a_flag_needs_strong_proof_always() {
    for on_line in [true, false] {
        let world = World::new().with(|world| {
            let flags = if on_line { &mut world.line.flags } else { &mut world.account.flags };
            *flags = Flags { heightened: true, victim: false };
        });
        // A05.
        world.challenges(&Ask::clerk(), &[Reason::Flagged, Reason::NoCustomerProof]);
        world.challenges(&Ask::pad().right_pin(), &[Reason::Flagged]);
        world.approves(&Ask::clerk().app("ann-phone"));
    }
}

#[test]
fn a_phone_that_is_not_at_hand_needs_something_else_at_hand() {
    let world = World::new();
    for cause in [SimChangeCause::Lost, SimChangeCause::Stolen, SimChangeCause::Broken] {
        // L03, A07.
        let with_pin = world.challenges(&Ask::pad().right_pin().because(cause), &[Reason::PhoneNotAtHand]);
        assert_eq!(with_pin.required, Level::TwoClasses);
        let without =
            world.challenges(&Ask::clerk().because(cause), &[Reason::PhoneNotAtHand, Reason::NoCustomerProof]);
        assert_eq!(without.required, Level::Strong);
        world.approves(&Ask::pad().right_pin().app("ann-phone").because(cause));
    }
}

#[test]
fn a_phone_said_to_be_broken_was_not_on_the_network_minutes_ago() {
    let attached = |at| World::new().with(|world| world.line.attached_at = Some(at));
    let broken = |ask: Ask| ask.because(SimChangeCause::Broken);
    for at in [now(), minutes_ago(10), now() + TICK] {
        // A07.
        let verdict = attached(at).denies(&broken(Ask::clerk()), &[Reason::PhoneAttached]);
        let Outcome::Deny(denial) = verdict.outcome else { panic!("not denied") };
        assert_eq!(denial.retry_at, Some(at + TimeDelta::minutes(10) + TimeDelta::milliseconds(1)));
        let reasons = [Reason::PhoneAttached, Reason::PhoneNotAtHand];
        let verdict = attached(at).challenges(&broken(Ask::pad().right_pin()), &reasons);
        assert_eq!(verdict.required, Level::Strong);
        attached(at).approves(&broken(Ask::pad().app("ann-phone")));
    }
    let before = attached(minutes_ago(10) - TICK);
    assert_eq!(
        before.challenges(&broken(Ask::pad().right_pin()), &[Reason::PhoneNotAtHand]).required,
        Level::TwoClasses
    );
    before.challenges(&broken(Ask::clerk()), &[Reason::PhoneNotAtHand, Reason::NoCustomerProof]);
    // Lost or stolen is no contradiction, and nor is a SIM that is damaged.
    for cause in [SimChangeCause::Lost, SimChangeCause::Stolen] {
        let verdict = attached(now()).challenges(&Ask::pad().right_pin().because(cause), &[Reason::PhoneNotAtHand]);
        assert_eq!(verdict.required, Level::TwoClasses);
    }
    attached(now()).approves(&Ask::pad().right_pin().because(SimChangeCause::Damaged));
}

#[test]
fn a_new_device_is_challenged() {
    let world = World::new();
    // A24: a stolen log-in, the PIN even right.
    for device in ["ann-new", "never-seen", "bob-phone"] {
        world.challenges(&Ask::customer("ann", device).right_pin(), &[Reason::NewDevice]);
    }
    world.approves(&Ask::customer("ann", "ann-new").app("ann-phone"));
    world.challenges(&Ask::customer("ann", "ann-new").app("ann-new"), &[Reason::NewDevice, Reason::NoCustomerProof]);
    // Known from exactly the seventh day on.
    let aged = |added_at| World::new().with(|world| world.account.devices[1].added_at = added_at);
    aged(days_ago(7)).approves(&Ask::customer("ann", "ann-new").right_pin());
    aged(days_ago(7) + TICK).challenges(&Ask::customer("ann", "ann-new").right_pin(), &[Reason::NewDevice]);
    let revoked = World::new().with(|world| {
        world.account.devices.truncate(2);
        world.account.devices[0].revoked_at = Some(days_ago(1));
    });
    let verdict = revoked.denies(&Ask::owner().right_pin(), &[Reason::NoUsableFactor, Reason::NewDevice]);
    let Outcome::Deny(denial) = verdict.outcome else { panic!("not denied") };
    assert_eq!(denial.retry_at, Some(days_ago(1) + TimeDelta::days(7)));
}

#[test]
fn a_second_sim_change_within_72_hours_is_challenged_going_back_included() {
    let changed = |at: DateTime<Utc>| World::new().with(|world| world.line.sim_changes.push(at.into()));
    for cause in [SimChangeCause::Upgrade, SimChangeCause::Revert] {
        changed(hours_ago(72)).challenges(&Ask::pad().right_pin().because(cause), &[Reason::SimChangedRecently]);
        changed(hours_ago(72)).approves(&Ask::pad().app("ann-phone").because(cause));
        changed(hours_ago(72) - TICK).approves(&Ask::pad().right_pin().because(cause));
    }
}

#[test]
fn resets_hold_sim_changes_for_a_day() {
    let world = |resets: &[Reset]| World::new().with(|world| world.account.resets = resets.to_vec());
    let contact = |at| reset(at, ResetKind::Contact);
    // A21: one is a challenge, two are a refusal.
    world(&[contact(hours_ago(24))]).challenges(&Ask::pad().right_pin(), &[Reason::ResetRecently]);
    world(&[contact(hours_ago(24) - TICK)]).approves(&Ask::pad().right_pin());
    world(&[contact(hours_ago(1))]).approves(&Ask::pad().app("ann-phone"));
    let two = world(&[reset(hours_ago(3), ResetKind::Pin), contact(hours_ago(1))]);
    let verdict = two.denies(&Ask::pad().right_pin(), &[Reason::ResetRecently]);
    let Outcome::Deny(denial) = verdict.outcome else { panic!("not denied") };
    assert_eq!(denial.retry_at, Some(hours_ago(3) + TimeDelta::hours(24) + TimeDelta::milliseconds(1)));
    two.approves(&Ask::pad().app("ann-phone"));
    // An app key that is not older than both does not do.
    let mut short = two.with(|world| world.policy.device.known_after = TimeDelta::minutes(30));
    short.account.devices[1].added_at = hours_ago(2);
    short.denies(&Ask::pad().app("ann-new"), &[Reason::ResetRecently]);
    // A21 in full: the PIN just reset, by chat, phone in water.
    let reset_pin =
        World::new().pin_set(hours_ago(0)).with(|world| world.account.resets = vec![reset(now(), ResetKind::Pin)]);
    let reasons = [Reason::PhoneNotAtHand, Reason::ResetRecently, Reason::NoCustomerProof];
    reset_pin.challenges(&Ask::care().because(SimChangeCause::Broken), &reasons);
}

#[test]
fn a_sim_is_shipped_to_no_address_that_changed_within_30_days_without_more_proof() {
    let changed = |kind, at| World::new().with(|world| world.credentials.history.contacts_changed.note(kind, at));
    let ask = |delivery| {
        let mut change = sim_change(SimChangeCause::Upgrade);
        if let Change::Sim(sim) = &mut change {
            sim.delivery = delivery;
        }
        Ask::owner().right_pin().change(change)
    };
    let shipped = ask(Some(SimDelivery::Shipped));
    // L16.
    let reasons = [Reason::ContactChangedRecently];
    for kind in [Some(ContactKind::Postal), None] {
        changed(kind, days_ago(30)).challenges(&shipped, &reasons);
        changed(kind, days_ago(30) - TICK).approves(&shipped);
    }
    changed(Some(ContactKind::Postal), days_ago(1)).approves(&shipped.clone().app("ann-phone"));
    for kind in [ContactKind::Email, ContactKind::Sms, ContactKind::Voice] {
        changed(Some(kind), days_ago(1)).approves(&shipped);
    }
    World::new().approves(&shipped);
    for in_hand in [None, Some(SimDelivery::InHand)] {
        changed(Some(ContactKind::Postal), days_ago(1)).approves(&ask(in_hand));
    }
}

#[test]
fn the_score_raises_and_refuses() {
    let signals = |miles, sold, minutes| {
        [
            observed(SignalKind::DistanceFromHomeMiles(miles)),
            observed(SignalKind::DeviceSale(sold)),
            observed(SignalKind::StoreClosesWithin(TimeDelta::minutes(minutes))),
        ]
    };
    let ask = |miles, sold, minutes| {
        Ask::pad().right_pin().with(|request| request.signals = signals(miles, sold, minutes).to_vec())
    };
    let world = World::new();
    assert_eq!(world.approves(&ask(200, true, 61)).score, 0);
    assert_eq!(world.approves(&ask(200, false, 60)).score, 20);
    assert_eq!(world.challenges(&ask(201, true, 61), &[Reason::ScoreHigh]).score, 40);
    // A08, without the scanned document.
    assert_eq!(world.challenges(&ask(900, false, 20), &[Reason::ScoreHigh]).score, 60);
    let failed = World::new().failures(&[hours_ago(2)]);
    let verdict = failed.challenges(&ask(900, false, 20), &[Reason::ScoreHigh]);
    assert_eq!((verdict.score, verdict.required), (70, Level::Strong));
    let strict = World::new().with(|world| world.policy.thresholds.deny = 60).with(|w| w.policy.thresholds.strong = 60);
    strict.denies(&ask(900, false, 20).app("ann-phone"), &[Reason::ScoreHigh]);
    // Absent signals trigger nothing, and never count as zero where they are required.
    assert_eq!(world.approves(&Ask::pad().right_pin()).score, 0);
}

#[test]
fn without_a_required_signal_nothing_is_approved() {
    let signal = SignalName::DeviceSale;
    let world = World::new().with(|world| {
        world.policy.signals_required =
            vec![RequiredSignal { signal, action: Action::SimChange, channel: Channel::Store }];
    });
    // A36.
    let verdict = world.challenges(&Ask::pad().right_pin(), &[Reason::SignalMissing]);
    assert_eq!(verdict.score, 10, "a required signal that is missing counts as if it were bad");
    world.challenges(&Ask::pad().right_pin().app("ann-phone"), &[Reason::SignalMissing]);
    world.approves(&Ask::owner().right_pin());
    let back = Ask::pad().right_pin().with(|request| request.signals = vec![observed(SignalKind::DeviceSale(true))]);
    world.approves(&back);
}

#[test]
fn lines_that_ended_are_refused_and_barred_ones_may_get_a_new_sim() {
    let world = |status| World::new().with(|world| world.line.status = status);
    for status in [LineStatus::Closed, LineStatus::PortedOut, LineStatus::Moved] {
        world(status).denies(&Ask::pad().right_pin(), &[Reason::LineInactive]);
    }
    world(LineStatus::Suspended).approves(&Ask::pad().right_pin());
}

#[test]
fn the_right_persons_factors_count() {
    let world = World::new();
    world.approves(&Ask::customer("bob", "bob-phone").right_pin());
    world.approves(&Ask::customer("cal", "cal-phone").app("cal-phone"));
    world.approves(&Ask::clerk().app("bob-phone"));
    // Who carries a line does not prove themselves by the account's PIN.
    world.challenges(&Ask::customer("cal", "cal-phone").right_pin(), &[Reason::NoCustomerProof]);
    world.challenges(&Ask::customer("dora", "dora-phone").right_pin(), &[Reason::NoCustomerProof]);
    world.challenges(&Ask::clerk().app("dora-phone"), &[Reason::NoCustomerProof]);
    // A signature by a device that is not on record, or that does not hold.
    world.challenges(&Ask::clerk().app("never-seen"), &[Reason::NoCustomerProof]);
    let mut refused = Ask::clerk().app("ann-phone");
    refused.checks.app = AppCheck::Refused;
    world.challenges(&refused, &[Reason::NoCustomerProof]);
}

#[test]
fn a_challenge_offers_what_is_usable_now() {
    let options = |world: &World, ask: &Ask| match world.decide(ask).outcome {
        Outcome::Challenge(challenge) => challenge.options,
        other => panic!("{other:?}"),
    };
    let usable = |factor| FactorOption { factor, usability: Usability::Usable };
    let owner = options(&World::new(), &Ask::owner());
    assert_eq!(owner, [usable(Factor::AccountPin), usable(Factor::AppApproval)]);
    let too_new = World::new().pin_set(hours_ago(1));
    let until = Usability::NotBefore(hours_ago(1) + TimeDelta::hours(24), Reason::PinTooNew);
    let pin_later = FactorOption { factor: Factor::AccountPin, usability: until };
    assert_eq!(options(&too_new, &Ask::owner().right_pin()), [usable(Factor::AppApproval), pin_later]);
    assert_eq!(
        options(&World::new(), &Ask::pad().right_pin().because(SimChangeCause::Lost)),
        [usable(Factor::AppApproval)]
    );
}

#[test]
fn where_nothing_is_usable_the_answer_is_no_with_the_time_when_something_is() {
    let bare = World::new().without_devices();
    let deny = |world: &World, ask: &Ask, reasons: &[Reason]| match world.denies(ask, reasons).outcome {
        Outcome::Deny(denial) => denial.retry_at,
        _ => None,
    };
    let lost = Ask::pad().right_pin().because(SimChangeCause::Lost);
    assert_eq!(deny(&bare, &lost, &[Reason::NoUsableFactor, Reason::PhoneNotAtHand]), None);
    // Only who has proven something is told so: a PIN from before a breach proves nothing.
    let stale = bare.clone().with(|world| world.breached_until = Some(now()));
    stale.challenges(&lost, &[Reason::PhoneNotAtHand, Reason::PinBeforeBreach]);
    let owner = Ask::owner().right_pin();
    assert_eq!(deny(&bare, &owner, &[Reason::NoUsableFactor, Reason::NewDevice]), None);
    let changed = bare.clone().with(|world| world.line.sim_changes.push(hours_ago(10).into()));
    let after = hours_ago(10) + TimeDelta::hours(72) + TimeDelta::milliseconds(1);
    assert_eq!(
        deny(&changed, &Ask::pad().right_pin(), &[Reason::NoUsableFactor, Reason::SimChangedRecently]),
        Some(after)
    );
}
