//! The policy beside the one that decides: what it would have said of the same facts is on the decision's record.
//!
//! INVARIANT (shadow-answers-nothing): it is asked after the verdict is there, about facts that it cannot change, and what it
//! says goes into the record alone. That it is missing, broken or panics changes no answer.
//!
//! Its rules, its thresholds and the signals it requires are its own. What the deciding policy's knobs made of the world
//! before it became facts (windows, ages) is not asked again.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::engine::Engine;
use crate::audit::ShadowVerdict;
use crate::domain::Verdict;
use crate::policy::{self, Facts, Policy};

impl Engine {
    /// What the shadow policy says; none where there is none, or where it broke.
    pub(super) fn ask_shadow(&self, facts: &Facts) -> Option<Box<ShadowVerdict>> {
        let shadow = self.shadow.load();
        let said = said(shadow.as_deref()?, facts);
        if said.is_none() {
            self.tally.shadow_failed();
        }
        said
    }
}

/// What a policy says of facts; none where asking it breaks.
fn said(policy: &Policy, facts: &Facts) -> Option<Box<ShadowVerdict>> {
    // Nothing that is changed outlives the call: neither policy nor facts have parts that change.
    let verdict = catch_unwind(AssertUnwindSafe(|| policy::decide(policy, facts))).ok()?;
    // Nobody is held for what a shadow says.
    let Verdict { outcome, reasons, contributions, score, required, accepted: _, hold: _ } = verdict;
    Some(Box::new(ShadowVerdict {
        policy: policy.revision,
        outcome: outcome.kind(),
        required,
        score,
        reasons: reasons.into_iter().map(Into::into).collect(),
        contributions: contributions.into_iter().map(Into::into).collect(),
    }))
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};

    use super::said;
    use crate::domain::{Action, Channel, OutcomeKind};
    use crate::policy::{Asker, Facts, Policy};

    /// A policy that breaks wherever it would challenge: no instant is so far ahead. None that is loaded has such a knob.
    fn broken() -> Policy {
        Policy { challenge_life: TimeDelta::MAX, ..Policy::us_default() }
    }

    #[test]
    fn a_policy_that_panics_says_nothing() {
        let facts = Facts::quiet(Action::SimChange, Channel::Care, Asker::Staff, DateTime::UNIX_EPOCH);
        let outcome = |policy: &Policy| said(policy, &facts).map(|said| said.outcome);
        assert_eq!(outcome(&Policy::us_default()), Some(OutcomeKind::Challenge));
        assert_eq!(outcome(&broken()), None);
        assert!(broken().validate().is_err(), "a file cannot say it");
    }
}
