//! Puts the parts of a service together, bottom up. What is not as it must be refuses the start.

use std::sync::Arc;

use chrono::TimeDelta;
use tokio::sync::Semaphore;

use super::codes::Codes;
use super::gauges::{tell_certificates, tell_keys};
use super::identities::{clients, issuers, stores, tls};
use super::key_sets::KeySets;
use super::notices::ByCourier;
use super::opened::{Hand, Opened, disk_reserve_bytes};
use super::refusal::refused;
use super::reload::take_shadow;
use super::tally::Counting;
use crate::cli::failure::Failure;
use crate::cli::policy::policy_of;
use crate::clock::{Clock, SystemClock};
use crate::config::PolicySource as Changer;
use crate::config::{Archive, Config, Separations, SignedPermits};
use crate::crypto::{Keyring, PermitNames, Tokens, install_jwt_provider, permit_key_set};
use crate::grpc::identity::Authenticator;
use crate::grpc::listener::Tls;
use crate::grpc::{Alarm, Edge, Lanes, Services};
use crate::outbound::Courier;
use crate::service::{ArchiveSettings, Carrier, Engine, Parts, PolicySource, SeparationSettings};
use crate::store::Store;
use crate::telemetry::Metrics;

/// Tokens that are remembered once verified: as many callers as one engine has.
const REMEMBERED_TOKENS_MAX: usize = 65_536;

/// A service that is ready to listen.
pub(crate) struct Composed {
    /// All counters.
    pub(crate) metrics: Arc<Metrics>,
    /// Where everything is kept; closed at the end.
    pub(crate) store: Opened,
    /// The use cases and the gate before them.
    pub(crate) services: Services,
    /// The certificate; none on a loopback address without TLS.
    pub(crate) tls: Option<Arc<Tls>>,
    /// Who is believed to call.
    pub(crate) authenticator: Arc<Authenticator>,
    /// What signed permits are verified with.
    pub(crate) permit_keys: Arc<str>,
}

/// Puts it together. Opening the embedded store blocks, for well under a second.
///
/// `published` holds what was fetched of the issuers' keys. `seen` is given the store and gives what the engine is to see of it: the load generator looks in between.
pub(crate) async fn compose(
    config: &Config,
    told: (Arc<Metrics>, &KeySets),
    seen: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store>,
) -> Result<Composed, Failure> {
    compose_by((Arc::new(SystemClock::start()), Hand::Off), config, told, seen).await
}

/// The same by another clock: scenarios move theirs by hand.
pub(crate) async fn compose_by(
    (clock, hand): (Arc<dyn Clock>, Hand),
    config: &Config,
    (metrics, published): (Arc<Metrics>, &KeySets),
    seen: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store>,
) -> Result<Composed, Failure> {
    install_jwt_provider().map_err(|error| refused(&error))?;
    let counting = Arc::new(Counting(Arc::clone(&metrics)));
    metrics.standing().started(clock.now().map_err(|error| refused(&error))?.instant().timestamp());
    metrics.standing().disk_reserve(config.store.folder().map_or(0, disk_reserve_bytes));
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
    let store = Opened::open(&config.store, &keyring, &metrics, hand).await?;
    let permit_keys = permit_key_set(&keyring).into();
    let permit_names =
        config.permits.clone().map(|SignedPermits { issuer, audience }| PermitNames { issuer, audience });
    let parts = Parts {
        store: seen(store.contract()),
        keyring,
        clock: Arc::clone(&clock),
        permit_names,
        policy: policy_of(&config.policy)?,
        policy_source: match config.policy.source {
            Changer::File => PolicySource::File,
            Changer::Service => PolicySource::Service,
        },
        carrier: Carrier { brand: config.carrier.brand.clone(), own_spids: config.carrier.own_spids.clone() },
        stores: stores(config)?,
        pin_threads: config.pin_pool.threads.to_usize(),
        pin_queue: config.pin_pool.queue.to_usize(),
        tally: counting,
        archive: config.archive.as_ref().map(archive),
    };
    let engine = Engine::new(parts).map_err(|error| refused(&error))?;
    take_shadow(config, &engine, &metrics);
    if let Some(messages) = &config.messages {
        let courier = Courier::open(messages).map_err(|error| refused(&error))?;
        let source = format!("/portcullis/{}", config.carrier.brand.as_str());
        engine.send_notices_by(Arc::new(ByCourier::new(courier.clone(), source.clone())));
        engine.send_codes_by(Arc::new(Codes::by(courier, Arc::clone(&clock), source)));
    }
    engine.separate_lines_by(separations(&config.separations));
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

fn separations(settings: &Separations) -> SeparationSettings {
    SeparationSettings {
        people: settings.people.iter().cloned().collect(),
        life: TimeDelta::days(i64::from(settings.days.to_u32())),
    }
}

fn archive(settings: &Archive) -> ArchiveSettings {
    ArchiveSettings {
        folder: settings.folder.clone(),
        keep_in_store_days: settings.keep_in_store_days.to_u32(),
        retention_days: settings.retention_days.to_u32(),
    }
}
