//! Which policies decided, which one does, and which one waits.

use prost::Message;

use super::CodecError;
use super::field::{
    counted, digest, instant, list, millis, number_of, numbered, optional_nested, optional_text, required, text,
    to_list,
};
use crate::audit::PolicyChange;
use crate::domain::{PastPolicy, PolicyInForce, PolicyRevision, PolicyShelf, StagedPolicy};

#[derive(Message)]
#[prost(skip_debug)]
pub(super) struct StoredShelf {
    #[prost(message, optional, tag = "1")]
    in_force: Option<StoredInForce>,
    #[prost(message, optional, tag = "2")]
    staged: Option<StoredStaged>,
    #[prost(message, repeated, tag = "3")]
    past: Vec<StoredPast>,
    #[prost(uint64, optional, tag = "4")]
    past_count: Option<u64>,
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredInForce {
    #[prost(bytes = "vec", optional, tag = "1")]
    revision: Option<Vec<u8>>,
    #[prost(sint64, optional, tag = "2")]
    since: Option<i64>,
    #[prost(string, optional, tag = "3")]
    text: Option<String>,
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredStaged {
    #[prost(bytes = "vec", optional, tag = "1")]
    revision: Option<Vec<u8>>,
    #[prost(string, optional, tag = "2")]
    text: Option<String>,
    #[prost(string, optional, tag = "3")]
    by: Option<String>,
    #[prost(sint64, optional, tag = "4")]
    at: Option<i64>,
    #[prost(string, optional, tag = "5")]
    reason: Option<String>,
    #[prost(bool, optional, tag = "6")]
    goes_back: Option<bool>,
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredPast {
    #[prost(bytes = "vec", optional, tag = "1")]
    revision: Option<Vec<u8>>,
    #[prost(sint64, optional, tag = "2")]
    until: Option<i64>,
}

/// What a record says happened to the policy.
#[derive(Message)]
#[prost(skip_debug)]
pub(super) struct StoredPolicyChange {
    #[prost(bytes = "vec", optional, tag = "1")]
    revision: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "2")]
    previous: Option<Vec<u8>>,
    #[prost(uint32, optional, tag = "3")]
    step: Option<u32>,
    #[prost(bool, optional, tag = "4")]
    goes_back: Option<bool>,
    #[prost(string, optional, tag = "5")]
    reason: Option<String>,
}

fn bytes(PolicyRevision(revision): PolicyRevision) -> Vec<u8> {
    revision.to_vec()
}

fn revision(bytes: Option<Vec<u8>>, field: &'static str) -> Result<PolicyRevision, CodecError> {
    digest(bytes, field).map(PolicyRevision)
}

impl From<&PolicyShelf> for StoredShelf {
    fn from(PolicyShelf { in_force, staged, past }: &PolicyShelf) -> Self {
        Self {
            in_force: in_force.as_ref().map(StoredInForce::from),
            staged: staged.as_ref().map(StoredStaged::from),
            past: to_list(past),
            past_count: Some(past.len() as u64),
        }
    }
}

impl TryFrom<StoredShelf> for PolicyShelf {
    type Error = CodecError;

    fn try_from(StoredShelf { in_force, staged, past, past_count }: StoredShelf) -> Result<Self, CodecError> {
        counted(past.len(), past_count, "policy_shelf.past")?;
        Ok(Self { in_force: optional_nested(in_force)?, staged: optional_nested(staged)?, past: list(past)? })
    }
}

impl From<&PolicyInForce> for StoredInForce {
    fn from(PolicyInForce { revision, since, text }: &PolicyInForce) -> Self {
        Self { revision: Some(bytes(*revision)), since: Some(millis(*since)), text: text.clone() }
    }
}

impl TryFrom<StoredInForce> for PolicyInForce {
    type Error = CodecError;

    fn try_from(StoredInForce { revision: of, since, text }: StoredInForce) -> Result<Self, CodecError> {
        Ok(Self { revision: revision(of, "in_force.revision")?, since: instant(since, "in_force.since")?, text })
    }
}

impl From<&StagedPolicy> for StoredStaged {
    fn from(StagedPolicy { revision, text, by, at, reason, goes_back }: &StagedPolicy) -> Self {
        Self {
            revision: Some(bytes(*revision)),
            text: Some(text.clone()),
            by: Some(by.as_str().to_owned()),
            at: Some(millis(*at)),
            reason: Some(reason.as_str().to_owned()),
            goes_back: Some(*goes_back),
        }
    }
}

impl TryFrom<StoredStaged> for StagedPolicy {
    type Error = CodecError;

    fn try_from(stored: StoredStaged) -> Result<Self, CodecError> {
        let StoredStaged { revision: of, text: written, by, at, reason, goes_back } = stored;
        Ok(Self {
            revision: revision(of, "staged.revision")?,
            text: required(written, "staged.text")?,
            by: text(by, "staged.by")?,
            at: instant(at, "staged.at")?,
            reason: text(reason, "staged.reason")?,
            goes_back: required(goes_back, "staged.goes_back")?,
        })
    }
}

impl From<&PastPolicy> for StoredPast {
    fn from(PastPolicy { revision, until }: &PastPolicy) -> Self {
        Self { revision: Some(bytes(*revision)), until: Some(millis(*until)) }
    }
}

impl TryFrom<StoredPast> for PastPolicy {
    type Error = CodecError;

    fn try_from(StoredPast { revision: of, until }: StoredPast) -> Result<Self, CodecError> {
        Ok(Self { revision: revision(of, "past.revision")?, until: instant(until, "past.until")? })
    }
}

impl From<&PolicyChange> for StoredPolicyChange {
    fn from(PolicyChange { revision, previous, step, goes_back, reason }: &PolicyChange) -> Self {
        Self {
            revision: Some(bytes(*revision)),
            previous: previous.map(bytes),
            step: Some(number_of(*step)),
            goes_back: Some(*goes_back),
            reason: reason.as_ref().map(|reason| reason.as_str().to_owned()),
        }
    }
}

impl TryFrom<StoredPolicyChange> for PolicyChange {
    type Error = CodecError;

    fn try_from(stored: StoredPolicyChange) -> Result<Self, CodecError> {
        let StoredPolicyChange { revision: of, previous, step, goes_back, reason } = stored;
        let before = previous.map(|before| revision(Some(before), "policy_changed.previous")).transpose()?;
        Ok(Self {
            revision: revision(of, "policy_changed.revision")?,
            previous: before,
            step: numbered(step, "policy_changed.step")?,
            goes_back: required(goes_back, "policy_changed.goes_back")?,
            reason: optional_text(reason, "policy_changed.reason")?,
        })
    }
}
