//! Connections, from the socket to a peer that HTTP/2 can be spoken with.
//!
//! | file | holds |
//! | --- | --- |
//! | `tls` | what the listener shows and whose certificates it takes; replaced without a restart |
//! | `peer` | who is at the other end: address, and the certificate that was shown |
//! | `crowd` | how many connections there may be, in all and of one identity |
//! | `accept` | sockets in, connections out; handshakes in between, each with its own time |
//! | `connection`, `gathered` | the stream of one connection |
//!
//! Deliberately absent: what a certificate's holder may do (`identity/`), and HTTP/2's own limits (`transport`).

mod accept;
mod connection;
mod crowd;
mod gathered;
mod peer;
mod tls;

pub(super) use accept::incoming;
pub use peer::{Peer, PeerCertificate};
pub use tls::{ClientAuthority, Presence, Tls, TlsError, TlsIdentity};
