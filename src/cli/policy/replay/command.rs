//! The flags, and running it.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use clap::{Args, ValueEnum};

use super::count::Counts;
use super::knobs::OtherKnobs;
use super::picture::picture;
use super::told::Told;
use crate::cli::connection::ConnectionArgs;
use crate::cli::failure::{EXIT_CODES, Exit, Failure};
use crate::cli::flags::parse_instant;
use crate::cli::output::{Output, print_lines};
use crate::cli::policy::command::EXAMPLES;
use crate::cli::policy::file::{DEFAULT, named};
use crate::cli::policy::source::{Span, of_file, of_service};

/// Flags of `policy replay`.
#[derive(Args)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(in crate::cli) struct ReplayArgs {
    /// Decided at this instant or later
    #[arg(long, value_name = "INSTANT", value_parser = parse_instant, required_unless_present = "records")]
    from: Option<DateTime<Utc>>,
    /// Decided before this instant
    #[arg(long, value_name = "INSTANT", value_parser = parse_instant, required_unless_present = "records")]
    to: Option<DateTime<Utc>>,
    /// The policy to decide by: a file, or the name of a built-in policy
    #[arg(long, value_name = "FILE", default_value = DEFAULT)]
    policy: PathBuf,
    /// How to tell it; `json` is the same as --json
    #[arg(long, value_name = "FORMAT", default_value = "table", hide_default_value = true)]
    format: Format,
    /// A file of records, one a line as `audit list --json` and `audit export fetch` write them, instead of asking a service
    #[arg(long, value_name = "FILE")]
    records: Option<PathBuf>,
    /// How many of the decisions that would come out otherwise are listed
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    list: u32,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// How it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// For programs
    Json,
    /// A picture
    Svg,
}

/// Decides recorded decisions again.
pub(in crate::cli::policy) async fn run(args: &ReplayArgs, output: Output) -> Result<Exit, Failure> {
    let policy = named(&args.policy)?;
    let span = Span { from: args.from, to: args.to };
    if span.from.zip(span.to).is_some_and(|(from, to)| from >= to) {
        return Err(Failure::invalid("--from must be before --to"));
    }
    let output = if args.format == Format::Json { Output::new(true) } else { output };
    let listed = usize::try_from(args.list).unwrap_or(usize::MAX);
    let mut counts = Counts::new(&policy, span, listed);
    match &args.records {
        Some(file) => of_file(file, output, |read| counts.take(read))?,
        None => of_service(&args.connection, span, output, |read| counts.take(read)).await?,
    }
    let counts = counts.finish();
    let knobs = OtherKnobs::of(&policy, &counts.decided_by);
    let told = Told { counts, knobs, policy: name(&args.policy), revision: policy.revision, span };
    if args.format == Format::Svg {
        print_lines([picture(&told)])?;
    } else {
        output.show(&told)?;
    }
    Ok(Exit::Done)
}

/// A file's own name: whoever is shown the result need not know where it is kept.
fn name(policy: &Path) -> String {
    policy.file_name().unwrap_or(policy.as_os_str()).to_string_lossy().into_owned()
}
