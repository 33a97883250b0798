//! Puts the parts of a service together, bottom up. What is not as it must be refuses the start.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::refusal::refused;
use super::tally::Counting;
use crate::cli::failure::{Exit, Failure};
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, StoreDurability, Transport};
use crate::crypto::{Keyring, Tokens, install_jwt_provider, random_bytes, read_secret_file};
use crate::grpc::identity::{Authenticator, TokenRules};
use crate::grpc::transport::TlsIdentity;
use crate::grpc::{Edge, Services};
use crate::policy::Policy;
use crate::service::{Carrier, Engine, Parts};
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
    pub(crate) tls: Option<TlsIdentity>,
}

/// Puts it together. Opening the store blocks, for well under a second.
///
/// `seen` is given the store and gives what the engine is to see of it: the load generator looks in between.
pub(crate) fn compose(
    config: &Config,
    seen: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store>,
) -> Result<Composed, Failure> {
    install_jwt_provider().map_err(|error| refused(&error))?;
    let metrics = Arc::new(Metrics::new());
    let counting = Arc::new(Counting(Arc::clone(&metrics)));
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let keyring = Arc::new(Keyring::load(&config.keys.keyring_file).map_err(|error| refused(&error))?);
    let tokens = Tokens::new(&keyring);
    let tls = tls(&config.transport)?;
    let authenticator = authenticator(config, tokens.clone())?;
    let store = Arc::new(open(config, &tokens, &counting)?);
    let parts = Parts {
        store: seen(Arc::clone(&store) as Arc<dyn Store>),
        keyring,
        clock: Arc::clone(&clock),
        policy: Policy::us_default(),
        carrier: Carrier { brand: config.carrier.brand.clone(), own_spids: config.carrier.own_spids.clone() },
        pin_threads: config.pin_pool.threads.to_usize(),
        pin_queue: config.pin_pool.queue.to_usize(),
        tally: counting,
    };
    let engine = Engine::new(parts).map_err(|error| refused(&error))?;
    let answer_time_max = config.limits.request_timeout_seconds.seconds();
    let edge = Edge::new(Arc::new(authenticator), clock, Arc::clone(&metrics), answer_time_max);
    Ok(Composed { metrics, store, services: Services { engine, edge }, tls })
}

fn open(config: &Config, tokens: &Tokens, counting: &Arc<Counting>) -> Result<EmbeddedStore, Failure> {
    let seed = u64::from_be_bytes(random_bytes().map_err(|error| refused(&error))?);
    let mut options = OpenOptions::new(&config.store.path, tokens.keyring_check(), seed);
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

fn authenticator(config: &Config, digests: Tokens) -> Result<Authenticator, Failure> {
    let identity = &config.identity;
    let keys = read("identity.public_key_file", &identity.public_key_file)?;
    let rules = TokenRules {
        issuer: identity.issuer.clone(),
        audience: identity.audience.clone(),
        leeway_seconds: u16::try_from(identity.leeway_seconds.get()).unwrap_or(u16::MAX),
        remembered_tokens_max: REMEMBERED_TOKENS_MAX,
    };
    let path = identity.public_key_file.display();
    Authenticator::new(rules, &keys, digests)
        .map_err(|error| refused(&error).advise(format!("look at `identity.public_key_file`, which is {path}")))
}

fn tls(transport: &Transport) -> Result<Option<TlsIdentity>, Failure> {
    let Transport::Tls { cert_file, key_file } = transport else { return Ok(None) };
    let private_key_pem = read_secret_file(key_file)
        .map_err(|error| Failure::caused(Exit::Failed, &error).advise("look at `tls.key_file`"))?;
    Ok(Some(TlsIdentity {
        certificate_chain_pem: read("tls.cert_file", cert_file)?,
        private_key_pem: String::clone(&private_key_pem),
        client_roots_pem: None,
    }))
}

fn read(setting: &str, path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path)
        .map_err(|error| Failure::failed(format!("cannot read `{setting}`, which is {}: {error}", path.display())))
}
