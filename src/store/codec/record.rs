//! A link of an account's chain.

use prost::Message;

use super::CodecError;
use super::envelope::{Envelope, read, write};
use super::event::StoredEvent;
use super::field::{
    digest, id, instant, millis, nested, number_of, numbered, optional_id, optional_nested, optional_numbered,
    required, text,
};
use crate::audit::{Caller, LineTrace, Record};
use crate::domain::RecordId;

/// The bytes of a record, to be sealed and hashed: equal records give equal bytes.
pub fn encode_record(record: &Record) -> Vec<u8> {
    write(&StoredRecord::from(record))
}

/// The record in `bytes`.
///
/// # Errors
/// Whatever is not read in full, with the place.
pub fn decode_record(bytes: &[u8]) -> Result<Record, CodecError> {
    read::<StoredRecord>(bytes)?.try_into()
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredRecord {
    #[prost(uint32, tag = "1")]
    format: u32,
    #[prost(bytes = "vec", optional, tag = "2")]
    id: Option<Vec<u8>>,
    #[prost(uint64, optional, tag = "3")]
    seq: Option<u64>,
    #[prost(sint64, optional, tag = "4")]
    at: Option<i64>,
    #[prost(bytes = "vec", optional, tag = "5")]
    previous: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "6")]
    previous_hash: Option<Vec<u8>>,
    #[prost(message, optional, tag = "7")]
    line: Option<StoredTrace>,
    #[prost(message, optional, tag = "8")]
    caller: Option<StoredCaller>,
    #[prost(uint32, optional, tag = "9")]
    channel: Option<u32>,
    // Last, because it must be there: bytes that were cut off anywhere lack it.
    #[prost(
        oneof = "StoredEvent",
        tags = "10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44"
    )]
    event: Option<StoredEvent>,
}

impl Envelope for StoredRecord {
    const NAME: &'static str = "record";
    const FORMAT: u32 = 1;
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredTrace {
    #[prost(string, optional, tag = "1")]
    id: Option<String>,
    #[prost(bytes = "vec", optional, tag = "2")]
    previous: Option<Vec<u8>>,
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredCaller {
    #[prost(string, optional, tag = "1")]
    subject: Option<String>,
    #[prost(uint32, optional, tag = "2")]
    role: Option<u32>,
}

impl From<&Record> for StoredRecord {
    fn from(record: &Record) -> Self {
        let Record { id, seq, at, previous, previous_hash, line, caller, channel, event } = record;
        Self {
            format: Self::FORMAT,
            id: Some(id.to_bytes().to_vec()),
            seq: Some(*seq),
            at: Some(millis(*at)),
            previous: previous.map(|record| record.to_bytes().to_vec()),
            previous_hash: Some(previous_hash.to_vec()),
            line: line.as_ref().map(StoredTrace::from),
            caller: caller.as_ref().map(StoredCaller::from),
            channel: channel.map(number_of),
            event: Some(event.into()),
        }
    }
}

impl TryFrom<StoredRecord> for Record {
    type Error = CodecError;

    fn try_from(stored: StoredRecord) -> Result<Self, CodecError> {
        let StoredRecord { format: _, id: name, seq, at, previous, previous_hash, line, caller, channel, event } =
            stored;
        Ok(Self {
            id: id(name, "record.id", RecordId::from_u128)?,
            seq: required(seq, "record.seq")?,
            at: instant(at, "record.at")?,
            previous: optional_id(previous, "record.previous", RecordId::from_u128)?,
            previous_hash: digest(previous_hash, "record.previous_hash")?,
            line: optional_nested(line)?,
            caller: optional_nested(caller)?,
            channel: optional_numbered(channel, "record.channel")?,
            event: nested(event, "record.event")?,
        })
    }
}

impl From<&LineTrace> for StoredTrace {
    fn from(trace: &LineTrace) -> Self {
        let LineTrace { id, previous } = trace;
        Self { id: Some(id.as_str().to_owned()), previous: previous.map(|record| record.to_bytes().to_vec()) }
    }
}

impl TryFrom<StoredTrace> for LineTrace {
    type Error = CodecError;

    fn try_from(stored: StoredTrace) -> Result<Self, CodecError> {
        let StoredTrace { id, previous } = stored;
        Ok(Self {
            id: text(id, "line_trace.id")?,
            previous: optional_id(previous, "line_trace.previous", RecordId::from_u128)?,
        })
    }
}

impl From<&Caller> for StoredCaller {
    fn from(caller: &Caller) -> Self {
        let Caller { subject, role } = caller;
        Self { subject: Some(subject.as_str().to_owned()), role: Some(number_of(*role)) }
    }
}

impl TryFrom<StoredCaller> for Caller {
    type Error = CodecError;

    fn try_from(stored: StoredCaller) -> Result<Self, CodecError> {
        let StoredCaller { subject, role } = stored;
        Ok(Self { subject: text(subject, "caller.subject")?, role: numbered(role, "caller.role")? })
    }
}
