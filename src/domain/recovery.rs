//! Recovery: a line whose SIM was changed by somebody else, and its way back to the SIM before (P22).

use chrono::{DateTime, TimeDelta, Utc};

use super::protection::Seq;
use super::{
    Account, Action, Change, Consent, ContactKind, Held, History, Line, LineStatus, LockHolder, LockSet, Release,
    SimTarget,
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
        let recovery = self.recovery.as_deref()?;
        matches!(recovery.state, RecoveryState::Open { until, .. } if now < until).then_some(recovery)
    }

    /// Whether a change takes the line back to the SIM that it was on before a disputed one.
    pub fn goes_back(&self, change: &Change, now: DateTime<Utc>) -> bool {
        let Some(recovery) = self.recovering(now) else { return false };
        matches!(change, Change::Sim(sim) if sim.target == recovery.back_to && !sim.is_shipped())
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

    /// Bars the line and marks it, lets it go back to the SIM before until `until`, and undoes what was set on it since.
    pub fn recover(
        &mut self,
        (disputed_at, back_to): (DateTime<Utc>, SimTarget),
        until: DateTime<Utc>,
        opens: impl FnMut() -> Option<Release>,
        seq: Seq,
    ) -> Annulled {
        let suspended = self.status == LineStatus::Active;
        // One that was barred for a report before this one stays barred for it.
        let suspends = suspended || self.recovery.as_deref().is_some_and(|before| before.suspends);
        if suspended {
            self.status = LineStatus::Suspended;
        }
        self.flags.victim = true;
        let state = RecoveryState::Open { until, annulled: Annulled::default() };
        self.recovery = Some(Box::new(Recovery { disputed_at, back_to, suspends, state }));
        let forwarding = self.forwarding_set_at.is_some_and(|at| at >= disputed_at);
        let locks = self.protection.annul(disputed_at, opens, seq);
        Annulled { locks, forwarding, suspended, ..Annulled::default() }
    }

    /// Remembers what was undone, on the line and elsewhere.
    pub fn note_annulled(&mut self, all: Annulled) {
        if let Some(Recovery { state: RecoveryState::Open { annulled, .. }, .. }) = self.recovery.as_deref_mut() {
            *annulled = all;
        }
    }
}

impl Account {
    /// Undoes what was set on the account since `since`: contacts, app keys, and locks in the way of going back. Who and what was
    /// there before is there again. A key that was revoked since stays so: its owner may have lost it.
    pub fn annul(
        &mut self,
        since: DateTime<Utc>,
        opens: impl FnMut() -> Option<Release>,
        (now, seq): (DateTime<Utc>, Seq),
    ) -> Annulled {
        let mut annulled = Annulled { locks: self.protection.annul(since, opens, seq), ..Annulled::default() };
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
        // What was reset since is undone, so that it delays nobody.
        self.resets.retain(|reset| reset.at < since);
        annulled
    }
}

impl History {
    /// Forgets that contacts changed since `since`, once that was undone on `account`.
    pub fn annul(&mut self, since: DateTime<Utc>, account: &Account) {
        let contacts = || account.persons.iter().flat_map(|person| &person.contacts);
        for kind in ContactKind::ALL {
            let of_kind = contacts().filter(|contact| contact.value.kind() == kind);
            let times = of_kind.flat_map(|contact| [Some(contact.since), contact.ended]);
            self.contacts_changed.annul(kind, since, times.flatten().filter(|at| *at < since).max());
        }
    }
}

impl super::Protection {
    /// Opens each lock that was set since `since` for what `opens` says and nothing else, ends every other release, and voids
    /// whatever was granted. How many it opened.
    ///
    /// INVARIANT (locked-never-approved): a lock of before still binds, whoever was taking it off.
    pub fn annul(&mut self, since: DateTime<Utc>, mut opens: impl FnMut() -> Option<Release>, seq: Seq) -> u32 {
        let opened = self.each_held(|held| if held.since >= since { opens() } else { None });
        for action in Action::ALL {
            self.void(action, seq);
        }
        opened
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
        Account, AccountId, AccountKind, Brand, Change, ChangeDigest, Channel, Contact, ContactId, ContactKind,
        ContactValue, Device, DeviceId, Held, History, Iccid, Line, LineStatus, Lock, LockHolder, LockSet, Msisdn,
        Person, PersonId, PersonRole, Protection, RecordId, Release, ReleaseGuard, ReleaseId, ReleaseScope, Reset,
        ResetKind, SimChange, SimChangeCause, SimTarget, Stance,
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
        assert!(!line.goes_back(&to(1), at(90)), "nobody has reported anything");
        let annulled = line.recover((at(0), sim(1)), at(200), || None, 5);
        assert!(annulled.suspended && line.status == LineStatus::Suspended && line.flags.victim);
        for (number, minute, goes) in [(1, 199, true), (1, 200, false), (2, 100, false), (3, 100, false)] {
            assert_eq!(line.goes_back(&to(number), at(minute)), goes, "to {number} at {minute}");
        }
        line.change_sim(sim(1), None, at(100));
        line.went_back(at(100), 6);
        assert_eq!(
            (line.status, line.went_back_at(), line.recovery.is_none()),
            (LineStatus::Active, Some(at(100)), true)
        );
        assert!(matches!(line.protection.lock((LockSet::All, LockHolder::Customer)), Lock::On(_)));
        assert!(!line.goes_back(&to(1), at(101)));
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
            line.recover((at(0), sim(1)), at(200), || None, 5);
            line
        };
        let mut line = barred(LineStatus::Active);
        line.change_sim(sim(9), None, at(30));
        assert_eq!(line.status, LineStatus::Suspended, "told late");
        line.change_sim(sim(3), None, at(100));
        assert_eq!(line.status, LineStatus::Suspended, "the same SIM");
        let mut line = barred(LineStatus::Active);
        line.change_sim(sim(9), None, at(100));
        assert_eq!(line.status, LineStatus::Active);
        // What was barred for another reason stays so.
        let mut line = barred(LineStatus::Suspended);
        line.change_sim(sim(9), None, at(100));
        assert_eq!(line.status, LineStatus::Suspended);
    }

    #[test]
    fn locks_set_since_open_for_one_change_and_those_of_before_for_none() {
        let held = |minute| Held { since: at(minute), by: None, reason: None };
        let mut locks = Protection::default();
        locks.set(LockSet::Port, LockHolder::Customer, held(-1), 1);
        locks.release(LockSet::Port, LockHolder::Customer, release(500), 2).unwrap();
        locks.set(LockSet::Sim, LockHolder::Customer, held(-1), 2);
        locks.set(LockSet::All, LockHolder::Customer, held(0), 3);
        assert_eq!(locks.annul(at(0), || Some(release(200)), 4), 1);
        let states =
            [LockSet::Port, LockSet::Sim, LockSet::All].map(|set| locks.lock((set, LockHolder::Customer)).clone());
        assert!(
            matches!(&states, [Lock::On(_), Lock::On(_), Lock::Released(_, one)] if *one == release(200)),
            "{states:?}"
        );
        let stance = |digest| states[2].stance(crate::domain::Action::SimChange, &ChangeDigest(digest), None, at(100));
        assert_eq!((stance([1; 32]), stance([2; 32])), (Stance::GuardedStrong, Stance::Locked));
        assert!(
            !locks.is_alive(crate::domain::Action::PortOut, 4) && locks.is_alive(crate::domain::Action::PortOut, 5)
        );
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
        let annulled = account.annul(at(0), || None, (at(90), 5));
        assert_eq!((annulled.contacts_ended, annulled.contacts_restored, annulled.devices), (1, 2, 1));
        let live = account.persons[0].contacts.iter().filter(|contact| contact.ended.is_none());
        let live: Vec<_> = live.map(|contact| (contact.id.as_str(), contact.since)).collect();
        assert_eq!(live, [("kept", at(-900)), ("replaced", at(-900)), ("removed", at(-900))]);
        let known = account.devices.iter().filter(|device| device.revoked_at.is_none());
        assert_eq!(known.map(|device| device.id.as_str()).collect::<Vec<_>>(), ["old"]);
        assert_eq!((account.devices[1].remind_at, account.resets), (None, vec![reset(-1)]));
    }

    #[test]
    fn when_contacts_changed_is_when_they_changed_before() {
        let account = account(vec![contact("old", -900, None), contact("older", -5_000, Some(-300))], Vec::new());
        let mut history = History::default();
        history.contacts_changed.note(None, at(5));
        history.annul(at(0), &account);
        assert_eq!(history.contacts_changed.of(ContactKind::Email), Some(at(-300)));
        assert_eq!(history.contacts_changed.of(ContactKind::Sms), None);
        history.contacts_changed.note(Some(ContactKind::Sms), at(-1));
        history.annul(at(0), &account);
        assert_eq!(history.contacts_changed.of(ContactKind::Sms), Some(at(-1)), "before it");
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
        assert!(!line.goes_back(&to(1), at(91)) && line.recovering(at(91)).is_none());
        assert_eq!((line.status, line.protection), (before.status, before.protection));
    }
}
