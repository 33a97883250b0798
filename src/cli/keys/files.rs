//! Files of keys: made once, never overwritten.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use crate::cli::failure::{Exit, Failure};
use crate::crypto::{Keyring, SecretFileError, write_new_secret_file};

/// A file, and whether it was made now.
pub(crate) struct Made {
    /// Where.
    pub(super) path: PathBuf,
    /// What is in it.
    pub(super) holds: &'static str,
    /// Made now; else it was there.
    pub(super) is_new: bool,
}

/// What is to be written, with what it is called, in a group that belongs together.
pub(super) struct ToWrite<'a> {
    /// Its name in the folder.
    pub(super) name: &'a str,
    /// What is in it.
    pub(super) holds: &'static str,
    /// Its text.
    pub(super) text: &'a [u8],
    /// Whether its owner alone may read it.
    pub(super) is_secret: bool,
}

/// A keyring, unless one is there. One that is there must be whole.
pub(super) fn keyring(path: &Path, now: DateTime<Utc>) -> Result<Made, Failure> {
    let broken = |error: &(dyn std::error::Error + 'static)| Failure::caused(Exit::Failed, error);
    let is_new = !exists(path)?;
    if is_new {
        Keyring::generate(now).map_err(|error| broken(&error))?.save_new(path).map_err(|error| broken(&error))?;
    } else {
        Keyring::load(path).map_err(|error| broken(&error))?;
    }
    Ok(Made { path: path.to_owned(), holds: "keyring", is_new })
}

/// Which of a group's files are there: all, or none. A part of a group is of no use, and which part to trust is not ours
/// to guess.
pub(super) fn group_is_there(folder: &Path, names: &[&str]) -> Result<bool, Failure> {
    let (mut there, mut missing) = (Vec::new(), Vec::new());
    for name in names {
        let path = folder.join(name);
        if exists(&path)? { there.push(path) } else { missing.push(path) }
    }
    match (there.first(), missing.first()) {
        (Some(there), Some(missing)) => {
            let message =
                format!("`{}` is there without `{}`, and they belong together", there.display(), missing.display());
            Err(Failure::invalid(message).advise("move away what is left of the set, or put back what is missing"))
        }
        (_, missing) => Ok(missing.is_none()),
    }
}

/// Writes a file that was not there.
pub(super) fn write(folder: &Path, file: &ToWrite<'_>) -> Result<Made, Failure> {
    let path = folder.join(file.name);
    if file.is_secret {
        write_new_secret_file(&path, file.text).map_err(|error| Failure::caused(exit_of(&error), &error))?;
    } else {
        write_new(&path, file.text).map_err(|error| unwritable(&path, &error))?;
    }
    Ok(Made { path, holds: file.holds, is_new: true })
}

/// A folder that its owner alone may enter, made if it is not there. Its full path.
pub(super) fn folder(path: &Path) -> Result<PathBuf, Failure> {
    use std::os::unix::fs::DirBuilderExt as _;
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path).and_then(|()| path.canonicalize());
    made.map_err(|error| unwritable(path, &error))
}

fn exists(path: &Path) -> Result<bool, Failure> {
    path.try_exists().map_err(|error| Failure::failed(format!("cannot look at `{}`: {error}", path.display())))
}

fn write_new(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(text)?;
    file.sync_all()
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Failure::failed(format!("cannot write `{}`: {error}", path.display()))
}

const fn exit_of(error: &SecretFileError) -> Exit {
    match error {
        SecretFileError::Exists { .. } => Exit::Invalid,
        _ => Exit::Failed,
    }
}
