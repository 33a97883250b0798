//! One connection over TLS and requests over it (HTTP/1.1).
//!
//! Deliberately absent: redirects, proxies, for how long a connection is kept, and whom to connect to: a stream is given.

use std::io;
use std::sync::Arc;

use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// What this program calls itself.
pub(crate) const USER_AGENT: &str = concat!("portcullis/", env!("CARGO_PKG_VERSION"));

/// The longest head of an answer that is read, in bytes. A longer one is an error.
const HEAD_BYTES_MAX: usize = 16_384;

/// The authority's certificates cannot be used, or the system has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the authorities that could vouch for the other side cannot be used, or there are none")]
pub struct NoAuthority;

/// Believes those whose certificates these authorities signed, PEM; where none are given, those that the system trusts.
pub(crate) fn trusting(authority_pem: Option<&str>) -> Result<Arc<ClientConfig>, NoAuthority> {
    let mut roots = RootCertStore::empty();
    match authority_pem {
        Some(pem) => {
            for root in CertificateDer::pem_slice_iter(pem.as_bytes()) {
                roots.add(root.map_err(|_| NoAuthority)?).map_err(|_| NoAuthority)?;
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    if roots.is_empty() {
        return Err(NoAuthority);
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Ok(Arc::new(config.map_err(|_| NoAuthority)?.with_root_certificates(roots).with_no_client_auth()))
}

/// Speaks TLS with the other side, which must be who its name says.
pub(crate) async fn secured(
    tls: &Arc<ClientConfig>,
    host: &str,
    stream: TcpStream,
) -> io::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    TlsConnector::from(Arc::clone(tls)).connect(name, stream).await
}

/// Whether the other side was reached and its certificate is not believed.
pub(crate) fn is_untrusted(error: &io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    matches!(inner, Some(rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented))
}

/// A connection on which requests are sent, one after the other. It ends with this.
pub(crate) struct Exchange<B> {
    sender: http1::SendRequest<B>,
    /// Moves bytes.
    _driver: JoinSet<()>,
}

impl<B> Exchange<B>
where
    B: Body<Data: Send, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
{
    /// Speaks HTTP over it.
    pub(crate) async fn over(stream: TlsStream<TcpStream>) -> hyper::Result<Self> {
        let (sender, connection) =
            http1::Builder::new().max_buf_size(HEAD_BYTES_MAX).handshake(TokioIo::new(stream)).await?;
        let mut driver = JoinSet::new();
        driver.spawn(async move {
            // What goes wrong on it is told to who waits for the answer.
            let _ = connection.await;
        });
        Ok(Self { sender, _driver: driver })
    }

    /// Sends a request, and waits for the head of its answer. The next one can be sent once the body was read to its end.
    pub(crate) async fn send(&mut self, request: Request<B>) -> hyper::Result<Response<Incoming>> {
        self.sender.ready().await?;
        self.sender.send_request(request).await
    }

    /// Whether the other side has not hung up, as far as is known.
    pub(crate) fn is_open(&self) -> bool {
        !self.sender.is_closed()
    }
}

/// The answer to one request on a connection of its own. Its body is read where it is asked for.
pub(crate) struct Answer<B> {
    /// The status.
    pub(crate) status: StatusCode,
    /// The headers.
    pub(crate) headers: HeaderMap,
    body: Incoming,
    _exchange: Exchange<B>,
}

impl<B> Answer<B> {
    /// The body as a text; `None` where it is longer, broke off or is no text.
    pub(crate) async fn text(self, bytes_max: usize) -> Option<String> {
        let body = Limited::new(self.body, bytes_max).collect().await.ok()?;
        String::from_utf8(body.to_bytes().to_vec()).ok()
    }
}

/// Sends one request. The connection ends with the answer, and with who no longer waits for it.
pub(crate) async fn sent<B>(stream: TlsStream<TcpStream>, request: Request<B>) -> hyper::Result<Answer<B>>
where
    B: Body<Data: Send, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
{
    let mut exchange = Exchange::over(stream).await?;
    let (head, body) = exchange.send(request).await?.into_parts();
    Ok(Answer { status: head.status, headers: head.headers, body, _exchange: exchange })
}
