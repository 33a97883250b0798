//! Moves old records out of the store, segment by segment.
//!
//! The order is what keeps every record in one of the two places at any moment: a segment and its manifest are written,
//! synced and named; read back from the disk and compared, byte for byte; written down in the engine's own account; and
//! only then are its records taken out of the store, a few at a time. What ends in between is found by the next run: files
//! without a name are cleared away, a segment without its manifest too, and a segment whose records are still in the
//! store is taken out of it.

use std::collections::VecDeque;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::sync::mpsc;

use super::settings::{ArchiveSettings, on_disk};
use super::source::{Filled, fill};
use crate::audit::archive::{Archived, Manifest, SignedManifest, Summary};
use crate::audit::{Event, SegmentTrace};
use crate::service::engine::Engine;
use crate::service::error::ServiceError;
use crate::service::question::caller_of;
use crate::service::rights::{Authorised, right};
use crate::store::archive::{ArchiveError, ArchiveFolder, ArchiveLock, Catalogue};
use crate::store::{Forget, Journalled, ROWS_MAX};

/// Records taken out of the store in one go: others are served in between.
const FORGET_AT_ONCE: usize = 256;

/// How far a run has come.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Archiving {
    /// The segment at hand.
    pub segment: String,
    /// Segments that are done.
    pub segments: u64,
    /// Records in segments written by this run.
    pub written: u64,
    /// Records that this run took out of the store.
    pub taken_out: u64,
}

/// One run over all journals.
struct Run {
    engine: Arc<Engine>,
    who: Authorised<right::ManageArchive>,
    settings: ArchiveSettings,
    /// Held while the run goes on.
    _lock: ArchiveLock,
    now: DateTime<Utc>,
    before: DateTime<Utc>,
    done: Archiving,
    tell: mpsc::Sender<Archiving>,
}

impl Engine {
    /// Moves what was made before an instant, by default all that need not stay, out of the store; how far it is goes to
    /// `tell`. Ends between two steps when nobody listens any more.
    pub async fn archive_records(
        self: &Arc<Self>,
        who: Authorised<right::ManageArchive>,
        before: Option<DateTime<Utc>>,
        tell: mpsc::Sender<Archiving>,
    ) -> Result<Archiving, ServiceError> {
        let settings = self.archive(&who)?.clone();
        let now = self.now()?.instant();
        let latest = settings.may_leave_before(now);
        let before = before.unwrap_or(latest);
        if before > latest {
            let expected = "must be at least `archive.keep_in_store_days` ago";
            return Err(ServiceError::Invalid { field: "before_time", expected });
        }
        let lock = on_disk(&settings, |folder| Ok(folder.lock()?)).await?;
        let done = Archiving::default();
        let mut run = Run { engine: Arc::clone(self), who, settings, _lock: lock, now, before, done, tell };
        for journal in 0..self.vault.store().journals() {
            if !run.journal(journal).await? {
                break;
            }
        }
        Ok(run.done)
    }
}

impl Run {
    /// Whether to go on with the next journal.
    async fn journal(&mut self, journal: u16) -> Result<bool, ServiceError> {
        let engine = Arc::clone(&self.engine);
        let store = engine.vault.store();
        let (archived, signer) = (store.archived(journal).await?, self.engine.record_signer.clone());
        let epoch = store.epoch();
        // INVARIANT (fail-closed): an archive that does not hold is added to no further.
        let catalogue = on_disk(&self.settings, move |folder| {
            let catalogue = Catalogue::read(folder, &signer)?;
            catalogue.covers(journal, archived.as_ref())?;
            folder.clear_temporary()?;
            for stray in catalogue.strays(journal) {
                // All that left the store is in segments with manifests: this one was never finished.
                folder.clear(stray)?;
            }
            Ok(catalogue)
        })
        .await?;
        let gone = archived.map_or(0, |archived| archived.place);
        for manifest in catalogue.kept(journal).filter(|manifest| manifest.unverified().summary.last > gone) {
            if !self.take_out(manifest, gone).await? {
                return Ok(false);
            }
        }
        let mut series = catalogue.series(journal);
        while let Some(filled) = fill(store, epoch, journal, series.last(), self.before).await? {
            let Filled { bytes, summary } = filled;
            let manifest = Manifest { summary, previous: series.digest(), made_at: self.now };
            let manifest = manifest.sign(&self.engine.record_signer)?;
            series.follow(&manifest).map_err(ArchiveError::from)?;
            let written = manifest.clone();
            on_disk(&self.settings, move |folder| Ok(folder.put(&bytes, &written)?)).await?;
            let records = u64::from(manifest.unverified().summary.records);
            self.done.written = self.done.written.saturating_add(records);
            let after = manifest.unverified().summary.after;
            if !self.take_out(&manifest, after).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Takes a segment's records after a place out of the store, once what is on the disk was compared with what is in the
    /// store. Whether to go on.
    async fn take_out(&mut self, manifest: &SignedManifest, after: u64) -> Result<bool, ServiceError> {
        let wanted = manifest.unverified().clone();
        let kept = on_disk(&self.settings, move |folder| read_back(folder, &wanted, after)).await?;
        self.compare(manifest, after, kept).await?;
        let Summary { journal, first, last, records, .. } = manifest.unverified().summary;
        let digest = manifest.digest().0;
        let (brand, caller) = (&self.engine.carrier.brand, caller_of(self.who.requester()));
        let event = Event::SegmentArchived(SegmentTrace { journal, first, last, records, digest });
        self.engine.note(brand, Some(caller), event).await?;
        self.done.segment = manifest.unverified().name().to_string();
        loop {
            let forget = Forget { journal, up_to: last, manifest: digest, limit: FORGET_AT_ONCE };
            let taken = self.engine.vault.store().forget(forget).await?;
            self.done.taken_out = self.done.taken_out.saturating_add(taken as u64);
            let over = taken == 0;
            self.done.segments = self.done.segments.saturating_add(u64::from(over));
            if self.tell.send(self.done.clone()).await.is_err() {
                return Ok(false);
            }
            if over {
                return Ok(true);
            }
        }
    }

    /// Whether the store holds the very records that the segment does. A store that was restored from a backup may hold
    /// others in the same places.
    async fn compare(
        &self,
        manifest: &SignedManifest,
        after: u64,
        mut kept: VecDeque<Journalled>,
    ) -> Result<(), ServiceError> {
        let Summary { journal, last, .. } = manifest.unverified().summary;
        let mut read = after;
        while read < last {
            let page = self.engine.vault.store().journal(journal, read, ROWS_MAX).await?;
            let Some(end) = page.last().map(|record| record.place) else { break };
            for record in page.iter().take_while(|record| record.place <= last) {
                // Sealed anew meanwhile it is still the same record.
                let same = |kept: Journalled| kept == *record || self.engine.vault.is_same_record(&kept, record);
                if !kept.pop_front().is_some_and(same) {
                    return Err(ArchiveError::NotTheStores { name: manifest.unverified().name() }.into());
                }
            }
            read = end;
        }
        if kept.is_empty() {
            Ok(())
        } else {
            Err(ArchiveError::NotTheStores { name: manifest.unverified().name() }.into())
        }
    }
}

/// Every record of a segment after a place, once all of its bytes were compared with its manifest.
fn read_back(folder: &ArchiveFolder, manifest: &Manifest, after: u64) -> Result<VecDeque<Journalled>, ServiceError> {
    let mut buffer = Vec::new();
    let segment = folder.segment(manifest, &mut buffer)?;
    let later = segment.records().iter().filter(|record| record.place > after);
    let entry = |record: &Archived<'_>| {
        let Archived { place, id, account, body } = *record;
        Journalled { place, id, account, body: body.to_vec() }
    };
    Ok(later.map(entry).collect())
}
