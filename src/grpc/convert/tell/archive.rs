//! Answers of the archive service.

use crate::audit::archive::{Manifest, Summary};
use crate::grpc::convert::time::timestamp;
use crate::grpc::pb::v1 as pb;
use crate::service::{Archiving, SegmentState, ShelvedSegment};

/// How far a run is.
pub(in crate::grpc) fn archiving(progress: &Archiving, done: bool) -> pb::ArchiveRecordsResponse {
    let Archiving { segment, segments, written, taken_out } = progress;
    pb::ArchiveRecordsResponse {
        segment: segment.clone(),
        segments_done: count(*segments),
        records_written: count(*written),
        records_taken_out: count(*taken_out),
        done,
    }
}

/// A segment of the archive.
pub(in crate::grpc) fn segment(shelved: &ShelvedSegment) -> pb::Segment {
    let ShelvedSegment { manifest, state } = shelved;
    let Manifest { summary, .. } = manifest;
    let Summary { records, bytes, first_at, last_at, sha256, .. } = summary;
    let (kept_until, deleted) = match state {
        SegmentState::KeptUntil(at) => (Some(*at), None),
        SegmentState::DeletedAt(at) => (None, Some(*at)),
    };
    pb::Segment {
        segment: manifest.name().to_string(),
        records: i64::from(*records),
        bytes: count(*bytes),
        first_time: Some(timestamp(*first_at)),
        last_time: Some(timestamp(*last_at)),
        sha256: sha256.0.to_vec(),
        kept_until_time: kept_until.map(timestamp),
        deleted_time: deleted.map(timestamp),
    }
}

fn count(of: u64) -> i64 {
    i64::try_from(of).unwrap_or(i64::MAX)
}
