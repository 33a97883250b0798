//! Looking at a store from outside, whether or not a process owns it: nothing is written, nobody is kept waiting.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension as _};

use super::fault::Fault;
use super::folder::{self, Holder};
use super::instant::from_nanos;
use super::schema::{self, SCHEMA};
use crate::crypto::Token;
use crate::store::KeyFault;

/// How far back growth is measured.
const GROWTH_OVER: TimeDelta = TimeDelta::days(7);

/// A shorter stretch tells nothing of what a day takes.
const GROWTH_OVER_MIN: TimeDelta = TimeDelta::hours(1);

/// A store's folder, seen from outside.
pub struct Folder {
    path: PathBuf,
}

/// What a folder lies on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSystem {
    /// Its kind, if the system tells of one.
    pub kind: Option<String>,
    /// Whether it is one that another machine may write to.
    pub is_network: bool,
    /// Bytes that may still be taken.
    pub free_bytes: u64,
}

/// What a store says of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// The version of its tables, and the one that this program knows.
    pub schema: (i64, i64),
    /// Its epoch: another number for every store, and for every one that was restored.
    pub epoch: u64,
    /// The last position taken.
    pub seq: u64,
    /// The highest instant committed.
    pub highest: Option<DateTime<Utc>>,
    /// Whether it was closed in good order, or is in use.
    pub clean: bool,
    /// Groups of commits that were acknowledged and are not there.
    pub lost_groups: u64,
    /// Records kept.
    pub records: u64,
    /// Bytes of the database and of its log.
    pub bytes: u64,
    /// Bytes by which it grows in a day, where there is enough to tell.
    pub growth_bytes_a_day: Option<u64>,
}

impl Folder {
    /// The folder, if it is there.
    ///
    /// # Errors
    ///
    /// When it is not there, or cannot be entered.
    pub fn find(path: &Path) -> io::Result<Self> {
        let path = path.canonicalize()?;
        std::fs::read_dir(&path)?;
        Ok(Self { path })
    }

    /// Its full path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it lies on.
    ///
    /// # Errors
    ///
    /// When the system does not tell.
    pub fn file_system(&self) -> io::Result<FileSystem> {
        let kind = folder::file_system(&self.path);
        let is_network = kind.as_deref().is_some_and(folder::is_network);
        Ok(FileSystem { kind, is_network, free_bytes: folder::free_bytes(&self.path)? })
    }

    /// Who owns it now, as the owner wrote itself down; `None` where nobody does.
    ///
    /// # Errors
    ///
    /// When its lock cannot be read.
    pub fn holder(&self) -> io::Result<Option<String>> {
        match folder::holder(&self.path)? {
            Holder::Nobody => Ok(None),
            Holder::Process(told) => Ok(Some(told)),
        }
    }

    /// Bytes of the database and of its log.
    pub fn bytes(&self) -> u64 {
        bytes(&folder::database(&self.path)).saturating_add(bytes(&folder::log(&self.path)))
    }

    /// The epoch of the store that all of it was carried into; none where it was not.
    ///
    /// # Errors
    ///
    /// When that cannot be read.
    pub fn moved_to(&self) -> io::Result<Option<u64>> {
        folder::moved_to(&self.path)
    }

    /// Whether there is a store in it.
    pub fn has_store(&self) -> bool {
        folder::database(&self.path).is_file()
    }

    /// What the store says of itself.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or is damaged.
    pub fn told(&self) -> Result<Told, LookError> {
        let db = self.open()?;
        let found = schema::version(&db)?.unwrap_or(0);
        if found != SCHEMA {
            return Err(LookError::OtherSchema { found, known: SCHEMA });
        }
        let acknowledged = match File::open(folder::acknowledged(&self.path)) {
            Ok(file) => folder::Acknowledged::of(file).read().map_err(Fault::from)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(LookError::Unreadable(error.to_string())),
        };
        // One transaction: a running store goes on meanwhile.
        let snapshot = db.unchecked_transaction().map_err(Fault::from)?;
        // After the acknowledgement: commits that come in between only add to what is there.
        let meta = schema::meta(&snapshot).map_err(|error| LookError::Unreadable(error.to_string()))?;
        let (records, growth) = growth(&snapshot)?;
        let bytes = self.bytes();
        let a_record = u64::checked_div(bytes, records).unwrap_or(0);
        Ok(Told {
            schema: (found, SCHEMA),
            epoch: meta.epoch,
            seq: meta.seq,
            highest: meta.highest.map(from_nanos),
            clean: meta.clean,
            lost_groups: acknowledged.map_or(0, |groups| groups.saturating_sub(meta.groups)),
            records,
            bytes,
            growth_bytes_a_day: growth.map(|records_a_day| records_a_day.saturating_mul(a_record)),
        })
    }

    /// Holds a keyring's marks against those that the store has noted. The first that does not fit.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub fn keys(&self, marks: &[(String, Token)]) -> Result<Result<(), KeyFault>, LookError> {
        Ok(schema::keys_fit(&self.open()?, marks)?)
    }

    /// Looks through every table. What is wrong, if something is.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub fn quick_check(&self) -> Result<Option<String>, LookError> {
        let told: String =
            self.open()?.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(Fault::from)?;
        Ok((told != "ok").then_some(told))
    }

    pub(super) fn open(&self) -> Result<Connection, LookError> {
        Ok(schema::reader(&folder::database(&self.path))?)
    }
}

/// Why a store cannot be looked at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LookError {
    /// It cannot be read.
    #[error("{0}")]
    Unreadable(String),
    /// Another version made it.
    #[error("it has schema {found}, and this version knows {known}")]
    OtherSchema {
        /// What was found.
        found: i64,
        /// What is known.
        known: i64,
    },
}

impl From<Fault> for LookError {
    fn from(fault: Fault) -> Self {
        Self::Unreadable(fault.to_string())
    }
}

fn bytes(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |found| found.len())
}

/// How many records there are, and how many come in a day. Records have ids of their time, in the order of their numbers:
/// so the first of the last days is found by halving.
fn growth(db: &Connection) -> Result<(u64, Option<u64>), Fault> {
    let at = |from: i64| -> Result<Option<(i64, DateTime<Utc>)>, Fault> {
        let mut select = db.prepare_cached("SELECT seq, id FROM records WHERE seq >= ?1 ORDER BY seq LIMIT 1")?;
        let found = select.query_row([from], |row| Ok((row.get(0)?, row.get::<_, [u8; 16]>(1)?))).optional()?;
        Ok(found.map(|(seq, id)| (seq, time_of(id))))
    };
    let ends = "SELECT count(*), min(seq), max(seq) FROM records";
    let (count, first, last): (i64, Option<i64>, Option<i64>) =
        db.query_row(ends, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let records = u64::try_from(count).unwrap_or(0);
    let (Some(mut low), Some(last)) = (first, last) else { return Ok((records, None)) };
    let Some((_, newest)) = at(last)? else { return Ok((records, None)) };
    let mut high = last;
    while low < high {
        let middle = low.midpoint(high);
        match at(middle)? {
            Some((seq, time)) if time < newest - GROWTH_OVER => low = seq.saturating_add(1).min(high),
            _ => high = middle,
        }
    }
    let Some((first, oldest)) = at(low)? else { return Ok((records, None)) };
    let over = newest - oldest;
    if over < GROWTH_OVER_MIN {
        return Ok((records, None));
    }
    let came = u64::try_from(last.saturating_sub(first)).unwrap_or(0).min(records);
    let seconds = u64::try_from(over.num_seconds()).unwrap_or(1).max(1);
    Ok((records, Some(came.saturating_mul(86_400) / seconds)))
}

/// The instant of an id, to the millisecond: its first 48 bits.
fn time_of(id: [u8; 16]) -> DateTime<Utc> {
    let millis = u128::from_be_bytes(id) >> 80;
    DateTime::from_timestamp_millis(i64::try_from(millis).unwrap_or(0)).unwrap_or_default()
}
