//! Where a message goes, as its receiver reads it.

use serde_json::{Map, Value};

use crate::domain::{ContactId, ContactKind, ContactValue};

/// One recipient: the contact's name, where it is one, and its address. Of a postal one there is no address: no message goes there.
pub fn recipient(id: Option<&ContactId>, value: &ContactValue) -> Value {
    let mut recipient = Map::new();
    if let Some(id) = id {
        recipient.insert("contact_id".to_owned(), id.as_str().into());
    }
    if value.kind() != ContactKind::Postal {
        let (name, address) = value.spelt();
        recipient.insert(name.to_owned(), address.into());
    }
    Value::Object(recipient)
}
