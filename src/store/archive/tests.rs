//! Folders of segments: whole ones, and every way in which one may not be.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use tempfile::TempDir;

use super::{ArchiveError, ArchiveFolder, Catalogue, Entry};
use crate::audit::archive::{
    Archived, Digest, Manifest, SegmentBuilder, SegmentName, SeriesError, SignedManifest, Tombstone,
};
use crate::crypto::{Keyring, RecordSigner, Token};
use crate::domain::RecordId;
use crate::store::ArchivedUpTo;

const EPOCH: u64 = 7;

fn at(days: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap() + TimeDelta::days(days)
}

/// A folder under a key of its own, with segments of two records a day each.
struct Shelf {
    place: TempDir,
    folder: ArchiveFolder,
    signer: RecordSigner,
    manifests: Vec<SignedManifest>,
}

impl Shelf {
    fn with(segments: usize) -> Self {
        let place = TempDir::new().unwrap();
        let folder = ArchiveFolder::make(&place.path().join("archive")).unwrap();
        let signer = RecordSigner::new(&Keyring::known());
        let mut shelf = Self { place, folder, signer, manifests: Vec::new() };
        for _ in 0..segments {
            shelf.add(EPOCH);
        }
        shelf
    }

    fn add(&mut self, epoch: u64) {
        let after = self.manifests.last().map_or(0, |manifest| manifest.unverified().summary.last);
        let previous = self.manifests.last().map_or(Digest::NONE, SignedManifest::digest);
        let (bytes, manifest) = self.made(epoch, after, previous, 1);
        self.folder.put(&bytes, &manifest).unwrap();
        self.manifests.push(manifest);
    }

    fn made(&self, epoch: u64, after: u64, previous: Digest, fill: u8) -> (Vec<u8>, SignedManifest) {
        let mut builder = SegmentBuilder::new(epoch, 0, after);
        for place in [after + 1, after + 3] {
            let millis = at(i64::try_from(place).unwrap()).timestamp_millis();
            let id = RecordId::from_u128((u128::try_from(millis).unwrap() << 80) | u128::from(place));
            let record = Archived { place, id, account: Token::from_bytes([1; 16]), body: &[1, 1, fill, fill] };
            assert!(builder.push(&record).unwrap());
        }
        let (bytes, summary) = builder.finish().unwrap();
        (bytes, Manifest { summary, previous, made_at: at(100) }.sign(&self.signer).unwrap())
    }

    fn name(&self, segment: usize) -> SegmentName {
        self.manifests[segment].unverified().name()
    }

    fn path(&self, segment: usize, suffix: &str) -> PathBuf {
        self.place.path().join("archive").join(format!("{}{suffix}", self.name(segment)))
    }

    fn bury(&self, segment: usize, deleted_at: DateTime<Utc>) {
        let tombstone = Tombstone { manifest: self.manifests[segment].clone(), deleted_at, retention_days: 10 };
        self.folder.bury(&tombstone.sign(&self.signer).unwrap()).unwrap();
    }

    /// Reads and checks all that there is.
    fn check(&self) -> Result<Catalogue, ArchiveError> {
        let catalogue = Catalogue::read(&self.folder, &self.signer)?;
        catalogue.read_segments(&self.folder, |_| Ok(()))?;
        Ok(catalogue)
    }
}

fn change(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_whole_archive_says_how_far_it_reaches() {
    let shelf = Shelf::with(3);
    let catalogue = shelf.check().unwrap();
    let archive = catalogue.journal(0).unwrap();
    assert_eq!((archive.segments, archive.records, archive.deleted, archive.last), (3, 6, 0, 9));
    assert_eq!(archive.newest, shelf.manifests[2].digest());
    assert_eq!(catalogue.series(0).last(), 9);
    assert!(Catalogue::read(&shelf.folder, &shelf.signer.public_keys()[..]).is_ok(), "public keys are enough");
    let stranger = RecordSigner::new(&Keyring::generate(at(0)).unwrap());
    let refused = Catalogue::read(&shelf.folder, &stranger).unwrap_err();
    assert!(matches!(refused, ArchiveError::Signature { name, .. } if name == shelf.name(0)), "{refused}");
    assert!(Shelf::with(0).check().unwrap().journals().next().is_none());
}

#[test]
fn a_changed_a_cut_and_a_missing_segment_are_found_by_name() {
    for (number, spoil) in [
        |bytes: &mut Vec<u8>| bytes[60] ^= 1,
        |bytes: &mut Vec<u8>| bytes.truncate(bytes.len() - 1),
        |bytes: &mut Vec<u8>| bytes.push(0),
        |bytes: &mut Vec<u8>| bytes.clear(),
    ]
    .into_iter()
    .enumerate()
    {
        let shelf = Shelf::with(3);
        change(&shelf.path(1, ".segment"), spoil);
        let found = shelf.check().unwrap_err();
        assert!(
            matches!(found, ArchiveError::SegmentDamaged { name, .. } if name == shelf.name(1)),
            "{number}: {found}"
        );
    }
    let shelf = Shelf::with(3);
    fs::remove_file(shelf.path(1, ".segment")).unwrap();
    assert_eq!(shelf.check().unwrap_err(), ArchiveError::SegmentMissing { name: shelf.name(1) });
}

#[test]
fn a_whole_segment_in_anothers_place_is_found() {
    let shelf = Shelf::with(3);
    // Of the same store and the same places, but with other records, and whole.
    let (forged, _) = shelf.made(EPOCH, 3, Digest::NONE, 9);
    fs::write(shelf.path(1, ".segment"), forged).unwrap();
    assert_eq!(shelf.check().unwrap_err(), ArchiveError::SegmentOther { name: shelf.name(1) });
    fs::copy(shelf.path(0, ".segment"), shelf.path(1, ".segment")).unwrap();
    assert_eq!(shelf.check().unwrap_err(), ArchiveError::SegmentOther { name: shelf.name(1) });
}

#[test]
fn a_changed_a_missing_and_a_moved_manifest_are_found() {
    let shelf = Shelf::with(3);
    change(&shelf.path(1, ".manifest.json"), |json| {
        let text = String::from_utf8(json.clone()).unwrap().replacen("\"records\": 2", "\"records\": 1", 1);
        *json = text.into_bytes();
    });
    let found = shelf.check().unwrap_err();
    assert!(matches!(found, ArchiveError::Signature { name, .. } if name == shelf.name(1)), "{found}");

    let shelf = Shelf::with(3);
    change(&shelf.path(1, ".manifest.json"), Vec::clear);
    let found = shelf.check().unwrap_err();
    assert!(matches!(found, ArchiveError::Manifest { name, .. } if name == shelf.name(1)), "{found}");

    let shelf = Shelf::with(3);
    fs::remove_file(shelf.path(1, ".manifest.json")).unwrap();
    let gap = SeriesError::Gap { name: shelf.name(2), after: 6, expected: 3 };
    assert_eq!(shelf.check().unwrap_err(), gap.into(), "its segment alone does not count");

    let shelf = Shelf::with(3);
    fs::copy(shelf.path(0, ".manifest.json"), shelf.path(1, ".manifest.json")).unwrap();
    let moved = ArchiveError::OutOfPlace { name: shelf.name(1), own: shelf.name(0) };
    assert_eq!(shelf.check().unwrap_err(), moved);
}

#[test]
fn a_segment_that_was_replaced_with_its_manifest_is_found() {
    // By who holds the signing key, even: the next manifest names another one.
    let shelf = Shelf::with(3);
    let (forged, manifest) = shelf.made(EPOCH, 3, shelf.manifests[0].digest(), 9);
    shelf.folder.put(&forged, &manifest).unwrap();
    assert_eq!(shelf.check().unwrap_err(), SeriesError::Previous { name: shelf.name(2) }.into());
    // The newest one has no next: the store knows it.
    let shelf = Shelf::with(2);
    let store = |segment: usize| ArchivedUpTo { place: 6, at: at(6), manifest: shelf.manifests[segment].digest().0 };
    let known = store(1);
    assert_eq!(shelf.check().unwrap().covers(0, Some(&known)), Ok(()));
    let (forged, manifest) = shelf.made(EPOCH, 3, shelf.manifests[0].digest(), 9);
    shelf.folder.put(&forged, &manifest).unwrap();
    let found = shelf.check().unwrap().covers(0, Some(&known));
    assert_eq!(found, Err(ArchiveError::NotTheStores { name: shelf.name(1) }));
}

#[test]
fn a_missing_tail_is_found_by_what_the_store_was_emptied_of() {
    let shelf = Shelf::with(3);
    let emptied = ArchivedUpTo { place: 9, at: at(9), manifest: shelf.manifests[2].digest().0 };
    assert_eq!(shelf.check().unwrap().covers(0, Some(&emptied)), Ok(()));
    assert_eq!(shelf.check().unwrap().covers(0, None), Ok(()));
    shelf.folder.clear(shelf.name(2)).unwrap();
    let catalogue = shelf.check().unwrap();
    let missing = ArchiveError::TailMissing { journal: 0, place: 9, last: 6 };
    assert_eq!(catalogue.covers(0, Some(&emptied)), Err(missing));
    // While a segment's records leave the store, it reaches into that segment.
    let halfway = ArchivedUpTo { place: 4, at: at(4), manifest: shelf.manifests[1].digest().0 };
    assert_eq!(catalogue.covers(0, Some(&halfway)), Ok(()));
}

#[test]
fn a_store_that_still_has_what_was_deleted_is_another() {
    let shelf = Shelf::with(2);
    shelf.bury(0, at(13));
    let catalogue = shelf.check().unwrap();
    let emptied = |place| ArchivedUpTo { place, at: at(3), manifest: shelf.manifests[0].digest().0 };
    assert_eq!(catalogue.covers(0, Some(&emptied(3))), Ok(()));
    let other = Err(ArchiveError::NotTheStores { name: shelf.name(0) });
    assert_eq!(catalogue.covers(0, Some(&emptied(2))), other);
    assert_eq!(catalogue.covers(0, None), other);
}

#[test]
fn what_was_deleted_in_its_time_leaves_the_archive_whole() {
    let shelf = Shelf::with(3);
    shelf.bury(0, at(13));
    assert!(!shelf.path(0, ".segment").exists() && !shelf.path(0, ".manifest.json").exists());
    let catalogue = shelf.check().unwrap();
    let archive = catalogue.journal(0).unwrap();
    assert_eq!((archive.segments, archive.deleted, archive.deleted_up_to, archive.last), (2, 1, 3, 9));
    assert!(matches!(catalogue.entries()[0], Entry::Deleted { .. }));
    assert_eq!(catalogue.kept(0).next(), Some(&shelf.manifests[1]));
    fs::remove_file(shelf.path(0, ".deleted.json")).unwrap();
    let gap = SeriesError::Gap { name: shelf.name(1), after: 3, expected: 0 };
    assert_eq!(shelf.check().unwrap_err(), gap.into(), "without its tombstone it is missing");
}

#[test]
fn what_was_deleted_too_early_or_out_of_order_is_found() {
    let early = Shelf::with(3);
    early.bury(0, at(13) - TimeDelta::milliseconds(1));
    assert_eq!(early.check().unwrap_err(), ArchiveError::DeletedEarly { name: early.name(0) });
    let hole = Shelf::with(3);
    hole.bury(1, at(50));
    assert_eq!(hole.check().unwrap_err(), ArchiveError::DeletedOutOfOrder { name: hole.name(1) });
    let changed = Shelf::with(3);
    changed.bury(0, at(50));
    change(&changed.path(0, ".deleted.json"), |json| {
        *json = String::from_utf8(json.clone()).unwrap().replacen("days\": 10", "days\": 11", 1).into_bytes();
    });
    let found = changed.check().unwrap_err();
    assert!(matches!(found, ArchiveError::Signature { name, .. } if name == changed.name(0)), "{found}");
}

#[test]
fn a_deletion_that_was_cut_off_counts_and_is_finished() {
    let shelf = Shelf::with(2);
    let files =
        [".segment", ".manifest.json"].map(|suffix| (shelf.path(0, suffix), fs::read(shelf.path(0, suffix)).unwrap()));
    shelf.bury(0, at(50));
    for (path, bytes) in &files {
        fs::write(path, bytes).unwrap();
    }
    let catalogue = shelf.check().unwrap();
    assert_eq!((catalogue.journal(0).unwrap().deleted, catalogue.strays(0).count()), (1, 0));
    shelf.bury(0, at(50));
    assert!(files.iter().all(|(path, _)| !path.exists()));
}

#[test]
fn what_was_being_written_when_a_process_ended_is_cleared_away_and_nothing_else() {
    let shelf = Shelf::with(2);
    let (bytes, manifest) = shelf.made(EPOCH, 6, shelf.manifests[1].digest(), 1);
    let name = manifest.unverified().name();
    let folder = shelf.place.path().join("archive");
    fs::write(folder.join(format!("{name}.segment.tmp")), &bytes[..20]).unwrap();
    fs::write(folder.join(format!("{name}.segment")), &bytes).unwrap();
    fs::write(folder.join("notes.txt"), "kept").unwrap();
    let catalogue = shelf.check().unwrap();
    assert_eq!(catalogue.strays(0).collect::<Vec<_>>(), [name]);
    assert_eq!(catalogue.series(0).last(), 6, "a segment without its manifest does not count");
    shelf.folder.clear_temporary().unwrap();
    shelf.folder.clear(name).unwrap();
    let mut left: Vec<_> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    left.sort();
    let kept = |segment: usize| [".manifest.json", ".segment"].map(|suffix| format!("{}{suffix}", shelf.name(segment)));
    assert_eq!(left, [&kept(0)[..], &kept(1)[..], &["notes.txt".to_owned()]].concat());
    shelf.check().unwrap();
}

#[test]
fn one_writer_at_a_time_and_files_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let shelf = Shelf::with(1);
    let lock = shelf.folder.lock().unwrap();
    assert_eq!(shelf.folder.lock().unwrap_err(), ArchiveError::InUse);
    drop(lock);
    shelf.folder.lock().unwrap();
    let readers = [shelf.folder.lock_to_read().unwrap(), shelf.folder.lock_to_read().unwrap()];
    assert_eq!(shelf.folder.lock().unwrap_err(), ArchiveError::InUse);
    drop(readers);
    shelf.folder.lock().unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&shelf.path(0, ".segment")), mode(&shelf.place.path().join("archive"))), (0o600, 0o700));
    let nowhere = ArchiveFolder::open(&shelf.place.path().join("nowhere")).unwrap_err();
    assert!(matches!(nowhere, ArchiveError::Io { action: "open", .. }), "{nowhere}");
}
