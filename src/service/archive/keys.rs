//! Which keys the archive needs, for who would do without one.

use std::sync::Arc;

use super::settings::on_disk;
use crate::audit::archive::Manifest;
use crate::crypto::KeyId;
use crate::service::engine::Engine;
use crate::service::error::ServiceError;
use crate::service::refusal::Refusal;
use crate::store::archive::{ArchiveReader, Catalogue, Entry};

/// A key that something in the archive names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::service) enum ArchiveKey {
    /// It opens records of a segment.
    Seal(u8),
    /// It signed a manifest or a tombstone.
    Signing(KeyId),
}

/// A key, and for how much it is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::service) struct ArchiveUse {
    /// The key.
    pub key: ArchiveKey,
    /// Records that it may have sealed, or texts that it signed.
    pub uses: u64,
}

impl Engine {
    /// The archive as the beginning of the journals; `None` where nothing was archived. While it is read nothing is moved.
    pub(in crate::service) async fn archive_to_read(&self) -> Result<Option<Arc<ArchiveReader>>, ServiceError> {
        let store = self.vault.store();
        for journal in 0..store.journals() {
            if store.archived(journal).await?.is_some() {
                let settings = self.archive.as_ref().ok_or(ServiceError::Refused(Refusal::ArchiveOff))?;
                return Ok(Some(ArchiveReader::open(&settings.folder, self.record_signer.clone(), store).await?));
            }
        }
        Ok(None)
    }

    /// The keys that the archive needs. Where records were archived and no folder is named nobody can say.
    pub(in crate::service) async fn keys_of_archive(&self) -> Result<Vec<ArchiveUse>, ServiceError> {
        let Some(settings) = self.archive.as_ref() else {
            for journal in 0..self.vault.store().journals() {
                if self.vault.store().archived(journal).await?.is_some() {
                    return Err(ServiceError::Refused(Refusal::ArchiveOff));
                }
            }
            return Ok(Vec::new());
        };
        let signer = self.record_signer.clone();
        on_disk(settings, move |folder| {
            let catalogue = Catalogue::read(folder, &signer)?;
            Ok(catalogue.entries().iter().flat_map(uses).collect())
        })
        .await
    }
}

fn uses(entry: &Entry) -> Vec<ArchiveUse> {
    let signed = |key| ArchiveUse { key: ArchiveKey::Signing(key), uses: 1 };
    let Manifest { summary, .. } = entry.manifest().unverified();
    let mut found = vec![signed(entry.manifest().signed_by())];
    match entry {
        // One segment may hold records under several keys: each may have sealed all but one.
        Entry::Kept(_) => {
            let sealed = |key: &u8| ArchiveUse { key: ArchiveKey::Seal(*key), uses: summary.records.into() };
            found.extend(summary.seal_keys.iter().map(sealed));
        }
        Entry::Deleted { by, .. } => found.push(signed(*by)),
    }
    found
}
