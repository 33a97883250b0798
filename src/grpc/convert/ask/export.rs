//! Requests of the export service.

use super::audit::record_filter;
use crate::audit::RecordFilter;
use crate::domain::{AccountId, RecordId};
use crate::grpc::convert::field::{FieldError, InField, optional_text, text};
use crate::grpc::pb::v1 as pb;

/// Which records to take out.
pub fn request_export(message: pb::RequestExportRequest) -> Result<RecordFilter, FieldError> {
    let pb::RequestExportRequest { filter, account_id } = message;
    let filter = filter.map_or_else(|| Ok(RecordFilter::default()), record_filter).in_field("filter")?;
    Ok(RecordFilter { account: optional_text(&account_id, "account_id", AccountId::parse)?, ..filter })
}

/// The export to look at.
pub fn get_export(message: pb::GetExportRequest) -> Result<RecordId, FieldError> {
    let pb::GetExportRequest { export_id } = message;
    named(&export_id)
}

/// The export to approve.
pub fn approve_export(message: pb::ApproveExportRequest) -> Result<RecordId, FieldError> {
    let pb::ApproveExportRequest { export_id } = message;
    named(&export_id)
}

/// The export to hand over.
pub fn export_records(message: pb::ExportRecordsRequest) -> Result<RecordId, FieldError> {
    let pb::ExportRecordsRequest { export_id } = message;
    named(&export_id)
}

fn named(id: &str) -> Result<RecordId, FieldError> {
    text(id, "export_id", RecordId::parse)
}
