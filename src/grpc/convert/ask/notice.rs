//! Requests of the notice service.

use super::body::body;
use crate::domain::{RecordId, RequestId};
use crate::grpc::convert::field::{FieldError, InField as _, text};
use crate::grpc::pb::v1 as pb;
use crate::service::{Body, NOTICES_REPLAYED_MAX};

/// Records that are to be told again.
pub fn replay_notices(message: pb::ReplayNoticesRequest) -> Result<((RequestId, Body), Vec<RecordId>), FieldError> {
    let body = body("ReplayNotices", &message);
    let pb::ReplayNoticesRequest { request_id, record_ids } = message;
    let request_id = text(&request_id, "request_id", RequestId::parse)?;
    if record_ids.is_empty() || record_ids.len() > NOTICES_REPLAYED_MAX {
        return Err(FieldError::new("record_ids", format!("must be 1 to {NOTICES_REPLAYED_MAX} records")));
    }
    let record = |(index, id): (usize, &String)| RecordId::parse(id).in_element("record_ids", index);
    let records = record_ids.iter().enumerate().map(record).collect::<Result<_, _>>()?;
    Ok(((request_id, body), records))
}
