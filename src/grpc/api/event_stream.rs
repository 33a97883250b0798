//! Events: they come in, an answer for each goes out, and memory stays bounded however long the stream is.
//!
//! A stream has a few workers. Events that name the same line or account in the same words go to the same one, so that they
//! keep their order and take one place at a time in the account's queue: a flood of them leaves room for who asks.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use crate::domain::RequestId;
use crate::grpc::convert::{FieldError, ask, tell};
use crate::grpc::edge::{Edge, Refused};
use crate::grpc::pb::v1 as pb;
use crate::service::{Authorised, Engine, ServiceError, ToldBySource, right};

/// Workers a stream has. Enough that one sync to disk carries many events.
const WORKERS: usize = 64;

/// Events that wait for one worker; then none is taken from the stream.
const EVENTS_WAITING_MAX: usize = 4;

/// Answers that wait for a slow reader; then the workers wait, too.
const ANSWERS_WAITING_MAX: usize = 64;

/// How often an event waits for room in its account's queue, and how long, in milliseconds.
const ROOM_TRIES_MAX: u32 = 250;
const ROOM_WAIT_MILLISECONDS: u64 = 20;

/// What becomes of events, and the kind of those that cannot be read, as counters name them.
const RECORDED: &str = "RECORDED";
const REFUSED: &str = "REFUSED";
const UNAVAILABLE: &str = "UNAVAILABLE";
const UNREAD: &str = "UNREAD";

type Answer = Result<pb::RecordEventsResponse, Status>;
type Source = Authorised<right::RecordEvents>;

/// An event that can be used, by its place in the stream.
struct Numbered {
    number: i64,
    told: ToldBySource,
}

/// Everything that a worker needs.
#[derive(Clone)]
struct Recorder {
    engine: Arc<Engine>,
    edge: Edge,
    who: Source,
    answers: mpsc::Sender<Answer>,
}

/// Starts to take events; what it returns has an answer for each, and ends when the events do.
pub(super) fn start(
    engine: Arc<Engine>,
    edge: Edge,
    who: Source,
    events: Streaming<pb::RecordEventsRequest>,
) -> ReceiverStream<Answer> {
    let (answers, told) = mpsc::channel(ANSWERS_WAITING_MAX);
    tokio::spawn(Recorder { engine, edge, who, answers }.run(events));
    ReceiverStream::new(told)
}

impl Recorder {
    /// Ends when the events end, when the reader is gone, or when nothing can be kept. The workers end what they have
    /// begun: a commit is not left half-followed.
    async fn run(self, mut events: Streaming<pb::RecordEventsRequest>) {
        let workers: Vec<_> = (0..WORKERS).map(|_| self.clone().worker()).collect();
        let mut number: i64 = 0;
        loop {
            let message = tokio::select! {
                message = events.message() => message,
                () = self.answers.closed() => return,
            };
            let taken = match message {
                Ok(Some(message)) => {
                    number = number.saturating_add(1);
                    self.take(number, message, &workers).await
                }
                Ok(None) => return,
                Err(cut) => {
                    // Whoever listened may have gone meanwhile: the stream is over either way.
                    let _ = self.answers.send(Err(cut)).await;
                    return;
                }
            };
            if taken.is_err() {
                return;
            }
        }
    }

    /// Passes an event on to its worker. What cannot be used is answered here.
    async fn take(
        &self,
        number: i64,
        message: pb::RecordEventsRequest,
        workers: &[mpsc::Sender<Numbered>],
    ) -> Result<(), Over> {
        // What is no UUID is not told again: it may be anything.
        let event_id = RequestId::parse(&message.event_id).map(|id| id.to_string()).unwrap_or_default();
        match ask::record_event(message) {
            Ok(told) => {
                let mut hasher = DefaultHasher::new();
                told.scope.as_given().hash(&mut hasher);
                let place = usize::try_from(hasher.finish() % WORKERS as u64).unwrap_or_default();
                let worker = workers.get(place).ok_or(Over)?;
                worker.send(Numbered { number, told }).await.map_err(|_| Over)
            }
            Err(error) => {
                self.edge.metrics().told(UNREAD, REFUSED);
                self.answers.send(Ok(tell::refused(number, event_id, &error))).await.map_err(|_| Over)
            }
        }
    }

    /// A task that keeps what it is sent, one event after the other.
    fn worker(self) -> mpsc::Sender<Numbered> {
        let (send, mut waiting) = mpsc::channel::<Numbered>(EVENTS_WAITING_MAX);
        tokio::spawn(async move {
            while let Some(event) = waiting.recv().await {
                let answer = self.record(event).await;
                let is_over = answer.is_err();
                if self.answers.send(answer).await.is_err() || is_over {
                    return;
                }
            }
        });
        send
    }

    async fn record(&self, Numbered { number, told }: Numbered) -> Answer {
        let (id, kind) = (told.event.to_string(), told.what.kind().name());
        for _ in 0..ROOM_TRIES_MAX {
            match self.engine.record_event(self.who.clone(), told.clone()).await {
                Ok(()) => {
                    self.edge.metrics().told(kind, RECORDED);
                    return Ok(tell::recorded(number, id));
                }
                Err(ServiceError::Exhausted { retry_at: None, .. }) => {
                    tokio::time::sleep(Duration::from_millis(ROOM_WAIT_MILLISECONDS)).await;
                }
                Err(error) => {
                    let answer = self.refused(number, id, error);
                    self.edge.metrics().told(kind, if answer.is_ok() { REFUSED } else { UNAVAILABLE });
                    return answer;
                }
            }
        }
        self.edge.metrics().told(kind, UNAVAILABLE);
        Err(crate::grpc::status::unavailable())
    }

    fn refused(&self, number: i64, id: String, error: ServiceError) -> Answer {
        let (field, reason) = match error {
            ServiceError::Invalid { field, expected } => (field, expected),
            ServiceError::NotFound(_) => ("scope", "must be a line or an account that is there"),
            ServiceError::RequestIdReused => ("event_id", "must not be the id of another event"),
            ServiceError::Forbidden => ("line.brand", "must be the caller's own"),
            ServiceError::Exhausted { what, .. } => ("scope", what),
            other => return Err(self.edge.refusal(&Refused::Service(other))),
        };
        Ok(tell::refused(number, id, &FieldError::new(field, reason)))
    }
}

/// Nobody listens any more, or nothing can be kept.
struct Over;
