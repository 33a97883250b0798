//! Requests of the decision service.

use super::body::body;
use crate::audit::ReportedOutcome;
use crate::domain::{Action, Brand, FormatError, RecordId, Reference, RequestId};
use crate::grpc::convert::change::change;
use crate::grpc::convert::enums::{mode, reported_outcome};
use crate::grpc::convert::evidence::{evidence, evidence_for_decide};
use crate::grpc::convert::field::{
    FieldError, InField, absent, elements, first_repeated, optional_text, required, text,
};
use crate::grpc::convert::interaction::{claims, interaction};
use crate::grpc::convert::line::{line, line_ref};
use crate::grpc::convert::position::position;
use crate::grpc::convert::signal::signals;
use crate::grpc::convert::time::{instant, optional_instant};
use crate::grpc::pb::v1 as pb;
use crate::policy::Dialect;
use crate::service::{
    AboutDecision, BATCH_LINES_MAX, Body, Completion, LineRef, PermitText, Question, Redemption, Report, Scope,
};
use crate::store::Position;

const PERMIT: &str = "must be a permit as it was given";
const NO_PORT: &str = "must be no handle of what was given ahead: a port's proof is the transfer PIN";
const ONE_LINE: &str = "must be no handle of what was given ahead: that is for one line";
const PERMIT_BYTES_MAX: usize = 1_024;

/// A decision to read.
#[derive(Debug, Clone)]
pub struct Reading {
    /// Which.
    pub decision: RecordId,
    /// What the caller has seen.
    pub at_least: Option<Position>,
}

/// A question, and the dialect of its answer. `brand` is the caller's.
pub fn decide(message: pb::DecideRequest, brand: &Brand) -> Result<(Question, Option<Dialect>), FieldError> {
    let body = body("Decide", &message);
    let scope = Scope::Line(line(message.line.clone(), "line")?);
    question(message, scope, body, brand)
}

/// The same question about several lines.
#[derive(Debug, Clone)]
pub struct BatchQuestion {
    /// What is asked, about the first line.
    pub common: Question,
    /// The lines, in order.
    pub lines: Vec<LineRef>,
    /// Whose words the answer is also given in.
    pub dialect: Option<Dialect>,
}

/// A question about several lines. `brand` is the caller's.
pub fn batch_decide(message: pb::BatchDecideRequest, brand: &Brand) -> Result<BatchQuestion, FieldError> {
    let body = body("BatchDecide", &message);
    let pb::BatchDecideRequest { common, lines } = message;
    let common = required(common, "common")?;
    absent(common.line.is_none(), "common.line", "must be absent: `lines` names the lines")?;
    let lines = elements(lines, "lines", BATCH_LINES_MAX, line_ref)?;
    let first = lines.first().cloned().ok_or_else(|| FieldError::required("lines"))?;
    if let Some(index) = first_repeated(&lines) {
        return Err(FieldError::new(&format!("lines[{index}]"), "must not be named twice"));
    }
    let (common, dialect) = question(common, Scope::Line(first), body, brand).in_field("common")?;
    absent(common.evidence.handle.is_none(), "common.evidence", ONE_LINE)?;
    Ok(BatchQuestion { common, lines, dialect })
}

/// Everything but the line, which the caller of this has looked at.
fn question(
    message: pb::DecideRequest,
    scope: Scope,
    body: Body,
    brand: &Brand,
) -> Result<(Question, Option<Dialect>), FieldError> {
    let pb::DecideRequest {
        request_id,
        line: _,
        change: wire_change,
        mode: wire_mode,
        interaction: place,
        claims: claimed,
        evidence: proof,
        signals: observed,
        dialect: language,
        plan_time,
        external_reference,
        supersedes_decision_id,
        consistency_token,
        want_signed_permit,
    } = message;
    let question = Question {
        request_id: text(&request_id, "request_id", RequestId::parse)?,
        body,
        scope,
        change: change(required(wire_change, "change")?, brand).in_field("change")?,
        mode: mode(wire_mode).in_field("mode")?,
        interaction: interaction(place, "interaction")?,
        claims: claims(claimed, "claims")?,
        evidence: evidence_for_decide(proof, "evidence")?,
        signals: signals(observed, "signals")?,
        plan_time: optional_instant(plan_time, "plan_time")?,
        external_reference: optional_text(&external_reference, "external_reference", Reference::parse)?,
        supersedes: optional_text(&supersedes_decision_id, "supersedes_decision_id", RecordId::parse)?,
        completes: None,
        at_least: position(&consistency_token, "consistency_token")?,
        want_signed_permit,
    };
    let is_port = question.change.action() == Action::PortOut;
    absent(!(is_port && question.evidence.handle.is_some()), "evidence", NO_PORT)?;
    Ok((question, dialect(&language)?))
}

fn dialect(name: &str) -> Result<Option<Dialect>, FieldError> {
    if name.is_empty() {
        return Ok(None);
    }
    let known = Dialect::from_name(name);
    known.map(Some).ok_or_else(|| FieldError::new("dialect", "must be `wicis`, `bandwidth` or empty"))
}

/// A challenge to go on with, and the dialect of the answer.
pub fn complete_decision(message: pb::CompleteDecisionRequest) -> Result<(Completion, Option<Dialect>), FieldError> {
    let body = body("CompleteDecision", &message);
    let pb::CompleteDecisionRequest {
        request_id,
        challenge_id,
        evidence: proof,
        interaction: place,
        claims: claimed,
        signals: observed,
        dialect: language,
        plan_time,
        consistency_token,
        want_signed_permit,
    } = message;
    let completion = Completion {
        request_id: text(&request_id, "request_id", RequestId::parse)?,
        body,
        challenge: text(&challenge_id, "challenge_id", RecordId::parse)?,
        interaction: interaction(place, "interaction")?,
        claims: claims(claimed, "claims")?,
        evidence: evidence(proof, "evidence")?,
        signals: signals(observed, "signals")?,
        plan_time: optional_instant(plan_time, "plan_time")?,
        at_least: position(&consistency_token, "consistency_token")?,
        want_signed_permit,
    };
    Ok((completion, dialect(&language)?))
}

/// A decision to follow.
pub fn watch_decision(message: pb::WatchDecisionRequest) -> Result<Reading, FieldError> {
    let pb::WatchDecisionRequest { decision_id, consistency_token } = message;
    Ok(Reading {
        decision: text(&decision_id, "decision_id", RecordId::parse)?,
        at_least: position(&consistency_token, "consistency_token")?,
    })
}

/// A decision to read.
pub fn get_decision(message: pb::GetDecisionRequest) -> Result<Reading, FieldError> {
    let pb::GetDecisionRequest { decision_id, consistency_token } = message;
    Ok(Reading {
        decision: text(&decision_id, "decision_id", RecordId::parse)?,
        at_least: position(&consistency_token, "consistency_token")?,
    })
}

/// A decision to give back, and why.
pub fn withdraw_decision(
    message: pb::WithdrawDecisionRequest,
) -> Result<(AboutDecision, Option<Reference>), FieldError> {
    let body = body("WithdrawDecision", &message);
    let pb::WithdrawDecisionRequest { request_id, decision_id, cause } = message;
    let about = AboutDecision {
        request_id: text(&request_id, "request_id", RequestId::parse)?,
        body,
        decision: text(&decision_id, "decision_id", RecordId::parse)?,
    };
    Ok((about, optional_text(&cause, "cause", Reference::parse)?))
}

/// A permit to use. `brand` is the caller's.
pub fn redeem_permit(message: pb::RedeemPermitRequest, brand: &Brand) -> Result<Redemption, FieldError> {
    let body = body("RedeemPermit", &message);
    let pb::RedeemPermitRequest { request_id, permit: presented, line: line_name, change: wire_change } = message;
    Ok(Redemption {
        request_id: text(&request_id, "request_id", RequestId::parse)?,
        body,
        permit: permit(&presented)?,
        line: line(line_name, "line")?,
        change: change(required(wire_change, "change")?, brand).in_field("change")?,
    })
}

/// A permit's text: bounded here, read by who holds its key.
pub(super) fn permit(presented: &str) -> Result<PermitText, FieldError> {
    text(presented, "permit", |permit| {
        let fits = (1..=PERMIT_BYTES_MAX).contains(&permit.len()) && permit.bytes().all(|byte| byte.is_ascii_graphic());
        if fits { Ok(PermitText(permit.to_owned())) } else { Err(FormatError::new(PERMIT)) }
    })
}

/// What became of a decision.
pub fn report_outcome(message: pb::ReportOutcomeRequest) -> Result<(AboutDecision, Report), FieldError> {
    let body = body("ReportOutcome", &message);
    let pb::ReportOutcomeRequest { request_id, decision_id, outcome, occur_time, note } = message;
    let about = AboutDecision {
        request_id: text(&request_id, "request_id", RequestId::parse)?,
        body,
        decision: text(&decision_id, "decision_id", RecordId::parse)?,
    };
    let outcome: ReportedOutcome = reported_outcome(outcome).in_field("outcome")?;
    let occurred_at = Some(instant(required(occur_time, "occur_time")?, "occur_time")?);
    Ok((about, Report { outcome, occurred_at, note: optional_text(&note, "note", Reference::parse)? }))
}
