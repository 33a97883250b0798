//! `portcullis audit archive`.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};

use super::told::{Checked, Deleted, Done, Segments};
use super::trusted::TrustedArgs;
use crate::cli::connection::ConnectionArgs;
use crate::cli::failure::{Exit, Failure};
use crate::cli::flags::{parse_instant, timestamp};
use crate::cli::output::Output;
use crate::grpc::pb::v1 as pb;
use crate::store::archive::{ArchiveFolder, Catalogue};

/// Segments asked for at a time.
const PAGE_SIZE: i32 = 1_000;

/// `portcullis audit archive`.
#[derive(Debug, Args)]
pub(super) struct ArchiveArgs {
    #[command(subcommand)]
    command: ArchiveCommand,
}

#[derive(Debug, Subcommand)]
enum ArchiveCommand {
    /// Move old records out of the store, into signed segments
    Run(RunArgs),
    /// List the segments, deleted ones too, the oldest first
    List,
    /// Delete a segment whose records need be kept no longer; the oldest goes first
    Delete(DeleteArgs),
    /// Check a folder of segments, without the service: every signature, every byte, nothing missing
    Verify(VerifyArgs),
}

#[derive(Debug, Args)]
struct RunArgs {
    /// Only records made before this instant; all that need not stay, where it is left out
    #[arg(long, value_name = "INSTANT", value_parser = parse_instant)]
    before: Option<DateTime<Utc>>,
}

#[derive(Debug, Args)]
struct DeleteArgs {
    /// The segment's name, as `list` shows it
    segment: String,
}

#[derive(Debug, Args)]
struct VerifyArgs {
    /// The folder
    folder: PathBuf,
    #[command(flatten)]
    trusted: TrustedArgs,
}

/// Runs it.
pub(super) async fn run(args: ArchiveArgs, connection: &ConnectionArgs, output: Output) -> Result<Exit, Failure> {
    match args.command {
        ArchiveCommand::Run(RunArgs { before }) => archive(before, connection, output).await,
        ArchiveCommand::List => list(connection, output).await,
        ArchiveCommand::Delete(DeleteArgs { segment }) => {
            let request = pb::DeleteSegmentRequest { segment };
            let told = connection.connect().await?.archive().delete_segment(request).await?.into_inner();
            output.show(&Deleted(told.segment.unwrap_or_default()))?;
            Ok(Exit::Done)
        }
        ArchiveCommand::Verify(args) => verify(&args, output),
    }
}

async fn archive(before: Option<DateTime<Utc>>, connection: &ConnectionArgs, output: Output) -> Result<Exit, Failure> {
    let request = pb::ArchiveRecordsRequest { before_time: before.map(timestamp) };
    let client = connection.connect().await?;
    let mut told = client.archive_without_deadline().archive_records(request).await?.into_inner();
    let mut segment = String::new();
    while let Some(progress) = told.message().await? {
        if progress.done {
            output.show(&Done(progress))?;
            return Ok(Exit::Done);
        }
        if progress.segment != segment {
            output.note(&format!("segment {}", progress.segment));
            segment = progress.segment;
        }
    }
    // INVARIANT (fail-closed): a run that was cut off is not over.
    Err(Failure::failed("the run was cut off").advise("the same again: it goes on where it was"))
}

async fn list(connection: &ConnectionArgs, output: Output) -> Result<Exit, Failure> {
    let client = connection.connect().await?;
    let (mut segments, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = pb::ListSegmentsRequest { page_size: PAGE_SIZE, page_token };
        let page = client.archive().list_segments(request).await?.into_inner();
        segments.extend(page.segments);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    output.show(&Segments(segments))?;
    Ok(Exit::Done)
}

/// Without the service: what proves an archive must not depend on who made it.
fn verify(args: &VerifyArgs, output: Output) -> Result<Exit, Failure> {
    let broken = |error| Failure::caused(Exit::Denied, &error);
    let keys = args.trusted.keys()?;
    let folder = ArchiveFolder::open(&args.folder).map_err(|error| Failure::caused(Exit::Invalid, &error))?;
    let catalogue = Catalogue::read(&folder, keys.as_slice()).map_err(broken)?;
    catalogue.read_segments(&folder, |_| Ok(())).map_err(broken)?;
    output.show(&Checked(catalogue.journals().cloned().collect()))?;
    Ok(Exit::Done)
}
