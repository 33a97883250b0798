//! What goes to the scripts and what comes back, as bytes.

use chrono::{DateTime, Utc};
use redis::Value;

use crate::crypto::Token;
use crate::domain::RecordId;
use crate::store::{DueEntry, Row, StoreError, StoredRecord, Window, WindowEvent};

/// Bytes that are to be read by a person.
pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Bytes of an instant.
pub(super) const INSTANT_BYTES: usize = 12;

/// Bytes of a version.
const VERSION_BYTES: usize = 8;

/// Bytes of an event: instant, subject, attempt.
const EVENT_BYTES: usize = INSTANT_BYTES + 2 * Token::BYTES;

/// An instant: seconds since 1970 with the sign bit turned, then nanoseconds, big end first; so bytes are in the order of
/// instants.
pub(super) fn instant(at: DateTime<Utc>) -> [u8; INSTANT_BYTES] {
    let seconds = at.timestamp().cast_unsigned() ^ (1 << 63);
    let mut bytes = [0; INSTANT_BYTES];
    let (high, low) = bytes.split_at_mut(8);
    high.copy_from_slice(&seconds.to_be_bytes());
    low.copy_from_slice(&at.timestamp_subsec_nanos().to_be_bytes());
    bytes
}

/// Back from it.
pub(super) fn instant_of(bytes: &[u8]) -> Option<DateTime<Utc>> {
    let (seconds, nanos) = bytes.split_at_checked(8)?;
    let seconds = (u64::from_be_bytes(seconds.try_into().ok()?) ^ (1 << 63)).cast_signed();
    DateTime::from_timestamp(seconds, u32::from_be_bytes(nanos.try_into().ok()?))
}

/// The version that a write expects; nothing where there must be no row.
pub(super) fn version(expect: u64) -> Vec<u8> {
    if expect == 0 { Vec::new() } else { expect.to_be_bytes().to_vec() }
}

/// A row as kept; a permit's says whose it is.
pub(super) fn row(version: u64, account: Option<Token>, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(body.len().saturating_add(VERSION_BYTES + Token::BYTES));
    bytes.extend_from_slice(&version.to_be_bytes());
    if let Some(account) = account {
        bytes.extend_from_slice(account.as_bytes());
    }
    bytes.extend_from_slice(body);
    bytes
}

/// How many bytes stand before the body of a row, of a permit and of a record.
pub(super) const BEFORE_ROW: usize = VERSION_BYTES;
pub(super) const BEFORE_PERMIT: usize = VERSION_BYTES + Token::BYTES;
pub(super) const BEFORE_RECORD: usize = Token::BYTES;

/// Back from a row.
pub(super) fn row_of(mut bytes: Vec<u8>) -> Result<Row, StoreError> {
    let version = bytes.get(..VERSION_BYTES).and_then(|version| version.try_into().ok()).map(u64::from_be_bytes);
    let version = version.ok_or_else(|| damaged("a row without a version"))?;
    bytes.drain(..BEFORE_ROW);
    Ok(Row { version, body: bytes })
}

/// Back from a permit: whose it is, and its row.
pub(super) fn permit_of(mut bytes: Vec<u8>) -> Result<(Token, Row), StoreError> {
    let account = bytes.get(BEFORE_ROW..BEFORE_PERMIT).and_then(token_of);
    let account = account.ok_or_else(|| damaged("a permit without an account"))?;
    bytes.drain(BEFORE_ROW..BEFORE_PERMIT);
    Ok((account, row_of(bytes)?))
}

/// A record as kept.
pub(super) fn record(account: Token, body: &[u8]) -> Vec<u8> {
    [account.as_bytes(), body].concat()
}

/// Back from it.
pub(super) fn record_of(mut bytes: Vec<u8>) -> Result<StoredRecord, StoreError> {
    let account = bytes.get(..BEFORE_RECORD).and_then(token_of);
    let account = account.ok_or_else(|| damaged("a record without an account"))?;
    bytes.drain(..BEFORE_RECORD);
    Ok(StoredRecord { account, body: bytes })
}

/// A due entry, in the order of entries.
pub(super) fn due(entry: &DueEntry) -> Vec<u8> {
    let mut bytes = instant(entry.at).to_vec();
    bytes.extend_from_slice(entry.account.as_bytes());
    if let Some(line) = entry.line {
        bytes.extend_from_slice(line.as_bytes());
    }
    bytes
}

/// Back from it.
pub(super) fn due_of(bytes: &[u8]) -> Option<DueEntry> {
    let (at, rest) = bytes.split_at_checked(INSTANT_BYTES)?;
    let (account, line) = rest.split_at_checked(Token::BYTES)?;
    let line = if line.is_empty() { None } else { Some(token_of(line)?) };
    Some(DueEntry { at: instant_of(at)?, account: token_of(account)?, line })
}

/// Back from a window. Its events stand in the order they came; here they stand by instant and attempt.
pub(super) fn window_of(bytes: &[u8]) -> Result<Window, StoreError> {
    let (events, rest) = bytes.as_chunks::<EVENT_BYTES>();
    if !rest.is_empty() {
        return Err(damaged("a window"));
    }
    let event = |bytes: &[u8; EVENT_BYTES]| {
        let (at, tokens) = bytes.split_at(INSTANT_BYTES);
        let (subject, attempt) = tokens.split_at(Token::BYTES);
        Some(WindowEvent { at: instant_of(at)?, subject: token_of(subject)?, attempt: token_of(attempt)? })
    };
    let mut events = events.iter().map(event).collect::<Option<Vec<_>>>().ok_or_else(|| damaged("a window"))?;
    events.sort_unstable_by_key(|event| (event.at, event.attempt));
    Ok(Window { events })
}

/// A window as kept.
pub(super) fn window(window: &Window) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(window.events.len().saturating_mul(EVENT_BYTES));
    for event in &window.events {
        bytes.extend_from_slice(&instant(event.at));
        bytes.extend_from_slice(event.subject.as_bytes());
        bytes.extend_from_slice(event.attempt.as_bytes());
    }
    bytes
}

/// A token's bytes.
pub(super) fn token_of(bytes: &[u8]) -> Option<Token> {
    bytes.try_into().ok().map(Token::from_bytes)
}

/// A record's id.
pub(super) fn id_of(bytes: &[u8]) -> Result<RecordId, StoreError> {
    let bits = bytes.try_into().map(u128::from_be_bytes).map_err(|_| damaged("a record's id"))?;
    Ok(RecordId::from_u128(bits))
}

/// What cannot have been written here.
pub(super) fn damaged(what: &str) -> StoreError {
    StoreError::Damaged(format!("{what} cannot be read"))
}

/// A script's reply: what it says first, and the rest.
pub(super) struct Told(std::vec::IntoIter<Value>);

impl Told {
    /// Of a script: a list that begins with a word.
    pub(super) fn of(value: Value) -> Result<(String, Self), StoreError> {
        let mut told = Self(list(value)?.into_iter());
        let word = String::from_utf8(told.bytes()?).map_err(|_| unexpected())?;
        Ok((word, told))
    }

    /// Of a list.
    pub(super) fn list(value: Value) -> Result<Self, StoreError> {
        Ok(Self(list(value)?.into_iter()))
    }

    pub(super) fn next(&mut self) -> Result<Value, StoreError> {
        self.0.next().ok_or_else(unexpected)
    }

    pub(super) fn bytes(&mut self) -> Result<Vec<u8>, StoreError> {
        self.found()?.ok_or_else(unexpected)
    }

    /// Bytes, or nothing where nothing is kept.
    pub(super) fn found(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        bytes(self.next()?)
    }

    pub(super) fn number(&mut self) -> Result<u64, StoreError> {
        number(&self.next()?)
    }

    pub(super) fn inner(&mut self) -> Result<Self, StoreError> {
        Self::list(self.next()?)
    }
}

/// The items of a list.
pub(super) fn list(value: Value) -> Result<Vec<Value>, StoreError> {
    match value {
        Value::Array(items) => Ok(items),
        _ => Err(unexpected()),
    }
}

/// Bytes, or nothing.
pub(super) fn bytes(value: Value) -> Result<Option<Vec<u8>>, StoreError> {
    match value {
        Value::BulkString(bytes) => Ok(Some(bytes)),
        Value::SimpleString(text) => Ok(Some(text.into_bytes())),
        Value::Nil => Ok(None),
        _ => Err(unexpected()),
    }
}

/// A number, as an integer or as text.
pub(super) fn number(value: &Value) -> Result<u64, StoreError> {
    match value {
        Value::Int(number) => u64::try_from(*number).map_err(|_| unexpected()),
        Value::BulkString(text) => {
            std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()).ok_or_else(unexpected)
        }
        _ => Err(unexpected()),
    }
}

/// A reply that no script of ours gives.
pub(super) fn unexpected() -> StoreError {
    StoreError::Unavailable("the Redis answered what was not asked".to_owned())
}
