//! Archive segments: records on their way out of the store, as files that prove that nothing of them was lost or changed.
//!
//! | file | holds |
//! | --- | --- |
//! | `segment` | records in the order they were committed, as they were stored: sealed |
//! | `manifest` | what a segment holds, signed; each names the one before it |
//! | `tombstone` | what is left of a segment that was deleted when its time was over, signed |
//! | `series` | whether manifests follow each other without a gap |
//! | `digest`, `text` | how digests and instants are spelt |
//!
//! The formats are for outsiders too: an auditor checks a folder of segments with nothing but the signing key's public
//! half. What the records say shows only to who holds the seal keys.
//!
//! Deliberately absent: reading and writing files, and opening records.

mod digest;
mod manifest;
mod segment;
mod series;
#[cfg(test)]
mod tests;
mod text;
mod tombstone;

pub use digest::Digest;
pub use manifest::{MANIFEST_BYTES_MAX, Manifest, ManifestError, SegmentName, SignedManifest, Verifying};
pub use segment::{
    Archived, RECORD_BODY_BYTES_MAX, SEGMENT_BYTES_MAX, Segment, SegmentBuilder, SegmentError, Summary, parse_segment,
};
pub use series::{Series, SeriesError};
pub use tombstone::{SignedTombstone, Tombstone, may_go_from};
