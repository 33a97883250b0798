//! Where names lead. A hint: the line's own row is the truth.

use rusqlite::Connection;

use super::super::fault::Fault;
use super::super::layout::{self, Places};
use crate::crypto::Token;
use crate::store::{IndexEntry, Place};

/// Where a name leads.
pub(in super::super) fn find(db: &Connection, name: Token) -> Result<Option<Place>, Fault> {
    let bucket = layout::name(name);
    let mut statement = db.prepare_cached("SELECT name, account, line FROM directory WHERE key BETWEEN ?1 AND ?2")?;
    let mut found = statement.query((bucket.first(), bucket.last()))?;
    while let Some(row) = found.next()? {
        if row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)? == name.as_bytes() {
            let (account, line) = (Token::from_bytes(row.get(1)?), Token::from_bytes(row.get(2)?));
            return Ok(Some(Place { account, line }));
        }
    }
    Ok(None)
}

/// Points a name at a place. Whether there was room.
pub(in super::super) fn put(db: &Connection, entry: &IndexEntry) -> Result<bool, Fault> {
    let Some(key) = key_for(db, entry.name)? else { return Ok(false) };
    db.prepare_cached("INSERT OR REPLACE INTO directory (key, name, account, line) VALUES (?1, ?2, ?3, ?4)")?
        .execute((key, entry.name.as_bytes(), entry.place.account.as_bytes(), entry.place.line.as_bytes()))?;
    Ok(true)
}

fn key_for(db: &Connection, name: Token) -> Result<Option<i64>, Fault> {
    let bucket = layout::name(name);
    let mut places = Places::free(bucket);
    let mut statement = db.prepare_cached("SELECT key, name FROM directory WHERE key BETWEEN ?1 AND ?2")?;
    let mut found = statement.query((bucket.first(), bucket.last()))?;
    while let Some(row) = found.next()? {
        let key = row.get(0)?;
        if row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)? == name.as_bytes() {
            return Ok(Some(key));
        }
        places.take(key);
    }
    Ok(places.nth_free(0))
}
