//! Decisions, as their reader may see them.

use super::wire;
use crate::audit::{AnswerWindow, Decided, RecordedContribution};
use crate::domain::{Effect, FactorOption, GivenReason, Level, OutcomeKind, Usability};
use crate::grpc::convert::position::consistency_token;
use crate::grpc::convert::time::{duration, timestamp};
use crate::grpc::pb::v1 as pb;
use crate::policy::{self, Dialect, WireAnswer};
use crate::service::{Answer, BatchAnswer, PermitText};

/// Whether the reader is the one who is handed the permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::grpc) enum Showing {
    /// The answer to the ask itself, the first time or again.
    Permit,
    /// A later look at the decision: a permit is shown to who asked, when they asked.
    NoPermit,
}

/// A decision. None for an answer that holds none, which no use case gives.
pub(in crate::grpc) fn decision(answer: &Answer, dialect: Option<Dialect>, showing: Showing) -> Option<pb::Decision> {
    let decided = answer.decided()?;
    let approved = decided.outcome == OutcomeKind::Approve;
    Some(pb::Decision {
        decision_id: answer.id().to_string(),
        state: wire::state(answer.state),
        outcome: wire::outcome(decided.outcome),
        detail: detail(answer, decided, showing),
        reasons: answer.outward.reasons.iter().map(|given| reason(*given)).collect(),
        wire: dialect.map(|dialect| wire_reply(dialect, decided.outcome, &[decided])),
        policy_revision: decided.policy.to_string(),
        decide_time: Some(timestamp(answer.decided_at())),
        consistency_token: consistency_token(answer.position),
        explanation: answer.outward.explained.then(|| explanation(decided)),
        // INVARIANT (unknown-looks-known): a line's own id would tell that its number exists.
        line_id: answer.line().filter(|_| approved).map_or_else(String::new, |line| line.as_str().to_owned()),
    })
}

/// A batch: one decision a line, and the whole. None as for [`decision`].
pub(in crate::grpc) fn batch(batch: &BatchAnswer, dialect: Option<Dialect>) -> Option<pb::BatchDecideResponse> {
    let decided: Vec<&Decided> = batch.answers.iter().filter_map(Answer::decided).collect();
    let decisions: Option<Vec<pb::Decision>> =
        batch.answers.iter().map(|answer| decision(answer, dialect, Showing::Permit)).collect();
    Some(pb::BatchDecideResponse {
        outcome: wire::outcome(batch.outcome),
        decisions: decisions?,
        wire: dialect.map(|dialect| wire_reply(dialect, batch.outcome, &decided)),
        consistency_token: consistency_token(batch.position),
    })
}

fn detail(answer: &Answer, decided: &Decided, showing: Showing) -> Option<pb::decision::Detail> {
    use pb::decision::Detail;
    match (decided.outcome, decided.window) {
        (OutcomeKind::Approve, AnswerWindow::Permit { not_before, expires_at, key_id: _, signing_key: _ }) => {
            let shown = |permit: &Option<PermitText>| {
                permit
                    .as_ref()
                    .filter(|_| showing == Showing::Permit)
                    .map_or_else(String::new, |permit| permit.0.clone())
            };
            Some(Detail::Approval(pb::Approval {
                permit: shown(&answer.permit),
                not_before_time: Some(timestamp(not_before)),
                expire_time: Some(timestamp(expires_at)),
                obligations: Vec::new(),
                signed_permit: shown(&answer.signed_permit),
            }))
        }
        (OutcomeKind::Challenge, AnswerWindow::OpenUntil(until)) => Some(Detail::Challenge(pb::Challenge {
            challenge_id: decided.challenge.map_or_else(String::new, |challenge| challenge.to_string()),
            expire_time: Some(timestamp(until)),
            required: answer.outward.required.map_or_else(|| wire::strength(Level::Basic), wire::strength),
            options: answer.outward.options.iter().map(factor_option).collect(),
            next_step: answer.outward.next_step.to_owned(),
        })),
        (OutcomeKind::Deny, _) => Some(Detail::Denial(pb::Denial {
            retry_time: answer.outward.retry_at.map(timestamp),
            next_step: answer.outward.next_step.to_owned(),
        })),
        (OutcomeKind::Approve | OutcomeKind::Challenge, _) => None,
    }
}

pub(super) fn factor_option(option: &FactorOption) -> pb::FactorOption {
    let (code, earliest) = match option.usability {
        Usability::Usable => ("", None),
        Usability::NotBefore(at, reason) => (reason.code(), Some(timestamp(at))),
        Usability::Unusable(reason) => (reason.code(), None),
    };
    pb::FactorOption {
        factor: wire::factor(option.factor),
        usable: option.usability == Usability::Usable,
        unusable_code: code.to_owned(),
        earliest_time: earliest,
    }
}

fn reason(given: GivenReason) -> pb::Reason {
    pb::Reason {
        code: given.reason.code().to_owned(),
        class: wire::reason_class(given.reason.class()),
        rule_id: given.rule.to_owned(),
        message: policy::message(given.reason).to_owned(),
    }
}

/// What a dialect is told of one decision, or of the strictest ones of a batch.
fn wire_reply(dialect: Dialect, outcome: OutcomeKind, decided: &[&Decided]) -> pb::WireReply {
    let strictest = || decided.iter().filter(|one| one.outcome == outcome);
    let reasons: Vec<GivenReason> = strictest()
        .flat_map(|one| one.reasons.iter().map(|given| GivenReason { reason: given.reason, rule: "" }))
        .collect();
    let matched = strictest().all(|one| one.account_number_matched);
    // What may still be refused is not confirmed yet.
    let waits = |one: &&Decided| one.contributions.iter().any(|given| matches!(given.effect, Effect::Wait(_)));
    let is_delayed = outcome == OutcomeKind::Approve && decided.iter().any(waits);
    let reply = policy::wire(dialect, outcome, &reasons, matched);
    pb::WireReply {
        answer: wire::wire_answer(if is_delayed { WireAnswer::Delay } else { reply.answer }),
        codes: reply.codes.into_iter().map(str::to_owned).collect(),
        text: reply.text,
    }
}

pub(super) fn explanation(decided: &Decided) -> pb::Explanation {
    let facts: serde_json::Map<String, serde_json::Value> =
        decided.facts.iter().map(|(number, value)| (fact_named(*number), (*value).into())).collect();
    pb::Explanation {
        score: i32::try_from(decided.score).unwrap_or(i32::MAX),
        contributions: decided.contributions.iter().map(contribution).collect(),
        facts_json: serde_json::Value::Object(facts).to_string(),
    }
}

/// A fact that a later engine recorded keeps its number.
fn fact_named(number: u16) -> String {
    policy::fact_name(number).map_or_else(|| number.to_string(), str::to_owned)
}

pub(super) fn contribution(given: &RecordedContribution) -> pb::Contribution {
    let rule_id = given.rule.clone();
    match given.effect {
        Effect::Points(points) => {
            let points = i32::try_from(points).unwrap_or(i32::MAX);
            pb::Contribution { rule_id, points, ..pb::Contribution::default() }
        }
        Effect::AtLeast(level) => {
            let (at_least, required) = (wire::outcome(OutcomeKind::Challenge), wire::strength(level));
            pb::Contribution { rule_id, at_least, required, ..pb::Contribution::default() }
        }
        Effect::Wait(wait) => pb::Contribution { rule_id, wait: Some(duration(wait)), ..pb::Contribution::default() },
        Effect::Deny => {
            let at_least = wire::outcome(OutcomeKind::Deny);
            pb::Contribution { rule_id, at_least, ..pb::Contribution::default() }
        }
    }
}
