//! Answers of the export service.

use crate::audit::RecordFilter;
use crate::grpc::convert::time::timestamp;
use crate::grpc::pb::v1 as pb;
use crate::service::{Export, HandedOver};

use super::wire;

/// An export as it stands.
pub(in crate::grpc) fn export(export: Export) -> pb::Export {
    let expires_at = export.expires_at();
    let Export { id, filter, asked_by, asked_at, approval } = export;
    let (approved_by, approved_at) = approval.unzip();
    pb::Export {
        export_id: id.to_string(),
        account_id: filter.account.as_ref().map_or_else(String::new, |account| account.as_str().to_owned()),
        filter: Some(record_filter(filter)),
        requester_subject: asked_by.as_str().to_owned(),
        request_time: Some(timestamp(asked_at)),
        approver_subject: approved_by.map_or_else(String::new, |by| by.as_str().to_owned()),
        approve_time: approved_at.map(timestamp),
        expire_time: Some(timestamp(expires_at)),
    }
}

/// The end of an export.
pub(in crate::grpc) fn handed_over(handed: HandedOver) -> pb::ExportRecordsResponse {
    let HandedOver { records, digest } = handed;
    pb::ExportRecordsResponse {
        records: Vec::new(),
        done: true,
        record_count: i64::try_from(records).unwrap_or(i64::MAX),
        sha256: digest.to_vec(),
    }
}

fn record_filter(filter: RecordFilter) -> pb::RecordFilter {
    // The account stands beside it, and no export is of one line.
    let RecordFilter { account: _, line: _, from, before, kinds, caller, outcome } = filter;
    pb::RecordFilter {
        from_time: from.map(timestamp),
        before_time: before.map(timestamp),
        kinds: kinds.into_iter().map(|kind| i32::from(kind as u8)).collect(),
        caller_subject: caller.map_or_else(String::new, |caller| caller.as_str().to_owned()),
        outcome: outcome.map_or_else(|| pb::Outcome::Unspecified.into(), wire::outcome),
    }
}
