//! The stream of an import, and what is told of it.

use std::path::PathBuf;
use std::thread;
use std::time::Instant;

use clap::Args;
use indicatif::ProgressBar;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::seed::parse as parse_seed;
use super::tell::Summary;
use crate::cli::connection::ConnectionArgs;
use crate::cli::failure::{EXIT_CODES, Exit, Failure};
use crate::cli::jsonl::{BadRow, Note, QUEUE_MAX, Refused, Rows, bar, open};
use crate::cli::output::Output;
use crate::grpc::client::Streaming;
use crate::grpc::pb::v1 as pb;

/// What to do about a row that is too long.
const TOO_LONG: &str = ": send an account's further lines in a row of their own";

const EXAMPLES: &str = "\
One JSON object a line, in the contract's own names: an AccountSeed. A row that cannot be used is told by its line, \
field and reason, and the rest goes in; the exit code is 2 then. The same file again changes nothing, and an import \
never lowers protection. With --json each refused row is an object, and the last object is the summary.

A row, here on several lines:
  {\"account\": {\"account_id\": \"A-1\", \"brand\": \"default\", \"account_number\": \"100042\",
    \"kind\": \"ACCOUNT_KIND_POSTPAID\",
    \"persons\": [{\"person_id\": \"P-1\", \"role\": \"PERSON_ROLE_OWNER\"}]},
   \"lines\": [{\"line_id\": \"L-1\", \"msisdn\": \"+12125550123\", \"status\": \"LINE_STATUS_ACTIVE\"}]}

Examples:
  portcullis account import subscribers.jsonl
  portcullis account import subscribers.jsonl --resume-from 250001
  zcat subscribers.jsonl.gz | portcullis account import -
";

/// Flags of `account import`.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(crate) struct ImportArgs {
    /// The file, one JSON object a line; `-` is standard input
    file: PathBuf,
    /// Go on with this line of the file, where an import was cut off
    #[arg(long, value_name = "ROW", default_value_t = 1, value_parser = clap::value_parser!(i64).range(1..))]
    resume_from: i64,
}

/// Runs it.
pub(crate) async fn run(args: ImportArgs, connection: &ConnectionArgs, output: Output) -> Result<Exit, Failure> {
    let (input, bytes) = open(&args.file)?;
    let client = connection.connect().await?;
    let (send_rows, sent) = mpsc::channel(QUEUE_MAX);
    let (send_notes, notes) = mpsc::channel(QUEUE_MAX);
    let mut accounts = client.accounts_without_deadline();
    let answers = accounts.import_accounts(ReceiverStream::new(sent));
    let first = args.resume_from;
    // Not on the runtime's own threads: it would wait for one that waits for input, even after the import has failed.
    let reading = thread::Builder::new()
        .name("import-read".to_owned())
        .spawn(move || {
            let send = |row, seed| send_rows.blocking_send(pb::ImportAccountsRequest { row, seed: Some(seed) }).is_ok();
            Rows { first, too_long: TOO_LONG, parse: parse_seed, send }.read(input, &send_notes);
        })
        .map_err(|error| Failure::failed(format!("cannot start reading: {error}")))?;
    let answers = answers.await?.into_inner();
    let mut import = Import { output, bar: bar(bytes), summary: Summary::default(), settled: first.saturating_sub(1) };
    let started = Instant::now();
    let ended = import.follow(answers, notes).await;
    import.bar.finish_and_clear();
    import.summary.took = started.elapsed();
    if let Err(failure) = ended {
        // What was done stays done, and is told before why it ended; the reason is told even if nobody reads this.
        let _ = output.show(&import.summary);
        let next = import.settled.saturating_add(1);
        let advice = format!("the rows before {next} are dealt with: the same with --resume-from {next}");
        return Err(failure.advise(advice));
    }
    output.show(&import.summary)?;
    // A thread that broke looks like a file that ended.
    reading.join().map_err(|_| Failure::failed("reading broke off, so not all rows were sent"))?;
    Ok(if import.summary.refused == 0 { Exit::Done } else { Exit::Invalid })
}

/// An import under way.
struct Import {
    output: Output,
    bar: ProgressBar,
    summary: Summary,
    /// Every row up to this one is dealt with.
    settled: i64,
}

impl Import {
    /// Tells what comes in, until the service has answered for the last row.
    async fn follow(
        &mut self,
        mut answers: Streaming<pb::ImportAccountsResponse>,
        mut notes: mpsc::Receiver<Note>,
    ) -> Result<(), Failure> {
        let (mut answered, mut noted) = (false, false);
        while !answered || !noted {
            tokio::select! {
                answer = answers.message(), if !answered => match answer? {
                    Some(answer) => self.answer(answer)?,
                    None => answered = true,
                },
                note = notes.recv(), if !noted => match note {
                    Some(note) => self.note(note)?,
                    None => noted = true,
                },
            }
        }
        Ok(())
    }

    fn answer(&mut self, answer: pb::ImportAccountsResponse) -> Result<(), Failure> {
        let pb::ImportAccountsResponse { rows_done: _, created, unchanged, errors, updated, done_through_row } = answer;
        self.summary = Summary { created, updated, unchanged, ..self.summary.clone() };
        self.settled = self.settled.max(done_through_row);
        for pb::RowError { row, field, reason } in errors {
            self.refuse(&Refused { row, field, reason })?;
        }
        self.bar.set_message(format!("{} rows, {} refused", self.summary.rows(), self.summary.refused));
        Ok(())
    }

    fn note(&mut self, note: Note) -> Result<(), Failure> {
        match note {
            Note::Bytes(bytes) => self.bar.set_position(bytes),
            Note::Broken(error) => return Err(Failure::failed(format!("cannot read on: {error}"))),
            Note::Bad(BadRow { row, problem }) => {
                self.refuse(&Refused { row, field: problem.field, reason: problem.reason })?;
            }
        }
        Ok(())
    }

    fn refuse(&mut self, refused: &Refused) -> Result<(), Failure> {
        self.summary.refused = self.summary.refused.saturating_add(1);
        let output = self.output;
        self.bar.suspend(|| output.show(refused))
    }
}
