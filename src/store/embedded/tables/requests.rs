//! The keys of requests: reserved, then claimed by the record that answers.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::super::fault::Fault;
use super::super::layout;
use super::super::names::KeptRequest;
use super::{names_after, place_for};
use crate::crypto::Token;
use crate::domain::RecordId;

/// What is kept of a request's key, as far as it was merged.
pub(in super::super) fn find(db: &Connection, request: Token) -> Result<Option<KeptRequest>, Fault> {
    let bucket = layout::name(request);
    let mut statement =
        db.prepare_cached("SELECT request, digest, record, at FROM requests WHERE key BETWEEN ?1 AND ?2")?;
    let mut found = statement.query((bucket.first(), bucket.last()))?;
    while let Some(row) = found.next()? {
        if row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)? == request.as_bytes() {
            let record = row.get::<_, Option<[u8; 16]>>(2)?;
            let record = record.map(|bytes| RecordId::from_u128(u128::from_be_bytes(bytes)));
            return Ok(Some(KeptRequest { digest: row.get(1)?, record, at: row.get(3)? }));
        }
    }
    Ok(None)
}

/// Merges a request's key into the table.
pub(in super::super) fn put(db: &Connection, request: Token, kept: &KeptRequest) -> Result<(), Fault> {
    let mut statement = db.prepare_cached("SELECT key, request FROM requests WHERE key BETWEEN ?1 AND ?2")?;
    let key = place_for(&mut statement, request)?;
    db.prepare_cached(
        "INSERT OR REPLACE INTO requests (key, request, digest, record, at) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute((key, request.as_bytes(), &kept.digest, kept.record.map(RecordId::to_bytes), kept.at))?;
    Ok(())
}

/// Requests whose tokens come after one, in order: at least `limit` if there are so many.
pub(in super::super) fn named_after(
    db: &Connection,
    after: Option<Token>,
    limit: usize,
) -> Result<BTreeMap<Token, KeptRequest>, Fault> {
    let sql = "SELECT key, request, digest, record, at FROM requests WHERE key >= ?1 ORDER BY key";
    names_after(db, sql, after, limit, |row| {
        let record = row.get::<_, Option<[u8; 16]>>(3)?;
        let record = record.map(|bytes| RecordId::from_u128(u128::from_be_bytes(bytes)));
        Ok(KeptRequest { digest: row.get(2)?, record, at: row.get(4)? })
    })
}

/// Where keys after that one stand, and since when, in order.
pub(in super::super) fn after(db: &Connection, key: i64, limit: u64) -> Result<Vec<(i64, i64)>, Fault> {
    let mut statement = db.prepare_cached("SELECT key, at FROM requests WHERE key > ?1 ORDER BY key LIMIT ?2")?;
    let found = statement.query_map((key, limit.cast_signed()), |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Forgets a key.
pub(in super::super) fn forget(db: &Connection, key: i64) -> Result<(), Fault> {
    db.prepare_cached("DELETE FROM requests WHERE key = ?1")?.execute([key])?;
    Ok(())
}
