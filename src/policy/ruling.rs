//! What all rules together say about one request.

use chrono::{DateTime, TimeDelta, Utc};

use super::document::Policy;
use super::facts::{Facts, Values};
use super::rules::{Rule, RuleEffect};
use crate::domain::{Action, Channel, Contribution, Effect, GivenReason, HoldKind, Level, LockSet, Reason, RuleId};

/// The name under which the score's thresholds speak.
const SCORE: &str = "P19-score";

/// As many rules seldom hold at once.
const CONTRIBUTIONS: usize = 16;

/// The strictest of every rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ruling<'a> {
    values: &'a Values,
    now: DateTime<Utc>,
    /// The sum of points.
    pub(super) score: u32,
    /// The level of proof needed.
    pub(super) required: Level,
    /// Whether nothing can be approved, whatever is proven.
    pub(super) held: bool,
    /// How long an approval waits before it may be used.
    pub(super) wait: TimeDelta,
    /// What each rule that holds contributed.
    pub(super) contributions: Vec<Contribution>,
    /// What of the request is to be held, each kind by the first rule that says so.
    pub(super) holds: Vec<(HoldKind, RuleId)>,
    /// Which carrier's locks go on for the line, each by the first rule that says so.
    pub(super) locks: Vec<(LockSet, RuleId)>,
    grounds: Vec<(Raise, Ground<'a>)>,
}

/// Who speaks: a rule, or the score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ground<'a> {
    Rule(&'a Rule),
    Score,
}

/// What somebody asks for, mildest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Raise {
    Waits,
    To(Level),
    Held,
    Denied,
}

impl<'a> Ruling<'a> {
    /// Asks every rule about the action. `values` are the facts as rules read them.
    pub(super) fn of(policy: &'a Policy, facts: &Facts, values: &'a Values) -> Self {
        Self::asked(policy, (facts.action, facts.channel, facts.now), values)
    }

    /// The same of a decision on record.
    pub(super) fn asked(
        policy: &'a Policy,
        (action, channel, now): (Action, Channel, DateTime<Utc>),
        values: &'a Values,
    ) -> Self {
        let mut ruling = Self {
            values,
            now,
            score: 0,
            // Every action needs at least one accepted factor.
            required: Level::Basic,
            held: false,
            wait: TimeDelta::zero(),
            contributions: Vec::with_capacity(CONTRIBUTIONS),
            holds: Vec::new(),
            locks: Vec::new(),
            grounds: Vec::with_capacity(CONTRIBUTIONS),
        };
        let required = policy.signals_without_which(action, channel);
        for rule in policy.rules.on(action) {
            if rule.holds(values, required, now) {
                ruling.add(rule);
            }
        }
        ruling.weigh_score(policy);
        ruling
    }

    /// INVARIANT (stricter-only): each arm can only add points, raise the level, hold, have it wait or refuse.
    fn add(&mut self, rule: &'a Rule) {
        let ground = Ground::Rule(rule);
        let effect = match rule.effect {
            RuleEffect::Points(points) => {
                self.score = self.score.saturating_add(points);
                Effect::Points(points)
            }
            RuleEffect::AtLeast(level) => {
                self.raise(level, ground);
                Effect::AtLeast(level)
            }
            RuleEffect::AtBestChallenge => {
                self.held = true;
                self.grounds.push((Raise::Held, ground));
                Effect::AtLeast(Level::Basic)
            }
            RuleEffect::Wait(wait) => {
                self.wait = self.wait.max(wait);
                self.grounds.push((Raise::Waits, ground));
                Effect::Wait(wait)
            }
            RuleEffect::Deny => {
                self.grounds.push((Raise::Denied, ground));
                for kind in rule.to_be_held(self.values) {
                    if self.holds.iter().all(|(known, _)| known != kind) {
                        self.holds.push((*kind, rule.id));
                    }
                }
                if let Some(set) = rule.to_be_locked(self.values)
                    && self.locks.iter().all(|(known, _)| *known != set)
                {
                    self.locks.push((set, rule.id));
                }
                Effect::Deny
            }
        };
        self.contributions.push(Contribution { rule: rule.id, effect });
    }

    fn weigh_score(&mut self, policy: &Policy) {
        let thresholds = &policy.thresholds;
        let effect = if self.score >= thresholds.deny {
            self.grounds.push((Raise::Denied, Ground::Score));
            Effect::Deny
        } else if self.score >= thresholds.strong {
            self.raise(Level::Strong, Ground::Score);
            Effect::AtLeast(Level::Strong)
        } else if self.score >= thresholds.challenge {
            self.raise(Level::TwoClasses, Ground::Score);
            Effect::AtLeast(Level::TwoClasses)
        } else {
            return;
        };
        self.contributions.push(Contribution { rule: SCORE, effect });
    }

    fn raise(&mut self, level: Level, ground: Ground<'a>) {
        self.required = self.required.max(level);
        self.grounds.push((Raise::To(level), ground));
    }

    /// Whether some rule refuses.
    pub(super) fn is_denied(&self) -> bool {
        self.denials().next().is_some()
    }

    /// The rules that refuse; where the score does, those that gave it points too.
    pub(super) fn deniers(&self) -> Vec<RuleId> {
        self.named(self.denials())
    }

    /// The rules that ask for more than `level`, likewise.
    pub(super) fn raisers(&self, level: Level) -> Vec<RuleId> {
        self.named(self.unmet(level).map(|(_, ground)| ground))
    }

    fn named<'g>(&self, grounds: impl Iterator<Item = &'g Ground<'a>>) -> Vec<RuleId>
    where
        'a: 'g,
    {
        let mut named: Vec<RuleId> = grounds.map(|ground| ground.reason().rule).collect();
        if named.contains(&SCORE) {
            let scored = self.contributions.iter().filter(|given| matches!(given.effect, Effect::Points(_)));
            named.extend(scored.map(|given| given.rule));
        }
        named
    }

    /// Why it is refused.
    pub(super) fn denial_reasons(&self) -> Vec<GivenReason> {
        distinct(self.denials().map(|ground| ground.reason()))
    }

    /// When the last of the refusals is over, if time alone ends them all.
    pub(super) fn denials_over_at(&self) -> Option<DateTime<Utc>> {
        self.all_over_at(self.denials())
    }

    /// Why proof of `level` does not do, strictest first.
    pub(super) fn reasons_above(&self, level: Level) -> Vec<GivenReason> {
        let mut unmet: Vec<_> = self.unmet(level).collect();
        // Among equals the order of telling.
        unmet.sort_by_key(|(raise, _)| std::cmp::Reverse(*raise));
        distinct(unmet.into_iter().map(|(_, ground)| ground.reason()))
    }

    /// Why an approval waits.
    pub(super) fn waits(&self) -> Vec<GivenReason> {
        distinct(self.grounds.iter().filter(|(raise, _)| *raise == Raise::Waits).map(|(_, ground)| ground.reason()))
    }

    /// When proof of `level` does, if time alone brings it about.
    pub(super) fn over_at_above(&self, level: Level) -> Option<DateTime<Utc>> {
        self.all_over_at(self.unmet(level).map(|(_, ground)| ground))
    }

    fn denials(&self) -> impl Iterator<Item = &Ground<'a>> {
        self.grounds.iter().filter(|(raise, _)| *raise == Raise::Denied).map(|(_, ground)| ground)
    }

    fn unmet(&self, level: Level) -> impl Iterator<Item = &(Raise, Ground<'a>)> {
        self.grounds.iter().filter(move |(raise, _)| *raise > Raise::To(level) && *raise != Raise::Denied)
    }

    /// The last end of all, if each has one. Rules are asked for it only here, where it is told.
    fn all_over_at<'g>(&self, grounds: impl Iterator<Item = &'g Ground<'a>>) -> Option<DateTime<Utc>>
    where
        'a: 'g,
    {
        let mut last = None;
        for ground in grounds {
            last = last.max(Some(ground.over_at(self.values, self.now)?));
        }
        last
    }
}

impl Ground<'_> {
    const fn reason(self) -> GivenReason {
        match self {
            Self::Rule(rule) => GivenReason { reason: rule.reason, rule: rule.id },
            Self::Score => GivenReason { reason: Reason::ScoreHigh, rule: SCORE },
        }
    }

    /// When, by time alone, it is over.
    fn over_at(self, values: &Values, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Rule(rule) => rule.over_at(values, now),
            Self::Score => None,
        }
    }
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
