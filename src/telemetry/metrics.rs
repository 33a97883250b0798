//! The service's own counters, in OpenMetrics text.

use std::fmt;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Unit;

use super::catalogue::{Catalogue, Described};
use super::notices::NoticeCounts;
use super::standing::Standing;
use super::store_calls::StoreCalls;

/// The content type of [`Metrics::encode`].
pub const METRICS_CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Upper bounds of a request's or a commit's time, in seconds: from a warm read to a stall.
const LATENCY_SECONDS: [f64; 14] =
    [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// Upper bounds of a PIN verification's time, in seconds: about 0.012 when a core is free.
const PIN_SECONDS: [f64; 9] = [0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.25, 1.0];

/// Upper bounds of the number of requests that one transaction carries.
const GROUP_SIZES: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DecisionLabels {
    outcome: &'static str,
    action: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ShadowLabels {
    action: &'static str,
    outcome: &'static str,
    shadow_outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    code: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ShedLabels {
    method: &'static str,
    cause: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EventLabels {
    kind: &'static str,
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReloadLabels {
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct MethodLabels {
    method: &'static str,
}

/// Every counter, shared by all parts of the service.
///
/// Labels are `&'static str`: the names of outcomes, actions, reasons, methods and codes.
#[derive(Debug)]
pub struct Metrics {
    catalogue: Catalogue,
    decisions: Family<DecisionLabels, Counter>,
    reasons: Family<ReasonLabels, Counter>,
    requests: Family<RequestLabels, Counter>,
    request_seconds: Family<MethodLabels, Histogram>,
    shed: Family<ShedLabels, Counter>,
    events: Family<EventLabels, Counter>,
    store_commit_seconds: Histogram,
    store_group_size: Histogram,
    pin_verify_seconds: Histogram,
    pin_pool_shed: Counter,
    due_transitions: Counter,
    reloads: Family<ReloadLabels, Counter>,
    policy_reloads: Family<ReloadLabels, Counter>,
    store_register_reloads: Family<ReloadLabels, Counter>,
    shadow_decisions: Family<ShadowLabels, Counter>,
    shadow_failures: Counter,
    shadow_reloads: Family<ReloadLabels, Counter>,
    key_set_fetches: Family<ReloadLabels, Counter>,
    suspected_tokens: Family<ReasonLabels, Counter>,
    key_set_age_seconds: Gauge,
    standing: Standing,
    store_calls: StoreCalls,
    notices: NoticeCounts,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All counters, at zero.
    pub fn new() -> Self {
        let mut catalogue = Catalogue::new();
        let standing = Standing::new(&mut catalogue);
        let store_calls = StoreCalls::new(&mut catalogue);
        let notices = NoticeCounts::new(&mut catalogue);
        let mut metrics = Self {
            catalogue,
            decisions: Family::default(),
            reasons: Family::default(),
            requests: Family::default(),
            shed: Family::default(),
            events: Family::default(),
            request_seconds: Family::new_with_constructor(|| Histogram::new(LATENCY_SECONDS)),
            store_commit_seconds: Histogram::new(LATENCY_SECONDS),
            store_group_size: Histogram::new(GROUP_SIZES),
            pin_verify_seconds: Histogram::new(PIN_SECONDS),
            pin_pool_shed: Counter::default(),
            due_transitions: Counter::default(),
            reloads: Family::default(),
            policy_reloads: Family::default(),
            store_register_reloads: Family::default(),
            shadow_decisions: Family::default(),
            shadow_failures: Counter::default(),
            shadow_reloads: Family::default(),
            key_set_fetches: Family::default(),
            suspected_tokens: Family::default(),
            key_set_age_seconds: Gauge::default(),
            standing,
            store_calls,
            notices,
        };
        metrics.register_requests();
        metrics.register_work();
        metrics.register_shadow();
        metrics
    }

    fn register_requests(&mut self) {
        let catalogue = &mut self.catalogue;
        let help = "Decisions recorded, replays not counted again";
        catalogue.counter("decisions", &["outcome", "action"], help, self.decisions.clone());
        catalogue.counter("reasons", &["reason"], "Reasons given with decisions", self.reasons.clone());
        catalogue.counter("requests", &["method", "code"], "Requests answered", self.requests.clone());
        let help = "Calls refused unread, since too many were worked on; not among the requests";
        catalogue.counter("shed", &["method", "cause"], help, self.shed.clone());
        let help = "Events that other systems told, by what became of them; those told again are counted again";
        catalogue.counter("events", &["kind", "result"], help, self.events.clone());
        let help = "Time from a request's arrival to its answer";
        catalogue.histogram(("request", Some(Unit::Seconds)), &["method"], help, self.request_seconds.clone());
    }

    fn register_work(&mut self) {
        let catalogue = &mut self.catalogue;
        let help = "Time of one transaction, its sync to disk included";
        catalogue.histogram(("store_commit", Some(Unit::Seconds)), &[], help, self.store_commit_seconds.clone());
        let help = "Requests in one transaction";
        catalogue.histogram(("store_group_size", None), &[], help, self.store_group_size.clone());
        let help = "Time to verify one PIN";
        catalogue.histogram(("pin_verify", Some(Unit::Seconds)), &[], help, self.pin_verify_seconds.clone());
        let help = "PINs not looked at, since the pool was full";
        catalogue.counter("pin_pool_shed", &[], help, self.pin_pool_shed.clone());
        let help = "Changes of state that fell due and were recorded";
        catalogue.counter("due_transitions", &[], help, self.due_transitions.clone());
        let help = "Times that certificates and keys changed, and whether what they changed to is used";
        catalogue.counter("reloads", &["result"], help, self.reloads.clone());
        let help = "Times that the policy file changed, and whether what it changed to decides";
        catalogue.counter("policy_reloads", &["result"], help, self.policy_reloads.clone());
        let help = "Times that the register of stores changed, and whether what it changed to is used";
        catalogue.counter("store_register_reloads", &["result"], help, self.store_register_reloads.clone());
        let help = "Times that an issuer was asked for its keys, and whether what it answered is used";
        catalogue.counter("key_set_fetches", &["result"], help, self.key_set_fetches.clone());
        let help = "Good tokens that came over a connection that is not their holder's";
        catalogue.counter("suspected_tokens", &["reason"], help, self.suspected_tokens.clone());
        let help = "Age of the issuer's keys that were fetched longest ago";
        catalogue.gauge(("key_set_age", Some(Unit::Seconds)), &[], help, self.key_set_age_seconds.clone());
    }

    fn register_shadow(&mut self) {
        let catalogue = &mut self.catalogue;
        let labels = &["action", "outcome", "shadow_outcome"];
        let help = "Decisions recorded with what the shadow policy would have said";
        catalogue.counter("shadow_decisions", labels, help, self.shadow_decisions.clone());
        let help = "Decisions of which the shadow policy said nothing, since it broke; they stand";
        catalogue.counter("shadow_failures", &[], help, self.shadow_failures.clone());
        let help = "Times that the shadow policy's file was read, and whether what it holds is asked";
        catalogue.counter("shadow_reloads", &["result"], help, self.shadow_reloads.clone());
    }

    /// What is so now, to be told anew when it changes.
    pub const fn standing(&self) -> &Standing {
        &self.standing
    }

    /// Every counter as it is documented.
    pub fn described(&self) -> &[Described] {
        self.catalogue.described()
    }

    /// Counts certificates and keys that changed, and whether what they changed to is used.
    pub fn reloaded(&self, is_used: bool) {
        let result = if is_used { "used" } else { "refused" };
        self.reloads.get_or_create(&ReloadLabels { result }).inc();
    }

    /// Counts a policy file that changed, and whether what it changed to decides.
    pub fn policy_reloaded(&self, is_used: bool) {
        let result = if is_used { "used" } else { "refused" };
        self.policy_reloads.get_or_create(&ReloadLabels { result }).inc();
    }

    /// Counts a register of stores that changed, and whether what it changed to is used.
    pub fn store_register_reloaded(&self, is_used: bool) {
        let result = if is_used { "used" } else { "refused" };
        self.store_register_reloads.get_or_create(&ReloadLabels { result }).inc();
    }

    /// Counts a shadow policy's file that was read, and whether what it holds is asked.
    pub fn shadow_reloaded(&self, is_used: bool) {
        let result = if is_used { "used" } else { "refused" };
        self.shadow_reloads.get_or_create(&ReloadLabels { result }).inc();
    }

    /// Counts a decision that was recorded with what the shadow policy would have said.
    pub fn shadowed(&self, action: &'static str, outcome: &'static str, shadow_outcome: &'static str) {
        self.shadow_decisions.get_or_create(&ShadowLabels { action, outcome, shadow_outcome }).inc();
    }

    /// Counts a decision of which the shadow policy said nothing, since it broke.
    pub fn shadow_failed(&self) {
        self.shadow_failures.inc();
    }

    /// Counts an issuer that was asked for its keys, and whether what it answered is used.
    pub fn key_set_fetched(&self, is_used: bool) {
        let result = if is_used { "used" } else { "refused" };
        self.key_set_fetches.get_or_create(&ReloadLabels { result }).inc();
    }

    /// Counts a good token that came over a connection that is not its holder's.
    pub fn suspected(&self, reason: &'static str) {
        self.suspected_tokens.get_or_create(&ReasonLabels { reason }).inc();
    }

    /// Tells the age of the keys that were fetched longest ago.
    pub fn key_set_age(&self, age: Duration) {
        self.key_set_age_seconds.set(i64::try_from(age.as_secs()).unwrap_or(i64::MAX));
    }

    /// Counts a decision that has been recorded, with its reasons.
    pub fn decided(
        &self,
        outcome: &'static str,
        action: &'static str,
        reasons: impl IntoIterator<Item = &'static str>,
    ) {
        self.decisions.get_or_create(&DecisionLabels { outcome, action }).inc();
        for reason in reasons {
            self.reasons.get_or_create(&ReasonLabels { reason }).inc();
        }
    }

    /// An event was told: of which kind, and what became of it.
    pub fn told(&self, kind: &'static str, result: &'static str) {
        self.events.get_or_create(&EventLabels { kind, result }).inc();
    }

    /// Counts an answer on the wire, and how long it took.
    pub fn answered(&self, method: &'static str, code: &'static str, elapsed: Duration) {
        self.requests.get_or_create(&RequestLabels { method, code }).inc();
        self.request_seconds.get_or_create(&MethodLabels { method }).observe(elapsed.as_secs_f64());
    }

    /// Counts a call that was refused unread.
    pub fn shed(&self, method: &'static str, cause: &'static str) {
        self.shed.get_or_create(&ShedLabels { method, cause }).inc();
    }

    /// Notices to customers.
    pub const fn notices(&self) -> &NoticeCounts {
        &self.notices
    }

    /// What a store on other machines does.
    pub const fn store_calls(&self) -> &StoreCalls {
        &self.store_calls
    }

    /// Counts a transaction of the store: how long it took and how many requests it carried.
    pub fn committed(&self, requests: u32, elapsed: Duration) {
        self.store_commit_seconds.observe(elapsed.as_secs_f64());
        self.store_group_size.observe(f64::from(requests));
    }

    /// Counts a PIN that was verified, whatever came of it.
    pub fn pin_verified(&self, elapsed: Duration) {
        self.pin_verify_seconds.observe(elapsed.as_secs_f64());
    }

    /// Counts a PIN that was not looked at, since the pool was full.
    pub fn pin_shed(&self) {
        self.pin_pool_shed.inc();
    }

    /// Counts changes of state that fell due and were recorded.
    pub fn fell_due(&self, transitions: u64) {
        self.due_transitions.inc_by(transitions);
    }

    /// Every counter as text; see [`METRICS_CONTENT_TYPE`].
    ///
    /// # Errors
    ///
    /// When a value cannot be written as text.
    pub fn encode(&self) -> Result<String, fmt::Error> {
        self.catalogue.encode()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happened_is_counted_under_its_name() {
        let metrics = Metrics::new();
        metrics.decided("DENY", "PORT_OUT", ["LOCKED", "PIN_TOO_NEW"]);
        metrics.decided("DENY", "PORT_OUT", ["LOCKED"]);
        metrics.answered("Decide", "OK", Duration::from_micros(300));
        metrics.committed(3, Duration::from_millis(2));
        metrics.pin_verified(Duration::from_millis(12));
        metrics.pin_shed();
        metrics.fell_due(4);
        metrics.standing().started(1_800_000_000);
        metrics.standing().certificate_ends("server", 1_900_000_000);
        metrics.standing().key_made("seal", 1_700_000_000);
        metrics.standing().disk(7, 11);
        metrics.standing().disk_reserve(5);
        metrics.standing().due_lag(1.5);
        metrics.standing().ready(true);
        let text = metrics.encode().unwrap();
        for line in [
            r#"portcullis_decisions_total{outcome="DENY",action="PORT_OUT"} 2"#,
            r#"portcullis_reasons_total{reason="LOCKED"} 2"#,
            r#"portcullis_reasons_total{reason="PIN_TOO_NEW"} 1"#,
            r#"portcullis_requests_total{method="Decide",code="OK"} 1"#,
            r#"portcullis_request_seconds_bucket{le="0.0005",method="Decide"} 1"#,
            "portcullis_store_commit_seconds_count 1",
            "portcullis_store_group_size_sum 3.0",
            r#"portcullis_pin_verify_seconds_bucket{le="0.015"} 1"#,
            "portcullis_pin_pool_shed_total 1",
            "portcullis_due_transitions_total 4",
            "portcullis_start_seconds 1800000000",
            r#"portcullis_certificate_end_seconds{certificate="server"} 1900000000"#,
            r#"portcullis_key_made_seconds{purpose="seal"} 1700000000"#,
            "portcullis_store_bytes 7",
            "portcullis_disk_free_bytes 11",
            "portcullis_disk_reserve_bytes 5",
            "portcullis_due_lag_seconds 1.5",
            "portcullis_ready 1",
        ] {
            assert!(text.lines().any(|found| found == line), "no line `{line}` in\n{text}");
        }
        assert!(text.ends_with("# EOF\n"));
    }

    /// The page that `described` makes.
    fn page(metrics: &Metrics) -> String {
        let rows = metrics.described().iter().map(|described| {
            let labels: Vec<String> = described.labels.iter().map(|label| format!("`{label}`")).collect();
            format!("| `{}` | {} | {} | {} |\n", described.name, described.kind, labels.join(", "), described.help)
        });
        let head = "# Metrics\n\n\
            `/metrics` on the address `server.ops_listen` tells these, as OpenMetrics text. A series appears with its first \
            count.\nNo label holds a phone number, an account, a caller or anything else of a request: their values are names \
            that the program\nknows. `deploy/prometheus/alerts.yml` holds rules for what needs a person, and \
            `deploy/grafana/dashboard.json` shows the rest.\n\n\
            | metric | kind | labels | says |\n| --- | --- | --- | --- |\n";
        format!("{head}{}", rows.collect::<String>())
    }

    #[test]
    fn the_list_in_the_documentation_is_what_is_registered() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let expected = page(&Metrics::new());
        let found = std::fs::read_to_string(root.join("docs/metrics.md")).unwrap_or_default();
        if found != expected {
            std::fs::write(root.join("target/metrics.md"), expected).unwrap();
            panic!("docs/metrics.md is not what is registered: cp target/metrics.md docs/metrics.md");
        }
    }

    /// Whatever is scraped is documented, with the labels that it has.
    #[test]
    fn nothing_is_scraped_that_is_not_described() {
        let metrics = Metrics::new();
        metrics.decided("DENY", "PORT_OUT", ["LOCKED"]);
        metrics.answered("Decide", "OK", Duration::from_micros(300));
        metrics.reloaded(true);
        metrics.policy_reloaded(true);
        metrics.store_register_reloaded(true);
        metrics.shadow_reloaded(true);
        metrics.shadowed("PORT_OUT", "DENY", "APPROVE");
        metrics.shed("Decide", "calls_in_flight");
        metrics.told("LOG_IN_FAILED", "RECORDED");
        metrics.key_set_fetched(true);
        metrics.suspected("CHANNEL_MISMATCH");
        metrics.standing().touch();
        metrics.store_calls().stepped("load", Duration::from_millis(1), false);
        metrics.store_calls().unproven();
        metrics.store_calls().moved();
        metrics.notices().taken(0.1);
        metrics.notices().behind(None);
        let text = metrics.encode().unwrap();
        let samples: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        for described in metrics.described() {
            assert!(samples.iter().any(|line| line.starts_with(&described.name)), "{} is never told", described.name);
            assert!(
                !described.help.is_empty() && !described.help.ends_with('.'),
                "{}: `{}`",
                described.name,
                described.help
            );
        }
        for sample in samples {
            let (name, rest) = sample.split_at(sample.find(['{', ' ']).unwrap());
            let stem = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
            let is_it = |name| metrics.described().iter().find(|described| described.name == name);
            let described = stem.and_then(is_it).or_else(|| is_it(name)).unwrap_or_else(|| panic!("{sample}"));
            let labels = rest.strip_prefix('{').map_or("", |rest| rest.split('}').next().unwrap());
            for label in labels.split(',').filter(|label| !label.is_empty()) {
                let label = label.split('=').next().unwrap();
                assert!(label == "le" || described.labels.contains(&label), "{sample}");
            }
        }
    }
}
