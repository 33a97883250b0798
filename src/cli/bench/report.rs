//! The figures, for programs and for people.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::figures::figure;
use super::import::Imported;
use super::pins::Pins;
use super::rounds::Rounds;
use super::solo::Solo;
use super::tally::Tally;
use crate::cli::output::{Answer, pairs, table};

/// Everything that was measured.
pub(super) struct Report {
    /// Which store.
    pub(super) store: &'static str,
    /// Accounts of the population.
    pub(super) accounts: u64,
    /// Seconds of each load.
    pub(super) seconds: u64,
    /// Connections of the load.
    pub(super) connections: usize,
    /// Calls open at a time on each.
    pub(super) streams: usize,
    /// Bytes of a question and of an answer: the echo's too.
    pub(super) sizes: (usize, usize),
    /// The check of an app approval's signature, in microseconds.
    pub(super) approval_check_us: f64,
    /// The population's import.
    pub(super) import: Imported,
    /// Bare store, decisions, echo.
    pub(super) rounds: Rounds,
    /// Decisions at a steady rate.
    pub(super) open: Tally,
    /// That rate, a second.
    pub(super) open_rate: f64,
    /// One caller alone.
    pub(super) solo: Solo,
    /// Decisions and imports with PINs.
    pub(super) pins: Pins,
}

impl Report {
    /// Calls that were not answered, by status, over all loads.
    fn errors(&self) -> BTreeMap<&'static str, u64> {
        let mut all = self.rounds.floor_errors.clone();
        let loads = [&self.rounds.decide, &self.open, &self.solo.decide, &self.solo.commit, &self.pins.decide];
        for (status, count) in loads.iter().flat_map(|load| &load.errors) {
            *all.entry(status).or_default() += count;
        }
        all
    }

    fn share(&self, outcome: &str) -> f64 {
        let decide = &self.rounds.decide;
        let count = decide.outcomes.get(outcome).copied().unwrap_or_default();
        figure(count) / figure(decide.answered()).max(1.0)
    }
}

impl Report {
    fn setting(&self) -> Value {
        json!({
            "store": self.store,
            "accounts": self.accounts,
            "seconds": self.seconds,
            "connections": self.connections,
            "streams": self.streams,
            "tls": true,
            "echo_authenticates": false,
            "policy": "us_default",
            "approval_proof": "app_approval_ed25519",
            "approval_check_us": rounded(self.approval_check_us),
            "request_bytes": self.sizes.0,
            "response_bytes": self.sizes.1,
            "import_per_s": rounded(self.import.per_second()),
            "import_seconds": rounded(self.import.took.as_secs_f64()),
        })
    }

    fn load(&self) -> Value {
        let Self { rounds, open, .. } = self;
        let [bare_cpu_us, decide_cpu_us, echo_cpu_us] = rounds.cpu_us().map(rounded);
        json!({
            "decide_per_s": rounded(rounds.decide_per_s()),
            "echo_per_s": rounded(rounds.echo_per_s()),
            "decide_over_echo": rounded(rounds.over_echo()),
            "bare_store_per_s": rounded(rounds.bare_per_s()),
            "decide_over_bare_store": rounded(rounds.over_bare()),
            "bare_store_cpu_us": bare_cpu_us,
            "decide_cpu_us": decide_cpu_us,
            "echo_cpu_us": echo_cpu_us,
            "outcomes": rounds.decide.outcomes,
            "p50_us": rounds.decide.quantile_us(0.5),
            "p90_us": rounds.decide.quantile_us(0.9),
            "p99_us": rounds.decide.quantile_us(0.99),
            "p999_us": rounds.decide.quantile_us(0.999),
            "max_us": rounds.decide.quantile_us(1.0),
            "open_rate_per_s": rounded(self.open_rate),
            "open_answered_per_s": rounded(open.per_second()),
            "open_p50_us": open.quantile_us(0.5),
            "open_p99_us": open.quantile_us(0.99),
            "open_p999_us": open.quantile_us(0.999),
        })
    }

    fn alone(&self) -> Value {
        let Solo { decide, commit, .. } = &self.solo;
        json!({
            "solo_p50_us": decide.quantile_us(0.5),
            "solo_p99_us": decide.quantile_us(0.99),
            "bare_commit_p50_us": commit.quantile_us(0.5),
            "bare_commit_p99_us": commit.quantile_us(0.99),
            "solo_over_bare_commit": rounded(self.solo.over_commit()),
            "round_trips_per_decide": rounded(self.solo.round_trips()),
        })
    }

    fn secrets(&self) -> Value {
        let pins = &self.pins;
        json!({
            "argon2_per_s": rounded(pins.argon2_per_s()),
            "pin_decide_per_s": rounded(pins.decide_per_s()),
            "pin_decide_over_argon2": rounded(pins.decide_over_argon2()),
            "pin_decide_outcomes": pins.decide.outcomes,
            "pin_import_per_s": rounded(pins.import_per_s()),
            "pin_import_over_argon2": rounded(pins.import_over_argon2()),
        })
    }
}

/// Three digits behind the point: more would be noise.
pub(super) fn rounded(figure: f64) -> f64 {
    (figure * 1_000.0).round() / 1_000.0
}

impl Answer for Report {
    fn json(&self) -> Value {
        let parts = [self.setting(), self.load(), self.alone(), self.secrets()];
        let errors = self.errors();
        let ends = json!({ "errors": errors.values().sum::<u64>(), "errors_by_status": errors });
        let parts = parts.into_iter().chain([ends]).filter_map(|part| match part {
            Value::Object(figures) => Some(figures),
            _ => None,
        });
        Value::Object(parts.flatten().collect())
    }

    fn text(&self) -> String {
        let Self { rounds, open, solo, pins, .. } = self;
        let loads = [
            ("bare store", rounds.bare_per_s(), None, rounds.over_bare()),
            ("decide", rounds.decide_per_s(), Some(&rounds.decide), 1.0),
            ("echo", rounds.echo_per_s(), None, rounds.over_echo()),
            ("decide at a steady rate", open.per_second(), Some(open), 0.0),
            ("decide, one caller", 0.0, Some(&solo.decide), 0.0),
            ("bare commit, one caller", 0.0, Some(&solo.commit), 0.0),
            ("Argon2id alone", pins.argon2_per_s(), None, pins.decide_over_argon2()),
            ("decide with a PIN", pins.decide_per_s(), Some(&pins.decide), 1.0),
        ];
        let blank = |figure: f64, text: String| if figure > 0.0 { text } else { String::new() };
        let rows = loads.map(|(name, per_second, tally, over)| {
            let quantile = |share| tally.map_or_else(String::new, |tally: &Tally| tally.quantile_us(share).to_string());
            let per_second = blank(per_second, format!("{per_second:.0}"));
            [name.to_owned(), per_second, quantile(0.5), quantile(0.99), blank(over, format!("{over:.2}"))]
        });
        let errors: Vec<String> = self.errors().iter().map(|(status, count)| format!("{count} {status}")).collect();
        let mix = ["deny", "approve", "challenge"].map(|name| format!("{:.1} % {name}", 100.0 * self.share(name)));
        let import = format!(
            "{:.0} a second; with PINs {:.0} ({:.2} of Argon2id alone)",
            self.import.per_second(),
            pins.import_per_s(),
            pins.import_over_argon2()
        );
        let approval = format!("Ed25519, {:.0} us of each approved decision", self.approval_check_us);
        let load = format!("{} connections of {} streams, TLS", self.connections, self.streams);
        let facts = pairs([
            ("accounts", self.accounts.to_string()),
            ("load", load),
            ("mix", mix.join(", ")),
            ("proof", approval),
            ("import", import),
            ("errors", if errors.is_empty() { "none".to_owned() } else { errors.join(", ") }),
        ]);
        format!("{}\n\n{facts}", table(["", "PER SECOND", "P50 US", "P99 US", "DECIDE OVER IT"], rows))
    }
}
