//! How a decision stands, as it changes, with heartbeats in between.

use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use super::told::{Over, Teller};
use crate::grpc::convert::tell::{self, Showing};
use crate::grpc::edge::Edge;
use crate::grpc::pb::v1 as pb;
use crate::service::{Answer, DecisionWatch, ServiceError};

/// How long a stream lasts, in seconds.
const STREAM_SECONDS_MAX: u64 = 3_600;

/// A clock that is set back is looked at again, and one that is stopped in a test.
const REST_SECONDS_MAX: u64 = 10;

/// So often at most it is looked whether time alone changed something.
const REST_MIN: Duration = Duration::from_millis(100);

type Message = Result<pb::WatchDecisionResponse, Status>;
type Told = Teller<pb::WatchDecisionResponse>;

/// Starts to follow; what it returns ends with the challenge, when the reader goes, and when the service stops.
pub(super) fn start(first: Answer, watch: DecisionWatch, edge: Edge, heartbeat: Duration) -> ReceiverStream<Message> {
    let (told, stream) = Teller::new();
    tokio::spawn(async move {
        match timeout(Duration::from_secs(STREAM_SECONDS_MAX), follow(&first, watch, heartbeat, &told)).await {
            Ok(over) => told.end(over, &edge).await,
            Err(_) => tracing::debug!("a watch has had its time"),
        }
    });
    ReceiverStream::new(stream)
}

async fn follow(first: &Answer, mut watch: DecisionWatch, heartbeat: Duration, told: &Told) -> Over {
    let mut beats = interval_at(Instant::now() + heartbeat, heartbeat);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    if let Err(over) = tell(first, told).await {
        return over;
    }
    while !watch.is_over() {
        let step = tokio::select! {
            biased;
            () = told.gone() => Err(Over::Gone),
            _ = beats.tick() => told.tell(pb::WatchDecisionResponse { decision: None }).await,
            news = news(&mut watch) => match news {
                Ok(Some(answer)) => tell(&answer, told).await,
                Ok(None) => Ok(()),
                Err(error) => Err(Over::Failed(error)),
            },
        };
        if let Err(over) = step {
            return over;
        }
    }
    Over::Gone
}

/// Waits until something may have changed, by a commit or by time, and looks.
async fn news(watch: &mut DecisionWatch) -> Result<Option<Answer>, ServiceError> {
    let most = Duration::from_secs(REST_SECONDS_MAX);
    let rest = watch.rests_for()?.map_or(most, |rest| rest.clamp(REST_MIN, most));
    match timeout(rest, watch.rung()).await {
        Ok(rung) => rung?,
        Err(_) => tracing::trace!("time alone may have changed a decision"),
    }
    watch.look().await
}

async fn tell(answer: &Answer, told: &Told) -> Result<(), Over> {
    let broken = || Over::Failed(ServiceError::Unavailable("the decision cannot be told".to_owned()));
    let decision = tell::decision(answer, None, Showing::NoPermit).ok_or_else(broken)?;
    told.tell(pb::WatchDecisionResponse { decision: Some(decision) }).await
}
