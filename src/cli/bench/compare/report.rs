//! The figures, and the bars they are held against.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::super::figures::{median, ratio};
use super::super::report::rounded;
use super::counter::Mix;
use super::policies::Compared;
use super::run::Cell;
use crate::cli::output::{Answer, pairs, table};

/// What was measured.
pub(in crate::cli::bench) struct Report {
    pub(super) accounts: u64,
    pub(super) rounds: u32,
    pub(super) limit: Duration,
    pub(super) connections: usize,
    pub(super) streams: usize,
    pub(super) cells: Vec<Cell>,
}

/// How much dearer a decision may be than one by the minimal policy that writes no window: the mix of the default policy, its
/// name, and the most.
const BARS: [(Mix, &str, f64); 2] =
    [(Mix::NoWindow, "without_windows", 0.15), (Mix::TwoWindows, "with_two_windows", 0.35)];

/// How much dearer, by what was answered in a time and by the cores' own time.
struct Dearer {
    time: f64,
    cpu: f64,
}

impl Report {
    fn cell(&self, policy: Compared, mix: Mix) -> Option<&Cell> {
        self.cells.iter().find(|cell| cell.policy == policy.name() && cell.mix == mix)
    }

    /// How much dearer one is than another: the median of each round's own ratio.
    fn dearer(&self, one: (Compared, Mix), than: (Compared, Mix)) -> Option<Dearer> {
        let (one, than) = (self.cell(one.0, one.1)?, self.cell(than.0, than.1)?);
        Some(Dearer {
            time: ratio(&than.per_second, &one.per_second) - 1.0,
            cpu: ratio(&one.cpu_us, &than.cpu_us) - 1.0,
        })
    }

    /// The ratios that have a bar: name, how much dearer, and the most.
    fn held(&self) -> Vec<(&'static str, Dearer, f64)> {
        let floor = (Compared::Minimal, Mix::NoWindow);
        let one = |(mix, name, most)| self.dearer((Compared::Default, mix), floor).map(|dearer| (name, dearer, most));
        BARS.into_iter().filter_map(one).collect()
    }

    /// What the rules alone cost where both policies write windows.
    fn rules_alone(&self) -> Option<Dearer> {
        self.dearer((Compared::Default, Mix::TwoWindows), (Compared::Minimal, Mix::TwoWindows))
    }

    fn errors(&self) -> BTreeMap<&'static str, u64> {
        let mut all = BTreeMap::new();
        for (status, count) in self.cells.iter().flat_map(|cell| &cell.tally.errors) {
            *all.entry(*status).or_default() += count;
        }
        all
    }
}

impl Answer for Report {
    fn json(&self) -> Value {
        let load = |cell: &Cell| {
            json!({
                "policy": cell.policy,
                "mix": cell.mix.name(),
                "decide_per_s": rounded(median(&cell.per_second)),
                "decide_cpu_us": rounded(median(&cell.cpu_us)),
                "p50_us": cell.tally.quantile_us(0.5),
                "p99_us": cell.tally.quantile_us(0.99),
                "windows_charged": rounded(cell.windows),
                "outcomes": cell.tally.outcomes,
            })
        };
        let setting = json!({
            "store": "embedded",
            "accounts": self.accounts,
            "rounds": self.rounds,
            "round_seconds": rounded(self.limit.as_secs_f64()),
            "connections": self.connections,
            "streams": self.streams,
            "loads": self.cells.iter().map(load).collect::<Vec<_>>(),
            "errors": self.errors().values().sum::<u64>(),
            "errors_by_status": self.errors(),
        });
        let held = self.held().into_iter().flat_map(|(name, Dearer { time, cpu }, most)| {
            let figures = [("", rounded(time)), ("_cpu", rounded(cpu)), ("_at_most", most)];
            figures.map(|(of, figure)| (format!("dearer_{name}{of}"), Value::from(figure)))
        });
        let rules = self.rules_alone().map(|dearer| rounded(dearer.time).into());
        let rules = rules.map(|dearer| ("dearer_by_rules_beside_windows".to_owned(), dearer));
        let setting = if let Value::Object(setting) = setting { setting } else { Map::new() };
        setting.into_iter().chain(held).chain(rules).collect::<Map<_, _>>().into()
    }

    fn text(&self) -> String {
        let rows = self.cells.iter().map(|cell| {
            [
                cell.policy.to_owned(),
                cell.mix.name().to_owned(),
                format!("{:.0}", median(&cell.per_second)),
                format!("{:.0}", median(&cell.cpu_us)),
                cell.tally.quantile_us(0.5).to_string(),
                cell.tally.quantile_us(0.99).to_string(),
                format!("{:.2}", cell.windows),
            ]
        });
        let told = self.held().into_iter().map(|(name, Dearer { time, cpu }, most)| {
            let verdict = if time <= most { "kept" } else { "missed" };
            let figures = format!("{:.1} % dearer, {:.1} % in the cores' time", 100.0 * time, 100.0 * cpu);
            (name, format!("{figures}; at most {:.0} %: {verdict}", 100.0 * most))
        });
        let held: Vec<(&str, String)> = told.collect();
        let errors: Vec<String> = self.errors().iter().map(|(status, count)| format!("{count} {status}")).collect();
        let facts = pairs(held.into_iter().chain([
            ("accounts", self.accounts.to_string()),
            ("load", format!("{} connections of {} streams, TLS", self.connections, self.streams)),
            ("errors", if errors.is_empty() { "none".to_owned() } else { errors.join(", ") }),
        ]));
        let header = ["POLICY", "MIX", "PER SECOND", "CPU US", "P50 US", "P99 US", "WINDOWS"];
        format!("{}\n\n{facts}", table(header, rows))
    }
}
