//! What outside sources told, as an account's credentials keep it.

use prost::Message;

use super::CodecError;
use super::field::{id, instant, list, millis, optional_id, optional_instant, optional_text, text, to_list};
use crate::domain::{
    AccountReading, CallMark, ContactTimes, EndedNumber, History, InboundCall, LogIn, LogInSource, ProvenDevice,
    ReaderMark,
};

#[derive(Message)]
#[prost(skip_debug)]
pub(super) struct StoredHistory {
    #[prost(message, repeated, tag = "1")]
    log_in_failures: Vec<StoredLogIn>,
    #[prost(message, repeated, tag = "2")]
    log_ins: Vec<StoredLogIn>,
    #[prost(message, repeated, tag = "3")]
    calls: Vec<StoredCall>,
    #[prost(message, repeated, tag = "4")]
    proven_devices: Vec<StoredProvenDevice>,
    #[prost(sint64, optional, tag = "5")]
    third_party_paid_at: Option<i64>,
    #[prost(message, repeated, tag = "6")]
    ended_numbers: Vec<StoredEndedNumber>,
    // Contacts' last changes: absent where there was none.
    #[prost(sint64, optional, tag = "7")]
    email_changed_at: Option<i64>,
    #[prost(sint64, optional, tag = "8")]
    sms_changed_at: Option<i64>,
    #[prost(sint64, optional, tag = "9")]
    voice_changed_at: Option<i64>,
    #[prost(sint64, optional, tag = "10")]
    postal_changed_at: Option<i64>,
    #[prost(message, repeated, tag = "11")]
    readings: Vec<StoredReading>,
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredReading {
    #[prost(bytes = "vec", optional, tag = "1")]
    reader: Option<Vec<u8>>,
    #[prost(sint64, optional, tag = "2")]
    first: Option<i64>,
    #[prost(sint64, optional, tag = "3")]
    last: Option<i64>,
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredLogIn {
    #[prost(sint64, optional, tag = "1")]
    at: Option<i64>,
    #[prost(string, optional, tag = "2")]
    device: Option<String>,
    #[prost(bytes = "vec", optional, tag = "3")]
    source: Option<Vec<u8>>,
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredCall {
    #[prost(string, optional, tag = "1")]
    line: Option<String>,
    #[prost(bytes = "vec", optional, tag = "2")]
    call: Option<Vec<u8>>,
    #[prost(sint64, optional, tag = "3")]
    started: Option<i64>,
    #[prost(sint64, optional, tag = "4")]
    ended: Option<i64>,
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredProvenDevice {
    #[prost(string, optional, tag = "1")]
    device: Option<String>,
    #[prost(sint64, optional, tag = "2")]
    since: Option<i64>,
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredEndedNumber {
    #[prost(string, optional, tag = "1")]
    line: Option<String>,
    #[prost(sint64, optional, tag = "2")]
    at: Option<i64>,
}

impl From<&History> for StoredHistory {
    fn from(history: &History) -> Self {
        let History {
            log_in_failures,
            log_ins,
            calls,
            proven_devices,
            third_party_paid_at,
            ended_numbers,
            contacts_changed: ContactTimes { email, sms, voice, postal },
            readings,
        } = history;
        Self {
            log_in_failures: to_list(log_in_failures),
            log_ins: to_list(log_ins),
            calls: to_list(calls),
            proven_devices: to_list(proven_devices),
            third_party_paid_at: third_party_paid_at.map(millis),
            ended_numbers: to_list(ended_numbers),
            email_changed_at: email.map(millis),
            sms_changed_at: sms.map(millis),
            voice_changed_at: voice.map(millis),
            postal_changed_at: postal.map(millis),
            readings: to_list(readings),
        }
    }
}

impl TryFrom<StoredHistory> for History {
    type Error = CodecError;

    fn try_from(stored: StoredHistory) -> Result<Self, CodecError> {
        let StoredHistory {
            log_in_failures,
            log_ins,
            calls,
            proven_devices,
            third_party_paid_at,
            ended_numbers,
            email_changed_at,
            sms_changed_at,
            voice_changed_at,
            postal_changed_at,
            readings,
        } = stored;
        Ok(Self {
            log_in_failures: list(log_in_failures)?,
            log_ins: list(log_ins)?,
            calls: list(calls)?,
            proven_devices: list(proven_devices)?,
            third_party_paid_at: optional_instant(third_party_paid_at, "history.third_party_paid_at")?,
            ended_numbers: list(ended_numbers)?,
            contacts_changed: ContactTimes {
                email: optional_instant(email_changed_at, "history.email_changed_at")?,
                sms: optional_instant(sms_changed_at, "history.sms_changed_at")?,
                voice: optional_instant(voice_changed_at, "history.voice_changed_at")?,
                postal: optional_instant(postal_changed_at, "history.postal_changed_at")?,
            },
            readings: list(readings)?,
        })
    }
}

impl From<&AccountReading> for StoredReading {
    fn from(reading: &AccountReading) -> Self {
        let AccountReading { reader: ReaderMark(bits), first, last } = reading;
        Self { reader: Some(bits.to_be_bytes().to_vec()), first: Some(millis(*first)), last: Some(millis(*last)) }
    }
}

impl TryFrom<StoredReading> for AccountReading {
    type Error = CodecError;

    fn try_from(stored: StoredReading) -> Result<Self, CodecError> {
        let StoredReading { reader, first, last } = stored;
        Ok(Self {
            reader: id(reader, "reading.reader", ReaderMark)?,
            first: instant(first, "reading.first")?,
            last: instant(last, "reading.last")?,
        })
    }
}

impl From<&LogIn> for StoredLogIn {
    fn from(log_in: &LogIn) -> Self {
        let LogIn { at, device, source } = log_in;
        Self {
            at: Some(millis(*at)),
            device: device.as_ref().map(|device| device.as_str().to_owned()),
            source: source.map(|LogInSource(bits)| bits.to_be_bytes().to_vec()),
        }
    }
}

impl TryFrom<StoredLogIn> for LogIn {
    type Error = CodecError;

    fn try_from(stored: StoredLogIn) -> Result<Self, CodecError> {
        let StoredLogIn { at, device, source } = stored;
        Ok(Self {
            at: instant(at, "log_in.at")?,
            device: optional_text(device, "log_in.device")?,
            source: optional_id(source, "log_in.source", LogInSource)?,
        })
    }
}

impl From<&InboundCall> for StoredCall {
    fn from(kept: &InboundCall) -> Self {
        let InboundCall { line, call: CallMark(bits), started, ended } = kept;
        Self {
            line: Some(line.as_str().to_owned()),
            call: Some(bits.to_be_bytes().to_vec()),
            started: started.map(millis),
            ended: ended.map(millis),
        }
    }
}

impl TryFrom<StoredCall> for InboundCall {
    type Error = CodecError;

    fn try_from(stored: StoredCall) -> Result<Self, CodecError> {
        let StoredCall { line, call, started, ended } = stored;
        Ok(Self {
            line: text(line, "call.line")?,
            call: id(call, "call.call", CallMark)?,
            started: optional_instant(started, "call.started")?,
            ended: optional_instant(ended, "call.ended")?,
        })
    }
}

impl From<&ProvenDevice> for StoredProvenDevice {
    fn from(proven: &ProvenDevice) -> Self {
        let ProvenDevice { device, since } = proven;
        Self { device: Some(device.as_str().to_owned()), since: Some(millis(*since)) }
    }
}

impl TryFrom<StoredProvenDevice> for ProvenDevice {
    type Error = CodecError;

    fn try_from(stored: StoredProvenDevice) -> Result<Self, CodecError> {
        let StoredProvenDevice { device, since } = stored;
        Ok(Self { device: text(device, "proven_device.device")?, since: instant(since, "proven_device.since")? })
    }
}

impl From<&EndedNumber> for StoredEndedNumber {
    fn from(ended: &EndedNumber) -> Self {
        let EndedNumber { line, at } = ended;
        Self { line: Some(line.as_str().to_owned()), at: Some(millis(*at)) }
    }
}

impl TryFrom<StoredEndedNumber> for EndedNumber {
    type Error = CodecError;

    fn try_from(stored: StoredEndedNumber) -> Result<Self, CodecError> {
        let StoredEndedNumber { line, at } = stored;
        Ok(Self { line: text(line, "ended_number.line")?, at: instant(at, "ended_number.at")? })
    }
}
