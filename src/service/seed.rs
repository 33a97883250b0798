//! What provisioning says of an account, and what of it may be taken over on an account that exists.

use chrono::{DateTime, Utc};

use super::error::ServiceError;
use crate::crypto::Tokens;
use crate::domain::{
    Account, AccountId, AccountKind, AccountNumber, Brand, ChainHead, Contact, Device, Eid, Flags, Held, Iccid, Imei,
    Line, LineId, LineStatus, LockHolder, LockSet, Msisdn, Person, PersonRole, PinDigits, PinOrigin, Protection,
    RESERVED_NAMES, Reference, STAND_IN_NAME, Seq, SimChanged, is_separated,
};
use crate::store::{IndexEntry, Place};

/// An account with its lines, as provisioning knows it.
#[derive(Debug, Clone)]
pub struct Seed {
    /// The account's name.
    pub account: AccountId,
    /// The number on the bill.
    pub number: AccountNumber,
    /// What kind of customer.
    pub kind: AccountKind,
    /// Who is on it.
    pub persons: Vec<Person>,
    /// App keys enrolled with the carrier before.
    pub devices: Vec<Device>,
    /// Its lines.
    pub lines: Vec<LineSeed>,
    /// Locks that hold already.
    pub locks: Vec<LockSeed>,
    /// The account PIN, if one is set.
    pub pin: Option<PinSeed>,
}

/// A line as provisioning knows it.
#[derive(Debug, Clone)]
pub struct LineSeed {
    /// The subscription.
    pub id: LineId,
    /// The number.
    pub msisdn: Msisdn,
    /// Whether it is in service.
    pub status: LineStatus,
    /// The active SIM.
    pub iccid: Option<Iccid>,
    /// The active eSIM chip.
    pub eid: Option<Eid>,
    /// The handset.
    pub imei: Option<Imei>,
    /// Since when the SIM is active.
    pub sim_since: Option<DateTime<Utc>>,
    /// Marks.
    pub flags: Flags,
}

impl LineSeed {
    /// Whether its number is taken.
    pub(super) const fn is_in_use(&self) -> bool {
        self.status.is_in_service()
    }
}

/// A lock that holds already.
#[derive(Debug, Clone)]
pub struct LockSeed {
    /// The line; none for the whole account.
    pub line: Option<LineId>,
    /// Which actions.
    pub set: LockSet,
    /// Whose.
    pub holder: LockHolder,
    /// Since when; now, if not said.
    pub since: Option<DateTime<Utc>>,
    /// The carrier's reason.
    pub reason: Option<Reference>,
}

/// An account PIN that is set already.
#[derive(Debug, Clone)]
pub struct PinSeed {
    /// The digits.
    pub digits: PinDigits,
    /// When it was set; unknown counts as now, which is the careful reading.
    pub set_at: Option<DateTime<Utc>>,
    /// Who chose it.
    pub origin: PinOrigin,
}

impl Seed {
    /// Refuses a seed that contradicts itself.
    pub(super) fn check(&self) -> Result<(), ServiceError> {
        let invalid = |field, expected| Err(ServiceError::Invalid { field, expected });
        if RESERVED_NAMES.contains(&self.account.as_str()) {
            return invalid("seed.account.account_id", "must not be `unknown` or `engine`, names of the engine's own");
        }
        if is_separated(&self.account) {
            let expected = "must not begin with `separated-`, as accounts of line separations do";
            return invalid("seed.account.account_id", expected);
        }
        if self.persons.iter().filter(|person| person.role == PersonRole::Owner).count() > 1 {
            return invalid("seed.account.persons", "must have at most one person with PERSON_ROLE_OWNER");
        }
        if self.lines.iter().any(|line| line.id.as_str() == STAND_IN_NAME) {
            return invalid("seed.lines.line_id", "must not be `unknown`, the engine's own name for no line");
        }
        let mut numbers = std::collections::HashSet::new();
        if self.lines.iter().any(|line| line.is_in_use() && !numbers.insert(line.msisdn.digits())) {
            return invalid("seed.lines.msisdn", "must be the number of one line in service only");
        }
        let known_line = |id: &LineId| self.lines.iter().any(|line| line.id == *id);
        if self.locks.iter().filter_map(|lock| lock.line.as_ref()).any(|id| !known_line(id)) {
            return invalid("seed.locks.line_id", "must be a line of this seed");
        }
        if self.devices.iter().any(|device| !self.persons.iter().any(|person| person.id == device.person)) {
            return invalid("seed.devices.person_id", "must be a person of this seed");
        }
        Ok(())
    }

    /// The account as it is created.
    pub(super) fn to_account(&self, brand: &Brand, now: DateTime<Utc>) -> Account {
        let mut protection = Protection::default();
        self.place_locks(&mut protection, None, now, 0);
        Account {
            id: self.account.clone(),
            brand: brand.clone(),
            number: self.number.clone(),
            kind: self.kind,
            persons: self.persons.clone(),
            devices: self.devices.clone(),
            protection,
            flags: Flags::default(),
            resets: Vec::new(),
            line_count: u64::try_from(self.lines.len()).unwrap_or(u64::MAX),
            chain: ChainHead::default(),
            separation: None,
        }
    }

    /// A line as it is created.
    pub(super) fn to_line(&self, line: &LineSeed, now: DateTime<Utc>) -> Line {
        let mut protection = Protection::default();
        self.place_locks(&mut protection, Some(&line.id), now, 0);
        Line {
            id: line.id.clone(),
            account: self.account.clone(),
            msisdn: line.msisdn,
            status: line.status,
            iccid: line.iccid.clone(),
            eid: line.eid.clone(),
            imei: line.imei.clone(),
            sim_changes: line.sim_since.into_iter().map(SimChanged::from).collect(),
            recovery: None,
            forwarding_set_at: None,
            attached_at: None,
            flags: line.flags,
            protection,
            last_record: None,
        }
    }

    /// Turns on the locks of one scope that were never on, voiding what was granted up to `seq`. Returns whether any was.
    pub(super) fn place_locks(
        &self,
        protection: &mut Protection,
        line: Option<&LineId>,
        now: DateTime<Utc>,
        seq: Seq,
    ) -> bool {
        let mut placed = false;
        for lock in self.locks.iter().filter(|lock| lock.line.as_ref() == line) {
            if !matches!(protection.lock((lock.set, lock.holder)), crate::domain::Lock::Off) {
                continue;
            }
            let held = Held { since: lock.since.unwrap_or(now).min(now), by: None, reason: lock.reason.clone() };
            protection.set(lock.set, lock.holder, held, seq);
            placed = true;
        }
        placed
    }

    /// The names by which its lines are found, line by line.
    pub(super) fn index(&self, tokens: &Tokens, brand: &Brand) -> impl Iterator<Item = [IndexEntry; 2]> {
        let account = tokens.account(brand, &self.account);
        self.lines.iter().map(move |line| {
            let token = tokens.line(brand, &line.id);
            let place = Place { account, line: token };
            [IndexEntry { name: token, place }, IndexEntry { name: tokens.number(brand, line.msisdn), place }]
        })
    }
}

/// What differs between an account that exists and a seed for it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Difference {
    /// Fields that would be changed and may be.
    pub allowed: Vec<String>,
    /// Whether something would be changed that needs the redeemed permit of its action.
    pub guarded: bool,
}

/// Compares persons and their contacts, devices and PIN.
///
/// INVARIANT (locked-never-approved): what provisioning may change here takes no protection off, adds no way to prove
/// anything and moves no line. Whoever bribes an import gains nothing.
pub(super) fn compare(account: &Account, seed: &Seed) -> Difference {
    let mut difference = Difference::default();
    if account.kind != seed.kind {
        difference.allowed.push("kind".to_owned());
    }
    let same_persons = account.persons.len() == seed.persons.len()
        && account.persons.iter().zip(&seed.persons).all(|(known, said)| is_same_person(known, said));
    let same_devices = seed.devices.iter().all(|said| account.devices.iter().any(|known| is_same_device(known, said)));
    difference.guarded = account.number != seed.number || !same_persons || !same_devices;
    difference
}

fn is_same_person(known: &Person, said: &Person) -> bool {
    let current = |person: &Person| -> Vec<Contact> {
        let kept = person.contacts.iter().filter(|contact| contact.ended.is_none());
        kept.map(|contact| Contact { since: DateTime::<Utc>::UNIX_EPOCH, ..contact.clone() }).collect()
    };
    known.id == said.id
        && known.role == said.role
        && known.name == said.name
        && known.postal_code == said.postal_code
        && known.lines == said.lines
        && current(known) == current(said)
}

fn is_same_device(known: &Device, said: &Device) -> bool {
    known.id == said.id && known.public_key_jwk == said.public_key_jwk && known.person == said.person
}
