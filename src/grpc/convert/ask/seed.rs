//! Accounts as provisioning knows them.

use chrono::{DateTime, Utc};

use super::protection::check_reason;
use crate::domain::{
    AccountId, AccountNumber, Brand, Contact, ContactId, Device, DeviceId, Eid, Flags, HolderName, Iccid, Imei, LineId,
    Msisdn, Person, PersonId, PinDigits, PinOrigin, PostalCode, Reference,
};
use crate::grpc::convert::contact;
use crate::grpc::convert::enums::{account_kind, line_flag, line_status, lock_holder, lock_set, person_role};
use crate::grpc::convert::field::{
    FieldError, InField, absent, elements, first_repeated, optional_text, required, text,
};
use crate::grpc::convert::interaction::scalars;
use crate::grpc::convert::key::public_key_jwk;
use crate::grpc::convert::time::{instant, optional_instant};
use crate::grpc::pb::v1 as pb;
use crate::service::{LineSeed, LockSeed, PinSeed, Seed};

const PERSONS_MAX: usize = 50;
const CONTACTS_PER_PERSON_MAX: usize = 10;
const LINES_PER_PERSON_MAX: usize = 100;
const LINES_MAX: usize = 1_000;
const LOCKS_MAX: usize = 2_000;
const DEVICES_MAX: usize = 20;
const FLAGS_MAX: usize = 2;

const ONCE: &str = "must not be given twice";
const OUTPUT_ONLY: &str = "must be empty: it is told, never asked";
const PAST: &str = "must not be in the future";

/// What is known besides the message: whose accounts these are, and when the message came.
#[derive(Clone, Copy)]
struct Context<'a> {
    brand: &'a Brand,
    received: DateTime<Utc>,
}

/// An account with what belongs to it.
pub(super) fn seed(value: pb::AccountSeed, brand: &Brand, received: DateTime<Utc>) -> Result<Seed, FieldError> {
    let context = Context { brand, received };
    let pb::AccountSeed { account, lines, locks, pin, pin_set_time, pin_carrier_generated, devices } = value;
    let head = head_of(required(account, "account")?, context).in_field("account")?;
    let lines = elements(lines, "lines", LINES_MAX, |line| line_of(line, &head.id, context))?;
    refuse_repeated(lines.iter().map(|line| line.id.as_str()), "lines", "line_id")?;
    let locks = elements(locks, "locks", LOCKS_MAX, |lock| lock_of(lock, context))?;
    let devices = elements(devices, "devices", DEVICES_MAX, |device| device_of(device, context))?;
    refuse_repeated(devices.iter().map(|device| device.id.as_str()), "devices", "device_id")?;
    Ok(Seed {
        account: head.id,
        number: head.number,
        kind: head.kind,
        persons: head.persons,
        devices,
        lines,
        locks,
        pin: pin_of(&pin, pin_set_time, pin_carrier_generated, context)?,
    })
}

struct Head {
    id: AccountId,
    number: AccountNumber,
    kind: crate::domain::AccountKind,
    persons: Vec<Person>,
}

fn head_of(value: pb::Account, context: Context<'_>) -> Result<Head, FieldError> {
    let pb::Account { account_id, brand, account_number, kind, persons, etag, line_count } = value;
    let id = text(&account_id, "account_id", AccountId::parse)?;
    if text(&brand, "brand", Brand::parse)? != *context.brand {
        return Err(FieldError::new("brand", "must be the caller's own brand"));
    }
    let number = text(&account_number, "account_number", AccountNumber::parse)?;
    let kind = account_kind(kind).in_field("kind")?;
    if persons.is_empty() {
        return Err(FieldError::required("persons"));
    }
    let persons = elements(persons, "persons", PERSONS_MAX, |person| person_of(person, context))?;
    refuse_repeated(persons.iter().map(|person| person.id.as_str()), "persons", "person_id")?;
    absent(etag.is_empty(), "etag", OUTPUT_ONLY)?;
    absent(line_count == 0, "line_count", OUTPUT_ONLY)?;
    Ok(Head { id, number, kind, persons })
}

fn person_of(value: pb::Person, context: Context<'_>) -> Result<Person, FieldError> {
    let pb::Person { person_id, role, name, postal_code, contacts, line_ids } = value;
    let contacts = elements(contacts, "contacts", CONTACTS_PER_PERSON_MAX, |value| contact_of(value, context))?;
    refuse_repeated(contacts.iter().map(|contact| contact.id.as_str()), "contacts", "contact_id")?;
    Ok(Person {
        id: text(&person_id, "person_id", PersonId::parse)?,
        role: person_role(role).in_field("role")?,
        name: optional_text(&name, "name", HolderName::parse)?,
        postal_code: optional_text(&postal_code, "postal_code", PostalCode::parse)?,
        contacts,
        lines: scalars(line_ids, "line_ids", LINES_PER_PERSON_MAX, |id| LineId::parse(&id))?,
    })
}

fn contact_of(value: pb::Contact, context: Context<'_>) -> Result<Contact, FieldError> {
    use pb::contact::Value;
    let pb::Contact { contact_id, since_time, removed_time, value } = value;
    absent(removed_time.is_none(), "removed_time", OUTPUT_ONLY)?;
    Ok(Contact {
        id: text(&contact_id, "contact_id", ContactId::parse)?,
        value: match required(value, "value")? {
            Value::Email(email) => contact::email(&email)?,
            Value::Sms(number) => contact::sms(&number)?,
            Value::Voice(number) => contact::voice(&number)?,
            Value::PostalCode(code) => contact::postal_code(&code)?,
        },
        // What nobody knows the age of is as young as can be: it proves nothing for a while.
        since: past(since_time, "since_time", context)?.unwrap_or(context.received),
        ended: None,
    })
}

fn line_of(value: pb::Line, account: &AccountId, context: Context<'_>) -> Result<LineSeed, FieldError> {
    let pb::Line { line_id, msisdn, account_id, iccid, eid, imei, sim_since_time, status, flags } = value;
    let named = optional_text(&account_id, "account_id", AccountId::parse)?;
    if named.is_some_and(|named| named != *account) {
        return Err(FieldError::new("account_id", "must be the seed's own account"));
    }
    if let Some(index) = first_repeated(&flags) {
        return Err(FieldError::new(&format!("flags[{index}]"), ONCE));
    }
    let flags = scalars(flags, "flags", FLAGS_MAX, line_flag)?;
    Ok(LineSeed {
        id: text(&line_id, "line_id", LineId::parse)?,
        msisdn: text(&msisdn, "msisdn", Msisdn::parse)?,
        status: line_status(status).in_field("status")?,
        iccid: optional_text(&iccid, "iccid", Iccid::parse)?,
        eid: optional_text(&eid, "eid", Eid::parse)?,
        imei: optional_text(&imei, "imei", Imei::parse)?,
        sim_since: past(sim_since_time, "sim_since_time", context)?,
        flags: flags.into_iter().fold(Flags::default(), |all, one| Flags {
            heightened: all.heightened || one.heightened,
            victim: all.victim || one.victim,
        }),
    })
}

fn lock_of(value: pb::LockSeed, context: Context<'_>) -> Result<LockSeed, FieldError> {
    let pb::LockSeed { set, holder, since_time, reason_code, line_id } = value;
    let holder = lock_holder(holder).in_field("holder")?;
    let reason = optional_text(&reason_code, "reason_code", Reference::parse)?;
    check_reason(holder, reason.as_ref())?;
    Ok(LockSeed {
        line: optional_text(&line_id, "line_id", LineId::parse)?,
        set: lock_set(set).in_field("set")?,
        holder,
        since: past(since_time, "since_time", context)?,
        reason,
    })
}

fn device_of(value: pb::Device, context: Context<'_>) -> Result<Device, FieldError> {
    let pb::Device { device_id, public_key_jwk: key, model, added_time, person_id } = value;
    let added = instant(required(added_time, "added_time")?, "added_time")?;
    if added > context.received {
        return Err(FieldError::new("added_time", PAST));
    }
    Ok(Device {
        id: text(&device_id, "device_id", DeviceId::parse)?,
        person: text(&person_id, "person_id", PersonId::parse)?,
        public_key_jwk: text(&key, "public_key_jwk", public_key_jwk)?,
        model: optional_text(&model, "model", Reference::parse)?,
        added_at: added,
        revoked_at: None,
        vouched: false,
        remind_at: None,
    })
}

fn pin_of(
    digits: &str,
    set_time: Option<prost_types::Timestamp>,
    carrier_generated: bool,
    context: Context<'_>,
) -> Result<Option<PinSeed>, FieldError> {
    let Some(digits) = optional_text(digits, "pin", PinDigits::parse_offered)? else {
        absent(set_time.is_none(), "pin_set_time", "must be absent without `pin`")?;
        absent(!carrier_generated, "pin_carrier_generated", "must be false without `pin`")?;
        return Ok(None);
    };
    let origin = if carrier_generated { PinOrigin::Carrier } else { PinOrigin::EndUser };
    Ok(Some(PinSeed { digits, set_at: past(set_time, "pin_set_time", context)?, origin }))
}

fn past(
    value: Option<prost_types::Timestamp>,
    name: &str,
    context: Context<'_>,
) -> Result<Option<DateTime<Utc>>, FieldError> {
    match optional_instant(value, name)? {
        Some(at) if at > context.received => Err(FieldError::new(name, PAST)),
        at => Ok(at),
    }
}

fn refuse_repeated<'a>(ids: impl Iterator<Item = &'a str>, list: &str, field: &str) -> Result<(), FieldError> {
    let mut seen = std::collections::HashSet::new();
    for (index, id) in ids.enumerate() {
        if !seen.insert(id) {
            return Err(FieldError::new(&format!("{list}[{index}].{field}"), ONCE));
        }
    }
    Ok(())
}
