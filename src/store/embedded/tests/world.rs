//! A store in a folder of its own, and what the tests do to it.

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use tempfile::TempDir;

use crate::crypto::Token;
use crate::domain::RecordId;
use crate::store::embedded::{EmbeddedStore, OpenOptions};
use crate::store::{
    Claim, Commit, CommitError, Load, NewRecord, Reserve, Row, Slot, Store, StoreError, StoredRecord, Urgency, Write,
};

/// The database's file.
pub(super) const DATABASE: &str = "portcullis.db";
/// Its write-ahead log.
pub(super) const LOG: &str = "portcullis.db-wal";

pub(super) fn folder() -> TempDir {
    TempDir::new().unwrap()
}

pub(super) fn options(path: &Path) -> OpenOptions {
    OpenOptions::new(path, vec![("index 1".to_owned(), token(0))], 7)
}

pub(super) fn open(path: &Path) -> EmbeddedStore {
    EmbeddedStore::open(&options(path)).unwrap()
}

pub(super) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap() + TimeDelta::seconds(seconds)
}

pub(super) fn token(number: u64) -> Token {
    let bits = u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    Token::from_bytes(bits.to_be_bytes())
}

pub(super) fn reserve(number: u64) -> Reserve {
    Reserve { request: token(number.wrapping_add(1 << 32)), digest: [1; 32] }
}

pub(super) fn record(number: u64) -> RecordId {
    let millis = u128::from(at(0).timestamp_millis().cast_unsigned());
    RecordId::from_u128((millis << 80) | (7 << 76) | (0b10 << 62) | u128::from(number))
}

/// The commit that makes account `number`: a head, a line, a record, a claim.
pub(super) fn account(number: u64, now: DateTime<Utc>) -> Commit {
    let write = |slot, body: &str| Write { slot, expect: 0, body: Some(format!("{body} {number}").into_bytes()) };
    let record = record(number);
    Commit {
        account: token(number),
        now,
        urgency: Urgency::Ordinary,
        writes: vec![write(Slot::Head, "head"), write(Slot::Line(token(number)), "line")],
        records: vec![NewRecord { id: record, body: vec![number.to_be_bytes()[7]; 300] }],
        claim: Some(Claim { reserve: reserve(number), record }),
        settle: vec![],
        due: vec![],
        done: vec![],
    }
}

pub(super) async fn make(store: &EmbeddedStore, numbers: std::ops::Range<u64>) -> Result<(), CommitError> {
    for number in numbers {
        store.commit(account(number, at(0))).await?;
    }
    Ok(())
}

/// Everything that account `number` was made with: there, wholly and rightly, or an error.
pub(super) async fn whole(store: &EmbeddedStore, number: u64) -> Result<bool, StoreError> {
    let load = Load {
        account: token(number),
        slots: vec![Slot::Head, Slot::Line(token(number))],
        reserve: None,
        charges: vec![],
        windows: vec![],
        now: at(0),
        at_least: None,
    };
    let row = |body: &str| Some(Row { version: 1, body: format!("{body} {number}").into_bytes() });
    let kept = StoredRecord { account: token(number), body: vec![number.to_be_bytes()[7]; 300] };
    let rows = store.load(load).await?.rows == [row("head"), row("line")];
    let recorded = store.record(record(number)).await? == Some(kept);
    let again = Commit { now: at(1_000_000), ..account(number, at(0)) };
    let answered = match store.commit(again).await {
        Err(CommitError::Answered(known)) => known == record(number),
        Err(CommitError::Store(error)) => return Err(error),
        _ => false,
    };
    Ok(rows && recorded && answered)
}

/// The folder as a process that is killed now would leave it.
pub(super) fn killed(path: &Path) -> TempDir {
    let copy = folder();
    for file in std::fs::read_dir(path).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
    }
    copy
}
