//! What a shadow policy would have said, inside a decision's record.

use prost::Message;

use super::CodecError;
use super::decided::{StoredContribution, StoredReason};
use super::field::{digest, list, number_of, numbered, required, to_list};
use crate::audit::ShadowVerdict;
use crate::domain::PolicyRevision;

/// What a shadow policy would have said.
#[derive(Message)]
#[prost(skip_debug)]
pub(super) struct StoredShadow {
    #[prost(bytes = "vec", optional, tag = "1")]
    policy: Option<Vec<u8>>,
    #[prost(uint32, optional, tag = "2")]
    outcome: Option<u32>,
    #[prost(uint32, optional, tag = "3")]
    required: Option<u32>,
    #[prost(uint32, optional, tag = "4")]
    score: Option<u32>,
    #[prost(message, repeated, tag = "5")]
    reasons: Vec<StoredReason>,
    #[prost(message, repeated, tag = "6")]
    contributions: Vec<StoredContribution>,
}

impl From<&ShadowVerdict> for StoredShadow {
    fn from(verdict: &ShadowVerdict) -> Self {
        let ShadowVerdict { policy: PolicyRevision(policy), outcome, required, score, reasons, contributions } =
            verdict;
        Self {
            policy: Some(policy.to_vec()),
            outcome: Some(number_of(*outcome)),
            required: Some(number_of(*required)),
            score: Some(*score),
            reasons: to_list(reasons),
            contributions: to_list(contributions),
        }
    }
}

impl TryFrom<StoredShadow> for ShadowVerdict {
    type Error = CodecError;

    fn try_from(stored: StoredShadow) -> Result<Self, CodecError> {
        let StoredShadow { policy, outcome, required: level, score, reasons, contributions } = stored;
        Ok(Self {
            policy: PolicyRevision(digest(policy, "shadow.policy")?),
            outcome: numbered(outcome, "shadow.outcome")?,
            required: numbered(level, "shadow.required")?,
            score: required(score, "shadow.score")?,
            reasons: list(reasons)?,
            contributions: list(contributions)?,
        })
    }
}
