//! An account: who is on it, how they can be reached and what protects it.

use chrono::{DateTime, Utc};

use super::history::insert_newest;
use super::protection::{Protection, Seq};
use super::{
    AccountId, AccountNumber, Brand, Channel, ContactId, ContactValue, Device, DeviceId, HolderName, PersonId,
    PostalCode, RecordId, Separation,
};

/// What kind of customer. Every kind may have every lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum AccountKind {
    /// Billed afterwards.
    Postpaid = 1,
    /// Paid ahead.
    Prepaid = 2,
    /// A business.
    Business = 3,
}

/// What a person may do on an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum PersonRole {
    /// The primary account holder: everything, and alone turns protection off.
    Owner = 1,
    /// May act for the lines named to them, and turn protection on.
    AuthorisedUser = 2,
    /// Carries a line.
    LineUser = 3,
}

impl PersonRole {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Owner => "OWNER",
            Self::AuthorisedUser => "AUTHORISED_USER",
            Self::LineUser => "LINE_USER",
        }
    }
}

/// A person on an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Their name in the engine.
    pub id: PersonId,
    /// What they may do.
    pub role: PersonRole,
    /// Their name, if known.
    pub name: Option<HolderName>,
    /// Where bills go, if known.
    pub postal_code: Option<PostalCode>,
    /// How to reach them, ended ones kept for 90 days.
    pub contacts: Vec<Contact>,
    /// The lines an authorised or line user was named for; the owner has all.
    pub lines: Vec<super::LineId>,
}

/// A way to reach a person, with its life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// Its name.
    pub id: ContactId,
    /// Where.
    pub value: ContactValue,
    /// Since when it is on record.
    pub since: DateTime<Utc>,
    /// Until when it was.
    pub ended: Option<DateTime<Utc>>,
}

/// A change of PIN, password or contact: what thieves do first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reset {
    /// When.
    pub at: DateTime<Utc>,
    /// What was reset.
    pub kind: ResetKind,
    /// Through which channel.
    pub via: Channel,
    /// The contact that was the proof of it: whoever reads what is sent there could reset more.
    pub mailbox: Option<ContactId>,
}

/// What was reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ResetKind {
    /// The account PIN.
    Pin = 1,
    /// A contact.
    Contact = 2,
    /// The password of the account's log-in.
    Password = 3,
}

/// How many resets an account remembers; more than any rule counts.
pub const RESETS_KEPT_MAX: usize = 8;

/// What marks an account or line for strong proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags {
    /// Asked for by the customer or put on by the carrier.
    pub heightened: bool,
    /// A fraud report is open.
    pub victim: bool,
}

impl Flags {
    /// Whether either holds.
    pub const fn any(self) -> bool {
        self.heightened || self.victim
    }
}

/// Where an account's chain of records stands.
///
/// INVARIANT (answer-is-record): every commit on the account appends one link per record and moves this head with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ChainHead {
    /// How many records the chain has.
    pub seq: Seq,
    /// The last record's hash; zeros before the first.
    pub hash: [u8; 32],
    /// The last record.
    pub last: Option<RecordId>,
}

/// An account. Its lines are records of their own: a business has thousands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its name in the carrier's billing.
    pub id: AccountId,
    /// Its brand.
    pub brand: Brand,
    /// The number on the customer's bill.
    pub number: AccountNumber,
    /// What kind of customer.
    pub kind: AccountKind,
    /// Who is on it.
    pub persons: Vec<Person>,
    /// Their app keys.
    pub devices: Vec<Device>,
    /// Locks on the whole account.
    pub protection: Protection,
    /// Marks on the whole account.
    pub flags: Flags,
    /// The latest resets, oldest first, at most [`RESETS_KEPT_MAX`].
    pub resets: Vec<Reset>,
    /// How many lines it has had named to it and not moved away.
    pub line_count: u64,
    /// Where its chain stands.
    pub chain: ChainHead,
    /// Why it is there, where it is no account of the carrier's but the survivor's of a line separation.
    pub separation: Option<Box<Separation>>,
}

impl Account {
    /// The primary account holder.
    pub fn owner(&self) -> Option<&Person> {
        self.persons.iter().find(|person| person.role == PersonRole::Owner)
    }

    /// A person by name.
    pub fn person(&self, id: &PersonId) -> Option<&Person> {
        self.persons.iter().find(|person| person.id == *id)
    }

    /// A device by name, revoked ones left out.
    pub fn device(&self, id: &DeviceId) -> Option<&Device> {
        self.devices.iter().find(|device| device.id == *id && device.revoked_at.is_none())
    }

    /// Takes an app key off the account, at `now`. Whether there was one.
    pub fn revoke_device(&mut self, id: &DeviceId, now: DateTime<Utc>) -> bool {
        let mut on_account = self.devices.iter_mut().filter(|device| device.revoked_at.is_none());
        let Some(device) = on_account.find(|device| device.id == *id) else { return false };
        (device.revoked_at, device.remind_at) = (Some(now), None);
        true
    }

    /// When something of the account is due by time alone.
    pub fn due_at(&self) -> Option<DateTime<Utc>> {
        let reminders = self.devices.iter().filter_map(|device| device.remind_at);
        self.protection.due_at().into_iter().chain(reminders).min()
    }

    /// A contact by name, ended ones left out.
    pub fn contact(&self, id: &ContactId) -> Option<&Contact> {
        let contacts = self.persons.iter().flat_map(|person| &person.contacts);
        contacts.filter(|contact| contact.ended.is_none()).find(|contact| contact.id == *id)
    }

    /// Sets or ends a contact. The one before is kept, with its end: recovery must be able to undo.
    pub fn change_contact(&mut self, id: &ContactId, value: Option<ContactValue>, at: DateTime<Utc>) {
        let holder = self.persons.iter().position(|person| person.contacts.iter().any(|contact| contact.id == *id));
        let owner = self.persons.iter().position(|person| person.role == PersonRole::Owner);
        let Some(person) = holder.or(owner).and_then(|place| self.persons.get_mut(place)) else { return };
        for contact in person.contacts.iter_mut().filter(|contact| contact.id == *id && contact.ended.is_none()) {
            contact.ended = Some(at);
        }
        if let Some(value) = value {
            person.contacts.push(Contact { id: id.clone(), value, since: at, ended: None });
        }
    }

    /// Writes down that another system changed a contact: as it is kept here it is as young as any, and may be another by now.
    pub fn contact_changed_elsewhere(&mut self, id: &ContactId, at: DateTime<Utc>) {
        let contacts = self.persons.iter_mut().flat_map(|person| &mut person.contacts);
        for contact in contacts.filter(|contact| contact.id == *id && contact.ended.is_none()) {
            contact.since = at;
        }
    }

    /// Remembers a reset, in the order of their instants; the oldest leaves first.
    pub fn note_reset(&mut self, reset: Reset) {
        insert_newest(&mut self.resets, reset, RESETS_KEPT_MAX, |reset| reset.at);
    }
}
