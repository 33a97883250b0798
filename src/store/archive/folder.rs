//! The folder of an archive: a segment and its manifest, or the tombstone that is left of both.
//!
//! | file | is |
//! | --- | --- |
//! | `NAME.segment` | a segment |
//! | `NAME.manifest.json` | its manifest: a segment counts once its manifest is there |
//! | `NAME.deleted.json` | its tombstone: from then on both others may be gone |
//! | `….tmp` | a file that was being written |
//! | `lock` | held by the one process that writes here |
//!
//! `NAME` is the manifest's own: journal, first and last place.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::error::ArchiveError;
use crate::audit::archive::{
    MANIFEST_BYTES_MAX, Manifest, SEGMENT_BYTES_MAX, Segment, SegmentName, SignedManifest, SignedTombstone,
    parse_segment,
};

const SEGMENT: &str = ".segment";
const MANIFEST: &str = ".manifest.json";
const DELETED: &str = ".deleted.json";
const TEMPORARY: &str = ".tmp";
const LOCK: &str = "lock";

/// A folder of segments.
#[derive(Debug, Clone)]
pub struct ArchiveFolder {
    path: PathBuf,
}

/// The right to write in a folder, or to read it undisturbed, for as long as it lives.
#[derive(Debug)]
pub struct ArchiveLock {
    _lock: File,
}

/// What the folder holds under one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shelved {
    /// A manifest, and by it a segment.
    Kept(SignedManifest),
    /// A tombstone. What it speaks of may not be gone yet.
    Deleted(SignedTombstone),
}

/// Everything in the folder, by name: the order of the segments.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listing {
    /// Manifests and tombstones, or why one cannot be read.
    pub shelved: BTreeMap<SegmentName, Result<Shelved, ArchiveError>>,
    /// Segments without either.
    pub strays: Vec<SegmentName>,
}

impl ArchiveFolder {
    /// A folder that exists.
    pub fn open(path: &Path) -> Result<Self, ArchiveError> {
        if !path.is_dir() {
            return Err(ArchiveError::io("open", path, &io::Error::from(io::ErrorKind::NotFound)));
        }
        Ok(Self { path: path.to_owned() })
    }

    /// The same; makes it where there is none.
    pub fn make(path: &Path) -> Result<Self, ArchiveError> {
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
        made.map_err(|error| ArchiveError::io("make", path, &error))?;
        Self::open(path)
    }

    /// Takes the folder for writing; refused while anybody else has it.
    pub fn lock(&self) -> Result<ArchiveLock, ArchiveError> {
        self.locked(File::try_lock)
    }

    /// Takes the folder for reading, together with whoever else reads; refused while it is written to.
    pub fn lock_to_read(&self) -> Result<ArchiveLock, ArchiveError> {
        self.locked(File::try_lock_shared)
    }

    fn locked(&self, take: fn(&File) -> Result<(), TryLockError>) -> Result<ArchiveLock, ArchiveError> {
        let path = self.path.join(LOCK);
        let lock = File::options().write(true).create(true).truncate(false).mode(0o600).open(&path);
        let lock = lock.map_err(|error| ArchiveError::io("open", &path, &error))?;
        match take(&lock) {
            Ok(()) => Ok(ArchiveLock { _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(ArchiveError::InUse),
            Err(TryLockError::Error(error)) => Err(ArchiveError::io("lock", &path, &error)),
        }
    }

    /// What is there. A manifest that cannot be read is told under its name.
    pub fn list(&self) -> Result<Listing, ArchiveError> {
        let failed = |error: io::Error| ArchiveError::io("list", &self.path, &error);
        let (mut listing, mut segments) = (Listing::default(), Vec::new());
        let mut names: Vec<String> = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(failed)? {
            names.extend(entry.map_err(failed)?.file_name().into_string().ok());
        }
        for file in names {
            let named = |suffix| file.strip_suffix(suffix).and_then(SegmentName::parse);
            if let Some(name) = named(DELETED) {
                listing.shelved.insert(name, self.tombstone(name).map(Shelved::Deleted));
            } else if let Some(name) = named(MANIFEST) {
                // A tombstone outlives its manifest, and stands for it while both are there.
                if !self.path.join(format!("{name}{DELETED}")).exists() {
                    listing.shelved.insert(name, self.manifest(name).map(Shelved::Kept));
                }
            } else if let Some(name) = named(SEGMENT) {
                segments.push(name);
            }
        }
        segments.retain(|name| !listing.shelved.contains_key(name));
        segments.sort_unstable();
        listing.strays = segments;
        Ok(listing)
    }

    /// Puts a segment and its manifest on the disk. The segment counts from the moment that its manifest has its name:
    /// by then both are whole on the disk.
    pub fn put(&self, bytes: &[u8], manifest: &SignedManifest) -> Result<(), ArchiveError> {
        let name = manifest.unverified().name();
        let segment = self.write(&format!("{name}{SEGMENT}"), bytes)?;
        let manifest = self.write(&format!("{name}{MANIFEST}"), &manifest.to_json())?;
        segment.take_name()?;
        self.sync()?;
        manifest.take_name()?;
        self.sync()
    }

    /// Reads a segment back and compares it with what its manifest says: every byte and every count. `buffer` is where its
    /// bytes are kept.
    pub fn segment<'a>(&self, manifest: &Manifest, buffer: &'a mut Vec<u8>) -> Result<Segment<'a>, ArchiveError> {
        let name = manifest.name();
        *buffer = match self.read(&format!("{name}{SEGMENT}"), SEGMENT_BYTES_MAX) {
            Err(ArchiveError::Missing) => return Err(ArchiveError::SegmentMissing { name }),
            read => read?,
        };
        match parse_segment(buffer) {
            Ok(segment) if *segment.summary() == manifest.summary => Ok(segment),
            Ok(_) => Err(ArchiveError::SegmentOther { name }),
            Err(error) => Err(ArchiveError::SegmentDamaged { name, error }),
        }
    }

    /// Puts a tombstone up, and then takes away what it stands for.
    pub fn bury(&self, tombstone: &SignedTombstone) -> Result<(), ArchiveError> {
        let name = tombstone.unverified().manifest.unverified().name();
        self.write(&format!("{name}{DELETED}"), &tombstone.to_json())?.take_name()?;
        self.sync()?;
        self.clear(name)
    }

    /// Takes away a segment and its manifest, as far as they are there: what a tombstone stands for, or what was never
    /// finished.
    pub fn clear(&self, name: SegmentName) -> Result<(), ArchiveError> {
        for suffix in [MANIFEST, SEGMENT] {
            self.remove(&format!("{name}{suffix}"))?;
        }
        self.sync()
    }

    /// Takes away what was being written when a process ended.
    pub fn clear_temporary(&self) -> Result<(), ArchiveError> {
        let failed = |error: io::Error| ArchiveError::io("list", &self.path, &error);
        for entry in fs::read_dir(&self.path).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            if let Some(name) = name.to_str().filter(|name| name.ends_with(TEMPORARY)) {
                self.remove(name)?;
            }
        }
        Ok(())
    }

    fn manifest(&self, name: SegmentName) -> Result<SignedManifest, ArchiveError> {
        let json = self.read(&format!("{name}{MANIFEST}"), MANIFEST_BYTES_MAX)?;
        let manifest = SignedManifest::parse(&json).map_err(|error| ArchiveError::Manifest { name, error })?;
        Self::named(name, manifest.unverified()).map(|()| manifest)
    }

    fn tombstone(&self, name: SegmentName) -> Result<SignedTombstone, ArchiveError> {
        let json = self.read(&format!("{name}{DELETED}"), MANIFEST_BYTES_MAX)?;
        let tombstone = SignedTombstone::parse(&json).map_err(|error| ArchiveError::Manifest { name, error })?;
        Self::named(name, tombstone.unverified().manifest.unverified()).map(|()| tombstone)
    }

    /// A manifest under another's name is out of its place.
    fn named(name: SegmentName, manifest: &Manifest) -> Result<(), ArchiveError> {
        let own = manifest.name();
        if own == name { Ok(()) } else { Err(ArchiveError::OutOfPlace { name, own }) }
    }

    fn read(&self, file: &str, bytes_max: usize) -> Result<Vec<u8>, ArchiveError> {
        let path = self.path.join(file);
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => ArchiveError::Missing,
            _ => ArchiveError::io("read", &path, &error),
        };
        let mut bytes = Vec::new();
        // One more than may be: what is too long is read as too long, not as cut.
        let limit = (bytes_max as u64).saturating_add(1);
        File::open(&path).and_then(|file| file.take(limit).read_to_end(&mut bytes)).map_err(failed)?;
        Ok(bytes)
    }

    fn write(&self, file: &str, bytes: &[u8]) -> Result<Written, ArchiveError> {
        let temporary = self.path.join(format!("{file}{TEMPORARY}"));
        let written = || -> io::Result<()> {
            let mut out = File::options().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
            out.write_all(bytes)?;
            out.sync_all()
        };
        written().map_err(|error| ArchiveError::io("write", &temporary, &error))?;
        Ok(Written { temporary, path: self.path.join(file) })
    }

    fn remove(&self, file: &str) -> Result<(), ArchiveError> {
        let path = self.path.join(file);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(ArchiveError::io("remove", &path, &error)),
            _ => Ok(()),
        }
    }

    /// Names are on the disk once their folder is.
    fn sync(&self) -> Result<(), ArchiveError> {
        let synced = File::open(&self.path).and_then(|folder| folder.sync_all());
        synced.map_err(|error| ArchiveError::io("write", &self.path, &error))
    }
}

/// A file that is whole on the disk, under a name for the time being.
struct Written {
    temporary: PathBuf,
    path: PathBuf,
}

impl Written {
    fn take_name(self) -> Result<(), ArchiveError> {
        fs::rename(&self.temporary, &self.path).map_err(|error| ArchiveError::io("name", &self.path, &error))
    }
}
