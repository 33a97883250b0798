//! What one policy changes against another.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::command::DiffArgs;
use super::file::named;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{Answer, Output, table};
use crate::policy::Policy;

/// What differs, by the names of the canonical text: knobs, and rules as `rule ID`.
struct Differences(Vec<Difference>);

struct Difference {
    name: String,
    before: Option<String>,
    after: Option<String>,
}

/// Reads two policies and tells what differs.
pub(super) fn run(args: &DiffArgs, output: Output) -> Result<Exit, Failure> {
    let (before, after) = (parts_of(&named(&args.before)?), parts_of(&named(&args.after)?));
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let difference = |name: &String| Difference {
        name: name.clone(),
        before: before.get(name).cloned(),
        after: after.get(name).cloned(),
    };
    let differences = names.into_iter().map(difference).filter(|one| one.before != one.after).collect();
    output.show(&Differences(differences))?;
    Ok(Exit::Done)
}

/// Each line of the canonical text by its name; a list's lines together.
pub(super) fn parts_of(policy: &Policy) -> BTreeMap<String, String> {
    let mut parts: BTreeMap<String, String> = BTreeMap::new();
    for line in policy.canonical().lines() {
        let Some((name, value)) = line.split_once('=') else { continue };
        let (name, value) = match value.split_once(',') {
            Some((id, rest)) if matches!(name, "rule" | "reason") => (format!("{name} {id}"), rest),
            _ => (name.to_owned(), value),
        };
        let kept = parts.entry(name).or_default();
        let between = if kept.is_empty() { "" } else { "; " };
        kept.push_str(between);
        kept.push_str(value);
    }
    parts
}

impl Answer for Differences {
    fn json(&self) -> Value {
        let one = |one: &Difference| json!({ "name": one.name, "before": one.before, "after": one.after });
        json!({ "differences": self.0.iter().map(one).collect::<Vec<_>>() })
    }

    fn text(&self) -> String {
        if self.0.is_empty() {
            return "They decide alike.".to_owned();
        }
        let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
        table(["NAME", "BEFORE", "AFTER"], self.0.iter().map(|d| [d.name.clone(), shown(&d.before), shown(&d.after)]))
    }
}
