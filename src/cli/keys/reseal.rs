//! `portcullis keys reseal`.

use clap::Args;
use serde_json::{Value, json};

use super::upkeep::{bar, cut_off};
use crate::cli::connection::ConnectionArgs;
use crate::cli::failure::{EXIT_CODES, Exit, Failure};
use crate::cli::output::{Answer, Output, pairs, parts};
use crate::grpc::pb::v1 as pb;

const EXAMPLES: &str = "\
The running service seals anew, under its active seal key, every row and record that is under a retired one, while it \
goes on answering: who changes a row at the same time neither waits nor fails. It may be cut off anywhere and begun \
again; what is done stays done. What records say does not change, and neither do their chains. Called as role `admin`, \
after `keys rotate FILE seal` and a restart of the service; before `keys retire`.

Examples:
  portcullis keys reseal
  portcullis keys reseal --pace 500
";

/// Flags of `keys reseal`.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(crate) struct ResealArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Rows and records sealed anew in a second, at most
    #[arg(long, default_value_t = 2_000, value_name = "N", value_parser = clap::value_parser!(i32).range(1..=100_000))]
    pace: i32,
}

/// Runs it.
pub(super) async fn run(args: &ResealArgs, output: Output) -> Result<Exit, Failure> {
    let client = args.connection.connect().await?;
    let mut told = client.keys().reseal(pb::ResealRequest { bodies_per_second: args.pace }).await?.into_inner();
    let bar = bar();
    while let Some(pb::ResealResponse { bodies_read, bodies_resealed, done }) = told.message().await? {
        bar.set_message(format!("{bodies_read} rows and records read, {bodies_resealed} sealed anew"));
        if done {
            bar.finish_and_clear();
            output.show(&Resealed { read: bodies_read, resealed: bodies_resealed })?;
            return Ok(Exit::Done);
        }
    }
    Err(cut_off())
}

struct Resealed {
    read: i64,
    resealed: i64,
}

impl Answer for Resealed {
    fn json(&self) -> Value {
        json!({ "bodies_read": self.read, "bodies_resealed": self.resealed })
    }

    fn text(&self) -> String {
        let counts = pairs([("read", self.read.to_string()), ("sealed anew", self.resealed.to_string())]);
        parts([counts, "Nothing is sealed under a retired key any more.".to_owned()])
    }
}
