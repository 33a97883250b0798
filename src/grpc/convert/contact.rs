//! Ways to reach a person.

use super::field::{FieldError, text};
use crate::domain::{ContactValue, FormatError, Msisdn, PostalCode};

const EMAIL: &str = "must be an e-mail address of at most 254 characters";
const EMAIL_CHARACTERS_MAX: usize = 254;

/// A mailbox. The check is for typing errors only: that it is the customer's, its age on record says.
pub(in crate::grpc) fn email(value: &str) -> Result<ContactValue, FieldError> {
    text(value, "email", parse_email)
}

/// A number for texts.
pub(in crate::grpc) fn sms(value: &str) -> Result<ContactValue, FieldError> {
    text(value, "sms", Msisdn::parse).map(ContactValue::Sms)
}

/// A number for calls.
pub(in crate::grpc) fn voice(value: &str) -> Result<ContactValue, FieldError> {
    text(value, "voice", Msisdn::parse).map(ContactValue::Voice)
}

/// A postal address, by its code.
pub(in crate::grpc) fn postal_code(value: &str) -> Result<ContactValue, FieldError> {
    text(value, "postal_code", PostalCode::parse).map(ContactValue::Postal)
}

fn parse_email(value: &str) -> Result<ContactValue, FormatError> {
    let is_part = |part: &str| !part.is_empty() && !part.chars().any(|c| c.is_whitespace() || c.is_control());
    let fits = value.len() <= EMAIL_CHARACTERS_MAX
        && value.split_once('@').is_some_and(|(local, host)| is_part(local) && is_part(host) && !host.contains('@'));
    if fits { Ok(ContactValue::Email(value.to_owned())) } else { Err(FormatError::new(EMAIL)) }
}

#[cfg(test)]
mod tests {
    use super::email;

    #[test]
    fn email_typing_errors() {
        assert!(email("kim@example.com").is_ok());
        for wrong in [
            "",
            "kim",
            "@example.com",
            "kim@",
            "kim@@example.com",
            "k im@example.com",
            "kim@exam\nple.com",
            &format!("{}@example.com", "k".repeat(250)),
        ] {
            assert!(email(wrong).is_err(), "`{wrong}` was accepted");
        }
    }
}
