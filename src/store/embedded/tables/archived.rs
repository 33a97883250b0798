//! How far the records were taken out, and taking more of them out.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension};

use super::super::fault::Fault;
use super::records;
use crate::store::{ArchivedUpTo, Forget};

/// The one journal of this store.
const JOURNAL: i64 = 0;

/// How far they were taken out.
pub(in super::super) fn up_to(db: &Connection) -> Result<Option<ArchivedUpTo>, Fault> {
    let mut statement = db.prepare_cached("SELECT place, at, manifest FROM archived WHERE journal = ?1")?;
    let kept =
        statement.query_row([JOURNAL], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?, row.get(2)?))).optional()?;
    let Some((place, millis, manifest)) = kept else { return Ok(None) };
    let at = DateTime::from_timestamp_millis(millis).ok_or(Fault::Damaged("an instant is beyond the calendar"))?;
    Ok(Some(ArchivedUpTo { place: place.cast_unsigned(), at, manifest }))
}

/// Takes the oldest out. How many.
pub(in super::super) fn forget(db: &Connection, forget: &Forget) -> Result<usize, Fault> {
    let oldest = records::oldest(db, forget.up_to, forget.limit)?;
    let Some((last, _)) = oldest.last() else { return Ok(0) };
    let made: Option<DateTime<Utc>> = oldest.iter().map(|(_, id)| id.minted_at()).max();
    let at = made.max(up_to(db)?.map(|before| before.at)).map(|at| at.timestamp_millis());
    for (place, id) in &oldest {
        records::forget_id(db, *place, *id)?;
    }
    records::forget(db, *last)?;
    let put = "INSERT OR REPLACE INTO archived (journal, place, at, manifest) VALUES (?1, ?2, ?3, ?4)";
    db.prepare_cached(put)?.execute((JOURNAL, last.cast_signed(), at, &forget.manifest))?;
    Ok(oldest.len())
}
