//! The settings as the rest of the program sees them: complete, within bounds, never checked again.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

use super::Bounded;
use super::identity::Identity;
use super::messages::Messages;
use super::redis_url::RedisUrl;
use crate::domain::{Brand, Spid, Subject};

/// Every setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Where to listen.
    pub server: Server,
    /// How connections are protected.
    pub transport: Transport,
    /// What one caller may take.
    pub limits: Limits,
    /// Whose tokens and certificates are believed.
    pub identity: Identity,
    /// Where records are kept.
    pub store: Store,
    /// The carrier's stores.
    pub stores: Stores,
    /// Where old records go; none where they stay in the store.
    pub archive: Option<Archive>,
    /// Where the keys are.
    pub keys: Keys,
    /// Whose name signed permits bear; none where none are signed.
    pub permits: Option<SignedPermits>,
    /// Whose network this is.
    pub carrier: Carrier,
    /// Who is given messages to customers; none where nobody is.
    pub messages: Option<Messages>,
    /// Who may separate lines.
    pub separations: Separations,
    /// What decides.
    pub policy: Policy,
    /// The workers that verify PINs.
    pub pin_pool: PinPool,
    /// What is logged, and how.
    pub log: Log,
    /// Where traces go.
    pub telemetry: Telemetry,
}

/// `[server]`: where to listen.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// Address of the gRPC services.
    pub listen: SocketAddr,
    /// Address of `/metrics`, `/healthz` and `/readyz`, in plain HTTP: keep it off the network that callers use.
    pub ops_listen: SocketAddr,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8443)),
            ops_listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 9464)),
        }
    }
}

/// `[tls]`: how connections are protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transport {
    /// TLS with the certificate chain and the private key of these PEM files.
    Tls {
        /// The certificate chain, the server's own first.
        cert_file: PathBuf,
        /// Its private key.
        key_file: PathBuf,
        /// Whose certificates callers may show; none where they show none.
        clients: Option<ClientAuthority>,
    },
    /// No TLS. Only on a loopback address: bearer tokens and PINs must not cross a network in the clear.
    LoopbackPlaintext,
}

/// Who signs callers' certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientAuthority {
    /// The authorities' certificates, a PEM file.
    pub ca_file: PathBuf,
    /// Their lists of certificates that were taken back, a PEM file.
    pub crl_file: Option<PathBuf>,
    /// Whether callers must show a certificate.
    pub presence: ClientCertificates,
}

/// Whether callers must show a certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientCertificates {
    /// Who shows none is not spoken with.
    #[default]
    Required,
    /// Who shows none is known by its token alone: customers' apps have none. One that is shown must be good.
    Optional,
}

/// `[limits]`: what one caller may take before others go short.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Connections that may be open. Each needs a file descriptor and some tens of KiB.
    pub max_connections: Bounded<16, 1_000_000>,
    /// Connections of one identity: those that show one certificate; without one, those from one address.
    pub max_connections_per_identity: Bounded<1, 100_000>,
    /// Longest message taken or sent, in bytes. A batch of 100 lines is about 20,000.
    pub max_message_bytes: Bounded<4_096, 4_194_304>,
    /// Longest list of request headers, in bytes. A token is about 1,000.
    pub max_header_list_bytes: Bounded<4_096, 65_536>,
    /// Streams that one connection may have open.
    pub max_concurrent_streams: Bounded<1, 10_000>,
    /// Streams a caller may open and reset before they are accepted; more close the connection.
    pub max_pending_reset_streams: Bounded<1, 1_000>,
    /// Requests of one connection that are worked on at a time; more wait.
    pub concurrency_limit_per_connection: Bounded<1, 10_000>,
    /// Calls worked on at a time; more are refused at once and told when to come back.
    pub max_calls_in_flight: Bounded<16, 65_536>,
    /// The same of calls that turn protection up, use a permit or give one back. They have these places to themselves.
    pub max_protective_calls_in_flight: Bounded<16, 65_536>,
    /// Longest a request may take, in seconds. A caller's own shorter deadline counts too.
    pub request_timeout_seconds: Bounded<1, 300>,
    /// How long open requests may take to finish once the server is told to stop, in seconds.
    pub drain_seconds: Bounded<0, 600>,
    /// Silence after which a connection is asked whether it still lives, in seconds.
    pub keepalive_interval_seconds: Bounded<1, 3_600>,
    /// How long it has to answer, in seconds.
    pub keepalive_timeout_seconds: Bounded<1, 300>,
    /// Age at which a connection is asked to go once its open requests are answered, in seconds, so that callers spread
    /// over new servers.
    pub max_connection_age_seconds: Bounded<1, 86_400>,
    /// How long a watch of records may be silent before a heartbeat, in seconds.
    pub watch_heartbeat_seconds: Bounded<1, 300>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: Bounded::of::<8_192>(),
            max_connections_per_identity: Bounded::of::<1_024>(),
            max_message_bytes: Bounded::of::<262_144>(),
            max_header_list_bytes: Bounded::of::<16_384>(),
            max_concurrent_streams: Bounded::of::<256>(),
            max_pending_reset_streams: Bounded::of::<20>(),
            concurrency_limit_per_connection: Bounded::of::<256>(),
            max_calls_in_flight: Bounded::of::<48>(),
            max_protective_calls_in_flight: Bounded::of::<128>(),
            request_timeout_seconds: Bounded::of::<10>(),
            drain_seconds: Bounded::of::<20>(),
            keepalive_interval_seconds: Bounded::of::<30>(),
            keepalive_timeout_seconds: Bounded::of::<10>(),
            max_connection_age_seconds: Bounded::of::<3_600>(),
            watch_heartbeat_seconds: Bounded::of::<15>(),
        }
    }
}

/// `[store]`: where records are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Store {
    /// In a folder of this machine that one process owns.
    Folder(StoreFolder),
    /// On Redis, which many engines share: `[redis]`.
    Redis(Box<StoreRedis>),
}

impl Store {
    /// The folder, where it is one.
    pub const fn folder(&self) -> Option<&StoreFolder> {
        match self {
            Self::Folder(folder) => Some(folder),
            Self::Redis(_) => None,
        }
    }
}

/// A store in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreFolder {
    /// The store's folder, on a disk of this machine: network file systems lose writes they have confirmed.
    pub path: PathBuf,
    /// Free space below which new decisions are refused while locks can still be set, in MiB.
    pub disk_reserve_mib: Bounded<16, 1_048_576>,
    /// What an acknowledged answer survives.
    pub durability: StoreDurability,
}

/// `[redis]`: a store on Redis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreRedis {
    /// Where it is, and as whom.
    pub url: RedisUrl,
    /// The file of the user's password; none where none is asked for.
    pub password_file: Option<PathBuf>,
    /// The authorities that sign the servers' certificates; those of the system where left out.
    pub ca_file: Option<PathBuf>,
    /// The engine's own certificate and key, where the servers ask for one.
    pub identity: Option<(PathBuf, PathBuf)>,
    /// What every key begins with.
    pub prefix: String,
    /// How many replicas have a write before it is acknowledged; with none, the server's disk has it.
    pub replicas: Bounded<0, 8>,
    /// How long a call of the store may take, tries and all, in milliseconds.
    pub call_timeout_ms: Bounded<100, 10_000>,
    /// What an acknowledged answer survives.
    pub durability: StoreDurability,
    /// Whether a store is begun where there is none. No file says so: a command that makes stores of its own does.
    pub begins: bool,
}

/// What an acknowledged answer survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreDurability {
    /// The end of the process, of the system and of the power.
    Full,
    /// The end of the process alone: for tests, which must say so in words.
    LosesLastAnswers,
}

/// `[stores]`: the carrier's stores.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Stores {
    /// The register of their networks and devices; where none is named, nothing is known of any.
    pub file: Option<PathBuf>,
}

/// `[archive]`: where records go when they are old, and how long they are kept there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archive {
    /// The folder of the segments. Apart from the store's: what is archived outlives it.
    pub folder: PathBuf,
    /// How long a record stays in the store, in days, at least: all that may still be undone, and every permit that is
    /// still good, is younger.
    pub keep_in_store_days: Bounded<90, 3_650>,
    /// How long a record is kept at all, in days: no segment with a younger one is deleted.
    pub retention_days: Bounded<365, 36_500>,
}

/// `[keys]`: where the keys are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    /// The keyring: peppers, the index key, the sealing keys and the permit keys. Keep it away from the store.
    pub keyring_file: PathBuf,
}

/// `[permits]`: permits that are also signed, for relying parties that verify them with the published keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedPermits {
    /// Their `iss`.
    pub issuer: String,
    /// Their `aud`: the systems that carry changes out. At least one.
    pub audience: Vec<String>,
}

/// `[carrier]`: whose network this is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carrier {
    /// The carrier's own service provider ids, at least one. A port to one of them stays in the house.
    pub own_spids: Vec<Spid>,
    /// The brand that accounts belong to when nothing else is said.
    pub brand: Brand,
}

/// `[separations]`: who may separate lines from an account without its owner.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Separations {
    /// The people of the fraud desk who were trained for it, as `issuer|subject` of their tokens; nobody separates where none is named.
    #[serde(deserialize_with = "people")]
    pub people: Vec<Subject>,
    /// For how many days a reference is good.
    pub days: Bounded<1, 60>,
}

impl Default for Separations {
    fn default() -> Self {
        Self { people: Vec::new(), days: Bounded::of::<14>() }
    }
}

fn people<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Subject>, D::Error> {
    let subject = |text: &String| {
        Subject::parse(text).map_err(|error| D::Error::custom(format_args!("`{text}` {error}, like `issuer|subject`")))
    };
    Vec::<String>::deserialize(deserializer)?.iter().map(subject).collect()
}

/// `[policy]`: what decides.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// A policy file; none is the built-in policy for carriers in the United States.
    pub file: Option<PathBuf>,
    /// Who changes the policy: that file, or two people over the service, for whom the file is only the beginning.
    pub source: PolicySource,
    /// Whether the file may be a policy that decided before. Without it a file that was put back is refused.
    pub may_go_back: bool,
    /// A policy file that is asked beside it: what it would have said is on record and in the counters, and answers nobody.
    pub shadow_file: Option<PathBuf>,
}

/// Who changes the policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicySource {
    /// Whoever may write the file.
    #[default]
    File,
    /// Two people, over the service.
    Service,
}

/// `[pin_pool]`: the workers that verify PINs, apart from all other work. One PIN costs about 12 ms and 19 MiB.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PinPool {
    /// PINs verified at a time.
    pub threads: Bounded<1, 64>,
    /// PINs that wait for a thread; more are shed, and the PIN counts as not looked at.
    pub queue: Bounded<1, 4_096>,
}

impl Default for PinPool {
    fn default() -> Self {
        Self { threads: Bounded::of::<2>(), queue: Bounded::of::<22>() }
    }
}

/// `[telemetry]`: what is told besides the log and the counters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Telemetry {
    /// Traces; none where there is no collector. Needs a program built with the feature `otel`.
    pub otlp: Option<Otlp>,
}

/// `[telemetry.otlp]`: a collector of traces, spoken to by OTLP over gRPC.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Otlp {
    /// Where it is: `http://127.0.0.1:4317`.
    pub endpoint: String,
    /// The authority that signed its certificate, a PEM file; for an `https://` endpoint.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// How many calls of a hundred are traced. A caller that traces its own call decides for it.
    #[serde(default = "every_call")]
    pub sampled_percent: Bounded<0, 100>,
}

const fn every_call() -> Bounded<0, 100> {
    Bounded::of::<100>()
}

/// `[log]`: what is logged, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// The shape of a line.
    pub format: LogFormat,
    /// What is worth a line. Holds for this program; the libraries in it never log more than warnings, since HTTP/2
    /// at lower levels logs headers, and headers hold tokens.
    pub level: LogLevel,
}

/// The shape of a log line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object a line, for machines.
    #[default]
    Json,
    /// Text, for people.
    Text,
}

/// What is worth a line in the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// What needs a person.
    Error,
    /// What may soon need one.
    Warn,
    /// What a day's work looks like.
    #[default]
    Info,
    /// What finding a fault needs.
    Debug,
}
