//! What may vary in which scenario, and what the owner's own proof changes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

use super::super::cast::who;
use super::super::file::{Scenario, Step, all};
use super::super::play::APPROVE;
use crate::cli::failure::Failure;
use crate::cli::serve::read_public;

/// The families that come with the program.
const BUILT_IN: (&str, &str) =
    ("traffic/attack-variations.toml", include_str!("../../../../traffic/attack-variations.toml"));

/// All families.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    seed: u64,
    variations: u32,
    #[serde(rename = "family")]
    families: Vec<Told>,
}

/// A family as the file tells it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Told {
    pub(super) id: String,
    #[serde(default = "four")]
    pub(super) weight: u32,
    until: Option<usize>,
    #[serde(default = "usual_time")]
    pub(super) time: [u32; 2],
    #[serde(default)]
    pub(super) who: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub(super) channel: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub(super) orders: Vec<Vec<usize>>,
    #[serde(default)]
    fixed: Vec<Part>,
    pub(super) honest: Option<usize>,
    pub(super) never: Option<usize>,
    pub(super) why: Option<String>,
}

const fn four() -> u32 {
    4
}

const fn usual_time() -> [u32; 2] {
    [40, 160]
}

/// What may vary in every attack, unless it is fixed.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Part {
    /// The first line or the second.
    Line,
    /// The cause of the SIM change.
    Cause,
    /// What other systems have observed.
    Signals,
    /// Whether who asks knows the PIN.
    Pin,
}

/// A family with its scenario.
pub(super) struct Family {
    pub(super) told: Told,
    pub(super) scenario: Scenario,
    /// The steps that are played, with their numbers.
    pub(super) steps: Vec<(usize, Step)>,
}

/// What is to be played.
pub(super) struct Families {
    pub(super) seed: u64,
    pub(super) variations: u32,
    pub(super) all: Vec<Family>,
    /// The attacks that wait for what is not built, with every step of theirs.
    pub(super) waiting: Vec<String>,
}

/// Whether a step is what honest people do in the scenario.
pub(super) fn is_honest(step: &Step) -> bool {
    matches!(step.outcome.as_str(), APPROVE | "DONE")
}

impl Families {
    /// The families of a file, or the built-in ones, with the scenarios of a folder.
    pub(super) fn read(folder: &Path, file: Option<&Path>) -> Result<Self, Failure> {
        let (name, text) = match file {
            None => (BUILT_IN.0.to_owned(), BUILT_IN.1.to_owned()),
            Some(path) => (path.display().to_string(), read_public("--families", path)?),
        };
        let file: File = toml::from_str(&text).map_err(|error| Failure::invalid(format!("{name}: {error}")))?;
        let mut scenarios = all(folder)?;
        let mut families = Vec::new();
        for told in file.families {
            let about = |what: &str| Failure::invalid(format!("{name}: family `{}`: {what}", told.id));
            let place = scenarios.iter().position(|(_, scenario)| scenario.id == told.id);
            let place = place.ok_or_else(|| about("there is no such scenario, or another family has it"))?;
            let (_, scenario) = scenarios.swap_remove(place);
            let numbered = (1..).zip(scenario.steps.iter().cloned());
            let played = |(number, step): &(usize, Step)| {
                step.waits_for.is_none() && told.until.is_none_or(|until| *number <= until)
            };
            let steps: Vec<(usize, Step)> = numbered.filter(played).collect();
            told.check(&steps).map_err(|what| about(&what))?;
            families.push(Family { told, scenario, steps });
        }
        let left =
            scenarios.into_iter().filter(|(path, _)| path.parent().is_some_and(|folder| folder.ends_with("attacks")));
        let mut waiting = Vec::new();
        for (_, scenario) in left {
            let id = scenario.id;
            if scenario.steps.iter().any(|step| step.waits_for.is_none() && !is_honest(step)) {
                return Err(Failure::invalid(format!("{name}: the attack `{id}` has no family")));
            }
            waiting.push(id);
        }
        Ok(Self { seed: file.seed, variations: file.variations, all: families, waiting })
    }
}

impl Told {
    /// Whether a part of it may vary.
    pub(super) fn varies(&self, part: Part) -> bool {
        !self.fixed.contains(&part)
    }

    fn check(&self, steps: &[(usize, Step)]) -> Result<(), String> {
        let numbers: BTreeSet<usize> = steps.iter().map(|(number, _)| *number).collect();
        for number in self.orders.iter().flatten().chain(&self.honest).chain(&self.never) {
            if !numbers.contains(number) {
                return Err(format!("step {number} is not played"));
            }
        }
        if self.never.is_some() != self.why.is_some() {
            return Err("`never` says `why`".to_owned());
        }
        if self.honest.is_none() && self.never.is_none() {
            return Err("say what the owner's proof changes: `honest`, or `never`".to_owned());
        }
        for name in self.who.iter().flat_map(|(from, to)| to.iter().chain([from])).chain(self.channel.keys()) {
            who(name).map_err(|failure| failure.message().clone())?;
        }
        if self.time[0] > self.time[1] || self.time[0] == 0 {
            return Err("`time` is the least and the most percent".to_owned());
        }
        Ok(())
    }
}
