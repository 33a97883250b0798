//! The tables, and how connections to them are made.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::fault::Fault;
use super::options::{Durability, OpenError, OpenOptions};
use crate::crypto::Token;
use crate::store::key_marks::{self, KeyFault};

/// The version of tables and keys that this code writes and reads.
pub(super) const SCHEMA: i64 = 3;

/// The version before it, which only lacks [`ARCHIVED`].
const SCHEMA_BEFORE: i64 = 2;

/// Marks the file as this store's (SQLite's `application_id`): the letters `PTCL`.
const APPLICATION: i64 = 0x5054_434c;

/// Bytes of a page. An account's rows are about 900 bytes, a page holds four of them; see the figures in `benches/embedded.rs`.
const PAGE_BYTES: i64 = 4_096;

/// What the writer keeps in memory, in KiB: the inner pages, and what it wrote last. Other pages come from the system's
/// own cache in 2 us. Not more: when a page is split, SQLite looks through all of its cache at the commit, and at 256 MiB
/// that took milliseconds.
const WRITER_CACHE_KIB: i64 = 4 * 1_024;

/// What a reader keeps in memory, in KiB. It begins anew after every commit, so more would not help.
const READER_CACHE_KIB: i64 = 4 * 1_024;

/// The write-ahead log's file is cut to this when it begins anew, in bytes. Kept long: writing over a file is a third of
/// the cost of growing it.
const LOG_BYTES_KEPT: i64 = 64 * 1_024 * 1_024;

const TABLES: &str = "
    CREATE TABLE rows (key INTEGER PRIMARY KEY, name BLOB NOT NULL, version INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
    CREATE TABLE permits (key INTEGER PRIMARY KEY, name BLOB NOT NULL, version INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
    CREATE TABLE accounts (key INTEGER PRIMARY KEY, name BLOB NOT NULL, number INTEGER NOT NULL) STRICT;
    CREATE TABLE directory (key INTEGER PRIMARY KEY, name BLOB NOT NULL, account BLOB NOT NULL, line BLOB NOT NULL) STRICT;
    CREATE TABLE requests (key INTEGER PRIMARY KEY, request BLOB NOT NULL, digest BLOB NOT NULL, record BLOB,
        at INTEGER NOT NULL) STRICT;
    CREATE TABLE records (seq INTEGER PRIMARY KEY, id BLOB NOT NULL, account BLOB NOT NULL, body BLOB NOT NULL) STRICT;
    CREATE TABLE record_ids (key INTEGER PRIMARY KEY, seq INTEGER NOT NULL) STRICT;
    CREATE TABLE fresh (seq INTEGER PRIMARY KEY, named BLOB NOT NULL) STRICT;
    CREATE TABLE journal (seq INTEGER PRIMARY KEY, event BLOB NOT NULL) STRICT;
    CREATE TABLE due (at INTEGER NOT NULL, account BLOB NOT NULL, line BLOB NOT NULL, PRIMARY KEY (at, account, line))
        STRICT, WITHOUT ROWID;
    CREATE TABLE leases (name TEXT PRIMARY KEY, holder BLOB NOT NULL, until INTEGER NOT NULL, fence INTEGER NOT NULL)
        STRICT, WITHOUT ROWID;
    CREATE TABLE keys (name TEXT PRIMARY KEY, mark BLOB NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE meta (one INTEGER PRIMARY KEY CHECK (one = 1), epoch INTEGER NOT NULL, groups INTEGER NOT NULL, seq INTEGER NOT NULL, highest INTEGER, accounts INTEGER NOT NULL, clean INTEGER NOT NULL) STRICT;
";

/// How far the records of a journal were taken out.
const ARCHIVED: &str = "
    CREATE TABLE archived (journal INTEGER PRIMARY KEY, place INTEGER NOT NULL, at INTEGER NOT NULL, manifest BLOB NOT NULL)
        STRICT;
";

/// The writer's connection; makes the tables where there are none.
pub(super) fn writer(path: &Path, options: &OpenOptions) -> Result<Connection, OpenError> {
    let synchronous = match &options.durability {
        Durability::Full => "FULL",
        Durability::LoseLastCommits(words) if words == Durability::ACCEPT_LOSS => "NORMAL",
        Durability::LoseLastCommits(_) => return Err(OpenError::Durability),
    };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connect = || -> Result<Connection, Fault> {
        let connection = Connection::open_with_flags(path, flags)?;
        prepare(&connection, WRITER_CACHE_KIB)?;
        connection.pragma_update(None, "page_size", PAGE_BYTES)?;
        let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
        if mode != "wal" {
            return Err(Fault::Damaged("the write-ahead log cannot be turned on"));
        }
        connection.pragma_update(None, "synchronous", synchronous)?;
        connection.pragma_update(None, "journal_size_limit", LOG_BYTES_KEPT)?;
        Ok(connection)
    };
    let mut connection = connect().map_err(|fault| refused(&fault))?;
    let found = version(&connection).map_err(|fault| refused(&fault))?;
    match found {
        Some(SCHEMA) => {}
        Some(SCHEMA_BEFORE) => bring_up(&mut connection).map_err(|fault| refused(&fault))?,
        None => make(&mut connection, options).map_err(|fault| refused(&fault))?,
        Some(found) => return Err(OpenError::OtherSchema { found, known: SCHEMA }),
    }
    Ok(connection)
}

/// A connection that only reads.
pub(super) fn reader(path: &Path) -> Result<Connection, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    prepare(&connection, READER_CACHE_KIB)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

/// A connection that moves the log into the database.
pub(super) fn checkpointer(path: &Path) -> Result<Connection, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    prepare(&connection, READER_CACHE_KIB)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "journal_size_limit", LOG_BYTES_KEPT)?;
    Ok(connection)
}

/// A connection that copies the database into another file, or works on one that nobody serves.
pub(super) fn copier(path: &Path) -> Result<Connection, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    prepare(&connection, READER_CACHE_KIB)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(connection)
}

fn prepare(connection: &Connection, cache_kib: i64) -> Result<(), Fault> {
    // A connection that closes must leave the log alone: checkpoints have their own place and time.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    // A statement's plan is made once, not again for every pair of keys that it is asked to look between.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // Nobody else writes, and whoever would have to wait for a reader comes back later.
    connection.busy_timeout(Duration::ZERO)?;
    connection.set_prepared_statement_cache_capacity(64);
    connection.pragma_update(None, "cache_size", -cache_kib)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    Ok(())
}

/// The schema's version; `None` in an empty file.
pub(super) fn version(connection: &Connection) -> Result<Option<i64>, Fault> {
    let told = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    match (told("application_id")?, told("user_version")?) {
        (APPLICATION, version) => Ok(Some(version)),
        (0, 0) if connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))? == 0 => {
            Ok(None)
        }
        _ => Err(Fault::Damaged("the file is another program's database")),
    }
}

fn make(connection: &mut Connection, options: &OpenOptions) -> Result<(), Fault> {
    let transaction = connection.transaction()?;
    transaction.execute_batch(TABLES)?;
    transaction.execute_batch(ARCHIVED)?;
    transaction.execute(
        "INSERT INTO meta (one, epoch, groups, seq, highest, accounts, clean) VALUES (1, ?1, 0, 0, NULL, 0, 1)",
        (options.epoch_seed.cast_signed(),),
    )?;
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", SCHEMA)?;
    transaction.commit()?;
    Ok(())
}

/// A store of the version before it gets what it lacks.
fn bring_up(connection: &mut Connection) -> Result<(), Fault> {
    let transaction = connection.transaction()?;
    transaction.execute_batch(ARCHIVED)?;
    transaction.pragma_update(None, "user_version", SCHEMA)?;
    transaction.commit()?;
    Ok(())
}

/// What the store knows of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Meta {
    /// Its epoch.
    pub(super) epoch: u64,
    /// Groups of jobs committed.
    pub(super) groups: u64,
    /// Positions given.
    pub(super) seq: u64,
    /// The highest instant committed, in nanoseconds since 1970.
    pub(super) highest: Option<i64>,
    /// Numbers given to accounts.
    pub(super) accounts: u64,
    /// Whether it was closed, rather than ended.
    pub(super) clean: bool,
}

/// Reads it.
pub(super) fn meta(connection: &Connection) -> Result<Meta, OpenError> {
    connection
        .query_row("SELECT epoch, groups, seq, highest, accounts, clean FROM meta", [], |row| {
            Ok(Meta {
                epoch: row.get::<_, i64>(0)?.cast_unsigned(),
                groups: row.get::<_, i64>(1)?.cast_unsigned(),
                seq: row.get::<_, i64>(2)?.cast_unsigned(),
                highest: row.get(3)?,
                accounts: row.get::<_, i64>(4)?.cast_unsigned(),
                clean: row.get(5)?,
            })
        })
        .map_err(|error| refused(&error.into()))
}

/// Checks that every key that may have made something in the store is there, and notes those that may from now on.
pub(super) fn note_keys(connection: &mut Connection, marks: &[(String, Token)]) -> Result<(), OpenError> {
    match keys_fit(connection, marks).map_err(|fault| refused(&fault))? {
        Ok(()) => {}
        Err(KeyFault::Missing { name }) => return Err(OpenError::MissingKey { name }),
        Err(KeyFault::Other { name }) => return Err(OpenError::OtherKey { name }),
        Err(KeyFault::OtherKeyring) => return Err(OpenError::OtherKeyring),
    }
    let mut note = || -> Result<(), Fault> {
        let transaction = connection.transaction()?;
        for (name, mark) in marks {
            let put = "INSERT INTO keys (name, mark) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
            transaction.execute(put, (name, mark.as_bytes()))?;
        }
        transaction.commit()?;
        Ok(())
    };
    note().map_err(|fault| refused(&fault))
}

/// Does without the mark of a key from now on.
pub(super) fn forget_key(connection: &Connection, name: &str) -> Result<(), Fault> {
    connection.prepare_cached("DELETE FROM keys WHERE name = ?1")?.execute([name])?;
    Ok(())
}

/// Holds a keyring's marks against those that were noted.
pub(super) fn keys_fit(connection: &Connection, marks: &[(String, Token)]) -> Result<Result<(), KeyFault>, Fault> {
    Ok(key_marks::keys_fit(noted_keys(connection)?, marks))
}

/// The marks of all keys that may have made something in the store.
pub(super) fn noted_keys(connection: &Connection) -> Result<Vec<(String, Vec<u8>)>, Fault> {
    let mut select = connection.prepare("SELECT name, mark FROM keys")?;
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// As the one who opens is told.
pub(super) fn refused(fault: &Fault) -> OpenError {
    if fault.is_damage() { OpenError::Damaged(fault.to_string()) } else { OpenError::Database(fault.to_string()) }
}
