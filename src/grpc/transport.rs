//! HTTP/2 and TLS: the server's settings, in one place for the service and for the load generator's echo.

use std::time::Duration;

use tonic::transport::server::ServerTlsConfig;
use tonic::transport::{Certificate, Identity, Server};

use crate::config::Limits;

/// The longest that a TLS handshake may take, in seconds.
const HANDSHAKE_SECONDS_MAX: u64 = 10;

/// By how much tonic's own time limit is longer than the one that each call keeps for itself.
const LAST_RESORT: Duration = Duration::from_secs(1);

/// What the listener shows to callers, PEM. The private key has no `Debug`.
#[derive(Clone)]
pub struct TlsIdentity {
    /// The certificate, then its intermediates.
    pub certificate_chain_pem: String,
    /// The private key.
    pub private_key_pem: String,
    /// Who signs callers' certificates, where callers must show one.
    pub client_roots_pem: Option<String>,
}

impl std::fmt::Debug for TlsIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TlsIdentity(..)")
    }
}

/// A server under `limits`; without `tls` in plain text, for tests and for a proxy on the same machine.
///
/// # Errors
///
/// A certificate or key that cannot be used.
pub fn server(limits: &Limits, tls: Option<&TlsIdentity>) -> Result<Server, tonic::transport::Error> {
    let server = Server::builder()
        .max_concurrent_streams(limits.max_concurrent_streams.to_u32())
        .concurrency_limit_per_connection(limits.concurrency_limit_per_connection.to_usize())
        .http2_max_header_list_size(limits.max_header_list_bytes.to_u32())
        .http2_max_pending_accept_reset_streams(Some(limits.max_pending_reset_streams.to_usize()))
        .http2_keepalive_interval(Some(limits.keepalive_interval_seconds.seconds()))
        .http2_keepalive_timeout(Some(limits.keepalive_timeout_seconds.seconds()))
        // Gentle: calls that are open may end. With a grace period tonic would cut them off without a word.
        .max_connection_age(limits.max_connection_age_seconds.seconds())
        .tcp_nodelay(true)
        // The last resort, behind the deadline that each call keeps for itself.
        .timeout(limits.request_timeout_seconds.seconds().saturating_add(LAST_RESORT));
    match tls {
        Some(identity) => server.tls_config(tls_config(identity)),
        None => Ok(server),
    }
}

fn tls_config(identity: &TlsIdentity) -> ServerTlsConfig {
    let config = ServerTlsConfig::new()
        .identity(Identity::from_pem(&identity.certificate_chain_pem, &identity.private_key_pem))
        .timeout(Duration::from_secs(HANDSHAKE_SECONDS_MAX));
    match &identity.client_roots_pem {
        Some(roots) => config.client_ca_root(Certificate::from_pem(roots)),
        None => config,
    }
}
