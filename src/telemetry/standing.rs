//! What is so now, rather than what has happened: ends of certificates, ages of keys, room on the disk.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Unit;

use super::catalogue::Catalogue;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BuildLabels {
    version: &'static str,
    schema: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CertificateLabels {
    certificate: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KeyLabels {
    purpose: &'static str,
}

/// Gauges. Instants are seconds since 1970.
#[derive(Debug)]
pub struct Standing {
    start: Gauge,
    ready: Gauge,
    certificate_end: Family<CertificateLabels, Gauge>,
    key_made: Family<KeyLabels, Gauge>,
    store: Gauge,
    disk_free: Gauge,
    disk_reserve: Gauge,
    due_lag: Gauge<f64, AtomicU64>,
}

impl Standing {
    /// Registers them.
    pub(super) fn new(catalogue: &mut Catalogue) -> Self {
        let standing = Self {
            start: Gauge::default(),
            ready: Gauge::default(),
            certificate_end: Family::default(),
            key_made: Family::default(),
            store: Gauge::default(),
            disk_free: Gauge::default(),
            disk_reserve: Gauge::default(),
            due_lag: Gauge::default(),
        };
        let build = Family::<BuildLabels, Gauge>::default();
        build.get_or_create(&BuildLabels { version: env!("CARGO_PKG_VERSION"), schema: "v1" }).set(1);
        catalogue.gauge(
            ("build", None),
            &["version", "schema"],
            "Always 1: what runs, and the contract it serves",
            build,
        );
        standing.register_process(catalogue);
        standing.register_store(catalogue);
        standing
    }

    fn register_process(&self, catalogue: &mut Catalogue) {
        let seconds = |name| (name, Some(Unit::Seconds));
        catalogue.gauge(seconds("start"), &[], "When the process started, since 1970", self.start.clone());
        catalogue.gauge(("ready", None), &[], "1 while decisions can be made", self.ready.clone());
        let help =
            "When what is in use ends, since 1970: the earliest of its kind; of `client_crl` when the next list is due";
        catalogue.gauge(seconds("certificate_end"), &["certificate"], help, self.certificate_end.clone());
        let help = "When the active key of a purpose was made, since 1970";
        catalogue.gauge(seconds("key_made"), &["purpose"], help, self.key_made.clone());
    }

    fn register_store(&self, catalogue: &mut Catalogue) {
        let bytes = |name| (name, Some(Unit::Bytes));
        catalogue.gauge(bytes("store"), &[], "What the database and its log take", self.store.clone());
        let help = "What the store may still take of its disk";
        catalogue.gauge(bytes("disk_free"), &[], help, self.disk_free.clone());
        let help = "Free disk below which only protection can be turned up";
        catalogue.gauge(bytes("disk_reserve"), &[], help, self.disk_reserve.clone());
        let help = "How long the earliest change that fell due has waited to be recorded";
        catalogue.gauge(("due_lag", Some(Unit::Seconds)), &[], help, self.due_lag.clone());
    }

    /// The process started at this instant.
    pub fn started(&self, at: i64) {
        self.start.set(at);
    }

    /// Whether decisions can be made.
    pub fn ready(&self, is_ready: bool) {
        self.ready.set(is_ready.into());
    }

    /// What is in use of this kind ends at this instant.
    pub fn certificate_ends(&self, certificate: &'static str, at: i64) {
        self.certificate_end.get_or_create(&CertificateLabels { certificate }).set(at);
    }

    /// The active key of this purpose was made at this instant.
    pub fn key_made(&self, purpose: &'static str, at: i64) {
        self.key_made.get_or_create(&KeyLabels { purpose }).set(at);
    }

    /// What the store takes and may still take, in bytes.
    pub fn disk(&self, store: u64, free: u64) {
        self.store.set(store.cast_signed());
        self.disk_free.set(free.cast_signed());
    }

    /// Below so many free bytes only protection is turned up.
    pub fn disk_reserve(&self, bytes: u64) {
        self.disk_reserve.set(bytes.cast_signed());
    }

    /// The earliest change that fell due has waited for so many seconds.
    pub fn due_lag(&self, seconds: f64) {
        self.due_lag.set(seconds);
    }

    /// Makes every series, so that a test sees them all.
    #[cfg(test)]
    pub(super) fn touch(&self) {
        self.certificate_ends("server", 1);
        self.key_made("seal", 1);
    }
}
