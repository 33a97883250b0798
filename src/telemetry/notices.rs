//! Notices to customers, counted.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Unit;

use super::catalogue::Catalogue;

/// From at once to days, in seconds.
const NOTICE_SECONDS: [f64; 10] = [0.05, 0.25, 1.0, 5.0, 30.0, 120.0, 600.0, 3_600.0, 21_600.0, 86_400.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TryLabels {
    result: &'static str,
}

/// The counters.
#[derive(Debug)]
pub struct NoticeCounts {
    tries: Family<TryLabels, Counter>,
    seconds: Histogram,
    waiting: Gauge,
    dead: Gauge,
    behind: Gauge<f64, AtomicU64>,
    rounds_failed: Counter,
}

impl NoticeCounts {
    pub(super) fn new(catalogue: &mut Catalogue) -> Self {
        let counts = Self {
            tries: Family::default(),
            seconds: Histogram::new(NOTICE_SECONDS),
            waiting: Gauge::default(),
            dead: Gauge::default(),
            behind: Gauge::default(),
            rounds_failed: Counter::default(),
        };
        let help = "Tries to give a notice to who carries it: taken, to be tried again, or dead; or nobody, where there is none to tell";
        catalogue.counter("notice_tries", &["result"], help, counts.tries.clone());
        let help = "Time from what happened to its notice being taken";
        catalogue.histogram(("notice", Some(Unit::Seconds)), &[], help, counts.seconds.clone());
        let help = "Notices that were not taken and are tried again; while there are 1,024 nothing new is begun";
        catalogue.gauge(("notices_waiting", None), &[], help, counts.waiting.clone());
        let help = "Notices that are not tried any more, at most the newest 1,024: `portcullis notice list` names them";
        catalogue.gauge(("notices_dead", None), &[], help, counts.dead.clone());
        let help = "How long the oldest of what is to be told, and was not begun, has waited in the ledger";
        catalogue.gauge(("notices_behind", Some(Unit::Seconds)), &[], help, counts.behind.clone());
        let help = "Times that notices were not told since the store did not answer, or something broke";
        catalogue.counter("notice_rounds_failed", &[], help, counts.rounds_failed.clone());
        counts
    }

    /// One was taken, so many seconds after what it tells of.
    pub fn taken(&self, seconds: f64) {
        self.tried("taken");
        self.seconds.observe(seconds);
    }

    /// One was not taken, and may not be tried any more.
    pub fn untaken(&self, is_dead: bool) {
        self.tried(if is_dead { "dead" } else { "again" });
    }

    /// Nobody was there to be told.
    pub fn to_nobody(&self) {
        self.tried("nobody");
    }

    /// The oldest of what was not begun has waited so long; nothing where a round failed.
    pub fn behind(&self, seconds: Option<f64>) {
        match seconds {
            Some(seconds) => {
                self.behind.set(seconds);
            }
            None => {
                self.rounds_failed.inc();
            }
        }
    }

    /// So many wait, and so many are dead.
    pub fn undelivered(&self, waiting: usize, dead: usize) {
        self.waiting.set(i64::try_from(waiting).unwrap_or(i64::MAX));
        self.dead.set(i64::try_from(dead).unwrap_or(i64::MAX));
    }

    fn tried(&self, result: &'static str) {
        self.tries.get_or_create(&TryLabels { result }).inc();
    }
}
