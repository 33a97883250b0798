//! The rows of accounts.

use rusqlite::Connection;

use super::super::fault::Fault;
use super::super::layout::{self, Places};
use crate::crypto::Token;
use crate::store::{Row, Slot};

/// Where a row is, or where it could be.
pub(in super::super) enum Spot {
    /// It is at this key, in this version.
    At {
        /// The key.
        key: i64,
        /// The version.
        version: u64,
    },
    /// It is not there; these places are free.
    Nowhere(Places),
}

/// Looks for a row.
pub(in super::super) fn find(db: &Connection, account: Token, slot: Slot) -> Result<Spot, Fault> {
    let bucket = layout::row(account, slot);
    let name = layout::row_name(account, slot);
    let mut places = Places::free(bucket);
    let mut statement = db.prepare_cached("SELECT key, name, version FROM rows WHERE key BETWEEN ?1 AND ?2")?;
    let mut found = statement.query((bucket.first(), bucket.last()))?;
    while let Some(row) = found.next()? {
        let key = row.get(0)?;
        if row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)? == name {
            return Ok(Spot::At { key, version: version(row.get(2)?)? });
        }
        places.take(key);
    }
    Ok(Spot::Nowhere(places))
}

/// Reads a row.
pub(in super::super) fn read(db: &Connection, account: Token, slot: Slot) -> Result<Option<Row>, Fault> {
    let bucket = layout::row(account, slot);
    let name = layout::row_name(account, slot);
    let mut statement = db.prepare_cached("SELECT name, version, body FROM rows WHERE key BETWEEN ?1 AND ?2")?;
    let mut found = statement.query((bucket.first(), bucket.last()))?;
    while let Some(row) = found.next()? {
        if row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)? == name {
            return Ok(Some(Row { version: version(row.get(1)?)?, body: row.get(2)? }));
        }
    }
    Ok(None)
}

/// Puts a row in its first version at a free key.
pub(in super::super) fn insert(
    db: &Connection,
    key: i64,
    account: Token,
    slot: Slot,
    body: &[u8],
) -> Result<(), Fault> {
    db.prepare_cached("INSERT INTO rows (key, name, version, body) VALUES (?1, ?2, 1, ?3)")?.execute((
        key,
        layout::row_name(account, slot),
        body,
    ))?;
    Ok(())
}

/// Writes the next version of the row at a key.
pub(in super::super) fn update(db: &Connection, key: i64, version: u64, body: &[u8]) -> Result<(), Fault> {
    let changed = db.prepare_cached("UPDATE rows SET version = ?2, body = ?3 WHERE key = ?1")?.execute((
        key,
        version.cast_signed(),
        body,
    ))?;
    if changed == 1 { Ok(()) } else { Err(Fault::Damaged("a row vanished while it was written")) }
}

fn version(kept: i64) -> Result<u64, Fault> {
    // INVARIANT (fail-closed): version 0 would read as "none there".
    u64::try_from(kept).ok().filter(|version| *version > 0).ok_or(Fault::Damaged("a row's version is not positive"))
}
