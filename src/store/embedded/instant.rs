//! Instants as integers: nanoseconds since 1970.

use chrono::{DateTime, Utc};

use crate::store::StoreError;

/// As kept.
pub(super) fn nanos(at: DateTime<Utc>) -> Result<i64, StoreError> {
    at.timestamp_nanos_opt().ok_or(StoreError::Refused("an instant before 1678 or after 2261"))
}

/// As it was given.
pub(super) const fn from_nanos(nanos: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_nanos(nanos)
}
