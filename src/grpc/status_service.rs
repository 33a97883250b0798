//! One status for each way in which a use case gives no answer.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tonic::{Code, Status};

use super::status::{RETRY_DELAY_MILLISECONDS, bad_field_because, failure, precondition, retryable, unavailable};
use crate::service::{Refusal, ServiceError};
use crate::store::archive::ArchiveError;

/// The longest wait that a caller is told, in seconds: longer ones are better asked about than waited out.
const RETRY_SECONDS_MAX: u64 = 86_400;

/// The status of an error, `now` being when the call was answered.
pub(super) fn status_of(error: &ServiceError, now: DateTime<Utc>) -> Status {
    match error {
        ServiceError::Invalid { field, expected } => bad_field_because("FIELD_INVALID", field, expected),
        ServiceError::Forbidden => {
            failure(Code::PermissionDenied, "FORBIDDEN", "the caller may not do this, or not to this account")
        }
        ServiceError::NotFound(what) => failure(Code::NotFound, "NOT_FOUND", format!("no such {what}")),
        ServiceError::RequestIdReused => failure(
            Code::AlreadyExists,
            "REQUEST_ID_REUSED",
            "the request_id was used before for another request: choose a new one",
        ),
        ServiceError::Refused(refusal) => refused(*refusal),
        ServiceError::Exhausted { what, retry_at } => {
            retryable(Code::ResourceExhausted, "EXHAUSTED", what, delay(*retry_at, now))
        }
        ServiceError::Archive(ArchiveError::InUse) => {
            let message = "another run has the archive: try again when it is over";
            retryable(Code::Aborted, "ARCHIVE_BUSY", message, delay(None, now))
        }
        ServiceError::Archive(cause @ (ArchiveError::Io { .. } | ArchiveError::Broken | ArchiveError::Store(_))) => {
            tracing::error!(%cause, "the archive cannot be used");
            unavailable()
        }
        ServiceError::Archive(damage) => {
            tracing::error!(%damage, "the archive does not hold");
            failure(Code::DataLoss, "ARCHIVE_DAMAGED", damage.to_string())
        }
        ServiceError::KeptUntil(_) => precondition("SEGMENT_TOO_YOUNG", "segment", &error.to_string()),
        ServiceError::Unavailable(cause) => {
            // The cause is the operator's; to the caller every doubt looks the same.
            tracing::warn!(%cause, "cannot decide");
            unavailable()
        }
    }
}

fn refused(refusal: Refusal) -> Status {
    let (reason, message) = (refusal.code(), refusal.message());
    match refusal {
        Refusal::DeviceKnown => precondition(reason, "device_id", message),
        Refusal::PinGuessable | Refusal::PinUnchanged => bad_field_because(reason, "new_pin", message),
        Refusal::PermitUnknown
        | Refusal::PermitMismatch
        | Refusal::PermitNotYet
        | Refusal::PermitExpired
        | Refusal::PermitUsed
        | Refusal::PermitVoid
        | Refusal::PermitLocked => precondition(reason, "permit", message),
        Refusal::PolicyGoesBack | Refusal::PolicyExpired | Refusal::PolicyByFile => {
            precondition(reason, "policy", message)
        }
        Refusal::Held => precondition(reason, "caller", message),
        Refusal::ContactUnusable => precondition(reason, "contact_id", message),
        Refusal::HandleOver => precondition(reason, "evidence", message),
        Refusal::CodesOff | Refusal::CodeNotEnough => precondition(reason, "challenge_id", message),
        Refusal::ChallengeOver
        | Refusal::AskAgain
        | Refusal::LineMoved
        | Refusal::NoDocument
        | Refusal::DocumentSeen
        | Refusal::DocumentsOff => precondition(reason, "challenge_id", message),
        Refusal::PairWorn => precondition(reason, "caller", message),
        Refusal::DecisionFinal => precondition(reason, "decision_id", message),
        Refusal::LockNotOn | Refusal::ReleaseUnderWay => precondition(reason, "set", message),
        Refusal::NoSuchRelease => precondition(reason, "release_id", message),
        Refusal::NothingToCancel => precondition(reason, "cancel_code", message),
        Refusal::PermitNeeded | Refusal::AccountExistsElsewhere => precondition(reason, "seed", message),
        Refusal::RecordArchived => precondition(reason, "record", message),
        Refusal::SeparationsOff | Refusal::SeparationNotProposed => precondition(reason, "separation_id", message),
        Refusal::SwapUnknown | Refusal::RecoveryOpen => precondition(reason, "back_to", message),
        Refusal::SeparationRefused => precondition(reason, "separation_reference", message),
        Refusal::HouseOnly | Refusal::PersonNeeded => failure(Code::PermissionDenied, reason, message),
        Refusal::SecondPersonNeeded | Refusal::ExportNotApproved | Refusal::ExportExpired => {
            precondition(reason, "export_id", message)
        }
        Refusal::ArchiveOff => precondition(reason, "archive", message),
        Refusal::SegmentNotOldest | Refusal::SegmentGone => precondition(reason, "segment", message),
    }
}

fn delay(retry_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Duration {
    let least = Duration::from_millis(RETRY_DELAY_MILLISECONDS);
    let wait = retry_at.and_then(|at| at.signed_duration_since(now).to_std().ok()).unwrap_or(least);
    wait.clamp(least, Duration::from_secs(RETRY_SECONDS_MAX))
}
