//! What happens on an account, as it happens, with heartbeats in between.

use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use super::told::{Over, Teller};
use crate::grpc::convert::tell;
use crate::grpc::edge::Edge;
use crate::grpc::pb::v1 as pb;
use crate::service::ActivityWatch;

/// How long a stream lasts, in seconds.
const STREAM_SECONDS_MAX: u64 = 3_600;

type Message = Result<pb::WatchActivityResponse, Status>;
type Told = Teller<pb::WatchActivityResponse>;

/// Starts to follow; what it returns ends when the reader goes, when its time is over, and when the service stops.
pub(super) fn start(watch: ActivityWatch, edge: Edge, heartbeat: Duration) -> ReceiverStream<Message> {
    let (told, stream) = Teller::new();
    tokio::spawn(async move {
        match timeout(Duration::from_secs(STREAM_SECONDS_MAX), follow(watch, heartbeat, &told)).await {
            Ok(over) => told.end(over, &edge).await,
            Err(_) => tracing::debug!("a watch has had its time"),
        }
    });
    ReceiverStream::new(stream)
}

async fn follow(mut watch: ActivityWatch, heartbeat: Duration, told: &Told) -> Over {
    let mut beats = interval_at(Instant::now() + heartbeat, heartbeat);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // What came between the list and this.
    let mut step = catch_up(&mut watch, told).await;
    while step.is_ok() && !watch.is_over() {
        step = tokio::select! {
            biased;
            () = told.gone() => Err(Over::Gone),
            // A ring may be lost: what it told of comes with the next heartbeat.
            _ = beats.tick() => match catch_up(&mut watch, told).await {
                Ok(()) => told.tell(pb::WatchActivityResponse { activity: None }).await,
                over => over,
            },
            rung = watch.rung() => match rung {
                Ok(()) => catch_up(&mut watch, told).await,
                Err(error) => Err(Over::Failed(error)),
            },
        };
    }
    step.err().unwrap_or(Over::Gone)
}

/// Tells all that is new.
async fn catch_up(watch: &mut ActivityWatch, told: &Told) -> Result<(), Over> {
    loop {
        let news = watch.look().await.map_err(Over::Failed)?;
        if news.is_empty() {
            return Ok(());
        }
        for kept in &news {
            told.tell(pb::WatchActivityResponse { activity: Some(tell::activity(kept)) }).await?;
        }
    }
}
