//! What secrets an account has, never what they are.

use serde_json::{Value, json};

use super::decision::Decided;
use super::protection::{line_json, line_text};
use super::value::{instant, spoken};
use crate::cli::output::{Answer, pairs, parts, table};
use crate::grpc::pb::v1 as pb;
use crate::grpc::pb::v1::transfer_pin_status::Scope;

/// An account's secrets.
pub(crate) struct Credentials(pub(crate) pb::CredentialStatus);

impl Answer for Credentials {
    fn json(&self) -> Value {
        status_json(&self.0)
    }

    fn text(&self) -> String {
        parts([pin_text(&self.0), TransferPins(self.0.transfer_pins.clone()).text()])
    }
}

/// An account's transfer PINs.
pub(crate) struct TransferPins(pub(crate) Vec<pb::TransferPinStatus>);

impl Answer for TransferPins {
    fn json(&self) -> Value {
        json!({ "transfer_pins": self.0.iter().map(transfer_pin_json).collect::<Vec<_>>() })
    }

    fn text(&self) -> String {
        let rows = self.0.iter().map(|pin| {
            let state = if pin.void { "void" } else { "good" };
            let carrier = if pin.gaining_spid.is_empty() { "any" } else { &pin.gaining_spid };
            [
                pin.transfer_pin_id.clone(),
                state.to_owned(),
                spoken(pin.expire_time),
                scope_text(pin),
                carrier.to_owned(),
            ]
        });
        if self.0.is_empty() {
            return "no transfer PIN".to_owned();
        }
        table(["TRANSFER PIN", "STATE", "UNTIL", "FOR", "TO CARRIER"], rows)
    }
}

/// Whether the account PIN was changed.
pub(crate) struct PinSet {
    /// The decision.
    pub(crate) decision: Decided,
    /// The secrets, after.
    pub(crate) status: Option<pb::CredentialStatus>,
}

impl Answer for PinSet {
    fn json(&self) -> Value {
        json!({ "decision": self.decision.json(), "status": self.status.as_ref().map(status_json) })
    }

    fn text(&self) -> String {
        let status = self.status.as_ref().map_or_else(String::new, pin_text);
        parts([self.decision.text(), status])
    }
}

/// Whether a transfer PIN was issued. Has no `Debug`: it may hold the value.
pub(crate) struct TransferPinIssued {
    /// The decision.
    pub(crate) decision: Decided,
    /// The transfer PIN, its value where this caller may see it, once.
    pub(crate) issued: pb::IssuedTransferPin,
}

impl Answer for TransferPinIssued {
    fn json(&self) -> Value {
        let pb::IssuedTransferPin { status, value, sent_to } = &self.issued;
        json!({
            "decision": self.decision.json(),
            "status": status.as_ref().map(transfer_pin_json),
            "transfer_pin": value,
            "sent_to": sent_to.as_ref().map(|target| &target.masked),
        })
    }

    fn text(&self) -> String {
        let pb::IssuedTransferPin { status, value, sent_to } = &self.issued;
        let Some(status) = status else { return self.decision.text() };
        let shown = match (sent_to, value.as_str()) {
            (Some(target), "") => format!("sent to {}", target.masked),
            (None, "") => "shown to the customer alone".to_owned(),
            (_, value) => value.to_owned(),
        };
        let told = [
            ("transfer PIN", shown),
            ("its id", status.transfer_pin_id.clone()),
            ("good until", spoken(status.expire_time)),
            ("for", scope_text(status)),
            ("to carrier", status.gaining_spid.clone()),
        ];
        parts([self.decision.text(), pairs(told)])
    }
}

/// A transfer PIN that is void.
pub(crate) struct Revoked(pub(crate) pb::RevokeTransferPinResponse);

impl Answer for Revoked {
    fn json(&self) -> Value {
        let pb::RevokeTransferPinResponse { status } = &self.0;
        json!({ "status": status.as_ref().map(transfer_pin_json) })
    }

    fn text(&self) -> String {
        TransferPins(self.0.status.iter().cloned().collect()).text()
    }
}

fn status_json(status: &pb::CredentialStatus) -> Value {
    let pb::CredentialStatus { pin_set, set_time, must_change, exhausted_until_time, transfer_pins } = status;
    json!({
        "pin_set": pin_set,
        "set_time": instant(*set_time),
        "must_change": must_change,
        "exhausted_until_time": instant(*exhausted_until_time),
        "transfer_pins": transfer_pins.iter().map(transfer_pin_json).collect::<Vec<_>>(),
    })
}

fn transfer_pin_json(pin: &pb::TransferPinStatus) -> Value {
    let pb::TransferPinStatus { transfer_pin_id, expire_time, void, gaining_spid, scope } = pin;
    let (line, account_id) = match scope {
        Some(Scope::Line(line)) => (line_json(line), Value::Null),
        Some(Scope::AccountId(id)) => (Value::Null, json!(id)),
        None => (Value::Null, Value::Null),
    };
    json!({
        "transfer_pin_id": transfer_pin_id,
        "expire_time": instant(*expire_time),
        "line": line,
        "account_id": account_id,
        "void": void,
        "gaining_spid": gaining_spid,
    })
}

fn scope_text(pin: &pb::TransferPinStatus) -> String {
    match &pin.scope {
        Some(Scope::Line(line)) => format!("line {}", line_text(line)),
        Some(Scope::AccountId(id)) => format!("account {id}"),
        None => String::new(),
    }
}

fn pin_text(status: &pb::CredentialStatus) -> String {
    let pin = match (status.pin_set, status.must_change) {
        (false, _) => "not set",
        (true, false) => "set",
        (true, true) => "set, and must be changed before it proves anything",
    };
    pairs([
        ("account PIN", pin.to_owned()),
        ("since", spoken(status.set_time)),
        ("no attempt until", spoken(status.exhausted_until_time)),
    ])
}
