//! What a copy says of itself: `manifest.json`, written last. A folder without it is no copy.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use crate::cli::output::hex;
use crate::crypto::sha256_of;
use crate::store::embedded::backup::Copied;

/// The only form there is.
const FORMAT: &str = "portcullis-backup-v1";

/// The longest manifest that is read, in bytes.
const BYTES_MAX: u64 = 65_536;

/// The database's file in a copy.
pub(super) fn database(copy: &Path) -> PathBuf {
    copy.join("portcullis.db")
}

/// The manifest's file in a copy.
pub(super) fn manifest(copy: &Path) -> PathBuf {
    copy.join("manifest.json")
}

/// What a copy says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    format: String,
    /// When it was made.
    pub(super) made_at: String,
    /// The program that made it.
    pub(super) version: String,
    /// The version of its tables.
    pub(super) schema: i64,
    /// The epoch of the store that was copied, in hexadecimal.
    pub(super) epoch: String,
    /// The last position in it.
    pub(super) seq: u64,
    /// The highest instant in it: what came after is not in it.
    pub(super) ends_at: Option<String>,
    /// The keys that it needs.
    pub(super) keys: Vec<String>,
    /// Bytes of its database.
    pub(super) bytes: u64,
    /// SHA-256 of its database, in hexadecimal.
    pub(super) sha256: String,
}

/// A copy that is none.
#[derive(Debug, thiserror::Error)]
pub(super) enum ManifestError {
    /// A file cannot be read.
    #[error("cannot read `{}`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The manifest is none.
    #[error("`{}` is no manifest of a copy", .0.display())]
    None(PathBuf),
    /// The database is another one.
    #[error("`{}` is not the database that its manifest describes: it was changed or cut", .0.display())]
    Changed(PathBuf),
}

impl Manifest {
    /// Of a copy that has just been made.
    pub(super) fn of(copy: &Path, copied: &Copied, made_at: DateTime<Utc>) -> Result<Self, ManifestError> {
        let (bytes, sha256) = digest(&database(copy))?;
        Ok(Self {
            format: FORMAT.to_owned(),
            made_at: told(made_at),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            schema: copied.schema,
            epoch: format!("{:016x}", copied.epoch),
            seq: copied.seq,
            ends_at: copied.highest.map(told),
            keys: copied.keys.clone(),
            bytes,
            sha256,
        })
    }

    /// Of a copy that is to be put back: its database must be the one described.
    pub(super) fn read(copy: &Path) -> Result<Self, ManifestError> {
        let path = manifest(copy);
        let unreadable = |source| ManifestError::Unreadable { path: path.clone(), source };
        let mut text = String::new();
        let file = File::open(&path).map_err(unreadable)?;
        file.take(BYTES_MAX).read_to_string(&mut text).map_err(unreadable)?;
        let told: Self = serde_json::from_str(&text).map_err(|_| ManifestError::None(path.clone()))?;
        if told.format != FORMAT {
            return Err(ManifestError::None(path));
        }
        let database = database(copy);
        if digest(&database)? == (told.bytes, told.sha256.clone()) {
            Ok(told)
        } else {
            Err(ManifestError::Changed(database))
        }
    }
}

fn told(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn digest(path: &Path) -> Result<(u64, String), ManifestError> {
    let unreadable = |source| ManifestError::Unreadable { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(unreadable)?;
    let (bytes, sha256) = sha256_of(&mut file).map_err(unreadable)?;
    Ok((bytes, hex(&sha256)))
}
