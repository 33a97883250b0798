//! How far what happened was told.

use prost::Message;

use super::CodecError;
use super::field::{id, instant, list, millis, nested, number_of, numbered, optional_id, required, to_list};
use crate::domain::{DeadNotice, NoticeBook, NoticeMark, NoticeName, NoticePlace, RecordId, WaitingNotice};

/// A brand's.
#[derive(Message)]
#[prost(skip_debug)]
pub(super) struct StoredNotices {
    #[prost(uint64, optional, tag = "1")]
    epoch: Option<u64>,
    /// One for each journal.
    #[prost(message, repeated, tag = "2")]
    places: Vec<StoredNoticePlace>,
    #[prost(sint64, optional, tag = "3")]
    read_until: Option<i64>,
    #[prost(message, repeated, tag = "4")]
    waiting: Vec<StoredWaiting>,
    #[prost(message, repeated, tag = "5")]
    dead: Vec<StoredDead>,
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredNoticePlace {
    #[prost(uint64, optional, tag = "1")]
    place: Option<u64>,
    #[prost(bytes = "vec", optional, tag = "2")]
    record: Option<Vec<u8>>,
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredNoticeName {
    #[prost(bytes = "vec", optional, tag = "1")]
    record: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "2")]
    to: Option<Vec<u8>>,
    #[prost(uint32, optional, tag = "3")]
    nth: Option<u32>,
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredWaiting {
    #[prost(message, optional, tag = "1")]
    name: Option<StoredNoticeName>,
    #[prost(uint32, optional, tag = "2")]
    tries: Option<u32>,
    #[prost(sint64, optional, tag = "3")]
    since: Option<i64>,
    #[prost(sint64, optional, tag = "4")]
    next_at: Option<i64>,
    #[prost(bool, optional, tag = "5")]
    asked: Option<bool>,
    #[prost(uint32, optional, tag = "6")]
    vain: Option<u32>,
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredDead {
    #[prost(message, optional, tag = "1")]
    name: Option<StoredNoticeName>,
    #[prost(sint64, optional, tag = "2")]
    at: Option<i64>,
    #[prost(uint32, optional, tag = "3")]
    end: Option<u32>,
}

impl From<&NoticeBook> for StoredNotices {
    fn from(book: &NoticeBook) -> Self {
        let NoticeBook { epoch, places, read_until, waiting, dead } = book;
        Self {
            epoch: Some(*epoch),
            places: to_list(places),
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
            places: list(places)?,
            read_until: instant(read_until, "notices.read_until")?,
            waiting: list(waiting)?,
            dead: list(dead)?,
        })
    }
}

impl From<&NoticePlace> for StoredNoticePlace {
    fn from(NoticePlace { place, record }: &NoticePlace) -> Self {
        Self { place: Some(*place), record: record.map(|record| record.to_bytes().to_vec()) }
    }
}

impl TryFrom<StoredNoticePlace> for NoticePlace {
    type Error = CodecError;

    fn try_from(StoredNoticePlace { place, record }: StoredNoticePlace) -> Result<Self, CodecError> {
        let record = optional_id(record, "notice_place.record", RecordId::from_u128)?;
        Ok(Self { place: required(place, "notice_place.place")?, record })
    }
}

impl From<&NoticeName> for StoredNoticeName {
    fn from(NoticeName { record, to, nth }: &NoticeName) -> Self {
        let to = to.map(|NoticeMark(mark)| mark.to_be_bytes().to_vec());
        Self { record: Some(record.to_bytes().to_vec()), to, nth: Some(*nth) }
    }
}

impl TryFrom<StoredNoticeName> for NoticeName {
    type Error = CodecError;

    fn try_from(StoredNoticeName { record, to, nth }: StoredNoticeName) -> Result<Self, CodecError> {
        Ok(Self {
            record: id(record, "notice_name.record", RecordId::from_u128)?,
            to: optional_id(to, "notice_name.to", NoticeMark)?,
            nth: required(nth, "notice_name.nth")?,
        })
    }
}

impl From<&WaitingNotice> for StoredWaiting {
    fn from(waiting: &WaitingNotice) -> Self {
        let WaitingNotice { name, tries, since, next_at, asked, vain } = waiting;
        Self {
            name: Some(name.into()),
            tries: Some(*tries),
            since: Some(millis(*since)),
            next_at: Some(millis(*next_at)),
            asked: Some(*asked),
            vain: Some(*vain),
        }
    }
}

impl TryFrom<StoredWaiting> for WaitingNotice {
    type Error = CodecError;

    fn try_from(stored: StoredWaiting) -> Result<Self, CodecError> {
        let StoredWaiting { name, tries, since, next_at, asked, vain } = stored;
        Ok(Self {
            name: nested(name, "waiting_notice.name")?,
            tries: required(tries, "waiting_notice.tries")?,
            since: instant(since, "waiting_notice.since")?,
            next_at: instant(next_at, "waiting_notice.next_at")?,
            asked: required(asked, "waiting_notice.asked")?,
            vain: required(vain, "waiting_notice.vain")?,
        })
    }
}

impl From<&DeadNotice> for StoredDead {
    fn from(DeadNotice { name, at, end }: &DeadNotice) -> Self {
        Self { name: Some(name.into()), at: Some(millis(*at)), end: Some(number_of(*end)) }
    }
}

impl TryFrom<StoredDead> for DeadNotice {
    type Error = CodecError;

    fn try_from(StoredDead { name, at, end }: StoredDead) -> Result<Self, CodecError> {
        Ok(Self {
            name: nested(name, "dead_notice.name")?,
            at: instant(at, "dead_notice.at")?,
            end: numbered(end, "dead_notice.end")?,
        })
    }
}
