//! How much a store holds, read from its tables, whether or not a process owns it.

use rusqlite::Connection;

use super::fault::Fault;
use super::look::{Folder, LookError};
use super::names::{Named, Names};
use super::tables::{archived, fresh};
use crate::store::{KindStats, LedgerStats, Stats};

/// Bytes of a key and of what a table says of a row, about.
const ROW_BYTES: i64 = 12;

/// Kinds of rows by the first byte of their names.
const ROWS: [(u8, &str); 4] = [(1, "accounts"), (2, "credentials"), (3, "lines"), (5, "documents")];

impl Folder {
    /// How much the store holds. Reads all of its tables.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn stats(&self) -> Result<Stats, LookError> {
        let db = self.open()?;
        let snapshot = db.unchecked_transaction().map_err(Fault::from)?;
        Ok(Stats { bytes: self.bytes(), ..tables(&snapshot)? })
    }
}

fn tables(db: &Connection) -> Result<Stats, Fault> {
    let mut kinds = Vec::new();
    for (kind, name) in ROWS {
        let sql = "SELECT count(*), sum(length(name) + length(body)) FROM rows WHERE substr(name, 1, 1) = ?1";
        kinds.push(counted(db, name, sql, [[kind].as_slice()])?);
    }
    kinds.push(counted(db, "permits", "SELECT count(*), sum(length(name) + length(body)) FROM permits", [])?);
    let records = "SELECT count(*), sum(length(id) + length(account) + length(body) + 16) FROM records";
    let records = counted(db, "records", records, [])?;
    kinds.push(records);
    // Those that are only in the log of fresh names yet.
    let (mut names, mut fresh_bytes) = (Names::default(), 0_u64);
    fresh::replay(db, |_, named: Named| names.put(named))?;
    fresh_bytes = fresh_bytes.saturating_add(count(db, "SELECT ifnull(sum(length(named)), 0) FROM fresh")?);
    let named = "SELECT count(*), sum(length(name) + length(account) + length(line)) FROM directory";
    let named = counted(db, "names", named, [])?;
    kinds.push(KindStats { count: named.count.saturating_add(names.places.len() as u64), ..named });
    kinds.push(counted(db, "due entries", "SELECT count(*), sum(8 + length(account) + length(line)) FROM due", [])?);
    let asked = "SELECT count(*), sum(length(request) + length(digest) + ifnull(length(record), 0) + 8) FROM requests";
    let asked = counted(db, "requests", asked, [])?;
    kinds.push(KindStats { count: asked.count.saturating_add(names.requests.len() as u64), ..asked });
    kinds.push(counted(db, "window events", "SELECT count(*), sum(length(event)) FROM journal", [])?);
    kinds.push(KindStats { kind: "fresh names", count: names.len() as u64, bytes: Some(fresh_bytes) });
    let trimmed_to = archived::up_to(db)?.map_or(0, |up_to| up_to.place);
    let ledger = LedgerStats { journal: 0, records: records.count, trimmed_to };
    let ledgers = if ledger.records > 0 || trimmed_to > 0 { vec![ledger] } else { Vec::new() };
    Ok(Stats { kinds, ledgers, bytes: 0, is_sampled: false })
}

fn counted(db: &Connection, name: &'static str, sql: &str, params: impl rusqlite::Params) -> Result<KindStats, Fault> {
    let (count, bytes): (i64, Option<i64>) = db.query_row(sql, params, |row| Ok((row.get(0)?, row.get(1)?)))?;
    let bytes = bytes.unwrap_or(0).saturating_add(count.saturating_mul(ROW_BYTES));
    Ok(KindStats { kind: name, count: count.cast_unsigned(), bytes: Some(bytes.cast_unsigned()) })
}

fn count(db: &Connection, sql: &str) -> Result<u64, Fault> {
    Ok(db.query_row(sql, [], |row| row.get::<_, i64>(0))?.cast_unsigned())
}
