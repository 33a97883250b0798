//! `portcullis notice`: what customers were not told yet, and telling it again.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::answers::{instant, name, spoken, word};
use super::connection::{ConnectionArgs, RequestIdArgs, answered};
use super::failure::{EXIT_CODES, Exit, Failure};
use super::output::{Answer, Output, pairs, parts, table};
use super::run::calling;
use crate::grpc::pb::v1 as pb;

const EXAMPLES: &str = "\
Notices tell customers what happened on their accounts. They leave by `[messages]` of the settings, in the order of the
ledger; what was not taken is tried again for three days.

Examples:
  portcullis notice list
  portcullis notice list --json | jq -r '.dead[].record_id' | sort -u | xargs -r -n 256 portcullis notice replay
  portcullis notice replay 019ca8f1-2233-7444-8555-66778899aa0a
";

/// `portcullis notice`.
#[derive(Subcommand)]
pub(super) enum NoticeCommand {
    /// List the notices that wait for another try, and those that are not tried any more
    List(Box<ListArgs>),
    /// Have records told again, whatever became of their notices
    Replay(Box<ReplayArgs>),
}

/// Flags of `notice list`.
#[derive(Args)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(super) struct ListArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// Flags of `notice replay`.
#[derive(Args)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(super) struct ReplayArgs {
    /// Records, up to 256: as `notice list` names them, or any other that customers are told of
    #[arg(value_name = "RECORD", required = true, num_args = 1..)]
    records: Vec<String>,
    #[command(flatten)]
    request_id: RequestIdArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// Runs a command about notices.
pub(super) fn run(command: NoticeCommand, output: Output) -> Result<Exit, Failure> {
    match command {
        NoticeCommand::List(args) => calling(list(*args, output)),
        NoticeCommand::Replay(args) => calling(replay(*args, output)),
    }
}

async fn list(args: ListArgs, output: Output) -> Result<Exit, Failure> {
    let mut service = args.connection.connect().await?.notices();
    output.show(&Standing(service.list_notices(pb::ListNoticesRequest {}).await?.into_inner()))?;
    Ok(Exit::Done)
}

async fn replay(args: ReplayArgs, output: Output) -> Result<Exit, Failure> {
    let ReplayArgs { records: record_ids, request_id, connection } = args;
    let request_id = request_id.get()?;
    let mut service = connection.connect().await?.notices();
    let request = pb::ReplayNoticesRequest { request_id: request_id.clone(), record_ids };
    output.show(&Replayed(answered(&request_id, service.replay_notices(request)).await?))?;
    Ok(Exit::Done)
}

/// How notices stand.
struct Standing(pb::ListNoticesResponse);

impl Answer for Standing {
    fn json(&self) -> Value {
        let pb::ListNoticesResponse { enabled, read_time, waiting, dead } = &self.0;
        let waiting = waiting.iter().map(|waiting| {
            let pb::WaitingNotice { record_id, tries, begin_time, next_try_time } = waiting;
            json!({
                "record_id": record_id,
                "tries": tries,
                "begin_time": instant(*begin_time),
                "next_try_time": instant(*next_try_time),
            })
        });
        let dead = dead.iter().map(|dead| {
            let pb::DeadNotice { record_id, end, end_time } = dead;
            json!({ "record_id": record_id, "end": name::<pb::NoticeEnd>(*end), "end_time": instant(*end_time) })
        });
        json!({
            "enabled": enabled,
            "read_time": instant(*read_time),
            "waiting": waiting.collect::<Vec<_>>(),
            "dead": dead.collect::<Vec<_>>(),
        })
    }

    fn text(&self) -> String {
        let pb::ListNoticesResponse { enabled, read_time, waiting, dead } = &self.0;
        let told = if *enabled { "yes" } else { "no: `[messages]` is not set, or the service tells another brand's" };
        let head = pairs([("told", told.to_owned()), ("all of before", spoken(*read_time))]);
        let waits = waiting.iter().map(|waiting| {
            let pb::WaitingNotice { record_id, tries, begin_time, next_try_time } = waiting;
            [record_id.clone(), tries.to_string(), spoken(*begin_time), spoken(*next_try_time)]
        });
        let ended = dead.iter().map(|dead| {
            let pb::DeadNotice { record_id, end, end_time } = dead;
            [record_id.clone(), word::<pb::NoticeEnd>(*end), spoken(*end_time)]
        });
        parts([
            head,
            if waiting.is_empty() { String::new() } else { table(["WAITS", "TRIES", "SINCE", "NEXT TRY"], waits) },
            if dead.is_empty() { String::new() } else { table(["NOT TRIED ANY MORE", "WHY", "SINCE"], ended) },
        ])
    }
}

/// That records are told again.
struct Replayed(pb::ReplayNoticesResponse);

impl Answer for Replayed {
    fn json(&self) -> Value {
        json!({ "taken": self.0.taken })
    }

    fn text(&self) -> String {
        pairs([("told again", self.0.taken.to_string())])
    }
}
