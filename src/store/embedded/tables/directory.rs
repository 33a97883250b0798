//! Where names lead. A hint: the line's own row is the truth.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::super::fault::Fault;
use super::super::layout;
use super::{names_after, place_for};
use crate::crypto::Token;
use crate::store::Place;

/// Where a name leads, as far as it was merged.
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

/// Names after one, in order: at least `limit` if there are so many.
pub(in super::super) fn after(
    db: &Connection,
    after: Option<Token>,
    limit: usize,
) -> Result<BTreeMap<Token, Place>, Fault> {
    let sql = "SELECT key, name, account, line FROM directory WHERE key >= ?1 ORDER BY key";
    names_after(db, sql, after, limit, |row| {
        Ok(Place { account: Token::from_bytes(row.get(2)?), line: Token::from_bytes(row.get(3)?) })
    })
}

/// Merges a name into the table.
pub(in super::super) fn put(db: &Connection, name: Token, place: &Place) -> Result<(), Fault> {
    let mut statement = db.prepare_cached("SELECT key, name FROM directory WHERE key BETWEEN ?1 AND ?2")?;
    let key = place_for(&mut statement, name)?;
    db.prepare_cached("INSERT OR REPLACE INTO directory (key, name, account, line) VALUES (?1, ?2, ?3, ?4)")?
        .execute((key, name.as_bytes(), place.account.as_bytes(), place.line.as_bytes()))?;
    Ok(())
}
