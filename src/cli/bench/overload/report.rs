//! The figures, for programs and for people.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::super::figures::{median, ratio};
use super::super::report::rounded;
use super::check::Unfounded;
use super::count::{Approval, Count};
use super::phase::Over;
use crate::cli::output::{Answer, pairs};

/// What the rounds came to.
#[derive(Default)]
pub(super) struct Figures {
    peak: Vec<f64>,
    goodput: Vec<f64>,
    /// What a decision and an echo cost the service's cores, in microseconds; nothing where that cannot be told.
    decide_cpu_us: Vec<f64>,
    echo_cpu_us: Vec<f64>,
    crowd: Count,
    locks_apart: Count,
}

impl Figures {
    /// Adds a round.
    pub(super) fn add(&mut self, peak: f64, goodput: f64, over: Over) {
        self.peak.push(peak);
        self.goodput.push(goodput);
        self.crowd.add(over.crowd);
        self.locks_apart.add(over.locks_apart);
    }

    /// Adds what a decision and an echo cost in a round.
    pub(super) fn add_costs(&mut self, a_decision: Option<f64>, an_echo: Option<f64>) {
        self.decide_cpu_us.extend(a_decision);
        self.echo_cpu_us.extend(an_echo);
    }

    /// The share of the peak that a service could still answer to which refusing a call costs as little as an echo. What is
    /// left of its time after `over` calls were received, a share of `r` each, is for decisions: with `g` of them answered,
    /// `g + (over - g) * r` is 1.
    fn goodput_at_most(&self, over: f64) -> Option<f64> {
        let share = ratio(&self.echo_cpu_us, &self.decide_cpu_us);
        (share > 0.0).then(|| ((1.0 - over * share) / (1.0 - share)).max(0.0))
    }

    /// All approvals, to be checked.
    pub(super) fn take_approvals(&mut self) -> Vec<Approval> {
        std::mem::take(&mut self.crowd.approvals)
    }
}

/// Everything that was measured.
pub(in crate::cli::bench) struct Report {
    pub(super) accounts: u64,
    pub(super) cores: (u32, u32),
    pub(super) connections: usize,
    pub(super) seconds: f64,
    pub(super) over: f64,
    pub(super) answer_time_max: Duration,
    pub(super) figures: Figures,
    pub(super) checked: usize,
    pub(super) unfounded: Vec<Unfounded>,
}

impl Report {
    fn errors(&self) -> BTreeMap<&'static str, u64> {
        let mut all = self.figures.crowd.errors();
        for (status, count) in self.figures.locks_apart.errors() {
            *all.entry(status).or_default() += count;
        }
        all
    }
}

impl Answer for Report {
    fn json(&self) -> Value {
        let Figures { peak, goodput, decide_cpu_us, echo_cpu_us, crowd, locks_apart } = &self.figures;
        let bound = self.figures.goodput_at_most(self.over);
        let locks = |count: &Count| {
            json!({
                "set": count.locks.answered(),
                "shed": count.shed[1],
                "p50_us": count.locks.quantile_us(0.5),
                "p99_us": count.locks.quantile_us(0.99),
                "max_us": count.locks.quantile_us(1.0),
            })
        };
        json!({
            "store": "embedded",
            "accounts": self.accounts,
            "seconds": rounded(self.seconds),
            "service_cores": self.cores.0,
            "offering_cores": self.cores.1,
            "connections": self.connections,
            "answer_time_max_seconds": self.answer_time_max.as_secs_f64(),
            "peak_per_s": rounded(median(peak)),
            "offered_over_peak": self.over,
            "goodput_per_s": rounded(median(goodput)),
            "goodput_over_peak": rounded(ratio(goodput, peak)),
            "decide_cpu_us": bound.map(|_| rounded(median(decide_cpu_us))),
            "echo_cpu_us": bound.map(|_| rounded(median(echo_cpu_us))),
            "goodput_over_peak_at_most": bound.map(rounded),
            "goodput_over_bound": bound.map(|bound| rounded(ratio(goodput, peak) / bound.max(f64::EPSILON))),
            "decide_p50_us": crowd.decisions.quantile_us(0.5),
            "decide_p99_us": crowd.decisions.quantile_us(0.99),
            "outcomes": crowd.decisions.outcomes,
            "offered": crowd.offered + locks_apart.offered,
            "shed": crowd.shed[0],
            "not_sent": crowd.not_sent + locks_apart.not_sent,
            "locks_over_their_own_connection": locks(locks_apart),
            "locks_over_the_crowds_connections": locks(crowd),
            "approvals_checked": self.checked,
            "approvals_unfounded": self.unfounded.len(),
            "unfounded": self.unfounded,
            "errors": self.errors().values().sum::<u64>(),
            "errors_by_status": self.errors(),
            "first_break": crowd.broken,
        })
    }

    fn text(&self) -> String {
        let Figures { peak, goodput, decide_cpu_us, echo_cpu_us, crowd, locks_apart } = &self.figures;
        let bound = match self.figures.goodput_at_most(self.over) {
            Some(bound) => format!(
                "{bound:.2} of the peak, if a refusal costs an echo: {:.0} us of a decision's {:.0}",
                median(echo_cpu_us),
                median(decide_cpu_us)
            ),
            None => "not told: the service has no cores of its own".to_owned(),
        };
        let locks = |count: &Count| {
            let quantile = |share| {
                format!("{:.1} ms", f64::from(u32::try_from(count.locks.quantile_us(share)).unwrap_or(u32::MAX)) / 1e3)
            };
            format!(
                "{} set, {} refused, p50 {}, p99 {}",
                count.locks.answered(),
                count.shed[1],
                quantile(0.5),
                quantile(0.99)
            )
        };
        let errors: Vec<String> = self.errors().iter().map(|(status, count)| format!("{count} {status}")).collect();
        pairs([
            ("cores", format!("{} of the service, {} of who offers", self.cores.0, self.cores.1)),
            ("peak", format!("{:.0} decisions a second", median(peak))),
            ("offered", format!("{:.1} times as many, on {} connections", self.over, self.connections)),
            ("answered", format!("{:.0} a second, {:.2} of the peak", median(goodput), ratio(goodput, peak))),
            ("at most", bound),
            ("refused", format!("{} unread, {} not sent in time", crowd.shed[0], crowd.not_sent)),
            ("locks", locks(locks_apart)),
            ("in the crowd", locks(crowd)),
            (
                "approvals",
                format!("{} checked against their records, {} unfounded", self.checked, self.unfounded.len()),
            ),
            ("errors", if errors.is_empty() { "none".to_owned() } else { errors.join(", ") }),
        ])
    }
}
