//! What is told of all scenarios, and which rules none reached.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::file::{Scenario, all, read};
use super::play::{Played, play, record_of_step};
use super::stage::Keys;
use crate::cli::bench::Scratch;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{Answer, Output, parts, table};
use crate::cli::policy::policy_of;
use crate::cli::stores::StoreKind;
use crate::config::Policy as Settings;
use crate::crypto::Cost;
use crate::grpc::pb::v1 as pb;
use crate::policy::Policy;

/// Plays every scenario below a folder against a policy: exit code 3 where one comes out otherwise.
pub(in crate::cli) async fn test(
    folder: &Path,
    (scratch, store): (&Path, StoreKind),
    (name, policy): (Option<PathBuf>, &Policy),
    output: Output,
) -> Result<Exit, Failure> {
    let scenarios = all(folder)?;
    let scratch = Scratch::make(scratch)?;
    let keys = Keys::make(&scratch, Cost::STANDARD, store)?;
    let mut tested = Tested { scenarios: Vec::new(), rules: rules_of(policy) };
    for (path, scenario) in &scenarios {
        let policy = policy_for(scenario, name.as_ref(), &scratch)?;
        let played = play(&keys, scenario, policy).await;
        let about = |failure: Failure| Failure::invalid(format!("{}: {}", path.display(), failure.message()));
        tested.scenarios.push(played.map_err(about)?);
    }
    output.show(&tested)?;
    let failed = tested.scenarios.iter().any(|played| !played.failed.is_empty());
    Ok(if failed { Exit::Denied } else { Exit::Done })
}

/// One step of a scenario.
pub(in crate::cli) struct StepOf<'a> {
    /// The scenario's file.
    pub(in crate::cli) scenario: &'a Path,
    /// Its number, from 1.
    pub(in crate::cli) step: usize,
    /// Where the folder of the service is made that it is played against.
    pub(in crate::cli) scratch: &'a Path,
}

/// The record of a step's decision, and the policy that decided: the one that is named, unless the scenario brings its own.
pub(in crate::cli) async fn decided_step(
    of: StepOf<'_>,
    named: Option<&PathBuf>,
) -> Result<(pb::Record, Policy), Failure> {
    let StepOf { scenario, step, scratch } = of;
    let scenario = read(scenario)?;
    if !(1..=scenario.steps.len()).contains(&step) {
        return Err(Failure::invalid(format!("{} has {} steps", scenario.id, scenario.steps.len())));
    }
    let scratch = Scratch::make(scratch)?;
    let keys = Keys::make(&scratch, Cost::STANDARD, StoreKind::Embedded)?;
    let file = policy_for(&scenario, named, &scratch)?;
    let policy = policy_of(&Settings { file: file.clone(), ..Settings::default() })?;
    Ok((record_of_step(&keys, &scenario, file, step).await?, policy))
}

fn policy_for(scenario: &Scenario, named: Option<&PathBuf>, scratch: &Scratch) -> Result<Option<PathBuf>, Failure> {
    match scenario.policy.as_str() {
        "" => Ok(named.cloned()),
        more => with_more(scratch, "policy", more).map(Some),
    }
}

/// The default policy with what a scenario adds to it, in a file.
pub(super) fn with_more(scratch: &Scratch, name: &str, more: &str) -> Result<PathBuf, Failure> {
    let path = scratch.path().join(format!("{name}.toml"));
    let text = format!("extends = \"us-default\"\n{more}");
    std::fs::write(&path, text).map_err(|error| Failure::failed(format!("cannot write a policy: {error}")))?;
    Ok(path)
}

fn rules_of(policy: &Policy) -> BTreeSet<String> {
    policy.rules.all().iter().map(|rule| rule.id.to_owned()).collect()
}

/// What came of all.
struct Tested {
    scenarios: Vec<Played>,
    /// Every rule of the policy.
    rules: BTreeSet<String>,
}

impl Tested {
    /// The rules that no step reached.
    fn unreached(&self) -> Vec<&String> {
        let reached: BTreeSet<&String> = self.scenarios.iter().flat_map(|played| &played.rules).collect();
        self.rules.iter().filter(|rule| !reached.contains(rule)).collect()
    }

    fn count(&self, of: impl Fn(&Played) -> usize) -> usize {
        self.scenarios.iter().map(of).sum()
    }
}

impl Answer for Tested {
    fn json(&self) -> Value {
        let steps = |steps: &[(usize, String)]| -> Vec<Value> {
            steps.iter().map(|(number, what)| json!({ "step": number, "what": what })).collect()
        };
        let one = |played: &Played| {
            json!({
                "id": played.id,
                "about": played.about,
                "passed": played.passed,
                "failed": steps(&played.failed),
                "waiting": steps(&played.waiting),
            })
        };
        json!({
            "scenarios": self.scenarios.iter().map(one).collect::<Vec<_>>(),
            "passed": self.count(|played| played.passed),
            "failed": self.count(|played| played.failed.len()),
            "waiting": self.count(|played| played.waiting.len()),
            "rules": self.rules.len(),
            "rules_not_reached": self.unreached(),
        })
    }

    fn text(&self) -> String {
        let rows = self.scenarios.iter().map(|played| {
            let came = [played.passed, played.failed.len(), played.waiting.len()].map(|count| count.to_string());
            let [passed, failed, waiting] = came;
            [played.id.clone(), passed, failed, waiting, played.about.clone()]
        });
        let failed = self.scenarios.iter().flat_map(|played| {
            played.failed.iter().map(|(number, what)| format!("{} step {number}: {what}", played.id))
        });
        let unreached: Vec<String> = self.unreached().into_iter().map(|rule| format!("  {rule}")).collect();
        let reached = self.rules.len().saturating_sub(unreached.len());
        let coverage = format!(
            "{reached} of {} rules were reached{}",
            self.rules.len(),
            if unreached.is_empty() { "." } else { "; not reached:" }
        );
        let sums = format!(
            "{} scenarios: {} steps as they must be, {} not, {} waiting for what is not built.",
            self.scenarios.len(),
            self.count(|played| played.passed),
            self.count(|played| played.failed.len()),
            self.count(|played| played.waiting.len()),
        );
        parts([
            table(["SCENARIO", "PASSED", "FAILED", "WAITING", "ABOUT"], rows),
            failed.collect::<Vec<_>>().join("\n"),
            parts([coverage, unreached.join("\n")]),
            sums,
        ])
    }
}
