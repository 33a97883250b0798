//! Records as they come, with heartbeats in between; memory stays bounded however slow the reader is.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status};

use super::fitting::fitting;
use crate::grpc::convert::tell;
use crate::grpc::edge::Edge;
use crate::grpc::pb::v1 as pb;
use crate::grpc::status;
use crate::service::{NextPage, RecordView, ServiceError, Watch};

/// Messages that wait for a slow reader; then nothing more is read.
const MESSAGES_WAITING_MAX: usize = 2;

/// How long a reader may take no message before its place goes to others, in seconds.
const SLOW_READER_SECONDS: u64 = 60;

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

/// Starts to follow; what it returns ends when the reader goes, reads nothing for too long, or has had its time.
pub(super) fn start(watch: Watch, edge: Edge, pace: Pace) -> ReceiverStream<Message> {
    let (told, stream) = mpsc::channel(MESSAGES_WAITING_MAX);
    tokio::spawn(async move {
        let follow = follow(watch, &edge, pace, &told);
        if timeout(Duration::from_secs(STREAM_SECONDS_MAX), follow).await.is_err() {
            tracing::debug!("a watch has had its time");
        }
    });
    ReceiverStream::new(stream)
}

async fn follow(mut watch: Watch, edge: &Edge, pace: Pace, told: &mpsc::Sender<Message>) {
    let mut beats = interval_at(Instant::now(), pace.heartbeat);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        match step(&mut watch, pace, told, &mut beats).await {
            Ok(()) => {}
            Err(Over::Gone) => return,
            Err(Over::Slow) => {
                let slow = status::failure(Code::Aborted, "READER_SLOW", "nothing was read for too long: resume");
                // It reads nothing: what waits for it is all that it may still get.
                let _ = told.try_send(Err(slow));
                return;
            }
            Err(Over::Failed(error)) => {
                // As above.
                let _ = timeout(SLOW, told.send(edge.answer(Err(error.into())))).await;
                return;
            }
        }
    }
}

/// Why a stream ends.
enum Over {
    Gone,
    Slow,
    Failed(ServiceError),
}

const SLOW: Duration = Duration::from_secs(SLOW_READER_SECONDS);

/// Tells what came, and waits when that was all.
async fn step(
    watch: &mut Watch,
    pace: Pace,
    told: &mpsc::Sender<Message>,
    beats: &mut tokio::time::Interval,
) -> Result<(), Over> {
    let before = watch.places().to_vec();
    let seen = watch.read().await.map_err(Over::Failed)?;
    if !seen.records.is_empty() {
        tell_records(&seen.records, before, watch.places(), pace, told).await?;
        beats.reset();
    }
    let resume_token = tell::resume_token(watch.places());
    tokio::select! {
        biased;
        () = told.closed() => Err(Over::Gone),
        _ = beats.tick() => send(told, pb::WatchRecordsResponse { records: Vec::new(), resume_token }).await,
        () = std::future::ready(()), if seen.more => Ok(()),
        rung = watch.rung(), if !seen.more => rung.map_err(Over::Failed),
    }
}

/// Tells records in as many messages as it takes. The token of each stands right behind its last record; the last one's
/// also behind what was read and not meant.
async fn tell_records(
    views: &[RecordView],
    mut places: Vec<u64>,
    end: &[u64],
    pace: Pace,
    told: &mpsc::Sender<Message>,
) -> Result<(), Over> {
    let mut records: Vec<_> = views.iter().map(tell::record).collect();
    let mut views = views.iter();
    while !records.is_empty() {
        let fit = fitting(&records, pace.message_bytes_max).min(records.len());
        let rest = records.split_off(fit);
        for view in views.by_ref().take(fit) {
            if let Some(NextPage::On { journal, place }) = view.after
                && let Some(known) = places.get_mut(usize::from(journal))
            {
                *known = place;
            }
        }
        let resume_token = tell::resume_token(if rest.is_empty() { end } else { &places });
        send(told, pb::WatchRecordsResponse { records, resume_token }).await?;
        records = rest;
    }
    Ok(())
}

async fn send(told: &mpsc::Sender<Message>, message: pb::WatchRecordsResponse) -> Result<(), Over> {
    match timeout(SLOW, told.send(Ok(message))).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(Over::Gone),
        Err(_) => Err(Over::Slow),
    }
}
