//! Requests of the challenge service.

use super::body::body;
use crate::domain::{AccountId, Brand, ContactId, RecordId, RequestId};
use crate::grpc::convert::change::change;
use crate::grpc::convert::evidence::{evidence, evidence_for_challenge};
use crate::grpc::convert::field::{FieldError, InField as _, absent, optional_text, required, text};
use crate::grpc::convert::interaction::interaction;
use crate::grpc::convert::line::line;
use crate::grpc::convert::position::{page_size, page_start};
use crate::grpc::pb::v1 as pb;
use crate::service::{Ahead, Declining, PENDING_PAGE_MAX, Scope, Sending, Submission};

use super::protection::Listing;

const TRANSFER_PIN: &str =
    "must be an account PIN, a code or an app approval: a transfer PIN comes with the port's own request";

const NO_CODE: &str = "must be an account PIN or an app approval: a code is sent for a challenge";

/// Proof for a challenge.
pub fn submit_evidence(message: pb::SubmitEvidenceRequest) -> Result<Submission, FieldError> {
    let body = body("SubmitEvidence", &message);
    let pb::SubmitEvidenceRequest { request_id, challenge_id, evidence: proof, interaction: place } = message;
    let request_id = text(&request_id, "request_id", RequestId::parse)?;
    let challenge = text(&challenge_id, "challenge_id", RecordId::parse)?;
    if proof.is_empty() {
        return Err(FieldError::required("evidence"));
    }
    let evidence = evidence_for_challenge(proof, "evidence")?;
    absent(evidence.transfer_pin.is_none(), "evidence", TRANSFER_PIN)?;
    Ok(Submission { request_id, body, challenge, evidence, interaction: interaction(place, "interaction")? })
}

/// Proof ahead of the question. `brand` is the caller's.
pub fn submit_evidence_ahead(message: pb::SubmitEvidenceAheadRequest, brand: &Brand) -> Result<Ahead, FieldError> {
    let body = body("SubmitEvidenceAhead", &message);
    let pb::SubmitEvidenceAheadRequest { request_id, line: named, change: asked, evidence: proof, interaction: place } =
        message;
    let request_id = text(&request_id, "request_id", RequestId::parse)?;
    let line = line(named, "line")?;
    let change = change(required(asked, "change")?, brand).in_field("change")?;
    if proof.is_empty() {
        return Err(FieldError::required("evidence"));
    }
    let evidence = evidence(proof, "evidence")?;
    absent(evidence.transfer_pin.is_none(), "evidence", TRANSFER_PIN)?;
    absent(evidence.one_time_code.is_none(), "evidence", NO_CODE)?;
    Ok(Ahead { request_id, body, line, change, evidence, interaction: interaction(place, "interaction")? })
}

/// A code to be sent.
pub fn send_code(message: pb::SendCodeRequest) -> Result<Sending, FieldError> {
    let body = body("SendCode", &message);
    let pb::SendCodeRequest { request_id, challenge_id, contact_id, interaction: place } = message;
    Ok(Sending {
        request_id: text(&request_id, "request_id", RequestId::parse)?,
        body,
        challenge: text(&challenge_id, "challenge_id", RecordId::parse)?,
        contact: optional_text(&contact_id, "contact_id", ContactId::parse)?,
        interaction: interaction(place, "interaction")?,
    })
}

/// A page of what waits.
pub fn list_pending_challenges(message: pb::ListPendingChallengesRequest) -> Result<Listing, FieldError> {
    let pb::ListPendingChallengesRequest { account_id, page_size: size, page_token } = message;
    Ok(Listing {
        scope: Scope::Account(text(&account_id, "account_id", AccountId::parse)?),
        from: page_start(&page_token, "page_token")?,
        size: page_size(size, "page_size", PENDING_PAGE_MAX)?,
    })
}

/// A no.
pub fn decline_challenge(message: pb::DeclineChallengeRequest) -> Result<Declining, FieldError> {
    use pb::decline_challenge_request::Target;
    let body = body("DeclineChallenge", &message);
    let pb::DeclineChallengeRequest { request_id, target, not_me, interaction: place } = message;
    Ok(Declining {
        request_id: text(&request_id, "request_id", RequestId::parse)?,
        body,
        decision: match required(target, "target")? {
            Target::ChallengeId(id) => text(&id, "challenge_id", RecordId::parse)?,
            Target::DecisionId(id) => text(&id, "decision_id", RecordId::parse)?,
        },
        not_me,
        channel: interaction(place, "interaction")?.channel,
    })
}
