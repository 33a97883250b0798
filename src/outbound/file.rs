//! A file of messages, for who tries the engine out: one line of JSON each, as a receiver would get it.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// The file's name in its folder.
const NAME: &str = "messages.jsonl";

/// The longest that it may become, in bytes. It is no archive, and nobody empties it.
const FILE_BYTES_MAX: u64 = 67_108_864;

/// Codes are in it.
const OTHERS: u32 = 0o077;

/// A file of messages.
pub(super) struct MessageFile {
    path: PathBuf,
}

impl MessageFile {
    /// Makes folder and file where there are none, for their owner alone.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let file = Self { path: folder.join(NAME) };
        file.opened()?;
        // The name is durable too, not only what it names.
        File::open(folder)?.sync_all()?;
        Ok(file)
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it can be written.
    pub(super) fn reach(&self) -> io::Result<()> {
        self.opened().map(drop)
    }

    /// Adds a line, whole or not at all, however many engines write. On return it is on the disk.
    pub(super) fn append(&self, mut line: Zeroizing<Vec<u8>>) -> io::Result<()> {
        line.push(b'\n');
        let mut file = self.opened()?;
        // Held until the file is closed. Without it two could take back each other's lines.
        file.lock()?;
        let before = file.metadata()?.len();
        if before.saturating_add(line.len() as u64) > FILE_BYTES_MAX {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is full: move it away"));
        }
        file.write_all(&line).and_then(|()| file.sync_data()).inspect_err(|_| {
            // A part of a line would spoil the next one. What failed is told either way.
            let _ = file.set_len(before);
        })
    }

    fn opened(&self) -> io::Result<File> {
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(&self.path)?;
        let found = file.metadata()?;
        if !found.is_file() || found.permissions().mode() & OTHERS != 0 {
            let problem = "others may read or write it: run `chmod 600` on it";
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, problem));
        }
        Ok(file)
    }
}
