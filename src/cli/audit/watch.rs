//! `portcullis audit watch`.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use super::filter::FilterArgs;
use crate::cli::answers::Record;
use crate::cli::connection::ConnectionArgs;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;
use crate::grpc::client::{Code, Status};
use crate::grpc::pb::v1 as pb;

/// How long it waits before it comes back to a service that was not there, in seconds: longer each time, up to the second.
const COME_BACK_SECONDS: (u64, u64) = (1, 30);

/// `portcullis audit watch`.
#[derive(Debug, Args)]
pub(super) struct WatchArgs {
    #[command(flatten)]
    filter: FilterArgs,
    /// Of one account alone, by its id
    #[arg(long, value_name = "ID", default_value = "", hide_default_value = true)]
    account: String,
    /// Go on from here
    #[arg(long, value_name = "TOKEN", conflicts_with = "resume_file")]
    resume_token: Option<String>,
    /// Keep the place in this file, and go on from there the next time
    #[arg(long, value_name = "FILE")]
    resume_file: Option<PathBuf>,
    /// End after so many records
    #[arg(long, value_name = "N")]
    count: Option<u64>,
}

/// Runs it.
pub(super) async fn run(args: WatchArgs, connection: &ConnectionArgs, output: Output) -> Result<Exit, Failure> {
    let WatchArgs { filter, account, resume_token, resume_file, count } = args;
    let token = match &resume_file {
        Some(path) => read_place(path)?,
        None => resume_token.unwrap_or_default(),
    };
    let request = pb::WatchRecordsRequest { resume_token: token, filter: Some(filter.filter()), account_id: account };
    let mut follower = Follower { request, resume_file, left: count, output, came_back: COME_BACK_SECONDS.0 };
    while follower.left != Some(0) {
        match follower.follow(connection).await {
            Ok(()) => {}
            Err(Over::Failed(failure)) => return Err(failure),
            Err(Over::Away(status)) => {
                let wait = follower.came_back;
                output.note(&format!("The service is away ({}); it is asked again in {wait} s.", status.message()));
                tokio::time::sleep(Duration::from_secs(wait)).await;
                follower.came_back = wait.saturating_mul(2).min(COME_BACK_SECONDS.1);
            }
        }
    }
    Ok(Exit::Done)
}

/// Why following ended.
enum Over {
    /// For now: it may be taken up again.
    Away(Status),
    /// For good.
    Failed(Failure),
}

impl From<Failure> for Over {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<Status> for Over {
    fn from(status: Status) -> Self {
        match status.code() {
            // Whoever was slow, or lost the connection, goes on from the last token.
            Code::Unavailable | Code::Aborted | Code::Cancelled | Code::Unknown => Self::Away(status),
            _ => Self::Failed(status.into()),
        }
    }
}

/// Follows, and keeps its place.
struct Follower {
    request: pb::WatchRecordsRequest,
    resume_file: Option<PathBuf>,
    left: Option<u64>,
    output: Output,
    came_back: u64,
}

impl Follower {
    /// Until the stream ends or as many came as were wanted.
    async fn follow(&mut self, connection: &ConnectionArgs) -> Result<(), Over> {
        let mut audit = connection.connect().await?.audit_without_deadline();
        let mut stream = audit.watch_records(self.request.clone()).await?.into_inner();
        while let Some(message) = stream.message().await? {
            self.came_back = COME_BACK_SECONDS.0;
            let pb::WatchRecordsResponse { records, resume_token } = message;
            for record in records {
                self.output.show(&Record(record))?;
                self.left = self.left.map(|left| left.saturating_sub(1));
                if self.left == Some(0) {
                    // The place stays before this message: what of it was not shown comes again.
                    return Ok(());
                }
            }
            if let Some(path) = &self.resume_file {
                write_place(path, &resume_token)?;
            }
            self.request.resume_token = resume_token;
        }
        Ok(())
    }
}

/// The place that the file keeps; none where there is no file yet.
fn read_place(path: &Path) -> Result<String, Failure> {
    match fs::read_to_string(path) {
        Ok(place) => Ok(place.trim().to_owned()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(Failure::invalid(format!("cannot read `{}`: {error}", path.display()))),
    }
}

/// Whole or not at all: a place that was half written is none.
fn write_place(path: &Path, place: &str) -> Result<(), Failure> {
    let next = path.with_extension("next");
    let written = fs::write(&next, format!("{place}\n")).and_then(|()| fs::rename(&next, path));
    written.map_err(|error| Failure::failed(format!("cannot write `{}`: {error}", path.display())))
}
