//! A segment: records in the order they were committed, exactly as they were stored.
//!
//! ```text
//! header   8 bytes  "PTCLSEG1"                     the last character is the format's number
//!          8 bytes  the store's epoch
//!          2 bytes  the number of the journal
//!          8 bytes  after: the place where the segment before it ends
//! record   4 bytes  length of what follows          44 at least
//!          8 bytes  place in the journal: higher than the one before it
//!         16 bytes  the record's id
//!         16 bytes  the account's token
//!          …        the sealed body
//! …
//! footer   4 bytes  zero
//!          4 bytes  number of records
//!          8 bytes  place of the last record
//!         32 bytes  SHA-256 of everything before it
//! ```
//!
//! Numbers are unsigned, highest byte first.

use chrono::{DateTime, Utc};

use super::digest::Digest;
use crate::crypto::{Token, sha256_plain};
use crate::domain::RecordId;

/// The longest segment, in bytes: it is written, read back and checked in memory.
pub const SEGMENT_BYTES_MAX: usize = 64 * 1_024 * 1_024;

/// The longest body of a record, in bytes.
pub const RECORD_BODY_BYTES_MAX: usize = 256 * 1_024;

const MAGIC: [u8; 8] = *b"PTCLSEG1";
const HEADER_BYTES: usize = 8 + 8 + 2 + 8;
const LENGTH_BYTES: usize = 4;
const NAME_BYTES: usize = 8 + 16 + 16;
const FOOTER_BYTES: usize = LENGTH_BYTES + 4 + 8 + 32;

/// A record on its way out of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Archived<'a> {
    /// Its place in the journal.
    pub place: u64,
    /// Its id.
    pub id: RecordId,
    /// Its account.
    pub account: Token,
    /// Sealed bytes.
    pub body: &'a [u8],
}

/// What a segment holds, without its records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The life of the store it came from.
    pub epoch: u64,
    /// Which of the store's journals it is from.
    pub journal: u16,
    /// The place where the segment before it ends; 0 for a journal's first.
    pub after: u64,
    /// The place of its first record.
    pub first: u64,
    /// The place of its last record.
    pub last: u64,
    /// How many records.
    pub records: u32,
    /// How many bytes.
    pub bytes: u64,
    /// When the earliest of its records was made.
    pub first_at: DateTime<Utc>,
    /// When the latest of its records was made.
    pub last_at: DateTime<Utc>,
    /// Numbers of the seal keys that open them.
    pub seal_keys: Vec<u8>,
    /// The digest of all its bytes.
    pub sha256: Digest,
}

/// Bytes that are no segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("at byte {at}: {what}")]
pub struct SegmentError {
    /// Where it shows.
    pub at: u64,
    /// What is wrong there.
    pub what: &'static str,
}

/// A segment about to be written.
#[derive(Debug)]
pub struct SegmentBuilder {
    bytes: Vec<u8>,
    gathered: Gathered,
}

/// A segment that was read, whole and well formed.
#[derive(Debug)]
pub struct Segment<'a> {
    summary: Summary,
    records: Vec<Archived<'a>>,
}

impl SegmentBuilder {
    /// An empty one, of a journal in a store's life, that begins after a place.
    pub fn new(epoch: u64, journal: u16, after: u64) -> Self {
        let mut bytes = Vec::with_capacity(HEADER_BYTES);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&epoch.to_be_bytes());
        bytes.extend_from_slice(&journal.to_be_bytes());
        bytes.extend_from_slice(&after.to_be_bytes());
        Self { bytes, gathered: Gathered::new(epoch, journal, after) }
    }

    /// Adds a record. `false` where the segment is full: the record then begins the next one.
    pub fn push(&mut self, record: &Archived<'_>) -> Result<bool, SegmentError> {
        let end = self.bytes.len().saturating_add(LENGTH_BYTES + NAME_BYTES).saturating_add(record.body.len());
        if end.saturating_add(FOOTER_BYTES) > SEGMENT_BYTES_MAX {
            return Ok(false);
        }
        let at = self.bytes.len();
        let length = check_body(record.body, at)?;
        self.gathered.take(record, at)?;
        self.bytes.extend_from_slice(&length.to_be_bytes());
        self.bytes.extend_from_slice(&record.place.to_be_bytes());
        self.bytes.extend_from_slice(&record.id.to_bytes());
        self.bytes.extend_from_slice(record.account.as_bytes());
        self.bytes.extend_from_slice(record.body);
        Ok(true)
    }

    /// Whether it has no record yet.
    pub const fn is_empty(&self) -> bool {
        self.gathered.records == 0
    }

    /// Its bytes and what they hold; an error where it has no record.
    pub fn finish(mut self) -> Result<(Vec<u8>, Summary), SegmentError> {
        self.bytes.extend_from_slice(&0_u32.to_be_bytes());
        self.bytes.extend_from_slice(&self.gathered.records.to_be_bytes());
        self.bytes.extend_from_slice(&self.gathered.last.to_be_bytes());
        let digest = sha256_plain(&self.bytes);
        self.bytes.extend_from_slice(&digest);
        let summary = self.gathered.summary(&self.bytes)?;
        Ok((self.bytes, summary))
    }
}

impl<'a> Segment<'a> {
    /// What it holds.
    pub const fn summary(&self) -> &Summary {
        &self.summary
    }

    /// Its records, in the order of commits.
    pub fn records(&self) -> &[Archived<'a>] {
        &self.records
    }
}

/// Reads a segment. Any bytes give a segment or an error, in memory of about their own length.
pub fn parse_segment(bytes: &[u8]) -> Result<Segment<'_>, SegmentError> {
    let mut reader = Reader { bytes, at: 0 };
    if bytes.len() > SEGMENT_BYTES_MAX {
        return Err(reader.fails("longer than any segment"));
    }
    if reader.take::<8>()? != MAGIC {
        return Err(SegmentError { at: 0, what: "not the beginning of a segment of a known format" });
    }
    let (epoch, journal) = (u64::from_be_bytes(reader.take()?), u16::from_be_bytes(reader.take()?));
    let mut gathered = Gathered::new(epoch, journal, u64::from_be_bytes(reader.take()?));
    let mut records = Vec::new();
    loop {
        let at = reader.at;
        let length = u32::from_be_bytes(reader.take()?) as usize;
        if length == 0 {
            break;
        }
        let body_bytes = length.checked_sub(NAME_BYTES).ok_or(fault(at, "a record shorter than its name"))?;
        let place = u64::from_be_bytes(reader.take()?);
        let id = RecordId::from_u128(u128::from_be_bytes(reader.take()?));
        let account = Token::from_bytes(reader.take()?);
        let record = Archived { place, id, account, body: reader.slice(body_bytes)? };
        check_body(record.body, at)?;
        gathered.take(&record, at)?;
        records.push(record);
    }
    let told = reader.at;
    let (count, last) = (u32::from_be_bytes(reader.take()?), u64::from_be_bytes(reader.take()?));
    if (count, last) != (gathered.records, gathered.last) {
        return Err(fault(told, "the footer counts other records than there are"));
    }
    let digested = reader.at;
    let digest: [u8; 32] = reader.take()?;
    if reader.at != bytes.len() {
        return Err(reader.fails("bytes behind the footer"));
    }
    if bytes.get(..digested).map(sha256_plain) != Some(digest) {
        return Err(fault(digested, "the footer's digest is of other bytes"));
    }
    Ok(Segment { summary: gathered.summary(bytes)?, records })
}

/// The length of a record with this body, as it is written.
fn check_body(body: &[u8], at: usize) -> Result<u32, SegmentError> {
    match body.len() {
        0..=3 => Err(fault(at, "a record's body is too short to be sealed")),
        length if length > RECORD_BODY_BYTES_MAX => Err(fault(at, "a record's body is too long")),
        length => u32::try_from(length.saturating_add(NAME_BYTES)).map_err(|_| fault(at, "a record is too long")),
    }
}

const fn fault(at: usize, what: &'static str) -> SegmentError {
    SegmentError { at: at as u64, what }
}

/// What is learnt from the records one by one.
#[derive(Debug)]
struct Gathered {
    epoch: u64,
    journal: u16,
    after: u64,
    first: Option<u64>,
    last: u64,
    records: u32,
    made: Option<(DateTime<Utc>, DateTime<Utc>)>,
    seal_keys: [bool; 256],
}

impl Gathered {
    const fn new(epoch: u64, journal: u16, after: u64) -> Self {
        Self { epoch, journal, after, first: None, last: after, records: 0, made: None, seal_keys: [false; 256] }
    }

    fn take(&mut self, record: &Archived<'_>, at: usize) -> Result<(), SegmentError> {
        if record.place <= self.last {
            return Err(fault(at, "a record's place is not higher than the one before it"));
        }
        let made_at = record.id.minted_at();
        self.made = Some(self.made.map_or((made_at, made_at), |(first, last)| (first.min(made_at), last.max(made_at))));
        self.first.get_or_insert(record.place);
        self.last = record.place;
        self.records = self.records.checked_add(1).ok_or(fault(at, "too many records"))?;
        // A sealed body begins with its format and the number of its key.
        if let [_, key, ..] = record.body
            && let Some(used) = self.seal_keys.get_mut(usize::from(*key))
        {
            *used = true;
        }
        Ok(())
    }

    fn summary(&self, bytes: &[u8]) -> Result<Summary, SegmentError> {
        let (Some(first), Some((first_at, last_at))) = (self.first, self.made) else {
            return Err(fault(HEADER_BYTES, "a segment without a record"));
        };
        Ok(Summary {
            epoch: self.epoch,
            journal: self.journal,
            after: self.after,
            first,
            last: self.last,
            records: self.records,
            bytes: bytes.len() as u64,
            first_at,
            last_at,
            seal_keys: (0..=u8::MAX).zip(self.seal_keys).filter_map(|(key, used)| used.then_some(key)).collect(),
            sha256: Digest(sha256_plain(bytes)),
        })
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    const fn fails(&self, what: &'static str) -> SegmentError {
        fault(self.at, what)
    }

    fn slice(&mut self, length: usize) -> Result<&'a [u8], SegmentError> {
        let end = self.at.checked_add(length);
        let slice = end.and_then(|end| self.bytes.get(self.at..end)).ok_or(self.fails("the segment ends too early"))?;
        self.at = self.at.saturating_add(length);
        Ok(slice)
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], SegmentError> {
        let at = self.at;
        self.slice(N)?.first_chunk().copied().ok_or(fault(at, "the segment ends too early"))
    }
}
