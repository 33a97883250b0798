//! What a receiver's answer means.

use std::time::Duration;

use chrono::{DateTime, Utc};
use http::header::RETRY_AFTER;
use http::{HeaderMap, StatusCode};

use super::error::{Again, DeliveryError};

/// The longest that a receiver can have itself left alone, in seconds: a customer waits for what is to be said.
const RETRY_AFTER_SECONDS_MAX: u64 = 3_600;

/// Whether the message was taken.
pub(super) fn verdict(status: StatusCode, headers: &HeaderMap, now: DateTime<Utc>) -> Result<(), DeliveryError> {
    if status.is_success() {
        return Ok(());
    }
    Err(DeliveryError::Status { status, retry_after: retry_after(headers, now) })
}

/// When a message that was answered so may be sent again. Most refusals are a receiver that is set up wrong (another secret,
/// another path): the message is still good once somebody mended that.
pub(super) fn again(status: StatusCode) -> Again {
    match status {
        StatusCode::GONE => Again::Never,
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => Again::Soon,
        status if status.is_server_error() => Again::Soon,
        _ => Again::OnceMended,
    }
}

/// `Retry-After` (RFC 9110): seconds, or an instant in one of HTTP's three spellings. What is neither says nothing.
fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let told = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let seconds = if !told.is_empty() && told.bytes().all(|byte| byte.is_ascii_digit()) {
        told.parse().unwrap_or(RETRY_AFTER_SECONDS_MAX)
    } else {
        let at = DateTime::<Utc>::from(httpdate::parse_http_date(told).ok()?);
        u64::try_from(at.signed_duration_since(now).num_seconds()).unwrap_or(0)
    };
    Some(Duration::from_secs(seconds.min(RETRY_AFTER_SECONDS_MAX)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chrono::DateTime;
    use http::{HeaderMap, StatusCode};

    use super::{retry_after, verdict};
    use crate::outbound::Again;

    #[test]
    fn statuses_are_told_apart() {
        let now = DateTime::UNIX_EPOCH;
        for status in [200, 201, 202, 204, 299] {
            assert!(verdict(StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), now).is_ok(), "{status}");
        }
        for (statuses, again) in [
            (&[408_u16, 425, 429, 500, 501, 502, 503, 504, 599][..], Again::Soon),
            (&[300, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405, 409, 413, 415, 422, 499], Again::OnceMended),
            (&[410], Again::Never),
            // What is no final status at all.
            (&[100, 101, 199, 600, 999], Again::OnceMended),
        ] {
            for status in statuses {
                let error = verdict(StatusCode::from_u16(*status).unwrap(), &HeaderMap::new(), now).unwrap_err();
                assert_eq!((error.again(), error.retry_after()), (again, None), "{status}");
            }
        }
    }

    #[test]
    fn a_receiver_says_within_bounds_when_to_come_again() {
        let now = DateTime::parse_from_rfc3339("1994-11-06T08:49:00.900Z").unwrap().to_utc();
        let said = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("retry-after", text.parse().unwrap());
            retry_after(&headers, now).map(|after| after.as_secs())
        };
        for (text, seconds) in [
            ("0", Some(0)),
            (" 120 ", Some(120)),
            ("3600", Some(3_600)),
            ("3601", Some(3_600)),
            ("99999999999999999999999999", Some(3_600)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(36)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", Some(36)),
            ("Sun Nov  6 08:49:37 1994", Some(36)),
            ("Sun, 06 Nov 1994 08:48:37 GMT", Some(0)),
            ("Fri, 31 Dec 9999 23:59:59 GMT", Some(3_600)),
            ("", None),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
            ("Sun, 06 Nov 1994 08:49:37", None),
        ] {
            assert_eq!(said(text), seconds, "`{text}`");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
        let error = {
            let mut headers = HeaderMap::new();
            headers.insert("retry-after", "7".parse().unwrap());
            verdict(StatusCode::SERVICE_UNAVAILABLE, &headers, now).unwrap_err()
        };
        assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
    }
}
