//! Puts the parts of a service together, bottom up. What is not as it must be refuses the start.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::gauges::{tell_certificates, tell_keys};
use super::identities::{clients, issuers, tls};
use super::key_sets::KeySets;
use super::refusal::refused;
use super::reload::take_shadow;
use super::tally::Counting;
use crate::cli::failure::Failure;
use crate::cli::policy::policy_of;
use crate::clock::{Clock, SystemClock};
use crate::config::PolicySource as Changer;
use crate::config::{Archive, Config, SignedPermits, StoreDurability};
use crate::crypto::{Keyring, PermitNames, Tokens, install_jwt_provider, permit_key_set, random_bytes};
use crate::grpc::identity::Authenticator;
use crate::grpc::listener::Tls;
use crate::grpc::{Alarm, Edge, Lanes, Services};
use crate::service::{ArchiveSettings, Carrier, Engine, Parts, PolicySource};
use crate::store::Store;
use crate::store::embedded::{Durability, EmbeddedStore, OpenOptions};
use crate::telemetry::Metrics;

/// Tokens that are remembered once verified: as many callers as one engine has.
const REMEMBERED_TOKENS_MAX: usize = 65_536;

const BYTES_PER_MIB: u64 = 1_048_576;

/// A service that is ready to listen.
pub(crate) struct Composed {
    /// All counters.
    pub(crate) metrics: Arc<Metrics>,
    /// Where everything is kept; closed at the end.
    pub(crate) store: Arc<EmbeddedStore>,
    /// The use cases and the gate before them.
    pub(crate) services: Services,
    /// The certificate; none on a loopback address without TLS.
    pub(crate) tls: Option<Arc<Tls>>,
    /// Who is believed to call.
    pub(crate) authenticator: Arc<Authenticator>,
    /// What signed permits are verified with.
    pub(crate) permit_keys: Arc<str>,
}

/// Puts it together. Opening the store blocks, for well under a second.
///
/// `published` holds what was fetched of the issuers' keys. `seen` is given the store and gives what the engine is to see of it: the load generator looks in between.
pub(crate) fn compose(
    config: &Config,
    told: (Arc<Metrics>, &KeySets),
    seen: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store>,
) -> Result<Composed, Failure> {
    compose_by(Arc::new(SystemClock::start()), config, told, seen)
}

/// The same by another clock: scenarios move theirs by hand.
pub(crate) fn compose_by(
    clock: Arc<dyn Clock>,
    config: &Config,
    (metrics, published): (Arc<Metrics>, &KeySets),
    seen: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store>,
) -> Result<Composed, Failure> {
    install_jwt_provider().map_err(|error| refused(&error))?;
    let counting = Arc::new(Counting(Arc::clone(&metrics)));
    metrics.standing().started(clock.now().map_err(|error| refused(&error))?.instant().timestamp());
    metrics.standing().disk_reserve(config.store.disk_reserve_mib.get().saturating_mul(BYTES_PER_MIB));
    let keyring = Arc::new(Keyring::load(&config.keys.keyring_file).map_err(|error| refused(&error))?);
    tell_keys(&metrics, &keyring.list());
    let tokens = Tokens::new(&keyring);
    let identity = tls(&config.transport)?;
    if let Some(identity) = &identity {
        tell_certificates(&metrics, identity);
    }
    let tls = match identity {
        Some(identity) => Some(Arc::new(Tls::new(&identity).map_err(|error| refused(&error).advise("look at `tls`"))?)),
        None => None,
    };
    let (issuers, clients) = (issuers(&config.identity, published)?, clients(&config.identity)?);
    let authenticator = Arc::new(Authenticator::new(issuers, clients, tokens.clone(), REMEMBERED_TOKENS_MAX));
    let store = Arc::new(open(config, &keyring, &counting)?);
    let permit_keys = permit_key_set(&keyring).into();
    let permit_names =
        config.permits.clone().map(|SignedPermits { issuer, audience }| PermitNames { issuer, audience });
    let parts = Parts {
        store: seen(Arc::clone(&store) as Arc<dyn Store>),
        keyring,
        clock: Arc::clone(&clock),
        permit_names,
        policy: policy_of(&config.policy)?,
        policy_source: match config.policy.source {
            Changer::File => PolicySource::File,
            Changer::Service => PolicySource::Service,
        },
        carrier: Carrier { brand: config.carrier.brand.clone(), own_spids: config.carrier.own_spids.clone() },
        pin_threads: config.pin_pool.threads.to_usize(),
        pin_queue: config.pin_pool.queue.to_usize(),
        tally: counting,
        archive: config.archive.as_ref().map(archive),
    };
    let engine = Engine::new(parts).map_err(|error| refused(&error))?;
    take_shadow(config, &engine, &metrics);
    let answer_time_max = config.limits.request_timeout_seconds.seconds();
    let lanes = Lanes::new(&config.limits, Arc::clone(&metrics));
    let alarm = alarm(&engine);
    let edge = Edge::new(Arc::clone(&authenticator), clock, Arc::clone(&metrics), lanes, alarm, answer_time_max);
    Ok(Composed { metrics, store, services: Services { engine, edge }, tls, authenticator, permit_keys })
}

/// Alerts on their way to the ledger at a time. Those of one identity are merged, so that more are of a crowd; the log and
/// the counters have them all.
const ALERTS_IN_FLIGHT_MAX: usize = 64;

/// Writes alerts down, beside the calls that caused them.
fn alarm(engine: &Arc<Engine>) -> Alarm {
    let (engine, places) = (Arc::clone(engine), Arc::new(Semaphore::new(ALERTS_IN_FLIGHT_MAX)));
    Arc::new(move |requester, reason| {
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { return };
        let engine = Arc::clone(&engine);
        tokio::spawn(async move {
            let _place = place;
            if let Err(error) = engine.alert_once(&requester, &reason).await {
                tracing::error!(%error, "an alert was not written down");
            }
        });
    })
}

fn archive(settings: &Archive) -> ArchiveSettings {
    ArchiveSettings {
        folder: settings.folder.clone(),
        keep_in_store_days: settings.keep_in_store_days.to_u32(),
        retention_days: settings.retention_days.to_u32(),
    }
}

fn open(config: &Config, keyring: &Keyring, counting: &Arc<Counting>) -> Result<EmbeddedStore, Failure> {
    let seed = u64::from_be_bytes(random_bytes().map_err(|error| refused(&error))?);
    let mut options = OpenOptions::new(&config.store.path, keyring.marks(), seed);
    options.durability = match config.store.durability {
        StoreDurability::Full => Durability::Full,
        StoreDurability::LosesLastAnswers => Durability::LoseLastCommits(Durability::ACCEPT_LOSS.to_owned()),
    };
    options.disk_reserve_bytes = config.store.disk_reserve_mib.get().saturating_mul(BYTES_PER_MIB);
    options.observer = Arc::clone(counting) as Arc<dyn crate::store::embedded::StoreObserver>;
    EmbeddedStore::open(&options).map_err(|error| {
        refused(&error).advise(format!("look at `store.path`, which is {}", config.store.path.display()))
    })
}
