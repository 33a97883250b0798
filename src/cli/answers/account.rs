//! Accounts.

use serde_json::{Value, json};

use super::value::{instant, name, word};
use crate::cli::output::{Answer, pairs, parts, table};
use crate::grpc::pb::v1 as pb;
use crate::grpc::pb::v1::contact;

/// An account, as far as the reader may know it. Has no `Debug`: it holds personal data.
pub(crate) struct Account(pub(crate) pb::Account);

impl Answer for Account {
    fn json(&self) -> Value {
        let pb::Account { account_id, brand, account_number, kind, persons, etag, line_count } = &self.0;
        json!({
            "account_id": account_id,
            "brand": brand,
            "account_number": account_number,
            "kind": name::<pb::AccountKind>(*kind),
            "persons": persons.iter().map(person_json).collect::<Vec<_>>(),
            "etag": etag,
            "line_count": line_count,
        })
    }

    fn text(&self) -> String {
        let account = &self.0;
        let about = pairs([
            ("account", account.account_id.clone()),
            ("brand", account.brand.clone()),
            ("number", account.account_number.clone()),
            ("kind", word::<pb::AccountKind>(account.kind)),
            ("lines", account.line_count.to_string()),
        ]);
        let rows = account.persons.iter().map(|person| {
            let contacts: Vec<String> = person.contacts.iter().map(contact_text).collect();
            let lines = person.line_ids.join(", ");
            [
                person.person_id.clone(),
                word::<pb::PersonRole>(person.role),
                person.name.clone(),
                contacts.join(", "),
                lines,
            ]
        });
        parts([about, table(["PERSON", "ROLE", "NAME", "CONTACTS", "LINES"], rows)])
    }
}

fn person_json(person: &pb::Person) -> Value {
    let pb::Person { person_id, role, name: person_name, postal_code, contacts, line_ids } = person;
    json!({
        "person_id": person_id,
        "role": name::<pb::PersonRole>(*role),
        "name": person_name,
        "postal_code": postal_code,
        "contacts": contacts.iter().map(contact_json).collect::<Vec<_>>(),
        "line_ids": line_ids,
    })
}

/// Unlike elsewhere only the one value that a contact has: an import takes it as it stands.
fn contact_json(contact: &pb::Contact) -> Value {
    let pb::Contact { contact_id, since_time, removed_time, value } = contact;
    let mut told = json!({
        "contact_id": contact_id,
        "since_time": instant(*since_time),
        "removed_time": instant(*removed_time),
    });
    if let (Some((kind, text)), Some(members)) = (value.as_ref().map(contact_value), told.as_object_mut()) {
        members.insert(kind.to_owned(), json!(text));
    }
    told
}

fn contact_value(value: &contact::Value) -> (&'static str, &str) {
    match value {
        contact::Value::Email(text) => ("email", text),
        contact::Value::Sms(text) => ("sms", text),
        contact::Value::Voice(text) => ("voice", text),
        contact::Value::PostalCode(text) => ("postal_code", text),
    }
}

fn contact_text(contact: &pb::Contact) -> String {
    let removed = if contact.removed_time.is_some() { " (removed)" } else { "" };
    match contact.value.as_ref().map(contact_value) {
        Some((kind, text)) => format!("{} {text}{removed}", kind.replace('_', " ")),
        None => format!("{}{removed}", contact.contact_id),
    }
}
