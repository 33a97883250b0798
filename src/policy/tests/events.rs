//! What outside sources told: P10, P11, P13, P14, and E26 of threats.md.

use chrono::{DateTime, TimeDelta, Utc};

use super::world::{Ask, FROM_HOME, TICK, TRANSFER_PIN, World, days_ago, hours_ago, minutes_ago, now};
use super::world::{lock_release, transfer_pin_issue};
use crate::domain::{
    CallMark, CallPhase, Channel, ContactId, DeviceId, Level, LogIn, LogInSource, Outcome, Reason, Reset, ResetKind,
    TransferPinOrigin,
};

fn reset(at: DateTime<Utc>, kind: ResetKind) -> Reset {
    Reset { at, kind, via: Channel::Web, mailbox: ContactId::parse("mail").ok() }
}

/// A world in which so many log-ins failed at each of these instants.
fn failed(times: &[(usize, DateTime<Utc>)]) -> World {
    World::new().with(|world| {
        for (count, at) in times {
            for source in 0..*count {
                let source = Some(LogInSource(source as u128));
                world.credentials.history.note_failure(LogIn { at: *at, device: None, source });
            }
        }
    })
}

fn succeeded(world: World, at: DateTime<Utc>, device: &str) -> World {
    let device = DeviceId::parse(device).ok();
    world.with(|world| world.credentials.history.note_log_in(LogIn { at, device, source: None }))
}

fn browser() -> Ask {
    Ask::customer("ann", "browser")
}

/// A23: sixty failures, then success on a new device.
#[test]
fn a_sim_is_not_changed_after_a_burst_of_failed_log_ins() {
    let burst = succeeded(failed(&[(60, minutes_ago(33))]), minutes_ago(3), "ann-new");
    let new = Ask::customer("ann", "ann-new").right_pin();
    burst.denies(&new, &[Reason::LogInsFailed]);
    burst.denies(&Ask::care(), &[Reason::LogInsFailed]);
    burst.denies(&Ask::pad().right_pin(), &[Reason::LogInsFailed]);
    // Not from the owner's own phone either, where somebody may be signed in: its key approves, wherever it is asked.
    burst.denies(&Ask::owner().right_pin(), &[Reason::LogInsFailed]);
    burst.approves(&Ask::owner().app("ann-phone"));
    burst.approves(&new.clone().app("ann-phone"));
    // A key that is too new is none, also where the policy knows devices sooner.
    burst.denies(&new.clone().app("ann-new"), &[Reason::LogInsFailed]);
    let sooner = |added_at| {
        burst.clone().with(|world| {
            world.policy.device.known_after = TimeDelta::hours(1);
            world.account.devices[1].added_at = added_at;
        })
    };
    sooner(days_ago(7)).approves(&new.clone().app("ann-new"));
    sooner(days_ago(7) + TICK).denies(&new.app("ann-new"), &[Reason::LogInsFailed]);
    // Other changes are another matter.
    burst.approves(&Ask::owner().right_pin().change(transfer_pin_issue()));
}

#[test]
fn a_burst_is_twenty_within_a_day() {
    let new = Ask::pad().right_pin();
    failed(&[(19, hours_ago(1))]).approves(&new);
    failed(&[(1, hours_ago(24) - TICK), (19, hours_ago(1))]).approves(&new);
    let world = failed(&[(1, hours_ago(24)), (19, hours_ago(1))]);
    let verdict = world.denies(&new, &[Reason::LogInsFailed]);
    let Outcome::Deny(denial) = verdict.outcome else { panic!("not denied") };
    assert_eq!(denial.retry_at, Some(now() + TimeDelta::milliseconds(1)), "then the first is older than a day");
    // Nothing that succeeds takes a failure away.
    let world = (0..50).fold(world, |world, minute| succeeded(world, minutes_ago(minute), "ann-phone"));
    world.denies(&new, &[Reason::LogInsFailed]);
}

/// E26: thirty days of log-ins build no trust; a strong proof does, after its time.
#[test]
fn a_device_is_as_old_as_its_first_strong_proof() {
    let ask = browser().right_pin();
    let faked = (0..30).fold(World::new(), |world, day| succeeded(world, days_ago(day), "browser"));
    faked.challenges(&ask, &[Reason::NewDevice]);
    let proven = |at: DateTime<Utc>| {
        faked.clone().with(|world| world.credentials.history.prove(DeviceId::parse("browser").unwrap(), at))
    };
    proven(days_ago(7)).approves(&ask);
    proven(days_ago(7) + TICK).challenges(&ask, &[Reason::NewDevice]);
    // A key that is too new, or another's, is not made good by it.
    let named = |name: &str| {
        World::new().with(|world| world.credentials.history.prove(DeviceId::parse(name).unwrap(), days_ago(30)))
    };
    named("ann-new").challenges(&Ask::customer("ann", "ann-new").right_pin(), &[Reason::NewDevice]);
    named("bob-phone").challenges(&Ask::customer("ann", "bob-phone").right_pin(), &[Reason::NewDevice]);
    let revoked = named("ann-phone").with(|world| world.account.devices[0].revoked_at = Some(days_ago(1)));
    revoked.challenges(&Ask::owner().right_pin(), &[Reason::NewDevice]);
    // It signs nothing: a lock still comes off by an app key alone.
    let verdict = proven(days_ago(30)).decide(&ask.change(lock_release()));
    assert_eq!(verdict.required, Level::Strong);
    assert!(!matches!(verdict.outcome, Outcome::Approve(_)));
}

/// P11: two of any kind, alike or not.
#[test]
fn resets_of_every_kind_count() {
    let kinds = [ResetKind::Pin, ResetKind::Contact, ResetKind::Password];
    for first in kinds {
        let one = World::new().with(|world| world.account.note_reset(reset(hours_ago(20), first)));
        one.challenges(&Ask::pad().right_pin(), &[Reason::ResetRecently]);
        for second in kinds {
            let two = one.clone().with(|world| world.account.note_reset(reset(hours_ago(1), second)));
            two.denies(&Ask::pad().right_pin(), &[Reason::ResetRecently]);
            two.approves(&Ask::pad().app("ann-phone"));
        }
    }
}

/// A27: issued to the owner's own phone while they were talked to.
#[test]
fn a_transfer_pin_from_a_call_needs_more_for_a_day() {
    let in_call = TransferPinOrigin { in_call: true, ..FROM_HOME };
    let right = Ask::carrier().right_transfer_pin();
    World::new().transfer_pin(minutes_ago(4), in_call).challenges(&right, &[Reason::TransferPinUnproven]);
    World::new().transfer_pin(hours_ago(24), in_call).challenges(&right, &[Reason::TransferPinUnproven]);
    World::new().transfer_pin(hours_ago(24) - TICK, in_call).approves(&right);
    World::new().transfer_pin(minutes_ago(4), in_call).approves(&right.clone().app("ann-phone"));
    World::new().transfer_pin(minutes_ago(4), FROM_HOME).approves(&right);
    // A call that was told of after the issue.
    let told_late = |started, ended| {
        World::new().transfer_pin(minutes_ago(4), FROM_HOME).with(|world| {
            let (line, call) = (world.line.id.clone(), CallMark(1));
            world.credentials.history.note_call(line.clone(), call, CallPhase::Started, minutes_ago(started));
            world.credentials.history.note_call(line, call, CallPhase::Ended, minutes_ago(ended));
        })
    };
    told_late(10, 4).challenges(&right, &[Reason::TransferPinUnproven]);
    told_late(10, 5).approves(&right);
    told_late(3, 1).approves(&right);
    assert_eq!(told_late(10, 4).credentials.transfer_pins[0].id, TRANSFER_PIN);
}

/// E37.
#[test]
fn nothing_more_is_done_to_a_line_whose_number_is_anothers() {
    let ended = |at| {
        World::new().transfer_pin(hours_ago(2), FROM_HOME).with(|world| {
            let line = world.line.id.clone();
            world.credentials.history.end_number(line, at);
        })
    };
    for ask in [
        Ask::owner().app("ann-phone"),
        Ask::owner().app("ann-phone").change(transfer_pin_issue()),
        Ask::carrier().right_transfer_pin(),
    ] {
        ended(hours_ago(1)).denies(&ask, &[Reason::LineInactive]);
        ended(days_ago(90)).denies(&ask, &[Reason::LineInactive]);
        ended(days_ago(90) - TICK).approves(&ask);
    }
}
