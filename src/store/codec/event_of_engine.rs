//! What a record of the engine's own account says happened.

use prost::Message;

use super::CodecError;
use super::field::{
    digest, id, millis, nested, number_of, numbered, of_number, optional_instant, optional_numbered, optional_text,
    required,
};
use crate::audit::{Event, RecordFilter, SegmentTrace};
use crate::domain::RecordId;

#[derive(Message)]
#[prost(skip_debug)]
pub(super) struct StoredRecordsRead {
    #[prost(uint32, optional, tag = "1")]
    pub(super) how: Option<u32>,
    #[prost(message, optional, tag = "2")]
    pub(super) filter: Option<StoredFilter>,
}

#[derive(Message)]
#[prost(skip_debug)]
pub(super) struct StoredCheckpoint {
    #[prost(uint64, optional, tag = "1")]
    pub(super) accounts: Option<u64>,
    #[prost(bytes = "vec", optional, tag = "2")]
    pub(super) digest: Option<Vec<u8>>,
}

#[derive(Message)]
#[prost(skip_debug)]
pub(super) struct StoredExport {
    #[prost(bytes = "vec", optional, tag = "1")]
    export: Option<Vec<u8>>,
    #[prost(uint64, optional, tag = "2")]
    records: Option<u64>,
    #[prost(bytes = "vec", optional, tag = "3")]
    digest: Option<Vec<u8>>,
}

#[derive(Message)]
#[prost(skip_debug)]
pub(super) struct StoredFilter {
    #[prost(string, optional, tag = "1")]
    account: Option<String>,
    #[prost(string, optional, tag = "2")]
    line: Option<String>,
    #[prost(sint64, optional, tag = "3")]
    from: Option<i64>,
    #[prost(sint64, optional, tag = "4")]
    before: Option<i64>,
    #[prost(uint32, repeated, tag = "5")]
    kinds: Vec<u32>,
    #[prost(string, optional, tag = "6")]
    caller: Option<String>,
    #[prost(uint32, optional, tag = "7")]
    outcome: Option<u32>,
}

#[derive(Message)]
#[prost(skip_debug)]
pub(super) struct StoredSegment {
    #[prost(uint32, optional, tag = "1")]
    journal: Option<u32>,
    #[prost(uint64, optional, tag = "2")]
    first: Option<u64>,
    #[prost(uint64, optional, tag = "3")]
    last: Option<u64>,
    #[prost(uint32, optional, tag = "4")]
    records: Option<u32>,
    #[prost(bytes = "vec", optional, tag = "5")]
    digest: Option<Vec<u8>>,
}

impl From<&SegmentTrace> for StoredSegment {
    fn from(segment: &SegmentTrace) -> Self {
        let SegmentTrace { journal, first, last, records, digest } = segment;
        Self {
            journal: Some(u32::from(*journal)),
            first: Some(*first),
            last: Some(*last),
            records: Some(*records),
            digest: Some(digest.to_vec()),
        }
    }
}

impl TryFrom<StoredSegment> for SegmentTrace {
    type Error = CodecError;

    fn try_from(stored: StoredSegment) -> Result<Self, CodecError> {
        const JOURNAL: &str = "segment.journal";
        let StoredSegment { journal, first, last, records, digest: of_all } = stored;
        let number = required(journal, JOURNAL)?;
        Ok(Self {
            journal: u16::try_from(number).map_err(|_| CodecError::UnknownNumber { field: JOURNAL, number })?,
            first: required(first, "segment.first")?,
            last: required(last, "segment.last")?,
            records: required(records, "segment.records")?,
            digest: digest(of_all, "segment.digest")?,
        })
    }
}

impl From<&RecordFilter> for StoredFilter {
    fn from(filter: &RecordFilter) -> Self {
        let RecordFilter { account, line, from, before, kinds, caller, outcome } = filter;
        Self {
            account: account.as_ref().map(|account| account.as_str().to_owned()),
            line: line.as_ref().map(|line| line.as_str().to_owned()),
            from: from.map(millis),
            before: before.map(millis),
            kinds: kinds.iter().map(|kind| number_of(*kind)).collect(),
            caller: caller.as_ref().map(|caller| caller.as_str().to_owned()),
            outcome: outcome.map(number_of),
        }
    }
}

impl TryFrom<StoredFilter> for RecordFilter {
    type Error = CodecError;

    fn try_from(stored: StoredFilter) -> Result<Self, CodecError> {
        let StoredFilter { account, line, from, before, kinds, caller, outcome } = stored;
        Ok(Self {
            account: optional_text(account, "filter.account")?,
            line: optional_text(line, "filter.line")?,
            from: optional_instant(from, "filter.from")?,
            before: optional_instant(before, "filter.before")?,
            kinds: kinds.into_iter().map(|kind| of_number(kind, "filter.kinds")).collect::<Result<_, _>>()?,
            caller: optional_text(caller, "filter.caller")?,
            outcome: optional_numbered(outcome, "filter.outcome")?,
        })
    }
}

impl TryFrom<StoredRecordsRead> for Event {
    type Error = CodecError;

    fn try_from(stored: StoredRecordsRead) -> Result<Self, CodecError> {
        let StoredRecordsRead { how, filter } = stored;
        Ok(Self::RecordsRead {
            how: numbered(how, "records_read.how")?,
            filter: Box::new(nested(filter, "records_read.filter")?),
        })
    }
}

impl TryFrom<StoredCheckpoint> for Event {
    type Error = CodecError;

    fn try_from(stored: StoredCheckpoint) -> Result<Self, CodecError> {
        let StoredCheckpoint { accounts, digest: of_all } = stored;
        Ok(Self::CheckpointMade {
            accounts: required(accounts, "checkpoint.accounts")?,
            digest: digest(of_all, "checkpoint.digest")?,
        })
    }
}

impl StoredExport {
    pub(super) fn new(export: RecordId, records: u64, digest: &[u8]) -> Self {
        Self { export: Some(export.to_bytes().to_vec()), records: Some(records), digest: Some(digest.to_vec()) }
    }
}

impl TryFrom<StoredExport> for Event {
    type Error = CodecError;

    fn try_from(stored: StoredExport) -> Result<Self, CodecError> {
        let StoredExport { export, records, digest: of_all } = stored;
        Ok(Self::ExportDone {
            export: id(export, "exported.export", RecordId::from_u128)?,
            records: required(records, "exported.records")?,
            digest: digest(of_all, "exported.digest")?,
        })
    }
}
