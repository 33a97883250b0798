//! What became of an event.

use crate::grpc::convert::FieldError;
use crate::grpc::pb::v1 as pb;
use crate::grpc::pb::v1::record_events_response::Result as Became;

/// It is kept.
pub(in crate::grpc) const fn recorded(event_number: i64, event_id: String) -> pb::RecordEventsResponse {
    pb::RecordEventsResponse { event_number, event_id, result: Some(Became::Recorded(pb::EventRecorded {})) }
}

/// It is not.
pub(in crate::grpc) fn refused(event_number: i64, event_id: String, error: &FieldError) -> pb::RecordEventsResponse {
    let refused = pb::EventRefused { field: error.path.clone(), reason: error.expected.clone().into_owned() };
    pb::RecordEventsResponse { event_number, event_id, result: Some(Became::Refused(refused)) }
}
