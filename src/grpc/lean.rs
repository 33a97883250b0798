//! Calls at little cost, for the load generator: messages made before, one HTTP/2 connection, nothing between. Who offers
//! more than a service can take must not be the first to be out of breath.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use h2::client::{ResponseFuture, SendRequest};
use http::{HeaderMap, HeaderValue, Method, Request, Uri};
use prost::Message;
pub use prost::bytes::Bytes;
use prost::bytes::{BufMut as _, BytesMut};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tonic::{Code, Status};

use super::client::{CallError, CallerCertificate};

/// What stands before a message (gRPC over HTTP/2, Length-Prefixed-Message).
const PREFIX_BYTES: usize = 5;

/// The name that the service's certificate must have.
const SERVER_NAME: &str = "localhost";

/// Streams opened before the service has said how many it takes.
const STREAMS_AT_FIRST: usize = 64;

/// Why there is no connection, or no answer.
#[derive(Debug, thiserror::Error)]
pub enum LeanError {
    /// The connection did not come about or broke.
    #[error("the connection to the service broke: {0}")]
    Broken(String),
    /// A certificate, key, token or method that cannot be used.
    #[error("{0} cannot be used")]
    Unfit(&'static str),
}

fn broken(error: &dyn std::error::Error) -> LeanError {
    LeanError::Broken(error.to_string())
}

/// A connection. Cheap to clone; all clones share it.
#[derive(Clone)]
pub struct LeanConnection(SendRequest<Bytes>);

/// What all calls of one method under one token begin with.
#[derive(Clone)]
pub struct Head(Request<()>);

/// A call's answer, on its way.
pub struct Answering(ResponseFuture);

/// How a call ended.
#[derive(Debug)]
pub enum Answered {
    /// With a message.
    Message(Bytes),
    /// With a status.
    Status(Box<CallError>),
}

impl LeanConnection {
    /// Connects to `address` on this machine, showing `certificate`.
    ///
    /// # Errors
    ///
    /// [`LeanError`].
    pub async fn connect(
        address: SocketAddr,
        root_pem: &str,
        certificate: CallerCertificate<'_>,
    ) -> Result<Self, LeanError> {
        let tls = TlsConnector::from(Arc::new(tls(root_pem, certificate)?));
        let name = ServerName::try_from(SERVER_NAME).map_err(|_| LeanError::Unfit("the service's name"))?;
        let stream = TcpStream::connect(address).await.map_err(|error| broken(&error))?;
        // An option that a socket refuses costs milliseconds, not correctness.
        let _ = stream.set_nodelay(true);
        let stream = tls.connect(name, stream).await.map_err(|error| broken(&error))?;
        let mut builder = h2::client::Builder::new();
        builder.initial_max_send_streams(STREAMS_AT_FIRST);
        let (sender, connection) = builder.handshake(stream).await.map_err(|error| broken(&error))?;
        // It ends when the last clone and the last answer are gone; whoever still waits then is told that it broke.
        tokio::spawn(connection);
        Ok(Self(sender))
    }

    /// Sends a message, when the service takes another stream.
    ///
    /// # Errors
    ///
    /// [`LeanError::Broken`].
    pub async fn call(&mut self, head: &Head, message: Bytes) -> Result<Answering, LeanError> {
        let mut sender = self.0.clone().ready().await.map_err(|error| broken(&error))?;
        let (answering, mut body) = sender.send_request(head.0.clone(), false).map_err(|error| broken(&error))?;
        body.send_data(message, true).map_err(|error| broken(&error))?;
        Ok(Answering(answering))
    }
}

impl Head {
    /// Calls of `method` (`portcullis.v1.DecisionService/Decide`) under a token, each answered within `answer_time_max`.
    ///
    /// # Errors
    ///
    /// [`LeanError::Unfit`].
    pub fn new(method: &str, token: &str, answer_time_max: Duration) -> Result<Self, LeanError> {
        let unfit = |_| LeanError::Unfit("the token");
        let uri =
            Uri::try_from(format!("https://{SERVER_NAME}/{method}")).map_err(|_| LeanError::Unfit("the method"))?;
        let mut request = Request::new(());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = uri;
        let timeout = format!("{}m", answer_time_max.as_millis());
        let headers = [
            ("te", HeaderValue::from_static("trailers")),
            ("content-type", HeaderValue::from_static("application/grpc")),
            ("authorization", HeaderValue::try_from(format!("Bearer {token}")).map_err(unfit)?),
            ("grpc-timeout", HeaderValue::try_from(timeout).map_err(unfit)?),
        ];
        request.headers_mut().extend(headers.map(|(name, value)| (http::HeaderName::from_static(name), value)));
        Ok(Self(request))
    }
}

/// A message as it goes over the wire.
pub fn framed(message: &impl Message) -> Bytes {
    let length = message.encoded_len();
    let mut bytes = BytesMut::with_capacity(PREFIX_BYTES.saturating_add(length));
    bytes.put_u8(0);
    bytes.put_u32(u32::try_from(length).unwrap_or(u32::MAX));
    // There is room: it was made for exactly this.
    let _ = message.encode(&mut bytes);
    bytes.freeze()
}

/// A message that came; none that is not what was asked for.
pub fn decoded<M: Message + Default>(message: Bytes) -> Option<M> {
    M::decode(message).ok()
}

impl Answering {
    /// Waits for it.
    ///
    /// # Errors
    ///
    /// [`LeanError::Broken`].
    pub async fn answer(self) -> Result<Answered, LeanError> {
        let (head, mut body) = self.0.await.map_err(|error| broken(&error))?.into_parts();
        if let Some(status) = status(&head.headers) {
            return Ok(Answered::Status(Box::new(status.into())));
        }
        let mut message = BytesMut::new();
        while let Some(part) = body.data().await {
            let part = part.map_err(|error| broken(&error))?;
            // A window that cannot be given back closes by itself.
            let _ = body.flow_control().release_capacity(part.len());
            message.extend_from_slice(&part);
        }
        let trailers = body.trailers().await.map_err(|error| broken(&error))?.unwrap_or_default();
        match status(&trailers) {
            Some(status) if status.code() != Code::Ok => Ok(Answered::Status(Box::new(status.into()))),
            _ if message.len() < PREFIX_BYTES => Err(LeanError::Broken("an answer without a message".to_owned())),
            _ => Ok(Answered::Message(message.split_off(PREFIX_BYTES).freeze())),
        }
    }
}

fn status(headers: &HeaderMap) -> Option<Status> {
    Status::from_header_map(headers)
}

fn tls(root_pem: &str, certificate: CallerCertificate<'_>) -> Result<ClientConfig, LeanError> {
    let mut roots = RootCertStore::empty();
    let root = CertificateDer::from_pem_slice(root_pem.as_bytes()).map_err(|_| LeanError::Unfit("the authority"))?;
    roots.add(root).map_err(|_| LeanError::Unfit("the authority"))?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificate.chain_pem.as_bytes()).collect();
    let chain = chain.map_err(|_| LeanError::Unfit("the certificate"))?;
    let key = PrivateKeyDer::from_pem_slice(certificate.key_pem.as_bytes()).map_err(|_| LeanError::Unfit("the key"))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| LeanError::Unfit("TLS"))?;
    let mut config = config
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, key)
        .map_err(|_| LeanError::Unfit("the certificate"))?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(config)
}
