//! HTTP/2: the server's settings, in one place for the service and for the load generator's echo.

use std::time::Duration;

use tonic::transport::Server;

use crate::config::Limits;

/// By how much tonic's own time limit is longer than the one that each call keeps for itself.
const LAST_RESORT: Duration = Duration::from_secs(1);

/// A server under `limits`.
pub(super) fn server(limits: &Limits) -> Server {
    Server::builder()
        .max_concurrent_streams(limits.max_concurrent_streams.to_u32())
        .concurrency_limit_per_connection(limits.concurrency_limit_per_connection.to_usize())
        .http2_max_header_list_size(limits.max_header_list_bytes.to_u32())
        .http2_max_pending_accept_reset_streams(Some(limits.max_pending_reset_streams.to_usize()))
        .http2_keepalive_interval(Some(limits.keepalive_interval_seconds.seconds()))
        .http2_keepalive_timeout(Some(limits.keepalive_timeout_seconds.seconds()))
        // Gentle: calls that are open may end. With a grace period tonic would cut them off without a word.
        .max_connection_age(limits.max_connection_age_seconds.seconds())
        // The last resort, behind the deadline that each call keeps for itself.
        .timeout(limits.request_timeout_seconds.seconds().saturating_add(LAST_RESORT))
}
