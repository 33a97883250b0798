//! Keeps what is so now told: certificates and keys when they are taken, disk and due queue again and again.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::crypto::{KeyInfo, KeyState, certificates, revocation_lists};
use crate::grpc::Readiness;
use crate::grpc::listener::TlsIdentity;
use crate::service::Engine;
use crate::store::embedded::look::Folder;
use crate::telemetry::Metrics;

/// How often disk and due queue are looked at, in seconds: as often as is scraped, about.
const LOOK_EVERY_SECONDS: u64 = 15;

/// Tells when what is in use ends. What cannot be read is not told: TLS itself has refused it before.
pub(super) fn tell_certificates(metrics: &Metrics, identity: &TlsIdentity) {
    let ends = |pem: &str| certificates(pem).ok()?.iter().map(|facts| facts.not_after).min();
    let clients = identity.clients.as_ref();
    let lists = clients.and_then(|clients| revocation_lists(clients.revoked_pem.as_deref()?).ok());
    let told = [
        ("server", ends(&identity.certificate_chain_pem)),
        ("client_ca", clients.and_then(|clients| ends(&clients.roots_pem))),
        ("client_crl", lists.and_then(|lists| lists.iter().filter_map(|list| list.next_update).min())),
    ];
    for (certificate, end) in told {
        if let Some(end) = end {
            metrics.standing().certificate_ends(certificate, end.timestamp());
        }
    }
}

/// Tells when the active keys were made.
pub(super) fn tell_keys(metrics: &Metrics, keys: &[KeyInfo]) {
    for key in keys.iter().filter(|key| key.state == KeyState::Active) {
        metrics.standing().key_made(key.purpose.name(), key.created.timestamp());
    }
}

/// What is looked at again and again.
pub(super) struct Gauges {
    pub(super) metrics: Arc<Metrics>,
    pub(super) engine: Arc<Engine>,
    pub(super) readiness: Readiness,
    /// The store's folder, where it has one.
    pub(super) store: Option<PathBuf>,
}

impl Gauges {
    /// Looks until `stop` says so.
    pub(super) async fn follow(self, mut stop: watch::Receiver<bool>) {
        let mut looks = tokio::time::interval(Duration::from_secs(LOOK_EVERY_SECONDS));
        loop {
            tokio::select! {
                _ = looks.tick() => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
            self.look().await;
        }
    }

    async fn look(&self) {
        let standing = self.metrics.standing();
        standing.ready((self.readiness)().is_ok());
        if let Some(path) = self.store.clone() {
            let disk = tokio::task::spawn_blocking(move || {
                let folder = Folder::find(&path)?;
                Ok::<_, std::io::Error>((folder.bytes(), folder.file_system()?.free_bytes))
            });
            if let Ok(Ok((store, free))) = disk.await {
                standing.disk(store, free);
            }
        }
        // While the store does not answer, `portcullis_ready` says so.
        if let Ok(lag) = self.engine.due_lag().await {
            standing.due_lag(lag.as_seconds_f64());
        }
        if let Ok((waiting, dead)) = self.engine.notices_undelivered().await {
            self.metrics.notices().undelivered(waiting, dead);
        }
    }
}
