//! Counts over many accounts: P3, P6, P15, P16.

use super::world::{Ask, World, policy_with, transfer_pin_issue};
use crate::domain::{AccountKind, Channel, LockSet, OutcomeKind, Reason, SourceFailures, SourceKind, Velocity};

/// A world in which so much was counted.
fn counted(velocity: Velocity) -> World {
    World::new().with(|world| world.velocity = velocity)
}

fn failed(accounts: u32) -> Velocity {
    Velocity { source: SourceFailures { accounts, kind: Some(SourceKind::Store) }, ..Velocity::QUIET }
}

fn pin_value(pin_value_failed_accounts: u32) -> Velocity {
    Velocity { pin_value_failed_accounts, ..Velocity::QUIET }
}

#[test]
fn a_source_that_fails_on_many_accounts_is_challenged_then_refused() {
    for velocity in [failed, pin_value] {
        counted(velocity(9)).approves(&Ask::owner().right_pin());
        counted(velocity(10)).challenges(&Ask::owner().right_pin(), &[Reason::SourceSpraying]);
        counted(velocity(19)).challenges(&Ask::owner().right_pin(), &[Reason::SourceSpraying]);
        counted(velocity(19)).approves(&Ask::owner().app("ann-phone"));
        // E02, A32: whatever is proven.
        counted(velocity(20)).denies(&Ask::owner().app("ann-phone"), &[Reason::SourceSpraying]);
    }
}

#[test]
fn staff_begin_no_second_account_without_a_customer() {
    let others = |staff_unproven_accounts| Velocity { staff_unproven_accounts, ..Velocity::QUIET };
    counted(others(0)).challenges(&Ask::clerk(), &[Reason::NoCustomerProof]);
    // A13, A15: in a store the second, by phone the fifth.
    counted(others(1)).denies(&Ask::clerk(), &[Reason::StaffVelocity]);
    counted(others(1)).denies(&Ask::clerk().right_pin(), &[Reason::StaffVelocity]);
    counted(others(3)).challenges(&Ask::care(), &[Reason::NoCustomerProof]);
    counted(others(4)).denies(&Ask::care(), &[Reason::StaffVelocity]);
    // Launch day: proven changes are not refused for being many.
    counted(others(31)).approves(&Ask::clerk().app("ann-phone"));
    counted(others(31)).approves(&Ask::pad().right_pin());
}

#[test]
fn after_one_that_lapsed_staff_in_a_store_begins_none_without_a_customer() {
    let rule = "[[rule]]\nid = \"X1\"\nat_least = \"DENY\"\nreason = \"STAFF_VELOCITY\"\nwhen = 'request.begun_without_customer \
                && request.channel == \"STORE\" && velocity.staff_lapsed_accounts >= 1'\n";
    let lapsed = counted(Velocity { staff_lapsed_accounts: 1, ..Velocity::QUIET });
    lapsed.challenges(&Ask::clerk(), &[Reason::NoCustomerProof]);
    let lapsed = lapsed.with(|world| world.policy = policy_with(rule));
    lapsed.denies(&Ask::clerk(), &[Reason::StaffVelocity]);
    lapsed.approves(&Ask::clerk().app("ann-phone"));
    lapsed.approves(&Ask::pad().right_pin());
    lapsed.challenges(&Ask::care(), &[Reason::NoCustomerProof]);
}

#[test]
fn after_a_sweep_that_lapsed_the_owner_alone_lets_a_line_go() {
    let lapsed = |sweeps_lapsed, lines_leaving| counted(Velocity { lines_leaving, sweeps_lapsed, ..Velocity::QUIET });
    let ask = Ask::owner().right_pin().change(transfer_pin_issue());
    lapsed(1, 2).denies(&ask, &[Reason::AccountSweep]);
    lapsed(1, 2).approves(&ask.clone().app("ann-phone"));
    lapsed(0, 2).challenges(&ask, &[Reason::AccountSweep]);
    lapsed(1, 1).approves(&ask);
    let business = |lines| {
        lapsed(1, 2).with(|world| {
            world.account.kind = AccountKind::Business;
            world.account.line_count = lines;
        })
    };
    business(41).approves(&ask);
    business(40).denies(&ask, &[Reason::AccountSweep]);
}

#[test]
fn no_human_asks_about_two_accounts_at_once() {
    // A11.
    let at_once = counted(Velocity { staff_accounts_at_once: 1, ..Velocity::QUIET });
    at_once.denies(&Ask::clerk(), &[Reason::StaffVelocity]);
    at_once.denies(&Ask::clerk().app("ann-phone"), &[Reason::StaffVelocity]);
}

#[test]
fn a_second_line_that_leaves_needs_strong_proof() {
    let leaving = |lines_leaving| counted(Velocity { lines_leaving, ..Velocity::QUIET });
    leaving(1).approves(&Ask::owner().right_pin().change(transfer_pin_issue()));
    leaving(2).challenges(&Ask::owner().right_pin().change(transfer_pin_issue()), &[Reason::AccountSweep]);
    leaving(2).approves(&Ask::owner().app("ann-phone").change(transfer_pin_issue()));
    leaving(2).challenges(&Ask::carrier(), &[Reason::AccountSweep, Reason::TransferPinMissing]);
    // Another action is not about leaving.
    leaving(2).approves(&Ask::owner().right_pin());
}

#[test]
fn a_business_is_held_to_a_part_of_its_lines() {
    let business = |lines_leaving, line_count| {
        counted(Velocity { lines_leaving, ..Velocity::QUIET }).with(|world| {
            world.account.kind = AccountKind::Business;
            world.account.line_count = line_count;
        })
    };
    let ask = Ask::owner().right_pin().change(transfer_pin_issue());
    business(4, 100).approves(&ask);
    business(5, 100).challenges(&ask, &[Reason::AccountSweep]);
    business(1, 3).approves(&ask);
    business(2, 3).challenges(&ask, &[Reason::AccountSweep]);
    // More than are counted are all: the strict reading.
    business(256, 100_000).approves(&ask);
    business(257, 100_000).challenges(&ask, &[Reason::AccountSweep]);
}

#[test]
fn one_handset_for_many_customers_is_challenged_then_refused() {
    let handset = |handset_other_accounts| counted(Velocity { handset_other_accounts, ..Velocity::QUIET });
    handset(1).challenges(&Ask::owner().right_pin(), &[Reason::HandsetElsewhere]);
    handset(1).approves(&Ask::owner().app("ann-phone"));
    handset(2).denies(&Ask::owner().app("ann-phone"), &[Reason::HandsetElsewhere]);
    handset(2).approves(&Ask::owner().app("ann-phone").change(transfer_pin_issue()));
}

/// INVARIANT (fail-closed): what cannot be read is not zero.
#[test]
fn counts_that_cannot_be_read_refuse_and_a_lock_says_that_it_is_on() {
    let reasons = [Reason::SourceSpraying, Reason::StaffVelocity, Reason::HandsetElsewhere];
    counted(Velocity::UNREAD).denies(&Ask::owner().app("ann-phone"), &reasons);
    let verdict = counted(Velocity::UNREAD).locked(LockSet::Sim).decide(&Ask::owner().app("ann-phone"));
    assert_eq!((verdict.outcome.kind(), verdict.reasons[0].reason), (OutcomeKind::Deny, Reason::LockOn));
    // What is counted is not read as zero, and not as more than the rules that ask for it say.
    let release = Ask::owner().app("ann-phone").change(super::world::lock_release());
    counted(Velocity::UNREAD).denies(&release, &[Reason::SourceSpraying, Reason::StaffVelocity]);
}

#[test]
fn a_store_counts_by_store_and_care_by_care() {
    let others = counted(Velocity { staff_unproven_accounts: 1, ..Velocity::QUIET });
    let by = |channel| Ask::clerk().with(|request| request.interaction.channel = channel);
    others.denies(&by(Channel::Store), &[Reason::StaffVelocity]);
    others.challenges(&by(Channel::Care), &[Reason::NoCustomerProof]);
}
