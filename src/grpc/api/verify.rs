//! Verifications: progress and faults go out while they work; a checkpoint's text comes in no faster than it is compared.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use crate::audit::{CHECKPOINT_LINE_BYTES_MAX, ChainMark, CheckpointLine, CheckpointReader, Fault, FaultKind};
use crate::domain::Brand;
use crate::grpc::convert::{FieldError, ask, tell};
use crate::grpc::edge::{Edge, Refused};
use crate::grpc::pb::v1 as pb;
use crate::service::{Authorised, Engine, Verification, right};
use crate::store::Verifying;

/// Faults told, at most; all are counted.
const FAULTS_TOLD_MAX: i64 = 1_000;

/// Messages that wait for a slow reader, and marks of a checkpoint that wait to be compared.
const MESSAGES_WAITING_MAX: usize = 2;
const MARKS_WAITING_MAX: usize = 1_024;

/// How long the next step of a request may take, in seconds.
const STEP_SECONDS_MAX: u64 = 60;

type Message = Result<pb::VerifyChainResponse, Status>;
type Steps = Streaming<pb::VerifyChainRequest>;
type Who = Authorised<right::VerifyRecords>;

/// Starts a verification; what it returns ends with the verdict.
pub(super) fn start(engine: Arc<Engine>, edge: Edge, who: Who, steps: Steps) -> ReceiverStream<Message> {
    let (told, stream) = mpsc::channel(MESSAGES_WAITING_MAX);
    tokio::spawn(async move {
        if let Err(status) = verify(&engine, &edge, &who, steps, &told).await {
            // Who went away needs no verdict.
            let _ = told.send(Err(status)).await;
        }
    });
    ReceiverStream::new(stream)
}

async fn verify(
    engine: &Arc<Engine>,
    edge: &Edge,
    who: &Who,
    mut steps: Steps,
    told: &mpsc::Sender<Message>,
) -> Result<(), Status> {
    let first = next(&mut steps).await?.unwrap_or_default();
    let ask::VerifyStep::Start { account, with_checkpoint } = ask::verify_chain(first)? else {
        return Err(FieldError::new("step", "must be `start` in the first message").into());
    };
    let (checkpoint, marks) = if with_checkpoint {
        let (marks, given) = mpsc::channel(MARKS_WAITING_MAX);
        let (engine, brand) = (Arc::clone(engine), who.requester().brand.clone());
        (Some(tokio::spawn(read_checkpoint(engine, brand, steps, marks))), Some(given))
    } else {
        (None, None)
    };
    let begun = engine.verify(who, account, marks).await;
    let Verification { steps: mut found, end } = edge.answer(begun.map_err(Refused::from))?;
    let mut so_far = pb::VerifyChainResponse::default();
    while let Some(step) = found.recv().await {
        match step {
            Verifying::Progress(verified) => {
                (so_far.accounts, so_far.records) = (count(verified.accounts), count(verified.records));
            }
            Verifying::Found(fault) => note(&mut so_far, &fault),
        }
        if told.send(Ok(so_far.clone())).await.is_err() {
            return Ok(());
        }
        so_far.faults.clear();
    }
    let ended = end.await.map_err(|_broken| crate::grpc::status::unavailable())?;
    let verified = edge.answer(ended.map_err(Refused::from))?;
    (so_far.accounts, so_far.records) = (count(verified.accounts), count(verified.records));
    if let Some(checkpoint) = checkpoint
        && !checkpoint.await.map_err(|_broken| crate::grpc::status::unavailable())??
    {
        let kind = FaultKind::CheckpointForged;
        note(&mut so_far, &Fault { kind, account: None, account_id: None, record: None, seq: None });
    }
    // Who went away needs no verdict.
    let _ = told.send(Ok(pb::VerifyChainResponse { done: true, ..so_far })).await;
    Ok(())
}

fn note(so_far: &mut pb::VerifyChainResponse, fault: &Fault) {
    so_far.fault_count = so_far.fault_count.saturating_add(1);
    if so_far.fault_count <= FAULTS_TOLD_MAX {
        so_far.faults.push(tell::fault(fault));
    }
}

fn count(counted: u64) -> i64 {
    i64::try_from(counted).unwrap_or(i64::MAX)
}

/// The next step, if it comes in time: a verification must not wait for ever for a text that does not come.
async fn next(steps: &mut Steps) -> Result<Option<pb::VerifyChainRequest>, Status> {
    match timeout(Duration::from_secs(STEP_SECONDS_MAX), steps.message()).await {
        Ok(step) => step,
        Err(_elapsed) => Err(crate::grpc::status::deadline_exceeded()),
    }
}

/// Reads a checkpoint's text and hands its marks over. Whether it is what one of the engine's keys signed.
async fn read_checkpoint(
    engine: Arc<Engine>,
    brand: Brand,
    mut steps: Steps,
    marks: mpsc::Sender<ChainMark>,
) -> Result<bool, Status> {
    let mut reader = CheckpointReader::default();
    let wrong = |expected: String| Status::from(FieldError::new("checkpoint_lines", expected));
    let mut seal_holds = false;
    while let Some(step) = next(&mut steps).await? {
        let ask::VerifyStep::Lines(lines) = ask::verify_chain(step)? else {
            return Err(FieldError::new("step", "must be `checkpoint_lines` after the first message").into());
        };
        for line in lines.split_terminator('\n') {
            if line.len() > CHECKPOINT_LINE_BYTES_MAX {
                return Err(wrong(format!("must have lines of at most {CHECKPOINT_LINE_BYTES_MAX} bytes")));
            }
            match reader.line(line).map_err(|error| wrong(error.to_string()))? {
                CheckpointLine::Passed => {}
                CheckpointLine::Brand(of) if of == brand => {}
                CheckpointLine::Brand(_) => return Err(wrong("must be a checkpoint of the caller's brand".to_owned())),
                // Nobody compares any more: the text is read to its end all the same, for its seal.
                CheckpointLine::Mark(mark) => drop(marks.send(mark).await),
                CheckpointLine::End { digest_holds, seal } => seal_holds = digest_holds && engine.is_own_seal(&seal),
            }
        }
    }
    if reader.is_whole() { Ok(seal_holds) } else { Err(wrong("must be whole, with its signature".to_owned())) }
}
