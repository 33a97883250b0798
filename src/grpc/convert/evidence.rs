//! Evidence. Its secrets pass through unseen, in types that do not show them.

use super::field::{FieldError, absent, elements, required, text};
use crate::domain::{
    AppApproval, DeviceId, DocumentReference, DocumentScan, Evidence, HolderName, Msisdn, PinDigits, RecordId,
    SecondPerson,
};
use crate::grpc::pb::v1 as pb;

/// How many pieces of evidence one request may bring.
const EVIDENCE_PIECES_MAX: usize = 8;

const FOR_CHALLENGE: &str =
    "must be no identity document: that is shown for a challenge, with `ChallengeService.SubmitEvidence`";
const FOR_DECIDE: &str = "must be no handle of what was given ahead: that comes with `Decide`";
const ONCE: &str = "must be given at most once";
const SIGNATURE: &str = "must be an Ed25519 signature of exactly 64 bytes";
const SIGNATURE_BYTES: usize = 64;

enum Piece {
    AccountPin(PinDigits),
    TransferPin(PinDigits),
    OneTimeCode(PinDigits),
    AppApproval(AppApproval),
    Document(DocumentScan),
    SecondPerson(SecondPerson),
    Handle(RecordId),
}

/// All the evidence of a request, at most one of each kind. `name` is the repeated field's.
pub(in crate::grpc) fn evidence(values: Vec<pb::Evidence>, name: &str) -> Result<Evidence, FieldError> {
    let all = evidence_for_decide(values, name)?;
    absent(all.handle.is_none(), name, FOR_DECIDE)?;
    Ok(all)
}

/// The same for `Decide`, with what was given ahead.
pub(in crate::grpc) fn evidence_for_decide(values: Vec<pb::Evidence>, name: &str) -> Result<Evidence, FieldError> {
    let all = pieces(values, name)?;
    absent(all.document.is_none() && all.second_person.is_none(), name, FOR_CHALLENGE)?;
    Ok(all)
}

/// The same for a challenge that waits, with what staff see of the customer.
pub(in crate::grpc) fn evidence_for_challenge(values: Vec<pb::Evidence>, name: &str) -> Result<Evidence, FieldError> {
    let all = pieces(values, name)?;
    absent(all.handle.is_none(), name, FOR_DECIDE)?;
    Ok(all)
}

fn pieces(values: Vec<pb::Evidence>, name: &str) -> Result<Evidence, FieldError> {
    let mut all = Evidence::default();
    for (index, piece) in elements(values, name, EVIDENCE_PIECES_MAX, piece)?.into_iter().enumerate() {
        let (was_there, kind) = match piece {
            Piece::AccountPin(pin) => (all.account_pin.replace(pin).is_some(), "account_pin"),
            Piece::TransferPin(pin) => (all.transfer_pin.replace(pin).is_some(), "transfer_pin"),
            Piece::OneTimeCode(code) => (all.one_time_code.replace(code).is_some(), "one_time_code"),
            Piece::AppApproval(approval) => (all.app_approval.replace(approval).is_some(), "app_approval"),
            Piece::Document(scan) => (all.document.replace(scan).is_some(), "document_scan"),
            Piece::SecondPerson(second) => (all.second_person.replace(second).is_some(), "second_person"),
            Piece::Handle(handle) => (all.handle.replace(handle).is_some(), "evidence_handle"),
        };
        if was_there {
            return Err(FieldError::new(&format!("{name}[{index}].{kind}"), ONCE));
        }
    }
    Ok(all)
}

fn piece(value: pb::Evidence) -> Result<Piece, FieldError> {
    use pb::evidence::Evidence as Wire;
    let pb::Evidence { evidence } = value;
    match required(evidence, "evidence")? {
        Wire::AccountPin(pin) => text(&pin, "account_pin", PinDigits::parse_offered).map(Piece::AccountPin),
        Wire::TransferPin(pin) => text(&pin, "transfer_pin", PinDigits::parse_transfer).map(Piece::TransferPin),
        Wire::OneTimeCode(code) => text(&code, "one_time_code", PinDigits::parse_code).map(Piece::OneTimeCode),
        Wire::EvidenceHandle(handle) => text(&handle, "evidence_handle", RecordId::parse).map(Piece::Handle),
        Wire::AppApproval(approval) => {
            use super::field::InField as _;
            app_approval(approval).map(Piece::AppApproval).in_field("app_approval")
        }
        Wire::DocumentScan(scan) => {
            use super::field::InField as _;
            document_scan(&scan).map(Piece::Document).in_field("document_scan")
        }
        Wire::SecondPerson(second) => {
            use super::field::InField as _;
            second_person(&second).map(Piece::SecondPerson).in_field("second_person")
        }
    }
}

fn second_person(value: &pb::SecondPerson) -> Result<SecondPerson, FieldError> {
    let pb::SecondPerson { holder_name, msisdn } = value;
    Ok(SecondPerson {
        holder: text(holder_name, "holder_name", HolderName::parse)?,
        msisdn: text(msisdn, "msisdn", Msisdn::parse)?,
        beside: None,
    })
}

pub(in crate::grpc) fn document_scan(value: &pb::DocumentScan) -> Result<DocumentScan, FieldError> {
    let pb::DocumentScan { reference, holder_name } = value;
    Ok(DocumentScan {
        reference: text(reference, "reference", DocumentReference::parse)?,
        holder: text(holder_name, "holder_name", HolderName::parse)?,
    })
}

fn app_approval(value: pb::AppApproval) -> Result<AppApproval, FieldError> {
    let pb::AppApproval { device_key_id, signature } = value;
    let device = text(&device_key_id, "device_key_id", DeviceId::parse)?;
    if signature.len() != SIGNATURE_BYTES {
        return Err(FieldError::new("signature", SIGNATURE));
    }
    Ok(AppApproval { device, signature })
}
