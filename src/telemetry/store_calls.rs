//! What a store on other machines did, counted: its steps, what could not be proven, and where its parts moved.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Unit;

use super::catalogue::Catalogue;

/// Round trips in a data centre, up to what a call may take at all.
const STEP_SECONDS: [f64; 11] = [0.000_25, 0.000_5, 0.001, 0.002, 0.004, 0.008, 0.016, 0.064, 0.25, 1.0, 4.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StepLabels {
    step: &'static str,
}

/// The counters.
#[derive(Debug)]
pub struct StoreCalls {
    seconds: Family<StepLabels, Histogram, fn() -> Histogram>,
    failures: Family<StepLabels, Counter>,
    unproven: Counter,
    moves: Counter,
}

impl StoreCalls {
    pub(super) fn new(catalogue: &mut Catalogue) -> Self {
        let new: fn() -> Histogram = || Histogram::new(STEP_SECONDS);
        let calls = Self {
            seconds: Family::new_with_constructor(new),
            failures: Family::default(),
            unproven: Counter::default(),
            moves: Counter::default(),
        };
        let help = "Time of one step of a store on Redis, tries and proof included";
        catalogue.histogram(("store_step", Some(Unit::Seconds)), &["step"], help, calls.seconds.clone());
        let help = "Steps of a store on Redis that gave no answer";
        catalogue.counter("store_step_failures", &["step"], help, calls.failures.clone());
        let help = "Writes that too few replicas had in time: answered UNAVAILABLE, to be repeated";
        catalogue.counter("store_unproven", &[], help, calls.unproven.clone());
        let help = "Times that a part of the store was found on another server";
        catalogue.counter("store_moves", &[], help, calls.moves.clone());
        calls
    }

    /// Counts a step.
    pub fn stepped(&self, step: &'static str, elapsed: Duration, answered: bool) {
        let labels = StepLabels { step };
        self.seconds.get_or_create(&labels).observe(elapsed.as_secs_f64());
        if !answered {
            self.failures.get_or_create(&labels).inc();
        }
    }

    /// Counts a write that was not proven in time.
    pub fn unproven(&self) {
        self.unproven.inc();
    }

    /// Counts a layout that was learnt anew.
    pub fn moved(&self) {
        self.moves.inc();
    }
}
