//! The figures, for programs and for people.

use serde_json::{Value, json};

use super::super::figures::{figure, median};
use super::super::report::rounded;
use super::super::rounds::Rig;
use super::super::tally::Tally;
use super::phase::{Queued, Turn};
use crate::cli::output::{Answer, pairs};

/// What an approval is called in its notice.
const APPROVED: &str = "APPROVED";

/// Everything that was measured.
pub(in crate::cli::bench) struct Report {
    accounts: u64,
    queue: u64,
    connections: usize,
    peak: f64,
    rate: f64,
    turns: usize,
    /// Latencies of all turns: alone, beside notices.
    alone: Tally,
    beside: Tally,
    /// What 99 of 100 took at most beside notices, over the same alone: of each turn.
    ratios: Vec<f64>,
    told_per_second: Vec<f64>,
    approved: u64,
    /// Approvals of which a notice came.
    known: u64,
    messages: u64,
    twice: u64,
    unreadable: u64,
}

impl Turn {
    /// Notices a second that were taken beside decisions.
    pub(super) fn told_per_second(&self) -> f64 {
        figure(self.told) / self.took.as_secs_f64().max(f64::EPSILON)
    }

    fn ratio(&self) -> f64 {
        figure(self.beside.quantile_us(0.99)) / figure(self.alone.quantile_us(0.99).max(1))
    }
}

fn count(many: usize) -> u64 {
    u64::try_from(many).unwrap_or(u64::MAX)
}

impl Report {
    /// Of all turns, and of all that came.
    pub(super) fn new(
        queued: &Queued<'_>,
        rig: &Rig<'_>,
        (peak, rate): (f64, f64),
        (approved, turns): (u64, Vec<Turn>),
    ) -> Self {
        let (mut alone, mut beside) = (Tally::default(), Tally::default());
        for turn in &turns {
            alone.add(&turn.alone);
            beside.add(&turn.beside);
        }
        let received = queued.receiver.received();
        Self {
            accounts: queued.accounts,
            queue: queued.queue,
            connections: rig.deciders.len(),
            peak,
            rate,
            turns: turns.len(),
            alone,
            beside,
            ratios: turns.iter().map(Turn::ratio).collect(),
            told_per_second: turns.iter().map(Turn::told_per_second).collect(),
            approved,
            known: received.records.get(APPROVED).map_or(0, |records| count(records.len())),
            messages: received.messages,
            twice: received.messages - received.unreadable - count(received.ids.len()),
            unreadable: received.unreadable,
        }
    }

    fn lost(&self) -> u64 {
        self.approved.saturating_sub(self.known)
    }

    fn errors(&self) -> u64 {
        [&self.alone, &self.beside].into_iter().flat_map(|tally| tally.errors.values()).sum()
    }
}

impl Answer for Report {
    fn json(&self) -> Value {
        let latencies = |tally: &Tally| {
            json!({
                "answered": tally.answered(),
                "p50_us": tally.quantile_us(0.5),
                "p99_us": tally.quantile_us(0.99),
                "max_us": tally.quantile_us(1.0),
                "errors_by_status": tally.errors,
            })
        };
        json!({
            "accounts": self.accounts,
            "connections": self.connections,
            "peak_per_s": rounded(self.peak),
            "rate_per_s": rounded(self.rate),
            "queued": self.queue,
            "turns": self.turns,
            "alone": latencies(&self.alone),
            "beside_notices": latencies(&self.beside),
            "p99_over_alone": rounded(median(&self.ratios)),
            "p99_over_alone_by_turn": self.ratios.iter().map(|ratio| rounded(*ratio)).collect::<Vec<_>>(),
            "notices_per_s": rounded(median(&self.told_per_second)),
            "approvals": self.approved,
            "approvals_told": self.known,
            "approvals_not_told": self.lost(),
            "messages": self.messages,
            "messages_twice": self.twice,
            "messages_unreadable": self.unreadable,
            "errors": self.errors(),
        })
    }

    fn text(&self) -> String {
        let latencies = |tally: &Tally| {
            let quantile = |share| figure(tally.quantile_us(share)) / 1e3;
            format!("p50 {:.1} ms, p99 {:.1} ms, {} answered", quantile(0.5), quantile(0.99), tally.answered())
        };
        pairs([
            ("peak", format!("{:.0} decisions a second", self.peak)),
            ("asked", format!("{:.0} a second, in {} turns", self.rate, self.turns)),
            ("alone", latencies(&self.alone)),
            ("with notices", latencies(&self.beside)),
            ("p99", format!("{:.2} times as long with notices: the median of the turns", median(&self.ratios))),
            (
                "notices",
                format!(
                    "{:.0} a second, {} messages, {} of them twice",
                    median(&self.told_per_second),
                    self.messages,
                    self.twice
                ),
            ),
            ("approvals", format!("{}, of which {} were not told", self.approved, self.lost())),
            ("errors", self.errors().to_string()),
        ])
    }
}
