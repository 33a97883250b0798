//! Accounts and lines.

use prost::Message as _;

use super::protection::etag;
use super::wire;
use crate::domain::{Account, Contact, ContactValue, Line, Person, PersonRole, Requester, Role};
use crate::grpc::convert::FieldError;
use crate::grpc::convert::time::timestamp;
use crate::grpc::pb::v1 as pb;

/// An account, as far as its reader may know it.
pub(in crate::grpc) fn account(account: &Account, reader: &Requester) -> pb::Account {
    let shown = pb::Account {
        account_id: account.id.as_str().to_owned(),
        brand: account.brand.as_str().to_owned(),
        account_number: account.number.as_str().to_owned(),
        kind: wire::account_kind(account.kind),
        persons: account.persons.iter().map(|person| told(person, sees(account, person, reader))).collect(),
        etag: String::new(),
        line_count: i64::try_from(account.line_count).unwrap_or(i64::MAX),
    };
    pb::Account { etag: etag(&shown.encode_to_vec()), ..shown }
}

/// Whether a reader sees a person's name and contacts: the owner everybody's, others on the account their own.
fn sees(account: &Account, person: &Person, reader: &Requester) -> bool {
    match reader.role {
        Role::BusinessAdmin | Role::FraudOps | Role::Auditor => true,
        Role::Customer => {
            let own = reader.person.as_ref();
            let is_owner = account.owner().is_some_and(|owner| own == Some(&owner.id));
            is_owner || own == Some(&person.id)
        }
        _ => false,
    }
}

fn told(person: &Person, whole: bool) -> pb::Person {
    let Person { id, role, name, postal_code, contacts, lines } = person;
    let listed = if *role == PersonRole::Owner { &[][..] } else { lines };
    pb::Person {
        person_id: id.as_str().to_owned(),
        role: wire::person_role(*role),
        name: name.as_ref().filter(|_| whole).map_or_else(String::new, |name| name.as_str().to_owned()),
        postal_code: postal_code.as_ref().filter(|_| whole).map_or_else(String::new, |code| code.as_str().to_owned()),
        contacts: contacts.iter().filter(|_| whole).map(contact).collect(),
        line_ids: listed.iter().map(|line| line.as_str().to_owned()).collect(),
    }
}

fn contact(contact: &Contact) -> pb::Contact {
    use pb::contact::Value;
    let Contact { id, value, since, ended } = contact;
    pb::Contact {
        contact_id: id.as_str().to_owned(),
        value: Some(match value {
            ContactValue::Email(email) => Value::Email(email.clone()),
            ContactValue::Sms(number) => Value::Sms(number.to_e164()),
            ContactValue::Voice(number) => Value::Voice(number.to_e164()),
            ContactValue::Postal(code) => Value::PostalCode(code.as_str().to_owned()),
        }),
        since_time: Some(timestamp(*since)),
        removed_time: ended.map(timestamp),
    }
}

/// A line.
pub(in crate::grpc) fn line(line: &Line) -> pb::Line {
    pb::Line {
        line_id: line.id.as_str().to_owned(),
        msisdn: line.msisdn.to_e164(),
        account_id: line.account.as_str().to_owned(),
        iccid: line.iccid.as_ref().map_or_else(String::new, |iccid| iccid.as_str().to_owned()),
        eid: line.eid.as_ref().map_or_else(String::new, |eid| eid.as_str().to_owned()),
        imei: line.imei.as_ref().map_or_else(String::new, |imei| imei.as_str().to_owned()),
        sim_since_time: line.sim_changed_at().map(timestamp),
        status: wire::line_status(line.status),
        flags: wire::line_flags(line.flags),
    }
}

/// A row that was refused, its field named from the seed's own top.
pub(in crate::grpc) fn import_error(row: i64, error: &FieldError) -> pb::RowError {
    let field = error.path.strip_prefix("seed.").unwrap_or(&error.path);
    pb::RowError { row, field: field.to_owned(), reason: error.expected.clone().into_owned() }
}
