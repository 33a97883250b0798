//! A receiver of messages on this machine, and a courier that is set up to find it.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::{DateTime, Utc};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use serde_json::json;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use uuid::Uuid;

use crate::config::{AllowedPlace, Bounded, HttpsUrl, Messages, MessagesWebhook};
use crate::domain::Network;
use crate::outbound::Message;
use crate::outbound::courier::Courier;
use crate::outbound::resolver::Resolver;

/// The secret that the standard's libraries are tested with.
pub(super) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A message like any other.
pub(in crate::outbound) fn message() -> Message {
    Message {
        id: Uuid::from_u128(0x01a0_c450_6c7b_7012_8d15_9e26_af37_bf8c),
        kind: "portcullis.code",
        at: now(),
        source: "/portcullis/default".to_owned(),
        subject: Some("L-1".to_owned()),
        data: json!({"to": "ada@example.com", "code": "481516"}),
    }
}

pub(super) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_790_000_000_123).unwrap()
}

/// What a receiver does with a connection.
#[derive(Clone)]
pub(super) enum Manner {
    /// Reads one request and answers with these bytes.
    Answers(Vec<u8>),
    /// Reads requests on one connection and answers each with these bytes, so many of them, then hangs up.
    Keeps(Vec<u8>, usize),
    /// Reads one request and says nothing.
    Silent,
    /// Reads one request and sends a head without end.
    Endless,
    /// Does not even speak TLS.
    Deaf,
}

impl Manner {
    pub(super) fn status(line: &str, headers: &str) -> Self {
        Self::Answers(format!("HTTP/1.1 {line}\r\n{headers}Content-Length: 0\r\n\r\n").into_bytes())
    }
}

/// A receiver, its certificate, and what it was sent: the head and the body of each request. Ends with the test's runtime.
pub(super) struct Receiver {
    pub(super) address: SocketAddr,
    pub(super) authority_pem: String,
    pub(super) requests: mpsc::UnboundedReceiver<(String, Vec<u8>)>,
    /// How many connections were made to it.
    pub(super) connections: Arc<AtomicUsize>,
}

impl Receiver {
    /// One with a certificate for `localhost`.
    pub(super) async fn start(manner: Manner) -> Self {
        Self::start_as("localhost", manner).await
    }

    pub(super) async fn start_as(name: &str, manner: Manner) -> Self {
        let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (told, requests) = mpsc::unbounded_channel();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(received(stream, acceptor.clone(), manner.clone(), told.clone()));
            }
        });
        Self { address, authority_pem: made.cert.pem(), requests, connections }
    }

    /// What it was sent, where it was sent something.
    pub(super) fn request(&mut self) -> Option<(String, Vec<u8>)> {
        self.requests.try_recv().ok()
    }
}

async fn received(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    manner: Manner,
    told: mpsc::UnboundedSender<(String, Vec<u8>)>,
) {
    if let Manner::Deaf = manner {
        return std::future::pending().await;
    }
    // Who does not believe it hangs up.
    let Ok(mut stream) = acceptor.accept(stream).await else { return };
    let Some(first) = request(&mut stream).await else { return };
    let _ = told.send(first);
    match manner {
        Manner::Keeps(answer, count) => {
            for number in 1..=count {
                let _ = stream.write_all(&answer).await;
                let next = if number < count { request(&mut stream).await } else { None };
                let Some(next) = next else { return };
                let _ = told.send(next);
            }
        }
        Manner::Answers(answer) => {
            let _ = stream.write_all(&answer).await;
            let _ = stream.shutdown().await;
        }
        Manner::Silent | Manner::Deaf => std::future::pending().await,
        Manner::Endless => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n").await;
            while stream.write_all(b"x-more: 0123456789abcdef0123456789abcdef\r\n").await.is_ok() {}
        }
    }
}

async fn request(stream: &mut TlsStream<TcpStream>) -> Option<(String, Vec<u8>)> {
    let mut read = Vec::new();
    loop {
        let mut part = [0; 4_096];
        let length = stream.read(&mut part).await.ok().filter(|length| *length > 0)?;
        read.extend_from_slice(&part[..length]);
        let text = String::from_utf8_lossy(&read).into_owned();
        if let Some((head, _)) = text.split_once("\r\n\r\n") {
            let expected: usize = header(head, "content-length")?.parse().ok()?;
            let body = read.split_off(head.len() + 4);
            if body.len() == expected {
                return Some((head.to_owned(), body));
            }
            read.extend_from_slice(&body);
        }
    }
}

/// One header of a request.
pub(super) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let headers = head.lines().filter_map(|line| line.split_once(": "));
    let mut named = headers.filter(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    let first = named.next();
    assert_eq!(named.next(), None, "`{name}` stands there twice");
    first
}

/// A place with the files that settings name.
pub(super) struct Place {
    pub(super) folder: TempDir,
    pub(super) settings: MessagesWebhook,
}

impl Place {
    /// Settings for this receiver, at this host; its address is allowed.
    pub(super) fn of(receiver: &Receiver, host: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = folder.path().join("ca.pem");
        fs::write(&authority, &receiver.authority_pem).unwrap();
        let settings = MessagesWebhook {
            url: HttpsUrl { host: host.to_owned(), port: receiver.address.port(), path: "/in?from=a".to_owned() },
            secret_files: vec![secret_file(folder.path(), "secret", SECRET)],
            authority_file: Some(authority),
            allow: vec![AllowedPlace::Network(Network::parse("127.0.0.1").unwrap())],
            timeout_seconds: Bounded::of::<1>(),
        };
        Self { folder, settings }
    }

    pub(super) fn courier(&self) -> Courier {
        Courier::open(&Messages::Webhook(self.settings.clone())).unwrap()
    }

    /// A courier whose names have these addresses, one list a look-up.
    pub(super) fn courier_told(&self, answers: &[&[SocketAddr]]) -> Courier {
        let answers = answers.iter().map(|addresses| addresses.to_vec()).collect();
        let resolver = Resolver::Script(std::sync::Mutex::new(answers));
        Courier::with(&Messages::Webhook(self.settings.clone()), resolver).unwrap()
    }
}

/// Writes a secret's file for its owner alone.
pub(super) fn secret_file(folder: &Path, name: &str, text: &str) -> PathBuf {
    use std::io::Write as _;
    let path = folder.join(name);
    let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
    file.unwrap().write_all(text.as_bytes()).unwrap();
    path
}
