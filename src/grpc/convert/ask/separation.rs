//! Requests of the separation service.

use super::body::body;
use crate::domain::{AccountId, ContactValue, RequestId, SEPARATED_LINES_MAX};
use crate::grpc::convert::contact::{email, sms, voice};
use crate::grpc::convert::evidence::document_scan;
use crate::grpc::convert::field::{FieldError, InField as _, absent, required, text};
use crate::grpc::convert::line::{SEPARATION, line_ref};
use crate::grpc::pb::v1 as pb;
use crate::service::{LineRef, Proposal, SeenSeparation, SeparationOrder};

const NO_REFERENCE: &str = "must be empty: nobody is separated from a separation";

/// Lines that somebody proposes to separate.
pub fn propose_separation(message: pb::ProposeSeparationRequest) -> Result<Proposal, FieldError> {
    let body = body("ProposeSeparation", &message);
    let pb::ProposeSeparationRequest { request_id, lines, contact, document } = message;
    let request_id = text(&request_id, "request_id", RequestId::parse)?;
    Ok(Proposal { request_id, body, seen: seen(lines, contact, document)? })
}

fn seen(
    lines: Vec<pb::LineRef>,
    contact: Option<pb::SeparationContact>,
    document: Option<pb::DocumentScan>,
) -> Result<SeenSeparation, FieldError> {
    if lines.is_empty() || lines.len() > SEPARATED_LINES_MAX {
        return Err(FieldError::new("lines", format!("must be 1 to {SEPARATED_LINES_MAX} lines")));
    }
    let lines = lines.into_iter().enumerate();
    let lines = lines.map(|(index, line)| separable(line).in_element("lines", index)).collect::<Result<_, _>>()?;
    let contact = contact_value(required(contact, "contact")?).in_field("contact")?;
    let document = document_scan(&required(document, "document")?).in_field("document")?;
    Ok(SeenSeparation { lines, contact, document })
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
) -> Result<(SeparationOrder, SeenSeparation), FieldError> {
    let body = body("AgreeToSeparation", &message);
    let pb::AgreeToSeparationRequest { request_id, separation_id, lines, contact, document } = message;
    let order = SeparationOrder {
        request_id: text(&request_id, "request_id", RequestId::parse)?,
        body,
        separation: text(&separation_id, "separation_id", AccountId::parse)?,
    };
    Ok((order, seen(lines, contact, document)?))
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
