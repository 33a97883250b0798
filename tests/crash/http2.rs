//! HTTP/2 as no library would speak it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::service::{Home, Service};

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const CONTINUATION: u8 = 9;

pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

/// Where a caller's connections come from and how they speak TLS.
#[derive(Clone)]
pub(crate) struct Caller {
    tls: TlsConnector,
    to: SocketAddr,
    from: Ipv4Addr,
}

/// A connection past its preface.
pub(crate) struct Raw(TlsStream<TcpStream>);

/// What the other end says.
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

impl Caller {
    /// One who calls from this address of this machine: honest callers call from another.
    pub(crate) fn new(home: &Home, service: &Service, from: Ipv4Addr) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(home.path().join("ca.pem")).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let mut config = config.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec()];
        Self { tls: TlsConnector::from(Arc::new(config)), to: service.address.parse().unwrap(), from }
    }

    async fn socket(&self) -> io::Result<TcpStream> {
        let socket = TcpSocket::new_v4()?;
        // Its end is a reset: it leaves no port waiting.
        socket.set_zero_linger()?;
        socket.bind(SocketAddr::from((self.from, 0)))?;
        socket.connect(self.to).await
    }

    /// Begins a handshake and is gone.
    pub(crate) async fn abort(&self) -> io::Result<()> {
        // A record that claims to be a handshake of 512 bytes, and ends after one.
        self.socket().await?.write_all(&[0x16, 0x03, 0x01, 0x02, 0x00, 0x01]).await
    }

    /// A connection, if it is given one.
    pub(crate) async fn connect(&self) -> io::Result<Raw> {
        let stream = self.socket().await?;
        let mut stream = self.tls.connect(ServerName::try_from("localhost").unwrap(), stream).await?;
        stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await?;
        stream.write_all(&frame(SETTINGS, 0, 0, &[])).await?;
        stream.flush().await?;
        Ok(Raw(stream))
    }
}

impl Raw {
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes).await?;
        self.0.flush().await
    }

    pub(crate) async fn next(&mut self) -> io::Result<Frame> {
        let mut head = [0_u8; 9];
        self.0.read_exact(&mut head).await?;
        let number = |from: usize| u32::from_be_bytes(head[from..from + 4].try_into().unwrap());
        // Three bytes of length, then the kind; the flags; the stream.
        let mut payload = vec![0; (number(0) >> 8) as usize];
        self.0.read_exact(&mut payload).await?;
        Ok(Frame { kind: head[3], flags: head[4], stream: number(5) & 0x7fff_ffff, payload })
    }

    /// Reads until a frame of this kind, or the end.
    pub(crate) async fn until(&mut self, kind: u8) -> io::Result<Frame> {
        loop {
            let frame = self.next().await?;
            if frame.kind == kind {
                return Ok(frame);
            }
        }
    }
}

pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, a, b, c] = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = vec![a, b, c, kind, flags];
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// A header block of a gRPC call, with more headers after the usual ones, none of them indexed (RFC 7541, section 6.2.2).
pub(crate) fn call(path: &str, more: &[(&str, &str)]) -> Vec<u8> {
    // `:method: POST` and `:scheme: https` of the static table.
    let mut block = vec![0x83, 0x87];
    let usual =
        [(":path", path), (":authority", "localhost"), ("content-type", "application/grpc"), ("te", "trailers")];
    for (name, value) in usual.iter().chain(more) {
        block.push(0);
        for text in [name, value] {
            length(&mut block, text.len());
            block.extend(text.as_bytes());
        }
    }
    block
}

/// An integer with a prefix of seven bits (RFC 7541, section 5.1).
fn length(block: &mut Vec<u8>, mut value: usize) {
    if value < 127 {
        block.push(u8::try_from(value).unwrap());
        return;
    }
    block.push(127);
    value -= 127;
    while value >= 128 {
        block.push(u8::try_from(value % 128).unwrap() | 128);
        value /= 128;
    }
    block.push(u8::try_from(value).unwrap());
}
