//! A permit.

use prost::{Message, Oneof};

use super::CodecError;
use super::envelope::{Envelope, read, write};
use super::field::{at, digest, id, instant, millis, number_of, numbered, optional_id, required, text};
use super::place::{StoredPlace, place as read_place, stored as stored_place};
use crate::domain::{ChangeDigest, Permit, PermitState, Place, PolicyRevision, RecordId, TransferPinId};

/// The bytes of a permit, to be sealed.
pub fn encode_permit(permit: &Permit) -> Vec<u8> {
    write(&StoredPermit::from(permit))
}

/// The permit in `bytes`.
///
/// # Errors
/// Whatever is not read in full, with the place.
pub fn decode_permit(bytes: &[u8]) -> Result<Permit, CodecError> {
    read::<StoredPermit>(bytes)?.try_into()
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredPermit {
    #[prost(uint32, tag = "1")]
    format: u32,
    #[prost(string, optional, tag = "2")]
    line: Option<String>,
    #[prost(uint32, optional, tag = "3")]
    action: Option<u32>,
    #[prost(bytes = "vec", optional, tag = "4")]
    change: Option<Vec<u8>>,
    #[prost(string, optional, tag = "5")]
    caller: Option<String>,
    #[prost(bytes = "vec", optional, tag = "6")]
    policy: Option<Vec<u8>>,
    #[prost(sint64, optional, tag = "7")]
    not_before: Option<i64>,
    #[prost(sint64, optional, tag = "8")]
    expires_at: Option<i64>,
    #[prost(uint64, optional, tag = "9")]
    granted_seq: Option<u64>,
    #[prost(bytes = "vec", optional, tag = "10")]
    transfer_pin: Option<Vec<u8>>,
    #[prost(bool, optional, tag = "11")]
    flagged: Option<bool>,
    #[prost(uint32, optional, tag = "12")]
    via: Option<u32>,
    // Last, because it must be there: bytes that were cut off anywhere lack it.
    #[prost(oneof = "StoredState", tags = "13, 14, 15, 16")]
    state: Option<StoredState>,
}

impl Envelope for StoredPermit {
    const NAME: &'static str = "permit";
    const FORMAT: u32 = 1;
}

#[derive(Oneof)]
#[prost(skip_debug)]
enum StoredState {
    #[prost(message, tag = "13")]
    Open(()),
    #[prost(message, tag = "14")]
    Redeemed(StoredRedemption),
    #[prost(sint64, tag = "15")]
    WithdrawnAt(i64),
    // Whichever it is, where the place is known that it was asked at: neither is read without the other.
    #[prost(message, tag = "16")]
    Placed(StoredPlacedState),
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredPlacedState {
    #[prost(message, optional, tag = "1")]
    place: Option<StoredPlace>,
    #[prost(oneof = "StoredStateOfPlaced", tags = "2, 3, 4")]
    state: Option<StoredStateOfPlaced>,
}

#[derive(Oneof)]
#[prost(skip_debug)]
enum StoredStateOfPlaced {
    #[prost(message, tag = "2")]
    Open(()),
    #[prost(message, tag = "3")]
    Redeemed(StoredRedemption),
    #[prost(sint64, tag = "4")]
    WithdrawnAt(i64),
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredRedemption {
    #[prost(sint64, optional, tag = "1")]
    at: Option<i64>,
    #[prost(bytes = "vec", optional, tag = "2")]
    record: Option<Vec<u8>>,
}

impl From<&Permit> for StoredPermit {
    fn from(permit: &Permit) -> Self {
        let Permit {
            line,
            action,
            change: ChangeDigest(change),
            caller,
            policy: PolicyRevision(policy),
            not_before,
            expires_at,
            granted_seq,
            transfer_pin,
            flagged,
            via,
            place,
            state,
        } = permit;
        Self {
            format: Self::FORMAT,
            line: Some(line.as_str().to_owned()),
            action: Some(number_of(*action)),
            change: Some(change.to_vec()),
            caller: Some(caller.as_str().to_owned()),
            policy: Some(policy.to_vec()),
            not_before: Some(millis(*not_before)),
            expires_at: Some(millis(*expires_at)),
            granted_seq: Some(*granted_seq),
            transfer_pin: transfer_pin.map(|pin| pin.to_bytes().to_vec()),
            flagged: Some(*flagged),
            via: Some(number_of(*via)),
            state: Some(stored_state(place, state)),
        }
    }
}

impl TryFrom<StoredPermit> for Permit {
    type Error = CodecError;

    fn try_from(stored: StoredPermit) -> Result<Self, CodecError> {
        let StoredPermit {
            format: _,
            line,
            action,
            change,
            caller,
            policy,
            not_before,
            expires_at,
            granted_seq,
            transfer_pin,
            flagged,
            via,
            state,
        } = stored;
        let (place, state) = placed(required(state, "permit.state")?)?;
        Ok(Self {
            line: text(line, "permit.line")?,
            action: numbered(action, "permit.action")?,
            change: ChangeDigest(digest(change, "permit.change")?),
            caller: text(caller, "permit.caller")?,
            policy: PolicyRevision(digest(policy, "permit.policy")?),
            not_before: instant(not_before, "permit.not_before")?,
            expires_at: instant(expires_at, "permit.expires_at")?,
            granted_seq: required(granted_seq, "permit.granted_seq")?,
            transfer_pin: optional_id(transfer_pin, "permit.transfer_pin", TransferPinId::from_u128)?,
            flagged: required(flagged, "permit.flagged")?,
            via: numbered(via, "permit.via")?,
            place,
            state,
        })
    }
}

fn stored_state(place: &Place, state: &PermitState) -> StoredState {
    match (stored_place(place), StoredStateOfPlaced::from(state)) {
        (None, StoredStateOfPlaced::Open(())) => StoredState::Open(()),
        (None, StoredStateOfPlaced::Redeemed(redemption)) => StoredState::Redeemed(redemption),
        (None, StoredStateOfPlaced::WithdrawnAt(at)) => StoredState::WithdrawnAt(at),
        (place, state) => StoredState::Placed(StoredPlacedState { place, state: Some(state) }),
    }
}

fn placed(stored: StoredState) -> Result<(Place, PermitState), CodecError> {
    let (place, state) = match stored {
        StoredState::Open(()) => (Place::default(), StoredStateOfPlaced::Open(())),
        StoredState::Redeemed(redemption) => (Place::default(), StoredStateOfPlaced::Redeemed(redemption)),
        StoredState::WithdrawnAt(at) => (Place::default(), StoredStateOfPlaced::WithdrawnAt(at)),
        StoredState::Placed(StoredPlacedState { place, state }) => {
            let place = read_place(Some(required(place, "permit.place")?))?;
            (place, required(state, "permit.placed_state")?)
        }
    };
    Ok((place, state.try_into()?))
}

impl From<&PermitState> for StoredStateOfPlaced {
    fn from(state: &PermitState) -> Self {
        match state {
            PermitState::Open => Self::Open(()),
            PermitState::Redeemed { at, redemption } => {
                Self::Redeemed(StoredRedemption { at: Some(millis(*at)), record: Some(redemption.to_bytes().to_vec()) })
            }
            PermitState::Withdrawn { at } => Self::WithdrawnAt(millis(*at)),
        }
    }
}

impl TryFrom<StoredStateOfPlaced> for PermitState {
    type Error = CodecError;

    fn try_from(stored: StoredStateOfPlaced) -> Result<Self, CodecError> {
        match stored {
            StoredStateOfPlaced::Open(()) => Ok(Self::Open),
            StoredStateOfPlaced::Redeemed(StoredRedemption { at, record }) => Ok(Self::Redeemed {
                at: instant(at, "permit.redeemed_at")?,
                redemption: id(record, "permit.redemption", RecordId::from_u128)?,
            }),
            StoredStateOfPlaced::WithdrawnAt(millis) => Ok(Self::Withdrawn { at: at(millis, "permit.withdrawn_at")? }),
        }
    }
}
