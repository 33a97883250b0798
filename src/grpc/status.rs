//! Errors on the wire: `google.rpc.Status` with one `ErrorInfo`, and the detail that tells the caller what to do.
//!
//! INVARIANT (fail-closed): nothing here has code OK, and what cannot be decided is UNAVAILABLE, which callers retry.

use std::collections::HashMap;
use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use super::convert::FieldError;
use super::identity::TokenError;

/// The domain of every reason.
pub const ERROR_DOMAIN: &str = "portcullis.v1";

/// How long a caller should wait before it repeats what failed for a passing reason, in milliseconds.
pub const RETRY_DELAY_MILLISECONDS: u64 = 200;

/// A status with its `ErrorInfo`; `reason` is stable, `message` is for people and holds nothing that the caller sent.
pub fn failure(code: Code, reason: &str, message: impl Into<String>) -> Status {
    Status::with_error_details(code, message, info(reason))
}

/// A field that cannot be used.
pub fn bad_field(error: &FieldError) -> Status {
    bad_field_because("FIELD_INVALID", &error.path, &error.expected)
}

/// A field that cannot be used, for a reason of its own.
pub fn bad_field_because(reason: &str, path: &str, expected: &str) -> Status {
    let mut details = info(reason);
    details.add_bad_request_violation(path, expected);
    Status::with_error_details(Code::InvalidArgument, format!("{path}: {expected}"), details)
}

/// A condition that does not hold: `subject` is what it is about.
pub fn precondition(reason: &str, subject: &str, message: &str) -> Status {
    let mut details = info(reason);
    details.add_precondition_failure_violation(reason, subject, message);
    Status::with_error_details(Code::FailedPrecondition, message, details)
}

/// Something that may go better later, at the earliest after `delay`.
pub fn retryable(code: Code, reason: &str, message: &str, delay: Duration) -> Status {
    let mut details = info(reason);
    details.set_retry_info(Some(delay));
    Status::with_error_details(code, message, details)
}

/// Nothing can be decided now. The cause is for the operator's log, not for the caller.
pub fn unavailable() -> Status {
    let delay = Duration::from_millis(RETRY_DELAY_MILLISECONDS);
    retryable(Code::Unavailable, "UNAVAILABLE", "cannot decide now: try again; this is not a yes", delay)
}

/// No answer in the caller's time. What it asked may still be decided: the same `request_id` tells.
pub fn deadline_exceeded() -> Status {
    let message = "no answer in time: repeat with the same request_id; this is not a yes";
    retryable(Code::DeadlineExceeded, "DEADLINE_EXCEEDED", message, Duration::ZERO)
}

/// Who calls is not established.
pub fn unauthenticated(error: TokenError) -> Status {
    let code = if error.is_of_known_holder() { Code::PermissionDenied } else { Code::Unauthenticated };
    failure(code, error.reason(), error.to_string())
}

/// The name of a code in counters.
pub const fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

fn info(reason: &str) -> ErrorDetails {
    ErrorDetails::with_error_info(reason, ERROR_DOMAIN, HashMap::new())
}

impl From<FieldError> for Status {
    fn from(error: FieldError) -> Self {
        bad_field(&error)
    }
}

#[cfg(test)]
mod tests {
    use tonic::Code;
    use tonic_types::StatusExt as _;

    use super::{ERROR_DOMAIN, bad_field, deadline_exceeded, precondition, unauthenticated, unavailable};
    use crate::grpc::convert::FieldError;
    use crate::grpc::identity::TokenError;

    #[test]
    fn every_status_has_one_reason_of_our_domain_and_none_is_ok() {
        for (status, code, reason) in [
            (bad_field(&FieldError::required("line")), Code::InvalidArgument, "FIELD_INVALID"),
            (precondition("PERMIT_USED", "permit", "it was used"), Code::FailedPrecondition, "PERMIT_USED"),
            (unavailable(), Code::Unavailable, "UNAVAILABLE"),
            (deadline_exceeded(), Code::DeadlineExceeded, "DEADLINE_EXCEEDED"),
            (unauthenticated(TokenError::Missing), Code::Unauthenticated, "TOKEN_MISSING"),
        ] {
            let details = status.get_error_details();
            let info = details.error_info().unwrap();
            assert_eq!((status.code(), info.reason.as_str(), info.domain.as_str()), (code, reason, ERROR_DOMAIN));
        }
    }

    #[test]
    fn what_to_do_is_in_the_details() {
        let field = bad_field(&FieldError::new("change.sim_change.iccid", "must be an ICCID")).get_error_details();
        assert_eq!(field.bad_request().unwrap().field_violations[0].field, "change.sim_change.iccid");
        assert!(unavailable().get_error_details().retry_info().unwrap().retry_delay.is_some());
        let condition = precondition("PERMIT_USED", "permit", "it was used").get_error_details();
        assert_eq!(condition.precondition_failure().unwrap().violations[0].subject, "permit");
    }
}
