//! Whether a file is a policy, and what is in it.

use serde_json::{Value, json};

use super::command::CheckArgs;
use super::file::named;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{Answer, Output, hex, pairs, parts, table};
use crate::policy::{Policy, Rule};

/// What is in a policy.
struct Checked {
    name: String,
    policy: Policy,
    rules: bool,
}

/// Reads a policy and tells what is in it.
pub(super) fn run(args: &CheckArgs, output: Output) -> Result<Exit, Failure> {
    let policy = named(&args.policy)?;
    output.show(&Checked { name: args.policy.display().to_string(), policy, rules: args.rules })?;
    Ok(Exit::Done)
}

impl Answer for Checked {
    fn json(&self) -> Value {
        let rules: Vec<Value> = self.policy.rules.all().iter().map(rule_json).collect();
        json!({ "policy": self.name, "revision": hex(&self.policy.revision.0), "rules": rules })
    }

    fn text(&self) -> String {
        let told = pairs([
            ("policy", self.name.clone()),
            ("revision", hex(&self.policy.revision.0)),
            ("rules", self.policy.rules.all().len().to_string()),
        ]);
        let rows = self.policy.rules.all().iter().filter(|_| self.rules).map(|rule| {
            let on: Vec<&str> = rule.on.names().collect();
            let on =
                if on.len() == crate::domain::Action::ALL.len() { "every action".to_owned() } else { on.join(" ") };
            [rule.id.to_owned(), rule.effect.text(), rule.reason.code().to_owned(), on, rule.when.to_string()]
        });
        parts([told, table(["RULE", "EFFECT", "REASON", "ON", "WHEN"], rows)])
    }
}

fn rule_json(rule: &Rule) -> Value {
    json!({
        "id": rule.id,
        "on": rule.on.names().collect::<Vec<_>>(),
        "when": rule.when.to_string(),
        "effect": rule.effect.text(),
        "reason": rule.reason.code(),
        "if_unknown": rule.if_unknown.name(),
        "effective": rule.effective.map(|from| from.to_rfc3339()),
    })
}
