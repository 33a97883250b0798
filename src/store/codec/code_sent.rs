//! What a record says of a code that was sent.

use chrono::{DateTime, Utc};
use prost::Message;

use super::CodecError;
use super::field::{id, instant, millis, optional_text, required};
use crate::audit::Event;
use crate::domain::{ContactId, RecordId};

#[derive(Message)]
#[prost(skip_debug)]
pub(super) struct StoredCodeSent {
    #[prost(bytes = "vec", optional, tag = "1")]
    challenge: Option<Vec<u8>>,
    #[prost(string, optional, tag = "2")]
    contact: Option<String>,
    #[prost(uint32, optional, tag = "3")]
    sendings: Option<u32>,
    #[prost(sint64, optional, tag = "4")]
    expires_at: Option<i64>,
}

impl From<(RecordId, Option<&ContactId>, u8, DateTime<Utc>)> for StoredCodeSent {
    fn from((challenge, contact, sendings, expires_at): (RecordId, Option<&ContactId>, u8, DateTime<Utc>)) -> Self {
        Self {
            challenge: Some(challenge.to_bytes().to_vec()),
            contact: contact.map(|contact| contact.as_str().to_owned()),
            sendings: Some(sendings.into()),
            expires_at: Some(millis(expires_at)),
        }
    }
}

impl TryFrom<StoredCodeSent> for Event {
    type Error = CodecError;

    fn try_from(stored: StoredCodeSent) -> Result<Self, CodecError> {
        let StoredCodeSent { challenge, contact, sendings, expires_at } = stored;
        let too_often = CodecError::Invalid { field: "code_sent.sendings", expected: "must be at most 255" };
        Ok(Self::CodeSent {
            challenge: id(challenge, "code_sent.challenge", RecordId::from_u128)?,
            contact: optional_text(contact, "code_sent.contact")?,
            sendings: u8::try_from(required(sendings, "code_sent.sendings")?).map_err(|_| too_often)?,
            expires_at: instant(expires_at, "code_sent.expires_at")?,
        })
    }
}
