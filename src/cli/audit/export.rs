//! `portcullis audit export`.

use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::exported::{Fetched, Standing};
use super::filter::FilterArgs;
use crate::cli::answers::Record;
use crate::cli::connection::ConnectionArgs;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{Answer as _, Output};
use crate::crypto::RunningDigest;
use crate::domain::RecordId;
use crate::grpc::pb::v1 as pb;

/// Records after which it is told how many there are.
const TOLD_EVERY: u64 = 10_000;

/// What is written is for its owner alone.
const OWNER_ONLY: u32 = 0o600;

/// `portcullis audit export`.
#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    #[command(subcommand)]
    command: ExportCommand,
}

#[derive(Debug, Subcommand)]
enum ExportCommand {
    /// Ask for records to be exported; a second person must approve it within 24 hours
    Request(RequestArgs),
    /// Show what was asked for, by whom, and whether it is approved
    Show(NamedArgs),
    /// Approve an export that somebody else asked for; look at it with `show` first
    Approve(NamedArgs),
    /// Fetch an approved export that you asked for, within 24 hours of its approval
    Fetch(FetchArgs),
}

#[derive(Debug, Args)]
struct RequestArgs {
    #[command(flatten)]
    filter: FilterArgs,
    /// Of one account alone, by its id
    #[arg(long, value_name = "ID", default_value = "", hide_default_value = true)]
    account: String,
}

#[derive(Debug, Args)]
struct NamedArgs {
    /// The export's id, as `request` showed it
    export: String,
}

#[derive(Debug, Args)]
struct FetchArgs {
    /// The export's id, as `request` showed it
    export: String,
    /// The file to write, a record a line, for its owner alone; it must not be there yet
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Runs it.
pub(super) async fn run(args: ExportArgs, connection: &ConnectionArgs, output: Output) -> Result<Exit, Failure> {
    match args.command {
        ExportCommand::Request(RequestArgs { filter, account }) => {
            let request = pb::RequestExportRequest { filter: Some(filter.filter()), account_id: account };
            let told = connection.connect().await?.exports().request_export(request).await?.into_inner();
            show(told.export, output)
        }
        ExportCommand::Show(NamedArgs { export: export_id }) => {
            let request = pb::GetExportRequest { export_id };
            let told = connection.connect().await?.exports().get_export(request).await?.into_inner();
            show(told.export, output)
        }
        ExportCommand::Approve(NamedArgs { export: export_id }) => {
            let request = pb::ApproveExportRequest { export_id };
            let told = connection.connect().await?.exports().approve_export(request).await?.into_inner();
            show(told.export, output)
        }
        ExportCommand::Fetch(args) => fetch(args, connection, output).await,
    }
}

fn show(export: Option<pb::Export>, output: Output) -> Result<Exit, Failure> {
    output.show(&Standing(export.unwrap_or_default()))?;
    Ok(Exit::Done)
}

async fn fetch(args: FetchArgs, connection: &ConnectionArgs, output: Output) -> Result<Exit, Failure> {
    let FetchArgs { export, out } = args;
    // Before the service is asked: an export can be begun three times only.
    let mut options = OpenOptions::new();
    let file = options.write(true).create_new(true).mode(OWNER_ONLY).open(&out).map_err(|error| {
        let advice = "an export is never written over: give another name";
        cannot(&out, &error).advise(advice)
    })?;
    let fetched = write(export, file, &out, connection, output).await;
    if fetched.is_err() {
        // Half an export is none; why it is only half is told in any case.
        let _ = fs::remove_file(&out);
    }
    output.show(&fetched?)?;
    Ok(Exit::Done)
}

async fn write(
    export_id: String,
    file: File,
    out: &Path,
    connection: &ConnectionArgs,
    output: Output,
) -> Result<Fetched, Failure> {
    let mut file = BufWriter::new(file);
    let client = connection.connect().await?;
    let request = pb::ExportRecordsRequest { export_id };
    let mut parts = client.exports_without_deadline().export_records(request).await?.into_inner();
    let (mut records, mut digest) = (0_u64, RunningDigest::default());
    while let Some(part) = parts.message().await? {
        for record in part.records {
            add(&mut digest, &record)?;
            writeln!(file, "{}", Record(record).json()).map_err(|error| cannot(out, &error))?;
            records = records.saturating_add(1);
            if records.is_multiple_of(TOLD_EVERY) {
                output.note(&format!("{records} records"));
            }
        }
        if part.done {
            file.flush().and_then(|()| file.get_ref().sync_all()).map_err(|error| cannot(out, &error))?;
            let (digest, count) = (digest.finish(), u64::try_from(part.record_count));
            if count != Ok(records) || part.sha256 != digest {
                return Err(Failure::failed("what came is not what the service says it handed over"));
            }
            return Ok(Fetched { file: out.display().to_string(), records, digest });
        }
    }
    // INVARIANT (fail-closed): an export without its end is none.
    Err(Failure::failed("the export was cut off").advise("the same again: it may be begun three times"))
}

/// What the digest of an export is over.
fn add(digest: &mut RunningDigest, record: &pb::Record) -> Result<(), Failure> {
    let nameless = |_| Failure::failed("the service handed over a record without a name");
    digest.update(&RecordId::parse(&record.record_id).map_err(nameless)?.to_bytes());
    // A record that cannot be read has none.
    digest.update(if record.hash.is_empty() { &[0; 32] } else { &record.hash });
    Ok(())
}

fn cannot(out: &Path, error: &std::io::Error) -> Failure {
    Failure::invalid(format!("cannot write `{}`: {error}", out.display()))
}
