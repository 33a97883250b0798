//! How the store is opened, and why it may refuse.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use zeroize::Zeroizing;

use super::keeper::NOTICED_WITHIN;
use crate::crypto::{Ids, Token};

/// How the store is opened.
#[derive(Clone)]
pub struct RedisOptions {
    /// Where it is.
    pub place: RedisPlace,
    /// How a connection is made.
    pub login: RedisLogin,
    /// What every key begins with: stores that share a Redis have different ones. No braces.
    pub prefix: String,
    /// What an acknowledged commit survives.
    pub durability: RedisDurability,
    /// What tells each key of the keyring from another under its name. The store notes them, and opens only with all that
    /// it has noted.
    pub key_marks: Vec<(String, Token)>,
    /// Tells the partition of a record from its id.
    pub ids: Ids,
    /// The store's epoch, should it have to be begun: another number for every new store.
    pub epoch_seed: u64,
    /// Whether a store is begun where there is none. Otherwise that is refused: a Redis that lost everything looks like one
    /// that never had anything.
    pub begins: bool,
    /// How long a call may take, tries and all. Less than any caller waits.
    pub call_timeout: Duration,
    /// How long after it took its hold a copy waits for engines that it cannot hear.
    pub engines_end: Duration,
    /// How far ahead of the server's clock an instant may be that is committed; `None` where time is moved by hand.
    pub clock_ahead_max: Option<TimeDelta>,
    /// Connections to each primary. A server reads some 16 KiB of each before it writes to its disk and answers; and of
    /// those that prove writes, each has one proof under way at a time.
    pub connections: usize,
    /// Who is told of calls.
    pub observer: Arc<dyn RedisObserver>,
}

impl RedisOptions {
    /// How long a call may take, unless said otherwise.
    pub const CALL_TIMEOUT: Duration = Duration::from_millis(1_500);

    /// How far ahead of the server's clock a commit may be, unless said otherwise: what two machines that keep time differ by.
    pub const CLOCK_AHEAD_MAX: TimeDelta = TimeDelta::seconds(2);

    /// Connections to each primary, unless said otherwise.
    pub const CONNECTIONS: usize = 8;

    /// How long engines whose calls take so long may go on after a copy took its hold.
    pub const fn engines_end(call_timeout: Duration) -> Duration {
        NOTICED_WITHIN.saturating_add(call_timeout)
    }

    /// A store that loses nothing, at that place.
    pub fn new(place: RedisPlace, durability: RedisDurability, ids: Ids, epoch_seed: u64) -> Self {
        Self {
            place,
            login: RedisLogin::default(),
            prefix: "portcullis".to_owned(),
            durability,
            key_marks: Vec::new(),
            ids,
            epoch_seed,
            begins: false,
            call_timeout: Self::CALL_TIMEOUT,
            engines_end: Self::engines_end(Self::CALL_TIMEOUT),
            clock_ahead_max: Some(Self::CLOCK_AHEAD_MAX),
            connections: Self::CONNECTIONS,
            observer: Arc::new(()),
        }
    }
}

/// Where the store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RedisPlace {
    /// One server.
    Single(Address),
    /// The primary that these sentinels name.
    Sentinel {
        /// Some of the sentinels.
        sentinels: Vec<Address>,
        /// What they call the primary.
        name: String,
    },
    /// A cluster.
    Cluster {
        /// Some of its nodes: the others are found through them.
        seeds: Vec<Address>,
    },
}

/// A server's address.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    /// A name or an IP address.
    pub host: String,
    /// Its port.
    pub port: u16,
}

impl Address {
    /// From `host:port`, an IPv6 address in brackets or bare as the servers write it.
    pub fn parse(text: &str) -> Option<Self> {
        let (host, port) = text.rsplit_once(':')?;
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        if host.is_empty() || host.contains(char::is_whitespace) {
            return None;
        }
        Some(Self { host: host.to_owned(), port: port.parse().ok().filter(|port| *port != 0)? })
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// How a connection is made.
#[derive(Clone, Default)]
pub struct RedisLogin {
    /// The ACL user; none for the default one.
    pub user: Option<String>,
    /// Its password.
    pub password: Option<Zeroizing<String>>,
    /// TLS; none on a network of its own.
    pub tls: Option<RedisTls>,
}

/// Whom a TLS connection believes, and who it says it is. All in PEM.
#[derive(Clone, Default)]
pub struct RedisTls {
    /// The certificates that sign the servers'; none for those of the system.
    pub roots: Option<Vec<u8>>,
    /// The engine's own certificate and key, where the servers ask for one.
    pub identity: Option<(Vec<u8>, Zeroizing<Vec<u8>>)>,
}

/// What an acknowledged commit survives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RedisDurability {
    /// The end of the server and of its machine: it writes each answer to its disk first (`appendfsync always`). For one
    /// server alone.
    Fsync,
    /// The loss of a primary: so many replicas have every acknowledged write. No loss is promised only where that is all
    /// of them, since any of them may be promoted.
    Replicated(u32),
    /// Nothing. Taken only with the words [`RedisDurability::ACCEPT_LOSS`].
    LoseAcknowledged(String),
}

impl RedisDurability {
    /// The words that must be said.
    pub const ACCEPT_LOSS: &'static str = "yes_for_test_purposes_only";

    /// How many replicas must have a write before it is acknowledged.
    pub(super) const fn replicas(&self) -> Option<u32> {
        match self {
            Self::Replicated(replicas) => Some(*replicas),
            Self::Fsync | Self::LoseAcknowledged(_) => None,
        }
    }
}

/// Who is told what the store does: for metrics.
pub trait RedisObserver: Send + Sync {
    /// A step was asked for, and took so many seconds, tries and proof included.
    fn step(&self, name: &'static str, seconds: f64, answered: bool) {
        let _ = (name, seconds, answered);
    }

    /// A write was carried out, and too few replicas had it in time.
    fn unproven(&self) {}

    /// Which server is whose primary was learnt anew.
    fn moved(&self) {}
}

/// Nobody is told.
impl RedisObserver for () {}

/// Why the store was not opened.
#[derive(Debug, thiserror::Error)]
pub enum RedisOpenError {
    /// A setting cannot be right.
    #[error("{0}")]
    Setting(&'static str),
    /// No server answers, or none that can be used.
    #[error("cannot reach the store's Redis: {0}")]
    Unreachable(String),
    /// A server does not keep what it is given.
    #[error("the Redis at {address} {what}: {advice}")]
    Unsafe {
        /// Which.
        address: Address,
        /// What it does.
        what: String,
        /// What to set.
        advice: &'static str,
    },
    /// A server is nobody's primary.
    #[error("the Redis at {address} is a replica: name its primary")]
    NotPrimary {
        /// Which.
        address: Address,
    },
    /// Fewer replicas than a write must be on.
    #[error(
        "the Redis at {address} has {found} replicas and `replicated` asks for {asked}: add replicas, or ask for fewer"
    )]
    FewReplicas {
        /// Which primary.
        address: Address,
        /// How many it has.
        found: u32,
        /// How many there must be.
        asked: u32,
    },
    /// A part of the store is not there.
    #[error(
        "partition {partition} of the store {what}: restore the servers' files, or choose an empty Redis or another prefix"
    )]
    Damaged {
        /// Which.
        partition: u16,
        /// What is wrong with it.
        what: &'static str,
    },
    /// Another version made it.
    #[error("the store has layout {found} and this version knows {known}: start the version that made it")]
    OtherLayout {
        /// What was found.
        found: String,
        /// What is known.
        known: &'static str,
    },
    /// A key that may have made something in the store is not in the keyring.
    #[error(
        "key `{name}` is not in the keyring, and the store may hold what it made: put it back, retired keys included"
    )]
    MissingKey {
        /// Its purpose and number.
        name: String,
    },
    /// Another key stands under the number of one that may have made something in the store.
    #[error("key `{name}` is not the one that the store knows under this number: put back the keyring's newest copy")]
    OtherKey {
        /// Its purpose and number.
        name: String,
    },
    /// The keyring is another one.
    #[error("the store was made with another keyring: start with that one, or choose another prefix")]
    OtherKeyring,
    /// There is nothing to carry away.
    #[error("there is no store under the prefix `{prefix}`")]
    NoStore {
        /// The prefix that was asked for.
        prefix: String,
    },
    /// No store was ever begun there, or it is gone.
    #[error(
        "there is no store under the prefix `{prefix}`: if there was one, restore it; a new one is begun with `portcullis store begin`"
    )]
    NotBegun {
        /// The prefix that was asked for.
        prefix: String,
    },
    /// It is not yet what it was to become.
    #[error("the store is half copied: let `portcullis store copy` go on until it is complete")]
    HalfFilled,
    /// Another one has taken its place.
    #[error(
        "all of the store was copied into another one, of epoch {epoch}: drop this prefix; if the other never served, `portcullis store reclaim` lets this one serve again"
    )]
    Moved {
        /// The other's.
        epoch: String,
    },
    /// It is filled from another store.
    #[error(
        "the store holds the beginning of another copy, or of a source that has changed since: choose another prefix"
    )]
    FilledFromElsewhere,
    /// It is to be filled, and holds something.
    #[error("there is a store already: choose an empty Redis or another prefix")]
    Occupied,
    /// Somebody carries it away or fills it.
    #[error("`portcullis store copy` is at work on the store, or was ended a few seconds ago: wait for its end")]
    Held,
    /// Engines are there.
    #[error(
        "engines use the store ({engines} connections): stop them first; one whose machine is gone counts until the server drops it"
    )]
    Served {
        /// How many.
        engines: u64,
    },
    /// The store did not answer while it was opened.
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
}
