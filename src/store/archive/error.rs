//! What can be wrong with an archive: everything is told by the name of its segment.

use std::io;
use std::path::Path;

use crate::audit::archive::{ManifestError, SegmentError, SegmentName, SeriesError};
use crate::crypto::SignatureError;

/// An archive that does not hold, or cannot be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// The folder or a file in it.
    #[error("cannot {action} `{path}`: {error}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: String,
        /// Why not.
        error: String,
    },
    /// Another process writes there.
    #[error("another process has the archive's folder")]
    InUse,
    /// Work on the files was not carried to its end.
    #[error("work on the archive was not carried to its end")]
    Broken,
    /// The store that it is compared with.
    #[error("{0}")]
    Store(String),
    /// A file that was there when the folder was listed.
    #[error("a file of the archive has gone while it was read")]
    Missing,
    /// A manifest or tombstone is none.
    #[error("the manifest of segment {name} is {error}")]
    Manifest {
        /// The segment.
        name: SegmentName,
        /// What is wrong.
        error: ManifestError,
    },
    /// A manifest or tombstone is not believed.
    #[error("the manifest of segment {name} was changed, or is not this service's: {error}")]
    Signature {
        /// The segment.
        name: SegmentName,
        /// Why.
        error: SignatureError,
    },
    /// A manifest stands under another segment's name.
    #[error("the manifest of segment {own} stands in the place of {name}")]
    OutOfPlace {
        /// Where it stands.
        name: SegmentName,
        /// Whose it is.
        own: SegmentName,
    },
    /// Manifests do not follow each other.
    #[error(transparent)]
    Series(#[from] SeriesError),
    /// A manifest without its segment.
    #[error("segment {name} is missing")]
    SegmentMissing {
        /// The segment.
        name: SegmentName,
    },
    /// A segment that is whole, but not the one that was signed.
    #[error("segment {name} is not the one that its manifest was signed for")]
    SegmentOther {
        /// The segment.
        name: SegmentName,
    },
    /// A segment that was changed.
    #[error("segment {name} was changed, {error}")]
    SegmentDamaged {
        /// The segment.
        name: SegmentName,
        /// Where and how.
        error: SegmentError,
    },
    /// A segment that was deleted although records had to be kept longer.
    #[error("segment {name} was deleted before its time")]
    DeletedEarly {
        /// The segment.
        name: SegmentName,
    },
    /// A segment that was deleted before one that is older.
    #[error("segment {name} was deleted, but an older one was kept")]
    DeletedOutOfOrder {
        /// The segment.
        name: SegmentName,
    },
    /// The archive ends before what was taken out of the store.
    #[error(
        "records of journal {journal} up to place {place} were taken out of the store, but the archive ends at {last}: its newest segments are missing"
    )]
    TailMissing {
        /// The journal.
        journal: u16,
        /// How far the store was emptied.
        place: u64,
        /// Where the archive ends.
        last: u64,
    },
    /// The store was emptied after another manifest was signed than the one that is there.
    #[error("segment {name} is not the one after which its records were taken out of the store")]
    NotTheStores {
        /// The segment.
        name: SegmentName,
    },
}

impl ArchiveError {
    pub(super) fn io(action: &'static str, path: &Path, error: &io::Error) -> Self {
        Self::Io { action, path: path.display().to_string(), error: error.to_string() }
    }
}
