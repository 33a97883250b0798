//! Generated traffic against a policy: its flags.

use std::path::PathBuf;

use clap::Args;

use super::command::EXAMPLES;
use crate::cli::failure::{EXIT_CODES, Exit, Failure};
use crate::cli::output::Output;
use crate::cli::run::serving;
use crate::cli::scenario::{self, Attacks, Ordinary};

/// Flags of `policy ordinary`.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(in crate::cli) struct OrdinaryArgs {
    /// Who comes with what, and how often: a file like `traffic/ordinary-day.toml` of the sources, which is the default
    #[arg(long, value_name = "FILE")]
    mix: Option<PathBuf>,
    /// How many decisions are asked for, other than the mix says
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    requests: Option<u32>,
    /// Another day of the same mix
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// A policy file, or the name of a built-in policy
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Where the service's folder is made, and removed again
    #[arg(long, value_name = "DIR", default_value = "/tmp")]
    scratch: PathBuf,
}

/// Flags of `policy attacks`.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(in crate::cli) struct AttacksArgs {
    /// A folder of scenarios, as `scenarios/` of the sources is
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// What may vary: a file like `traffic/attack-variations.toml` of the sources, which is the default
    #[arg(long, value_name = "FILE")]
    families: Option<PathBuf>,
    /// How many variations, other than the file says
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=13_000))]
    variations: Option<u32>,
    /// Other variations
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// A policy file, or the name of a built-in policy
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Where folders for the services that are played against are made, and removed again
    #[arg(long, value_name = "DIR", default_value = "/tmp")]
    scratch: PathBuf,
}

/// Plays an ordinary day.
pub(super) fn ordinary(args: OrdinaryArgs, output: Output) -> Result<Exit, Failure> {
    let OrdinaryArgs { mix, requests, seed, policy, scratch } = args;
    let args = Ordinary { mix: mix.as_deref(), requests, seed, policy, scratch: &scratch };
    serving(scenario::ordinary(args, output))
}

/// Plays variations of the attacks.
pub(super) fn attacks(args: AttacksArgs, output: Output) -> Result<Exit, Failure> {
    let AttacksArgs { folder, families, variations, seed, policy, scratch } = args;
    let args = Attacks { folder: &folder, families: families.as_deref(), variations, seed, policy, scratch: &scratch };
    serving(scenario::attacks(args, output))
}
