//! The queue of what falls due.

use rusqlite::{Connection, Rows};

use super::super::fault::Fault;
use super::super::instant::{from_nanos, nanos};
use crate::crypto::Token;
use crate::store::{DueEntry, StoreError};

/// An entry as kept; a line that is none is empty.
pub(in super::super) struct Kept {
    at: i64,
    account: Token,
    line: Option<Token>,
}

impl Kept {
    /// From the contract's.
    pub(in super::super) fn new(entry: &DueEntry) -> Result<Self, StoreError> {
        Ok(Self { at: nanos(entry.at)?, account: entry.account, line: entry.line })
    }

    fn line(&self) -> &[u8] {
        self.line.as_ref().map_or(&[], |line| line.as_bytes())
    }
}

/// Puts an entry; one that is there already stays.
pub(in super::super) fn put(db: &Connection, entry: &Kept) -> Result<(), Fault> {
    db.prepare_cached("INSERT OR IGNORE INTO due (at, account, line) VALUES (?1, ?2, ?3)")?.execute((
        entry.at,
        entry.account.as_bytes(),
        entry.line(),
    ))?;
    Ok(())
}

/// Takes an entry away; one that is not there is no matter.
pub(in super::super) fn take(db: &Connection, entry: &Kept) -> Result<(), Fault> {
    db.prepare_cached("DELETE FROM due WHERE at = ?1 AND account = ?2 AND line = ?3")?.execute((
        entry.at,
        entry.account.as_bytes(),
        entry.line(),
    ))?;
    Ok(())
}

/// The entries after one, in order.
pub(in super::super) fn after(db: &Connection, after: Option<&Kept>, limit: usize) -> Result<Vec<DueEntry>, Fault> {
    // No account comes before the empty one.
    let (at, account, line) = after
        .map_or((i64::MIN, &[][..], &[][..]), |after| (after.at, after.account.as_bytes().as_slice(), after.line()));
    let mut statement = db.prepare_cached(
        "SELECT at, account, line FROM due WHERE (at, account, line) > (?1, ?2, ?3) ORDER BY at, account, line LIMIT ?4",
    )?;
    let mut found = statement.query((at, account, line, i64::try_from(limit).unwrap_or(i64::MAX)))?;
    entries(&mut found)
}

/// The earliest entries up to and including an instant.
pub(in super::super) fn earliest(db: &Connection, until: i64, limit: usize) -> Result<Vec<DueEntry>, Fault> {
    let mut statement =
        db.prepare_cached("SELECT at, account, line FROM due WHERE at <= ?1 ORDER BY at, account, line LIMIT ?2")?;
    let mut found = statement.query((until, i64::try_from(limit).unwrap_or(i64::MAX)))?;
    entries(&mut found)
}

fn entries(found: &mut Rows<'_>) -> Result<Vec<DueEntry>, Fault> {
    let mut entries = Vec::new();
    while let Some(row) = found.next()? {
        let line = match row.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)? {
            [] => None,
            line => Some(Token::from_bytes(line.try_into().map_err(|_| Fault::Damaged("a due line is no token"))?)),
        };
        entries.push(DueEntry { at: from_nanos(row.get(0)?), account: Token::from_bytes(row.get(1)?), line });
    }
    Ok(entries)
}
