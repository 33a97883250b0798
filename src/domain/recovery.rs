//! Recovery: a line whose SIM was changed by somebody else, and its way back to the SIM before (P22).

use chrono::{DateTime, TimeDelta, Utc};

use super::protection::Seq;
use super::{
    Account, Change, ChangeDigest, Channel, Consent, Held, Line, LineStatus, Lock, LockHolder, LockSet, Protection,
    Reset, ResetKind, SimTarget, Stance,
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
        self.recovery.as_deref().filter(|recovery| recovery.stands(now))
    }

    /// The recovery by which a change takes the line back to the SIM that it was on before a disputed one.
    pub fn way_back(&self, change: &Change, now: DateTime<Utc>) -> Option<&Recovery> {
        let Change::Sim(sim) = change else { return None };
        self.recovering(now).filter(|recovery| sim.target == recovery.back_to && !sim.is_shipped())
    }

    /// Whether a change undoes what somebody else did: the report of a SIM change, or the way back from it.
    pub fn undoes(&self, change: &Change, now: DateTime<Utc>) -> bool {
        matches!(change, Change::SwapReport { .. }) || self.way_back(change, now).is_some()
    }

    /// What the locks of the line and of its account say together to a change.
    ///
    /// INVARIANT (locked-never-approved): the one place that asks the locks; what holds is the union of both scopes. A customer's lock that
    /// was set since a disputed change does not cover the way back from it; every other does.
    pub fn stance(&self, account: &Account, change: &Change, exact: &ChangeDigest, now: DateTime<Utc>) -> Stance {
        self.stance_past(self.way_back(change, now), account, (change, exact), now)
    }

    /// Whether the way back passes a lock that refuses any other change.
    pub fn passes_lock(&self, account: &Account, change: &Change, exact: &ChangeDigest, now: DateTime<Utc>) -> bool {
        let says = |way_back| self.stance_past(way_back, account, (change, exact), now).refuses();
        self.way_back(change, now).is_some_and(|way_back| says(None) && !says(Some(way_back)))
    }

    fn stance_past(
        &self,
        way_back: Option<&Recovery>,
        account: &Account,
        (change, exact): (&Change, &ChangeDigest),
        now: DateTime<Utc>,
    ) -> Stance {
        let (action, gaining) = (change.action(), change.gaining_spid());
        let of = |protection: &Protection| {
            protection.stance_of(action, |holder, lock| {
                let says = lock.stance(action, exact, gaining, now);
                let is_passed = says.refuses() && way_back.is_some_and(|recovery| recovery.passes(holder, lock));
                if is_passed { Stance::GuardedStrong } else { says }
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
        until: DateTime<Utc>,
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
        Annulled { locks: self.protection.annul(disputed_at, seq), forwarding, suspended, ..Annulled::default() }
    }

    /// Remembers what was undone, on the line and elsewhere.
    pub fn note_annulled(&mut self, all: Annulled) {
        if let Some(Recovery { state: RecoveryState::Open { annulled, .. }, .. }) = self.recovery.as_deref_mut() {
            *annulled = all;
        }
    }

    /// What a recovery of the same change undid before.
    pub fn annulled_before(&self, disputed_at: DateTime<Utc>) -> Annulled {
        match self.recovery.as_deref() {
            Some(Recovery { disputed_at: before, state: RecoveryState::Open { annulled, .. }, .. })
                if *before == disputed_at =>
            {
                // Locks are counted anew: they are still on.
                Annulled { locks: 0, ..*annulled }
            }
            _ => Annulled::default(),
        }
    }

    /// The line is on the SIM that it was given: whatever it was barred for is not on it any more.
    pub fn lift_bar(&mut self) {
        let was_barred = self.recovery.as_deref_mut().is_some_and(|recovery| std::mem::take(&mut recovery.suspends));
        if was_barred && self.status == LineStatus::Suspended {
            self.status = LineStatus::Active;
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

    /// Whether a lock does not stand in the way back: a customer's that was set since the disputed change. A carrier's always does:
    /// so the fraud desk stops what should not have been reported.
    fn passes(&self, holder: LockHolder, lock: &Lock) -> bool {
        let is_since = lock.held().is_some_and(|held| held.since >= self.disputed_at);
        holder == LockHolder::Customer && is_since
    }
}

impl Account {
    /// Undoes what was set on the account since `since`: contacts and app keys, and releases of locks. Who and what was there before
    /// is there again. A key that was revoked since stays so: its owner may have lost it.
    ///
    /// What is there again was reset by that: whoever took it off may have known why.
    pub fn annul(&mut self, since: DateTime<Utc>, (now, via, seq): (DateTime<Utc>, Channel, Seq)) -> Annulled {
        let mut resets = Vec::new();
        let mut annulled = Annulled { locks: self.protection.annul(since, seq), ..Annulled::default() };
        for contact in self.persons.iter_mut().flat_map(|person| &mut person.contacts) {
            if contact.since >= since && contact.ended.is_none() {
                contact.ended = Some(now);
                annulled.contacts_ended = annulled.contacts_ended.saturating_add(1);
            } else if contact.since < since && contact.ended.is_some_and(|ended| ended >= since) {
                contact.ended = None;
                resets.push(Reset { at: now, kind: ResetKind::Contact, via, mailbox: Some(contact.id.clone()) });
                annulled.contacts_restored = annulled.contacts_restored.saturating_add(1);
            }
        }
        for device in self.devices.iter_mut().filter(|device| device.revoked_at.is_none()) {
            if device.added_at >= since {
                (device.revoked_at, device.remind_at) = (Some(now), None);
                annulled.devices = annulled.devices.saturating_add(1);
            }
        }
        for reset in resets {
            self.note_reset(reset);
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
mod tests;
