//! Where a name goes in a table of names.

use rusqlite::CachedStatement;

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
