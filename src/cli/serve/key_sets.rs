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
        let PublishedKeys { url, ca_file, believed_seconds: _ } = &self.published;
        let authority = ca_file.as_deref().map(|file| read("identity.issuers[].jwks_ca_file", file)).transpose();
        let authority_pem = authority.map_err(|failure: Failure| failure.text())?;
        let address = KeySetAddress { url: url.clone(), authority_pem };
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use tokio::sync::{Notify, mpsc, watch};

    use super::{KeySet, KeySets, Known};
    use crate::config::{Bounded, HttpsUrl, PublishedKeys};
    use crate::telemetry::Metrics;

    const ISSUER: &str = "https://login.carrier.example";
    /// Ed25519, of RFC 8037, appendix A.2.
    const KEYS: &str =
        r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
    const BELIEVED: u64 = 600;

    fn ago(seconds: u64) -> Instant {
        Instant::now().checked_sub(Duration::from_secs(seconds)).unwrap()
    }

    /// A set that was fetched so many seconds ago, is fresh for another hour, and is published nowhere.
    fn fetched(seconds: u64) -> Arc<KeySet> {
        let published = PublishedKeys {
            url: HttpsUrl::parse("https://localhost:1/keys").unwrap(),
            ca_file: None,
            believed_seconds: Bounded::of::<BELIEVED>(),
        };
        let next = Instant::now().checked_add(Duration::from_secs(3_600));
        let known = Known { good: Some((KEYS.to_owned(), ago(seconds))), next, tried: Some(ago(seconds)) };
        Arc::new(KeySet { issuer: ISSUER.to_owned(), published, known: known.into(), is_asked: false.into() })
    }

    fn sets(set: &Arc<KeySet>) -> KeySets {
        KeySets { sets: vec![Arc::clone(set)], asked: Arc::new(Notify::new()) }
    }

    #[test]
    fn keys_that_are_too_old_are_nobodys() {
        let young = sets(&fetched(BELIEVED - 5));
        assert!(young.keys_of(ISSUER).names("a"));
        assert_eq!(young.health(), Ok(()));
        let old = sets(&fetched(BELIEVED));
        assert!(!old.keys_of(ISSUER).names("a"));
        assert!(old.health().unwrap_err().contains(ISSUER));
        assert!(!young.keys_of("https://other.example").names("a"), "another issuer's");
    }

    #[test]
    fn an_unknown_key_has_its_issuer_asked_but_not_too_often() {
        let set = fetched(3_000);
        assert!(!set.is_due(), "it is fresh");
        sets(&set).unknown_key(ISSUER).unwrap()();
        assert!(set.is_due());
        set.known().tried = Some(ago(9));
        assert!(!set.is_due(), "within ten seconds of the last fetch");
        set.known().tried = Some(ago(10));
        assert!(set.is_due());
        // What is due by itself keeps the distance as well.
        let set = fetched(3_000);
        set.known().next = Some(ago(1));
        assert!(set.is_due());
        set.known().tried = Some(ago(9));
        assert!(!set.is_due());
    }

    #[tokio::test]
    async fn a_fetch_that_fails_keeps_the_last_good_set_and_comes_again_soon() {
        let set = fetched(60);
        set.is_asked.store(true, std::sync::atomic::Ordering::Relaxed);
        // Nobody answers at port 1.
        let (set, told) = set.fetch().await;
        told.unwrap_err();
        assert_eq!(set.believed().as_deref(), Some(KEYS));
        let known = set.known();
        assert!(known.tried.unwrap().elapsed() < Duration::from_secs(50), "it was tried now");
        assert!(known.next.unwrap() <= Instant::now() + Duration::from_secs(30));
        drop(known);
        assert!(!set.is_due() && !set.is_asked.load(std::sync::atomic::Ordering::Relaxed));
    }

    /// Tokens that were verified under keys that nobody believes any more must be forgotten then.
    #[tokio::test]
    async fn keys_that_grow_too_old_are_news() {
        let set = fetched(60);
        let sets = Arc::new(sets(&set));
        let ((tell, mut told), (_stop, stopped)) = (mpsc::channel(1), watch::channel(false));
        let followed = Arc::clone(&sets);
        let following = tokio::spawn(async move {
            followed
                .follow(&Metrics::new(), stopped, || {
                    let _ = tell.try_send(());
                })
                .await;
        });
        // It looks once, and waits.
        sets.asked.notify_one();
        tokio::task::yield_now().await;
        set.known().good = Some((KEYS.to_owned(), ago(BELIEVED)));
        sets.asked.notify_one();
        tokio::time::timeout(Duration::from_secs(20), told.recv()).await.expect("it is told").unwrap();
        following.abort();
    }
}
