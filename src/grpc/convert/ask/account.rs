//! Requests of the account service.

use chrono::{DateTime, Utc};

use super::body::body;
use super::decision::permit;
use super::seed::seed;
use crate::domain::{Brand, LineId, RequestId, SeparationReference};
use crate::grpc::convert::change::move_target;
use crate::grpc::convert::field::{FieldError, InField, optional_text, required, text};
use crate::grpc::convert::line::{SEPARATION, account_scope, line_scope};
use crate::grpc::pb::v1 as pb;
use crate::service::{Move, Scope, Seed, Upsert};

const ROW: &str = "must be 1 or more";

/// An account to create or bring up to date. `brand` is the caller's, `received` when the request came.
pub fn upsert_account(
    message: pb::UpsertAccountRequest,
    brand: &Brand,
    received: DateTime<Utc>,
) -> Result<Upsert, FieldError> {
    let body = body("UpsertAccount", &message);
    let pb::UpsertAccountRequest { request_id, seed: wire_seed } = message;
    let request_id = text(&request_id, "request_id", RequestId::parse)?;
    let seed = seed(required(wire_seed, "seed")?, brand, received).in_field("seed")?;
    Ok(Upsert { request: Some((request_id, body)), seed })
}

/// A row of an import. Its number comes back even if the rest cannot be used.
pub fn import_row(
    message: pb::ImportAccountsRequest,
    brand: &Brand,
    received: DateTime<Utc>,
) -> (i64, Result<Seed, FieldError>) {
    let pb::ImportAccountsRequest { row, seed: wire_seed } = message;
    if row < 1 {
        return (row, Err(FieldError::new("row", ROW)));
    }
    (row, required(wire_seed, "seed").and_then(|wire| seed(wire, brand, received).in_field("seed")))
}

/// An account to read.
pub fn get_account(message: pb::GetAccountRequest) -> Result<Scope, FieldError> {
    use pb::get_account_request::Ref;
    let pb::GetAccountRequest { r#ref } = message;
    match required(r#ref, "ref")? {
        Ref::AccountId(id) => account_scope(&id),
        Ref::Line(line) => line_scope(line),
    }
}

/// A line to move or close. `brand` is the caller's.
pub fn move_line(message: pb::MoveLineRequest, brand: &Brand) -> Result<Move, FieldError> {
    let body = body("MoveLine", &message);
    let pb::MoveLineRequest { request_id, line_id, permit: presented, target, separation_reference } = message;
    Ok(Move {
        request_id: text(&request_id, "request_id", RequestId::parse)?,
        body,
        line: text(&line_id, "line_id", LineId::parse)?,
        separation: optional_text(&separation_reference, SEPARATION, SeparationReference::parse)?,
        change: move_target(target, brand)?,
        permit: permit(&presented)?,
    })
}
