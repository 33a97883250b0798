//! Where a name goes in a table of names, and reading such a table in the order of its names.

use std::collections::BTreeMap;

use rusqlite::{CachedStatement, Connection, Row};

use super::super::fault::Fault;
use super::super::layout::{self, Places};
use crate::crypto::Token;

/// The key that a name has, or the one it gets. The statement selects key and name between two keys.
pub(super) fn place_for(statement: &mut CachedStatement<'_>, name: Token) -> Result<i64, Fault> {
    let bucket = layout::name(name);
    let mut places = Places::free(bucket);
    let mut found = statement.query((bucket.first(), bucket.last()))?;
    while let Some(row) = found.next()? {
        let key = row.get(0)?;
        if row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)? == name.as_bytes() {
            return Ok(key);
        }
        places.take(key);
    }
    // Names are keyed hashes: that 17 of them share 60 bits does not happen by chance, and nobody can choose them.
    places.nth_free(0).ok_or(Fault::Damaged("too many names share a key"))
}

/// What stands under names after one, in order: at least `limit` if there are so many. The statement selects key, name and
/// the rest from a key on, in the order of keys.
pub(super) fn names_after<T>(
    db: &Connection,
    sql: &str,
    after: Option<Token>,
    limit: usize,
    read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<BTreeMap<Token, T>, Fault> {
    let first = after.map_or(i64::MIN, |name| layout::name(name).first());
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query([first])?;
    let (mut found, mut last) = (BTreeMap::new(), None);
    while let Some(row) = rows.next()? {
        let (key, name) = (row.get::<_, i64>(0)?, Token::from_bytes(row.get(1)?));
        // A bucket is in no order: it is taken whole.
        if found.len() >= limit && last.is_none_or(|last: Token| !layout::name(last).holds(key)) {
            break;
        }
        if after.is_none_or(|after| name > after) {
            found.insert(name, read(row)?);
        }
        last = Some(name);
    }
    Ok(found)
}
