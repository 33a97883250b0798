//! A copy of a store, made while it is in use or not, and putting one back.
//!
//! A copy is taken in one read transaction on a connection of its own: it is the store as it was at one instant, and whoever
//! commits meanwhile is not kept waiting; the write-ahead log goes on growing until it is done. Rows that were deleted are
//! not copied.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use rusqlite::Connection;

use super::fault::Fault;
use super::folder::{self, Folder};
use super::instant::from_nanos;
use super::look;
use super::options::OpenError;
use super::schema::{self, SCHEMA};
use crate::crypto::Token;
use crate::store::KeyFault;

/// Whoever else reads a copy has the store.
const OWNER_ONLY: u32 = 0o600;

/// What a restored database is called until it is whole.
const UNFINISHED: &str = "portcullis.db.restoring";

/// What a copy holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// The version of its tables.
    pub schema: i64,
    /// The epoch of the store that was copied.
    pub epoch: u64,
    /// The last position taken.
    pub seq: u64,
    /// The highest instant committed.
    pub highest: Option<DateTime<Utc>>,
    /// The names of the keys that may have made something in it.
    pub keys: Vec<String>,
}

/// Why there is no copy, or none was put back.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file cannot be made, read or written.
    #[error("cannot {action} `{}`", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The folder cannot be had.
    #[error(transparent)]
    Folder(#[from] OpenError),
    /// There is a store already.
    #[error("there is a store in `{}`: move it away first; it is not overwritten", .0.display())]
    Occupied(PathBuf),
    /// The database cannot be read.
    #[error("the database cannot be read: {0}")]
    Unreadable(String),
    /// What was read cannot be right.
    #[error("the database is damaged: {0}")]
    Damaged(String),
    /// Another version made it.
    #[error("the database has schema {found} and this version knows {known}: use the version that made it")]
    OtherSchema {
        /// What was found.
        found: i64,
        /// What is known.
        known: i64,
    },
    /// The keyring does not open it.
    #[error("{}", key_fault(.0))]
    Keys(KeyFault),
}

fn key_fault(fault: &KeyFault) -> String {
    match fault {
        KeyFault::Missing { name } => {
            format!(
                "key `{name}` is not in the keyring, and the copy may hold what it made: take a newer copy of the keyring"
            )
        }
        KeyFault::Other { name } => format!("key `{name}` is not the one that the copy knows under this number"),
        KeyFault::OtherKeyring => "the copy was made with another keyring".to_owned(),
    }
}

impl From<Fault> for BackupError {
    fn from(fault: Fault) -> Self {
        if fault.is_damage() { Self::Damaged(fault.to_string()) } else { Self::Unreadable(fault.to_string()) }
    }
}

/// Copies the store of a folder into a new file, and looks through the copy.
///
/// # Errors
///
/// When there is no whole copy; what there is of it is taken away.
pub fn back_up(store: &look::Folder, to: &Path) -> Result<Copied, BackupError> {
    let made = OpenOptions::new().write(true).create_new(true).mode(OWNER_ONLY).open(to);
    drop(made.map_err(io_error("make", to))?);
    let copied = copy(store, to);
    if copied.is_err() {
        // What failed is told; half a copy must not stay either way.
        let _ = fs::remove_file(to);
    }
    copied
}

fn copy(store: &look::Folder, to: &Path) -> Result<Copied, BackupError> {
    let source = schema::copier(&folder::database(store.path()))?;
    known_schema(&source)?;
    let name = to.to_str().ok_or_else(|| io_error("name", to)(io::Error::other("it is not UTF-8")))?;
    source.execute("VACUUM INTO ?1", [name]).map_err(Fault::from)?;
    synced(to)?;
    let copy = schema::copier(to)?;
    whole(&copy)?;
    told(&copy)
}

/// Puts a copy into an empty folder, under a new epoch, and voids every permit that was open in it.
///
/// INVARIANT (permit-once): what was redeemed after the copy was made is not known any more, so no permit from before is
/// good. INVARIANT (fail-closed): positions of the old epoch are never reached: who has read what the copy lacks is told.
///
/// # Errors
///
/// When it is not put back; the folder then holds no store.
pub fn restore(from: &Path, into: &Path, marks: &[(String, Token)], epoch: u64) -> Result<(Copied, u64), BackupError> {
    let folder = Folder::take(into)?;
    let path = folder.path().to_owned();
    for occupied in [folder::database(&path), folder::log(&path), folder::acknowledged(&path)] {
        if occupied.exists() {
            return Err(BackupError::Occupied(path));
        }
    }
    let unfinished = path.join(UNFINISHED);
    let restored = prepare(from, &unfinished, marks, epoch).and_then(|restored| {
        let database = folder::database(&path);
        fs::rename(&unfinished, &database).map_err(io_error("put in place", &database))?;
        File::open(&path).and_then(|opened| opened.sync_all()).map_err(io_error("write", &path))?;
        Ok(restored)
    });
    if restored.is_err() {
        // What failed is told; half a store must not stay either way.
        let _ = fs::remove_file(&unfinished);
    }
    restored
}

fn prepare(from: &Path, to: &Path, marks: &[(String, Token)], epoch: u64) -> Result<(Copied, u64), BackupError> {
    let mut source = File::open(from).map_err(io_error("open", from))?;
    let target = OpenOptions::new().write(true).create(true).truncate(true).mode(OWNER_ONLY).open(to);
    let mut target = target.map_err(io_error("make", to))?;
    io::copy(&mut source, &mut target).map_err(io_error("write", to))?;
    drop(target);
    let mut db = schema::copier(to)?;
    known_schema(&db)?;
    whole(&db)?;
    schema::keys_fit(&db, marks)?.map_err(BackupError::Keys)?;
    let copied = told(&db)?;
    let voided = renew(&mut db, epoch)?;
    drop(db);
    synced(to)?;
    Ok((copied, voided))
}

/// Gives it a new epoch and takes its permits. How many there were.
fn renew(db: &mut Connection, epoch: u64) -> Result<u64, Fault> {
    let transaction = db.transaction()?;
    transaction.execute("UPDATE meta SET epoch = ?1, clean = 0", [epoch.cast_signed()])?;
    let voided = transaction.execute("DELETE FROM permits", [])?;
    transaction.commit()?;
    Ok(u64::try_from(voided).unwrap_or(u64::MAX))
}

fn known_schema(db: &Connection) -> Result<(), BackupError> {
    match schema::version(db)?.unwrap_or(0) {
        SCHEMA => Ok(()),
        found => Err(BackupError::OtherSchema { found, known: SCHEMA }),
    }
}

fn whole(db: &Connection) -> Result<(), BackupError> {
    let told: String = db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(Fault::from)?;
    if told == "ok" { Ok(()) } else { Err(BackupError::Damaged(told)) }
}

fn told(db: &Connection) -> Result<Copied, BackupError> {
    let meta = schema::meta(db)?;
    let keys = schema::noted_keys(db)?.into_iter().map(|(name, _)| name).collect();
    Ok(Copied { schema: SCHEMA, epoch: meta.epoch, seq: meta.seq, highest: meta.highest.map(from_nanos), keys })
}

fn synced(file: &Path) -> Result<(), BackupError> {
    File::open(file).and_then(|opened| opened.sync_all()).map_err(io_error("write", file))
}

fn io_error(action: &'static str, path: &Path) -> impl Fn(io::Error) -> BackupError {
    let path = path.to_owned();
    move |source| BackupError::Io { action, path: path.clone(), source }
}
