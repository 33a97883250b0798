//! What is computed, by every engine: which rules hold, and what they come to.

use portcullis::domain::{Effect, Level, Verdict};
use portcullis::policy::{Policy, RuleEffect};

/// What the rules say together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// The rules that hold, a bit for each place in the policy.
    pub(crate) holding: u128,
    /// The sum of points.
    pub(crate) score: u32,
    /// The level of proof needed.
    pub(crate) required: Level,
    /// Whether nothing can be approved.
    pub(crate) held: bool,
    /// Whether it is refused.
    pub(crate) denied: bool,
}

/// Before any rule: every action needs at least one accepted factor.
const NOTHING: Outcome = Outcome { holding: 0, score: 0, required: Level::Basic, held: false, denied: false };

impl Outcome {
    /// Adds up the rules that hold, by their places in the policy.
    pub(crate) fn of(policy: &Policy, holding: impl IntoIterator<Item = usize>) -> Self {
        let mut outcome = NOTHING;
        for place in holding {
            outcome.holding |= 1 << place;
            match policy.rules.all()[place].effect {
                RuleEffect::Points(points) => outcome.score = outcome.score.saturating_add(points),
                RuleEffect::AtLeast(level) => outcome.required = outcome.required.max(level),
                RuleEffect::AtBestChallenge => outcome.held = true,
                RuleEffect::Deny => outcome.denied = true,
            }
        }
        outcome.weigh(policy)
    }

    fn weigh(mut self, policy: &Policy) -> Self {
        let thresholds = &policy.thresholds;
        self.denied |= self.score >= thresholds.deny;
        if self.score >= thresholds.deny {
        } else if self.score >= thresholds.strong {
            self.required = self.required.max(Level::Strong);
        } else if self.score >= thresholds.challenge {
            self.required = self.required.max(Level::TwoClasses);
        }
        self
    }

    /// What a verdict of ours says of its rules. Its own sums must be what its rules come to.
    pub(crate) fn of_verdict(policy: &Policy, verdict: &Verdict) -> Self {
        let rules = policy.rules.all();
        let place = |id| rules.iter().position(|rule| rule.id == id);
        let outcome = Self::of(policy, verdict.contributions.iter().filter_map(|given| place(given.rule)));
        let denied = verdict.contributions.iter().any(|given| given.effect == Effect::Deny);
        assert_eq!((outcome.score, outcome.required, outcome.denied), (verdict.score, verdict.required, denied));
        outcome
    }
}
