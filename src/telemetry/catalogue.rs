//! Counters with their descriptions: what is registered is what is documented.

use std::fmt;

use prometheus_client::encoding::text;
use prometheus_client::registry::{Metric, Registry, Unit};

/// What the name of every counter begins with.
const PREFIX: &str = "portcullis";

/// What is counted, for whoever reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// Its name, as it is scraped; of a histogram without `_bucket`, `_sum` and `_count`.
    pub name: String,
    /// What kind it is.
    pub kind: &'static str,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// What it says.
    pub help: &'static str,
}

/// All that is registered.
#[derive(Debug)]
pub(super) struct Catalogue {
    registry: Registry,
    described: Vec<Described>,
}

impl Catalogue {
    /// Nothing yet.
    pub(super) fn new() -> Self {
        Self { registry: Registry::with_prefix(PREFIX), described: Vec::new() }
    }

    /// What only grows.
    pub(super) fn counter(
        &mut self,
        name: &str,
        labels: &'static [&'static str],
        help: &'static str,
        counter: impl Metric,
    ) {
        self.registry.register(name, help, counter);
        self.describe(format!("{PREFIX}_{name}_total"), "counter", labels, help);
    }

    /// How something is spread, by what it is measured in.
    pub(super) fn histogram(
        &mut self,
        (name, unit): (&str, Option<Unit>),
        labels: &'static [&'static str],
        help: &'static str,
        histogram: impl Metric,
    ) {
        let full = self.register((name, unit), help, histogram);
        self.describe(full, "histogram", labels, help);
    }

    /// What is so now.
    pub(super) fn gauge(
        &mut self,
        (name, unit): (&str, Option<Unit>),
        labels: &'static [&'static str],
        help: &'static str,
        gauge: impl Metric,
    ) {
        let full = self.register((name, unit), help, gauge);
        self.describe(full, "gauge", labels, help);
    }

    /// Every counter as text.
    pub(super) fn encode(&self) -> Result<String, fmt::Error> {
        let mut written = String::new();
        text::encode(&mut written, &self.registry)?;
        Ok(written)
    }

    /// Every counter as it is documented.
    pub(super) fn described(&self) -> &[Described] {
        &self.described
    }

    fn register(&mut self, (name, unit): (&str, Option<Unit>), help: &str, metric: impl Metric) -> String {
        match unit {
            None => {
                self.registry.register(name, help, metric);
                format!("{PREFIX}_{name}")
            }
            Some(unit) => {
                let full = format!("{PREFIX}_{name}_{}", unit.as_str());
                self.registry.register_with_unit(name, help, unit, metric);
                full
            }
        }
    }

    fn describe(&mut self, name: String, kind: &'static str, labels: &'static [&'static str], help: &'static str) {
        self.described.push(Described { name, kind, labels, help });
    }
}
