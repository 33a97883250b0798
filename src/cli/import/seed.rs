//! An account's line of a file as the contract's `AccountSeed`, in the contract's own names.
//!
//! Only what has no place in the message is refused here. What a value must be like the service says, for it alone
//! decides.

use serde_json::Value;

use crate::cli::jsonl::{Members, Problem, named_element, object, text_element};
use crate::grpc::pb::v1 as pb;

/// The account that a line holds.
pub(crate) fn parse(line: &[u8]) -> Result<pb::AccountSeed, Problem> {
    seed(Members::of(object(line)?, String::new())?)
}

fn seed(mut members: Members) -> Result<pb::AccountSeed, Problem> {
    let seed = pb::AccountSeed {
        account: members.object("account", account)?,
        lines: members.list("lines", line)?,
        locks: members.list("locks", lock)?,
        pin: members.text("pin")?,
        pin_set_time: members.instant("pin_set_time")?,
        pin_carrier_generated: members.flag("pin_carrier_generated")?,
        devices: members.list("devices", device)?,
    };
    members.end()?;
    Ok(seed)
}

fn account(value: Value, path: String) -> Result<pb::Account, Problem> {
    let mut members = Members::of(value, path)?;
    let account = pb::Account {
        account_id: members.text("account_id")?,
        brand: members.text("brand")?,
        account_number: members.text("account_number")?,
        kind: members.named::<pb::AccountKind>("kind")?,
        persons: members.list("persons", person)?,
        etag: members.text("etag")?,
        line_count: members.number("line_count")?,
    };
    members.end()?;
    Ok(account)
}

fn person(value: Value, path: String) -> Result<pb::Person, Problem> {
    let mut members = Members::of(value, path)?;
    let person = pb::Person {
        person_id: members.text("person_id")?,
        role: members.named::<pb::PersonRole>("role")?,
        name: members.text("name")?,
        postal_code: members.text("postal_code")?,
        contacts: members.list("contacts", contact)?,
        line_ids: members.list("line_ids", text_element)?,
    };
    members.end()?;
    Ok(person)
}

fn contact(value: Value, path: String) -> Result<pb::Contact, Problem> {
    use pb::contact::Value as Choice;
    let mut members = Members::of(value, path.clone())?;
    let choices = [
        members.choice("email")?.map(Choice::Email),
        members.choice("sms")?.map(Choice::Sms),
        members.choice("voice")?.map(Choice::Voice),
        members.choice("postal_code")?.map(Choice::PostalCode),
    ];
    let mut given = choices.into_iter().flatten();
    let value = given.next();
    if given.next().is_some() {
        let reason = "must have exactly one of email, sms, voice, postal_code".to_owned();
        return Err(Problem { field: path, reason });
    }
    let contact = pb::Contact {
        contact_id: members.text("contact_id")?,
        value,
        since_time: members.instant("since_time")?,
        removed_time: members.instant("removed_time")?,
    };
    members.end()?;
    Ok(contact)
}

fn line(value: Value, path: String) -> Result<pb::Line, Problem> {
    let mut members = Members::of(value, path)?;
    let line = pb::Line {
        line_id: members.text("line_id")?,
        msisdn: members.text("msisdn")?,
        account_id: members.text("account_id")?,
        iccid: members.text("iccid")?,
        eid: members.text("eid")?,
        imei: members.text("imei")?,
        sim_since_time: members.instant("sim_since_time")?,
        status: members.named::<pb::LineStatus>("status")?,
        flags: members.list("flags", named_element::<pb::LineFlag>)?,
    };
    members.end()?;
    Ok(line)
}

fn lock(value: Value, path: String) -> Result<pb::LockSeed, Problem> {
    let mut members = Members::of(value, path)?;
    let lock = pb::LockSeed {
        set: members.named::<pb::LockSet>("set")?,
        holder: members.named::<pb::LockHolder>("holder")?,
        since_time: members.instant("since_time")?,
        reason_code: members.text("reason_code")?,
        line_id: members.text("line_id")?,
    };
    members.end()?;
    Ok(lock)
}

fn device(value: Value, path: String) -> Result<pb::Device, Problem> {
    let mut members = Members::of(value, path)?;
    let device = pb::Device {
        device_id: members.text("device_id")?,
        public_key_jwk: members.text("public_key_jwk")?,
        model: members.text("model")?,
        added_time: members.instant("added_time")?,
        person_id: members.text("person_id")?,
    };
    members.end()?;
    Ok(device)
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::grpc::pb::v1 as pb;
    use crate::grpc::pb::v1::contact::Value;

    const WHOLE: &str = r#"{
        "account": {
            "account_id": "A-1", "brand": "example", "account_number": "0012", "kind": "ACCOUNT_KIND_POSTPAID",
            "line_count": "0",
            "persons": [{
                "person_id": "P-1", "role": "PERSON_ROLE_OWNER", "name": "Ada", "postal_code": "12345",
                "contacts": [{ "contact_id": "C-1", "email": "ada@mail.example", "removed_time": null }],
                "line_ids": ["L-1"]
            }]
        },
        "lines": [{
            "line_id": "L-1", "msisdn": "+12125550123", "iccid": "8", "status": "LINE_STATUS_ACTIVE",
            "sim_since_time": "2026-01-01T00:00:00Z", "flags": ["LINE_FLAG_HEIGHTENED"]
        }],
        "locks": [{ "set": "LOCK_SET_PORT", "holder": "LOCK_HOLDER_CARRIER", "reason_code": "R", "line_id": "L-1" }],
        "pin": "482951", "pin_set_time": "2026-01-01T00:00:00.5Z", "pin_carrier_generated": true,
        "devices": [{ "device_id": "D-1", "public_key_jwk": "{}", "added_time": "2026-01-01T00:00:00Z", "person_id": "P-1" }]
    }"#;

    #[test]
    fn a_whole_line_becomes_the_message() {
        let Ok(seed) = parse(WHOLE.as_bytes()) else { panic!("a line was refused") };
        let account = seed.account.unwrap();
        assert_eq!((account.kind(), account.account_number.as_str()), (pb::AccountKind::Postpaid, "0012"));
        assert!(account.persons[0].contacts[0].value == Some(Value::Email("ada@mail.example".to_owned())));
        assert!(seed.lines[0].msisdn == "+12125550123" && seed.lines[0].flags == [1]);
        assert!(seed.locks[0].holder() == pb::LockHolder::Carrier && seed.pin == "482951");
        assert_eq!(seed.pin_set_time.unwrap().nanos, 500_000_000);
        assert!(seed.pin_carrier_generated && seed.devices[0].person_id == "P-1");
    }

    /// What is wrong where, by the line's text and the field and reason that are told of it.
    #[test]
    fn a_bad_line_is_told_by_field_and_reason() {
        let kinds = "must be one of ACCOUNT_KIND_POSTPAID, ACCOUNT_KIND_PREPAID, ACCOUNT_KIND_BUSINESS";
        let instant = "must be an instant in RFC 3339, like 2026-03-01T12:00:00Z";
        let choice = "must have exactly one of email, sms, voice, postal_code";
        let cases = [
            (r#"{"account":"#, "", "must be one JSON object; see column 11"),
            ("{} {}", "", "must be one JSON object; see column 4"),
            ("[]", "", "must be an object"),
            (r#"{"pin":"1","pin":"2"}"#, "", "must not have a member twice; see column 21"),
            (r#"{"account":7}"#, "account", "must be an object"),
            (r#"{"account":{"kind":"POSTPAID"}}"#, "account.kind", kinds),
            (r#"{"account":{"kind":1}}"#, "account.kind", kinds),
            (r#"{"account":{"line_count":1.5}}"#, "account.line_count", "must be a whole number"),
            (r#"{"acount":{}}"#, "acount", "is no field of the contract"),
            (r#"{"lines":{}}"#, "lines", "must be a list"),
            (r#"{"lines":[{},{"msisdn":12125550123}]}"#, "lines[1].msisdn", "must be a text in quotes"),
            (r#"{"lines":[{"sim_since_time":"yesterday"}]}"#, "lines[0].sim_since_time", instant),
            (r#"{"lines":[{"sim_since_time":17}]}"#, "lines[0].sim_since_time", instant),
            (
                r#"{"lines":[{"flags":["LINE_FLAG_UNSPECIFIED","X"]}]}"#,
                "lines[0].flags[1]",
                "must be one of LINE_FLAG_HEIGHTENED, LINE_FLAG_VICTIM",
            ),
            (r#"{"pin":482951}"#, "pin", "must be a text in quotes"),
            (r#"{"pin_carrier_generated":"yes"}"#, "pin_carrier_generated", "must be true or false"),
            (
                r#"{"account":{"persons":[{"contacts":[{"sms":"+1","email":""}]}]}}"#,
                "account.persons[0].contacts[0]",
                choice,
            ),
            (
                r#"{"account":{"persons":[{"line_ids":[7]}]}}"#,
                "account.persons[0].line_ids[0]",
                "must be a text in quotes",
            ),
            (r#"{"devices":[{"colour":"red"}]}"#, "devices[0].colour", "is no field of the contract"),
        ];
        for (text, field, reason) in cases {
            let problem = parse(text.as_bytes()).map(|_| ()).unwrap_err();
            assert_eq!((problem.field.as_str(), problem.reason.as_str()), (field, reason), "{text}");
        }
    }

    #[test]
    fn no_problem_shows_a_value() {
        for text in [r#"{"pin":"482951"#, r#"{"pin":"482951",}"#, r#"{"pin":["482951"]}"#, r#""482951""#, "482951"] {
            let problem = parse(text.as_bytes()).map(|_| ()).unwrap_err();
            assert!(!problem.reason.contains("4829") && !problem.field.contains("4829"), "{text}: {problem:?}");
        }
    }
}
