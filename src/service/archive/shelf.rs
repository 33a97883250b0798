//! What the archive holds, and deleting what must be kept no longer.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::settings::on_disk;
use crate::audit::archive::{Manifest, SegmentName, Summary, Tombstone, may_go_from};
use crate::audit::{Event, SegmentTrace};
use crate::service::engine::Engine;
use crate::service::error::ServiceError;
use crate::service::question::caller_of;
use crate::service::refusal::Refusal;
use crate::service::rights::{Authorised, right};
use crate::service::unbroken::Unbroken;
use crate::store::archive::{Catalogue, Entry};

/// A segment of the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShelvedSegment {
    /// What it holds or held.
    pub manifest: Manifest,
    /// Whether it is there.
    pub state: SegmentState,
}

/// Whether a segment is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SegmentState {
    /// It is, and may be deleted from then on.
    KeptUntil(DateTime<Utc>),
    /// It was deleted.
    DeletedAt(DateTime<Utc>),
}

impl Engine {
    /// Lists the segments, the oldest first. Their manifests are verified, their bytes are not read.
    pub async fn list_segments(
        &self,
        who: &Authorised<right::ReadArchive>,
    ) -> Result<Vec<ShelvedSegment>, ServiceError> {
        let settings = self.archive(who)?;
        let (signer, retention_days) = (self.record_signer.clone(), settings.retention_days);
        on_disk(settings, move |folder| {
            let catalogue = Catalogue::read(folder, &signer)?;
            let shelved = |entry: &Entry| {
                let manifest = entry.manifest().unverified().clone();
                let state = match entry {
                    Entry::Kept(_) => SegmentState::KeptUntil(may_go_from(manifest.summary.last_at, retention_days)),
                    Entry::Deleted { tombstone, .. } => SegmentState::DeletedAt(tombstone.deleted_at),
                };
                ShelvedSegment { manifest, state }
            };
            Ok(catalogue.entries().iter().map(shelved).collect())
        })
        .await
    }

    /// Deletes a segment whose time is over: the oldest of its journal that is there. Its signed tombstone stays.
    pub async fn delete_segment(
        self: &Arc<Self>,
        who: Authorised<right::ManageArchive>,
        name: SegmentName,
    ) -> Result<ShelvedSegment, ServiceError> {
        let engine = Arc::clone(self);
        Unbroken::new(async move {
            let settings = engine.archive(&who)?.clone();
            let (now, signer, retention_days) =
                (engine.now()?.instant(), engine.record_signer.clone(), settings.retention_days);
            let (lock, tombstone) = on_disk(&settings, move |folder| {
                let lock = folder.lock()?;
                let catalogue = Catalogue::read(folder, &signer)?;
                let manifest =
                    match catalogue.entries().iter().find(|entry| entry.manifest().unverified().name() == name) {
                        None => return Err(ServiceError::NotFound("segment")),
                        Some(Entry::Deleted { .. }) => return Err(ServiceError::Refused(Refusal::SegmentGone)),
                        Some(Entry::Kept(manifest)) => manifest.clone(),
                    };
                let summary = &manifest.unverified().summary;
                if catalogue.kept(summary.journal).next() != Some(&manifest) {
                    return Err(ServiceError::Refused(Refusal::SegmentNotOldest));
                }
                let may_go = may_go_from(summary.last_at, retention_days);
                if now < may_go {
                    return Err(ServiceError::KeptUntil(may_go));
                }
                Ok((lock, Tombstone { manifest, deleted_at: now, retention_days }))
            })
            .await?;
            let Manifest { summary, .. } = tombstone.manifest.unverified();
            let Summary { journal, first, last, records, .. } = *summary;
            let digest = tombstone.manifest.digest().0;
            let event = Event::SegmentDeleted(SegmentTrace { journal, first, last, records, digest });
            // On record before it is gone.
            engine.note(&engine.carrier.brand, Some(caller_of(who.requester())), event).await?;
            let signed = tombstone.clone().sign(&engine.record_signer)?;
            on_disk(&settings, move |folder| {
                let buried = folder.bury(&signed);
                drop(lock);
                Ok(buried?)
            })
            .await?;
            let manifest = tombstone.manifest.unverified().clone();
            Ok(ShelvedSegment { manifest, state: SegmentState::DeletedAt(now) })
        })
        .await
    }
}
