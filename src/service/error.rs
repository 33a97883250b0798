//! Why a use case gives no answer. The edge turns each into one status; none of them can be read as a yes.

use chrono::{DateTime, SecondsFormat, Utc};

use super::refusal::Refusal;
use crate::audit::archive::SegmentError;
use crate::clock::ClockError;
use crate::crypto::{RandomError, SignatureError};
use crate::store::archive::ArchiveError;
use crate::store::{CommitError, StoreError};

/// Why there is no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ServiceError {
    /// A field has a value that this use case cannot take.
    #[error("{field}: {expected}")]
    Invalid {
        /// The field's path in the request.
        field: &'static str,
        /// What would be right.
        expected: &'static str,
    },
    /// The caller may not do this, or not to this account.
    #[error("the caller may not do this")]
    Forbidden,
    /// What was named is not there, or not the caller's to see.
    #[error("no such {0}")]
    NotFound(&'static str),
    /// The request id was used before for something else.
    #[error("the request id was used before for another request")]
    RequestIdReused,
    /// Things do not stand as the request needs them.
    #[error("{}", .0.message())]
    Refused(Refusal),
    /// Too many requests wait for one account, or the caller asked for too many unknown numbers.
    #[error("{what}")]
    Exhausted {
        /// What ran out.
        what: &'static str,
        /// When to come back.
        retry_at: Option<DateTime<Utc>>,
    },
    /// The archive does not hold, or cannot be read or written: an operator must look.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// A segment must be kept longer.
    #[error("the segment must be kept until {}", .0.to_rfc3339_opts(SecondsFormat::Secs, true))]
    KeptUntil(DateTime<Utc>),
    /// Nothing can be decided now.
    ///
    /// INVARIANT (fail-closed): every doubt about store, clock or keys ends here: retryable, and never an approval.
    #[error("cannot decide now: {0}")]
    Unavailable(String),
}

impl From<SegmentError> for ServiceError {
    fn from(error: SegmentError) -> Self {
        Self::Unavailable(format!("no segment can be made: {error}"))
    }
}

impl From<SignatureError> for ServiceError {
    fn from(error: SignatureError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<StoreError> for ServiceError {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<ClockError> for ServiceError {
    fn from(error: ClockError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<RandomError> for ServiceError {
    fn from(error: RandomError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<CommitError> for ServiceError {
    /// A conflict that the use case did not start again from: another engine is at work on the account.
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Store(error) => error.into(),
            CommitError::Taken => Self::RequestIdReused,
            CommitError::Conflict | CommitError::Answered(_) => Self::Unavailable(error.to_string()),
        }
    }
}
