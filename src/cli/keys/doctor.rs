//! `portcullis keys doctor`.

use std::path::PathBuf;

use clap::Args;

use super::checks::{self, Asked, Looked};
use crate::cli::connection::ConnectionArgs;
use crate::cli::failure::{EXIT_CODES, Exit, Failure};
use crate::cli::finding::Report;
use crate::cli::output::Output;
use crate::clock::{Clock as _, SystemClock};
use crate::store::embedded::look::Folder;

const EXAMPLES: &str = "\
Looks at the keyring: who may read it, whether every purpose has its keys and they do what they are for, how old they \
are. With --store also whether it is the one that the store in that folder was made with; with --running also whether \
the running service started with the same keys, and what still names the retired ones (asked as role `admin`). It reads \
and changes nothing. It ends with 0 when nothing fails, warnings or not, and with 3 when something does.

Examples:
  portcullis keys doctor /etc/portcullis/keyring.json
  portcullis keys doctor /etc/portcullis/keyring.json --store /var/lib/portcullis
  portcullis keys doctor /etc/portcullis/keyring.json --running --json
";

/// Flags of `keys doctor`.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// The keyring's file
    file: PathBuf,
    /// Also hold it against the store in this folder
    #[arg(long, value_name = "FOLDER")]
    store: Option<PathBuf>,
    /// Also ask the running service
    #[arg(long)]
    running: bool,
}

/// Runs it.
pub(super) async fn run(args: &DoctorArgs, output: Output) -> Result<Exit, Failure> {
    let now = SystemClock::start().now().map_err(|error| Failure::caused(Exit::Failed, &error))?.instant();
    let asked = if args.running { Some(ask(&args.connection).await?) } else { None };
    let store = args.store.as_deref().map(Folder::find).transpose().map_err(|error| {
        Failure::caused(Exit::Invalid, &error).advise("name the folder of a store: `store.path` of the settings")
    })?;
    let keyring = Looked { file: &args.file, place: args.store.as_deref() };
    let report = Report(checks::look(&keyring, store.as_ref(), asked.as_ref(), now));
    output.show(&report)?;
    Ok(report.exit())
}

async fn ask(connection: &ConnectionArgs) -> Result<Asked, Failure> {
    let client = connection.connect().await?;
    Asked::of(&client).await
}
