//! What came of all variations.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::families::Families;
use super::turn::{Turn, Way};
use crate::cli::output::{Answer, pairs, parts, table};

/// Problems that are told in words; the others are counted.
const TOLD_MAX: usize = 20;

/// What came of a family.
#[derive(Default)]
pub(super) struct Came {
    id: String,
    /// Why the owner's proof does not help at one of its steps.
    why: Option<String>,
    variations: u32,
    /// Attacks in which a step was approved or done, or what honest people do in them was not.
    attacks_wrong: u32,
    /// What the owner proved: how often, and how often it was not approved.
    proven: u32,
    proven_wrong: u32,
    /// The same where it must not help: how often, and how often it was approved all the same.
    in_vain: u32,
    in_vain_wrong: u32,
    /// The attacks' steps by what they came to.
    outcomes: BTreeMap<String, u32>,
}

/// What came of all.
pub(super) struct Report {
    seed: u64,
    variations: u32,
    families: Vec<Came>,
    waiting: Vec<String>,
    problems: Vec<String>,
    pub(super) took: Duration,
}

impl Report {
    pub(super) fn new(families: &Families, seed: u64, variations: u32) -> Self {
        let came = families.all.iter().map(|family| Came {
            id: family.told.id.clone(),
            why: family.told.why.clone(),
            ..Came::default()
        });
        Self {
            seed,
            variations,
            families: came.collect(),
            waiting: families.waiting.clone(),
            problems: Vec::new(),
            took: Duration::ZERO,
        }
    }

    /// Counts a turn.
    pub(super) fn note(&mut self, family: usize, way: Way, turn: Turn) {
        let Some(came) = self.families.get_mut(family) else { return };
        let is_wrong = turn.problem.is_some();
        let (count, wrong) = match way {
            Way::Attack => (&mut came.variations, &mut came.attacks_wrong),
            Way::Honest(_) => (&mut came.proven, &mut came.proven_wrong),
            Way::Never(_) => (&mut came.in_vain, &mut came.in_vain_wrong),
        };
        *count = count.saturating_add(1);
        *wrong = wrong.saturating_add(u32::from(is_wrong));
        if way == Way::Attack {
            for (outcome, steps) in turn.outcomes {
                let count = came.outcomes.entry(outcome).or_default();
                *count = count.saturating_add(steps);
            }
        }
        if let Some(problem) = turn.problem.filter(|_| self.problems.len() < TOLD_MAX) {
            let how = match way {
                Way::Attack => "the attack",
                Way::Honest(_) => "with the owner's proof",
                Way::Never(_) => "with the owner's proof, in vain",
            };
            self.problems.push(format!("{}, {how}, {problem}", came.id));
        }
    }

    /// Whether anything is not as it must be.
    pub(super) fn has_problems(&self) -> bool {
        !self.problems.is_empty()
    }

    fn sum(&self, of: impl Fn(&Came) -> u32) -> u32 {
        self.families.iter().map(of).sum()
    }
}

impl Answer for Report {
    fn json(&self) -> Value {
        let family = |came: &Came| {
            json!({
                "id": came.id,
                "variations": came.variations,
                "attacks_wrong": came.attacks_wrong,
                "proven": came.proven,
                "proven_and_not_approved": came.proven_wrong,
                "proven_in_vain": came.in_vain,
                "proven_in_vain_and_approved": came.in_vain_wrong,
                "why_in_vain": came.why,
                "outcomes": came.outcomes,
            })
        };
        json!({
            "seed": self.seed,
            "variations": self.variations,
            "seconds": (self.took.as_secs_f64() * 10.0).round() / 10.0,
            "attacks_wrong": self.sum(|came| came.attacks_wrong),
            "proven": self.sum(|came| came.proven),
            "proven_and_not_approved": self.sum(|came| came.proven_wrong),
            "proven_in_vain": self.sum(|came| came.in_vain),
            "proven_in_vain_and_approved": self.sum(|came| came.in_vain_wrong),
            "families": self.families.iter().map(family).collect::<Vec<_>>(),
            "waiting_for_what_is_not_built": self.waiting,
            "problems": self.problems,
        })
    }

    fn text(&self) -> String {
        let rows = self.families.iter().map(|came| {
            let outcomes: Vec<String> =
                came.outcomes.iter().map(|(outcome, count)| format!("{count} {outcome}")).collect();
            let of = |wrong: u32, all: u32| {
                if all == 0 { String::new() } else { format!("{} of {all}", all - wrong.min(all)) }
            };
            [
                came.id.clone(),
                of(came.attacks_wrong, came.variations),
                of(came.proven_wrong, came.proven),
                of(came.in_vain_wrong, came.in_vain),
                outcomes.join(", "),
                came.why.clone().unwrap_or_default(),
            ]
        });
        let header = ["ATTACK", "HELD OFF", "OWNER APPROVED", "IN VAIN", "STEPS CAME TO", "WHY IN VAIN"];
        let facts = pairs([
            ("variations", format!("{}, each different, seed {}", self.variations, self.seed)),
            ("approved", self.sum(|came| came.attacks_wrong).to_string()),
            (
                "owners",
                format!(
                    "{} proven, {} of them not approved",
                    self.sum(|came| came.proven),
                    self.sum(|came| came.proven_wrong)
                ),
            ),
            ("waiting", self.waiting.join(" ")),
        ]);
        parts([table(header, rows), self.problems.join("\n"), facts])
    }
}
