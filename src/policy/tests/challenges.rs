//! Completing a challenge: with what was given for it, at no less proof than it asked for, and not once it is over.

use super::world::{Ask, World, hours_ago, now};
use crate::domain::{Completing, Factor, Level, Reason, SimChangeCause};

const BASIC: Completing = Completing::Open { required: Level::Basic, with_pin: Level::Basic };

#[test]
fn what_the_customer_entered_at_a_pad_is_proof_for_the_clerk_who_asked() {
    let world = World::new();
    world.challenges(&Ask::clerk(), &[Reason::NoCustomerProof]);
    // Whatever staff type, they do not go on without the customer.
    world.denies(&Ask::clerk().right_pin().completing(BASIC), &[Reason::NoCustomerProof]);
    world.challenges(&Ask::carrier().completing(BASIC), &[Reason::TransferPinMissing]);
    let verdict = world.approves(&Ask::clerk().pin_given().completing(BASIC));
    assert_eq!(verdict.accepted, [Factor::AccountPin]);
}

#[test]
fn a_pin_that_was_given_is_worth_what_it_would_be_worth_now() {
    let completes = |world: World| world.decide(&Ask::clerk().pin_given().completing(BASIC)).accepted;
    assert_eq!(completes(World::new().pin_set(hours_ago(1))), []);
    assert_eq!(completes(World::new().with(|world| world.breached_until = Some(now()))), []);
    assert_eq!(completes(World::unknown()), []);
}

#[test]
fn a_challenge_asks_for_no_less_than_it_did() {
    let world = World::new();
    let open = |required| Completing::Open { required, with_pin: required };
    world.approves(&Ask::pad().right_pin().completing(open(Level::Basic)));
    world.challenges(&Ask::pad().right_pin().completing(open(Level::TwoClasses)), &[Reason::ProofTooWeak]);
    world.challenges(&Ask::pad().right_pin().completing(open(Level::Strong)), &[Reason::ProofTooWeak]);
    world.approves(&Ask::pad().right_pin().app("ann-phone").completing(open(Level::Strong)));
}

#[test]
fn what_is_over_is_refused_whatever_is_proven() {
    let world = World::new();
    let proven = Ask::owner().right_pin().app("ann-phone").because(SimChangeCause::Upgrade);
    world.denies(&proven.clone().completing(Completing::Declined), &[Reason::ChallengeDeclined]);
    world.denies(&proven.completing(Completing::Lapsed), &[Reason::ChallengeLapsed]);
}
