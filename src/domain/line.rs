//! A line: a number, the SIM it is on, and what protects it.

use chrono::{DateTime, Utc};

use super::history::insert_newest;
use super::protection::Protection;
use super::{AccountId, Eid, Flags, Iccid, Imei, LineId, Msisdn, RecordId, Recovery, SimBefore, SimTarget};

/// Whether a line is in service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum LineStatus {
    /// In service.
    Active = 1,
    /// Barred, for now.
    Suspended = 2,
    /// Ended; its number may be given to someone else.
    Closed = 3,
    /// Left for another carrier.
    PortedOut = 4,
    /// Moved to another account; that account has the line now.
    Moved = 5,
}

impl LineStatus {
    /// Whether somebody has the line, be it barred for now: its number is taken.
    pub const fn is_in_service(self) -> bool {
        matches!(self, Self::Active | Self::Suspended)
    }
}

/// What a request calls a line: one that nobody has is called something too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineName {
    /// Its number.
    Msisdn(Msisdn),
    /// Its subscription.
    LineId(LineId),
}

impl LineName {
    /// As the request gave it: part of what app keys sign.
    pub fn as_given(&self) -> String {
        match self {
            Self::Msisdn(number) => number.to_e164(),
            Self::LineId(id) => id.as_str().to_owned(),
        }
    }
}

/// How many SIM changes a line remembers; more than any rule counts.
pub const SIM_CHANGES_KEPT_MAX: usize = 8;

/// A SIM change that was carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimChanged {
    /// When.
    pub at: DateTime<Utc>,
    /// The SIM that the line was on before it.
    pub from: SimBefore,
    /// Whether it took the line back, after a disputed one.
    pub goes_back: bool,
}

impl From<DateTime<Utc>> for SimChanged {
    /// One of which no more is known than when it was.
    fn from(at: DateTime<Utc>) -> Self {
        Self { at, from: SimBefore::default(), goes_back: false }
    }
}

/// A subscription with the number it has now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The subscription. It survives renumbering; a recycled number gets a new one.
    pub id: LineId,
    /// Its account.
    pub account: AccountId,
    /// Its number.
    pub msisdn: Msisdn,
    /// Whether it is in service.
    pub status: LineStatus,
    /// The active SIM.
    pub iccid: Option<Iccid>,
    /// The active eSIM chip.
    pub eid: Option<Eid>,
    /// The handset last seen.
    pub imei: Option<Imei>,
    /// SIM changes that were carried out, oldest first, at most [`SIM_CHANGES_KEPT_MAX`]. Going back is one more, never one less.
    pub sim_changes: Vec<SimChanged>,
    /// When call forwarding was last set.
    pub forwarding_set_at: Option<DateTime<Utc>>,
    /// When the network last had it on the SIM that it is on.
    pub attached_at: Option<DateTime<Utc>>,
    /// Marks on the line.
    pub flags: Flags,
    /// Locks on the line.
    pub protection: Protection,
    /// A SIM change that is said to be somebody else's, and what became of it.
    pub recovery: Option<Box<Recovery>>,
    /// The latest record about this line.
    pub last_record: Option<RecordId>,
}

impl Line {
    /// When the SIM last changed, if it ever did here.
    pub fn sim_changed_at(&self) -> Option<DateTime<Utc>> {
        self.sim_changes.last().map(|change| change.at)
    }

    /// Whether the number is on this SIM already.
    pub fn is_on(&self, target: &SimTarget) -> bool {
        target.is_one_of(self.iccid.as_ref(), self.eid.as_ref())
    }

    /// Writes down that the number is on another SIM since `at`. What is told late takes its place in the history, and does
    /// not change what the line is on now.
    ///
    /// INVARIANT (changes-only-added): going back to a SIM is one change more. The last change never becomes an older one.
    ///
    /// INVARIANT (fail-closed): what is told late says nothing of which SIM was left: what can be disputed was seen when it happened.
    pub fn change_sim(&mut self, target: SimTarget, imei: Option<Imei>, at: DateTime<Utc>) {
        let last = self.sim_changes.last();
        let is_last = last.is_none_or(|last| last.at <= at);
        let mut change = SimChanged::from(at);
        // That it is on the SIM that it went back to is no other change of it.
        change.goes_back = is_last && self.is_on(&target) && last.is_some_and(|last| last.goes_back);
        if is_last {
            change.from = SimBefore { iccid: self.iccid.take(), eid: self.eid.take() };
            SimBefore { iccid: self.iccid, eid: self.eid } = target.into();
            self.imei = imei.or(self.imei.take());
            self.attached_at = None;
            self.end_suspension(&change.from);
        }
        insert_newest(&mut self.sim_changes, change, SIM_CHANGES_KEPT_MAX.saturating_add(1), |change| change.at);
        if self.sim_changes.len() > SIM_CHANGES_KEPT_MAX {
            // What says least leaves first: the oldest of which nobody knows what it left, or that left nothing.
            let place = self.sim_changes.iter().position(|known| known.from.is_unknown()).unwrap_or_default();
            self.sim_changes.remove(place);
        }
    }

    /// A line that was barred for its SIM is in service again on another that is known to be another: named by the other kind of number it
    /// may be the same.
    fn end_suspension(&mut self, before: &SimBefore) {
        let iccid = before.iccid.is_some() && self.iccid.is_some() && before.iccid != self.iccid;
        let eid = before.eid.is_some() && self.eid.is_some() && before.eid != self.eid;
        if iccid || eid {
            self.lift_bar();
        }
    }

    /// Whether it is news that the network had the line on a SIM at `at`. Of any but the one it is on since its last change
    /// it says nothing.
    pub fn is_news_of(&self, target: &SimTarget, at: DateTime<Utc>) -> bool {
        let is_since = self.sim_changed_at().is_none_or(|changed| changed <= at);
        self.is_on(target) && is_since && self.attached_at.is_none_or(|last| last < at)
    }

    /// Writes down that the network had it on its SIM at `at`.
    pub fn attach(&mut self, target: &SimTarget, at: DateTime<Utc>) {
        if self.is_news_of(target, at) {
            self.attached_at = Some(at);
        }
    }

    /// Writes down that calls go elsewhere since `at`.
    pub fn forward(&mut self, at: DateTime<Utc>) {
        self.forwarding_set_at = self.forwarding_set_at.max(Some(at));
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};
    use proptest::prelude::*;

    use super::{Line, SIM_CHANGES_KEPT_MAX, SimBefore, SimChanged};
    use crate::domain::{AccountId, Iccid, IccidCheck, Msisdn, SimTarget};

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap() + TimeDelta::minutes(minute)
    }

    fn sim(number: u8) -> SimTarget {
        let digits = format!("8901260123456789{number:03}");
        SimTarget::Iccid(Iccid::parse_with(&digits, IccidCheck::FormatOnly).unwrap())
    }

    fn line() -> Line {
        Line::stand_in(AccountId::parse("acct-1").unwrap(), Msisdn::NOWHERE).unwrap()
    }

    #[test]
    fn going_back_to_the_sim_before_is_one_change_more() {
        let mut line = line();
        for (number, minute) in [(1, 0), (2, 60), (1, 90)] {
            line.change_sim(sim(number), None, at(minute));
        }
        assert!(line.is_on(&sim(1)));
        assert_eq!((line.sim_changed_at(), line.sim_changes.len()), (Some(at(90)), 3));
    }

    #[test]
    fn only_the_sim_that_a_line_is_on_is_attached() {
        let mut line = line();
        line.attach(&sim(1), at(0));
        assert_eq!(line.attached_at, None, "nobody knows the SIM it is on");
        line.change_sim(sim(1), None, at(0));
        for (number, minute, attached) in [(1, 5, 5), (1, 3, 5), (2, 9, 5), (1, 9, 9)] {
            line.attach(&sim(number), at(minute));
            assert_eq!(line.attached_at, Some(at(attached)), "{number} at {minute}");
        }
        line.change_sim(sim(2), None, at(20));
        assert_eq!(line.attached_at, None, "the old one says nothing of the new one");
        for (number, minute, attached) in [(1, 25, None), (2, 19, None), (2, 20, Some(20))] {
            line.attach(&sim(number), at(minute));
            assert_eq!(line.attached_at, attached.map(at), "{number} at {minute}");
        }
        // What is told late of a SIM before does not change what it is on.
        line.change_sim(sim(3), None, at(10));
        assert_eq!(line.attached_at, Some(at(20)));
    }

    proptest! {
        /// INVARIANT (changes-only-added), for two SIMs, so that most changes go back, told in any order.
        #[test]
        fn the_last_change_never_becomes_an_older_one(changes in prop::collection::vec((0..2_u8, 0..500_i64), 1..40)) {
            let mut line = line();
            let mut told: Vec<(i64, u8)> = Vec::new();
            for (number, minute) in changes {
                let before = line.sim_changed_at();
                line.change_sim(sim(number), None, at(minute));
                told.push((minute, number));
                let last = told.iter().map(|(minute, _)| *minute).max().unwrap();
                prop_assert!(line.sim_changed_at() >= before && line.sim_changed_at() == Some(at(last)));
                // Of two at one instant the one that was told last holds.
                let newest = told.iter().rev().find(|(minute, _)| *minute == last).unwrap();
                prop_assert!(line.is_on(&sim(newest.1)));
                let mut all: Vec<_> = told.iter().map(|(minute, _)| at(*minute)).collect();
                all.sort_unstable();
                let kept: Vec<_> = line.sim_changes.iter().map(|change| change.at).collect();
                prop_assert!(kept.len() == all.len().min(SIM_CHANGES_KEPT_MAX) && kept.is_sorted());
                prop_assert!(kept.iter().all(|at| all.contains(at)));
                // Each began where the line was when it was told, or nobody knows where.
                let (mut began, mut left) = (SimBefore::default(), Vec::new());
                for (place, (minute, number)) in told.iter().enumerate() {
                    if told.iter().take(place).all(|(before, _)| before <= minute) {
                        left.push(SimChanged { at: at(*minute), from: began, goes_back: false });
                        began = sim(*number).into();
                    }
                }
                let mut known = line.sim_changes.iter().filter(|change| !change.from.is_unknown());
                prop_assert!(known.all(|change| left.contains(change)));
            }
        }
    }
}
