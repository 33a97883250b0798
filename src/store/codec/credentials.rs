//! What an account keeps of its secrets.

use prost::{Message, Oneof};

use super::CodecError;
use super::envelope::{Envelope, read, write};
use super::field::{
    at, counted, id, instant, list, millis, nested, number_of, numbered, optional_instant, optional_nested,
    optional_text, parsed, required, to_list,
};
use super::history::StoredHistory;
use crate::domain::{
    AccountPin, Credentials, History, SpentApproval, TransferPin, TransferPinId, TransferPinOrigin, TransferPinScope,
    TransferPinState, Verifier,
};

/// The bytes of an account's credentials, to be sealed.
pub fn encode_credentials(credentials: &Credentials) -> Vec<u8> {
    write(&StoredCredentials::from(credentials))
}

/// The credentials in `bytes`.
///
/// # Errors
/// Whatever is not read in full, with the place.
pub fn decode_credentials(bytes: &[u8]) -> Result<Credentials, CodecError> {
    read::<StoredCredentials>(bytes)?.try_into()
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredCredentials {
    #[prost(uint32, tag = "1")]
    format: u32,
    #[prost(message, optional, tag = "2")]
    pin: Option<StoredPin>,
    #[prost(message, repeated, tag = "3")]
    transfer_pins: Vec<StoredTransferPin>,
    // Must be there, and counts all lists: bytes that were cut off anywhere lack it or an entry.
    #[prost(uint64, optional, tag = "4")]
    entries_count: Option<u64>,
    #[prost(bytes = "vec", repeated, tag = "5")]
    spent_approvals: Vec<Vec<u8>>,
    // Absent where nothing was told.
    #[prost(message, optional, tag = "6")]
    history: Option<StoredHistory>,
}

impl Envelope for StoredCredentials {
    const NAME: &'static str = "credentials";
    const FORMAT: u32 = 1;
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredPin {
    #[prost(bytes = "vec", optional, tag = "1")]
    verifier: Option<Vec<u8>>,
    #[prost(sint64, optional, tag = "2")]
    set_at: Option<i64>,
    #[prost(sint64, optional, tag = "3")]
    verified_at: Option<i64>,
    #[prost(uint32, optional, tag = "4")]
    origin: Option<u32>,
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredTransferPin {
    #[prost(bytes = "vec", optional, tag = "1")]
    id: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "2")]
    verifier: Option<Vec<u8>>,
    #[prost(oneof = "StoredPinScope", tags = "3, 4")]
    scope: Option<StoredPinScope>,
    #[prost(string, optional, tag = "5")]
    gaining_spid: Option<String>,
    #[prost(sint64, optional, tag = "6")]
    issued_at: Option<i64>,
    #[prost(sint64, optional, tag = "7")]
    expires_at: Option<i64>,
    #[prost(uint32, optional, tag = "8")]
    channel: Option<u32>,
    #[prost(bool, optional, tag = "9")]
    known_device: Option<bool>,
    #[prost(oneof = "StoredPinState", tags = "10, 11, 12")]
    state: Option<StoredPinState>,
    #[prost(uint64, optional, tag = "13")]
    granted_seq: Option<u64>,
    // Absent where it is not so, as it was before calls were told of.
    #[prost(message, optional, tag = "14")]
    in_call: Option<()>,
}

#[derive(Oneof)]
#[prost(skip_debug)]
enum StoredPinScope {
    #[prost(string, tag = "3")]
    Line(String),
    #[prost(message, tag = "4")]
    Account(()),
}

#[derive(Oneof)]
#[prost(skip_debug)]
enum StoredPinState {
    #[prost(message, tag = "10")]
    Live(()),
    #[prost(sint64, tag = "11")]
    UsedAt(i64),
    #[prost(sint64, tag = "12")]
    VoidAt(i64),
}

impl From<&Credentials> for StoredCredentials {
    fn from(credentials: &Credentials) -> Self {
        let Credentials { pin, transfer_pins, spent_approvals, history } = credentials;
        let entries = transfer_pins.len().saturating_add(spent_approvals.len()).saturating_add(history.len());
        Self {
            format: Self::FORMAT,
            pin: pin.as_ref().map(StoredPin::from),
            transfer_pins: to_list(transfer_pins),
            entries_count: Some(entries as u64),
            spent_approvals: spent_approvals.iter().map(|SpentApproval(bits)| bits.to_be_bytes().to_vec()).collect(),
            history: (!history.is_empty()).then(|| history.into()),
        }
    }
}

impl TryFrom<StoredCredentials> for Credentials {
    type Error = CodecError;

    fn try_from(stored: StoredCredentials) -> Result<Self, CodecError> {
        let StoredCredentials { format: _, pin, transfer_pins, entries_count, spent_approvals, history } = stored;
        let history: History = optional_nested(history)?.unwrap_or_default();
        let entries = transfer_pins.len().saturating_add(spent_approvals.len()).saturating_add(history.len());
        counted(entries, entries_count, "credentials.transfer_pins")?;
        let spent = |bytes| id(Some(bytes), "credentials.spent_approvals", SpentApproval);
        let spent_approvals = spent_approvals.into_iter().map(spent).collect::<Result<_, _>>()?;
        Ok(Self { pin: optional_nested(pin)?, transfer_pins: list(transfer_pins)?, spent_approvals, history })
    }
}

impl From<&AccountPin> for StoredPin {
    fn from(pin: &AccountPin) -> Self {
        let AccountPin { verifier: Verifier(verifier), set_at, verified_at, origin } = pin;
        Self {
            verifier: Some(verifier.clone()),
            set_at: Some(millis(*set_at)),
            verified_at: verified_at.map(millis),
            origin: Some(number_of(*origin)),
        }
    }
}

impl TryFrom<StoredPin> for AccountPin {
    type Error = CodecError;

    fn try_from(stored: StoredPin) -> Result<Self, CodecError> {
        let StoredPin { verifier, set_at, verified_at, origin } = stored;
        Ok(Self {
            verifier: Verifier(required(verifier, "pin.verifier")?),
            set_at: instant(set_at, "pin.set_at")?,
            verified_at: optional_instant(verified_at, "pin.verified_at")?,
            origin: numbered(origin, "pin.origin")?,
        })
    }
}

impl From<&TransferPin> for StoredTransferPin {
    fn from(pin: &TransferPin) -> Self {
        let TransferPin {
            id,
            verifier: Verifier(verifier),
            scope,
            gaining_spid,
            issued_at,
            expires_at,
            origin: TransferPinOrigin { channel, known_device, in_call },
            state,
            granted_seq,
        } = pin;
        Self {
            id: Some(id.to_bytes().to_vec()),
            verifier: Some(verifier.clone()),
            scope: Some(match scope {
                TransferPinScope::Line(line) => StoredPinScope::Line(line.as_str().to_owned()),
                TransferPinScope::Account => StoredPinScope::Account(()),
            }),
            gaining_spid: gaining_spid.as_ref().map(|spid| spid.as_str().to_owned()),
            issued_at: Some(millis(*issued_at)),
            expires_at: Some(millis(*expires_at)),
            channel: Some(number_of(*channel)),
            known_device: Some(*known_device),
            state: Some(match state {
                TransferPinState::Live => StoredPinState::Live(()),
                TransferPinState::Used { at } => StoredPinState::UsedAt(millis(*at)),
                TransferPinState::Void { at } => StoredPinState::VoidAt(millis(*at)),
            }),
            granted_seq: Some(*granted_seq),
            in_call: in_call.then_some(()),
        }
    }
}

impl TryFrom<StoredTransferPin> for TransferPin {
    type Error = CodecError;

    fn try_from(stored: StoredTransferPin) -> Result<Self, CodecError> {
        let StoredTransferPin {
            id: name,
            verifier,
            scope,
            gaining_spid,
            issued_at,
            expires_at,
            channel,
            known_device,
            state,
            granted_seq,
            in_call,
        } = stored;
        Ok(Self {
            id: id(name, "transfer_pin.id", TransferPinId::from_u128)?,
            verifier: Verifier(required(verifier, "transfer_pin.verifier")?),
            scope: nested(scope, "transfer_pin.scope")?,
            gaining_spid: optional_text(gaining_spid, "transfer_pin.gaining_spid")?,
            issued_at: instant(issued_at, "transfer_pin.issued_at")?,
            expires_at: instant(expires_at, "transfer_pin.expires_at")?,
            origin: TransferPinOrigin {
                channel: numbered(channel, "transfer_pin.channel")?,
                known_device: required(known_device, "transfer_pin.known_device")?,
                in_call: in_call.is_some(),
            },
            state: nested(state, "transfer_pin.state")?,
            granted_seq: required(granted_seq, "transfer_pin.granted_seq")?,
        })
    }
}

impl TryFrom<StoredPinScope> for TransferPinScope {
    type Error = CodecError;

    fn try_from(stored: StoredPinScope) -> Result<Self, CodecError> {
        match stored {
            StoredPinScope::Line(line) => Ok(Self::Line(parsed(line, "transfer_pin.line")?)),
            StoredPinScope::Account(()) => Ok(Self::Account),
        }
    }
}

impl TryFrom<StoredPinState> for TransferPinState {
    type Error = CodecError;

    fn try_from(stored: StoredPinState) -> Result<Self, CodecError> {
        let field = "transfer_pin.state";
        match stored {
            StoredPinState::Live(()) => Ok(Self::Live),
            StoredPinState::UsedAt(millis) => Ok(Self::Used { at: at(millis, field)? }),
            StoredPinState::VoidAt(millis) => Ok(Self::Void { at: at(millis, field)? }),
        }
    }
}
