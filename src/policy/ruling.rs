//! What all rules together say about one request.

use chrono::{DateTime, Utc};

use super::document::Policy;
use super::facts::{Facts, Values};
use super::proof::Accepted;
use super::rules::{Rule, RuleEffect};
use crate::domain::{Action, Channel, Contribution, Effect, GivenReason, Level, Reason};

/// The name under which the score's thresholds speak.
const SCORE: &str = "P19-score";

/// The strictest of every rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ruling {
    /// The sum of points.
    pub(super) score: u32,
    /// The level of proof needed.
    pub(super) required: Level,
    /// Whether nothing can be approved, whatever is proven.
    pub(super) held: bool,
    /// What each rule that holds contributed.
    pub(super) contributions: Vec<Contribution>,
    denials: Vec<Ground>,
    raises: Vec<(Raise, Ground)>,
}

/// A reason and when, by time alone, it is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ground {
    reason: GivenReason,
    over_at: Option<DateTime<Utc>>,
}

/// What was raised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Raise {
    To(Level),
    Held,
}

impl Ruling {
    /// Asks every rule about the action.
    pub(super) fn of(policy: &Policy, facts: &Facts, accepted: Accepted) -> Self {
        let values = Values::of(&facts.numbered(), accepted);
        Self::of_values(policy, (facts.action, facts.channel, facts.now), &values)
    }

    /// The same of facts as rules read them.
    pub(super) fn of_values(
        policy: &Policy,
        (action, channel, now): (Action, Channel, DateTime<Utc>),
        values: &Values,
    ) -> Self {
        let mut ruling = Self {
            score: 0,
            // Every action needs at least one accepted factor.
            required: Level::Basic,
            held: false,
            contributions: Vec::new(),
            denials: Vec::new(),
            raises: Vec::new(),
        };
        let required = policy.signals_without_which(action, channel);
        for rule in policy.rules.on(action) {
            if rule.holds(values, required, now) {
                ruling.add(rule, values, now);
            }
        }
        ruling.weigh_score(policy);
        // Strictest first; among equals the order of telling.
        ruling.raises.sort_by_key(|(raise, _)| std::cmp::Reverse(*raise));
        ruling
    }

    /// INVARIANT (stricter-only): each arm can only add points, raise the level, hold or refuse.
    fn add(&mut self, rule: &Rule, values: &Values, now: DateTime<Utc>) {
        let reason = GivenReason { reason: rule.reason, rule: rule.id };
        let ground = || Ground { reason, over_at: rule.over_at(values, now) };
        let effect = match rule.effect {
            RuleEffect::Points(points) => {
                self.score = self.score.saturating_add(points);
                Effect::Points(points)
            }
            RuleEffect::AtLeast(level) => {
                self.raise(level, ground());
                Effect::AtLeast(level)
            }
            RuleEffect::AtBestChallenge => {
                self.held = true;
                self.raises.push((Raise::Held, ground()));
                Effect::AtLeast(Level::Basic)
            }
            RuleEffect::Deny => {
                self.denials.push(ground());
                Effect::Deny
            }
        };
        self.contributions.push(Contribution { rule: rule.id, effect });
    }

    fn weigh_score(&mut self, policy: &Policy) {
        let ground = Ground { reason: GivenReason { reason: Reason::ScoreHigh, rule: SCORE }, over_at: None };
        let thresholds = &policy.thresholds;
        let effect = if self.score >= thresholds.deny {
            self.denials.push(ground);
            Effect::Deny
        } else if self.score >= thresholds.strong {
            self.raise(Level::Strong, ground);
            Effect::AtLeast(Level::Strong)
        } else if self.score >= thresholds.challenge {
            self.raise(Level::TwoClasses, ground);
            Effect::AtLeast(Level::TwoClasses)
        } else {
            return;
        };
        self.contributions.push(Contribution { rule: SCORE, effect });
    }

    fn raise(&mut self, level: Level, ground: Ground) {
        self.required = self.required.max(level);
        self.raises.push((Raise::To(level), ground));
    }

    /// Whether some rule refuses.
    pub(super) fn is_denied(&self) -> bool {
        !self.denials.is_empty()
    }

    /// Why it is refused.
    pub(super) fn denial_reasons(&self) -> Vec<GivenReason> {
        distinct(self.denials.iter().map(|ground| ground.reason))
    }

    /// When the last of the refusals is over, if time alone ends them all.
    pub(super) fn denials_over_at(&self) -> Option<DateTime<Utc>> {
        all_over_at(self.denials.iter())
    }

    /// Why proof of `level` does not do, strictest first.
    pub(super) fn reasons_above(&self, level: Level) -> Vec<GivenReason> {
        distinct(self.unmet(level).map(|ground| ground.reason))
    }

    /// When proof of `level` does, if time alone brings it about.
    pub(super) fn over_at_above(&self, level: Level) -> Option<DateTime<Utc>> {
        all_over_at(self.unmet(level))
    }

    fn unmet(&self, level: Level) -> impl Iterator<Item = &Ground> {
        self.raises.iter().filter(move |(raise, _)| *raise > Raise::To(level)).map(|(_, ground)| ground)
    }
}

fn all_over_at<'a>(grounds: impl Iterator<Item = &'a Ground>) -> Option<DateTime<Utc>> {
    let ends: Option<Vec<_>> = grounds.map(|ground| ground.over_at).collect();
    ends?.into_iter().max()
}

fn distinct(reasons: impl Iterator<Item = GivenReason>) -> Vec<GivenReason> {
    let mut kept: Vec<GivenReason> = Vec::new();
    for given in reasons {
        if !kept.iter().any(|other| other.reason == given.reason) {
            kept.push(given);
        }
    }
    kept
}
