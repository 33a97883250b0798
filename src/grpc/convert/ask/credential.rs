//! Requests of the credential service.

use super::body::body;
use crate::domain::{AccountId, Change, DeviceId, PinDigits, RequestId, Spid, TransferPinId};
use crate::grpc::convert::evidence::evidence;
use crate::grpc::convert::field::{FieldError, optional_text, text};
use crate::grpc::convert::interaction::interaction;
use crate::grpc::convert::line::{account_scope, scope_of};
use crate::grpc::pb::v1 as pb;
use crate::service::{Question, TakingBack};

/// A new account PIN.
pub fn set_pin(message: pb::SetPinRequest) -> Result<(Question, PinDigits), FieldError> {
    let body = body("SetPin", &message);
    let pb::SetPinRequest { request_id, account_id, new_pin, evidence: proof, interaction: place } = message;
    let request_id = text(&request_id, "request_id", RequestId::parse)?;
    let scope = account_scope(&account_id)?;
    let new = text(&new_pin, "new_pin", PinDigits::parse_new)?;
    let (proof, place) = (evidence(proof, "evidence")?, interaction(place, "interaction")?);
    Ok((Question::plain(request_id, body, scope, Change::PinChange, proof, place), new))
}

/// An account whose secrets' state is read.
pub fn get_credential_status(message: pb::GetCredentialStatusRequest) -> Result<AccountId, FieldError> {
    let pb::GetCredentialStatusRequest { account_id } = message;
    text(&account_id, "account_id", AccountId::parse)
}

/// A transfer PIN to issue.
pub fn issue_transfer_pin(message: pb::IssueTransferPinRequest) -> Result<Question, FieldError> {
    let body = body("IssueTransferPin", &message);
    let pb::IssueTransferPinRequest { request_id, scope, evidence: proof, interaction: place, gaining_spid } = message;
    let request_id = text(&request_id, "request_id", RequestId::parse)?;
    let scope = scope_of!(issue_transfer_pin_request, scope);
    let gaining_spid = optional_text(&gaining_spid, "gaining_spid", Spid::parse)?;
    let (proof, place) = (evidence(proof, "evidence")?, interaction(place, "interaction")?);
    Ok(Question::plain(request_id, body, scope, Change::TransferPinIssue { gaining_spid }, proof, place))
}

/// A transfer PIN to take back.
pub fn revoke_transfer_pin(message: pb::RevokeTransferPinRequest) -> Result<TakingBack<TransferPinId>, FieldError> {
    let body = body("RevokeTransferPin", &message);
    let pb::RevokeTransferPinRequest { request_id, transfer_pin_id, account_id } = message;
    Ok(TakingBack {
        request_id: text(&request_id, "request_id", RequestId::parse)?,
        body,
        account: text(&account_id, "account_id", AccountId::parse)?,
        id: text(&transfer_pin_id, "transfer_pin_id", TransferPinId::parse)?,
        channel: None,
    })
}

/// An app key to take off an account.
pub fn revoke_device(message: pb::RevokeDeviceRequest) -> Result<TakingBack<DeviceId>, FieldError> {
    let body = body("RevokeDevice", &message);
    let pb::RevokeDeviceRequest { request_id, account_id, device_id, interaction: place } = message;
    Ok(TakingBack {
        request_id: text(&request_id, "request_id", RequestId::parse)?,
        body,
        account: text(&account_id, "account_id", AccountId::parse)?,
        id: text(&device_id, "device_id", DeviceId::parse)?,
        channel: Some(interaction(place, "interaction")?.channel),
    })
}
