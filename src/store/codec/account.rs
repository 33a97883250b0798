//! The head of an account.

use prost::Message;

use super::CodecError;
use super::change::StoredContactValue;
use super::envelope::{Envelope, read, write};
use super::field::{
    digest, instant, list, millis, nested, number_of, numbered, optional_id, optional_instant, optional_text, parsed,
    required, text, to_list,
};
use super::protection::{StoredFlags, StoredProtection};
use super::separation::StoredSeparation;
use crate::domain::{Account, AccountId, ChainHead, Contact, Device, Person, RecordId, Reset, is_separated};

/// The bytes of an account's head, to be sealed.
pub fn encode_account(account: &Account) -> Vec<u8> {
    write(&StoredAccount::from(account))
}

/// The account's head in `bytes`.
///
/// # Errors
/// Whatever is not read in full, with the place.
pub fn decode_account(bytes: &[u8]) -> Result<Account, CodecError> {
    read::<StoredAccount>(bytes)?.try_into()
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredAccount {
    #[prost(uint32, tag = "1")]
    format: u32,
    #[prost(string, optional, tag = "2")]
    id: Option<String>,
    #[prost(string, optional, tag = "3")]
    brand: Option<String>,
    #[prost(string, optional, tag = "4")]
    number: Option<String>,
    #[prost(uint32, optional, tag = "5")]
    kind: Option<u32>,
    #[prost(message, repeated, tag = "6")]
    persons: Vec<StoredPerson>,
    #[prost(message, repeated, tag = "7")]
    devices: Vec<StoredDevice>,
    #[prost(message, optional, tag = "8")]
    protection: Option<StoredProtection>,
    #[prost(message, optional, tag = "9")]
    flags: Option<StoredFlags>,
    #[prost(message, repeated, tag = "10")]
    resets: Vec<StoredReset>,
    #[prost(uint64, optional, tag = "11")]
    line_count: Option<u64>,
    #[prost(message, optional, tag = "12")]
    chain: Option<StoredChain>,
    #[prost(message, optional, tag = "13")]
    separation: Option<StoredSeparation>,
}

impl Envelope for StoredAccount {
    const NAME: &'static str = "account";
    const FORMAT: u32 = 1;
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredPerson {
    #[prost(string, optional, tag = "1")]
    id: Option<String>,
    #[prost(uint32, optional, tag = "2")]
    role: Option<u32>,
    #[prost(string, optional, tag = "3")]
    name: Option<String>,
    #[prost(string, optional, tag = "4")]
    postal_code: Option<String>,
    #[prost(message, repeated, tag = "5")]
    contacts: Vec<StoredContact>,
    #[prost(string, repeated, tag = "6")]
    lines: Vec<String>,
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredContact {
    #[prost(string, optional, tag = "1")]
    id: Option<String>,
    #[prost(sint64, optional, tag = "2")]
    since: Option<i64>,
    #[prost(sint64, optional, tag = "3")]
    ended: Option<i64>,
    #[prost(oneof = "StoredContactValue", tags = "10, 11, 12, 13")]
    value: Option<StoredContactValue>,
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredDevice {
    #[prost(string, optional, tag = "1")]
    id: Option<String>,
    #[prost(string, optional, tag = "2")]
    person: Option<String>,
    #[prost(string, optional, tag = "3")]
    public_key_jwk: Option<String>,
    #[prost(string, optional, tag = "4")]
    model: Option<String>,
    #[prost(sint64, optional, tag = "5")]
    added_at: Option<i64>,
    #[prost(sint64, optional, tag = "6")]
    revoked_at: Option<i64>,
    #[prost(sint64, optional, tag = "7")]
    remind_at: Option<i64>,
    #[prost(bool, optional, tag = "8")]
    vouched: Option<bool>,
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredReset {
    #[prost(sint64, optional, tag = "1")]
    at: Option<i64>,
    #[prost(uint32, optional, tag = "2")]
    kind: Option<u32>,
    #[prost(uint32, optional, tag = "3")]
    via: Option<u32>,
    #[prost(string, optional, tag = "4")]
    mailbox: Option<String>,
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredChain {
    #[prost(uint64, optional, tag = "1")]
    seq: Option<u64>,
    #[prost(bytes = "vec", optional, tag = "2")]
    hash: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "3")]
    last: Option<Vec<u8>>,
}

impl From<&Account> for StoredAccount {
    fn from(account: &Account) -> Self {
        let Account {
            id,
            brand,
            number,
            kind,
            persons,
            devices,
            protection,
            flags,
            resets,
            line_count,
            chain,
            separation,
        } = account;
        Self {
            format: Self::FORMAT,
            id: Some(id.as_str().to_owned()),
            brand: Some(brand.as_str().to_owned()),
            number: Some(number.as_str().to_owned()),
            kind: Some(number_of(*kind)),
            persons: to_list(persons),
            devices: to_list(devices),
            protection: Some(protection.into()),
            flags: Some(flags.into()),
            resets: to_list(resets),
            line_count: Some(*line_count),
            chain: Some(chain.into()),
            separation: separation.as_deref().map(Into::into),
        }
    }
}

impl TryFrom<StoredAccount> for Account {
    type Error = CodecError;

    fn try_from(stored: StoredAccount) -> Result<Self, CodecError> {
        let StoredAccount {
            format: _,
            id,
            brand,
            number,
            kind,
            persons,
            devices,
            protection,
            flags,
            resets,
            line_count,
            chain,
            separation,
        } = stored;
        let id: AccountId = text(id, "account.id")?;
        // INVARIANT (fail-closed): an account of a separation that has lost it would be anybody's to see.
        let separation = if is_separated(&id) {
            Some(Box::new(nested(separation, "account.separation")?))
        } else if separation.is_some() {
            return Err(CodecError::Surplus { message: "account" });
        } else {
            None
        };
        Ok(Self {
            id,
            brand: text(brand, "account.brand")?,
            number: text(number, "account.number")?,
            kind: numbered(kind, "account.kind")?,
            persons: list(persons)?,
            devices: list(devices)?,
            protection: nested(protection, "account.protection")?,
            flags: nested(flags, "account.flags")?,
            resets: list(resets)?,
            line_count: required(line_count, "account.line_count")?,
            chain: nested(chain, "account.chain")?,
            separation,
        })
    }
}

impl From<&Person> for StoredPerson {
    fn from(person: &Person) -> Self {
        let Person { id, role, name, postal_code, contacts, lines } = person;
        Self {
            id: Some(id.as_str().to_owned()),
            role: Some(number_of(*role)),
            name: name.as_ref().map(|name| name.as_str().to_owned()),
            postal_code: postal_code.as_ref().map(|code| code.as_str().to_owned()),
            contacts: to_list(contacts),
            lines: lines.iter().map(|line| line.as_str().to_owned()).collect(),
        }
    }
}

impl TryFrom<StoredPerson> for Person {
    type Error = CodecError;

    fn try_from(stored: StoredPerson) -> Result<Self, CodecError> {
        let StoredPerson { id, role, name, postal_code, contacts, lines } = stored;
        Ok(Self {
            id: text(id, "person.id")?,
            role: numbered(role, "person.role")?,
            name: optional_text(name, "person.name")?,
            postal_code: optional_text(postal_code, "person.postal_code")?,
            contacts: list(contacts)?,
            lines: lines.into_iter().map(|line| parsed(line, "person.lines")).collect::<Result<_, _>>()?,
        })
    }
}

impl From<&Contact> for StoredContact {
    fn from(contact: &Contact) -> Self {
        let Contact { id, value, since, ended } = contact;
        Self {
            id: Some(id.as_str().to_owned()),
            since: Some(millis(*since)),
            ended: ended.map(millis),
            value: Some(value.into()),
        }
    }
}

impl TryFrom<StoredContact> for Contact {
    type Error = CodecError;

    fn try_from(stored: StoredContact) -> Result<Self, CodecError> {
        let StoredContact { id, since, ended, value } = stored;
        Ok(Self {
            id: text(id, "contact.id")?,
            value: nested(value, "contact.value")?,
            since: instant(since, "contact.since")?,
            ended: optional_instant(ended, "contact.ended")?,
        })
    }
}

impl From<&Device> for StoredDevice {
    fn from(device: &Device) -> Self {
        let Device { id, person, public_key_jwk, model, added_at, vouched, revoked_at, remind_at } = device;
        Self {
            id: Some(id.as_str().to_owned()),
            person: Some(person.as_str().to_owned()),
            public_key_jwk: Some(public_key_jwk.to_owned()),
            model: model.as_ref().map(|model| model.as_str().to_owned()),
            added_at: Some(millis(*added_at)),
            revoked_at: revoked_at.map(millis),
            remind_at: remind_at.map(millis),
            vouched: vouched.then_some(true),
        }
    }
}

impl TryFrom<StoredDevice> for Device {
    type Error = CodecError;

    fn try_from(stored: StoredDevice) -> Result<Self, CodecError> {
        let StoredDevice { id, person, public_key_jwk, model, added_at, revoked_at, remind_at, vouched } = stored;
        Ok(Self {
            id: text(id, "device.id")?,
            person: text(person, "device.person")?,
            public_key_jwk: required(public_key_jwk, "device.public_key_jwk")?,
            model: optional_text(model, "device.model")?,
            added_at: instant(added_at, "device.added_at")?,
            revoked_at: optional_instant(revoked_at, "device.revoked_at")?,
            remind_at: optional_instant(remind_at, "device.remind_at")?,
            vouched: vouched.unwrap_or_default(),
        })
    }
}

impl From<&Reset> for StoredReset {
    fn from(reset: &Reset) -> Self {
        let Reset { at, kind, via, mailbox } = reset;
        Self {
            at: Some(millis(*at)),
            kind: Some(number_of(*kind)),
            via: Some(number_of(*via)),
            mailbox: mailbox.as_ref().map(|contact| contact.as_str().to_owned()),
        }
    }
}

impl TryFrom<StoredReset> for Reset {
    type Error = CodecError;

    fn try_from(stored: StoredReset) -> Result<Self, CodecError> {
        let StoredReset { at, kind, via, mailbox } = stored;
        Ok(Self {
            at: instant(at, "reset.at")?,
            kind: numbered(kind, "reset.kind")?,
            via: numbered(via, "reset.via")?,
            mailbox: optional_text(mailbox, "reset.mailbox")?,
        })
    }
}

impl From<&ChainHead> for StoredChain {
    fn from(chain: &ChainHead) -> Self {
        let ChainHead { seq, hash, last } = chain;
        Self { seq: Some(*seq), hash: Some(hash.to_vec()), last: last.map(|last| last.to_bytes().to_vec()) }
    }
}

impl TryFrom<StoredChain> for ChainHead {
    type Error = CodecError;

    fn try_from(stored: StoredChain) -> Result<Self, CodecError> {
        let StoredChain { seq, hash, last } = stored;
        Ok(Self {
            seq: required(seq, "chain.seq")?,
            hash: digest(hash, "chain.hash")?,
            last: optional_id(last, "chain.last", RecordId::from_u128)?,
        })
    }
}
