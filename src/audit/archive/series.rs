//! Whether manifests follow each other: every segment begins where the one before it ends.

use super::digest::Digest;
use super::manifest::{Manifest, SegmentName, SignedManifest};

/// How far the manifests of one journal have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Series {
    journal: Option<u16>,
    last: u64,
    digest: Digest,
}

/// A manifest that does not follow the one before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SeriesError {
    /// Records between two segments are in neither.
    #[error(
        "segment {name} begins after place {after}, but the one before it ends at {expected}: one is missing, or they are out of order"
    )]
    Gap {
        /// The later segment.
        name: SegmentName,
        /// Where it begins.
        after: u64,
        /// Where it should.
        expected: u64,
    },
    /// It comes from another journal.
    #[error("segment {name} comes from another journal")]
    OtherJournal {
        /// The segment.
        name: SegmentName,
    },
    /// It names another manifest before it.
    #[error("segment {name} follows another manifest than the one before it, which was changed or replaced")]
    Previous {
        /// The segment.
        name: SegmentName,
    },
}

impl Default for Series {
    fn default() -> Self {
        Self { journal: None, last: 0, digest: Digest::NONE }
    }
}

impl Series {
    /// Takes the next manifest, whose signature was verified.
    pub fn follow(&mut self, signed: &SignedManifest) -> Result<(), SeriesError> {
        let Manifest { summary, previous, .. } = signed.unverified();
        let name = signed.unverified().name();
        if self.journal.is_some_and(|journal| journal != summary.journal) {
            return Err(SeriesError::OtherJournal { name });
        }
        if summary.after != self.last {
            return Err(SeriesError::Gap { name, after: summary.after, expected: self.last });
        }
        if *previous != self.digest {
            return Err(SeriesError::Previous { name });
        }
        *self = Self { journal: Some(summary.journal), last: summary.last, digest: signed.digest() };
        Ok(())
    }

    /// The place of the last record so far.
    pub const fn last(&self) -> u64 {
        self.last
    }

    /// The digest of the last manifest so far.
    pub const fn digest(&self) -> Digest {
        self.digest
    }
}
