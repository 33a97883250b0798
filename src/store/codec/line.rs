//! A line.

use prost::Message;

use super::CodecError;
use super::envelope::{Envelope, read, write};
use super::field::{
    self, at, list, millis, nested, number_of, numbered, optional_id, optional_instant, optional_text, required, text,
    to_list,
};
use super::protection::StoredProtection;
use super::recovery::{StoredRecovery, StoredSimChange};
use crate::domain::{Flags, Line, RecordId, SimChanged};

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
    // All SIM changes, where of any more is known than its instant; then none stand above.
    #[prost(message, repeated, tag = "4")]
    known_changes: Vec<StoredSimChange>,
    // Absent where no SIM change is disputed.
    #[prost(message, optional, tag = "5")]
    recovery: Option<StoredRecovery>,
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
            recovery,
            last_record,
        } = line;
        let is_known = sim_changes.iter().any(|change| change.goes_back || !change.from.is_unknown());
        let (known, bare): (&[_], &[_]) = if is_known { (sim_changes, &[]) } else { (&[], sim_changes) };
        Self {
            format: Self::FORMAT,
            id: Some(id.as_str().to_owned()),
            account: Some(account.as_str().to_owned()),
            msisdn: Some(msisdn.digits()),
            status: Some(number_of(*status)),
            iccid: iccid.as_ref().map(|iccid| iccid.as_str().to_owned()),
            eid: eid.as_ref().map(|eid| eid.as_str().to_owned()),
            imei: imei.as_ref().map(|imei| imei.as_str().to_owned()),
            sim_changes: bare.iter().map(|change| millis(change.at)).collect(),
            forwarding_set_at: forwarding_set_at.map(millis),
            flags: Some(StoredMarks {
                heightened: Some(*heightened),
                victim: Some(*victim),
                attached_at: attached_at.map(millis),
                known_changes: to_list(known),
                recovery: recovery.as_deref().map(StoredRecovery::from),
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
        let StoredMarks { heightened, victim, attached_at, known_changes, recovery } = required(flags, "line.flags")?;
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
            sim_changes: changes(sim_changes, known_changes)?,
            forwarding_set_at: optional_instant(forwarding_set_at, "line.forwarding_set_at")?,
            attached_at: optional_instant(attached_at, "line.attached_at")?,
            flags,
            recovery: recovery.map(TryInto::try_into).transpose()?.map(Box::new),
            protection: nested(protection, "line.protection")?,
            last_record: optional_id(last_record, "line.last_record", RecordId::from_u128)?,
        })
    }
}

/// The changes of a line's SIM, in one of two ways.
fn changes(bare: Vec<i64>, known: Vec<StoredSimChange>) -> Result<Vec<SimChanged>, CodecError> {
    const FIELD: &str = "line.sim_changes";
    match (bare.is_empty(), known.is_empty()) {
        (false, false) => Err(CodecError::Count { field: FIELD }),
        (true, false) => list(known),
        (_, true) => bare.into_iter().map(|millis| at(millis, FIELD).map(SimChanged::from)).collect(),
    }
}
