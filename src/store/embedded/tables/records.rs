//! The records, in the order they were committed, and where each id stands in it.

use rusqlite::{Connection, OptionalExtension, Row};

use super::super::fault::Fault;
use super::super::layout::{self, Places};
use crate::crypto::Token;
use crate::domain::RecordId;
use crate::store::{Journalled, PAGE_BYTES, StoredRecord};

/// The free places for an id; `None` where there is a record of it.
pub(in super::super) fn places(db: &Connection, id: RecordId) -> Result<Option<Places>, Fault> {
    let bucket = layout::record(id);
    let mut places = Places::free(bucket);
    for (key, seq) in candidates(db, id)? {
        places.take(key);
        if at(db, seq, id, |_| Ok(()))?.is_some() {
            return Ok(None);
        }
    }
    Ok(Some(places))
}

/// Reads a record.
pub(in super::super) fn read(db: &Connection, id: RecordId) -> Result<Option<StoredRecord>, Fault> {
    for (_, seq) in candidates(db, id)? {
        let stored = |row: &Row<'_>| {
            let account = Token::from_bytes(row.get(1)?);
            Ok(StoredRecord { account, body: row.get(2)? })
        };
        if let Some(record) = at(db, seq, id, stored)? {
            return Ok(Some(record));
        }
    }
    Ok(None)
}

/// The records after a place, in order.
pub(in super::super) fn after(db: &Connection, place: u64, limit: usize) -> Result<Vec<Journalled>, Fault> {
    // Places beyond what the table can number are after all of it.
    let place = i64::try_from(place).unwrap_or(i64::MAX);
    let mut statement =
        db.prepare_cached("SELECT seq, id, account, body FROM records WHERE seq > ?1 ORDER BY seq LIMIT ?2")?;
    let mut rows = statement.query((place, limit.cast_signed()))?;
    let (mut found, mut bytes) = (Vec::new(), 0_usize);
    while bytes <= PAGE_BYTES
        && let Some(row) = rows.next()?
    {
        let place =
            u64::try_from(row.get::<_, i64>(0)?).map_err(|_| Fault::Damaged("a record's number is negative"))?;
        let id = RecordId::from_u128(u128::from_be_bytes(row.get(1)?));
        let body: Vec<u8> = row.get(3)?;
        bytes = bytes.saturating_add(body.len());
        found.push(Journalled { place, id, account: Token::from_bytes(row.get(2)?), body });
    }
    Ok(found)
}

/// Appends a record.
pub(in super::super) fn append(
    db: &Connection,
    seq: u64,
    key: i64,
    id: RecordId,
    account: Token,
    body: &[u8],
) -> Result<(), Fault> {
    db.prepare_cached("INSERT INTO records (seq, id, account, body) VALUES (?1, ?2, ?3, ?4)")?.execute((
        seq.cast_signed(),
        id.to_bytes(),
        account.as_bytes(),
        body,
    ))?;
    db.prepare_cached("INSERT INTO record_ids (key, seq) VALUES (?1, ?2)")?.execute((key, seq.cast_signed()))?;
    Ok(())
}

/// The oldest records up to a place, at most `limit`: their places and ids.
pub(super) fn oldest(db: &Connection, up_to: u64, limit: usize) -> Result<Vec<(u64, RecordId)>, Fault> {
    let (up_to, limit) = (i64::try_from(up_to).unwrap_or(i64::MAX), i64::try_from(limit).unwrap_or(i64::MAX));
    let mut statement = db.prepare_cached("SELECT seq, id FROM records WHERE seq <= ?1 ORDER BY seq LIMIT ?2")?;
    let named = |row: &Row<'_>| {
        let id = RecordId::from_u128(u128::from_be_bytes(row.get(1)?));
        Ok((row.get::<_, i64>(0)?.cast_unsigned(), id))
    };
    Ok(statement.query_map((up_to, limit), named)?.collect::<Result<_, _>>()?)
}

/// Forgets where a record stands.
pub(super) fn forget_id(db: &Connection, place: u64, id: RecordId) -> Result<(), Fault> {
    for (key, seq) in candidates(db, id)? {
        if seq == place.cast_signed() {
            db.prepare_cached("DELETE FROM record_ids WHERE key = ?1")?.execute([key])?;
            return Ok(());
        }
    }
    Err(Fault::Damaged("a record stands under no id"))
}

/// Forgets the records up to and including a place.
pub(super) fn forget(db: &Connection, up_to: u64) -> Result<(), Fault> {
    db.prepare_cached("DELETE FROM records WHERE seq <= ?1")?.execute([up_to.cast_signed()])?;
    Ok(())
}

/// Where the records may be that share an id's bucket: key and number.
pub(in super::super) fn candidates(db: &Connection, id: RecordId) -> Result<Vec<(i64, i64)>, Fault> {
    let bucket = layout::record(id);
    let mut statement = db.prepare_cached("SELECT key, seq FROM record_ids WHERE key BETWEEN ?1 AND ?2")?;
    let found = statement.query_map((bucket.first(), bucket.last()), |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// The record at a place of the order, if it has that id.
fn at<T>(
    db: &Connection,
    seq: i64,
    id: RecordId,
    read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Option<T>, Fault> {
    let found = db
        .prepare_cached("SELECT id, account, body FROM records WHERE seq = ?1")?
        .query_row([seq], |row| {
            let same = row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)? == id.to_bytes();
            if same { read(row).map(Some) } else { Ok(None) }
        })
        .optional()?;
    found.ok_or(Fault::Lost("a record's number leads nowhere"))
}
