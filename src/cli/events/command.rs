//! The stream of events, and what is told of it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use clap::{Args, Subcommand};
use indicatif::ProgressBar;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::event::parse;
use super::tell::Summary;
use crate::cli::connection::ConnectionArgs;
use crate::cli::failure::{EXIT_CODES, Exit, Failure};
use crate::cli::jsonl::{BadRow, Note, QUEUE_MAX, Refused, Rows, bar, open};
use crate::cli::output::Output;
use crate::grpc::client::Streaming;
use crate::grpc::pb::v1 as pb;
use crate::grpc::pb::v1::record_events_response::Result as Became;

const EXAMPLES: &str = "\
One JSON object a line, in the contract's own names: a RecordEventsRequest. An event that is refused is told by its \
line, field and reason, and the rest is kept; the exit code is 2 then. The same file again counts nothing twice. With \
--json each refused event is an object, and the last object is the summary.

Events, one a line:
  {\"event_id\": \"0190d4f0-7c3e-7a52-9a63-0d1f3c5e7b91\", \"line\": {\"msisdn\": \"+12125550123\"},
   \"occur_time\": \"2026-03-01T12:00:00Z\", \"sim_activated\": {\"iccid\": \"8901260123456789011\"}}
  {\"event_id\": \"0190d4f0-7c3e-7a52-9a63-0d1f3c5e7b92\", \"account_id\": \"A-1\",
   \"occur_time\": \"2026-03-01T12:00:07Z\", \"log_in_failed\": {\"client_address\": \"192.0.2.7\"}}

Examples:
  portcullis events send events.jsonl
  tail -f -n +1 network.jsonl | portcullis events send -
";

/// `portcullis events`.
#[derive(Args)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(crate) struct EventsArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(subcommand)]
    command: EventsCommand,
}

#[derive(Subcommand)]
enum EventsCommand {
    /// Tell the service what happened, from a file
    Send(SendArgs),
}

/// Flags of `events send`.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
struct SendArgs {
    /// The file, one JSON object a line; `-` is standard input
    file: PathBuf,
}

/// Runs it.
pub(crate) async fn run(args: EventsArgs, output: Output) -> Result<Exit, Failure> {
    let EventsArgs { connection, command } = args;
    match command {
        EventsCommand::Send(args) => send(args, &connection, output).await,
    }
}

async fn send(args: SendArgs, connection: &ConnectionArgs, output: Output) -> Result<Exit, Failure> {
    let (input, bytes) = open(&args.file)?;
    let client = connection.connect().await?;
    let (send_events, sent) = mpsc::channel(QUEUE_MAX);
    let (send_notes, notes) = mpsc::channel(QUEUE_MAX);
    let mut events = client.events();
    let answers = events.record_events(ReceiverStream::new(sent));
    let waiting = Waiting::default();
    let (mut number, lines): (i64, _) = (0, waiting.clone());
    // Not on the runtime's own threads: it would wait for one that waits for input, even after the stream has failed.
    let reading = thread::Builder::new()
        .name("events-read".to_owned())
        .spawn(move || {
            let send = |row, event: pb::RecordEventsRequest| {
                number = number.saturating_add(1);
                lines.put(number, row);
                send_events.blocking_send(event).is_ok()
            };
            Rows { first: 1, too_long: "", parse, send }.read(input, &send_notes);
        })
        .map_err(|error| Failure::failed(format!("cannot start reading: {error}")))?;
    let answers = answers.await?.into_inner();
    let mut sending = Sending { output, bar: bar(bytes), summary: Summary::default(), waiting };
    let started = Instant::now();
    let ended = sending.follow(answers, notes).await;
    sending.bar.finish_and_clear();
    sending.summary.took = started.elapsed();
    if let Err(failure) = ended {
        // What was kept stays kept, and is told before why it ended; the reason is told even if nobody reads this.
        let _ = output.show(&sending.summary);
        return Err(failure.advise("the same file again: what is kept already counts nothing twice"));
    }
    output.show(&sending.summary)?;
    // A thread that broke looks like a file that ended.
    reading.join().map_err(|_| Failure::failed("reading broke off, so not all events were sent"))?;
    if !sending.waiting.is_empty() {
        return Err(Failure::failed("not every event was answered: send the same file again"));
    }
    Ok(if sending.summary.refused == 0 { Exit::Done } else { Exit::Invalid })
}

/// The lines of events that wait for their answers, by their numbers in the stream. As many as are on their way.
#[derive(Clone, Default)]
struct Waiting(Arc<Mutex<HashMap<i64, i64>>>);

impl Waiting {
    fn put(&self, number: i64, row: i64) {
        // A poisoned lock holds a map that is whole: nothing between its changes can panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(number, row);
    }

    /// The line of an event that is answered; of one that was answered before, or never sent, none.
    fn take(&self, number: i64) -> Option<i64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&number)
    }

    fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

/// A stream under way.
struct Sending {
    output: Output,
    bar: ProgressBar,
    summary: Summary,
    waiting: Waiting,
}

impl Sending {
    /// Tells what comes in, until the service has answered for the last event.
    async fn follow(
        &mut self,
        mut answers: Streaming<pb::RecordEventsResponse>,
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

    fn answer(&mut self, answer: pb::RecordEventsResponse) -> Result<(), Failure> {
        let pb::RecordEventsResponse { event_number, event_id: _, result } = answer;
        let unasked = || Failure::failed("the service answered for an event that was not sent");
        let row = self.waiting.take(event_number).ok_or_else(unasked)?;
        match result {
            Some(Became::Recorded(pb::EventRecorded {})) => {
                self.summary.recorded = self.summary.recorded.saturating_add(1);
            }
            Some(Became::Refused(pb::EventRefused { field, reason })) => {
                self.refuse(&Refused { row, field, reason })?;
            }
            None => return Err(Failure::failed("the service gave an answer that this program does not know")),
        }
        self.bar.set_message(format!("{} events, {} refused", self.summary.events(), self.summary.refused));
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
