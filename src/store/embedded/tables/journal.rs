//! The journal of windows: every charge and every settled charge, in order. Windows are rebuilt from it at start.

use chrono::TimeDelta;
use rusqlite::Connection;

use super::super::fault::Fault;
use super::super::instant::from_nanos;
use crate::crypto::{Partition, Token};
use crate::store::{WINDOW_KEPT, WindowEvent, WindowKey};

/// What happened to a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Happened {
    /// An event was charged.
    Charged {
        /// In which window.
        window: WindowKey,
        /// The event.
        event: WindowEvent,
        /// How many events the window keeps.
        cap: u16,
        /// How long it may count, in whole seconds.
        kept: TimeDelta,
    },
    /// An attempt's charge was taken back.
    Settled {
        /// In which window.
        window: WindowKey,
        /// Whose.
        attempt: Token,
    },
}

/// A charge as it was written before charges said how long they count: as long as any may.
const CHARGED_LONG: u8 = 1;
const SETTLED: u8 = 2;
const CHARGED: u8 = 3;
/// Kind, partition, window, attempt; and for a charge subject, instant, cap, seconds.
const SETTLED_BYTES: usize = 1 + 2 + 16 + 16;
const CHARGED_LONG_BYTES: usize = SETTLED_BYTES + 16 + 8 + 2;
const CHARGED_BYTES: usize = CHARGED_LONG_BYTES + 4;

impl Happened {
    fn to_bytes(self) -> Result<Vec<u8>, Fault> {
        let mut bytes = Vec::with_capacity(CHARGED_BYTES);
        let (kind, window, attempt) = match &self {
            Self::Charged { window, event, .. } => (CHARGED, window, &event.attempt),
            Self::Settled { window, attempt } => (SETTLED, window, attempt),
        };
        bytes.push(kind);
        bytes.extend(window.partition.number().to_be_bytes());
        bytes.extend(window.token.as_bytes());
        bytes.extend(attempt.as_bytes());
        if let Self::Charged { event, cap, kept, .. } = &self {
            let at = event.at.timestamp_nanos_opt().ok_or(Fault::Damaged("a window's instant cannot be kept"))?;
            bytes.extend(event.subject.as_bytes());
            bytes.extend(at.to_be_bytes());
            bytes.extend(cap.to_be_bytes());
            bytes.extend(seconds(*kept).to_be_bytes());
        }
        Ok(bytes)
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (kind, rest) = bytes.split_first()?;
        let (partition, rest) = rest.split_first_chunk()?;
        let (token, rest) = rest.split_first_chunk()?;
        let (attempt, rest) = rest.split_first_chunk()?;
        let partition = Partition::new(u16::from_be_bytes(*partition))?;
        let window = WindowKey { partition, token: Token::from_bytes(*token) };
        let attempt = Token::from_bytes(*attempt);
        match (*kind, bytes.len()) {
            (SETTLED, SETTLED_BYTES) => Some(Self::Settled { window, attempt }),
            (CHARGED, CHARGED_BYTES) | (CHARGED_LONG, CHARGED_LONG_BYTES) => {
                let (subject, rest) = rest.split_first_chunk()?;
                let (at, rest) = rest.split_first_chunk()?;
                let (cap, kept) = rest.split_first_chunk()?;
                let at = from_nanos(i64::from_be_bytes(*at));
                let event = WindowEvent { at, subject: Token::from_bytes(*subject), attempt };
                let kept = match kept.first_chunk() {
                    Some(kept) => TimeDelta::seconds(u32::from_be_bytes(*kept).into()),
                    None => WINDOW_KEPT,
                };
                Some(Self::Charged { window, event, cap: u16::from_be_bytes(*cap), kept })
            }
            _ => None,
        }
    }
}

/// A span in whole seconds, rounded up.
fn seconds(span: TimeDelta) -> u32 {
    let more = i64::from(span.subsec_nanos() > 0);
    u32::try_from(span.num_seconds().saturating_add(more)).unwrap_or(u32::MAX)
}

/// Writes what happened under a number.
pub(in super::super) fn append(db: &Connection, seq: i64, happened: Happened) -> Result<(), Fault> {
    db.prepare_cached("INSERT INTO journal (seq, event) VALUES (?1, ?2)")?.execute((seq, happened.to_bytes()?))?;
    Ok(())
}

/// Reads all that happened, in order.
pub(in super::super) fn replay(
    db: &Connection,
    mut apply: impl FnMut(i64, Happened) -> Result<(), Fault>,
) -> Result<(), Fault> {
    read(db, "SELECT seq, event FROM journal ORDER BY seq", [], &mut apply)
}

/// Reads the `limit` oldest entries.
pub(in super::super) fn oldest(db: &Connection, limit: usize) -> Result<Vec<(i64, Happened)>, Fault> {
    let mut entries = Vec::new();
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    read(db, "SELECT seq, event FROM journal ORDER BY seq LIMIT ?1", [limit], &mut |seq, happened| {
        entries.push((seq, happened));
        Ok(())
    })?;
    Ok(entries)
}

/// Forgets everything before a number.
pub(in super::super) fn forget_before(db: &Connection, first: i64) -> Result<(), Fault> {
    db.prepare_cached("DELETE FROM journal WHERE seq < ?1")?.execute([first])?;
    Ok(())
}

fn read(
    db: &Connection,
    sql: &str,
    params: impl rusqlite::Params,
    apply: &mut impl FnMut(i64, Happened) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut statement = db.prepare_cached(sql)?;
    let mut found = statement.query(params)?;
    while let Some(row) = found.next()? {
        let bytes = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
        let happened = Happened::from_bytes(bytes).ok_or(Fault::Damaged("an entry of the journal cannot be read"))?;
        apply(row.get(0)?, happened)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::Happened;
    use crate::crypto::{Partition, Token};
    use crate::store::embedded::instant::from_nanos;
    use crate::store::{WINDOW_KEPT, WindowEvent, WindowKey};

    fn token(byte: u8) -> Token {
        Token::from_bytes([byte; 16])
    }

    /// Entries stand in every store's journal.
    #[test]
    fn golden_entries() {
        let window = WindowKey { partition: Partition::new(0x0102).unwrap(), token: token(3) };
        let event = WindowEvent { at: from_nanos(0x0607_0809), subject: token(5), attempt: token(4) };
        let charged = |kept| Happened::Charged { window, event, cap: 0x0a0b, kept };
        let settled = Happened::Settled { window, attempt: token(4) };
        let head = |kind| [&[kind, 1, 2][..], &[3; 16], &[4; 16]].concat();
        let body = [&[5; 16][..], &[0, 0, 0, 0, 6, 7, 8, 9, 10, 11]].concat();
        let kept = TimeDelta::seconds(0x0c0d) - TimeDelta::nanoseconds(1);
        let charged_bytes = [&head(3)[..], &body, &[0, 0, 12, 13]].concat();
        assert_eq!(charged(kept).to_bytes().unwrap(), charged_bytes, "a part of a second is one");
        let whole = charged(TimeDelta::seconds(0x0c0d));
        let long_bytes = [&head(1)[..], &body].concat();
        for (happened, bytes) in [(whole, charged_bytes), (settled, head(2)), (charged(WINDOW_KEPT), long_bytes)] {
            if bytes[0] != 1 {
                assert_eq!(happened.to_bytes().unwrap(), bytes);
            }
            assert_eq!(Happened::from_bytes(&bytes), Some(happened));
            assert_eq!(Happened::from_bytes(&bytes[1..]), None);
            assert_eq!(Happened::from_bytes(&[&bytes[..], &[0]].concat()), None);
        }
    }
}
