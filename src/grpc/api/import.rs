//! Imports: rows come in, counts and refusals go out, and memory stays bounded however long the file is.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use crate::domain::Requester;
use crate::grpc::convert::{FieldError, ask, tell};
use crate::grpc::edge::{Edge, Refused};
use crate::grpc::pb::v1 as pb;
use crate::service::{Authorised, Engine, Refusal, Seed, ServiceError, Upsert, UpsertEffect, right};

/// Rows worked on at once. Enough that one sync to disk carries many.
const ROWS_IN_FLIGHT_MAX: usize = 512;

/// Rows with a PIN among them: fewer than may wait for the pool, so that callers' own PINs find room.
const PINS_IN_FLIGHT_MAX: usize = 16;

/// How many rows pass between two reports when none is refused.
const ROWS_PER_REPORT: i64 = 1_000;

/// Reports that wait for a slow reader; then no further row is taken.
const REPORTS_WAITING_MAX: usize = 16;

/// How often a row waits for room in the pool of PINs, and how long, in milliseconds.
const ROOM_TRIES_MAX: u32 = 3_000;
const ROOM_WAIT_MILLISECONDS: u64 = 20;

type Report = Result<pb::ImportAccountsResponse, Status>;
type Provisioner = Authorised<right::Provision>;

/// What came of one row.
enum RowDone {
    Upserted(UpsertEffect),
    Refused(pb::RowError),
    /// Nothing can be decided now: the import ends here, to be sent again.
    Stop(Status),
}

/// Everything that a row needs.
#[derive(Clone)]
struct Importer {
    engine: Arc<Engine>,
    edge: Edge,
    who: Provisioner,
    pins: Arc<Semaphore>,
}

/// Starts an import; what it returns tells how far it is, and ends when the rows do.
pub(super) fn start(
    engine: Arc<Engine>,
    edge: Edge,
    who: Provisioner,
    rows: Streaming<pb::ImportAccountsRequest>,
) -> ReceiverStream<Report> {
    let (reports, told) = mpsc::channel(REPORTS_WAITING_MAX);
    let importer = Importer { engine, edge, who, pins: Arc::new(Semaphore::new(PINS_IN_FLIGHT_MAX)) };
    tokio::spawn(importer.run(rows, reports));
    ReceiverStream::new(told)
}

impl Importer {
    /// Ends when the rows end, when the reader is gone, or when nothing can be decided.
    async fn run(self, mut rows: Streaming<pb::ImportAccountsRequest>, reports: mpsc::Sender<Report>) {
        let mut working = JoinSet::new();
        let mut progress = Progress::default();
        let mut more = true;
        while more || !working.is_empty() {
            let has_room = more && working.len() < ROWS_IN_FLIGHT_MAX;
            let reported = tokio::select! {
                Some(done) = working.join_next(), if !working.is_empty() => match done {
                    Ok((row, done)) => progress.note(row, done, &reports).await,
                    Err(_broken) => progress.stop(crate::grpc::status::unavailable(), &reports).await,
                },
                row = rows.message(), if has_room => match row {
                    Ok(Some(row)) => {
                        progress.take(row.row);
                        working.spawn(self.clone().row(row));
                        Ok(())
                    }
                    Ok(None) => {
                        more = false;
                        Ok(())
                    }
                    Err(cut) => progress.stop(cut, &reports).await,
                },
            };
            if reported.is_err() {
                // The rows in flight end by themselves: a commit is not left half-followed.
                working.detach_all();
                return;
            }
        }
        // A reader that is gone needs no last report.
        let _ = progress.report(&reports).await;
    }

    async fn row(self, message: pb::ImportAccountsRequest) -> (i64, RowDone) {
        let now = match self.edge.now() {
            Ok(now) => now,
            Err(status) => return (message.row, RowDone::Stop(status)),
        };
        let requester: &Requester = self.who.requester();
        let (row, seed) = ask::import_row(message, &requester.brand, now);
        let done = match seed {
            Ok(seed) => self.upsert(row, seed).await,
            Err(error) => RowDone::Refused(tell::import_error(row, &error)),
        };
        (row, done)
    }

    async fn upsert(&self, row: i64, seed: Seed) -> RowDone {
        // The semaphore is never closed; without its permit the pool itself says when it is full.
        let _room = if seed.pin.is_some() { self.pins.acquire().await.ok() } else { None };
        for _ in 0..ROOM_TRIES_MAX {
            let upsert = Upsert { request: None, seed: seed.clone() };
            match self.engine.upsert_account(self.who.clone(), upsert).await {
                Ok(upserted) => return RowDone::Upserted(upserted.effect),
                Err(ServiceError::Exhausted { .. }) => {
                    tokio::time::sleep(Duration::from_millis(ROOM_WAIT_MILLISECONDS)).await;
                }
                Err(error) => return self.refused(row, error),
            }
        }
        RowDone::Stop(crate::grpc::status::unavailable())
    }

    fn refused(&self, row: i64, error: ServiceError) -> RowDone {
        let field = |path: &str, reason: &'static str| {
            RowDone::Refused(tell::import_error(row, &FieldError::new(path, reason)))
        };
        match error {
            ServiceError::Invalid { field: path, expected } => field(path, expected),
            // Who is held is held for every row.
            ServiceError::Refused(refusal) if refusal != Refusal::Held => field("", refusal.message()),
            ServiceError::Forbidden => field("", "the caller may not do this"),
            ServiceError::NotFound(_) => field("", "must name what is there"),
            other => RowDone::Stop(self.edge.refusal(&Refused::Service(other))),
        }
    }
}

/// How far an import is.
#[derive(Default)]
struct Progress {
    told: pb::ImportAccountsResponse,
    rows_since_report: i64,
    /// Rows taken and not done. Rows end in any order, so the count alone does not tell where to go on.
    working: BTreeSet<i64>,
    last_taken: i64,
}

/// Nobody listens any more, or the import was stopped.
struct Over;

impl Progress {
    fn take(&mut self, row: i64) {
        self.working.insert(row);
        self.last_taken = self.last_taken.max(row);
    }

    async fn note(&mut self, row: i64, done: RowDone, reports: &mpsc::Sender<Report>) -> Result<(), Over> {
        let told = &mut self.told;
        match done {
            RowDone::Upserted(UpsertEffect::Created) => told.created = told.created.saturating_add(1),
            RowDone::Upserted(UpsertEffect::Updated) => told.updated = told.updated.saturating_add(1),
            RowDone::Upserted(UpsertEffect::Unchanged) => told.unchanged = told.unchanged.saturating_add(1),
            RowDone::Refused(error) => told.errors.push(error),
            RowDone::Stop(status) => return self.stop(status, reports).await,
        }
        told.rows_done = told.rows_done.saturating_add(1);
        self.working.remove(&row);
        self.rows_since_report = self.rows_since_report.saturating_add(1);
        if self.told.errors.is_empty() && self.rows_since_report < ROWS_PER_REPORT {
            return Ok(());
        }
        self.report(reports).await
    }

    /// Tells the counts so far, and the refusals since the last time.
    async fn report(&mut self, reports: &mpsc::Sender<Report>) -> Result<(), Over> {
        self.told.done_through_row = match self.working.first() {
            Some(oldest) => oldest.saturating_sub(1),
            None => self.last_taken,
        };
        let told = self.told.clone();
        self.told.errors.clear();
        self.rows_since_report = 0;
        reports.send(Ok(told)).await.map_err(|_| Over)
    }

    async fn stop(&mut self, status: Status, reports: &mpsc::Sender<Report>) -> Result<(), Over> {
        self.report(reports).await?;
        // Whoever listened may have gone meanwhile: the import is over either way.
        let _ = reports.send(Err(status)).await;
        Err(Over)
    }
}
