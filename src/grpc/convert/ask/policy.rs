//! Requests of the policy service.

use super::body::body;
use crate::domain::{POLICY_TEXT_BYTES_MAX, PolicyRevision, Reference, RequestId};
use crate::grpc::convert::field::{FieldError, text};
use crate::grpc::pb::v1 as pb;
use crate::policy::{PolicyFileError, load};
use crate::service::{Body, PolicyOrder};

const REVISION: &str = "must be 64 hexadecimal digits";

/// What a text is called in its errors.
const NAME: &str = "policy";

/// The policy to put in force.
#[derive(Debug, Clone)]
pub struct Activation {
    /// The caller's name for the request.
    pub request_id: RequestId,
    /// Everything the request said.
    pub body: Body,
    /// Which.
    pub revision: PolicyRevision,
}

/// A policy to stage.
pub fn stage_policy(message: pb::StagePolicyRequest) -> Result<PolicyOrder, FieldError> {
    let body = body("StagePolicy", &message);
    let pb::StagePolicyRequest { request_id, policy_text, reason, goes_back } = message;
    let request_id = text(&request_id, "request_id", RequestId::parse)?;
    let reason = text(&reason, "reason", Reference::parse)?;
    if policy_text.is_empty() || policy_text.len() > POLICY_TEXT_BYTES_MAX {
        let expected = format!("must have at most {POLICY_TEXT_BYTES_MAX} bytes, and be a policy");
        return Err(FieldError::new("policy_text", expected));
    }
    // Where it is wrong and how, without the line itself.
    let unfit = |error: PolicyFileError| {
        let told = error.to_string();
        FieldError::new("policy_text", told.lines().next().unwrap_or_default().to_owned())
    };
    let policy = load(NAME, &policy_text).map_err(unfit)?;
    Ok(PolicyOrder { request_id, body, text: policy_text, policy: Box::new(policy), reason, goes_back })
}

/// The policy to put in force.
pub fn activate_policy(message: pb::ActivatePolicyRequest) -> Result<Activation, FieldError> {
    let body = body("ActivatePolicy", &message);
    let pb::ActivatePolicyRequest { request_id, policy_revision } = message;
    let request_id = text(&request_id, "request_id", RequestId::parse)?;
    let revision = revision(&policy_revision).ok_or_else(|| FieldError::new("policy_revision", REVISION))?;
    Ok(Activation { request_id, body, revision })
}

fn revision(text: &str) -> Option<PolicyRevision> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let mut bytes = [0; 32];
    if !rest.is_empty() || pairs.len() != bytes.len() {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(pairs) {
        if !pair.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(PolicyRevision(bytes))
}
