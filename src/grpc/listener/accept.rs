//! Sockets in, connections out.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_stream::wrappers::ReceiverStream;

use super::connection::{Carrier, Connection};
use super::crowd::{Crowd, Place, Whose};
use super::gathered::Gathered;
use super::peer::{Peer, PeerCertificate};
use super::tls::Tls;
use crate::config::Limits;

/// The longest that a TLS handshake may take, in seconds.
const HANDSHAKE_SECONDS_MAX: u64 = 5;

/// Connections that wait to be served.
const WAITING_MAX: usize = 64;

/// How long nothing is accepted after the system would not give a socket, in milliseconds: it has none to give, and asking
/// again at once would only turn a core.
const PAUSE_MILLISECONDS: u64 = 50;

/// The connections that come in at `listener`, until the stream is dropped. Nothing that a caller does ends it.
pub(in crate::grpc) fn incoming(
    listener: TcpListener,
    limits: &Limits,
    tls: Option<Arc<Tls>>,
) -> ReceiverStream<io::Result<Connection>> {
    let (ready, connections) = mpsc::channel(WAITING_MAX);
    let door = Arc::new(Door { crowd: Crowd::new(limits), tls });
    tokio::spawn(accept(listener, door, ready));
    ReceiverStream::new(connections)
}

async fn accept(listener: TcpListener, door: Arc<Door>, ready: mpsc::Sender<io::Result<Connection>>) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = ready.closed() => return,
        };
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(Duration::from_millis(PAUSE_MILLISECONDS)).await;
                continue;
            }
        };
        // INVARIANT (fail-closed): who finds no place is not heard, however many others wait.
        let Some(place) = door.crowd.enter(Whose::of(address.ip())) else {
            tracing::debug!("a connection was turned away: there are too many");
            continue;
        };
        let (door, ready) = (Arc::clone(&door), ready.clone());
        tokio::spawn(async move {
            if let Some(connection) = door.open(stream, address, place).await {
                // Nobody serves any more: the connection ends here.
                let _ = ready.send(Ok(connection)).await;
            }
        });
    }
}

struct Door {
    crowd: Arc<Crowd>,
    tls: Option<Arc<Tls>>,
}

impl Door {
    /// Shakes hands; none with who does not do it right, or in time.
    async fn open(&self, stream: TcpStream, address: SocketAddr, place: Place) -> Option<Connection> {
        // An option that a socket refuses costs milliseconds, not correctness.
        let _ = stream.set_nodelay(true);
        let stream = Gathered::new(stream);
        let Some(tls) = &self.tls else {
            let peer = Peer { address, certificate: None };
            return Some(Connection { carrier: Carrier::Plain(stream), peer, _place: place });
        };
        let handshake = TlsAcceptor::from(tls.current()).accept(stream);
        let stream = tokio::time::timeout(Duration::from_secs(HANDSHAKE_SECONDS_MAX), handshake).await;
        let stream = stream.ok().and_then(Result::ok)?;
        let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
        let certificate = shown.map(|certificate| Arc::new(PeerCertificate::new(certificate)));
        let place = match &certificate {
            None => place,
            // Counted under its certificate from here on: many callers may stand behind one address.
            Some(certificate) => {
                drop(place);
                self.crowd.enter(Whose::Certificate(certificate.thumbprint))?
            }
        };
        let peer = Peer { address, certificate };
        Some(Connection { carrier: Carrier::Tls(Box::new(stream)), peer, _place: place })
    }
}
