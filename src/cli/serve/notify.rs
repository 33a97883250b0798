//! Tells the service manager how far the service is (`sd_notify`), where there is one that wants to know.

use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use crate::config::notify_socket;

/// What the manager is told.
#[derive(Debug, Clone, Copy)]
pub(super) enum Notice {
    /// Requests are answered.
    Ready,
    /// It goes away.
    Stopping,
}

/// Tells it. A manager that does not hear is logged: it will take its own measures.
pub(super) fn tell(notice: Notice) {
    let Some(path) = notify_socket() else { return };
    let text: &[u8] = match notice {
        Notice::Ready => b"READY=1",
        Notice::Stopping => b"STOPPING=1",
    };
    // A name that begins with @ is one of no file.
    let address = match path.as_bytes().split_first() {
        Some((b'@', name)) => SocketAddr::from_abstract_name(name),
        _ => SocketAddr::from_pathname(&path),
    };
    let told = address.and_then(|address| UnixDatagram::unbound()?.send_to_addr(text, &address));
    if let Err(error) = told {
        tracing::warn!(%error, ?notice, "the service manager was not told");
    }
}
