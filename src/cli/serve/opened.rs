//! The store that the settings name, opened: the one place that knows which stores there are.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use super::refusal::refused;
use super::tally::Counting;
use crate::cli::failure::Failure;
use crate::config::{self, RedisWay, StoreDurability, StoreFolder, StoreRedis};
use crate::crypto::{Ids, Keyring, random_bytes, read_secret_file};
use crate::store::embedded::look::Folder;
use crate::store::embedded::{Durability, EmbeddedStore, OpenOptions, StoreObserver};
use crate::store::redis::{
    Address, RedisDurability, RedisLogin, RedisObserver, RedisOpenError, RedisOptions, RedisPlace, RedisStore, RedisTls,
};
use crate::store::{Movable, Store, StoreError};
use crate::telemetry::Metrics;

const BYTES_PER_MIB: u64 = 1_048_576;

/// How long one call of a copy may take.
const COPYING_CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// Whether somebody's hand is on the clock: no server's clock is held against it then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hand {
    /// The clock goes by itself.
    Off,
    /// The clock is moved.
    On,
}

/// An open store.
#[derive(Clone)]
pub(crate) enum Opened {
    /// In a folder of this process.
    Embedded(Arc<EmbeddedStore>),
    /// On Redis.
    Redis(Arc<RedisStore>),
}

impl Opened {
    /// Opens it. The embedded one blocks, for well under a second.
    pub(crate) async fn open(
        store: &config::Store,
        keyring: &Keyring,
        metrics: &Arc<Metrics>,
        hand: Hand,
    ) -> Result<Self, Failure> {
        let counting = &Arc::new(Counting(Arc::clone(metrics)));
        match store {
            config::Store::Folder(folder) => embedded(folder, keyring, counting).map(Self::Embedded),
            config::Store::Redis(redis) => on_redis(redis, keyring, counting, hand).await.map(Self::Redis),
        }
    }

    /// By its contract.
    pub(crate) fn contract(&self) -> Arc<dyn Store> {
        match self {
            Self::Embedded(store) => Arc::clone(store) as Arc<dyn Store>,
            Self::Redis(store) => Arc::clone(store) as Arc<dyn Store>,
        }
    }

    /// Waits for servers that began while nobody waited; none where there is no server.
    pub(crate) fn waits(&self) -> Option<u64> {
        match self {
            Self::Embedded(_) => None,
            Self::Redis(store) => Some(store.waits()),
        }
    }

    /// Finishes its own work. Whatever is asked afterwards is refused, or asked of a store that others go on with.
    pub(crate) async fn close(&self) -> Result<(), StoreError> {
        match self {
            Self::Embedded(store) => store.close().await,
            Self::Redis(_) => Ok(()),
        }
    }
}

/// Free bytes below which only protection is turned up.
pub(super) fn disk_reserve_bytes(folder: &StoreFolder) -> u64 {
    folder.disk_reserve_mib.get().saturating_mul(BYTES_PER_MIB)
}

fn seed() -> Result<u64, Failure> {
    random_bytes().map(u64::from_be_bytes).map_err(|error| refused(&error))
}

/// A store opened to copy it into another one; nobody else uses it meanwhile.
pub(crate) async fn open_to_carry(store: &config::Store, keyring: &Keyring) -> Result<Arc<dyn Movable>, Failure> {
    match store {
        config::Store::Folder(folder) => {
            let path = folder.path.display();
            if !Folder::find(&folder.path).is_ok_and(|found| found.has_store()) {
                return Err(Failure::invalid(format!("there is no store in `{path}`")).advise("look at `store.path`"));
            }
            let options = OpenOptions { carries: true, ..embedded_options(folder, keyring)? };
            Ok(in_folder(folder, options)?)
        }
        config::Store::Redis(redis) => {
            let opened = RedisStore::open_to_carry(patient(redis_options(redis, keyring)?)).await;
            Ok(Arc::new(opened.map_err(|error| not_opened(redis, &error))?))
        }
    }
}

/// A store opened to fill it from the one that stands so.
pub(crate) async fn open_to_fill(
    store: &config::Store,
    keyring: &Keyring,
    source: [u8; 32],
) -> Result<Arc<dyn Movable>, Failure> {
    match store {
        config::Store::Folder(folder) => {
            let options = OpenOptions { filled_from: Some(source), ..embedded_options(folder, keyring)? };
            Ok(in_folder(folder, options)?)
        }
        config::Store::Redis(redis) => {
            let opened = RedisStore::open_to_fill(patient(redis_options(redis, keyring)?), source).await;
            Ok(Arc::new(opened.map_err(|error| not_opened(redis, &error))?))
        }
    }
}

/// Who copies asks for more at a time than a decision does, and nobody waits for one call of it.
fn patient(options: RedisOptions) -> RedisOptions {
    RedisOptions { call_timeout: options.call_timeout.max(COPYING_CALL_TIMEOUT), ..options }
}

fn embedded_options(folder: &StoreFolder, keyring: &Keyring) -> Result<OpenOptions, Failure> {
    let mut options = OpenOptions::new(&folder.path, keyring.marks(), seed()?);
    options.durability = match folder.durability {
        StoreDurability::Full => Durability::Full,
        StoreDurability::LosesLastAnswers => Durability::LoseLastCommits(Durability::ACCEPT_LOSS.to_owned()),
    };
    options.disk_reserve_bytes = disk_reserve_bytes(folder);
    Ok(options)
}

fn in_folder(folder: &StoreFolder, options: OpenOptions) -> Result<Arc<EmbeddedStore>, Failure> {
    let opened = EmbeddedStore::open(&options);
    opened
        .map(Arc::new)
        .map_err(|error| refused(&error).advise(format!("look at `store.path`, which is {}", folder.path.display())))
}

fn embedded(folder: &StoreFolder, keyring: &Keyring, counting: &Arc<Counting>) -> Result<Arc<EmbeddedStore>, Failure> {
    let mut options = embedded_options(folder, keyring)?;
    options.observer = Arc::clone(counting) as Arc<dyn StoreObserver>;
    in_folder(folder, options)
}

fn not_opened(redis: &StoreRedis, error: &RedisOpenError) -> Failure {
    refused(error).advise(format!("look at `redis.url`, which is {}", redis.url))
}

async fn on_redis(
    redis: &StoreRedis,
    keyring: &Keyring,
    counting: &Arc<Counting>,
    hand: Hand,
) -> Result<Arc<RedisStore>, Failure> {
    let mut options = redis_options(redis, keyring)?;
    options.observer = Arc::clone(counting) as Arc<dyn RedisObserver>;
    if hand == Hand::On {
        options.clock_ahead_max = None;
    }
    let opened = RedisStore::open(options).await;
    opened.map(Arc::new).map_err(|error| not_opened(redis, &error))
}

/// Begins a store on Redis where there is none. Its epoch.
pub(crate) async fn begin_on_redis(redis: &StoreRedis, keyring: &Keyring) -> Result<u64, Failure> {
    RedisStore::begin(redis_options(redis, keyring)?).await.map_err(|error| not_opened(redis, &error))
}

/// A store on Redis as the settings say it.
pub(crate) fn redis_options(redis: &StoreRedis, keyring: &Keyring) -> Result<RedisOptions, Failure> {
    let address = |(host, port): &(String, u16)| Address { host: host.clone(), port: *port };
    let mut servers: Vec<Address> = redis.url.servers.iter().map(address).collect();
    let place = match &redis.url.way {
        RedisWay::Cluster => RedisPlace::Cluster { seeds: servers },
        RedisWay::Sentinel(name) => RedisPlace::Sentinel { sentinels: servers, name: name.clone() },
        RedisWay::Server => match servers.pop() {
            Some(server) => RedisPlace::Single(server),
            None => return Err(Failure::invalid("`redis.url` names no server")),
        },
    };
    let durability = match (redis.durability, u32::try_from(redis.replicas.get()).unwrap_or(u32::MAX)) {
        (StoreDurability::LosesLastAnswers, _) => {
            RedisDurability::LoseAcknowledged(RedisDurability::ACCEPT_LOSS.to_owned())
        }
        (StoreDurability::Full, 0) => RedisDurability::Fsync,
        (StoreDurability::Full, replicas) => RedisDurability::Replicated(replicas),
    };
    let mut options = RedisOptions::new(place, durability, Ids::new(keyring), seed()?);
    options.login = login(redis)?;
    options.prefix.clone_from(&redis.prefix);
    options.begins = redis.begins;
    options.key_marks = keyring.marks();
    options.call_timeout = Duration::from_millis(redis.call_timeout_ms.get());
    options.engines_end = RedisOptions::engines_end(options.call_timeout);
    Ok(options)
}

fn login(redis: &StoreRedis) -> Result<RedisLogin, Failure> {
    let read = |file: &Path| {
        fs::read(file).map_err(|error| Failure::invalid(format!("cannot read `{}`: {error}", file.display())))
    };
    let secret = |file: &Path| read_secret_file(file).map_err(|error| refused(&error));
    let password = redis.password_file.as_deref().map(secret).transpose()?;
    let password = password.map(|password| Zeroizing::new(password.trim_end_matches(['\n', '\r']).to_owned()));
    let tls = redis.url.tls.then(|| -> Result<RedisTls, Failure> {
        let identity = redis.identity.as_ref().map(|(certificate, key)| -> Result<_, Failure> {
            Ok((read(certificate)?, Zeroizing::new(secret(key)?.as_bytes().to_vec())))
        });
        Ok(RedisTls { roots: redis.ca_file.as_deref().map(read).transpose()?, identity: identity.transpose()? })
    });
    Ok(RedisLogin { user: redis.url.user.clone(), password, tls: tls.transpose()? })
}
