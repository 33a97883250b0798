//! What the text of a code says: what it is for, to whom the number would go, and never to read it out (E05).

use chrono::{DateTime, Utc};

use crate::domain::{Change, Msisdn, PinDigits};
use crate::service::wording::{purpose, whose};

/// The text that goes to the customer with a code.
pub(super) fn code_text(change: &Change, line: Msisdn, digits: &PinDigits) -> String {
    format!(
        "{} is your code for {}. Enter it yourself, at the store's PIN pad, in a call to our voice system or in our app. Never \
         read it out or pass it on, not even to us. Was it not you who asked? Then do not use it, and say no in our app.",
        digits.expose(),
        purpose(change, Some(line))
    )
}

/// The text that goes to the customer with a transfer PIN.
pub(in crate::service) fn transfer_pin_text(
    change: &Change,
    line: Msisdn,
    digits: &PinDigits,
    expires_at: DateTime<Utc>,
) -> String {
    let only = change.gaining_spid().map_or_else(String::new, |spid| format!(" ({spid} alone)"));
    format!(
        "{} is the transfer PIN of {}. Whoever has it can move the number to another carrier{only} until {}. Give it to your new carrier \
         and to nobody who calls you, not even to us. Was it not you who asked? Then say no in our app, and turn your lock on.",
        digits.expose(),
        whose(Some(line)),
        expires_at.format("%-d %B %Y at %H:%M UTC"),
    )
}

#[cfg(test)]
mod tests {
    use super::{code_text, transfer_pin_text};
    use crate::domain::{Change, ContactChange, ContactId, ContactValue, Msisdn, PinDigits, Pon, PortOut, Spid};

    #[test]
    fn a_new_contact_is_named_as_its_owner_knows_it() {
        let value = Some(ContactValue::Email("thief@example.org".to_owned()));
        let change = Change::Contact(ContactChange { contact: ContactId::parse("mail").unwrap(), value });
        let line = Msisdn::parse("+12125550123").unwrap();
        let text = code_text(&change, line, &PinDigits::parse_code("204817").unwrap());
        let said = "for a new way to reach the owner of the number ending 0123: t***@e***.org.";
        assert!(text.contains(said), "{text}");
    }

    #[test]
    fn it_names_what_it_is_for_and_where_the_number_would_go() {
        let (gaining_spid, pon) = (Spid::parse("6006").unwrap(), Pon::parse("PON-1").unwrap());
        let change = Change::PortOut(PortOut { gaining_spid, gaining_name: None, pon, dealer: None });
        let line = Msisdn::parse("+12125550123").unwrap();
        let text = code_text(&change, line, &PinDigits::parse_code("204817").unwrap());
        assert_eq!(
            text,
            "204817 is your code for moving the number ending 0123 to another carrier (6006). Enter it yourself, at the store's \
             PIN pad, in a call to our voice system or in our app. Never read it out or pass it on, not even to us. Was it not you \
             who asked? Then do not use it, and say no in our app."
        );
    }

    #[test]
    fn a_transfer_pin_says_what_it_can_do_and_until_when() {
        let change = Change::TransferPinIssue { gaining_spid: Spid::parse("6006").ok() };
        let line = Msisdn::parse("+12125550123").unwrap();
        let until = chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let text = transfer_pin_text(&change, line, &PinDigits::parse_code("204817").unwrap(), until);
        let said = "204817 is the transfer PIN of the number ending 0123. Whoever has it can move the number to another carrier \
                    (6006 alone) until 15 January 2027 at 08:00 UTC. ";
        assert!(text.starts_with(said), "{text}");
    }
}
