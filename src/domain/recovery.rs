//! Recovery: a line whose SIM was changed by somebody else, and its way back to the SIM before (P22).

use chrono::{DateTime, TimeDelta, Utc};

use super::protection::Seq;
use super::{
    Account, Change, ChangeDigest, Consent, Held, Line, LineStatus, Lock, LockHolder, LockSet, Protection, SimTarget,
    Stance,
};

/// So old a SIM change can be disputed: so long what was before it is kept.
pub const DISPUTABLE_FOR: TimeDelta = TimeDelta::days(90);

/// A SIM change that is said to be somebody else's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// When it took the line off its SIM.
    pub disputed_at: DateTime<Utc>,
    /// The SIM that the line was on.
    pub back_to: SimTarget,
    /// Whether the line is barred for it, until it is on another SIM.
    pub suspends: bool,
    /// Where it stands.
    pub state: RecoveryState,
}

/// Where a recovery stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecoveryState {
    /// One person of the fraud desk says so. Nothing has changed.
    Proposed(Consent),
    /// It stands: the line may go back, once.
    Open {
        /// Since when it does.
        reported_at: DateTime<Utc>,
        /// Until just before this instant.
        until: DateTime<Utc>,
        /// What was undone for it.
        annulled: Annulled,
    },
}

/// Why a SIM change cannot be disputed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotDisputable {
    /// The line has not left that SIM within the time, as far as is known; or it is on it.
    NotLeft,
    /// A recovery took it away from there.
    Recovered,
}

/// What was undone of what was set since a disputed change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Annulled {
    /// Locks that do not stand in the way of going back.
    pub locks: u32,
    /// Contacts that were set, and are none any more.
    pub contacts_ended: u32,
    /// Contacts that were removed or replaced, and are there again.
    pub contacts_restored: u32,
    /// App keys that were added, and are revoked.
    pub devices: u32,
    /// Whether an account PIN was set: there is none now.
    pub pin: bool,
    /// Whether calls were forwarded: that must be taken off where it was set.
    pub forwarding: bool,
    /// Whether the line was in service: it is barred until it is on another SIM.
    pub suspended: bool,
}

impl Line {
    /// When the line was last taken off `sim`, of what can be disputed at `now`.
    ///
    /// INVARIANT (fail-closed): what is not known to have happened cannot be disputed.
    pub fn left_at(&self, sim: &SimTarget, now: DateTime<Utc>) -> Result<DateTime<Utc>, NotDisputable> {
        let left = self.sim_changes.iter().rev().find(|change| change.from.is(sim)).ok_or(NotDisputable::NotLeft)?;
        if self.is_on(sim) || left.at > now || now.signed_duration_since(left.at) > DISPUTABLE_FOR {
            return Err(NotDisputable::NotLeft);
        }
        if left.goes_back { Err(NotDisputable::Recovered) } else { Ok(left.at) }
    }

    /// The recovery that stands at `now`.
    pub fn recovering(&self, now: DateTime<Utc>) -> Option<&Recovery> {
        self.recovery.as_deref().filter(|recovery| recovery.stands(now))
    }

    /// The recovery by which a change takes the line back to the SIM that it was on before a disputed one.
    pub fn way_back(&self, change: &Change, now: DateTime<Utc>) -> Option<&Recovery> {
        let is_it = |recovery: &&Recovery| matches!(change, Change::Sim(sim) if sim.target == recovery.back_to && !sim.is_shipped());
        self.recovering(now).filter(is_it)
    }

    /// What the locks of the line and of its account say together to a change.
    ///
    /// INVARIANT (locked-never-approved): the one place that asks the locks; what holds is the union of both scopes. A lock that was
    /// set since a disputed change does not cover the way back from it; every other does.
    pub fn stance(&self, account: &Account, change: &Change, exact: &ChangeDigest, now: DateTime<Utc>) -> Stance {
        let (action, gaining, way_back) = (change.action(), change.gaining_spid(), self.way_back(change, now));
        let of = |protection: &Protection| {
            protection.stance_of(action, |holder, lock| match way_back {
                Some(recovery) if recovery.passes(holder, lock) => Stance::GuardedStrong,
                _ => lock.stance(action, exact, gaining, now),
            })
        };
        of(&self.protection).stricter(of(&account.protection))
    }

    /// When a recovery took the line back to the SIM that it is on since.
    pub fn went_back_at(&self) -> Option<DateTime<Utc>> {
        self.sim_changes.last().filter(|change| change.goes_back).map(|change| change.at)
    }

    /// Writes down that the SIM change of this instant took the line back. The customer's lock on everything goes on with it.
    pub fn went_back(&mut self, at: DateTime<Utc>, seq: Seq) {
        self.recovery = None;
        if let Some(last) = self.sim_changes.last_mut() {
            last.goes_back = true;
        }
        let held = Held { since: at, by: None, reason: None };
        self.protection.set(LockSet::All, LockHolder::Customer, held, seq);
    }

    /// Bars the line and marks it, lets it go back to the SIM before until `until`, and ends what was granted on it since.
    pub fn recover(
        &mut self,
        (disputed_at, back_to): (DateTime<Utc>, SimTarget),
        (reported_at, until): (DateTime<Utc>, DateTime<Utc>),
        seq: Seq,
    ) -> Annulled {
        let suspended = self.status == LineStatus::Active;
        // One that was barred for a report before this one stays barred for it.
        let suspends = suspended || self.recovery.as_deref().is_some_and(|before| before.suspends);
        if suspended {
            self.status = LineStatus::Suspended;
        }
        self.flags.victim = true;
        let state = RecoveryState::Open { reported_at, until, annulled: Annulled::default() };
        self.recovery = Some(Box::new(Recovery { disputed_at, back_to, suspends, state }));
        let forwarding = self.forwarding_set_at.is_some_and(|at| at >= disputed_at);
        Annulled { locks: self.protection.annul(disputed_at, seq), forwarding, suspended, ..Annulled::default() }
    }

    /// Remembers what was undone, on the line and elsewhere.
    pub fn note_annulled(&mut self, all: Annulled) {
        if let Some(Recovery { state: RecoveryState::Open { annulled, .. }, .. }) = self.recovery.as_deref_mut() {
            *annulled = all;
        }
    }
}

impl Recovery {
    /// Whether the line may go back by it at `now`.
    pub fn stands(&self, now: DateTime<Utc>) -> bool {
        matches!(self.state, RecoveryState::Open { until, .. } if now < until)
    }

    /// Until just before when the line may go back by it.
    pub const fn until(&self) -> Option<DateTime<Utc>> {
        match self.state {
            RecoveryState::Open { until, .. } => Some(until),
            RecoveryState::Proposed(_) => None,
        }
    }

    /// Whether a lock that is on does not stand in the way back: it was set since the disputed change. A carrier's that was placed since
    /// the report does: so the fraud desk stops what should not have been reported.
    fn passes(&self, holder: LockHolder, lock: &Lock) -> bool {
        let RecoveryState::Open { reported_at, .. } = self.state else { return false };
        let Some(since) = lock.held().map(|held| held.since) else { return false };
        since >= self.disputed_at && (holder == LockHolder::Customer || since < reported_at)
    }
}

impl Account {
    /// Undoes what was set on the account since `since`: contacts and app keys, and releases of locks. Who and what was there before
    /// is there again. A key that was revoked since stays so: its owner may have lost it.
    pub fn annul(&mut self, since: DateTime<Utc>, (now, seq): (DateTime<Utc>, Seq)) -> Annulled {
        let mut annulled = Annulled { locks: self.protection.annul(since, seq), ..Annulled::default() };
        for contact in self.persons.iter_mut().flat_map(|person| &mut person.contacts) {
            if contact.since >= since && contact.ended.is_none() {
                contact.ended = Some(now);
                annulled.contacts_ended = annulled.contacts_ended.saturating_add(1);
            } else if contact.since < since && contact.ended.is_some_and(|ended| ended >= since) {
                contact.ended = None;
                annulled.contacts_restored = annulled.contacts_restored.saturating_add(1);
            }
        }
        for device in self.devices.iter_mut().filter(|device| device.revoked_at.is_none()) {
            if device.added_at >= since {
                (device.revoked_at, device.remind_at) = (Some(now), None);
                annulled.devices = annulled.devices.saturating_add(1);
            }
        }
        annulled
    }
}

impl Protection {
    /// Ends every release and voids whatever was granted. How many locks were set since `since`: they stay on.
    fn annul(&mut self, since: DateTime<Utc>, seq: Seq) -> u32 {
        self.close_all(seq);
        let set = self.locks().filter(|(_, lock)| lock.held().is_some_and(|held| held.since >= since));
        u32::try_from(set.count()).unwrap_or(u32::MAX)
    }
}

impl Annulled {
    /// What was undone on the line and on its account together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            locks: self.locks.saturating_add(other.locks),
            contacts_ended: self.contacts_ended.saturating_add(other.contacts_ended),
            contacts_restored: self.contacts_restored.saturating_add(other.contacts_restored),
            devices: self.devices.saturating_add(other.devices),
            pin: self.pin || other.pin,
            forwarding: self.forwarding || other.forwarding,
            suspended: self.suspended || other.suspended,
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};

    use super::{DISPUTABLE_FOR, NotDisputable, RecoveryState};
    use crate::domain::{
        Account, AccountId, AccountKind, Action, Brand, Change, ChangeDigest, Channel, Contact, ContactId,
        ContactValue, Device, DeviceId, Held, Iccid, Line, LineStatus, Lock, LockHolder, LockSet, Msisdn, Person,
        PersonId, PersonRole, RecordId, Release, ReleaseGuard, ReleaseId, ReleaseScope, Reset, ResetKind, SimChange,
        SimChangeCause, SimTarget, Stance,
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
        let annulled = line.recover((at(0), sim(1)), (at(90), at(200)), 5);
        assert!(annulled.suspended && line.status == LineStatus::Suspended && line.flags.victim);
        for (number, minute, goes) in [(1, 199, true), (1, 200, false), (2, 100, false), (3, 100, false)] {
            assert_eq!(line.way_back(&to(number), at(minute)).is_some(), goes, "to {number} at {minute}");
        }
        line.change_sim(sim(1), None, at(100));
        line.went_back(at(100), 6);
        assert_eq!(
            (line.status, line.went_back_at(), line.recovery.is_none()),
            (LineStatus::Active, Some(at(100)), true)
        );
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
            line.recover((at(0), sim(1)), (at(90), at(200)), 5);
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
            (LockHolder::Carrier, 89, Stance::GuardedStrong),
            (LockHolder::Carrier, 90, Stance::Locked),
        ];
        for (holder, since, expected) in cases {
            for on_line in [true, false] {
                let (mut line, mut account) = (moved(), account(Vec::new(), Vec::new()));
                line.recover((at(0), sim(1)), (at(90), at(200)), 5);
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
        let annulled = line.recover((at(0), sim(1)), (at(90), at(200)), 4);
        assert_eq!(annulled.locks, 0, "it was on before");
        assert_eq!(line.protection.lock((LockSet::Port, LockHolder::Customer)), &Lock::On(held));
        assert!(!line.protection.is_alive(Action::PortOut, 4) && line.protection.is_alive(Action::PortOut, 5));
    }

    /// Whoever takes a lock off and on again has not set it since.
    #[test]
    fn a_lock_keeps_its_start_through_a_release() {
        let held = |minute| Held { since: at(minute), by: None, reason: None };
        for lock in
            [Lock::On(held(-1)), Lock::Releasing(held(-1), release(500)), Lock::Released(held(-1), release(500))]
        {
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
        let annulled = account.annul(at(0), (at(90), 5));
        assert_eq!((annulled.contacts_ended, annulled.contacts_restored, annulled.devices), (1, 2, 1));
        let live = account.persons[0].contacts.iter().filter(|contact| contact.ended.is_none());
        let live: Vec<_> = live.map(|contact| (contact.id.as_str(), contact.since)).collect();
        assert_eq!(live, [("kept", at(-900)), ("replaced", at(-900)), ("removed", at(-900))]);
        let known = account.devices.iter().filter(|device| device.revoked_at.is_none());
        assert_eq!(known.map(|device| device.id.as_str()).collect::<Vec<_>>(), ["old"]);
        assert_eq!(
            (account.devices[1].remind_at, account.resets.len()),
            (None, 3),
            "what was reset elsewhere is not undone"
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
        line.recover((at(0), sim(1)), (at(90), at(200)), 5);
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
}
