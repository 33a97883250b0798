//! What a rule is.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{Action, Level, Reason, RuleId, Signal};
use crate::policy::document::{Policy, SignalName};
use crate::policy::facts::Facts;

/// One rule: when it holds, and what it then does.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Its name: the policy's paragraph, then a short name.
    pub id: RuleId,
    /// The actions it is about.
    pub on: Actions,
    /// Whether it holds.
    pub when: fn(&Facts, &Policy) -> Tri,
    /// What it does when it holds.
    pub effect: RuleEffect,
    /// Why, as answered.
    pub reason: Reason,
    /// What an unknown fact means to it.
    pub if_unknown: IfUnknown,
    /// The first instant at which, by time alone, it no longer holds.
    pub over_at: fn(&Facts, &Policy) -> Option<DateTime<Utc>>,
}

/// Yes, no, or a fact is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tri {
    /// It holds.
    True,
    /// It does not.
    False,
    /// A signal it asks about is missing.
    Unknown(SignalName),
}

impl From<bool> for Tri {
    fn from(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}

/// Whether a signal is known and satisfies `holds`.
pub(super) fn signal<T>(name: SignalName, signal: &Signal<T>, holds: impl FnOnce(&T) -> bool) -> Tri {
    match signal {
        Signal::Known(value) => holds(value).into(),
        Signal::Unknown => Tri::Unknown(name),
    }
}

/// What a missing signal means to a rule.
///
/// INVARIANT (fail-closed): unknown is never read as zero. Facts that the engine keeps itself are never unknown: if they cannot
/// be read there is no snapshot and no decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IfUnknown {
    /// As if the rule held.
    True,
    /// As if it did not hold; but if the policy requires that signal here, as if it held.
    FalseUnlessRequired,
}

/// What a rule can do: never less than was asked before.
///
/// INVARIANT (stricter-only): no variant lowers anything, and points are unsigned.
#[derive(Debug, Clone, Copy)]
pub enum RuleEffect {
    /// Adds to the score.
    Points(fn(&Facts, &Policy) -> u32),
    /// Raises the proof that is needed.
    AtLeast(Level),
    /// Whatever is proven, no approval; the proof that is needed stays as it is.
    AtBestChallenge,
    /// Refuses.
    Deny,
}

impl RuleEffect {
    /// The stable name, for the policy's canonical text.
    pub fn name(self) -> &'static str {
        match self {
            Self::Points(_) => "POINTS",
            Self::AtLeast(level) => level.name(),
            Self::AtBestChallenge => "AT_BEST_CHALLENGE",
            Self::Deny => "DENY",
        }
    }
}

/// A set of actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actions(u16);

impl Actions {
    /// Every action.
    pub const ALL: Self = Self(u16::MAX);

    /// These.
    pub const fn of(actions: &[Action]) -> Self {
        let mut rest = actions;
        let mut bits = 0;
        while let [first, others @ ..] = rest {
            bits |= 1 << first.number();
            rest = others;
        }
        Self(bits)
    }

    /// All but one.
    pub const fn all_but(action: Action) -> Self {
        Self(!(1 << action.number()))
    }

    /// Whether `action` is one of them.
    pub const fn has(self, action: Action) -> bool {
        self.0 & (1 << action.number()) != 0
    }
}

impl Rule {
    /// Whether the rule holds for these facts.
    pub fn holds(&self, facts: &Facts, policy: &Policy) -> bool {
        self.on.has(facts.action)
            && match ((self.when)(facts, policy), self.if_unknown) {
                (Tri::True, _) | (Tri::Unknown(_), IfUnknown::True) => true,
                (Tri::Unknown(signal), IfUnknown::FalseUnlessRequired) => facts.signals_missing.has(signal),
                (Tri::False, _) => false,
            }
    }

    /// A rule on facts that the engine keeps, which no time ends.
    pub(super) const fn new(
        id: RuleId,
        on: Actions,
        when: fn(&Facts, &Policy) -> Tri,
        effect: RuleEffect,
        reason: Reason,
    ) -> Self {
        Self { id, on, when, effect, reason, if_unknown: IfUnknown::True, over_at: |_, _| None }
    }

    /// The same, ended by time.
    pub(super) const fn over_at(self, over_at: fn(&Facts, &Policy) -> Option<DateTime<Utc>>) -> Self {
        Self { over_at, ..self }
    }

    /// The same, on a signal that others observe.
    pub(super) const fn on_signal(self) -> Self {
        Self { if_unknown: IfUnknown::FalseUnlessRequired, ..self }
    }
}

/// The first instant after one that still binds, on clocks and wires that count milliseconds.
pub(in crate::policy) fn just_after(instant: DateTime<Utc>) -> DateTime<Utc> {
    instant + TimeDelta::milliseconds(1)
}
