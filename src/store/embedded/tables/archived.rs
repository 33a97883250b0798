//! How far the records were taken out, and taking more of them out.

use chrono::{DateTime, Utc};
use rusqlite::Connection;

use super::super::fault::Fault;
use super::records;
use crate::store::{ArchivedUpTo, Forget};

/// The one journal of this store.
const JOURNAL: u16 = 0;

/// How far they were taken out. What was taken out of other journals, before the store was moved here, is told by its age
/// alone: no place of this journal is theirs.
pub(in super::super) fn up_to(db: &Connection) -> Result<Option<ArchivedUpTo>, Fault> {
    let all = all(db)?;
    let Some(at) = all.iter().map(|(_, up_to)| up_to.at).max() else { return Ok(None) };
    let own = all.into_iter().find(|(journal, _)| *journal == JOURNAL).map(|(_, up_to)| up_to);
    Ok(Some(own.map_or(ArchivedUpTo { place: 0, at, manifest: [0; 32] }, |own| ArchivedUpTo { at, ..own })))
}

/// The same of every journal that the store ever had.
pub(in super::super) fn all(db: &Connection) -> Result<Vec<(u16, ArchivedUpTo)>, Fault> {
    let mut statement = db.prepare_cached("SELECT journal, place, at, manifest FROM archived ORDER BY journal")?;
    let mut rows = statement.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let at = DateTime::from_timestamp_millis(row.get(2)?);
        let at = at.ok_or(Fault::Damaged("an instant is beyond the calendar"))?;
        let place = row.get::<_, i64>(1)?.cast_unsigned();
        all.push((row.get(0)?, ArchivedUpTo { place, at, manifest: row.get(3)? }));
    }
    Ok(all)
}

/// Writes how far a journal's were taken out.
pub(in super::super) fn put(db: &Connection, journal: u16, up_to: &ArchivedUpTo) -> Result<(), Fault> {
    let put = "INSERT OR REPLACE INTO archived (journal, place, at, manifest) VALUES (?1, ?2, ?3, ?4)";
    let ArchivedUpTo { place, at, manifest } = up_to;
    db.prepare_cached(put)?.execute((journal, place.cast_signed(), at.timestamp_millis(), manifest))?;
    Ok(())
}

/// Takes the oldest out. How many.
pub(in super::super) fn forget(db: &Connection, forget: &Forget) -> Result<usize, Fault> {
    let oldest = records::oldest(db, forget.up_to, forget.limit)?;
    let Some((last, _)) = oldest.last() else { return Ok(0) };
    let made: Option<DateTime<Utc>> = oldest.iter().map(|(_, id)| id.minted_at()).max();
    let before = all(db)?.into_iter().find(|(journal, _)| *journal == JOURNAL).map(|(_, up_to)| up_to.at);
    let at = made.max(before).unwrap_or_default();
    for (place, id) in &oldest {
        records::forget_id(db, *place, *id)?;
    }
    records::forget(db, *last)?;
    put(db, JOURNAL, &ArchivedUpTo { place: *last, at, manifest: forget.manifest })?;
    Ok(oldest.len())
}
