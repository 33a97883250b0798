//! The carrier's messaging system: HTTPS on this machine, which takes every notice and remembers which.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::cli::failure::{Exit, Failure};
use crate::config::{AllowedPlace, Bounded, HttpsUrl, Messages, MessagesWebhook};
use crate::crypto::{random_bytes, write_new_secret_file};
use crate::domain::Network;

/// What is read of a notice.
#[derive(Deserialize)]
struct Posted {
    id: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    notice: String,
    record_id: String,
}

/// What was received.
#[derive(Default)]
pub(super) struct Received {
    /// Messages, whatever was in them.
    pub(super) messages: u64,
    /// Their ids.
    pub(super) ids: HashSet<String>,
    /// The records that they told of, by what they told.
    pub(super) records: HashMap<String, HashSet<String>>,
    /// Messages that could not be read.
    pub(super) unreadable: u64,
}

/// A receiver of messages, for as long as the runtime it was started on.
pub(in crate::cli::bench) struct Receiver {
    received: Arc<Mutex<Received>>,
    /// The settings that lead to it.
    pub(in crate::cli::bench) settings: Messages,
}

impl Receiver {
    /// Starts one on the runtime that is entered, with the development set's certificate.
    pub(in crate::cli::bench) async fn start(folder: &Path, keys: &Path) -> Result<Self, Failure> {
        let failed = |error: &(dyn std::error::Error + 'static)| Failure::caused(Exit::Failed, error);
        let chain = CertificateDer::pem_file_iter(keys.join("server.pem")).map_err(|error| failed(&error))?;
        let chain = chain.collect::<Result<Vec<_>, _>>().map_err(|error| failed(&error))?;
        let key = PrivateKeyDer::from_pem_file(keys.join("server.key")).map_err(|error| failed(&error))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.map_err(|error| failed(&error))?.with_no_client_auth().with_single_cert(chain, key);
        let acceptor = TlsAcceptor::from(Arc::new(config.map_err(|error| failed(&error))?));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(|error| failed(&error))?;
        let port = listener.local_addr().map_err(|error| failed(&error))?.port();
        let received = Arc::default();
        tokio::spawn(listen(listener, acceptor, Arc::clone(&received)));

        let secret_file = folder.join("messages.secret");
        let secret = random_bytes::<32>().map_err(|error| failed(&error))?;
        let secret = format!("whsec_{}", STANDARD.encode(secret));
        write_new_secret_file(&secret_file, secret.as_bytes()).map_err(|error| failed(&error))?;
        let own =
            |text: String| HttpsUrl::parse(&text).ok_or_else(|| Failure::failed("the receiver's address is none"));
        let settings = Messages::Webhook(MessagesWebhook {
            url: own(format!("https://localhost:{port}/notices"))?,
            secret_files: vec![secret_file],
            authority_file: Some(keys.join("ca.pem")),
            allow: vec![AllowedPlace::Network(Network::parse("127.0.0.0/8").map_err(|error| failed(&error))?)],
            timeout_seconds: Bounded::of::<5>(),
        });
        Ok(Self { received, settings })
    }

    /// What it received so far.
    pub(super) fn received(&self) -> MutexGuard<'_, Received> {
        locked(&self.received)
    }
}

fn locked(received: &Mutex<Received>) -> MutexGuard<'_, Received> {
    received.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn listen(listener: TcpListener, acceptor: TlsAcceptor, received: Arc<Mutex<Received>>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, received) = (acceptor.clone(), Arc::clone(&received));
        tokio::spawn(async move {
            // Who hangs up tries again.
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let taking = service_fn(|request| take(request, &received));
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), taking).await;
        });
    }
}

async fn take(request: Request<Incoming>, received: &Mutex<Received>) -> Result<Response<Empty<Bytes>>, Infallible> {
    let mut answer = Response::new(Empty::new());
    let Ok(body) = request.into_body().collect().await else {
        *answer.status_mut() = StatusCode::BAD_REQUEST;
        return Ok(answer);
    };
    let posted = serde_json::from_slice::<Posted>(&body.to_bytes());
    let mut received = locked(received);
    received.messages += 1;
    match posted {
        Ok(Posted { id, data: Data { notice, record_id } }) => {
            received.ids.insert(id);
            received.records.entry(notice).or_default().insert(record_id);
        }
        Err(_) => received.unreadable += 1,
    }
    Ok(answer)
}
