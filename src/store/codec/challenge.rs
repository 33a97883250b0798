//! A challenge that waits, inside its document.

use chrono::{DateTime, Utc};
use prost::{Message, Oneof};

use super::CodecError;
use super::field::{
    self, at, digest, id, instant, list, millis, number_of, numbered, optional_instant, optional_text, parsed,
    required, text, to_list,
};
use super::place::{StoredPlace, place as read_place, stored as stored_place};
use crate::domain::{
    ChangeDigest, DocumentDigest, Given, GivenProof, Level, LineName, Pending, PendingState, Prompts, RecordId, SeenBy,
    SentCode, Verifier,
};

const TOO_OFTEN: CodecError =
    CodecError::Invalid { field: "challenge.sendings, challenge.documents", expected: "must be at most 255" };
const TOO_MANY: CodecError = CodecError::Invalid { field: "challenge.wrong", expected: "must be at most 255" };

/// A challenge.
#[derive(Message)]
#[prost(skip_debug)]
pub(super) struct StoredChallenge {
    #[prost(bytes = "vec", optional, tag = "1")]
    decision: Option<Vec<u8>>,
    #[prost(oneof = "StoredLineName", tags = "2, 3")]
    named: Option<StoredLineName>,
    #[prost(uint32, optional, tag = "4")]
    action: Option<u32>,
    #[prost(bytes = "vec", optional, tag = "5")]
    change: Option<Vec<u8>>,
    #[prost(string, optional, tag = "6")]
    caller: Option<String>,
    #[prost(uint32, optional, tag = "7")]
    required: Option<u32>,
    #[prost(sint64, optional, tag = "8")]
    expires_at: Option<i64>,
    #[prost(uint64, optional, tag = "9")]
    granted_seq: Option<u64>,
    #[prost(message, repeated, tag = "10")]
    given: Vec<StoredGiven>,
    #[prost(uint32, optional, tag = "11")]
    wrong: Option<u32>,
    #[prost(string, optional, tag = "16")]
    line: Option<String>,
    /// Absent: none.
    #[prost(uint32, optional, tag = "17")]
    sendings: Option<u32>,
    #[prost(message, optional, tag = "18")]
    code: Option<StoredCode>,
    /// Absent: as much as without the PIN.
    #[prost(uint32, optional, tag = "19")]
    with_pin: Option<u32>,
    /// Absent: none.
    #[prost(uint32, optional, tag = "20")]
    documents: Option<u32>,
    #[prost(oneof = "StoredPendingState", tags = "12, 13, 14, 15")]
    state: Option<StoredPendingState>,
}

#[derive(Oneof)]
#[prost(skip_debug)]
enum StoredLineName {
    #[prost(uint64, tag = "2")]
    Msisdn(u64),
    #[prost(string, tag = "3")]
    LineId(String),
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredGiven {
    #[prost(sint64, optional, tag = "1")]
    at: Option<i64>,
    #[prost(string, optional, tag = "2")]
    by: Option<String>,
    #[prost(oneof = "StoredProof", tags = "3, 4, 6, 7, 8")]
    proof: Option<StoredProof>,
    #[prost(message, optional, tag = "5")]
    place: Option<StoredPlace>,
}

#[derive(Oneof)]
#[prost(skip_debug)]
enum StoredProof {
    #[prost(sint64, tag = "3")]
    AccountPinSetAt(i64),
    #[prost(string, tag = "4")]
    AppOfDevice(String),
    #[prost(message, tag = "6")]
    CodeToContact(StoredContactOfCode),
    #[prost(message, tag = "7")]
    Document(StoredDocument),
    #[prost(message, tag = "8")]
    SecondPerson(StoredSeenBy),
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredDocument {
    #[prost(bytes = "vec", optional, tag = "1")]
    document: Option<Vec<u8>>,
    /// Absent: nobody whose proof counts.
    #[prost(string, optional, tag = "2")]
    person: Option<String>,
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredSeenBy {
    #[prost(sint64, optional, tag = "1")]
    counts_from: Option<i64>,
    #[prost(bool, optional, tag = "2")]
    agrees: Option<bool>,
    #[prost(bool, optional, tag = "3")]
    must_rest: Option<bool>,
    #[prost(bool, optional, tag = "4")]
    elsewhere: Option<bool>,
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredContactOfCode {
    #[prost(string, optional, tag = "1")]
    contact: Option<String>,
    #[prost(sint64, optional, tag = "2")]
    since: Option<i64>,
    #[prost(bool, optional, tag = "3")]
    beside: Option<bool>,
}

/// A code that was sent.
#[derive(Message)]
#[prost(skip_debug)]
struct StoredCode {
    #[prost(bytes = "vec", optional, tag = "1")]
    verifier: Option<Vec<u8>>,
    #[prost(string, optional, tag = "2")]
    contact: Option<String>,
    #[prost(sint64, optional, tag = "3")]
    sent_at: Option<i64>,
    #[prost(sint64, optional, tag = "4")]
    expires_at: Option<i64>,
}

/// How often the people of a line were prompted.
#[derive(Message)]
#[prost(skip_debug)]
pub(super) struct StoredPrompts {
    #[prost(sint64, repeated, tag = "1")]
    at: Vec<i64>,
    #[prost(sint64, optional, tag = "2")]
    declined_at: Option<i64>,
    #[prost(sint64, optional, tag = "3")]
    worn_at: Option<i64>,
    #[prost(sint64, repeated, tag = "4")]
    wrong: Vec<i64>,
    #[prost(sint64, optional, tag = "5")]
    report_declined_at: Option<i64>,
}

#[derive(Oneof)]
#[prost(skip_debug)]
enum StoredPendingState {
    #[prost(message, tag = "12")]
    Open(()),
    #[prost(sint64, tag = "13")]
    DeclinedAt(i64),
    #[prost(message, tag = "14")]
    Met(StoredMeeting),
    #[prost(sint64, tag = "15")]
    WithdrawnAt(i64),
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredMeeting {
    #[prost(sint64, optional, tag = "1")]
    at: Option<i64>,
    #[prost(bytes = "vec", optional, tag = "2")]
    by: Option<Vec<u8>>,
}

impl From<&Pending> for StoredChallenge {
    fn from(pending: &Pending) -> Self {
        let Pending {
            decision,
            named,
            line,
            action,
            change: ChangeDigest(change),
            caller,
            required,
            with_pin,
            expires_at,
            granted_seq,
            given,
            wrong,
            documents,
            sendings,
            code,
            state,
        } = pending;
        Self {
            decision: Some(decision.to_bytes().to_vec()),
            named: Some(match named {
                LineName::Msisdn(number) => StoredLineName::Msisdn(number.digits()),
                LineName::LineId(id) => StoredLineName::LineId(id.as_str().to_owned()),
            }),
            line: line.as_ref().map(|line| line.as_str().to_owned()),
            action: Some(number_of(*action)),
            change: Some(change.to_vec()),
            caller: Some(caller.as_str().to_owned()),
            required: Some(number_of(*required)),
            expires_at: Some(millis(*expires_at)),
            granted_seq: Some(*granted_seq),
            given: to_list(given),
            wrong: Some(u32::from(*wrong)),
            sendings: (*sendings > 0).then(|| u32::from(*sendings)),
            code: code.as_ref().map(Into::into),
            documents: (*documents > 0).then(|| u32::from(*documents)),
            with_pin: (with_pin != required).then(|| number_of(*with_pin)),
            state: Some(state.into()),
        }
    }
}

impl TryFrom<StoredChallenge> for Pending {
    type Error = CodecError;

    fn try_from(stored: StoredChallenge) -> Result<Self, CodecError> {
        let StoredChallenge {
            decision,
            named,
            line,
            action,
            change,
            caller,
            required: level,
            expires_at,
            granted_seq,
            given,
            wrong,
            sendings,
            code,
            with_pin,
            documents,
            state,
        } = stored;
        let level: Level = numbered(level, "challenge.required")?;
        Ok(Self {
            decision: id(decision, "challenge.decision", RecordId::from_u128)?,
            named: match required(named, "challenge.named")? {
                StoredLineName::Msisdn(digits) => LineName::Msisdn(field::msisdn(digits, "challenge.msisdn")?),
                StoredLineName::LineId(id) => LineName::LineId(parsed(id, "challenge.line_id")?),
            },
            line: optional_text(line, "challenge.line")?,
            action: numbered(action, "challenge.action")?,
            change: ChangeDigest(digest(change, "challenge.change")?),
            caller: text(caller, "challenge.caller")?,
            required: level,
            with_pin: with_pin.map_or(Ok(level), |with_pin| numbered(Some(with_pin), "challenge.with_pin"))?,
            expires_at: instant(expires_at, "challenge.expires_at")?,
            granted_seq: required(granted_seq, "challenge.granted_seq")?,
            given: list(given)?,
            wrong: u8::try_from(required(wrong, "challenge.wrong")?).map_err(|_| TOO_MANY)?,
            sendings: u8::try_from(sendings.unwrap_or(0)).map_err(|_| TOO_OFTEN)?,
            documents: u8::try_from(documents.unwrap_or(0)).map_err(|_| TOO_OFTEN)?,
            code: code.map(TryInto::try_into).transpose()?,
            state: required(state, "challenge.state")?.try_into()?,
        })
    }
}

impl From<&Given> for StoredGiven {
    fn from(given: &Given) -> Self {
        let Given { at, by, place, proof } = given;
        Self {
            at: Some(millis(*at)),
            by: Some(by.as_str().to_owned()),
            place: stored_place(place),
            proof: Some(match proof {
                GivenProof::AccountPin { set_at } => StoredProof::AccountPinSetAt(millis(*set_at)),
                GivenProof::AppApproval { device } => StoredProof::AppOfDevice(device.as_str().to_owned()),
                GivenProof::OneTimeCode { contact, since, beside } => StoredProof::CodeToContact(StoredContactOfCode {
                    contact: Some(contact.as_str().to_owned()),
                    since: Some(millis(*since)),
                    beside: Some(*beside),
                }),
                GivenProof::Document { document: DocumentDigest(document), person } => {
                    StoredProof::Document(StoredDocument {
                        document: Some(document.to_vec()),
                        person: person.as_ref().map(|person| person.as_str().to_owned()),
                    })
                }
                GivenProof::SecondPerson(SeenBy { counts_from, agrees, must_rest, elsewhere }) => {
                    StoredProof::SecondPerson(StoredSeenBy {
                        counts_from: Some(millis(*counts_from)),
                        agrees: Some(*agrees),
                        must_rest: Some(*must_rest),
                        elsewhere: Some(*elsewhere),
                    })
                }
            }),
        }
    }
}

impl TryFrom<StoredGiven> for Given {
    type Error = CodecError;

    fn try_from(stored: StoredGiven) -> Result<Self, CodecError> {
        let StoredGiven { at: instant_given, by, proof, place } = stored;
        Ok(Self {
            at: instant(instant_given, "given.at")?,
            by: text(by, "given.by")?,
            place: read_place(place)?,
            proof: match required(proof, "given.proof")? {
                StoredProof::AccountPinSetAt(set_at) => GivenProof::AccountPin { set_at: at(set_at, "given.set_at")? },
                StoredProof::AppOfDevice(device) => GivenProof::AppApproval { device: parsed(device, "given.device")? },
                StoredProof::CodeToContact(StoredContactOfCode { contact, since, beside }) => GivenProof::OneTimeCode {
                    contact: text(contact, "given.contact")?,
                    since: instant(since, "given.contact_since")?,
                    beside: required(beside, "given.beside")?,
                },
                StoredProof::Document(StoredDocument { document, person }) => GivenProof::Document {
                    document: DocumentDigest(id(document, "given.document", u128::to_be_bytes)?),
                    person: optional_text(person, "given.person")?,
                },
                StoredProof::SecondPerson(StoredSeenBy { counts_from, agrees, must_rest, elsewhere }) => {
                    GivenProof::SecondPerson(SeenBy {
                        counts_from: instant(counts_from, "given.counts_from")?,
                        agrees: required(agrees, "given.agrees")?,
                        must_rest: required(must_rest, "given.must_rest")?,
                        elsewhere: required(elsewhere, "given.elsewhere")?,
                    })
                }
            },
        })
    }
}

impl From<&SentCode> for StoredCode {
    fn from(code: &SentCode) -> Self {
        let SentCode { verifier: Verifier(verifier), contact, sent_at, expires_at } = code;
        Self {
            verifier: Some(verifier.clone()),
            contact: contact.as_ref().map(|contact| contact.as_str().to_owned()),
            sent_at: Some(millis(*sent_at)),
            expires_at: Some(millis(*expires_at)),
        }
    }
}

impl TryFrom<StoredCode> for SentCode {
    type Error = CodecError;

    fn try_from(stored: StoredCode) -> Result<Self, CodecError> {
        let StoredCode { verifier, contact, sent_at, expires_at } = stored;
        Ok(Self {
            verifier: Verifier(required(verifier, "code.verifier")?),
            contact: optional_text(contact, "code.contact")?,
            sent_at: instant(sent_at, "code.sent_at")?,
            expires_at: instant(expires_at, "code.expires_at")?,
        })
    }
}

impl From<&Prompts> for StoredPrompts {
    fn from(prompts: &Prompts) -> Self {
        let Prompts { at, declined_at, report_declined_at, worn_at, wrong } = prompts;
        let all = |instants: &[DateTime<Utc>]| instants.iter().copied().map(millis).collect();
        Self {
            at: all(at),
            declined_at: declined_at.map(millis),
            worn_at: worn_at.map(millis),
            wrong: all(wrong),
            report_declined_at: report_declined_at.map(millis),
        }
    }
}

impl TryFrom<StoredPrompts> for Prompts {
    type Error = CodecError;

    fn try_from(stored: StoredPrompts) -> Result<Self, CodecError> {
        let StoredPrompts { at: prompted, declined_at, worn_at, wrong, report_declined_at } = stored;
        let all = |list: Vec<i64>, field| list.into_iter().map(|millis| at(millis, field)).collect::<Result<_, _>>();
        Ok(Self {
            at: all(prompted, "prompts.at")?,
            declined_at: optional_instant(declined_at, "prompts.declined_at")?,
            report_declined_at: optional_instant(report_declined_at, "prompts.report_declined_at")?,
            worn_at: optional_instant(worn_at, "prompts.worn_at")?,
            wrong: all(wrong, "prompts.wrong")?,
        })
    }
}

impl From<&PendingState> for StoredPendingState {
    fn from(state: &PendingState) -> Self {
        match state {
            PendingState::Open => Self::Open(()),
            PendingState::Declined { at } => Self::DeclinedAt(millis(*at)),
            PendingState::Met { at, by } => {
                Self::Met(StoredMeeting { at: Some(millis(*at)), by: Some(by.to_bytes().to_vec()) })
            }
            PendingState::Withdrawn { at } => Self::WithdrawnAt(millis(*at)),
        }
    }
}

impl TryFrom<StoredPendingState> for PendingState {
    type Error = CodecError;

    fn try_from(stored: StoredPendingState) -> Result<Self, CodecError> {
        Ok(match stored {
            StoredPendingState::Open(()) => Self::Open,
            StoredPendingState::DeclinedAt(millis) => Self::Declined { at: at(millis, "challenge.declined_at")? },
            StoredPendingState::Met(StoredMeeting { at, by }) => {
                Self::Met { at: instant(at, "challenge.met_at")?, by: id(by, "challenge.met_by", RecordId::from_u128)? }
            }
            StoredPendingState::WithdrawnAt(millis) => Self::Withdrawn { at: at(millis, "challenge.withdrawn_at")? },
        })
    }
}
