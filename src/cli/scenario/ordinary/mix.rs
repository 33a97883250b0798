//! What the mix says.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::TimeDelta;
use serde::Deserialize;

use super::super::cast::who;
use super::super::dice::Weighed;
use super::super::file::{Household, Step, length};
use crate::cli::failure::Failure;
use crate::cli::serve::read_public;

/// The mix that comes with the program.
const BUILT_IN: (&str, &str) = ("traffic/ordinary-day.toml", include_str!("../../../../traffic/ordinary-day.toml"));

/// A mix.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mix {
    pub(super) seed: u64,
    /// How many decisions are asked for.
    pub(super) requests: u32,
    pub(super) stores: u32,
    pub(super) counters_per_store: u32,
    pub(super) care_agents: u32,
    /// How long somebody at a counter or in care is with one customer.
    pub(super) visit: String,
    /// The hours of the day between which stores are open.
    pub(super) opens: u32,
    pub(super) closes: u32,
    /// Matters that begin in each hour of the day, beside each other.
    pub(super) hours: Vec<u32>,
    pub(super) carriers: Vec<Weighed<String>>,
    pub(super) households: Households,
    pub(super) habits: Habits,
    #[serde(rename = "matter")]
    pub(super) matters: Vec<Matter>,
}

/// What households are like.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Households {
    pub(super) kind: Vec<Weighed<String>>,
    pub(super) pin_set: Vec<Weighed<String>>,
    pub(super) phone_added: Vec<Weighed<String>>,
    pub(super) sim_changed: Vec<Weighed<String>>,
    pub(super) heightened_in_thousand: u32,
}

/// What customers do besides what they came for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Habits {
    pub(super) pin_mistyped_in_thousand: u32,
    pub(super) again_in_thousand: u32,
    pub(super) store_miles: Vec<Weighed<String>>,
}

/// Something that customers come with.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Matter {
    pub(super) id: String,
    pub(super) about: String,
    /// How often, beside the others.
    pub(super) weight: u32,
    /// How long before its hour of the day it begins.
    pub(super) lead: Option<String>,
    #[serde(default)]
    pub(super) household: Household,
    /// What would answer its challenge, and is not built.
    pub(super) waits_for: Option<String>,
    #[serde(rename = "step")]
    pub(super) steps: Vec<Part>,
}

/// One step of a matter.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Part {
    /// How long after the step before it.
    pub(super) after: Option<String>,
    /// Asked only where what was asked about this line was not approved.
    #[serde(default)]
    pub(super) again: bool,
    /// How often, a minute apart.
    #[serde(default = "one")]
    pub(super) times: u32,
    pub(super) who: String,
    #[serde(rename = "do")]
    pub(super) action: String,
    #[serde(default = "one")]
    pub(super) line: u32,
    pub(super) channel: Option<String>,
    pub(super) cause: Option<String>,
    pub(super) set: Option<String>,
    #[serde(default)]
    pub(super) offer: Vec<String>,
    #[serde(default)]
    pub(super) signals: BTreeMap<String, toml::Value>,
    pub(super) event: Option<toml::Table>,
}

const fn one() -> u32 {
    1
}

impl Mix {
    /// The mix of a file, or the built-in one.
    pub(super) fn read(file: Option<&Path>) -> Result<Self, Failure> {
        let (name, text) = match file {
            None => (BUILT_IN.0.to_owned(), BUILT_IN.1.to_owned()),
            Some(path) => (path.display().to_string(), read_public("--mix", path)?),
        };
        let mix: Self = toml::from_str(&text).map_err(|error| Failure::invalid(format!("{name}: {error}")))?;
        let wrong = |what: String| Failure::invalid(format!("{name}: {what}"));
        if mix.hours.len() != 24 || mix.opens >= mix.closes || mix.closes > 24 {
            return Err(wrong("`hours` has 24 hours, and stores open before they close".to_owned()));
        }
        if [mix.stores, mix.counters_per_store, mix.care_agents].contains(&0) {
            return Err(wrong("there are stores, counters and agents".to_owned()));
        }
        for matter in &mix.matters {
            let about = |failure: Failure| wrong(format!("matter `{}`: {}", matter.id, failure.message()));
            matter.lead().map_err(about)?;
            for part in &matter.steps {
                who(&part.who).map_err(about)?;
                part.after().map_err(about)?;
            }
        }
        Ok(mix)
    }

    /// How long somebody is with one customer.
    pub(super) fn visit(&self) -> Result<TimeDelta, Failure> {
        length(&self.visit, "visit")
    }
}

impl Matter {
    /// How long before its hour of the day it begins.
    pub(super) fn lead(&self) -> Result<TimeDelta, Failure> {
        self.lead.as_deref().map_or(Ok(TimeDelta::zero()), |text| length(text, "lead"))
    }

    /// Whether it is lived in a store.
    pub(super) fn is_in_store(&self) -> bool {
        self.steps.iter().any(|part| who(&part.who).is_ok_and(|who| who.store.is_some()))
    }

    /// Whether it is lived with somebody in care.
    pub(super) fn is_in_care(&self) -> bool {
        self.steps.iter().any(|part| part.who == "care")
    }
}

impl Part {
    /// How long after the step before it.
    pub(super) fn after(&self) -> Result<TimeDelta, Failure> {
        self.after.as_deref().map_or(Ok(TimeDelta::zero()), |text| length(text, "after"))
    }

    /// Whether it is lived on the owner's own phone.
    pub(super) fn is_on_owners_phone(&self) -> bool {
        self.who == "owner"
    }

    /// As a step of a scenario.
    pub(super) fn step(&self) -> Step {
        Step {
            at: "0".to_owned(),
            who: self.who.clone(),
            action: self.action.clone(),
            household: 1,
            line: self.line,
            channel: self.channel.clone(),
            cause: self.cause.clone(),
            device: None,
            network: None,
            over_till: false,
            hours_ended: None,
            sim: None,
            imei: None,
            gaining: None,
            set: self.set.clone(),
            offer: self.offer.clone(),
            signals: self.signals.clone(),
            event: self.event.clone(),
            same_request: false,
            times: 1,
            every: None,
            each_household: false,
            outcome: String::new(),
            reasons: None,
            required: None,
            codes: None,
            came_to: None,
            waits_for: None,
            delivery: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Mix;

    #[test]
    fn the_built_in_mix_is_one() {
        let mix = Mix::read(None).unwrap();
        assert!(mix.matters.len() > 30 && mix.requests == 20_000);
        assert!(mix.matters.iter().all(|matter| !matter.steps.is_empty() && !matter.about.is_empty()));
    }
}
