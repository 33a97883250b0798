//! Streams to readers that may be slow or gone: memory stays bounded, and a place is not held for ever.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;
use tonic::{Code, Status};

use crate::grpc::edge::Edge;
use crate::grpc::status;
use crate::service::ServiceError;

/// Messages that wait for a slow reader; then nothing more is read.
const MESSAGES_WAITING_MAX: usize = 2;

/// How long a reader may take no message before its place goes to others, in seconds.
const SLOW_READER_SECONDS: u64 = 60;

const SLOW: Duration = Duration::from_secs(SLOW_READER_SECONDS);

/// Where a stream's messages go.
pub(super) struct Teller<M>(mpsc::Sender<Result<M, Status>>);

/// Why a stream ends before its end.
pub(super) enum Over {
    /// Its reader has gone, or has all it is to have.
    Gone,
    /// Its reader takes nothing.
    Slow,
    /// What is told cannot be.
    Failed(ServiceError),
}

impl<M> Teller<M> {
    /// Where messages go, and where they come out.
    pub(super) fn new() -> (Self, mpsc::Receiver<Result<M, Status>>) {
        let (told, stream) = mpsc::channel(MESSAGES_WAITING_MAX);
        (Self(told), stream)
    }

    /// Tells a message.
    pub(super) async fn tell(&self, message: M) -> Result<(), Over> {
        match timeout(SLOW, self.0.send(Ok(message))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Over::Gone),
            Err(_) => Err(Over::Slow),
        }
    }

    /// Waits until the reader has gone.
    pub(super) async fn gone(&self) {
        self.0.closed().await;
    }

    /// Tells why it ends, as far as anybody still listens.
    pub(super) async fn end(self, over: Over, edge: &Edge) {
        match over {
            Over::Gone => {}
            Over::Slow => {
                let slow = status::failure(Code::Aborted, "READER_SLOW", "nothing was read for too long: ask again");
                // It reads nothing: what waits for it is all that it may still get.
                let _ = self.0.try_send(Err(slow));
            }
            Over::Failed(error) => {
                // As above.
                let _ = timeout(SLOW, self.0.send(Err(edge.refusal(&error.into())))).await;
            }
        }
    }
}
