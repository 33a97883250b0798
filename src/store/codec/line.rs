//! A line.

use prost::Message;

use super::CodecError;
use super::envelope::{Envelope, read, write};
use super::field::{
    self, at, millis, nested, number_of, numbered, optional_id, optional_instant, optional_text, required, text,
};
use super::protection::StoredProtection;
use crate::domain::{Flags, Line, RecordId};

/// The bytes of a line, to be sealed.
pub fn encode_line(line: &Line) -> Vec<u8> {
    write(&StoredLine::from(line))
}

/// The line in `bytes`.
///
/// # Errors
/// Whatever is not read in full, with the place.
pub fn decode_line(bytes: &[u8]) -> Result<Line, CodecError> {
    read::<StoredLine>(bytes)?.try_into()
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredLine {
    #[prost(uint32, tag = "1")]
    format: u32,
    #[prost(string, optional, tag = "2")]
    id: Option<String>,
    #[prost(string, optional, tag = "3")]
    account: Option<String>,
    #[prost(uint64, optional, tag = "4")]
    msisdn: Option<u64>,
    #[prost(uint32, optional, tag = "5")]
    status: Option<u32>,
    #[prost(string, optional, tag = "6")]
    iccid: Option<String>,
    #[prost(string, optional, tag = "7")]
    eid: Option<String>,
    #[prost(string, optional, tag = "8")]
    imei: Option<String>,
    #[prost(sint64, repeated, tag = "9")]
    sim_changes: Vec<i64>,
    #[prost(sint64, optional, tag = "10")]
    forwarding_set_at: Option<i64>,
    #[prost(message, optional, tag = "11")]
    flags: Option<StoredMarks>,
    #[prost(bytes = "vec", optional, tag = "12")]
    last_record: Option<Vec<u8>>,
    // Last, because it must be there: bytes that were cut off anywhere lack it.
    #[prost(message, optional, tag = "13")]
    protection: Option<StoredProtection>,
}

/// Marks on a line, as they are on an account, and what else came later: it stands before what must be last.
#[derive(Message)]
#[prost(skip_debug)]
struct StoredMarks {
    #[prost(bool, optional, tag = "1")]
    heightened: Option<bool>,
    #[prost(bool, optional, tag = "2")]
    victim: Option<bool>,
    #[prost(sint64, optional, tag = "3")]
    attached_at: Option<i64>,
}

impl Envelope for StoredLine {
    const NAME: &'static str = "line";
    const FORMAT: u32 = 1;
}

impl From<&Line> for StoredLine {
    fn from(line: &Line) -> Self {
        let Line {
            id,
            account,
            msisdn,
            status,
            iccid,
            eid,
            imei,
            sim_changes,
            forwarding_set_at,
            attached_at,
            flags: Flags { heightened, victim },
            protection,
            last_record,
        } = line;
        Self {
            format: Self::FORMAT,
            id: Some(id.as_str().to_owned()),
            account: Some(account.as_str().to_owned()),
            msisdn: Some(msisdn.digits()),
            status: Some(number_of(*status)),
            iccid: iccid.as_ref().map(|iccid| iccid.as_str().to_owned()),
            eid: eid.as_ref().map(|eid| eid.as_str().to_owned()),
            imei: imei.as_ref().map(|imei| imei.as_str().to_owned()),
            sim_changes: sim_changes.iter().map(chrono::DateTime::timestamp_millis).collect(),
            forwarding_set_at: forwarding_set_at.map(millis),
            flags: Some(StoredMarks {
                heightened: Some(*heightened),
                victim: Some(*victim),
                attached_at: attached_at.map(millis),
            }),
            last_record: last_record.map(|record| record.to_bytes().to_vec()),
            protection: Some(protection.into()),
        }
    }
}

impl TryFrom<StoredLine> for Line {
    type Error = CodecError;

    fn try_from(stored: StoredLine) -> Result<Self, CodecError> {
        let StoredLine {
            format: _,
            id,
            account,
            msisdn,
            status,
            iccid,
            eid,
            imei,
            sim_changes,
            forwarding_set_at,
            flags,
            last_record,
            protection,
        } = stored;
        let StoredMarks { heightened, victim, attached_at } = required(flags, "line.flags")?;
        let flags =
            Flags { heightened: required(heightened, "flags.heightened")?, victim: required(victim, "flags.victim")? };
        Ok(Self {
            id: text(id, "line.id")?,
            account: text(account, "line.account")?,
            msisdn: field::msisdn(required(msisdn, "line.msisdn")?, "line.msisdn")?,
            status: numbered(status, "line.status")?,
            iccid: optional_text(iccid, "line.iccid")?,
            eid: optional_text(eid, "line.eid")?,
            imei: optional_text(imei, "line.imei")?,
            sim_changes: sim_changes
                .into_iter()
                .map(|millis| at(millis, "line.sim_changes"))
                .collect::<Result<_, _>>()?,
            forwarding_set_at: optional_instant(forwarding_set_at, "line.forwarding_set_at")?,
            attached_at: optional_instant(attached_at, "line.attached_at")?,
            flags,
            protection: nested(protection, "line.protection")?,
            last_record: optional_id(last_record, "line.last_record", RecordId::from_u128)?,
        })
    }
}
