//! Takes certificates, keys, policies and registers of stores that changed, without a restart.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use super::gauges::tell_certificates;
use super::identities::{files, issuers, stores, tls};
use super::key_sets::KeySets;
use super::refusal::refused;
use crate::cli::failure::Failure;
use crate::cli::output::hex;
use crate::cli::policy::{policy_of, shadow_of};
use crate::config::{Config, PolicySource};
use crate::crypto::sha256_plain;
use crate::domain::PolicyRevision;
use crate::grpc::identity::Authenticator;
use crate::grpc::listener::Tls;
use crate::policy::Policy;
use crate::service::Engine;
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
    pub(super) engine: Arc<Engine>,
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
                if is_asked || found.identity != seen.identity {
                    look.tell(look.reload_identity());
                }
                if is_asked || found.shadow != seen.shadow {
                    take_shadow(&look.config, &look.engine, &look.metrics);
                }
                if is_asked || found.stores != seen.stores {
                    look.take_stores();
                }
                let policy = (is_asked || found.policy != seen.policy).then(|| look.read_policy()).flatten();
                (found, policy)
            });
            let Ok((found, policy)) = looked.await else { return };
            if let Some(policy) = policy {
                this.tell_policy(this.take_policy(policy).await);
            }
            seen = found;
        }
    }
}

/// Digests of what is followed; a file that cannot be read counts as empty.
#[derive(PartialEq, Eq)]
struct Contents {
    identity: [u8; 32],
    policy: [u8; 32],
    shadow: [u8; 32],
    stores: [u8; 32],
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

    fn contents(&self) -> Contents {
        let digest = |path: &PathBuf| sha256_plain(&std::fs::read(path).unwrap_or_default());
        let identity: Vec<_> = files(&self.config).iter().map(digest).collect();
        let Config { policy, stores, .. } = &self.config;
        let [policy, shadow, stores] =
            [&policy.file, &policy.shadow_file, &stores.file].map(|file| file.as_ref().map_or([0; 32], digest));
        Contents { identity: sha256_plain(&identity.concat()), policy, shadow, stores }
    }

    fn reload_identity(&self) -> Result<(), Failure> {
        // Both are read before either is replaced: half of a change is none.
        let (identity, issuers) = (tls(&self.config.transport)?, issuers(&self.config.identity, &self.published)?);
        if let (Some(tls), Some(identity)) = (&self.tls, &identity) {
            tls.replace(identity).map_err(|error| refused(&error))?;
            tell_certificates(&self.metrics, identity);
        }
        self.authenticator.replace(issuers);
        Ok(())
    }

    fn tell(&self, reloaded: Result<(), Failure>) {
        self.metrics.reloaded(reloaded.is_ok());
        match reloaded {
            Ok(()) => tracing::info!("certificates and keys were read again"),
            Err(failure) => tracing::error!(failure = failure.text(), "changed certificates and keys are not used"),
        }
    }

    /// Takes the register of stores; where none is named there is nothing to take.
    fn take_stores(&self) {
        if self.config.stores.file.is_none() {
            return;
        }
        let read = stores(&self.config);
        self.metrics.store_register_reloaded(read.is_ok());
        match read {
            Ok(register) => {
                tracing::info!(stores = register.count(), "the register of stores was read again");
                self.engine.replace_stores(register);
            }
            Err(failure) => {
                tracing::error!(
                    failure = failure.text(),
                    "the changed register of stores is not used: the one before stays"
                );
            }
        }
    }

    /// Reads the policy's file; where none is named, or two people change the policy, there is nothing to read.
    fn read_policy(&self) -> Option<Result<Policy, Failure>> {
        let settings = &self.config.policy;
        let is_followed = settings.file.is_some() && settings.source == PolicySource::File;
        is_followed.then(|| policy_of(settings))
    }

    async fn take_policy(&self, read: Result<Policy, Failure>) -> Result<PolicyRevision, Failure> {
        let taken = self.engine.take_policy(read?, self.config.policy.may_go_back).await;
        taken.map_err(|error| refused(&error))
    }

    fn tell_policy(&self, reloaded: Result<PolicyRevision, Failure>) {
        match reloaded {
            Ok(revision) => {
                self.metrics.policy_reloaded(true);
                tracing::info!(revision = hex(&revision.0), "the policy was read again");
            }
            Err(failure) => {
                self.metrics.policy_reloaded(false);
                tracing::error!(failure = failure.text(), "the changed policy is not used: the one before decides on");
            }
        }
    }
}

/// Takes the shadow policy's file, and tells what came of it; where none is named there is nothing to take.
///
/// INVARIANT (shadow-answers-nothing): a file that is refused leaves what was asked before, and never stands in the way of a
/// start: the service decides as it would without.
pub(super) fn take_shadow(config: &Config, engine: &Engine, metrics: &Metrics) {
    let Some(read) = shadow_of(&config.policy) else { return };
    let taken = read.and_then(|policy| engine.replace_shadow(policy).map_err(|error| refused(&error)));
    metrics.shadow_reloaded(taken.is_ok());
    match taken {
        Ok(revision) => tracing::info!(revision = hex(&revision.0), "a shadow policy is asked beside the policy"),
        Err(failure) => {
            tracing::error!(failure = failure.text(), "the shadow policy is not used: what was asked before stays");
        }
    }
}
