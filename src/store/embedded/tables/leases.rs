//! Leases, and the fencing numbers that never go back.

use rusqlite::{Connection, OptionalExtension};

use super::super::fault::Fault;
use crate::crypto::Token;
use crate::store::Fence;

/// A lease asked for; instants in nanoseconds.
pub(in super::super) struct Wish<'a> {
    /// What for.
    pub(in super::super) name: &'a str,
    /// Who asks.
    pub(in super::super) holder: Token,
    /// Now.
    pub(in super::super) now: i64,
    /// Until when.
    pub(in super::super) until: i64,
}

/// Takes or renews a lease; `None` while someone else holds it.
pub(in super::super) fn take(db: &Connection, wish: &Wish<'_>) -> Result<Option<Fence>, Fault> {
    let known: Option<([u8; 16], i64, i64)> = db
        .prepare_cached("SELECT holder, until, fence FROM leases WHERE name = ?1")?
        .query_row([wish.name], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let fence = match known {
        None => 1,
        Some((holder, _, fence)) if holder == *wish.holder.as_bytes() => fence,
        Some((_, until, _)) if wish.now < until => return Ok(None),
        Some((_, _, fence)) => fence.checked_add(1).ok_or(Fault::Damaged("a fencing number cannot grow"))?,
    };
    // The row stays for ever: its number is what the next holder's is counted from.
    db.prepare_cached("INSERT OR REPLACE INTO leases (name, holder, until, fence) VALUES (?1, ?2, ?3, ?4)")?
        .execute((wish.name, wish.holder.as_bytes(), wish.until, fence))?;
    Ok(Some(Fence(fence.cast_unsigned())))
}
