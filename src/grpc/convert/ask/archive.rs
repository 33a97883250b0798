//! Requests of the archive service.

use chrono::{DateTime, Utc};

use crate::audit::archive::SegmentName;
use crate::grpc::convert::field::FieldError;
use crate::grpc::convert::position::page_size;
use crate::grpc::convert::time::optional_instant;
use crate::grpc::pb::v1 as pb;

const SEGMENT: &str = "must be the name of a segment, as ListSegments gives it";
const PAGE_TOKEN: &str = "must be a page token as it was given";

/// The most segments of one page.
const SEGMENTS_PAGE_MAX: usize = 1_000;

/// A page of segments.
#[derive(Debug, Clone)]
pub struct Shelf {
    /// After which segment.
    pub after: Option<SegmentName>,
    /// How many.
    pub size: usize,
}

/// Before which instant records may leave; all that may, where nothing is said.
pub fn archive_records(message: pb::ArchiveRecordsRequest) -> Result<Option<DateTime<Utc>>, FieldError> {
    let pb::ArchiveRecordsRequest { before_time } = message;
    optional_instant(before_time, "before_time")
}

/// A page of segments.
pub fn list_segments(message: pb::ListSegmentsRequest) -> Result<Shelf, FieldError> {
    let pb::ListSegmentsRequest { page_size: size, page_token } = message;
    let after = if page_token.is_empty() {
        None
    } else {
        Some(SegmentName::parse(&page_token).ok_or_else(|| FieldError::new("page_token", PAGE_TOKEN))?)
    };
    Ok(Shelf { after, size: page_size(size, "page_size", SEGMENTS_PAGE_MAX)? })
}

/// The segment to delete.
pub fn delete_segment(message: pb::DeleteSegmentRequest) -> Result<SegmentName, FieldError> {
    let pb::DeleteSegmentRequest { segment } = message;
    SegmentName::parse(&segment).ok_or_else(|| FieldError::new("segment", SEGMENT))
}
