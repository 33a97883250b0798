//! Checks a whole archive: every manifest's signature, their series, and every byte of every segment.

use std::collections::BTreeMap;

use super::error::ArchiveError;
use super::folder::{ArchiveFolder, Shelved};
use crate::audit::archive::{Digest, Segment, SegmentName, Series, SignedManifest, Tombstone, Verifying};
use crate::crypto::KeyId;
use crate::store::ArchivedUpTo;

/// How far the archive of one journal reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalArchive {
    /// The journal.
    pub journal: u16,
    /// The life of the store.
    pub epoch: u64,
    /// Segments that are there.
    pub segments: u64,
    /// Records in them.
    pub records: u64,
    /// Segments that were deleted when their time was over.
    pub deleted: u64,
    /// The place up to which records were deleted.
    pub deleted_up_to: u64,
    /// The place of the last record.
    pub last: u64,
    /// The digest of the newest manifest.
    pub newest: Digest,
}

/// Manifests and tombstones of the whole folder that were found good, in order.
#[derive(Debug)]
pub struct Catalogue {
    entries: Vec<Entry>,
    strays: Vec<SegmentName>,
    series: BTreeMap<u16, Series>,
    journals: BTreeMap<u16, JournalArchive>,
}

/// One segment of a catalogue.
#[derive(Debug, Clone)]
pub enum Entry {
    /// It is there.
    Kept(SignedManifest),
    /// It was deleted in its time.
    Deleted {
        /// What is left of it.
        tombstone: Tombstone,
        /// The key that signed that.
        by: KeyId,
    },
}

impl Entry {
    /// Its manifest.
    pub const fn manifest(&self) -> &SignedManifest {
        match self {
            Self::Kept(manifest) => manifest,
            Self::Deleted { tombstone, .. } => &tombstone.manifest,
        }
    }

    /// Its journal.
    pub const fn journal(&self) -> u16 {
        self.manifest().unverified().summary.journal
    }
}

impl Catalogue {
    /// Reads every manifest and tombstone of a folder and checks all but the segments themselves.
    pub fn read(folder: &ArchiveFolder, keys: &(impl Verifying + ?Sized)) -> Result<Self, ArchiveError> {
        let (mut entries, mut journals) = (Vec::new(), BTreeMap::new());
        let mut series: BTreeMap<u16, Series> = BTreeMap::new();
        let listing = folder.list()?;
        for (name, shelved) in listing.shelved {
            let entry = believed(name, shelved?, keys)?;
            let manifest = entry.manifest();
            let summary = &manifest.unverified().summary;
            series.entry(summary.journal).or_default().follow(manifest)?;
            let journal = journals.entry(summary.journal).or_insert_with(|| JournalArchive {
                journal: summary.journal,
                epoch: summary.epoch,
                segments: 0,
                records: 0,
                deleted: 0,
                deleted_up_to: 0,
                last: 0,
                newest: Digest::NONE,
            });
            match &entry {
                Entry::Kept(_) => {
                    journal.segments = journal.segments.saturating_add(1);
                    journal.records = journal.records.saturating_add(summary.records.into());
                }
                // Older ones go first: what is kept is one piece, up to the store.
                Entry::Deleted { .. } if journal.segments > 0 => return Err(ArchiveError::DeletedOutOfOrder { name }),
                Entry::Deleted { .. } => {
                    journal.deleted = journal.deleted.saturating_add(1);
                    journal.deleted_up_to = summary.last;
                }
            }
            (journal.last, journal.newest) = (summary.last, manifest.digest());
            entries.push(entry);
        }
        Ok(Self { entries, strays: listing.strays, series, journals })
    }

    /// Its segments, each journal's in order, the oldest first.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The manifests of a journal's segments that are there, the oldest first.
    pub fn kept(&self, journal: u16) -> impl Iterator<Item = &SignedManifest> {
        let of_journal = self.entries.iter().filter(move |entry| entry.journal() == journal);
        of_journal.filter_map(|entry| match entry {
            Entry::Kept(manifest) => Some(manifest),
            Entry::Deleted { .. } => None,
        })
    }

    /// Segments that were written without a manifest, by name.
    pub fn strays(&self, journal: u16) -> impl Iterator<Item = SegmentName> {
        self.strays.iter().copied().filter(move |name| name.journal == journal)
    }

    /// Where a journal's next segment goes on.
    pub fn series(&self, journal: u16) -> Series {
        self.series.get(&journal).copied().unwrap_or_default()
    }

    /// How far a journal's archive reaches; `None` where it has none.
    pub fn journal(&self, journal: u16) -> Option<&JournalArchive> {
        self.journals.get(&journal)
    }

    /// How far each journal's archive reaches.
    pub fn journals(&self) -> impl Iterator<Item = &JournalArchive> {
        self.journals.values()
    }

    /// Whether everything that was taken out of a store is here, and nothing was deleted that is still in it. A store that
    /// was put back from a backup is another life of the same records: what is in a segment is compared with it one by one.
    pub fn covers(&self, journal: u16, store: Option<&ArchivedUpTo>) -> Result<(), ArchiveError> {
        let gone = store.map_or(0, |store| store.place);
        let deleted = |entry: &&Entry| matches!(entry, Entry::Deleted { .. }) && entry.journal() == journal;
        if let Some(entry) =
            self.entries.iter().filter(deleted).find(|entry| entry.manifest().unverified().summary.last > gone)
        {
            return Err(ArchiveError::NotTheStores { name: entry.manifest().unverified().name() });
        }
        // At place 0 only what this journal never had was taken out, before the store was moved.
        let Some(store) = store.filter(|store| store.place > 0) else { return Ok(()) };
        let last = self.journal(journal).map_or(0, |archive| archive.last);
        if last < store.place {
            return Err(ArchiveError::TailMissing { journal, place: store.place, last });
        }
        let of_journal = self.entries.iter().filter(|entry| entry.journal() == journal).map(Entry::manifest);
        let holding = of_journal.into_iter().find(|manifest| store.place <= manifest.unverified().summary.last);
        match holding {
            Some(manifest) if manifest.digest().0 != store.manifest => {
                Err(ArchiveError::NotTheStores { name: manifest.unverified().name() })
            }
            _ => Ok(()),
        }
    }

    /// Reads every segment that should be there, in order, and compares it with its manifest; `look` is then shown it.
    pub fn read_segments(
        &self,
        folder: &ArchiveFolder,
        mut look: impl FnMut(&Segment<'_>) -> Result<(), ArchiveError>,
    ) -> Result<(), ArchiveError> {
        let mut buffer = Vec::new();
        for entry in &self.entries {
            if let Entry::Kept(manifest) = entry {
                look(&folder.segment(manifest.unverified(), &mut buffer)?)?;
            }
        }
        Ok(())
    }
}

fn believed(name: SegmentName, shelved: Shelved, keys: &(impl Verifying + ?Sized)) -> Result<Entry, ArchiveError> {
    let refused = |error| ArchiveError::Signature { name, error };
    match shelved {
        Shelved::Kept(manifest) => {
            manifest.verify(keys).map_err(refused)?;
            Ok(Entry::Kept(manifest))
        }
        Shelved::Deleted(signed) => {
            let tombstone = signed.verify(keys).map_err(refused)?;
            if tombstone.is_timely() {
                Ok(Entry::Deleted { tombstone: tombstone.clone(), by: signed.signed_by() })
            } else {
                Err(ArchiveError::DeletedEarly { name })
            }
        }
    }
}
