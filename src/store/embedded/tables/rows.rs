//! The rows of accounts, and their permits.

use rusqlite::{Connection, params};

use super::super::fault::Fault;
use super::super::layout::{self, AccountNumber, Bucket, Places, RowName};
use crate::crypto::Token;
use crate::store::{Row, Slot};

/// Rows read at once, from an account's first: all that most accounts have.
const SCAN_ROWS: usize = 8;

/// Where a row is, or where it could be.
#[derive(Debug, Clone, Copy)]
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

/// An account, by its name and its number.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Numbered {
    /// Its name.
    pub(in super::super) account: Token,
    /// Its number.
    pub(in super::super) number: AccountNumber,
}

/// Looks for rows.
pub(in super::super) fn find(db: &Connection, of: Numbered, slots: &[Slot]) -> Result<Vec<Spot>, Fault> {
    let spot = |row: &rusqlite::Row<'_>| Ok(Spot::At { key: row.get(0)?, version: version(row.get(2)?)? });
    let wanted = look(db, of, slots, &FIND, spot)?;
    Ok(wanted.into_iter().map(|wanted| wanted.found.unwrap_or(Spot::Nowhere(wanted.places))).collect())
}

/// Reads rows.
pub(in super::super) fn read(db: &Connection, of: Numbered, slots: &[Slot]) -> Result<Vec<Option<Row>>, Fault> {
    let full = |row: &rusqlite::Row<'_>| Ok(Row { version: version(row.get(2)?)?, body: row.get(3)? });
    Ok(look(db, of, slots, &READ, full)?.into_iter().map(|wanted| wanted.found).collect())
}

/// Puts a row in its first version at a free key.
pub(in super::super) fn insert(
    db: &Connection,
    key: i64,
    account: Token,
    slot: Slot,
    body: &[u8],
) -> Result<(), Fault> {
    let sql = match slot {
        Slot::Permit(_) => "INSERT INTO permits (key, name, version, body) VALUES (?1, ?2, 1, ?3)",
        _ => "INSERT INTO rows (key, name, version, body) VALUES (?1, ?2, 1, ?3)",
    };
    db.prepare_cached(sql)?.execute((key, RowName::new(account, slot).as_bytes(), body))?;
    Ok(())
}

/// Writes the next version of the row at a key.
pub(in super::super) fn update(db: &Connection, key: i64, slot: Slot, version: u64, body: &[u8]) -> Result<(), Fault> {
    let sql = match slot {
        Slot::Permit(_) => "UPDATE permits SET version = ?2, body = ?3 WHERE key = ?1",
        _ => "UPDATE rows SET version = ?2, body = ?3 WHERE key = ?1",
    };
    let changed = db.prepare_cached(sql)?.execute((key, version.cast_signed(), body))?;
    if changed == 1 { Ok(()) } else { Err(Fault::Damaged("a row vanished while it was written")) }
}

/// The statements of one way to look. All select key, name, version, and perhaps the body, between two keys.
struct Statements {
    rows: &'static str,
    permits: &'static str,
}

const FIND: Statements = Statements {
    rows: "SELECT key, name, version FROM rows WHERE key BETWEEN ?1 AND ?2 LIMIT ?3",
    permits: "SELECT key, name, version FROM permits WHERE key BETWEEN ?1 AND ?2 LIMIT ?3",
};

const READ: Statements = Statements {
    rows: "SELECT key, name, version, body FROM rows WHERE key BETWEEN ?1 AND ?2 LIMIT ?3",
    permits: "SELECT key, name, version, body FROM permits WHERE key BETWEEN ?1 AND ?2 LIMIT ?3",
};

/// A row that is looked for.
struct Wanted<T> {
    bucket: Bucket,
    name: RowName,
    permit: bool,
    found: Option<T>,
    places: Places,
}

/// Looks at an account's first rows at once, and then for each that may lie beyond.
fn look<T>(
    db: &Connection,
    of: Numbered,
    slots: &[Slot],
    statements: &Statements,
    take: impl Fn(&rusqlite::Row<'_>) -> Result<T, Fault>,
) -> Result<Vec<Wanted<T>>, Fault> {
    let mut wanted: Vec<Wanted<T>> = slots
        .iter()
        .map(|slot| {
            let bucket = layout::row(of.number, *slot);
            let (name, permit) = (RowName::new(of.account, *slot), matches!(slot, Slot::Permit(_)));
            Wanted { bucket, name, permit, found: None, places: Places::free(bucket) }
        })
        .collect();
    let mut seen_up_to = i64::MIN;
    if wanted.iter().filter(|wanted| !wanted.permit).count() > 1 {
        let (first, last) = of.number.rows();
        let mut statement = db.prepare_cached(statements.rows)?;
        let mut rows = statement.query(params![first, last, SCAN_ROWS.cast_signed()])?;
        let mut scanned = 0_usize;
        while let Some(row) = rows.next()? {
            let key = row.get(0)?;
            scanned = scanned.saturating_add(1);
            seen_up_to = key;
            for wanted in wanted.iter_mut().filter(|wanted| !wanted.permit && wanted.bucket.holds(key)) {
                wanted.meet(key, row, &take)?;
            }
        }
        if scanned < SCAN_ROWS {
            seen_up_to = i64::MAX;
        }
    }
    for wanted in wanted.iter_mut().filter(|wanted| wanted.permit || wanted.bucket.last() > seen_up_to) {
        if wanted.found.is_some() {
            continue;
        }
        let mut statement = db.prepare_cached(if wanted.permit { statements.permits } else { statements.rows })?;
        let mut rows = statement.query(params![wanted.bucket.first(), wanted.bucket.last(), layout::PROBES])?;
        while let Some(row) = rows.next()? {
            wanted.meet(row.get(0)?, row, &take)?;
        }
    }
    Ok(wanted)
}

impl<T> Wanted<T> {
    /// Meets a row of its bucket: itself, or another in one of its places.
    fn meet(
        &mut self,
        key: i64,
        row: &rusqlite::Row<'_>,
        take: &impl Fn(&rusqlite::Row<'_>) -> Result<T, Fault>,
    ) -> Result<(), Fault> {
        if row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)? == self.name.as_bytes() {
            self.found = Some(take(row)?);
        }
        self.places.take(key);
        Ok(())
    }
}

/// A version as kept.
pub(in super::super) fn version(kept: i64) -> Result<u64, Fault> {
    // INVARIANT (fail-closed): version 0 would read as "none there".
    u64::try_from(kept).ok().filter(|version| *version > 0).ok_or(Fault::Damaged("a row's version is not positive"))
}
