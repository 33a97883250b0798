//! Takes certificates and keys that changed, without a restart.

use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use super::gauges::tell_certificates;
use super::identities::{files, issuers, tls};
use super::key_sets::KeySets;
use crate::cli::failure::Failure;
use crate::config::Config;
use crate::crypto::sha256_plain;
use crate::grpc::identity::Authenticator;
use crate::grpc::listener::Tls;
use crate::telemetry::Metrics;

/// How often the files are looked at, in seconds. SIGHUP looks at once.
const LOOK_EVERY_SECONDS: u64 = 5;

/// What is replaced when files change.
pub(super) struct Reloaded {
    pub(super) config: Config,
    pub(super) tls: Option<Arc<Tls>>,
    pub(super) authenticator: Arc<Authenticator>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) published: Arc<KeySets>,
}

/// Follows files that change, and whoever asks for a look.
pub(super) struct Reloads {
    parts: Arc<Reloaded>,
    asked: Signal,
}

impl Reloads {
    /// Listens from here on: before it is told that the service is there, since a SIGHUP that nobody listens to ends it.
    pub(super) fn listen(parts: Arc<Reloaded>) -> Result<Self, Failure> {
        let asked = signal(SignalKind::hangup());
        let asked = asked.map_err(|error| Failure::failed(format!("cannot listen for signals: {error}")))?;
        Ok(Self { parts, asked })
    }

    /// Follows the files until `stop` says so. Files that cannot be used change nothing: what was good stays.
    pub(super) async fn follow(self, mut stop: watch::Receiver<bool>) {
        let Self { parts, mut asked } = self;
        let this = parts;
        let mut looks = tokio::time::interval(Duration::from_secs(LOOK_EVERY_SECONDS));
        let mut seen = this.contents();
        loop {
            let is_asked = tokio::select! {
                _ = looks.tick() => false,
                _ = asked.recv() => true,
                _ = stop.wait_for(|stop| *stop) => return,
            };
            let look = Arc::clone(&this);
            let looked = tokio::task::spawn_blocking(move || {
                let found = look.contents();
                let changed = is_asked || found != seen;
                (found, changed.then(|| look.reload()))
            });
            let Ok((found, reloaded)) = looked.await else { return };
            seen = found;
            match reloaded {
                None => {}
                Some(Ok(())) => {
                    this.metrics.reloaded(true);
                    tracing::info!("certificates and keys were read again");
                }
                Some(Err(failure)) => {
                    this.metrics.reloaded(false);
                    tracing::error!(failure = failure.text(), "changed certificates and keys are not used");
                }
            }
        }
    }
}

impl Reloaded {
    /// Follows the key sets that issuers publish until `stop` says so.
    pub(super) async fn follow_published(&self, stop: watch::Receiver<bool>) {
        let changed = || match issuers(&self.config.identity, &self.published) {
            Ok(issuers) => {
                self.authenticator.replace(issuers);
                tracing::info!("the keys of an issuer changed");
            }
            // A file that cannot be used now: what was good stays, and `follow` tells of it.
            Err(failure) => tracing::error!(failure = failure.text(), "changed keys of an issuer are not used"),
        };
        self.published.follow(&self.metrics, stop, changed).await;
    }

    /// A digest of all files; one that cannot be read counts as empty.
    fn contents(&self) -> [u8; 32] {
        let each = files(&self.config).into_iter().map(|path| sha256_plain(&std::fs::read(path).unwrap_or_default()));
        sha256_plain(&each.collect::<Vec<_>>().concat())
    }

    fn reload(&self) -> Result<(), Failure> {
        // Both are read before either is replaced: half of a change is none.
        let (identity, issuers) = (tls(&self.config.transport)?, issuers(&self.config.identity, &self.published)?);
        if let (Some(tls), Some(identity)) = (&self.tls, &identity) {
            tls.replace(identity).map_err(|error| super::refusal::refused(&error))?;
            tell_certificates(&self.metrics, identity);
        }
        self.authenticator.replace(issuers);
        Ok(())
    }
}
