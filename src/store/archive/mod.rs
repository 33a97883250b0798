//! Archives on disk: segments and their manifests in a folder outside the store.
//!
//! | file | holds |
//! | --- | --- |
//! | `folder` | the files, and in which order they are written and deleted |
//! | `check` | a whole folder checked, and compared with the store it came from |
//! | `reader` | an archive read as the beginning of a store's journals |
//! | `error` | what can be wrong, by the segment's name |
//!
//! Everything here blocks while the disk works. Deliberately absent: when to archive, and taking records out of a store.

mod check;
mod error;
mod folder;
mod reader;
#[cfg(test)]
mod tests;

pub use check::{Catalogue, Entry, JournalArchive};
pub use error::ArchiveError;
pub use folder::{ArchiveFolder, ArchiveLock, Listing, Shelved};
pub use reader::ArchiveReader;
