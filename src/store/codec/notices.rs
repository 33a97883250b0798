//! How far what happened was told.

use prost::Message;

use super::CodecError;
use super::field::{id, instant, list, millis, number_of, numbered, required, to_list};
use crate::domain::{DeadNotice, NoticeBook, RecordId, WaitingNotice};

/// A brand's.
#[derive(Message)]
#[prost(skip_debug)]
pub(super) struct StoredNotices {
    #[prost(uint64, optional, tag = "1")]
    epoch: Option<u64>,
    /// One for each journal.
    #[prost(uint64, repeated, tag = "2")]
    places: Vec<u64>,
    #[prost(sint64, optional, tag = "3")]
    read_until: Option<i64>,
    #[prost(message, repeated, tag = "4")]
    waiting: Vec<StoredWaiting>,
    #[prost(message, repeated, tag = "5")]
    dead: Vec<StoredDead>,
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredWaiting {
    #[prost(bytes = "vec", optional, tag = "1")]
    record: Option<Vec<u8>>,
    #[prost(uint32, optional, tag = "2")]
    nth: Option<u32>,
    #[prost(uint32, optional, tag = "3")]
    tries: Option<u32>,
    #[prost(sint64, optional, tag = "4")]
    since: Option<i64>,
    #[prost(sint64, optional, tag = "5")]
    next_at: Option<i64>,
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredDead {
    #[prost(bytes = "vec", optional, tag = "1")]
    record: Option<Vec<u8>>,
    #[prost(uint32, optional, tag = "2")]
    nth: Option<u32>,
    #[prost(sint64, optional, tag = "3")]
    at: Option<i64>,
    #[prost(uint32, optional, tag = "4")]
    end: Option<u32>,
}

impl From<&NoticeBook> for StoredNotices {
    fn from(book: &NoticeBook) -> Self {
        let NoticeBook { epoch, places, read_until, waiting, dead } = book;
        Self {
            epoch: Some(*epoch),
            places: places.clone(),
            read_until: Some(millis(*read_until)),
            waiting: to_list(waiting),
            dead: to_list(dead),
        }
    }
}

impl TryFrom<StoredNotices> for NoticeBook {
    type Error = CodecError;

    fn try_from(stored: StoredNotices) -> Result<Self, CodecError> {
        let StoredNotices { epoch, places, read_until, waiting, dead } = stored;
        Ok(Self {
            epoch: required(epoch, "notices.epoch")?,
            places,
            read_until: instant(read_until, "notices.read_until")?,
            waiting: list(waiting)?,
            dead: list(dead)?,
        })
    }
}

impl From<&WaitingNotice> for StoredWaiting {
    fn from(waiting: &WaitingNotice) -> Self {
        let WaitingNotice { record, nth, tries, since, next_at } = waiting;
        Self {
            record: Some(record.to_bytes().to_vec()),
            nth: Some(*nth),
            tries: Some(*tries),
            since: Some(millis(*since)),
            next_at: Some(millis(*next_at)),
        }
    }
}

impl TryFrom<StoredWaiting> for WaitingNotice {
    type Error = CodecError;

    fn try_from(stored: StoredWaiting) -> Result<Self, CodecError> {
        let StoredWaiting { record, nth, tries, since, next_at } = stored;
        Ok(Self {
            record: id(record, "waiting_notice.record", RecordId::from_u128)?,
            nth: required(nth, "waiting_notice.nth")?,
            tries: required(tries, "waiting_notice.tries")?,
            since: instant(since, "waiting_notice.since")?,
            next_at: instant(next_at, "waiting_notice.next_at")?,
        })
    }
}

impl From<&DeadNotice> for StoredDead {
    fn from(dead: &DeadNotice) -> Self {
        let DeadNotice { record, nth, at, end } = dead;
        Self {
            record: Some(record.to_bytes().to_vec()),
            nth: Some(*nth),
            at: Some(millis(*at)),
            end: Some(number_of(*end)),
        }
    }
}

impl TryFrom<StoredDead> for DeadNotice {
    type Error = CodecError;

    fn try_from(stored: StoredDead) -> Result<Self, CodecError> {
        let StoredDead { record, nth, at, end } = stored;
        Ok(Self {
            record: id(record, "dead_notice.record", RecordId::from_u128)?,
            nth: required(nth, "dead_notice.nth")?,
            at: instant(at, "dead_notice.at")?,
            end: numbered(end, "dead_notice.end")?,
        })
    }
}
