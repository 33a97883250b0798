//! What is disputed, what is undone, and the one way back.

use chrono::{DateTime, TimeDelta, Utc};

use super::{DISPUTABLE_FOR, NotDisputable, RecoveryState};
use crate::domain::{
    Account, AccountId, AccountKind, Action, Brand, Change, ChangeDigest, Channel, Contact, ContactId, ContactValue,
    Device, DeviceId, Held, Iccid, Line, LineStatus, Lock, LockHolder, LockSet, Msisdn, Person, PersonId, PersonRole,
    RecordId, Release, ReleaseGuard, ReleaseId, ReleaseScope, Reset, ResetKind, SimChange, SimChangeCause, SimTarget,
    Stance,
};

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap() + TimeDelta::minutes(minute)
}

fn sim(number: u8) -> SimTarget {
    let text = format!("8901260123456789{number:03}");
    SimTarget::Iccid(Iccid::parse_with(&text, crate::domain::IccidCheck::FormatOnly).unwrap())
}

fn to(number: u8) -> Change {
    let (target, cause) = (sim(number), SimChangeCause::Revert);
    Change::Sim(SimChange { target, imei: None, cause, old_iccid: None, delivery: None })
}

/// On SIM 1, moved to 2 at minute 0 and to 3 at minute 60.
fn moved() -> Line {
    let mut line = Line::stand_in(AccountId::parse("acct-1").unwrap(), Msisdn::NOWHERE).unwrap();
    for (number, minute) in [(1, -9_000), (2, 0), (3, 60)] {
        line.change_sim(sim(number), None, at(minute));
    }
    line
}

fn release(until: i64) -> Release {
    Release {
        id: ReleaseId::from_u128(7),
        proven_at: at(90),
        effective_at: at(90),
        relock_at: at(until),
        scope: ReleaseScope::Only(ChangeDigest([1; 32]), None),
        via: Channel::App,
        device: None,
        guard: ReleaseGuard::DeniedUntilThenStrong(at(0)),
        decision: RecordId::from_u128(8),
    }
}

#[test]
fn the_change_that_is_disputed_is_the_one_that_took_it_off_that_sim() {
    let mut line = moved();
    for (number, left) in
        [(1, Ok(at(0))), (2, Ok(at(60))), (3, Err(NotDisputable::NotLeft)), (4, Err(NotDisputable::NotLeft))]
    {
        assert_eq!(line.left_at(&sim(number), at(90)), left, "{number}");
    }
    let last = at(0) + DISPUTABLE_FOR;
    assert_eq!(line.left_at(&sim(1), last), Ok(at(0)));
    assert_eq!(line.left_at(&sim(1), last + TimeDelta::nanoseconds(1)), Err(NotDisputable::NotLeft));
    assert_eq!(line.left_at(&sim(1), at(-1)), Err(NotDisputable::NotLeft), "it has not happened yet");
    // Back and away again: the later of the two.
    line.change_sim(sim(1), None, at(70));
    line.change_sim(sim(2), None, at(80));
    assert_eq!(line.left_at(&sim(1), at(90)), Ok(at(80)));
}

#[test]
fn a_line_goes_back_once_and_what_brought_it_back_is_not_disputed() {
    let mut line = moved();
    assert!(line.way_back(&to(1), at(90)).is_none(), "nobody has reported anything");
    let annulled = line.recover((at(0), sim(1)), at(200), 5);
    assert!(annulled.suspended && line.status == LineStatus::Suspended && line.flags.victim);
    for (number, minute, goes) in [(1, 199, true), (1, 200, false), (2, 100, false), (3, 100, false)] {
        assert_eq!(line.way_back(&to(number), at(minute)).is_some(), goes, "to {number} at {minute}");
    }
    line.change_sim(sim(1), None, at(100));
    line.went_back(at(100), 6);
    assert_eq!((line.status, line.went_back_at(), line.recovery.is_none()), (LineStatus::Active, Some(at(100)), true));
    assert!(matches!(line.protection.lock((LockSet::All, LockHolder::Customer)), Lock::On(_)));
    assert!(line.way_back(&to(1), at(101)).is_none());
    assert_eq!(line.left_at(&sim(3), at(101)), Err(NotDisputable::Recovered));
    // A change after it is none of it any more.
    line.change_sim(sim(2), None, at(110));
    assert_eq!((line.went_back_at(), line.left_at(&sim(1), at(111))), (None, Ok(at(110))));
}

#[test]
fn a_barred_line_is_in_service_again_on_any_other_sim_and_not_by_what_is_told_late() {
    let barred = |before: LineStatus| {
        let mut line = moved();
        line.status = before;
        line.recover((at(0), sim(1)), at(200), 5);
        line
    };
    let mut line = barred(LineStatus::Active);
    line.change_sim(sim(9), None, at(30));
    assert_eq!(line.status, LineStatus::Suspended, "told late");
    line.change_sim(sim(3), None, at(100));
    assert_eq!(line.status, LineStatus::Suspended, "the same SIM");
    line.change_sim(sim(9), None, at(110));
    assert_eq!(line.status, LineStatus::Active);
    // What was barred for another reason stays so.
    let mut line = barred(LineStatus::Suspended);
    line.change_sim(sim(9), None, at(100));
    assert_eq!(line.status, LineStatus::Suspended);
}

/// A lock, of whom, since when; and what a line with it says to its way back and to any other SIM.
#[test]
fn locks_set_since_do_not_cover_the_way_back_and_those_of_before_do() {
    let cases = [
        (LockHolder::Customer, -1, Stance::Locked),
        (LockHolder::Customer, 0, Stance::GuardedStrong),
        (LockHolder::Customer, 95, Stance::GuardedStrong),
        (LockHolder::Carrier, 0, Stance::Locked),
        (LockHolder::Carrier, 95, Stance::Locked),
    ];
    for (holder, since, expected) in cases {
        for on_line in [true, false] {
            let (mut line, mut account) = (moved(), account(Vec::new(), Vec::new()));
            line.recover((at(0), sim(1)), at(200), 5);
            let locks = if on_line { &mut line.protection } else { &mut account.protection };
            locks.set(LockSet::All, holder, Held { since: at(since), by: None, reason: None }, 6);
            let says = |number, minute| line.stance(&account, &to(number), &ChangeDigest([1; 32]), at(minute));
            assert_eq!(says(1, 100), expected, "{holder:?} since {since}");
            assert_eq!([says(9, 100), says(1, 200)], [Stance::Locked; 2], "{holder:?} since {since}");
        }
    }
}

#[test]
fn a_report_ends_releases_and_voids_what_was_granted() {
    let mut line = moved();
    let held = Held { since: at(-1), by: None, reason: None };
    line.protection.set(LockSet::Port, LockHolder::Customer, held.clone(), 1);
    line.protection.release(LockSet::Port, LockHolder::Customer, release(500), 2).unwrap();
    let annulled = line.recover((at(0), sim(1)), at(200), 4);
    assert_eq!(annulled.locks, 0, "it was on before");
    assert_eq!(line.protection.lock((LockSet::Port, LockHolder::Customer)), &Lock::On(held));
    assert!(!line.protection.is_alive(Action::PortOut, 4) && line.protection.is_alive(Action::PortOut, 5));
}

/// Whoever takes a lock off and on again has not set it since.
#[test]
fn a_lock_keeps_its_start_through_a_release() {
    let held = |minute| Held { since: at(minute), by: None, reason: None };
    for lock in [Lock::On(held(-1)), Lock::Releasing(held(-1), release(500)), Lock::Released(held(-1), release(500))] {
        assert_eq!(lock.lock(held(50)), Lock::On(held(-1)));
    }
    assert_eq!(Lock::Off.lock(held(50)), Lock::On(held(50)));
}

fn contact(id: &str, since: i64, ended: Option<i64>) -> Contact {
    let value = ContactValue::Email(format!("{id}.{since}@example.com"));
    Contact { id: ContactId::parse(id).unwrap(), value, since: at(since), ended: ended.map(at) }
}

fn account(contacts: Vec<Contact>, devices: Vec<Device>) -> Account {
    let owner = Person {
        id: PersonId::parse("owner").unwrap(),
        role: PersonRole::Owner,
        name: None,
        postal_code: None,
        contacts,
        lines: Vec::new(),
    };
    let kind = AccountKind::Postpaid;
    let phantom = Account::phantom(Brand::parse("north").unwrap()).unwrap();
    Account { kind, persons: vec![owner], devices, ..phantom }
}

fn device(id: &str, added: i64, revoked: Option<i64>) -> Device {
    Device {
        id: DeviceId::parse(id).unwrap(),
        person: PersonId::parse("owner").unwrap(),
        public_key_jwk: "{}".to_owned(),
        model: None,
        added_at: at(added),
        vouched: false,
        revoked_at: revoked.map(at),
        remind_at: Some(at(added + 1)),
    }
}

#[test]
fn contacts_keys_and_resets_are_as_they_were_and_no_revoked_key_comes_back() {
    let contacts = vec![
        contact("kept", -900, None),
        contact("replaced", -900, Some(0)),
        contact("replaced", 0, None),
        contact("removed", -900, Some(5)),
        contact("long-gone", -900, Some(-1)),
        contact("come-and-gone", 3, Some(4)),
    ];
    let devices = vec![device("old", -900, None), device("new", 0, None), device("lost", -900, Some(5))];
    let mut account = account(contacts, devices);
    let reset = |minute| Reset { at: at(minute), kind: ResetKind::Pin, via: Channel::Web, mailbox: None };
    account.resets = vec![reset(-1), reset(0), reset(7)];
    let annulled = account.annul(at(0), (at(90), Channel::App, 5));
    assert_eq!((annulled.contacts_ended, annulled.contacts_restored, annulled.devices), (1, 2, 1));
    let live = account.persons[0].contacts.iter().filter(|contact| contact.ended.is_none());
    let live: Vec<_> = live.map(|contact| (contact.id.as_str(), contact.since)).collect();
    assert_eq!(live, [("kept", at(-900)), ("replaced", at(-900)), ("removed", at(-900))]);
    let known = account.devices.iter().filter(|device| device.revoked_at.is_none());
    assert_eq!(known.map(|device| device.id.as_str()).collect::<Vec<_>>(), ["old"]);
    assert_eq!(
        (account.devices[1].remind_at, account.resets.len()),
        (None, 5),
        "what was reset elsewhere is not undone, and what is there again was reset"
    );
}

#[test]
fn what_is_told_late_moves_no_disputed_change() {
    let mut line = moved();
    for (number, minute) in [(2, -4_000), (9, -1), (2, 59), (1, 59)] {
        line.change_sim(sim(number), None, at(minute));
    }
    assert_eq!(
        [1, 2, 9].map(|number| line.left_at(&sim(number), at(90))),
        [Ok(at(0)), Ok(at(60)), Err(NotDisputable::NotLeft)]
    );
    line.recover((at(0), sim(1)), at(200), 5);
    line.change_sim(sim(1), None, at(100));
    line.went_back(at(100), 6);
    line.change_sim(sim(1), None, at(99));
    assert_eq!(line.left_at(&sim(3), at(101)), Err(NotDisputable::Recovered));
}

#[test]
fn a_word_alone_changes_nothing() {
    let mut line = moved();
    let (before, word) = (
        line.clone(),
        crate::domain::Consent {
            by: crate::domain::Subject::parse("desk|ann").unwrap(),
            at: at(90),
            reason: crate::domain::Reference::parse("case").unwrap(),
        },
    );
    let state = RecoveryState::Proposed(word);
    let recovery = super::Recovery { disputed_at: at(0), back_to: sim(1), suspends: false, state };
    line.recovery = Some(Box::new(recovery));
    assert!(line.way_back(&to(1), at(91)).is_none() && line.recovering(at(91)).is_none());
    assert_eq!((line.status, line.protection), (before.status, before.protection));
}
