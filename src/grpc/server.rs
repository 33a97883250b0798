//! Serves, and stops gently.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::Notify;
use tonic::service::Routes;

use super::health::Health;
use super::lanes::{Lanes, SheddingLayer};
use super::listener::{Tls, incoming};
use super::transport;
use crate::config::Limits;

/// Between telling that the service goes away and closing the door, in milliseconds: load balancers need a moment.
const NOTICE_MILLISECONDS: u64 = 300;

/// Why serving ended.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// HTTP/2 cannot be spoken.
    #[error("cannot serve gRPC")]
    Transport(#[from] tonic::transport::Error),
}

/// What callers meet before any service.
#[derive(Debug, Clone)]
pub struct Front {
    /// TLS; none on a loopback address.
    pub tls: Option<Arc<Tls>>,
    /// How many calls are worked on at a time.
    pub lanes: Arc<Lanes>,
}

/// Serves `routes` on `listener` until `stop` resolves; then tells that it goes, takes no new connection, and waits for
/// open calls to end, at most `limits.drain_seconds`.
///
/// # Errors
///
/// [`ServeError::Transport`] when it cannot begin.
pub async fn serve(
    listener: TcpListener,
    limits: &Limits,
    front: Front,
    routes: Routes,
    health: Option<Health>,
    stop: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let draining = Arc::new(Notify::new());
    let stopped = {
        let (draining, health) = (Arc::clone(&draining), health.clone());
        async move {
            stop.await;
            if let Some(health) = health {
                health.stop().await;
                tokio::time::sleep(Duration::from_millis(NOTICE_MILLISECONDS)).await;
            }
            draining.notify_one();
        }
    };
    let incoming = incoming(listener, limits, front.tls);
    let server = transport::server(limits).layer(SheddingLayer(front.lanes));
    let serving = server.serve_with_incoming_shutdown(routes.prepare(), incoming, stopped);
    let overdue = async {
        draining.notified().await;
        tokio::time::sleep(limits.drain_seconds.seconds()).await;
    };
    tokio::select! {
        served = serving => served.map_err(ServeError::from),
        () = overdue => {
            tracing::warn!("calls were still open when the time to drain was over");
            Ok(())
        }
        () = followed(health.as_ref()) => Ok(()),
    }
}

/// Keeps health told while serving. Never ends by itself.
async fn followed(health: Option<&Health>) {
    match health {
        Some(health) => health.follow().await,
        None => std::future::pending().await,
    }
}
