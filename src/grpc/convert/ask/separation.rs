//! Requests of the separation service.

use super::body::body;
use crate::domain::{AccountId, ContactValue, DocumentReference, RequestId, SEPARATED_LINES_MAX};
use crate::grpc::convert::contact::{email, sms, voice};
use crate::grpc::convert::field::{FieldError, InField as _, absent, required, text};
use crate::grpc::convert::line::{SEPARATION, line_ref};
use crate::grpc::pb::v1 as pb;
use crate::service::{LineRef, Proposal, SeparationOrder};

const NO_REFERENCE: &str = "must be empty: nobody is separated from a separation";

/// Lines that somebody proposes to separate.
pub fn propose_separation(message: pb::ProposeSeparationRequest) -> Result<Proposal, FieldError> {
    let body = body("ProposeSeparation", &message);
    let pb::ProposeSeparationRequest { request_id, lines, contact, document_reference } = message;
    let request_id = text(&request_id, "request_id", RequestId::parse)?;
    if lines.is_empty() || lines.len() > SEPARATED_LINES_MAX {
        return Err(FieldError::new("lines", format!("must be 1 to {SEPARATED_LINES_MAX} lines")));
    }
    let lines = lines.into_iter().enumerate();
    let lines = lines.map(|(index, line)| separable(line).in_element("lines", index)).collect::<Result<_, _>>()?;
    let contact = contact_value(required(contact, "contact")?).in_field("contact")?;
    let document = text(&document_reference, "document_reference", DocumentReference::parse)?;
    Ok(Proposal { request_id, body, lines, contact, document })
}

fn separable(line: pb::LineRef) -> Result<LineRef, FieldError> {
    let line = line_ref(line)?;
    absent(line.separation.is_none(), SEPARATION, NO_REFERENCE)?;
    Ok(line)
}

fn contact_value(contact: pb::SeparationContact) -> Result<ContactValue, FieldError> {
    use pb::separation_contact::Value;
    match required(contact.value, "value")? {
        Value::Email(value) => email(&value),
        Value::Sms(value) => sms(&value),
        Value::Voice(value) => voice(&value),
    }
}

/// A second person's word.
pub fn agree_to_separation(
    message: pb::AgreeToSeparationRequest,
) -> Result<(SeparationOrder, DocumentReference), FieldError> {
    let body = body("AgreeToSeparation", &message);
    let pb::AgreeToSeparationRequest { request_id, separation_id, document_reference } = message;
    let order = SeparationOrder {
        request_id: text(&request_id, "request_id", RequestId::parse)?,
        body,
        separation: text(&separation_id, "separation_id", AccountId::parse)?,
    };
    Ok((order, text(&document_reference, "document_reference", DocumentReference::parse)?))
}

/// A separation that is to end.
pub fn end_separation(message: pb::EndSeparationRequest) -> Result<SeparationOrder, FieldError> {
    let body = body("EndSeparation", &message);
    let pb::EndSeparationRequest { request_id, separation_id } = message;
    Ok(SeparationOrder {
        request_id: text(&request_id, "request_id", RequestId::parse)?,
        body,
        separation: text(&separation_id, "separation_id", AccountId::parse)?,
    })
}
