//! What goes wrong below the contract, and what becomes of it.

use rusqlite::ErrorCode;

use crate::store::StoreError;

/// A failed read or write.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// The database said no.
    #[error("{0}")]
    Database(#[from] rusqlite::Error),
    /// What was read cannot be right.
    #[error("{0}")]
    Damaged(&'static str),
    /// One thing that must be there is not. Whoever asked for it is told so, and others are still answered.
    #[error("{0}")]
    Lost(&'static str),
    /// A file beside the database could not be written.
    #[error("{0}")]
    File(#[from] std::io::Error),
}

impl Fault {
    /// Whether the files can no longer be trusted.
    pub(super) fn is_damage(&self) -> bool {
        match self {
            Self::Damaged(_) => true,
            Self::Database(rusqlite::Error::SqliteFailure(error, _)) => {
                matches!(error.code, ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
            }
            // A column that is not of its type, a row that must be there.
            Self::Database(
                rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::IntegralValueOutOfRange(..)
                | rusqlite::Error::QueryReturnedNoRows,
            ) => true,
            Self::Database(_) | Self::Lost(_) | Self::File(_) => false,
        }
    }

    /// As the contract tells it.
    ///
    /// INVARIANT (fail-closed): no fault becomes an absent row.
    pub(super) fn told(&self) -> StoreError {
        if self.is_damage() || matches!(self, Self::Lost(_)) {
            StoreError::Damaged(self.to_string())
        } else {
            StoreError::Unavailable(self.to_string())
        }
    }
}
