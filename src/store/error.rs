//! Why a store gives no answer. None of it can be read as a yes.

use crate::domain::RecordId;

/// Why a store cannot answer. Whatever it is, nothing is approved.
///
/// INVARIANT (fail-closed): there is no variant that reads as "not there".
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached or does not answer now; the same call may succeed later.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// It has not reached the position the caller has seen: a write was lost, or a backup restored.
    #[error("the store is behind what the caller has seen")]
    Behind,
    /// The clock stepped back.
    #[error("the clock is behind what was committed")]
    ClockBehind,
    /// The disk reserve is reached: only protection can be turned up.
    #[error("the store's disk reserve is reached: free space, or move the store")]
    DiskReserve,
    /// What was read cannot be right.
    #[error("a stored row is damaged: {0}")]
    Damaged(String),
    /// What was asked can never be done: the asker is wrong. Nothing was written or charged.
    #[error("the store was asked for what it never does: {0}")]
    Refused(&'static str),
}

impl StoreError {
    /// Whether the same call may succeed later without anybody doing anything.
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Behind | Self::ClockBehind)
    }
}

/// Why nothing was committed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CommitError {
    /// A row has changed since it was read: read again.
    #[error("a row has changed since it was read")]
    Conflict,
    /// The request was answered meanwhile, by this record.
    #[error("the request was answered already")]
    Answered(RecordId),
    /// The request's key belongs to another request: nothing of that one is told.
    #[error("the request's key belongs to another request")]
    Taken,
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}
