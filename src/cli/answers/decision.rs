//! Decisions.

use serde_json::{Value, json};

use super::value::{instant, name, spoken, word};
use crate::cli::failure::Exit;
use crate::cli::output::{Answer, pairs, parts, table};
use crate::grpc::pb::v1 as pb;
use crate::grpc::pb::v1::decision::Detail;

/// How much of a policy's digest people are told.
const POLICY_CHARACTERS: usize = 12;

/// A decision. Has no `Debug`: it may hold a permit.
pub(crate) struct Decided(pub(crate) pb::Decision);

/// How a command ends that got this decision.
///
/// INVARIANT (fail-closed): what is not plainly an approval is none.
pub(crate) fn exit_of(decision: &pb::Decision) -> Exit {
    match decision.outcome() {
        pb::Outcome::Approve => Exit::Done,
        pb::Outcome::Challenge => Exit::Challenged,
        pb::Outcome::Deny | pb::Outcome::Unspecified => Exit::Denied,
    }
}

impl Answer for Decided {
    fn json(&self) -> Value {
        let pb::Decision {
            decision_id,
            state,
            outcome,
            reasons,
            wire,
            policy_revision,
            decide_time,
            consistency_token,
            explanation,
            line_id,
            detail,
        } = &self.0;
        let (approval, challenge, denial) = match detail {
            Some(Detail::Approval(approval)) => (approval_json(approval), Value::Null, Value::Null),
            Some(Detail::Challenge(challenge)) => (Value::Null, challenge_json(challenge), Value::Null),
            Some(Detail::Denial(denial)) => (Value::Null, Value::Null, denial_json(denial)),
            None => (Value::Null, Value::Null, Value::Null),
        };
        json!({
            "decision_id": decision_id,
            "state": name::<pb::DecisionState>(*state),
            "outcome": name::<pb::Outcome>(*outcome),
            "approval": approval,
            "challenge": challenge,
            "denial": denial,
            "reasons": reasons.iter().map(reason_json).collect::<Vec<_>>(),
            "wire": wire.as_ref().map(wire_json),
            "policy_revision": policy_revision,
            "decide_time": instant(*decide_time),
            "consistency_token": consistency_token,
            "explanation": explanation.as_ref().map(explanation_json),
            "line_id": line_id,
        })
    }

    fn text(&self) -> String {
        let decision = &self.0;
        let reasons = decision.reasons.iter().map(|reason| {
            let class = word::<pb::ReasonClass>(reason.class);
            [reason.code.clone(), class, reason.rule_id.clone(), reason.message.clone()]
        });
        let about = [
            ("decision", decision.decision_id.clone()),
            ("state", word::<pb::DecisionState>(decision.state)),
            ("line", decision.line_id.clone()),
            ("decided", spoken(decision.decide_time)),
            ("policy", decision.policy_revision.chars().take(POLICY_CHARACTERS).collect()),
        ];
        parts([
            word::<pb::Outcome>(decision.outcome).to_uppercase(),
            table(["REASON", "CLASS", "RULE", "MEANING"], reasons),
            detail_text(decision.detail.as_ref()),
            decision.wire.as_ref().map_or_else(String::new, wire_text),
            decision.explanation.as_ref().map_or_else(String::new, explanation_text),
            pairs(about),
        ])
    }
}

fn approval_json(approval: &pb::Approval) -> Value {
    let pb::Approval { permit, not_before_time, expire_time, obligations, signed_permit } = approval;
    json!({
        "permit": permit,
        "not_before_time": instant(*not_before_time),
        "expire_time": instant(*expire_time),
        "obligations": obligations,
        "signed_permit": signed_permit,
    })
}

pub(super) fn challenge_json(challenge: &pb::Challenge) -> Value {
    let pb::Challenge { challenge_id, expire_time, required, options, next_step } = challenge;
    let option = |option: &pb::FactorOption| {
        let pb::FactorOption { factor, usable, unusable_code, earliest_time } = option;
        json!({
            "factor": name::<pb::Factor>(*factor),
            "usable": usable,
            "unusable_code": unusable_code,
            "earliest_time": instant(*earliest_time),
        })
    };
    json!({
        "challenge_id": challenge_id,
        "expire_time": instant(*expire_time),
        "required": name::<pb::Strength>(*required),
        "options": options.iter().map(option).collect::<Vec<_>>(),
        "next_step": next_step,
    })
}

fn denial_json(denial: &pb::Denial) -> Value {
    let pb::Denial { retry_time, next_step } = denial;
    json!({ "retry_time": instant(*retry_time), "next_step": next_step })
}

pub(super) fn reason_json(reason: &pb::Reason) -> Value {
    let pb::Reason { code, class, rule_id, message } = reason;
    json!({ "code": code, "class": name::<pb::ReasonClass>(*class), "rule_id": rule_id, "message": message })
}

fn wire_json(wire: &pb::WireReply) -> Value {
    let pb::WireReply { answer, codes, text } = wire;
    json!({ "answer": name::<pb::WireAnswer>(*answer), "codes": codes, "text": text })
}

pub(super) fn explanation_json(explanation: &pb::Explanation) -> Value {
    let pb::Explanation { score, contributions, facts_json } = explanation;
    json!({
        "score": score,
        "contributions": contributions.iter().map(contribution_json).collect::<Vec<_>>(),
        "facts_json": facts_json,
    })
}

pub(super) fn contribution_json(contribution: &pb::Contribution) -> Value {
    let pb::Contribution { rule_id, points, at_least, required, wait } = contribution;
    json!({
        "rule_id": rule_id,
        "points": points,
        "at_least": name::<pb::Outcome>(*at_least),
        "required": name::<pb::Strength>(*required),
        "wait_seconds": wait.map(|wait| wait.seconds),
    })
}

fn detail_text(detail: Option<&Detail>) -> String {
    match detail {
        Some(Detail::Approval(approval)) => approval_text(approval),
        Some(Detail::Challenge(challenge)) => challenge_text(challenge),
        Some(Detail::Denial(denial)) => {
            pairs([("next step", denial.next_step.clone()), ("ask again from", spoken(denial.retry_time))])
        }
        None => String::new(),
    }
}

fn approval_text(approval: &pb::Approval) -> String {
    pairs([
        ("permit", approval.permit.clone()),
        ("redeem from", spoken(approval.not_before_time)),
        ("until", spoken(approval.expire_time)),
        ("obligations", approval.obligations.join(", ")),
    ])
}

fn challenge_text(challenge: &pb::Challenge) -> String {
    let options = challenge.options.iter().map(|option| {
        let usable = if option.usable { "yes" } else { "no" };
        let earliest = spoken(option.earliest_time);
        [word::<pb::Factor>(option.factor), usable.to_owned(), option.unusable_code.clone(), earliest]
    });
    let told = [
        ("proof needed", word::<pb::Strength>(challenge.required)),
        ("next step", challenge.next_step.clone()),
        ("open until", spoken(challenge.expire_time)),
    ];
    parts([pairs(told), table(["WOULD SATISFY IT", "USABLE NOW", "WHY NOT", "FROM"], options)])
}

fn wire_text(wire: &pb::WireReply) -> String {
    pairs([
        ("carrier's answer", word::<pb::WireAnswer>(wire.answer)),
        ("codes", wire.codes.join(", ")),
        ("text", wire.text.clone()),
    ])
}

fn explanation_text(explanation: &pb::Explanation) -> String {
    let contributions = explanation.contributions.iter().map(|contribution| {
        let at_least = word::<pb::Outcome>(contribution.at_least);
        let required = word::<pb::Strength>(contribution.required);
        let waits = contribution.wait.map_or_else(String::new, |wait| format!("{} s", wait.seconds));
        [contribution.rule_id.clone(), contribution.points.to_string(), at_least, required, waits]
    });
    let told = [("score", explanation.score.to_string()), ("facts", explanation.facts_json.clone())];
    parts([table(["RULE", "POINTS", "AT LEAST", "PROOF", "WAITS"], contributions), pairs(told)])
}

/// The right to make a change now.
pub(crate) struct Redeemed(pub(crate) pb::RedeemPermitResponse);

impl Answer for Redeemed {
    fn json(&self) -> Value {
        let pb::RedeemPermitResponse { redemption_id, redeem_time, consistency_token, line_id } = &self.0;
        json!({
            "redemption_id": redemption_id,
            "redeem_time": instant(*redeem_time),
            "consistency_token": consistency_token,
            "line_id": line_id,
        })
    }

    fn text(&self) -> String {
        let told = [
            ("redemption", self.0.redemption_id.clone()),
            ("line", self.0.line_id.clone()),
            ("redeemed", spoken(self.0.redeem_time)),
        ];
        parts(["REDEEMED: make the change now, on this line".to_owned(), pairs(told)])
    }
}

#[cfg(test)]
mod tests;
