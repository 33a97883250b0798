//! The state of secrets, never a secret.

use super::challenge::code_target;
use super::protection::by_subscription;
use crate::grpc::convert::time::timestamp;
use crate::grpc::pb::v1 as pb;
use crate::policy::ContactFitness;
use crate::service::{CredentialStatus, IssuedTransferPin, TransferPinStatus};

/// What secrets an account has.
pub(in crate::grpc) fn credential_status(status: &CredentialStatus) -> pb::CredentialStatus {
    let CredentialStatus { account: _, pin_set_at, must_change, exhausted_until, transfer_pins } = status;
    pb::CredentialStatus {
        pin_set: pin_set_at.is_some(),
        set_time: pin_set_at.map(timestamp),
        must_change: *must_change,
        exhausted_until_time: exhausted_until.map(timestamp),
        transfer_pins: transfer_pins.iter().map(transfer_pin_status).collect(),
    }
}

/// A transfer PIN, never its value.
pub(in crate::grpc) fn transfer_pin_status(status: &TransferPinStatus) -> pb::TransferPinStatus {
    use pb::transfer_pin_status::Scope;
    let TransferPinStatus { id, expires_at, line, account, gaining_spid, is_void } = status;
    pb::TransferPinStatus {
        transfer_pin_id: id.to_string(),
        expire_time: Some(timestamp(*expires_at)),
        scope: Some(match line {
            Some(line) => Scope::Line(by_subscription(line.as_str())),
            None => Scope::AccountId(account.as_str().to_owned()),
        }),
        void: *is_void,
        gaining_spid: gaining_spid.map_or_else(String::new, |spid| spid.to_string()),
    }
}

/// A transfer PIN just issued, with its value where the use case shows it.
///
/// INVARIANT (secrets-stay-in): the one place in the engine where a secret goes out, once, to the customer on a known device.
pub(in crate::grpc) fn issued_transfer_pin(issued: &IssuedTransferPin) -> pb::IssuedTransferPin {
    let IssuedTransferPin { status, value, sent_to } = issued;
    pb::IssuedTransferPin {
        status: Some(transfer_pin_status(status)),
        value: value.as_ref().map_or_else(String::new, |value| value.expose().to_owned()),
        sent_to: sent_to.as_ref().map(|contact| code_target(contact, ContactFitness::Fit)),
    }
}
