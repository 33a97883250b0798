//! How a command ends, and what is told when it did not go well.

use std::error::Error;
use std::process::ExitCode;

use serde_json::{Value, json};

use crate::grpc::client::{CallError, Code, ConnectError, Status};

/// What stands at the end of every `--help`.
pub(super) const EXIT_CODES: &str = "\
Exit codes:
  0  approved, or done
  1  failed: not reached, not answered, not now; never read it as a yes
  2  what was given cannot be used
  3  denied, or not allowed; of `doctor`: something must be mended
  4  challenged: more proof is needed";

/// How a command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// Approved, or done.
    Done = 0,
    /// Not reached, not answered, not now.
    Failed = 1,
    /// What was given cannot be used.
    Invalid = 2,
    /// Denied, or not allowed; or what was looked at must be mended.
    Denied = 3,
    /// More proof is needed.
    Challenged = 4,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command did not do its work, for the person at the terminal: what is wrong, and what to do.
#[derive(Debug)]
pub(super) struct Failure {
    exit: Exit,
    message: String,
    causes: Vec<String>,
    advice: Option<String>,
    call: Option<CallError>,
    request_id: Option<String>,
}

impl Failure {
    /// What was given cannot be used.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(Exit::Invalid, message)
    }

    /// What was found must not be believed.
    pub(super) fn denied(message: impl Into<String>) -> Self {
        Self::new(Exit::Denied, message)
    }

    /// Something here did not work.
    pub(super) fn failed(message: impl Into<String>) -> Self {
        Self::new(Exit::Failed, message)
    }

    /// An error with its causes.
    pub(super) fn caused(exit: Exit, error: &(dyn Error + 'static)) -> Self {
        let causes = std::iter::successors(error.source(), |cause| (*cause).source());
        Self { causes: causes.map(ToString::to_string).collect(), ..Self::new(exit, error.to_string()) }
    }

    /// Adds what to do about it.
    pub(super) fn advise(self, advice: impl Into<String>) -> Self {
        Self { advice: Some(advice.into()), ..self }
    }

    /// Says of which of several things it is.
    pub(super) fn of(self, part: &str) -> Self {
        Self { message: format!("{part}: {}", self.message), ..self }
    }

    /// Names the request that failed.
    pub(super) fn of_request(self, request_id: &str) -> Self {
        Self { request_id: Some(request_id.to_owned()), ..self }
    }

    /// How the command ends.
    pub(super) const fn exit(&self) -> Exit {
        self.exit
    }

    fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), causes: Vec::new(), advice: None, call: None, request_id: None }
    }

    /// What is wrong, with its causes, in one line.
    pub(super) fn message(&self) -> String {
        std::iter::once(&self.message).chain(&self.causes).map(String::as_str).collect::<Vec<_>>().join(": ")
    }

    /// For a terminal.
    pub(super) fn text(&self) -> String {
        let Self { exit: _, message, causes, advice, call, request_id } = self;
        let mut lines = vec![format!("error: {message}")];
        lines.extend(causes.iter().map(|cause| format!("  because: {cause}")));
        if let Some(call) = call {
            lines.push(match call.reason.as_str() {
                "" => format!("  code: {}", call.code_name()),
                reason => format!("  code: {} ({reason})", call.code_name()),
            });
            // A message that is about one field names it already.
            let further = if call.fields.len() > 1 { call.fields.as_slice() } else { &[] };
            lines.extend(further.iter().map(|(field, expected)| format!("  {field}: {expected}")));
        }
        lines.extend(request_id.iter().map(|id| format!("  request: {id}")));
        lines.extend(advice.iter().map(|advice| format!("  try: {advice}")));
        lines.join("\n")
    }

    /// For a program.
    pub(super) fn json(&self) -> Value {
        let Self { exit, message, causes, advice, call, request_id } = self;
        let fields: Vec<Value> = call.iter().flat_map(|call| &call.fields).map(field_json).collect();
        json!({ "error": {
            "exit_code": *exit as u8,
            "message": message,
            "causes": causes,
            "advice": advice,
            "code": call.as_ref().map(CallError::code_name),
            "reason": call.as_ref().map(|call| &call.reason),
            "fields": fields,
            "request_id": request_id,
            "retry_after_seconds": call.as_ref().and_then(|call| call.retry_after).map(|time| time.as_secs_f64()),
        }})
    }
}

fn field_json((field, expected): &(String, String)) -> Value {
    json!({ "field": field, "expected": expected })
}

/// How a command ends that was answered with an error.
///
/// INVARIANT (fail-closed): no error is a yes.
const fn exit_of(code: Code) -> Exit {
    match code {
        Code::InvalidArgument | Code::NotFound | Code::AlreadyExists | Code::OutOfRange | Code::Unauthenticated => {
            Exit::Invalid
        }
        Code::PermissionDenied | Code::FailedPrecondition | Code::Aborted => Exit::Denied,
        Code::Ok
        | Code::Cancelled
        | Code::Unknown
        | Code::DeadlineExceeded
        | Code::ResourceExhausted
        | Code::Unimplemented
        | Code::Internal
        | Code::Unavailable
        | Code::DataLoss => Exit::Failed,
    }
}

const fn advice_of(code: Code) -> Option<&'static str> {
    match code {
        Code::Unauthenticated => Some("a new token, as with `portcullis token mint`, in the file of --token-file"),
        Code::PermissionDenied => Some("a token of a role that may do this, on data that is its own"),
        Code::Unavailable | Code::DeadlineExceeded => {
            Some("again in a moment; under the same --request-id nothing counts twice")
        }
        Code::ResourceExhausted => Some("again in a while"),
        _ => None,
    }
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        let call = CallError::from(status);
        let advice = advice_of(call.code).map(str::to_owned);
        Self { advice, call: Some(call.clone()), ..Self::new(exit_of(call.code), call.message) }
    }
}

impl From<ConnectError> for Failure {
    fn from(error: ConnectError) -> Self {
        let (exit, advice) = match error {
            ConnectError::Endpoint | ConnectError::Plaintext | ConnectError::PlaintextCertificate => {
                (Exit::Invalid, "--endpoint, or PORTCULLIS_ENDPOINT")
            }
            ConnectError::Certificates => (Exit::Invalid, "PEM files in --ca-file, --cert-file and --key-file"),
            ConnectError::NoRoot => (Exit::Invalid, "--ca-file, or PORTCULLIS_CA_FILE"),
            ConnectError::Token => (Exit::Invalid, "--token-file, or PORTCULLIS_TOKEN_FILE"),
            ConnectError::Unreached { .. } => (
                Exit::Failed,
                "is `portcullis serve` running there, and did the authority of --ca-file sign its certificate?",
            ),
        };
        Self::new(exit, error.to_string()).advise(advice)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Exit, Failure, exit_of};
    use crate::grpc::client::Code;
    use crate::grpc::convert::FieldError;
    use crate::grpc::status;

    #[test]
    fn no_error_ends_like_a_yes() {
        for number in 0..=16 {
            assert_ne!(exit_of(Code::from(number)), Exit::Done, "{number}");
        }
    }

    #[test]
    fn a_bad_field_is_named_once() {
        let failure = Failure::from(status::bad_field(&FieldError::new("line.msisdn", "must be E.164")));
        assert_eq!(failure.text(), "error: line.msisdn: must be E.164\n  code: INVALID_ARGUMENT (FIELD_INVALID)");
        assert_eq!(failure.exit(), Exit::Invalid);
        assert_eq!(failure.json()["error"]["fields"], json!([{ "field": "line.msisdn", "expected": "must be E.164" }]));
    }

    #[test]
    fn what_is_not_answered_failed_and_may_be_repeated() {
        let failure = Failure::from(status::unavailable()).of_request("r-1");
        assert_eq!(failure.exit(), Exit::Failed);
        let text = failure.text();
        assert!(text.contains("  request: r-1\n  try: again in a moment; under the same --request-id"), "{text}");
        assert_eq!(failure.json()["error"]["retry_after_seconds"], 0.2);
    }
}
