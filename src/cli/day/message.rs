//! What rows have in common, as messages of the contract.

use super::sheet::Row;
use crate::cli::failure::Failure;
use crate::grpc::client::Duration;
use crate::grpc::pb::v1 as pb;
use crate::grpc::pb::v1::change::Change;
use crate::grpc::pb::v1::line_ref::Ref;

/// A line by its number.
pub(super) fn line(msisdn: &str) -> pb::LineRef {
    pb::LineRef { r#ref: Some(Ref::Msisdn(msisdn.to_owned())), ..pb::LineRef::default() }
}

/// Whether a scope is a line's number; else it is an account's id.
pub(super) fn is_number(scope: &str) -> bool {
    scope.starts_with('+')
}

/// Where a row's request is made.
pub(super) fn place(row: &Row) -> Result<pb::Interaction, Failure> {
    let channel = row.word("channel", |word| pb::Channel::from_str_name(&format!("CHANNEL_{word}")))?;
    Ok(pb::Interaction {
        channel: channel.into(),
        store_id: row.cell("store").to_owned(),
        device_id: row.cell("device").to_owned(),
        ..pb::Interaction::default()
    })
}

/// A change.
pub(super) fn change(change: Change) -> pb::Change {
    pb::Change { change: Some(change) }
}

/// The proof that a row offers: a PIN, an approval in the app.
pub(super) fn evidence(row: &Row) -> Result<Vec<pb::Evidence>, Failure> {
    use pb::evidence::Evidence;
    let pin = row.given("pin").map(|pin| Evidence::AccountPin(pin.to_owned()));
    let approval = match row.given("app_device") {
        Some(device) => {
            let signature = row.word("app_signature", bytes)?;
            Some(Evidence::AppApproval(pb::AppApproval { device_key_id: device.to_owned(), signature }))
        }
        None => None,
    };
    Ok(pin.into_iter().chain(approval).map(piece).collect())
}

/// One piece of proof.
pub(super) fn piece(evidence: pb::evidence::Evidence) -> pb::Evidence {
    pb::Evidence { evidence: Some(evidence) }
}

/// Facts that only the asker's system knows.
pub(super) fn signals(row: &Row) -> Result<Vec<pb::Signal>, Failure> {
    use pb::signal::Value;
    let sale = match row.cell("device_sale") {
        "" => None,
        "yes" => Some(Value::Flag(true)),
        "no" => Some(Value::Flag(false)),
        _ => return Err(row.wrong("device_sale", "must be yes or no")),
    };
    let closing = |minutes: i64| Value::Duration(Duration { seconds: minutes.saturating_mul(60), nanos: 0 });
    let signals = [
        ("device_sale", sale),
        ("distance_from_home_miles", row.number("miles_from_home")?.map(Value::Number)),
        ("store_closes_within", row.number("closes_in_minutes")?.map(closing)),
    ];
    let named = |(name, value): (&str, Option<Value>)| {
        value.map(|value| pb::Signal { name: name.to_owned(), value: Some(value), ..pb::Signal::default() })
    };
    Ok(signals.into_iter().filter_map(named).collect())
}

/// Bytes from hexadecimal digits.
fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = hex.chars().map(|digit| digit.to_digit(16)?.try_into().ok()).collect();
    let pair = |pair: &[u8]| match pair {
        [high, low] => Some(high * 16 + low),
        _ => None,
    };
    digits?.chunks(2).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn hexadecimal_digits_come_in_pairs() {
        assert_eq!(bytes("00ff7A"), Some(vec![0, 255, 122]));
        assert_eq!(bytes("0"), None);
        assert_eq!(bytes("zz"), None);
    }
}
