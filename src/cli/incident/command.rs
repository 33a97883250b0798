//! `portcullis incident`.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::thread;

use clap::{Args, Subcommand, ValueEnum};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::told::{Incident, Incidents};
use crate::cli::connection::{ConnectionArgs, RequestIdArgs, answered};
use crate::cli::failure::{EXIT_CODES, Exit, Failure};
use crate::cli::flags::{parse_instant, timestamp};
use crate::cli::output::Output;
use crate::grpc::pb::v1 as pb;
use crate::grpc::pb::v1::open_incident_request::Step;

/// Accounts in one message: it is shorter than any service takes, whatever they are called.
const ACCOUNTS_AT_ONCE: usize = 2_000;

/// Messages on their way, at most.
const MESSAGES_MAX: usize = 4;

/// The longest line of a list, in bytes: no account has a longer name.
const LINE_BYTES_MAX: u64 = 1_024;

const EXAMPLES: &str = "\
From the next decision on, account PINs that were set at the given instant or before prove nothing, on every account that \
the breach touched. It takes the same time for one account and for all of them. Two people end it.

Examples:
  portcullis incident open --cohort brand --cut-off 2026-08-17T00:00:00Z --reason 'case 4711'
  portcullis incident open --cohort listed --accounts touched.txt --cut-off 2026-08-17T00:00:00Z --reason 'case 4712'
  portcullis incident list --all
  portcullis incident end 0190f3c2-0000-7000-8000-000000000001 --reason 'all have changed theirs'
";

/// `portcullis incident`.
#[derive(Args)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(crate) struct IncidentArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(subcommand)]
    command: IncidentCommand,
}

#[derive(Subcommand)]
enum IncidentCommand {
    /// Tell of a breach: older PINs of those it touched prove nothing from now on
    Open(OpenArgs),
    /// Say that an incident is to be ended; with a second person's word it is
    End(EndArgs),
    /// List the incidents of the brand
    List(ListArgs),
}

#[derive(Args)]
struct OpenArgs {
    /// Whose PINs
    #[arg(long, value_enum)]
    cohort: CohortName,
    /// PINs set at this instant or before, like 2026-08-17T00:00:00Z
    #[arg(long, value_name = "INSTANT", value_parser = parse_instant)]
    cut_off: chrono::DateTime<chrono::Utc>,
    /// With --cohort listed: the accounts, an id a line; `-` is standard input
    #[arg(long, value_name = "FILE", required_if_eq("cohort", "listed"))]
    accounts: Option<PathBuf>,
    /// What happened, up to 128 characters
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    request_id: RequestIdArgs,
}

#[derive(Args)]
struct EndArgs {
    /// The incident, as `list` shows it
    incident: String,
    /// Why, up to 128 characters
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    request_id: RequestIdArgs,
}

#[derive(Args)]
struct ListArgs {
    /// Ended ones too
    #[arg(long)]
    all: bool,
    /// Incidents a page
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(i32).range(1..=200))]
    page_size: i32,
    /// Go on where a page of the same list ended
    #[arg(long, value_name = "TOKEN", default_value = "", hide_default_value = true)]
    page_token: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum CohortName {
    /// Every account of every brand; told by the carrier's own brand alone
    Everyone,
    /// Every account of the brand
    Brand,
    /// The accounts of a list
    Listed,
}

/// Runs it.
pub(crate) async fn run(args: IncidentArgs, output: Output) -> Result<Exit, Failure> {
    let IncidentArgs { connection, command } = args;
    match command {
        IncidentCommand::Open(args) => open(args, &connection, output).await,
        IncidentCommand::End(EndArgs { incident, reason, request_id }) => {
            let request_id = request_id.get()?;
            let mut service = connection.connect().await?.incidents();
            let request = pb::EndIncidentRequest { request_id: request_id.clone(), incident_id: incident, reason };
            let told = answered(&request_id, service.end_incident(request)).await?;
            output.show(&Incident(told.incident.unwrap_or_default()))?;
            Ok(Exit::Done)
        }
        IncidentCommand::List(ListArgs { all, page_size, page_token }) => {
            let mut service = connection.connect().await?.incidents();
            let request = pb::ListIncidentsRequest { include_ended: all, page_size, page_token };
            let told = service.list_incidents(request).await?.into_inner();
            output.show(&Incidents(told))?;
            Ok(Exit::Done)
        }
    }
}

async fn open(args: OpenArgs, connection: &ConnectionArgs, output: Output) -> Result<Exit, Failure> {
    let OpenArgs { cohort, cut_off, accounts, reason, request_id } = args;
    let request_id = request_id.get()?;
    let kind = match cohort {
        CohortName::Everyone => pb::CohortKind::Everyone,
        CohortName::Brand => pb::CohortKind::Brand,
        CohortName::Listed => pb::CohortKind::Listed,
    };
    let lines = match (cohort, accounts) {
        (CohortName::Listed, Some(path)) => Some((path.clone(), read(&path)?)),
        (_, None) => None,
        (_, Some(_)) => return Err(Failure::invalid("--accounts is for --cohort listed alone")),
    };
    let opening = pb::IncidentOpening {
        request_id: request_id.clone(),
        cohort: kind.into(),
        cut_off_time: Some(timestamp(cut_off)),
        reason,
    };
    let client = connection.connect().await?;
    let (send, sent) = mpsc::channel(MESSAGES_MAX);
    // Its reader takes one before the service is called.
    let first = pb::OpenIncidentRequest { step: Some(Step::Opening(opening)) };
    send.send(first).await.map_err(|_closed| Failure::failed("nothing can be sent"))?;
    // Not on the runtime's own thread: it would wait for input.
    let reading = thread::spawn(move || match lines {
        Some((path, lines)) => send_accounts(&path, lines, &send),
        None => {
            end_with(&send, 0);
            Ok(())
        }
    });
    let opened =
        answered(&request_id, client.incidents_without_deadline().open_incident(ReceiverStream::new(sent))).await;
    // Why reading ended tells more than that the service was sent only a part.
    reading.join().map_err(|_broken| Failure::failed("the list could not be read to its end"))??;
    output.show(&Incident(opened?.incident.unwrap_or_default()))?;
    Ok(Exit::Done)
}

fn read(path: &Path) -> Result<Box<dyn BufRead + Send>, Failure> {
    if path.as_os_str() == "-" {
        return Ok(Box::new(BufReader::new(io::stdin())));
    }
    let file = File::open(path).map_err(|error| cannot(path, &error))?;
    Ok(Box::new(BufReader::new(file)))
}

/// Sends the accounts of a list, and then how many they were. A list that cannot be read to its end is not ended: the stream
/// is cut off, so that the service tells of no breach.
fn send_accounts(
    path: &Path,
    mut lines: Box<dyn BufRead + Send>,
    send: &mpsc::Sender<pb::OpenIncidentRequest>,
) -> Result<(), Failure> {
    let mut account_ids = Vec::with_capacity(ACCOUNTS_AT_ONCE);
    let (mut number, mut count): (u64, i64) = (0, 0);
    loop {
        let mut line = String::new();
        number = number.saturating_add(1);
        let length = io::Read::take(&mut lines, LINE_BYTES_MAX).read_line(&mut line);
        let ended = match length {
            Ok(length) => length == 0,
            Err(error) => return cut_off(send, cannot(path, &error)),
        };
        let account = line.trim();
        if line.len() as u64 >= LINE_BYTES_MAX {
            let failure = Failure::invalid(format!("line {number} of `{}` is too long", path.display()));
            return cut_off(send, failure.advise("an account's id a line"));
        }
        if !account.is_empty() {
            account_ids.push(account.to_owned());
            count = count.saturating_add(1);
        }
        if account_ids.len() == ACCOUNTS_AT_ONCE || (ended && !account_ids.is_empty()) {
            let accounts = pb::AccountList { account_ids: std::mem::take(&mut account_ids) };
            if send.blocking_send(pb::OpenIncidentRequest { step: Some(Step::Accounts(accounts)) }).is_err() {
                // The service has answered, and says why.
                return Ok(());
            }
        }
        if ended {
            end_with(send, count);
            return Ok(());
        }
    }
}

/// Says that all was sent.
fn end_with(send: &mpsc::Sender<pb::OpenIncidentRequest>, account_count: i64) {
    // Where nobody reads any more, the service has answered, and says why.
    drop(send.blocking_send(pb::OpenIncidentRequest { step: Some(Step::End(pb::IncidentEnd { account_count })) }));
}

/// Sends what no list has, so that the whole is refused.
fn cut_off(send: &mpsc::Sender<pb::OpenIncidentRequest>, failure: Failure) -> Result<(), Failure> {
    // Where nobody reads any more, the service has refused it already.
    let _ = send.blocking_send(pb::OpenIncidentRequest { step: None });
    Err(failure)
}

fn cannot(path: &Path, error: &io::Error) -> Failure {
    Failure::invalid(format!("cannot read `{}`: {error}", path.display()))
}
