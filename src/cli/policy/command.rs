//! The commands there are.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{change, check, diff, explain, facts, generated, policy_of, replay};
use crate::cli::failure::{EXIT_CODES, Exit, Failure};
use crate::cli::output::Output;
use crate::cli::run::calling;
use crate::cli::scenario;
use crate::cli::stores::StoreKind;
use crate::config::Policy as Settings;

pub(super) const EXAMPLES: &str = "\
A policy is a TOML file: it says everything, or extends a built-in policy, turns knobs and adds rules.

  extends = \"us-default\"

  [pin]
  fresh_after = \"48h\"

  [[rule]]
  id = \"far-from-home-without-sale\"
  on = [\"SIM_CHANGE\"]
  when = 'signal.distance_from_home_miles > 500 && !signal.device_sale'
  at_least = \"STRONG\"
  reason = \"SCORE_HIGH\"

Examples:
  portcullis policy check mine.toml
  portcullis policy diff us-default mine.toml
  portcullis policy facts
  portcullis policy test scenarios --policy mine.toml
  portcullis policy stage mine.toml --reason 'case 4711'
  portcullis policy activate 3f1c...
  portcullis policy explain 019ca8f1-2233-7444-8555-66778899aa0a
  portcullis policy explain --scenario scenarios/attacks/A01.toml --step 3 --policy mine.toml
  portcullis policy replay --from 2026-03-01T00:00:00Z --to 2026-03-08T00:00:00Z --policy mine.toml
  portcullis policy replay --records decided.jsonl --policy mine.toml --format svg > replay.svg
  portcullis policy ordinary --policy mine.toml
  portcullis policy attacks scenarios --policy mine.toml

`explain` and `replay` read records as an auditor, from a service or from a file of them, and change nothing. What a policy's
knobs make of the world before it becomes facts (the windows in which things are counted, the ages from which PINs and devices
are good) is on record as the policy of then made it, and is not made anew. Facts that were not recorded then are unknown.
";

/// `portcullis policy`.
#[derive(Subcommand)]
pub(in crate::cli) enum PolicyCommand {
    /// Say whether a file is a policy, and what is in it
    Check(CheckArgs),
    /// Say what one policy changes against another
    Diff(DiffArgs),
    /// List what rules may ask
    Facts(FactsArgs),
    /// Play scenarios against a policy, and say where it answers otherwise
    Test(TestArgs),
    /// Show which policy decides on a running service, and which one waits
    Show(Box<change::ShowArgs>),
    /// Want another policy on a running service; a second person activates it within a week
    Stage(Box<change::StageArgs>),
    /// Agree to a policy that somebody else staged: it decides from then on
    Activate(Box<change::ActivateArgs>),
    /// Say of one decision what every rule came to, and the facts it read
    Explain(Box<explain::ExplainArgs>),
    /// Decide recorded decisions again by another policy, and say what would come out otherwise
    Replay(Box<replay::ReplayArgs>),
    /// Play a generated ordinary day against a policy, and say what it costs honest customers
    Ordinary(generated::OrdinaryArgs),
    /// Play variations of the attacks against a policy: none is approved, and their owners are
    Attacks(generated::AttacksArgs),
}

/// Flags of `policy check`.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(in crate::cli) struct CheckArgs {
    /// A policy file, or the name of a built-in policy
    #[arg(value_name = "FILE")]
    pub(super) policy: PathBuf,
    /// List its rules as well
    #[arg(long)]
    pub(super) rules: bool,
}

/// Flags of `policy diff`.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(in crate::cli) struct DiffArgs {
    /// A policy file, or the name of a built-in policy
    #[arg(value_name = "BEFORE")]
    pub(super) before: PathBuf,
    /// Another
    #[arg(value_name = "AFTER")]
    pub(super) after: PathBuf,
}

/// Flags of `policy facts`.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(in crate::cli) struct FactsArgs {
    /// As the page of the documentation
    #[arg(long)]
    pub(super) markdown: bool,
}

/// Flags of `policy test`.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(in crate::cli) struct TestArgs {
    /// A folder of scenarios, as `scenarios/` of the sources is
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// A policy file, or the name of a built-in policy
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Where folders for the services that are played against are made, and removed again
    #[arg(long, value_name = "DIR", default_value = "/tmp")]
    scratch: PathBuf,
    /// On which store the services are
    #[arg(long, value_enum, default_value = "embedded")]
    store: StoreKind,
}

/// Runs a command about policies.
pub(in crate::cli) fn run(command: PolicyCommand, output: Output) -> Result<Exit, Failure> {
    match command {
        PolicyCommand::Check(args) => check::run(&args, output),
        PolicyCommand::Diff(args) => diff::run(&args, output),
        PolicyCommand::Facts(args) => facts::run(&args, output),
        PolicyCommand::Test(TestArgs { folder, policy, scratch, store }) => {
            let decides = policy_of(&Settings { file: policy.clone(), ..Settings::default() })?;
            calling(scenario::test(&folder, (&scratch, store), (policy, &decides), output))
        }
        PolicyCommand::Show(args) => calling(change::show(*args, output)),
        PolicyCommand::Stage(args) => calling(change::stage(*args, output)),
        PolicyCommand::Activate(args) => calling(change::activate(*args, output)),
        PolicyCommand::Explain(args) => calling(explain::run(&args, output)),
        PolicyCommand::Replay(args) => calling(replay::run(&args, output)),
        PolicyCommand::Ordinary(args) => generated::ordinary(args, output),
        PolicyCommand::Attacks(args) => generated::attacks(args, output),
    }
}
