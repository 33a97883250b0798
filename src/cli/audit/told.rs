//! What is told of the archive.

use serde_json::{Value, json};

use crate::cli::answers::{instant, spoken};
use crate::cli::output::{Answer, hex, pairs, table};
use crate::grpc::pb::v1 as pb;
use crate::store::archive::JournalArchive;

/// A run that is over.
pub(super) struct Done(pub(super) pb::ArchiveRecordsResponse);

impl Answer for Done {
    fn json(&self) -> Value {
        let pb::ArchiveRecordsResponse { segment, segments_done, records_written, records_taken_out, done } = &self.0;
        json!({
            "segment": segment,
            "segments_done": segments_done,
            "records_written": records_written,
            "records_taken_out": records_taken_out,
            "done": done,
        })
    }

    fn text(&self) -> String {
        if self.0.segments_done == 0 {
            return "nothing is old enough to leave the store".to_owned();
        }
        pairs([
            ("segments", self.0.segments_done.to_string()),
            ("records written", self.0.records_written.to_string()),
            ("records taken out", self.0.records_taken_out.to_string()),
        ])
    }
}

/// The segments of the archive.
pub(super) struct Segments(pub(super) Vec<pb::Segment>);

impl Answer for Segments {
    fn json(&self) -> Value {
        json!({ "segments": self.0.iter().map(segment_json).collect::<Vec<_>>() })
    }

    fn text(&self) -> String {
        if self.0.is_empty() {
            return "nothing was archived".to_owned();
        }
        let rows = self.0.iter().map(|segment| {
            let state = match segment.deleted_time {
                Some(_) => format!("deleted {}", spoken(segment.deleted_time)),
                None => format!("until {}", spoken(segment.kept_until_time)),
            };
            let (first, last) = (spoken(segment.first_time), spoken(segment.last_time));
            [segment.segment.clone(), segment.records.to_string(), first, last, state]
        });
        table(["SEGMENT", "RECORDS", "FIRST", "LAST", "KEPT"], rows)
    }
}

/// A segment that was deleted.
pub(super) struct Deleted(pub(super) pb::Segment);

impl Answer for Deleted {
    fn json(&self) -> Value {
        segment_json(&self.0)
    }

    fn text(&self) -> String {
        format!("segment {} is gone; its signed tombstone stays", self.0.segment)
    }
}

fn segment_json(segment: &pb::Segment) -> Value {
    let pb::Segment { segment, records, bytes, first_time, last_time, sha256, kept_until_time, deleted_time } = segment;
    json!({
        "segment": segment,
        "records": records,
        "bytes": bytes,
        "first_time": instant(*first_time),
        "last_time": instant(*last_time),
        "sha256": hex(sha256),
        "kept_until_time": instant(*kept_until_time),
        "deleted_time": instant(*deleted_time),
    })
}

/// An archive that was found whole.
pub(super) struct Checked(pub(super) Vec<JournalArchive>);

impl Answer for Checked {
    fn json(&self) -> Value {
        let journal = |archive: &JournalArchive| {
            let JournalArchive { journal, epoch, segments, records, deleted, deleted_up_to, last, newest } = archive;
            json!({
                "journal": journal,
                "store_epoch": format!("{epoch:016x}"),
                "segments": segments,
                "records": records,
                "deleted_segments": deleted,
                "deleted_up_to": deleted_up_to,
                "last": last,
                "newest_manifest": newest.to_string(),
            })
        };
        json!({ "whole": true, "journals": self.0.iter().map(journal).collect::<Vec<_>>() })
    }

    fn text(&self) -> String {
        if self.0.is_empty() {
            return "the archive is empty".to_owned();
        }
        let rows = self.0.iter().map(|archive| {
            let gone = match archive.deleted {
                0 => "nothing".to_owned(),
                segments => format!("{segments} segments, up to place {}", archive.deleted_up_to),
            };
            let (journal, segments, records) = (&archive.journal, &archive.segments, &archive.records);
            [journal.to_string(), segments.to_string(), records.to_string(), archive.last.to_string(), gone]
        });
        let whole = table(["JOURNAL", "SEGMENTS", "RECORDS", "UP TO PLACE", "DELETED IN THEIR TIME"], rows);
        format!("{whole}\n\nThe archive is whole: every signature and every byte is good, and nothing is missing.")
    }
}
