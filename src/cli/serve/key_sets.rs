//! Key sets that issuers publish: fetched at the start and again and again, and the last good ones kept.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use super::identities::read;
use crate::cli::failure::Failure;
use crate::config::{Identity, IssuerKeys, PublishedKeys};
use crate::grpc::identity::{KeySetAddress, TrustedKeys, UnknownKey, fetch_key_set};
use crate::telemetry::Metrics;

/// How often it is looked whether a set is due, in seconds.
const LOOK_EVERY_SECONDS: u64 = 5;

/// The least time between two fetches of one set, in seconds, whoever asks for it: a token that names a key nobody knows
/// costs its issuer no more than this.
const GAP_SECONDS_MIN: u64 = 10;

/// How long after a fetch that failed the next one waits, in seconds.
const AGAIN_SECONDS: u64 = 30;

/// The setting, as people know it.
const SETTING: &str = "identity.issuers[].jwks_url";

/// All sets that are fetched.
pub(in crate::cli) struct KeySets {
    sets: Vec<Arc<KeySet>>,
    asked: Arc<Notify>,
}

/// One issuer's.
struct KeySet {
    issuer: String,
    published: PublishedKeys,
    known: Mutex<Known>,
    /// A token named a key that is not in it.
    is_asked: AtomicBool,
}

#[derive(Default)]
struct Known {
    /// The last good set, and since when.
    good: Option<(String, Instant)>,
    /// When the next fetch is due; at once at first.
    next: Option<Instant>,
    tried: Option<Instant>,
}

impl KeySets {
    /// Those of the settings; none is fetched yet.
    pub(in crate::cli) fn new(identity: &Identity) -> Arc<Self> {
        let sets = identity.issuers.iter().filter_map(|issuer| match &issuer.keys {
            IssuerKeys::JwksUrl(published) => Some(Arc::new(KeySet {
                issuer: issuer.issuer.clone(),
                published: published.clone(),
                known: Mutex::default(),
                is_asked: AtomicBool::new(false),
            })),
            IssuerKeys::PublicKeyFile(_) | IssuerKeys::JwksFile(_) => None,
        });
        Arc::new(Self { sets: sets.collect(), asked: Arc::default() })
    }

    /// The keys that an issuer is believed by now. None while it has never answered, or not for too long.
    pub(super) fn keys_of(&self, issuer: &str) -> TrustedKeys {
        let set = self.sets.iter().find(|set| set.issuer == issuer);
        let text = set.and_then(|set| set.believed());
        // It was looked at when it came.
        text.and_then(|text| TrustedKeys::from_jwks(&text).ok()).unwrap_or_else(TrustedKeys::none)
    }

    /// Whom to tell of a key of an issuer that nobody knows.
    pub(super) fn unknown_key(&self, issuer: &str) -> Option<UnknownKey> {
        let set = Arc::clone(self.sets.iter().find(|set| set.issuer == issuer)?);
        let asked = Arc::clone(&self.asked);
        Some(Arc::new(move || {
            set.is_asked.store(true, Ordering::Relaxed);
            asked.notify_one();
        }))
    }

    /// Whether every issuer's keys are believed, and if not, whose are not.
    pub(in crate::cli) fn health(&self) -> Result<(), String> {
        match self.sets.iter().find(|set| set.believed().is_none()) {
            None => Ok(()),
            Some(set) => Err(format!("the keys of the issuer {} are too old, or were never fetched", set.issuer)),
        }
    }

    /// Fetches what is due, all at a time. Whether what is believed has changed.
    pub(in crate::cli) async fn fetch_due(&self, metrics: &Metrics) -> bool {
        let mut fetching = JoinSet::new();
        for set in self.sets.iter().filter(|set| set.is_due()) {
            fetching.spawn(Arc::clone(set).fetch());
        }
        let mut changed = false;
        while let Some(fetched) = fetching.join_next().await {
            let Ok((set, fetched)) = fetched else { continue };
            metrics.key_set_fetched(fetched.is_ok());
            match fetched {
                Ok(is_new) => changed |= is_new,
                Err(cause) => tracing::error!(issuer = set.issuer, cause, "an issuer's keys were not fetched"),
            }
        }
        metrics.key_set_age(self.sets.iter().filter_map(|set| set.age()).max().unwrap_or_default());
        changed
    }

    /// Fetches again and again until `stop` says so; `changed` hears when something else is believed than before.
    pub(super) async fn follow(&self, metrics: &Metrics, mut stop: watch::Receiver<bool>, changed: impl Fn()) {
        if self.sets.is_empty() {
            return;
        }
        let mut looks = tokio::time::interval(Duration::from_secs(LOOK_EVERY_SECONDS));
        let mut was: HashMap<String, bool> = HashMap::new();
        loop {
            tokio::select! {
                _ = looks.tick() => {}
                () = self.asked.notified() => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
            let is_new = self.fetch_due(metrics).await;
            let now = self.sets.iter().map(|set| (set.issuer.clone(), set.believed().is_some())).collect();
            // Keys that grew too old are news as well.
            if is_new || (!was.is_empty() && was != now) {
                changed();
            }
            was = now;
        }
    }
}

impl KeySet {
    fn known(&self) -> MutexGuard<'_, Known> {
        // A poisoned lock holds what is whole: nothing between its changes can panic.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn age(&self) -> Option<Duration> {
        self.known().good.as_ref().map(|(_, since)| since.elapsed())
    }

    /// The last good set, unless it is too old.
    fn believed(&self) -> Option<String> {
        let known = self.known();
        let (text, since) = known.good.as_ref()?;
        (since.elapsed() < self.published.believed_seconds.seconds()).then(|| text.clone())
    }

    fn is_due(&self) -> bool {
        let known = self.known();
        let rested = known.tried.is_none_or(|tried| tried.elapsed() >= Duration::from_secs(GAP_SECONDS_MIN));
        let is_due = known.next.is_none_or(|next| next <= Instant::now());
        rested && (is_due || self.is_asked.load(Ordering::Relaxed))
    }

    /// Fetches it. Whether it is another than before.
    async fn fetch(self: Arc<Self>) -> (Arc<Self>, Result<bool, String>) {
        self.is_asked.store(false, Ordering::Relaxed);
        self.known().tried = Some(Instant::now());
        let fetched = self.fetched().await;
        let mut known = self.known();
        let after = fetched.as_ref().map_or(Duration::from_secs(AGAIN_SECONDS), |(_, fresh_for)| *fresh_for);
        known.next = Instant::now().checked_add(after);
        let told = fetched.map(|(text, _)| {
            let is_new = known.good.as_ref().is_none_or(|(before, _)| *before != text);
            known.good = Some((text, Instant::now()));
            is_new
        });
        drop(known);
        (self, told)
    }

    async fn fetched(&self) -> Result<(String, Duration), String> {
        let PublishedKeys { host, port, path, ca_file, believed_seconds: _ } = &self.published;
        let authority = ca_file.as_deref().map(|file| read("identity.issuers[].jwks_ca_file", file)).transpose();
        let authority_pem = authority.map_err(|failure: Failure| failure.text())?;
        let address = KeySetAddress { host: host.clone(), port: *port, path: path.clone(), authority_pem };
        let fetched = fetch_key_set(&address).await.map_err(|error| caused(&error))?;
        TrustedKeys::from_jwks(&fetched.text).map_err(|error| format!("look at `{SETTING}`: {error}"))?;
        Ok((fetched.text, fetched.fresh_for))
    }
}

/// An error with what caused it.
fn caused(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
