//! Answers of the policy service.

use crate::domain::{PolicyInForce, PolicyShelf};
use crate::grpc::convert::time::timestamp;
use crate::grpc::pb::v1 as pb;
use crate::service::PolicyStanding;

/// Which policy decides, and which one waits.
pub(in crate::grpc) fn policy_standing(standing: PolicyStanding) -> pb::PolicyStanding {
    let PolicyStanding { revision, shelf: PolicyShelf { in_force, staged, past }, by_two, staged_until } = standing;
    // What is on record of another than the one that decides says nothing of it.
    let known = in_force.filter(|policy| policy.revision == revision);
    let (since, text) = known.map_or((None, None), |PolicyInForce { since, text, .. }| (Some(since), text));
    pb::PolicyStanding {
        policy_revision: revision.to_string(),
        since_time: since.map(timestamp),
        policy_text: text.unwrap_or_default(),
        changed_by_two: by_two,
        staged: staged.map(|staged| pb::StagedPolicy {
            policy_revision: staged.revision.to_string(),
            policy_text: staged.text,
            staged_by_subject: staged.by.as_str().to_owned(),
            stage_time: Some(timestamp(staged.at)),
            expire_time: staged_until.map(timestamp),
            reason: staged.reason.as_str().to_owned(),
            goes_back: staged.goes_back,
        }),
        past_revisions: past.iter().map(|policy| policy.revision.to_string()).collect(),
    }
}
