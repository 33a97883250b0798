//! What a rule is.

use chrono::{DateTime, TimeDelta, Utc};

use super::Actions;
use crate::domain::{HoldKind, Level, LockSet, Reason, RuleId};
use crate::policy::facts::{FACTS, Origin, Values};
use crate::policy::language::{JUST_AFTER, Test, Tri};

/// One rule: when it holds, and what it then does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its name: the policy's paragraph, then a short name.
    pub id: RuleId,
    /// The actions it is about.
    pub on: Actions,
    /// When it holds.
    pub when: Test,
    /// What it does when it holds.
    pub effect: RuleEffect,
    /// Why, as answered.
    pub reason: Reason,
    /// What a missing fact means to it.
    pub if_unknown: IfUnknown,
    /// From when on it counts; none is always.
    pub effective: Option<DateTime<Utc>>,
    /// What of the request is held from then on, each kind once, where it refuses for certain.
    pub hold: Vec<HoldKind>,
    /// Which carrier's lock goes on for the line then, where it refuses for certain.
    pub lock: Option<LockSet>,
}

/// What a missing fact means to a rule.
///
/// INVARIANT (fail-closed): unknown is never read as zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IfUnknown {
    /// As if the rule held where the fact is one that the engine keeps, or a signal that the policy requires here; else as if
    /// it did not.
    ByOrigin,
    /// As if the rule held, whatever is missing.
    Holds,
}

impl IfUnknown {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ByOrigin => "BY_ORIGIN",
            Self::Holds => "HOLDS",
        }
    }
}

/// What a rule can do: never less than was asked before.
///
/// INVARIANT (stricter-only): no variant lowers anything, and points are unsigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleEffect {
    /// Adds to the score.
    Points(u32),
    /// Raises the proof that is needed.
    AtLeast(Level),
    /// Whatever is proven, no approval; the proof that is needed stays as it is.
    AtBestChallenge,
    /// Has an approval wait so long before it may be used: its customer and everybody who is told of it can still say no.
    Wait(TimeDelta),
    /// Refuses.
    Deny,
}

/// The longest that a rule has an approval wait.
pub(in crate::policy) const WAIT_MAX: TimeDelta = TimeDelta::days(7);

impl RuleEffect {
    /// The names by which files speak of those that are no points.
    pub const NAMED: [(&'static str, Self); 5] = [
        ("BASIC", Self::AtLeast(Level::Basic)),
        ("CHALLENGE", Self::AtLeast(Level::TwoClasses)),
        ("STRONG", Self::AtLeast(Level::Strong)),
        ("HOLD", Self::AtBestChallenge),
        ("DENY", Self::Deny),
    ];

    /// As written in files.
    pub fn text(self) -> String {
        match self {
            Self::Points(points) => format!("points {points}"),
            Self::Wait(wait) => format!("wait {}s", wait.as_seconds_f64()),
            named => {
                let name = Self::NAMED.iter().find(|(_, effect)| *effect == named);
                name.map_or_else(String::new, |(name, _)| (*name).to_owned())
            }
        }
    }
}

/// The facts that the engine keeps itself, a bit for each number.
const KEPT: u128 = {
    let (mut kept, mut rest) = (u128::MAX, FACTS);
    while let [fact, others @ ..] = rest {
        if matches!(fact.origin, Origin::Signal) {
            kept &= !(1 << fact.number);
        }
        rest = others;
    }
    kept
};

impl Rule {
    /// Whether the rule holds for these facts, of which `required` are those that the policy cannot do without here.
    pub(in crate::policy) fn holds(&self, values: &Values, required: u128, now: DateTime<Utc>) -> bool {
        if self.effective.is_some_and(|from| now < from) {
            return false;
        }
        match (self.when.ask(values), self.if_unknown) {
            (Tri::True, _) | (Tri::Unknown, IfUnknown::Holds) => true,
            (Tri::Unknown, IfUnknown::ByOrigin) => self.when.mentions() & values.unknown() & (KEPT | required) != 0,
            (Tri::False, _) => false,
        }
    }

    /// What of the request is to be held. Not where a fact is missing: nobody is held for what nobody knows.
    pub(in crate::policy) fn to_be_held(&self, values: &Values) -> &[HoldKind] {
        if self.when.ask(values) == Tri::True { &self.hold } else { &[] }
    }

    /// Which carrier's lock goes on, likewise.
    pub(in crate::policy) fn to_be_locked(&self, values: &Values) -> Option<LockSet> {
        self.lock.filter(|_| self.when.ask(values) == Tri::True)
    }

    /// The first instant at which, by time alone, it no longer holds.
    pub(in crate::policy) fn over_at(&self, values: &Values, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let lasts = self.when.lasts(values, true)?;
        now.checked_add_signed(TimeDelta::microseconds(lasts))
    }
}

/// The first instant after one that still binds.
pub(in crate::policy) fn just_after(instant: DateTime<Utc>) -> DateTime<Utc> {
    instant + TimeDelta::microseconds(JUST_AFTER)
}
