//! `ArchiveService`.

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use super::services::Services;
use crate::domain::Requester;
use crate::grpc::convert::{ask, tell};
use crate::grpc::edge::{Call, Edge, Refused};
use crate::grpc::pb::v1 as pb;
use crate::grpc::pb::v1::archive_service_server::ArchiveService;
use crate::service::{Archiving, ServiceError, authorise};

/// Reports that wait for a slow reader; then the run waits too.
const REPORTS_WAITING_MAX: usize = 16;

/// The service.
#[derive(Clone)]
pub(super) struct ArchiveApi(pub(super) Services);

#[tonic::async_trait]
impl ArchiveService for ArchiveApi {
    type ArchiveRecordsStream = ReceiverStream<Result<pb::ArchiveRecordsResponse, Status>>;

    async fn archive_records(
        &self,
        request: Request<pb::ArchiveRecordsRequest>,
    ) -> Result<Response<Self::ArchiveRecordsStream>, Status> {
        let Services { engine, edge } = self.0.clone();
        let call = Call::start("ArchiveRecords");
        let begun = edge.requester(request.metadata(), request.extensions()).and_then(|requester| {
            let who = authorise(requester).map_err(Refused::from);
            let asked = who.and_then(|who| Ok((who, ask::archive_records(request.into_inner())?)));
            let (who, before) = edge.answer(asked)?;
            let (told, answers) = mpsc::channel(REPORTS_WAITING_MAX);
            let (progress, reports) = mpsc::channel(REPORTS_WAITING_MAX);
            // A task of its own: it ends when nobody listens, between two steps.
            tokio::spawn(report(edge.clone(), reports, told, async move {
                engine.archive_records(who, before, progress).await
            }));
            Ok(ReceiverStream::new(answers))
        });
        call.end(edge.metrics(), begun.as_ref().err());
        begun.map(Response::new)
    }

    async fn list_segments(
        &self,
        request: Request<pb::ListSegmentsRequest>,
    ) -> Result<Response<pb::ListSegmentsResponse>, Status> {
        let Services { engine, edge } = self.0.clone();
        let work = |requester: Requester, message| async move {
            let ask::Shelf { after, size } = ask::list_segments(message)?;
            let segments = engine.list_segments(&authorise(requester)?).await?;
            let mut rest = segments.iter().filter(|segment| after.is_none_or(|after| segment.manifest.name() > after));
            let page: Vec<_> = rest.by_ref().take(size).collect();
            let next = rest.next().and_then(|_| page.last().map(|last| last.manifest.name().to_string()));
            Ok(pb::ListSegmentsResponse {
                segments: page.into_iter().map(tell::segment).collect(),
                next_page_token: next.unwrap_or_default(),
            })
        };
        edge.unary("ListSegments", request, work).await
    }

    async fn delete_segment(
        &self,
        request: Request<pb::DeleteSegmentRequest>,
    ) -> Result<Response<pb::DeleteSegmentResponse>, Status> {
        let Services { engine, edge } = self.0.clone();
        let work = |requester: Requester, message| async move {
            let name = ask::delete_segment(message)?;
            let deleted = engine.delete_segment(authorise(requester)?, name).await?;
            Ok(pb::DeleteSegmentResponse { segment: Some(tell::segment(&deleted)) })
        };
        edge.unary("DeleteSegment", request, work).await
    }
}

/// Passes on how far a run is, and how it ended.
async fn report(
    edge: Edge,
    mut reports: mpsc::Receiver<Archiving>,
    told: mpsc::Sender<Result<pb::ArchiveRecordsResponse, Status>>,
    run: impl Future<Output = Result<Archiving, ServiceError>>,
) {
    let mut run = std::pin::pin!(run);
    let ended = loop {
        tokio::select! {
            biased;
            Some(progress) = reports.recv() => {
                if told.send(Ok(tell::archiving(&progress, false))).await.is_err() {
                    // The run hears of it at its next step.
                    reports.close();
                }
            }
            ended = &mut run => break ended,
        }
    };
    let last = ended.map(|done| tell::archiving(&done, true)).map_err(|error| edge.refusal(&Refused::Service(error)));
    // A reader that is gone needs no last report.
    let _ = told.send(last).await;
}
