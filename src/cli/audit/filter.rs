//! Which records.

use chrono::{DateTime, Utc};
use clap::Args;

use crate::cli::flags::{KindName, OutcomeName, parse_instant, timestamp};
use crate::grpc::pb::v1 as pb;

/// What records must be to be meant.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Which records")]
pub(super) struct FilterArgs {
    /// That happened at this instant or later
    #[arg(long, value_name = "INSTANT", value_parser = parse_instant)]
    from: Option<DateTime<Utc>>,
    /// That happened before this instant
    #[arg(long, value_name = "INSTANT", value_parser = parse_instant)]
    before: Option<DateTime<Utc>>,
    /// Of this kind; may be given again
    #[arg(long, value_name = "KIND")]
    kind: Vec<KindName>,
    /// Caused by this caller
    #[arg(long, value_name = "SUBJECT", default_value = "", hide_default_value = true)]
    caller: String,
    /// Decided so
    #[arg(long, value_name = "OUTCOME")]
    outcome: Option<OutcomeName>,
}

impl FilterArgs {
    /// As the contract has it.
    pub(super) fn filter(self) -> pb::RecordFilter {
        let Self { from, before, kind, caller, outcome } = self;
        pb::RecordFilter {
            from_time: from.map(timestamp),
            before_time: before.map(timestamp),
            kinds: kind.into_iter().map(i32::from).collect(),
            caller_subject: caller,
            outcome: outcome.map_or_else(|| pb::Outcome::Unspecified.into(), i32::from),
        }
    }
}
