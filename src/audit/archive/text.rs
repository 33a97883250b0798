//! How instants are spelt in manifests: UTC, to the millisecond, in one way only.

use chrono::{DateTime, SecondsFormat, Utc};

/// An instant's text.
pub(super) fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The same back; `None` for any other spelling of it.
pub(super) fn parse_instant(text: &str) -> Option<DateTime<Utc>> {
    let at = DateTime::parse_from_rfc3339(text).ok()?.with_timezone(&Utc);
    (instant(at) == text).then_some(at)
}
