//! What a scenario file says.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use serde::Deserialize;

use crate::cli::failure::Failure;
use crate::cli::flags::parse_length;
use crate::cli::serve::read_public;

/// A scenario.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scenario {
    /// Its name in the list of scenarios.
    pub(super) id: String,
    /// What it is about.
    pub(super) about: String,
    /// How many households there are; the usual one is the first.
    #[serde(default = "one")]
    pub(super) households: u32,
    /// What is unlike the usual household.
    #[serde(default)]
    pub(super) household: Household,
    /// What the policy has besides.
    #[serde(default)]
    pub(super) policy: String,
    /// The steps, in the order of their times.
    #[serde(rename = "step")]
    pub(super) steps: Vec<Step>,
}

fn one() -> u32 {
    1
}

/// What is unlike the usual household: an owner with an app on a phone for 400 days, an authorised user with another, two lines,
/// a PIN of 400 days, no lock, no flag.
#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Household {
    /// POSTPAID, PREPAID or BUSINESS.
    pub(super) kind: Option<String>,
    /// How long ago the PIN was set, or "none".
    pub(super) pin_set: Option<String>,
    /// Whether the carrier made it.
    pub(super) pin_by_carrier: bool,
    /// How long ago the owner's phone was added, or "none".
    pub(super) phone_added: Option<String>,
    /// Whether the owner has the app on a tablet too.
    pub(super) tablet: bool,
    /// How long ago the lines' SIM changed.
    pub(super) sim_changed: Option<String>,
    /// PORT, SIM or ALL, on the first line.
    pub(super) locks: Vec<String>,
    /// HEIGHTENED, on the first line.
    pub(super) flags: Vec<String>,
    /// How the owner is reached, since the account was opened: email, call (not to a line of theirs), line (the first).
    pub(super) contacts: Vec<String>,
}

/// One step: something happens, and an answer must come of it.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    /// How long after the beginning.
    pub(super) at: String,
    /// Who.
    #[serde(default)]
    pub(super) who: String,
    /// What is asked: an action, or one of redeem, lock, event; COMPLETE, send-code, give, decline, not-me of the last challenge that there was.
    #[serde(rename = "do")]
    pub(super) action: String,
    /// Which household.
    #[serde(default = "one")]
    pub(super) household: u32,
    /// Which line of it.
    #[serde(default = "one")]
    pub(super) line: u32,
    /// STORE, CARE, WEB, APP, PORT, where it is not the usual one of who asks.
    pub(super) channel: Option<String>,
    /// The kind of device that their store's staff is signed in on, where it is not their own: tablet, office, pad.
    pub(super) device: Option<String>,
    /// `elsewhere`, where a store's device is not on its store's network.
    pub(super) network: Option<String>,
    /// Over a connection that shows the first store's certificate.
    #[serde(default)]
    pub(super) over_till: bool,
    /// How long ago the hours of their roster ended, where their token has some.
    pub(super) hours_ended: Option<String>,
    /// Why the SIM is changed.
    pub(super) cause: Option<String>,
    /// Which new SIM, by any name.
    pub(super) sim: Option<String>,
    /// How the new SIM gets to the customer: IN_HAND or SHIPPED.
    pub(super) delivery: Option<String>,
    /// Which handset it goes into, by any name.
    pub(super) imei: Option<String>,
    /// The gaining carrier.
    pub(super) gaining: Option<String>,
    /// A lock's set: PORT, SIM or ALL.
    pub(super) set: Option<String>,
    /// Facts and proof that are offered.
    #[serde(default)]
    pub(super) offer: Vec<String>,
    /// Observed by other systems.
    #[serde(default)]
    pub(super) signals: BTreeMap<String, toml::Value>,
    /// An event as the contract has it, without id, scope and time.
    pub(super) event: Option<toml::Table>,
    /// Under the same request id as the step before.
    #[serde(default)]
    pub(super) same_request: bool,
    /// How often, and how long apart; each for a household of its own if `each` says so.
    #[serde(default = "one")]
    pub(super) times: u32,
    pub(super) every: Option<String>,
    #[serde(default)]
    pub(super) each_household: bool,
    /// APPROVE, CHALLENGE, DENY; DONE for what is no decision; REFUSED for an error.
    pub(super) outcome: String,
    /// The reasons, in the order in which they are told; of an error its own.
    pub(super) reasons: Option<Vec<String>>,
    /// The proof that is needed: BASIC, TWO_CLASSES, STRONG.
    pub(super) required: Option<String>,
    /// The codes that a carrier is told, in the words of WICIS.
    pub(super) codes: Option<Vec<String>>,
    /// Where a code came to: a kind of contact, or nobody.
    pub(super) came_to: Option<String>,
    /// What is not built and this step needs.
    pub(super) waits_for: Option<String>,
}

impl Step {
    /// Whether a decision comes of it.
    pub(super) fn is_decided(&self) -> bool {
        !matches!(self.action.as_str(), "redeem" | "lock" | "event" | "send-code" | "give" | "decline" | "not-me")
    }

    /// How long after the beginning.
    pub(super) fn starts(&self) -> Result<TimeDelta, Failure> {
        length(&self.at, "at")
    }

    /// How long after the one before, where there are several.
    pub(super) fn pause(&self) -> Result<TimeDelta, Failure> {
        self.every.as_ref().map_or(Ok(TimeDelta::zero()), |text| length(text, "every"))
    }
}

/// A length of time in a file.
pub(super) fn length(text: &str, field: &str) -> Result<TimeDelta, Failure> {
    if text == "0" {
        return Ok(TimeDelta::zero());
    }
    parse_length(text).map_err(|error| Failure::invalid(format!("`{field}`: `{text}` {error}")))
}

/// Every scenario below a folder, in the order of their names.
pub(super) fn all(folder: &Path) -> Result<Vec<(PathBuf, Scenario)>, Failure> {
    let mut paths = Vec::new();
    collect(folder, &mut paths)?;
    paths.sort();
    if paths.is_empty() {
        return Err(Failure::invalid(format!("there is no scenario in {}", folder.display())));
    }
    paths.into_iter().map(|path| read(&path).map(|scenario| (path, scenario))).collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let unreadable = |error: std::io::Error| Failure::failed(format!("cannot read {}: {error}", folder.display()));
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.is_dir() {
            collect(&path, paths)?;
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            paths.push(path);
        }
    }
    Ok(())
}

/// The scenario of one file.
pub(super) fn read(path: &Path) -> Result<Scenario, Failure> {
    let text = read_public("DIR", path)?;
    toml::from_str(&text).map_err(|error| Failure::invalid(format!("{}: {error}", path.display())))
}
