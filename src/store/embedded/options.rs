//! How the store is opened, and why it may refuse.

use std::path::PathBuf;
use std::sync::Arc;

use crate::crypto::Token;

/// How the store is opened.
#[derive(Clone)]
pub struct OpenOptions {
    /// Its folder, made if it is not there. One process owns it.
    pub path: PathBuf,
    /// What tells each key of the keyring from another under its name. The store notes them, and opens only with all that
    /// it has noted: what a missing key made would not open.
    pub key_marks: Vec<(String, Token)>,
    /// The store's epoch, should it have to be made: another number for every new store.
    pub epoch_seed: u64,
    /// Below this many free bytes of disk only protection can be turned up.
    pub disk_reserve_bytes: u64,
    /// What an acknowledged commit survives.
    pub durability: Durability,
    /// How many names (of numbers, lines, accounts and requests) are kept in memory before they are merged into their
    /// tables, some 120 bytes each; twice as many at most. Many at a time, they share pages.
    pub fresh_names: usize,
    /// What it is filled from, by [`crate::store::Standing::mark`]: then it is opened only to be filled, and must be
    /// empty or the beginning of the same. `None` to serve.
    pub filled_from: Option<[u8; 32]>,
    /// Whether it is opened only to carry it into another one, also where that was done before.
    pub carries: bool,
    /// Who is told of groups and checkpoints.
    pub observer: Arc<dyn StoreObserver>,
}

impl OpenOptions {
    /// Free disk below which only protection can be turned up, unless said otherwise.
    pub const DISK_RESERVE_BYTES: u64 = 256 * 1_024 * 1_024;

    /// Names kept in memory before they are merged, unless said otherwise: about 30 MB. At a million accounts seven of them
    /// share a page then, and a start reads them back in a fraction of a second.
    pub const FRESH_NAMES: usize = 262_144;

    /// A store that loses nothing, in that folder.
    pub fn new(path: impl Into<PathBuf>, key_marks: Vec<(String, Token)>, epoch_seed: u64) -> Self {
        Self {
            path: path.into(),
            key_marks,
            epoch_seed,
            disk_reserve_bytes: Self::DISK_RESERVE_BYTES,
            durability: Durability::Full,
            fresh_names: Self::FRESH_NAMES,
            filled_from: None,
            carries: false,
            observer: Arc::new(()),
        }
    }
}

/// What an acknowledged commit survives.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Durability {
    /// The end of the process, of the system and of the power.
    #[default]
    Full,
    /// The end of the process alone. Taken only with the words [`Durability::ACCEPT_LOSS`].
    LoseLastCommits(String),
}

impl Durability {
    /// The words that must be said.
    pub const ACCEPT_LOSS: &'static str = "yes_for_test_purposes_only";
}

/// Who is told what the store does: for metrics.
pub trait StoreObserver: Send + Sync {
    /// A group of so many jobs was committed, fsync and all, in so many seconds.
    fn group(&self, jobs: usize, seconds: f64) {
        let _ = (jobs, seconds);
    }

    /// So many frames of the write-ahead log were moved into the database in so many seconds.
    fn checkpoint(&self, frames: u64, seconds: f64) {
        let _ = (frames, seconds);
    }
}

/// Nobody is told.
impl StoreObserver for () {}

/// Why the store was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process owns the folder.
    #[error("the store's folder is in use by {holder}: stop it first")]
    InUse {
        /// The process, as it wrote itself down.
        holder: String,
    },
    /// Locks and fsync are not to be relied on there.
    #[error("the store's folder is on a network file system ({kind}): move it to a local disk")]
    NetworkFileSystem {
        /// The file system.
        kind: String,
    },
    /// The folder or a file in it cannot be made, read or written.
    #[error("cannot {action} the store's {what}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        what: &'static str,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The database cannot be opened or written.
    #[error("cannot open the store's database: {0}")]
    Database(String),
    /// The database is not one, or its content cannot be right.
    #[error("the store's database is damaged: {0}: restore it from a backup")]
    Damaged(String),
    /// What was acknowledged is missing.
    #[error(
        "the store ends before what it acknowledged ({groups} groups of commits are missing): its write-ahead log was cut \
         or an older copy was put in place: restore the files, or restore a backup into an empty folder"
    )]
    LostCommits {
        /// How many groups of commits are missing.
        groups: u64,
    },
    /// A key that may have made something in the store is not in the keyring.
    #[error(
        "key `{name}` is not in the keyring, and the store may hold what it made: put it back, retired keys included"
    )]
    MissingKey {
        /// Its purpose and number.
        name: String,
    },
    /// Another key stands under the number of one that may have made something in the store.
    #[error("key `{name}` is not the one that the store knows under this number: put back the keyring's newest copy")]
    OtherKey {
        /// Its purpose and number.
        name: String,
    },
    /// The keyring is another one.
    #[error("the store was made with another keyring: start with that one, or give this one an empty folder")]
    OtherKeyring,
    /// The store was made by another version.
    #[error("the store has schema {found} and this version knows {known}: start the version that made it")]
    OtherSchema {
        /// What was found.
        found: i64,
        /// What is known.
        known: i64,
    },
    /// It is not yet what it was to become.
    #[error("the store is half copied: let `portcullis store copy` go on until it is complete")]
    HalfFilled,
    /// Another one has taken its place.
    #[error(
        "all of the store was copied into another one, of epoch {epoch:016x}: take this one away; if the other never served, \
         `portcullis store reclaim` lets this one serve again"
    )]
    Moved {
        /// The other's.
        epoch: u64,
    },
    /// It is filled from another store.
    #[error(
        "the store holds the beginning of another copy, or of a source that has changed since: begin in an empty folder"
    )]
    FilledFromElsewhere,
    /// It is to be filled, and holds something.
    #[error("there is a store already: begin in an empty folder")]
    Occupied,
    /// Commits may only be lost knowingly.
    #[error("durability can only be lowered with the words `{}`", Durability::ACCEPT_LOSS)]
    Durability,
    /// A thread could not be started.
    #[error("cannot start a thread for the store")]
    Thread(#[source] std::io::Error),
}
