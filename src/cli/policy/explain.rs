//! `portcullis policy explain`: one decision, rule by rule.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::command::EXAMPLES;
use super::file::{decided_by, named};
use super::recorded::{Decision, Read, of_record};
use super::source::{of_file, one_of_service};
use crate::cli::connection::ConnectionArgs;
use crate::cli::failure::{EXIT_CODES, Exit, Failure};
use crate::cli::output::{Answer, Output, hex, pairs, parts, table};
use crate::cli::scenario::{StepOf, decided_step};
use crate::domain::{Factor, RecordId};
use crate::policy::{Explained, ExplainedRule, Fact, Policy, Said, explain};

/// Flags of `policy explain`.
#[derive(Args)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(in crate::cli) struct ExplainArgs {
    /// The decision's id
    #[arg(value_name = "DECISION", required_unless_present = "scenario", conflicts_with = "scenario")]
    decision: Option<String>,
    /// A policy file, or the name of a built-in policy. Without it the built-in one that decided
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Look for the decision in a file of records, as `audit list --json` prints them, instead of asking a service
    #[arg(long, value_name = "FILE")]
    records: Option<PathBuf>,
    /// Explain a step of a scenario instead, played against a service that is made for it
    #[arg(long, value_name = "FILE", requires = "step", conflicts_with = "records")]
    scenario: Option<PathBuf>,
    /// Which step of the scenario, from 1
    #[arg(long, value_name = "N", requires = "scenario", value_parser = clap::value_parser!(u16).range(1..))]
    step: Option<u16>,
    /// Where the folder for that service is made, and removed again
    #[arg(long, value_name = "DIR", default_value = "/tmp")]
    scratch: PathBuf,
    /// Rules about other actions too
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// Explains one decision.
pub(super) async fn run(args: &ExplainArgs, output: Output) -> Result<Exit, Failure> {
    let (decision, policy) = match &args.scenario {
        Some(scenario) => {
            let step = usize::from(args.step.unwrap_or_default());
            let of = StepOf { scenario, step, scratch: &args.scratch };
            let (record, policy) = decided_step(of, args.policy.as_ref()).await?;
            (usable(of_record(record))?, policy)
        }
        None => recorded(args, output).await?,
    };
    output.show(&Explanation { decision: &decision, policy: &policy, all: args.all })?;
    Ok(Exit::Done)
}

/// A decision on record, and the policy that it is held against.
async fn recorded(args: &ExplainArgs, output: Output) -> Result<(Decision, Policy), Failure> {
    let id = RecordId::parse(args.decision.as_deref().unwrap_or_default());
    let id = id.map_err(|error| Failure::invalid(format!("the decision's id {}", error.expected)))?;
    let decision = match &args.records {
        Some(file) => one_of_file(file, id, output)?,
        None => usable(one_of_service(&args.connection, id).await?)?,
    };
    let policy = match &args.policy {
        Some(file) => named(file)?,
        None => decided_by(&decision.policy).ok_or_else(|| {
            let message = format!("the policy that decided is no built-in one: its revision is {}", decision.policy);
            Failure::invalid(message).advise("name its file with --policy")
        })?,
    };
    Ok((decision, policy))
}

fn one_of_file(file: &std::path::Path, id: RecordId, output: Output) -> Result<Decision, Failure> {
    let mut found = None;
    of_file(file, output, |read| {
        if let Read::Decision(decision) = read
            && decision.id == id
        {
            found = Some(*decision);
        }
    })?;
    found.ok_or_else(|| Failure::invalid(format!("no decision {id} that can be explained is in `{}`", file.display())))
}

fn usable(read: Read) -> Result<Decision, Failure> {
    match read {
        Read::Decision(decision) => Ok(*decision),
        Read::Unusable(why) => Err(Failure::failed(format!("the decision cannot be explained: {why}"))),
        Read::Report(..) | Read::Other => Err(Failure::invalid("the record of this id is no decision")),
    }
}

/// A decision and the policy that it is held against.
struct Explanation<'a> {
    decision: &'a Decision,
    policy: &'a Policy,
    all: bool,
}

impl Explanation<'_> {
    fn explained(&self) -> Explained<'_> {
        explain(self.policy, &self.decision.recorded())
    }

    /// Whether this is the policy that decided.
    fn is_same(&self) -> bool {
        hex(&self.policy.revision.0) == self.decision.policy
    }
}

fn names(factors: &[Factor]) -> Vec<&'static str> {
    factors.iter().map(|factor| factor.name()).collect()
}

impl Answer for Explanation<'_> {
    fn json(&self) -> Value {
        let Self { decision, policy, all: _ } = self;
        let explained = self.explained();
        let replayed = &explained.replayed;
        json!({
            "decision_id": decision.id.to_string(),
            "time": decision.at.to_rfc3339(),
            "action": decision.action.name(),
            "channel": decision.channel.name(),
            "recorded": { "outcome": decision.outcome.name(), "policy_revision": decision.policy },
            "shadow": decision.shadow,
            "policy_revision": hex(&policy.revision.0),
            "is_the_policy_that_decided": self.is_same(),
            "outcome": replayed.outcome.name(),
            "score": replayed.score,
            "thresholds": {
                "challenge": policy.thresholds.challenge,
                "strong": policy.thresholds.strong,
                "deny": policy.thresholds.deny,
            },
            "required": replayed.required.name(),
            "achieved": explained.achieved.name(),
            "accepted": names(&decision.accepted),
            "would_do": names(&explained.would_do),
            "because": replayed.because,
            "unrecorded_facts": replayed.unrecorded,
            "rules": explained.rules.iter().map(rule_json).collect::<Vec<_>>(),
        })
    }

    fn text(&self) -> String {
        let Self { decision, policy, all } = self;
        let explained = self.explained();
        let replayed = &explained.replayed;
        let others = explained.rules.iter().filter(|one| one.said == Said::OtherAction).count();
        let shown = explained.rules.iter().filter(|one| *all || one.said != Said::OtherAction);
        let mut rows: Vec<&ExplainedRule<'_>> = shown.collect();
        rows.sort_by_key(|one| (!one.said.counts(), one.said == Said::OtherAction));
        let rules = table(["RULE", "SAID", "EFFECT", "REASON", "FACTS"], rows.into_iter().map(row));
        let same = if self.is_same() { "the policy that decided" } else { "NOT the policy that decided" };
        let thresholds = &policy.thresholds;
        let score = format!(
            "{} points; two classes from {}, strong from {}, refused from {}",
            replayed.score, thresholds.challenge, thresholds.strong, thresholds.deny
        );
        let told = pairs([
            ("decision", decision.id.to_string()),
            ("asked", format!("{} through {}, {}", decision.action.name(), decision.channel.name(), decision.at)),
            ("recorded", decision.outcome.name().to_owned()),
            ("shadow policy", decision.shadow.as_ref().map_or_else(String::new, shadow_text)),
            ("policy", format!("{} ({same})", hex(&policy.revision.0))),
            ("outcome", replayed.outcome.name().to_owned()),
            ("because of", replayed.because.join(", ")),
            ("score", score),
            ("proof needed", replayed.required.name().to_owned()),
            ("proof accepted", format!("{} {}", explained.achieved.name(), names(&decision.accepted).join(", "))),
            ("one more would do", names(&explained.would_do).join(", ")),
            ("never recorded", replayed.unrecorded.join(", ")),
        ]);
        let left =
            if *all || others == 0 { String::new() } else { format!("{others} rules are about other actions: --all") };
        parts([told, rules, left])
    }
}

/// What the shadow policy said, in a few words.
fn shadow_text(shadow: &Value) -> String {
    let text = |name: &str| shadow.get(name).and_then(Value::as_str).unwrap_or_default();
    let reasons = shadow.get("reasons").and_then(Value::as_array).into_iter().flatten();
    let rules: Vec<&str> = reasons.filter_map(|given| given.get("rule_id")?.as_str()).collect();
    let outcome = text("outcome").trim_start_matches("OUTCOME_");
    format!("{outcome} {} ({}); it answered nobody", rules.join(", "), text("policy_revision"))
}

fn row(one: &ExplainedRule<'_>) -> [String; 5] {
    let said = one.said.name().to_lowercase().replace('_', " ");
    let fact = |(fact, value): &(&'static Fact, Option<i64>)| {
        format!("{} = {}", fact.path.unwrap_or(fact.label), fact.shown(*value))
    };
    let facts: Vec<String> = one.read.iter().map(fact).collect();
    let rule = one.rule;
    [rule.id.to_owned(), said, rule.effect.text(), rule.reason.code().to_owned(), facts.join("; ")]
}

fn rule_json(one: &ExplainedRule<'_>) -> Value {
    let ExplainedRule { rule, said, read } = one;
    let fact = |(fact, value): &(&'static Fact, Option<i64>)| {
        json!({
            "fact": fact.path.unwrap_or(fact.label),
            "number": fact.number,
            "known": value.is_some(),
            "value": value,
            "unit": fact.unit(),
            "text": fact.shown(*value),
        })
    };
    json!({
        "id": rule.id,
        "said": said.name(),
        "when": rule.when.to_string(),
        "effect": rule.effect.text(),
        "reason": rule.reason.code(),
        "if_unknown": rule.if_unknown.name(),
        "facts": read.iter().map(fact).collect::<Vec<_>>(),
    })
}
