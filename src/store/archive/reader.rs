//! An archive opened to be read as the beginning of a store's journals.

use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::check::{Catalogue, Entry};
use super::error::ArchiveError;
use super::folder::{ArchiveFolder, ArchiveLock};
use crate::audit::archive::{Manifest, Verifying};
use crate::store::{Journalled, Store};

/// An archive that covers all that was taken out of a store. While it lives nothing is moved or deleted.
pub struct ArchiveReader {
    folder: ArchiveFolder,
    catalogue: Catalogue,
    _lock: ArchiveLock,
}

impl ArchiveReader {
    /// Opens it: every manifest is verified, and compared with what the store was emptied of.
    pub async fn open<K>(path: &Path, keys: K, store: &dyn Store) -> Result<Arc<Self>, ArchiveError>
    where
        K: Verifying + Send + 'static,
    {
        let path = path.to_owned();
        let opened = tokio::task::spawn_blocking(move || {
            let folder = ArchiveFolder::make(&path)?;
            let lock = folder.lock_to_read()?;
            let catalogue = Catalogue::read(&folder, &keys)?;
            Ok::<Self, ArchiveError>(Self { folder, catalogue, _lock: lock })
        });
        let reader = opened.await.map_err(|_| ArchiveError::Broken)??;
        for journal in 0..store.journals() {
            let archived = store.archived(journal).await.map_err(|error| ArchiveError::Store(error.to_string()))?;
            reader.catalogue.covers(journal, archived.as_ref())?;
        }
        Ok(Arc::new(reader))
    }

    /// The segments that are there, in the order they were made in: each journal's in its own, and what was archived before
    /// the store was moved before what was archived since, whatever their journals were then.
    pub fn segments(&self) -> Vec<Manifest> {
        let kept = self.catalogue.entries().iter().filter_map(|entry| match entry {
            Entry::Kept(manifest) => Some(manifest.unverified().clone()),
            Entry::Deleted { .. } => None,
        });
        let mut segments: Vec<Manifest> = kept.collect();
        segments.sort_by_key(|manifest| manifest.made_at);
        segments
    }

    /// Where a journal goes on in the store.
    pub fn last(&self, journal: u16) -> u64 {
        self.catalogue.series(journal).last()
    }

    /// When the youngest record was made that was deleted in its time; `None` while the archive is whole.
    pub fn deleted_up_to(&self) -> Option<DateTime<Utc>> {
        let made = self.catalogue.entries().iter().filter_map(|entry| match entry {
            Entry::Deleted { tombstone, .. } => Some(tombstone.manifest.unverified().summary.last_at),
            Entry::Kept(_) => None,
        });
        made.max()
    }

    /// All records of a segment, after every byte of it was compared with its manifest.
    pub async fn read(self: &Arc<Self>, segment: Manifest) -> Result<Vec<Journalled>, ArchiveError> {
        let reader = Arc::clone(self);
        let read = tokio::task::spawn_blocking(move || {
            let mut buffer = Vec::new();
            let segment = reader.folder.segment(&segment, &mut buffer)?;
            let entry = |record: &crate::audit::archive::Archived<'_>| Journalled {
                place: record.place,
                id: record.id,
                account: record.account,
                body: record.body.to_vec(),
            };
            Ok::<Vec<_>, ArchiveError>(segment.records().iter().map(entry).collect())
        });
        read.await.map_err(|_| ArchiveError::Broken)?
    }
}
