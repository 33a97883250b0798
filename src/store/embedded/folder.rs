//! The store's folder: who owns it, what it lies on, how much room is left, and how far the store in it had come.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt as _, FileExt};
use std::path::{Path, PathBuf};

use super::options::OpenError;

const LOCK: &str = "lock";
const DATABASE: &str = "portcullis.db";
const LOG: &str = "portcullis.db-wal";
const ACKNOWLEDGED: &str = "acknowledged";
const MOVED: &str = "moved-to";

/// Whoever else reads the folder has a copy of the store.
const OWNER_ONLY: u32 = 0o700;

/// The longest note of an owner that is read back, in bytes.
const OWNER_BYTES_MAX: u64 = 64;

/// A folder that this process owns, for as long as this lives.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Makes the folder if it is not there, and takes it.
    pub(super) fn take(path: &Path) -> Result<Self, OpenError> {
        let failed = |action, what| move |source| OpenError::Io { action, what, source };
        DirBuilder::new().recursive(true).mode(OWNER_ONLY).create(path).map_err(failed("make", "folder"))?;
        let path = path.canonicalize().map_err(failed("find", "folder"))?;
        if let Some(kind) = file_system(&path).filter(|kind| is_network(kind)) {
            return Err(OpenError::NetworkFileSystem { kind });
        }
        let mut lock = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path.join(LOCK))
            .map_err(failed("write to", "folder"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(OpenError::InUse { holder: owner(&lock) }),
            Err(TryLockError::Error(source)) => return Err(OpenError::Io { action: "lock", what: "folder", source }),
        }
        write_owner(&mut lock).map_err(failed("write to", "lock file"))?;
        Ok(Self { path, _lock: lock })
    }

    /// Its full path.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The database's file.
    pub(super) fn database(&self) -> PathBuf {
        database(&self.path)
    }

    /// How far the store had come when it last answered.
    pub(super) fn acknowledged(&self) -> Result<Acknowledged, OpenError> {
        let failed = |source| OpenError::Io { action: "open", what: "acknowledgement file", source };
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(acknowledged(&self.path))
            .map_err(failed)?;
        Ok(Acknowledged::of(file))
    }

    /// Bytes of disk that this process may still take.
    /// The epoch of the store that all of it was carried into; none where it was not. What cannot be read is no "not".
    pub(super) fn moved_to(&self) -> io::Result<Option<u64>> {
        moved_to(&self.path)
    }

    /// Remembers it, on the disk when it returns. Beside the database, which stays as it was read.
    pub(super) fn move_to(&self, epoch: Option<u64>) -> io::Result<()> {
        let file = self.path.join(MOVED);
        match epoch {
            Some(epoch) => {
                fs::write(&file, format!("{epoch:016x}\n"))?;
                File::open(&file)?.sync_all()?;
            }
            None if file.exists() => fs::remove_file(&file)?,
            None => {}
        }
        File::open(&self.path)?.sync_all()
    }

    pub(super) fn free_bytes(&self) -> io::Result<u64> {
        free_bytes(&self.path)
    }
}

/// Where all of the store in a folder was carried, if it was.
pub(super) fn moved_to(folder: &Path) -> io::Result<Option<u64>> {
    match fs::read_to_string(folder.join(MOVED)) {
        Ok(epoch) => u64::from_str_radix(epoch.trim(), 16).map(Some).map_err(io::Error::other),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The database's file in a folder.
pub(super) fn database(folder: &Path) -> PathBuf {
    folder.join(DATABASE)
}

/// Its write-ahead log.
pub(super) fn log(folder: &Path) -> PathBuf {
    folder.join(LOG)
}

/// The file that says how far the store had come.
pub(super) fn acknowledged(folder: &Path) -> PathBuf {
    folder.join(ACKNOWLEDGED)
}

/// Bytes of disk that this process may still take.
pub(super) fn free_bytes(folder: &Path) -> io::Result<u64> {
    let told = rustix::fs::statvfs(folder)?;
    Ok(told.f_bavail.saturating_mul(told.f_frsize))
}

/// Who owns a folder.
pub(super) enum Holder {
    /// Nobody.
    Nobody,
    /// A process, as it wrote itself down.
    Process(String),
}

/// Who owns a folder now. The lock is held for an instant, to see whether it is free.
pub(super) fn holder(folder: &Path) -> io::Result<Holder> {
    let lock = match File::open(folder.join(LOCK)) {
        Ok(lock) => lock,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Holder::Nobody),
        Err(error) => return Err(error),
    };
    match lock.try_lock_shared() {
        Ok(()) => Ok(Holder::Nobody),
        Err(TryLockError::WouldBlock) => Ok(Holder::Process(owner(&lock))),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn owner(lock: &File) -> String {
    let mut text = String::new();
    match lock.take(OWNER_BYTES_MAX).read_to_string(&mut text) {
        Ok(_) if !text.trim().is_empty() => text.trim().to_owned(),
        _ => "another process".to_owned(),
    }
}

fn write_owner(lock: &mut File) -> io::Result<()> {
    lock.set_len(0)?;
    lock.rewind()?;
    writeln!(lock, "process {}", std::process::id())
}

/// The number of the last group of commits that was answered, beside the database.
///
/// SQLite ends a write-ahead log at the first frame that does not fit, without a word: a cut log reads like one that was
/// never longer. So the number is written here after each fsync and before the answers, without an fsync of its own: the
/// end of a process does not touch it, and after a power failure it can only be older than the log.
#[derive(Debug)]
pub(super) struct Acknowledged {
    file: File,
}

impl Acknowledged {
    const BYTES: usize = 16;
    const CHECK: u64 = 0x706f_7274_6375_6c6c;

    /// Kept in this file.
    pub(super) const fn of(file: File) -> Self {
        Self { file }
    }

    /// The number; `None` where none was written, or not wholly.
    pub(super) fn read(&self) -> io::Result<Option<u64>> {
        let mut bytes = [0; Self::BYTES];
        match self.file.read_exact_at(&mut bytes, 0) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        }
        let both = u128::from_be_bytes(bytes);
        let groups = (both >> u64::BITS) as u64;
        Ok((Self::checked(groups) == both).then_some(groups))
    }

    /// Writes the number.
    pub(super) fn write(&self, groups: u64) -> io::Result<()> {
        self.file.write_all_at(&Self::checked(groups).to_be_bytes(), 0)
    }

    /// The number twice, the second time changed: half a write does not pass for a whole one.
    fn checked(groups: u64) -> u128 {
        (u128::from(groups) << u64::BITS) | u128::from(groups ^ Self::CHECK)
    }
}

/// File systems where another machine may write too, or where a lock or an fsync may mean nothing.
const NETWORK: [&str; 15] = [
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "ncpfs",
    "afs",
    "coda",
    "ceph",
    "lustre",
    "glusterfs",
    "beegfs",
    "9p",
    "ocfs2",
    "gfs2",
];

/// The kind of file system that a folder lies on, if the system tells of one.
pub(super) fn file_system(path: &Path) -> Option<String> {
    let mounts = fs::read_to_string("/proc/self/mounts").ok()?;
    mounted(&mounts, path)
}

/// Whether another machine may write to it.
pub(super) fn is_network(kind: &str) -> bool {
    NETWORK.contains(&kind) || (kind.starts_with("fuse.") && kind != "fuse.virtiofs")
}

fn mounted(mounts: &str, path: &Path) -> Option<String> {
    let mut deepest: Option<(usize, &str)> = None;
    for line in mounts.lines() {
        let mut fields = line.split(' ').skip(1);
        let (Some(point), Some(kind)) = (fields.next(), fields.next()) else { continue };
        let point = PathBuf::from(unescaped(point));
        let depth = point.components().count();
        // Of two mounts on one point the later one counts.
        if path.starts_with(&point) && deepest.is_none_or(|(known, _)| depth >= known) {
            deepest = Some((depth, kind));
        }
    }
    deepest.map(|(_, kind)| kind.to_owned())
}

/// Spaces, tabs, line ends and backslashes stand as octal numbers there.
fn unescaped(point: &str) -> String {
    point.replace("\\040", " ").replace("\\011", "\t").replace("\\012", "\n").replace("\\134", "\\")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Folder, is_network, mounted};
    use crate::store::embedded::OpenError;

    const MOUNTS: &str = "/dev/vda / ext4 rw 0 0\n\
        server:/srv /srv nfs4 rw 0 0\n\
        /dev/vdb /srv/local xfs rw 0 0\n\
        me@host: /home/me/far\\040away fuse.sshfs rw 0 0\n";

    #[test]
    fn network_file_systems_are_told() {
        let kind = |path| mounted(MOUNTS, Path::new(path)).filter(|kind| is_network(kind));
        assert_eq!(kind("/var/lib/portcullis"), None);
        assert_eq!(kind("/srv/portcullis"), Some("nfs4".into()));
        assert_eq!(kind("/srvx/portcullis"), None);
        assert_eq!(kind("/srv/local/portcullis"), None, "the deepest mount counts");
        assert_eq!(kind("/home/me/far away/p"), Some("fuse.sshfs".into()));
    }

    #[test]
    fn one_owner_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let owned = Folder::take(folder.path()).unwrap();
        match Folder::take(folder.path()) {
            Err(OpenError::InUse { holder }) => assert_eq!(holder, format!("process {}", std::process::id())),
            other => panic!("{other:?}"),
        }
        drop(owned);
        Folder::take(folder.path()).unwrap();
    }

    #[test]
    fn a_folder_that_cannot_be_made() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(matches!(Folder::take(&file.path().join("store")), Err(OpenError::Io { .. })));
    }

    #[test]
    fn what_was_acknowledged_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let folder = Folder::take(folder.path()).unwrap();
        let acknowledged = folder.acknowledged().unwrap();
        assert_eq!(acknowledged.read().unwrap(), None);
        acknowledged.write(7).unwrap();
        assert_eq!(folder.acknowledged().unwrap().read().unwrap(), Some(7));
        std::os::unix::fs::FileExt::write_all_at(&acknowledged.file, b"x", 3).unwrap();
        assert_eq!(acknowledged.read().unwrap(), None, "half a number is none");
    }

    #[test]
    fn free_space_is_told() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Folder::take(folder.path()).unwrap().free_bytes().unwrap() > 0);
    }
}
