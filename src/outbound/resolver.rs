//! Names and their addresses, asked once a delivery.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::sync::Arc;

use tokio::sync::Semaphore;

/// Names that are looked up at a time. A look-up cannot be broken off, so that more would take every thread there is while
/// the name server is silent.
const LOOKUPS_MAX: usize = 16;

/// Who knows the addresses of a name.
pub(super) enum Resolver {
    /// The system, through so many doors at a time.
    System(Arc<Semaphore>),
    /// A script: what is answered first, next and so on. Nothing once it is over.
    #[cfg(test)]
    Script(std::sync::Mutex<std::collections::VecDeque<Vec<SocketAddr>>>),
}

impl Resolver {
    pub(super) fn system() -> Self {
        Self::System(Arc::new(Semaphore::new(LOOKUPS_MAX)))
    }

    /// All addresses of a host, at least one.
    pub(super) async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let found = match self {
            Self::System(places) => {
                let place = Arc::clone(places).acquire_owned().await.map_err(io::Error::other)?;
                let host = host.to_owned();
                let looked_up = tokio::task::spawn_blocking(move || {
                    // Held to the end of the look-up, also where nobody waits for it any more.
                    let _place = place;
                    (host.as_str(), port).to_socket_addrs().map(Iterator::collect)
                });
                looked_up.await.map_err(io::Error::other)??
            }
            #[cfg(test)]
            Self::Script(answers) => answers.lock().unwrap().pop_front().unwrap_or_default(),
        };
        let found: Vec<SocketAddr> = found;
        if found.is_empty() { Err(io::Error::from(io::ErrorKind::NotFound)) } else { Ok(found) }
    }
}
