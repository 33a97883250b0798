//! What is sent.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;
use zeroize::Zeroizing;

/// One message to a customer, for who carries it.
pub struct Message {
    /// Its id: the same however often it is sent, so that who receives it twice sees it.
    pub id: Uuid,
    /// What it is, as CloudEvents' `type`: `portcullis.code`.
    pub kind: &'static str,
    /// When what it tells of happened.
    pub at: DateTime<Utc>,
    /// Which engine, as CloudEvents' `source`, a URI reference.
    pub source: String,
    /// What it is about; none where its data says it.
    pub subject: Option<String>,
    /// What it says. May hold a one-time code and a contact.
    pub data: Value,
}

/// Shows nothing of it.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Message(..)")
    }
}

/// CloudEvents 1.0, the JSON format; members stand in this order.
#[derive(Serialize)]
struct CloudEvent<'a> {
    specversion: &'static str,
    id: String,
    source: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    datacontenttype: &'static str,
    data: &'a Value,
}

impl Message {
    /// What [`Message::written`] is.
    pub(super) const CONTENT_TYPE: &'static str = "application/cloudevents+json";

    /// The id of a message about what has that number, for ever the same.
    pub fn id_of(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    /// Its text: one line of JSON, always the same.
    pub(super) fn written(&self) -> Result<Zeroizing<Vec<u8>>, serde_json::Error> {
        let Self { id, kind, at, source, subject, data } = self;
        let event = CloudEvent {
            specversion: "1.0",
            id: id.to_string(),
            source,
            kind,
            time: at.to_rfc3339_opts(SecondsFormat::Millis, true),
            subject: subject.as_deref(),
            datacontenttype: "application/json",
            data,
        };
        serde_json::to_vec(&event).map(Zeroizing::new)
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use serde_json::json;
    use uuid::Uuid;

    use super::Message;
    use crate::outbound::tests::message;

    /// Receivers read these bytes.
    #[test]
    fn golden_text() {
        let written = |message: &Message| String::from_utf8(message.written().unwrap().to_vec()).unwrap();
        assert_eq!(
            written(&message()),
            concat!(
                r#"{"specversion":"1.0","id":"01a0c450-6c7b-7012-8d15-9e26af37bf8c","source":"/portcullis/default","#,
                r#""type":"portcullis.code","time":"2026-09-21T14:13:20.123Z","subject":"L-1","#,
                r#""datacontenttype":"application/json","data":{"code":"481516","to":"ada@example.com"}}"#,
            )
        );
        let spare = Message {
            id: Uuid::nil(),
            at: DateTime::UNIX_EPOCH,
            subject: None,
            data: json!({"text": "two\nlines, \u{e9} and \"quotes\""}),
            ..message()
        };
        assert_eq!(
            written(&spare),
            concat!(
                r#"{"specversion":"1.0","id":"00000000-0000-0000-0000-000000000000","source":"/portcullis/default","#,
                r#""type":"portcullis.code","time":"1970-01-01T00:00:00.000Z","datacontenttype":"application/json","#,
                r#""data":{"text":"two\nlines, é and \"quotes\""}}"#,
            )
        );
    }

    #[test]
    fn a_message_shows_nothing_of_itself() {
        assert_eq!(format!("{:?} {:#?}", message(), Some(message())), "Message(..) Some(\n    Message(..),\n)");
    }
}
