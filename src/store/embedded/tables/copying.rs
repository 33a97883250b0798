//! That a store is being filled from another one, and how far that is. The table is there while it is: a store with it
//! serves nobody.

use rusqlite::{Connection, OptionalExtension};

use super::super::fault::Fault;

const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS copying (one INTEGER PRIMARY KEY CHECK (one = 1), source BLOB NOT NULL, reached BLOB)
        STRICT;
";

/// What the store is being filled from; nothing where it is a store like any other.
pub(in super::super) fn source(db: &Connection) -> Result<Option<[u8; 32]>, Fault> {
    Ok(row(db, "SELECT source FROM copying")?)
}

/// How far it was filled.
pub(in super::super) fn reached(db: &Connection) -> Result<Option<Vec<u8>>, Fault> {
    Ok(row::<Option<Vec<u8>>>(db, "SELECT reached FROM copying")?.flatten())
}

fn row<T: rusqlite::types::FromSql>(db: &Connection, sql: &str) -> rusqlite::Result<Option<T>> {
    let is_there = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'copying'";
    if db.query_row(is_there, [], |row| row.get::<_, i64>(0))? == 0 {
        return Ok(None);
    }
    db.query_row(sql, [], |row| row.get(0)).optional()
}

/// From now on it is being filled.
pub(in super::super) fn begin(db: &mut Connection, source: &[u8; 32]) -> Result<(), Fault> {
    let transaction = db.transaction()?;
    transaction.execute_batch(TABLE)?;
    transaction.execute("INSERT INTO copying (one, source) VALUES (1, ?1)", [source])?;
    transaction.commit()?;
    Ok(())
}

/// So far it is.
pub(in super::super) fn reach(db: &Connection, reached: &[u8]) -> Result<(), Fault> {
    db.prepare_cached("UPDATE copying SET reached = ?1")?.execute([reached])?;
    Ok(())
}

/// It is filled.
pub(in super::super) fn end(db: &Connection) -> Result<(), Fault> {
    db.execute_batch("DROP TABLE copying")?;
    Ok(())
}
