//! All that is sealed: rows and permits page by page, and bodies put in the place of what they were.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

use super::super::fault::Fault;
use super::super::layout::{self, Bucket, slot_named};
use super::records;
use super::rows::{self, Numbered, Spot};
use crate::domain::RecordId;
use crate::store::{PAGE_BYTES, PermitRow, Row, Slot};

/// An account's rows after a slot, in order.
pub(in super::super) fn rows_after(
    db: &Connection,
    of: Numbered,
    after: Option<Slot>,
    limit: usize,
) -> Result<Vec<(Slot, Row)>, Fault> {
    if let Some(Slot::Permit(_)) = after {
        // Beyond all of them.
        return Ok(Vec::new());
    }
    let (first, last) = of.number.rows();
    let first = after.map_or(first, |slot| layout::row(of.number, slot).first());
    let mut statement =
        db.prepare_cached("SELECT key, name, version, body FROM rows WHERE key BETWEEN ?1 AND ?2 ORDER BY key")?;
    let mut found_rows = statement.query((first, last))?;
    let (mut found, mut bytes, mut bucket) = (BTreeMap::new(), 0_usize, None::<Bucket>);
    while let Some(row) = found_rows.next()? {
        // A bucket is in no order: it is taken whole.
        let goes_on = bucket.is_some_and(|bucket| row.get(0).is_ok_and(|key| bucket.holds(key)));
        if !goes_on && (found.len() >= limit || bytes > PAGE_BYTES) {
            break;
        }
        let name = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
        let (None, slot) = slot_named(name).ok_or(UNNAMED)? else { return Err(UNNAMED) };
        bucket = Some(layout::row(of.number, slot));
        if after.is_none_or(|after| slot > after) {
            let row = Row { version: rows::version(row.get(2)?)?, body: row.get(3)? };
            bytes = bytes.saturating_add(row.body.len());
            found.insert(slot, row);
        }
    }
    Ok(found.into_iter().take(limit).collect())
}

/// Permits after a place, in the order of places.
pub(in super::super) fn permits_after(
    db: &Connection,
    after: Option<u64>,
    limit: usize,
) -> Result<Vec<PermitRow>, Fault> {
    let Some(first) = after.map_or(Some(0), |after| after.checked_add(1)) else { return Ok(Vec::new()) };
    let mut statement =
        db.prepare_cached("SELECT key, name, version, body FROM permits WHERE key >= ?1 ORDER BY key LIMIT ?2")?;
    let mut rows = statement.query((key_of(first), limit.cast_signed()))?;
    let (mut found, mut bytes) = (Vec::new(), 0_usize);
    while let Some(row) = rows.next()? {
        let name = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
        let (Some(account), Slot::Permit(id)) = slot_named(name).ok_or(UNNAMED)? else { return Err(UNNAMED) };
        let kept = Row { version: rows::version(row.get(2)?)?, body: row.get(3)? };
        bytes = bytes.saturating_add(kept.body.len());
        found.push(PermitRow { place: place_of(row.get(0)?), account, id, row: kept });
        if bytes > PAGE_BYTES {
            break;
        }
    }
    Ok(found)
}

const UNNAMED: Fault = Fault::Damaged("a row's name is none");

/// Places count from 0 in the order of keys.
const fn place_of(key: i64) -> u64 {
    key.cast_unsigned() ^ (1 << 63)
}

const fn key_of(place: u64) -> i64 {
    (place ^ (1 << 63)).cast_signed()
}

/// Puts a row's body in the place of the same row's, in the same version. Whether it was still there.
pub(in super::super) fn replace_row(
    db: &Connection,
    of: Numbered,
    slot: Slot,
    old: &[u8],
    new: &[u8],
) -> Result<bool, Fault> {
    let Some(Spot::At { key, version: _ }) = rows::find(db, of, &[slot])?.into_iter().next() else { return Ok(false) };
    let sql = match slot {
        Slot::Permit(_) => "UPDATE permits SET body = ?3 WHERE key = ?1 AND body = ?2",
        _ => "UPDATE rows SET body = ?3 WHERE key = ?1 AND body = ?2",
    };
    Ok(db.prepare_cached(sql)?.execute(params![key, old, new])? == 1)
}

/// Puts a record's body in the place of the same record's. Whether it was still there.
pub(in super::super) fn replace_record(db: &Connection, id: RecordId, old: &[u8], new: &[u8]) -> Result<bool, Fault> {
    for (_, seq) in records::candidates(db, id)? {
        let replace = "UPDATE records SET body = ?4 WHERE seq = ?1 AND id = ?2 AND body = ?3";
        if db.prepare_cached(replace)?.execute(params![seq, id.to_bytes(), old, new])? == 1 {
            return Ok(true);
        }
    }
    Ok(false)
}
