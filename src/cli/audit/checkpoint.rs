//! `portcullis audit checkpoint`.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::text::{Checked, check};
use crate::cli::connection::ConnectionArgs;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{Answer, Output, pairs};
use crate::grpc::pb::v1 as pb;

/// `portcullis audit checkpoint`.
#[derive(Debug, Args)]
pub(super) struct CheckpointArgs {
    /// The file to write; it must not be there yet
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Runs it.
pub(super) async fn run(args: CheckpointArgs, connection: &ConnectionArgs, output: Output) -> Result<Exit, Failure> {
    let CheckpointArgs { out } = args;
    let mut audit = connection.connect().await?.audit_without_deadline();
    let mut pieces = audit.make_checkpoint(pb::MakeCheckpointRequest {}).await?.into_inner();
    let cannot = |error: std::io::Error| {
        let advice = "a checkpoint is never written over: give another name";
        Failure::invalid(format!("cannot write `{}`: {error}", out.display())).advise(advice)
    };
    let mut file = BufWriter::new(File::create_new(&out).map_err(cannot)?);
    let written = async {
        while let Some(piece) = pieces.message().await? {
            file.write_all(piece.lines.as_bytes()).map_err(cannot)?;
        }
        file.flush().and_then(|()| file.get_ref().sync_all()).map_err(cannot)?;
        check(&out)
    };
    let made = written.await;
    if made.is_err() {
        // Half a checkpoint is none; why it is only half is told in any case.
        let _ = fs::remove_file(&out);
    }
    output.show(&Made { made: made?, out: out.display().to_string() })?;
    Ok(Exit::Done)
}

/// A checkpoint that was made.
struct Made {
    made: Checked,
    out: String,
}

impl Answer for Made {
    fn json(&self) -> Value {
        let Self { made, out } = self;
        json!({ "file": out, "accounts": made.accounts, "signed_by": made.seal.key.id().to_string() })
    }

    fn text(&self) -> String {
        let Self { made, out } = self;
        pairs([
            ("file", out.clone()),
            ("accounts", made.accounts.to_string()),
            ("signed by", made.seal.key.id().to_string()),
        ])
    }
}
