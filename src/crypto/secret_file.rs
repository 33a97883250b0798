//! Files that hold secrets: readable by their owner alone, written whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::random::{self, RandomError};

/// Room for a keyring of many years; also keeps a text from moving about in memory while it is read or written.
pub(super) const FILE_BYTES_MAX: usize = 65_536;
const OWNER_ONLY: u32 = 0o600;
const OTHERS: u32 = 0o077;
/// Of a file of root: its group may read it, and nobody else.
const OTHERS_THAN_GROUP: u32 = 0o037;
const ROOT: u32 = 0;

/// A secret file that cannot be read or written, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum SecretFileError {
    /// It could not be read.
    #[error("the secret file `{path}` cannot be read: is it there, is it text, and is it yours?")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Others than its owner may read or write it.
    #[error("the secret file `{path}` has mode {mode:03o}: only its owner may touch it, so run `chmod 600` on it")]
    OpenToOthers {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It could not be written.
    #[error("the secret file `{path}` cannot be written: is its folder there, and yours to write?")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file of that name is there. Secrets are never overwritten: without its keys a store is lost.
    #[error("the secret file `{path}` exists already and is not overwritten: move it away if nothing needs it")]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// No random bytes.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// The text of a secret file of at most 64 KiB; what is longer is cut. Refuses a file that others may read or write.
pub fn read_secret_file(path: &Path) -> Result<Zeroizing<String>, SecretFileError> {
    let failed = |source| SecretFileError::Read { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    // Asked of the opened file, not of the name, which may come to mean another.
    let found = file.metadata().map_err(failed)?;
    let mode = found.permissions().mode() & 0o777;
    if is_open_to_others(mode, found.uid(), rustix::process::geteuid().as_raw()) {
        return Err(SecretFileError::OpenToOthers { path: path.to_owned(), mode });
    }
    let mut text = Zeroizing::new(String::with_capacity(FILE_BYTES_MAX));
    file.take(FILE_BYTES_MAX as u64).read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}

/// Whether others than its owner may touch a file. One that root gave to the reader's group, as service managers and
/// clusters do, may be read by that group: who is in it is for root to say.
const fn is_open_to_others(mode: u32, owner: u32, reader: u32) -> bool {
    let others = if owner == ROOT && reader != ROOT { OTHERS_THAN_GROUP } else { OTHERS };
    mode & others != 0
}

/// Writes a new secret file, mode 0600. Never overwrites one.
pub fn write_new_secret_file(path: &Path, text: &[u8]) -> Result<(), SecretFileError> {
    // A link, since a rename would overwrite what another process wrote a moment ago.
    write_beside(path, text, |new| fs::hard_link(new, path).and_then(|()| fs::remove_file(new)))
}

/// Writes a secret file, mode 0600, in place of the one of that name: after a crash there is the old one or the new.
pub(super) fn replace_secret_file(path: &Path, text: &[u8]) -> Result<(), SecretFileError> {
    write_beside(path, text, |new| fs::rename(new, path))
}

fn write_beside(path: &Path, text: &[u8], put: impl Fn(&Path) -> io::Result<()>) -> Result<(), SecretFileError> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{:08x}.new", u32::from_be_bytes(random::take()?)));
    let new = PathBuf::from(name);
    let written = write_synced(&new, text).and_then(|()| put(&new)).and_then(|()| sync_folder(path));
    written.map_err(|source| {
        // What failed is told; a half-written copy of a secret must not stay either way.
        let _ = fs::remove_file(&new);
        match source.kind() {
            io::ErrorKind::AlreadyExists => SecretFileError::Exists { path: path.to_owned() },
            _ => SecretFileError::Write { path: path.to_owned(), source },
        }
    })
}

fn write_synced(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(OWNER_ONLY).open(path)?;
    file.write_all(text)?;
    file.sync_all()
}

/// Makes the name itself durable, not only what it names.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;

    use super::{FILE_BYTES_MAX, SecretFileError, read_secret_file, replace_secret_file, write_new_secret_file};

    fn folder() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        (folder, path)
    }

    #[test]
    fn a_file_open_to_others_is_refused() {
        let (_folder, path) = folder();
        write_new_secret_file(&path, b"secret").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        for open in [0o640, 0o604, 0o620, 0o602, 0o660, 0o644] {
            fs::set_permissions(&path, fs::Permissions::from_mode(open)).unwrap();
            let refused = read_secret_file(&path);
            assert!(matches!(refused, Err(SecretFileError::OpenToOthers { mode, .. }) if mode == open));
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
        assert_eq!(read_secret_file(&path).unwrap().as_str(), "secret");
    }

    #[test]
    fn a_file_of_root_may_be_read_by_its_group_and_nobody_else() {
        let (root, service) = (0, 10_001);
        for (mode, owner, reader, is_open) in [
            (0o600, service, service, false),
            (0o640, service, service, true),
            (0o440, root, service, false),
            (0o640, root, service, false),
            (0o660, root, service, true),
            (0o444, root, service, true),
            (0o450, root, service, true),
            (0o640, root, root, true),
        ] {
            assert_eq!(super::is_open_to_others(mode, owner, reader), is_open, "{mode:o} of {owner} for {reader}");
        }
    }

    #[test]
    fn a_secret_is_never_overwritten_by_a_new_one_and_is_replaced_whole() {
        let (folder, path) = folder();
        write_new_secret_file(&path, b"first").unwrap();
        assert!(matches!(write_new_secret_file(&path, b"second"), Err(SecretFileError::Exists { .. })));
        assert_eq!(read_secret_file(&path).unwrap().as_str(), "first");
        replace_secret_file(&path, b"third").unwrap();
        assert_eq!(read_secret_file(&path).unwrap().as_str(), "third");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "a copy of the secret was left behind");
    }

    #[test]
    fn a_file_that_is_missing_or_in_no_folder_is_told() {
        let (folder, path) = folder();
        assert!(matches!(read_secret_file(&path), Err(SecretFileError::Read { .. })));
        let nowhere = folder.path().join("none").join("secret");
        assert!(matches!(replace_secret_file(&nowhere, b"x"), Err(SecretFileError::Write { .. })));
    }

    #[test]
    fn reading_is_bounded() {
        let (_folder, path) = folder();
        write_new_secret_file(&path, &vec![b' '; FILE_BYTES_MAX + 1]).unwrap();
        assert_eq!(read_secret_file(&path).unwrap().len(), FILE_BYTES_MAX);
    }
}
