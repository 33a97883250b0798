//! The subcommands.

use clap::{Args, Subcommand};

use super::{archive, checkpoint, export, list, trusted, verify, watch};
use crate::cli::connection::ConnectionArgs;
use crate::cli::failure::{EXIT_CODES, Exit, Failure};
use crate::cli::output::Output;

const EXAMPLES: &str = "\
Examples:
  portcullis audit list --account A-1
  portcullis audit list --kind decided --outcome deny --from 2026-03-01T00:00:00Z --json
  portcullis audit watch --resume-file /var/lib/auditor/place --json
  portcullis audit checkpoint --out 2026-03-01.checkpoint
  portcullis audit verify --checkpoint 2026-03-01.checkpoint
  portcullis audit verify --checkpoint 2026-03-01.checkpoint --signed-by THUMBPRINT --offline
  portcullis audit export request --kind decided --outcome approve --from 2026-03-01T00:00:00Z
  portcullis audit export approve 019ca8f1-2233-7444-8555-66778899aa0a
  portcullis audit export fetch 019ca8f1-2233-7444-8555-66778899aa0a --out approvals.jsonl
  portcullis audit archive run
  portcullis audit archive list
  portcullis audit archive verify /var/lib/portcullis-archive --keys record-keys.json

Keep checkpoints where nobody who can change the store can change them.
";

/// `portcullis audit`.
#[derive(Args)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(crate) struct AuditArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(subcommand)]
    command: AuditCommand,
}

#[derive(Subcommand)]
enum AuditCommand {
    /// List records: of an account or a line the newest first, of all as they were committed
    List(Box<list::ListArgs>),
    /// Follow records as they are committed, from now on or from an earlier place
    Watch(Box<watch::WatchArgs>),
    /// Verify that every record is there as it was; exit code 3 if a chain does not hold
    Verify(verify::VerifyArgs),
    /// Write down where every chain stands, signed, in a file
    Checkpoint(checkpoint::CheckpointArgs),
    /// Take many records out: one person asks, another approves, and who asked fetches
    Export(export::ExportArgs),
    /// Move old records out of the store, and look after the archive that they go to
    Archive(archive::ArchiveArgs),
    /// Print the public halves of a keyring's record-signing keys: with them anyone verifies an archive
    Keys(trusted::KeysArgs),
}

/// Runs it.
pub(crate) async fn run(args: AuditArgs, output: Output) -> Result<Exit, Failure> {
    let AuditArgs { connection, command } = args;
    match command {
        AuditCommand::List(args) => list::run(*args, &connection, output).await,
        AuditCommand::Watch(args) => watch::run(*args, &connection, output).await,
        AuditCommand::Verify(args) => verify::run(args, &connection, output).await,
        AuditCommand::Checkpoint(args) => checkpoint::run(args, &connection, output).await,
        AuditCommand::Export(args) => export::run(args, &connection, output).await,
        AuditCommand::Archive(args) => archive::run(args, &connection, output).await,
        AuditCommand::Keys(args) => trusted::show(&args, output),
    }
}
