//! The keys of requests: reserved, then claimed by the record that answers.

use rusqlite::Connection;

use super::super::fault::Fault;
use super::super::layout::{self, Places};
use crate::domain::RecordId;
use crate::store::Reserve;

/// What is known of a request's key.
pub(in super::super) enum Known {
    /// Nothing; these places are free.
    Nothing(Places),
    /// It is reserved with the same digest.
    Reserved {
        /// Where it is kept.
        key: i64,
    },
    /// It was answered, under the same digest.
    Answered(RecordId),
    /// It belongs to another request.
    Taken,
}

/// Looks a request's key up.
///
/// INVARIANT (one-request-one-decision): the digest is compared before anything of the first request is told.
pub(in super::super) fn find(db: &Connection, reserve: &Reserve) -> Result<Known, Fault> {
    let bucket = layout::name(reserve.request);
    let mut places = Places::free(bucket);
    let mut statement =
        db.prepare_cached("SELECT key, request, digest, record FROM requests WHERE key BETWEEN ?1 AND ?2")?;
    let mut found = statement.query((bucket.first(), bucket.last()))?;
    while let Some(row) = found.next()? {
        let key = row.get(0)?;
        if row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)? != reserve.request.as_bytes() {
            places.take(key);
        } else if row.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)? != reserve.digest {
            return Ok(Known::Taken);
        } else {
            return Ok(match row.get::<_, Option<[u8; 16]>>(3)? {
                Some(record) => Known::Answered(RecordId::from_u128(u128::from_be_bytes(record))),
                None => Known::Reserved { key },
            });
        }
    }
    Ok(Known::Nothing(places))
}

/// Puts a key, reserved or claimed at once, at a free place.
pub(in super::super) fn insert(
    db: &Connection,
    key: i64,
    reserve: &Reserve,
    record: Option<RecordId>,
    at: i64,
) -> Result<(), Fault> {
    db.prepare_cached("INSERT INTO requests (key, request, digest, record, at) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute((key, reserve.request.as_bytes(), &reserve.digest, record.map(RecordId::to_bytes), at))?;
    Ok(())
}

/// Claims a reserved key.
pub(in super::super) fn claim(db: &Connection, key: i64, record: RecordId, at: i64) -> Result<(), Fault> {
    let changed = db.prepare_cached("UPDATE requests SET record = ?2, at = ?3 WHERE key = ?1")?.execute((
        key,
        record.to_bytes(),
        at,
    ))?;
    if changed == 1 { Ok(()) } else { Err(Fault::Damaged("a request's key vanished while it was claimed")) }
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
