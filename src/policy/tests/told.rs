//! Who is told what, and that a number that is not there looks like one that is.

use super::world::{Ask, FROM_HOME, World, hours_ago, lock_release, now};
use crate::domain::{
    Change, Factor, Flags, Level, LineStatus, LockSet, Outcome, PinCheck, Reason, Role, SimChangeCause,
    TransferPinCheck,
};
use crate::policy::{Audience, Dialect, Outward, WireReply, account_number_matched, message, outward, wire};

fn told(world: &World, ask: &Ask) -> Outward {
    outward(Audience::of(&ask.request.request(), &world.snapshot()), &world.decide(ask))
}

fn wired(world: &World, ask: &Ask, dialect: Dialect) -> WireReply {
    let verdict = world.decide(ask);
    let matched = account_number_matched(&ask.request.request(), &world.snapshot());
    wire(dialect, verdict.outcome.kind(), &verdict.reasons, matched)
}

fn reasons(outward: &Outward) -> Vec<Reason> {
    outward.reasons.iter().map(|given| given.reason).collect()
}

#[test]
fn before_the_account_number_matches_a_carrier_cannot_tell_lines_apart() {
    let ended = World::new().with(|world| world.line.status = LineStatus::Closed);
    let worlds = [
        World::unknown(),
        ended,
        World::new().locked(LockSet::Port),
        World::new(),
        World::new().transfer_pin(hours_ago(1), FROM_HOME),
        World::new().with(|world| world.line.flags = Flags { heightened: true, victim: true }),
    ];
    let unnamed = Ask::carrier().with(|request| request.claims.account_number = None);
    for ask in [Ask::carrier().account_number("9"), unnamed] {
        for ask in [ask.clone(), ask.clone().pin(PinCheck::NotAdmitted).transfer_pin(TransferPinCheck::NotAdmitted)] {
            for dialect in Dialect::ALL {
                let replies: Vec<WireReply> = worlds.iter().map(|world| wired(world, &ask, dialect)).collect();
                assert!(replies.iter().all(|reply| *reply == replies[0]), "{replies:?}");
            }
            let told: Vec<Outward> = worlds.iter().map(|world| told(world, &ask)).collect();
            assert!(told.iter().all(|outward| *outward == told[0]));
        }
    }
    // Not even by the phantom's own number.
    let phantoms = Ask::carrier().account_number("unknown");
    assert!(!account_number_matched(&phantoms.request.request(), &World::unknown().snapshot()));
    let wicis = wired(&World::unknown(), &Ask::carrier(), Dialect::Wicis);
    assert_eq!(wicis.codes, ["8A"]);
}

#[test]
fn after_it_matched_a_carrier_gets_the_code_and_no_more() {
    let locked = World::new().locked(LockSet::Port);
    assert_eq!(wired(&locked, &Ask::carrier(), Dialect::Wicis).codes, ["6P"]);
    let ended = World::new().with(|world| world.line.status = LineStatus::Closed);
    assert_eq!(wired(&ended, &Ask::carrier(), Dialect::Wicis).codes, ["6D"]);
    // A31.
    let wrong = Ask::carrier().transfer_pin(TransferPinCheck::Mismatched);
    assert_eq!(wired(&World::new(), &wrong, Dialect::Wicis).codes, ["8C"]);
    for world in [&locked, &ended, &World::new()] {
        let told = told(world, &wrong);
        assert!(told.reasons.is_empty() && told.next_step.is_empty() && !told.explained);
    }
}

#[test]
fn staff_see_an_unknown_line_as_a_known_one() {
    let (known, unknown) = (World::new(), World::unknown());
    let cases = [
        Ask::clerk(),
        Ask::care(),
        Ask::pad(),
        Ask::clerk().because(SimChangeCause::Lost),
        Ask::care().change(Change::PinChange),
        Ask::care().change(lock_release()),
        Ask::clerk().postal_code("10001"),
    ];
    for ask in cases {
        assert_eq!(told(&known, &ask), told(&unknown, &ask));
    }
    for (wrong, not_set) in [(Ask::clerk(), Ask::clerk()), (Ask::pad(), Ask::pad())] {
        let unknown_told = told(&unknown, &not_set.pin(PinCheck::NotSet));
        assert_eq!(told(&known, &wrong.wrong_pin()), unknown_told);
    }
    // The fifth wrong PIN turns off even a PIN that nobody has.
    let four = [hours_ago(4), hours_ago(3), hours_ago(2), hours_ago(1)];
    let (known_burnt, unknown_burnt) = (World::new().failures(&four), World::unknown().failures(&four));
    let not_set = told(&unknown_burnt, &Ask::clerk().pin(PinCheck::NotSet));
    assert_eq!(told(&known_burnt, &Ask::clerk().wrong_pin()), not_set);
    assert_eq!(reasons(&not_set), [Reason::PinAttemptsExhausted]);
    // With nothing to prove it by, the same again: the challenge lapses.
    let bare = World::new().without_pin().without_devices();
    assert_eq!(told(&bare, &Ask::clerk()), told(&unknown, &Ask::clerk()));
}

#[test]
fn no_evidence_for_an_unknown_line_is_ever_enough() {
    let unknown = World::unknown();
    for ask in [Ask::pad().right_pin(), Ask::owner().right_pin().app("ann-phone"), Ask::clerk().app("ann-phone")] {
        let verdict = unknown.decide(&ask);
        assert!(matches!(verdict.outcome, Outcome::Challenge(_)), "{verdict:?}");
        assert!(verdict.accepted.is_empty());
    }
}

#[test]
fn staff_are_not_told_that_a_pin_they_typed_was_right() {
    let too_new = World::new().pin_set(now());
    assert_eq!(reasons(&told(&too_new, &Ask::clerk().right_pin())), [Reason::NoCustomerProof]);
    assert_eq!(reasons(&told(&too_new, &Ask::pad().right_pin())), [Reason::PinTooNew]);
}

#[test]
fn only_the_owner_is_told_how_a_lock_comes_off() {
    let locked = World::new().locked(LockSet::Sim);
    let owner = told(&locked, &Ask::owner()).next_step;
    assert!(owner.contains("turn it off"));
    for ask in [Ask::clerk(), Ask::care(), Ask::pad(), Ask::customer("bob", "bob-phone")] {
        let told = told(&locked, &ask);
        assert_eq!(reasons(&told), [Reason::LockOn]);
        assert!(!told.next_step.contains("turn it off") && !told.next_step.is_empty());
    }
}

#[test]
fn the_fraud_desk_is_told_everything() {
    let ask = Ask::clerk().with(|request| request.requester.role = Role::FraudOps);
    let told = told(&World::unknown(), &ask);
    assert!(told.explained);
    assert_eq!(reasons(&told)[0], Reason::UnknownLine);
}

#[test]
fn challenges_tell_level_and_options_and_a_next_step() {
    let told = told(&World::new(), &Ask::pad().right_pin().because(SimChangeCause::Lost));
    assert_eq!(told.required, Some(Level::TwoClasses));
    assert_eq!(told.options[0].factor, Factor::AppApproval);
    assert!(told.next_step.contains("app"));
}

#[test]
fn every_reason_has_a_sentence() {
    for reason in Reason::ALL {
        assert!(message(*reason).ends_with('.'));
        assert!(!message(*reason).contains("risk"));
    }
}
