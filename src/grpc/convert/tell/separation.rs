//! Line separations.

use serde_json::{Value, json};

use crate::audit::SeparationStep;
use crate::domain::{Separation, SeparationStanding};
use crate::grpc::convert::time::timestamp;
use crate::grpc::pb::v1 as pb;
use crate::service::SeparationView;

/// A separation, without what opens it.
pub(in crate::grpc) fn separation(view: &SeparationView) -> pb::Separation {
    let SeparationView { account, number, person, separation, standing, reference: _ } = view;
    let Separation { from: _, lines, document: _, proposed, agreed, expires_at, ended, left } = separation;
    pb::Separation {
        separation_id: account.as_str().to_owned(),
        account_number: number.as_str().to_owned(),
        person_id: person.as_str().to_owned(),
        line_ids: lines.iter().map(|line| line.as_str().to_owned()).collect(),
        state: match standing {
            SeparationStanding::Proposed => pb::SeparationState::Proposed,
            SeparationStanding::Open => pb::SeparationState::Open,
            SeparationStanding::Expired => pb::SeparationState::Expired,
            SeparationStanding::Ended => pb::SeparationState::Ended,
        }
        .into(),
        proposed_by_subject: proposed.by.as_str().to_owned(),
        agreed_by_subject: agreed.as_ref().map_or_else(String::new, |word| word.by.as_str().to_owned()),
        ended_by_subject: ended.as_ref().map_or_else(String::new, |word| word.by.as_str().to_owned()),
        expire_time: Some(timestamp(*expires_at)),
        left_line_ids: left.iter().map(|line| line.as_str().to_owned()).collect(),
    }
}

/// What a record says of one.
pub(super) fn details(step: &SeparationStep) -> Value {
    match step {
        SeparationStep::Proposed { from, lines } => {
            let lines: Vec<&str> = lines.iter().map(|line| line.as_str()).collect();
            json!({ "step": "PROPOSED", "from_account_id": from.as_str(), "line_ids": lines })
        }
        SeparationStep::Agreed { expires_at } => {
            json!({ "step": "AGREED", "expire_time": timestamp(*expires_at).to_string() })
        }
        SeparationStep::Ended => json!({ "step": "ENDED" }),
    }
}
