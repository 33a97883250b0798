//! Where a scenario's customers are reached, and the codes that come there.

use std::sync::Mutex;

use crate::cli::failure::Failure;
use crate::domain::ContactValue;
use crate::grpc::pb::v1 as pb;
use crate::service::{CodeSender, CodeToSend};

/// The last code, and where it came to, until somebody looks.
#[derive(Default)]
pub(super) struct Mailbox(Mutex<Option<(&'static str, String)>>);

/// The kinds of contact that a household may have, by the names that files use.
const EMAIL: &str = "email";
const CALL: &str = "call";
const LINE: &str = "line";

/// What is looked at where nothing came.
pub(super) const NOBODY: &str = "nobody";

impl Mailbox {
    /// Takes what came: where it came to, and the code.
    pub(super) fn take(&self) -> (&'static str, String) {
        let mut last = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        last.take().unwrap_or((NOBODY, String::new()))
    }
}

impl CodeSender for Mailbox {
    fn send(&self, code: CodeToSend) {
        let place = match &code.contact.value {
            ContactValue::Email(_) | ContactValue::Postal(_) => EMAIL,
            ContactValue::Voice(_) => CALL,
            ContactValue::Sms(_) => LINE,
        };
        let mut last = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *last = Some((place, code.digits.expose().to_owned()));
    }
}

/// How an owner whose first line has that number is reached.
pub(super) fn contacts(kinds: &[String], line: &str) -> Result<Vec<pb::Contact>, Failure> {
    use pb::contact::Value;
    let one = |kind: &String| {
        let value = match kind.as_str() {
            EMAIL => Value::Email("owner@example.com".to_owned()),
            CALL => Value::Voice("+12125550999".to_owned()),
            LINE => Value::Sms(line.to_owned()),
            other => return Err(Failure::invalid(format!("`contacts`: `{other}` is none of {EMAIL}, {CALL}, {LINE}"))),
        };
        Ok(pb::Contact { contact_id: kind.clone(), value: Some(value), ..pb::Contact::default() })
    };
    kinds.iter().map(one).collect()
}
