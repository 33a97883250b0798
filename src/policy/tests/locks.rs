//! Locks and releases: P1, P2.

use chrono::TimeDelta;

use super::world::{Ask, FROM_HOME, World, held, hours_ago, lock_release, minutes_ago, now, transfer_pin_issue};
use crate::domain::{Channel, Level, LockHolder, LockSet, Outcome, Reason, ReleaseGuard, Requester, Role, Verdict};

const OTHER_CHANNEL: fn(chrono::DateTime<chrono::Utc>) -> ReleaseGuard = ReleaseGuard::OtherChannelUntil;
const DENIED: fn(chrono::DateTime<chrono::Utc>) -> ReleaseGuard = ReleaseGuard::DeniedUntilThenStrong;

fn retry_of(verdict: &Verdict) -> Option<chrono::DateTime<chrono::Utc>> {
    match &verdict.outcome {
        Outcome::Deny(denial) => denial.retry_at,
        _ => None,
    }
}

#[test]
fn a_lock_refuses_whatever_is_offered() {
    let everything = Ask::owner().right_pin().app("ann-phone");
    let manager =
        Ask::clerk().right_pin().app("ann-phone").with(|request| request.requester.role = Role::RetailManager);
    for set in [LockSet::Sim, LockSet::All] {
        for ask in [&everything, &manager] {
            assert_eq!(retry_of(&World::new().locked(set).denies(ask, &[Reason::LockOn])), None);
        }
    }
    World::new().locked(LockSet::Port).approves(&everything);
    // A17, last step.
    let port = Ask::carrier().right_transfer_pin().app("ann-phone");
    let locked = World::new().transfer_pin(hours_ago(2), FROM_HOME).locked(LockSet::Port);
    locked.denies(&port, &[Reason::LockOn]);
    locked.denies(&everything.change(transfer_pin_issue()), &[Reason::LockOn]);
}

#[test]
fn what_holds_is_the_union_of_line_and_account_customer_and_carrier() {
    for holder in [LockHolder::Customer, LockHolder::Carrier] {
        let world = World::new().with(|world| world.account.protection.set(LockSet::Sim, holder, held(), 1));
        world.denies(&Ask::owner().right_pin(), &[Reason::LockOn]);
    }
    let both = World::new()
        .released(LockSet::Sim, TimeDelta::hours(30), Channel::App, OTHER_CHANNEL)
        .with(|world| world.account.protection.set(LockSet::All, LockHolder::Carrier, held(), 1));
    both.denies(&Ask::owner().right_pin(), &[Reason::LockOn]);
}

#[test]
fn only_the_owner_releases_and_only_with_strong_proof() {
    let world = World::new().locked(LockSet::All);
    let release = |ask: Ask| ask.change(lock_release());
    world.approves(&release(Ask::owner().app("ann-phone")));
    let verdict = world.challenges(&release(Ask::owner().right_pin()), &[Reason::ProofTooWeak]);
    assert_eq!(verdict.required, Level::Strong);
    // A17: from a new device; then others ask.
    let new_device = release(Ask::customer("ann", "ann-new").right_pin());
    world.challenges(&new_device, &[Reason::ProofTooWeak, Reason::NewDevice]);
    for (person, device) in [("bob", "bob-phone"), ("cal", "cal-phone"), ("dora", "dora-phone")] {
        world.denies(&release(Ask::customer(person, device).app(device)), &[Reason::OwnerOnly]);
        world.denies(&release(Ask::customer(person, device).app("ann-phone")), &[Reason::OwnerOnly]);
    }
    // A19: through care, it is the owner who is asked; nobody else's approval does.
    let reasons = [Reason::ProofTooWeak, Reason::NoCustomerProof];
    world.challenges(&release(Ask::care()), &reasons);
    world.challenges(&release(Ask::care().app("bob-phone")), &reasons);
    world.approves(&release(Ask::care().app("ann-phone")));
    let stranger = release(Ask::owner().app("ann-phone")).with(|request| {
        request.requester = Requester { account: None, person: None, ..request.requester.clone() };
    });
    world.denies(&stranger, &[Reason::OwnerOnly]);
}

#[test]
fn a_release_opens_nothing_before_its_delay() {
    let world = World::new().released(LockSet::Sim, TimeDelta::minutes(14), Channel::App, OTHER_CHANNEL);
    let verdict = world.denies(&Ask::owner().app("ann-phone"), &[Reason::CoolingDown]);
    assert_eq!(retry_of(&verdict), Some(now() + TimeDelta::minutes(1)));
}

#[test]
fn for_a_day_it_takes_another_channel_or_the_app() {
    for ago in [TimeDelta::minutes(15), TimeDelta::hours(24)] {
        let world = World::new().released(LockSet::Sim, ago, Channel::App, OTHER_CHANNEL);
        world.approves(&Ask::owner().app("ann-phone"));
        world.challenges(&Ask::owner().right_pin(), &[Reason::ReleasedRecently, Reason::NoCustomerProof]);
        // Another channel's PIN is one class; two are asked for.
        let verdict = world.challenges(&Ask::pad().right_pin(), &[Reason::ReleasedRecently]);
        assert_eq!(verdict.required, Level::TwoClasses);
    }
    // L11.
    let port = World::new()
        .released(LockSet::Port, TimeDelta::hours(26), Channel::App, OTHER_CHANNEL)
        .transfer_pin(hours_ago(1), FROM_HOME);
    port.approves(&Ask::carrier().right_transfer_pin());
    // Released and read out in one session.
    let at_once = World::new()
        .released(LockSet::Port, TimeDelta::minutes(30), Channel::App, OTHER_CHANNEL)
        .transfer_pin(minutes_ago(10), FROM_HOME);
    let verdict = at_once.challenges(&Ask::carrier().right_transfer_pin(), &[Reason::ReleasedRecently]);
    assert!(verdict.accepted.is_empty());
}

#[test]
fn a_release_by_staff_is_refused_for_a_day_then_strong() {
    let released = |hours| World::new().released(LockSet::Sim, TimeDelta::hours(hours), Channel::Store, DENIED);
    // A19.
    let verdict = released(1).denies(&Ask::pad().right_pin().app("ann-phone"), &[Reason::CoolingDown]);
    assert_eq!(retry_of(&verdict), Some(now() + TimeDelta::hours(23) + TimeDelta::milliseconds(1)));
    released(24).denies(&Ask::pad().right_pin(), &[Reason::CoolingDown]);
    let verdict = released(25).challenges(&Ask::pad().right_pin(), &[Reason::ReleasedRecently]);
    assert_eq!(verdict.required, Level::Strong);
    released(25).approves(&Ask::pad().app("ann-phone"));
}

#[test]
fn every_release_ends() {
    let ended = World::new().released(LockSet::Sim, TimeDelta::days(7), Channel::App, OTHER_CHANNEL);
    ended.denies(&Ask::owner().app("ann-phone"), &[Reason::LockOn]);
}
