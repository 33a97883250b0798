//! Records as they come, with heartbeats in between; memory stays bounded however slow the reader is.

use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use super::fitting::parts;
use super::told::{Over, Teller};
use crate::grpc::convert::tell;
use crate::grpc::edge::Edge;
use crate::grpc::pb::v1 as pb;
use crate::service::{NextPage, RecordView, Watch};

/// How long a stream lasts, in seconds: a token that ended, or a right that was taken, must not go on for ever.
const STREAM_SECONDS_MAX: u64 = 3_600;

/// How messages come.
#[derive(Clone, Copy)]
pub(super) struct Pace {
    /// The longest silence.
    pub(super) heartbeat: Duration,
    /// The longest message, in bytes.
    pub(super) message_bytes_max: usize,
}

type Message = Result<pb::WatchRecordsResponse, Status>;
type Told = Teller<pb::WatchRecordsResponse>;

/// Starts to follow; what it returns ends when the reader goes, reads nothing for too long, or has had its time, and when
/// the service stops.
pub(super) fn start(watch: Watch, edge: Edge, pace: Pace) -> ReceiverStream<Message> {
    let (told, stream) = Teller::new();
    tokio::spawn(async move {
        match timeout(Duration::from_secs(STREAM_SECONDS_MAX), follow(watch, pace, &told)).await {
            Ok(over) => told.end(over, &edge).await,
            Err(_) => tracing::debug!("a watch has had its time"),
        }
    });
    ReceiverStream::new(stream)
}

async fn follow(mut watch: Watch, pace: Pace, told: &Told) -> Over {
    let mut beats = interval_at(Instant::now(), pace.heartbeat);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        if let Err(over) = step(&mut watch, pace, told, &mut beats).await {
            return over;
        }
    }
}

/// Tells what came, and waits when that was all.
async fn step(watch: &mut Watch, pace: Pace, told: &Told, beats: &mut tokio::time::Interval) -> Result<(), Over> {
    if watch.is_over() {
        return Err(Over::Gone);
    }
    let before = watch.places().to_vec();
    let seen = watch.read().await.map_err(Over::Failed)?;
    if !seen.records.is_empty() {
        tell_records(watch, &seen.records, before, pace, told).await?;
        beats.reset();
    }
    let resume_token = tell::resume_token(&watch.reached(watch.places()));
    tokio::select! {
        biased;
        () = told.gone() => Err(Over::Gone),
        _ = beats.tick() => told.tell(pb::WatchRecordsResponse { records: Vec::new(), resume_token }).await,
        () = std::future::ready(()), if seen.more => Ok(()),
        rung = watch.rung(), if !seen.more => rung.map_err(Over::Failed),
    }
}

/// Tells records in as many messages as it takes. The token of each stands right behind its last record; the last one's
/// also behind what was read and not meant.
async fn tell_records(
    watch: &Watch,
    views: &[RecordView],
    mut places: Vec<u64>,
    pace: Pace,
    told: &Told,
) -> Result<(), Over> {
    let records = views.iter().map(tell::record).collect();
    let (mut views, mut parts) = (views.iter(), parts(records, pace.message_bytes_max).into_iter().peekable());
    while let Some(records) = parts.next() {
        for view in views.by_ref().take(records.len()) {
            if let Some(NextPage::On { journal, place }) = view.after
                && let Some(known) = places.get_mut(usize::from(journal))
            {
                *known = place;
            }
        }
        let reached = watch.reached(if parts.peek().is_none() { watch.places() } else { &places });
        let resume_token = tell::resume_token(&reached);
        told.tell(pb::WatchRecordsResponse { records, resume_token }).await?;
    }
    Ok(())
}
