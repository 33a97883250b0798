//! Old records leave the store, and in the end the archive.
//!
//! | file | holds |
//! | --- | --- |
//! | `settings` | where to, and for how long |
//! | `run` | moving them: segment by segment, safe at every step |
//! | `source` | reading a journal's oldest records into a segment |
//! | `keys` | which keys the archive needs |
//! | `shelf` | what the archive holds, and deleting what is over |
//!
//! The files themselves are `store/archive/`'s, their formats `audit/archive/`'s.

mod keys;
mod run;
mod settings;
mod shelf;
mod source;

pub(super) use keys::ArchiveKey;
pub use run::Archiving;
pub use settings::ArchiveSettings;
pub use shelf::{SegmentState, ShelvedSegment};
