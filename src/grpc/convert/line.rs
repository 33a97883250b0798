//! Names of lines and scopes.

use super::field::{FieldError, InField, optional_text, required, text};
use crate::domain::{AccountId, Brand, LineId, Msisdn, SeparationReference};
use crate::grpc::pb::v1 as pb;
use crate::service::{LineName, LineRef, Scope};

/// The field of a separation's reference.
pub(in crate::grpc) const SEPARATION: &str = "separation_reference";

/// A line that has to be named. `name` is its field's.
pub(in crate::grpc) fn line(value: Option<pb::LineRef>, name: &str) -> Result<LineRef, FieldError> {
    line_ref(required(value, name)?).in_field(name)
}

/// One line's name.
pub(in crate::grpc) fn line_ref(value: pb::LineRef) -> Result<LineRef, FieldError> {
    use pb::line_ref::Ref;
    let pb::LineRef { r#ref, brand, separation_reference } = value;
    Ok(LineRef {
        name: match required(r#ref, "ref")? {
            Ref::Msisdn(number) => LineName::Msisdn(text(&number, "msisdn", Msisdn::parse)?),
            Ref::LineId(id) => LineName::LineId(text(&id, "line_id", LineId::parse)?),
        },
        brand: optional_text(&brand, "brand", Brand::parse)?,
        separation: optional_text(&separation_reference, SEPARATION, SeparationReference::parse)?,
    })
}

/// An account by its id.
pub(in crate::grpc) fn account_scope(id: &str) -> Result<Scope, FieldError> {
    text(id, "account_id", AccountId::parse).map(Scope::Account)
}

/// A line as a scope.
pub(in crate::grpc) fn line_scope(value: pb::LineRef) -> Result<Scope, FieldError> {
    line_ref(value).in_field("line").map(Scope::Line)
}

/// Turns a message's oneof of `line` and `account_id` into a [`Scope`]: each message has a type of its own for it.
macro_rules! scope_of {
    ($message:ident, $value:expr) => {
        match $crate::grpc::convert::field::required($value, "scope")? {
            $crate::grpc::pb::v1::$message::Scope::Line(line) => $crate::grpc::convert::line::line_scope(line)?,
            $crate::grpc::pb::v1::$message::Scope::AccountId(id) => $crate::grpc::convert::line::account_scope(&id)?,
        }
    };
}
pub(crate) use scope_of;
