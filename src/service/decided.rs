//! What is put on record of a decision.

use super::ask::Asking;
use super::question::caller_of;
use super::target::Target;
use super::weigh::Weighed;
use crate::audit::{AnswerWindow, Decided, Event, Made};
use crate::domain::{Factor, FactorOption, Outcome, Place, RecordId, Standing, Usability};
use crate::policy::KNOWN_FACTS;
use crate::store::Entry;

/// The entry of a decision.
pub(super) fn entry(asking: &Asking<'_>, target: &Target, decided: Decided) -> Entry {
    Entry {
        at: asking.now,
        line: target.line,
        caller: Some(caller_of(asking.requester)),
        channel: Some(asking.question.interaction.channel),
        event: Event::Decided(Box::new(decided)),
    }
}

/// Everything that a decision rested on and came to.
pub(super) fn decided(
    asking: &Asking<'_>,
    standing: Standing,
    weighed: Weighed,
    (window, made): (AnswerWindow, Option<Made>),
    challenge: Option<RecordId>,
) -> Decided {
    let question = asking.question;
    let Weighed {
        verdict,
        checks,
        facts,
        policy,
        account_number_matched,
        owner_asked,
        found: _,
        shadow,
        code: _,
        shown: _,
    } = weighed;
    let options = match &verdict.outcome {
        Outcome::Challenge(challenge) => challenge.options.clone(),
        Outcome::Deny(denial) => {
            let works = |factor: &Factor| FactorOption { factor: *factor, usability: Usability::Usable };
            denial.still_works.iter().map(works).collect()
        }
        Outcome::Approve(_) => Vec::new(),
    };
    Decided {
        mode: question.mode,
        change: question.change.clone(),
        digest: question.digest(),
        standing,
        outcome: verdict.outcome.kind(),
        reasons: verdict.reasons.into_iter().map(Into::into).collect(),
        contributions: verdict.contributions.into_iter().map(Into::into).collect(),
        score: verdict.score,
        required: verdict.required,
        accepted: verdict.accepted,
        checks,
        options,
        window,
        facts,
        policy: policy.revision,
        account_number_matched,
        owner_asked,
        external_reference: question.external_reference.clone(),
        supersedes: question.supersedes,
        challenge,
        made,
        shadow,
        known_facts: Some(KNOWN_FACTS),
        place: Place::of(asking.requester, &question.interaction),
    }
}
