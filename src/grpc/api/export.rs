//! `ExportService`.

use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use super::fitting::parts;
use super::services::Services;
use super::told::{Over, Teller};
use crate::domain::Requester;
use crate::grpc::convert::{ask, tell};
use crate::grpc::pb::v1 as pb;
use crate::grpc::pb::v1::export_service_server::ExportService;
use crate::service::{HandOver, authorise};

/// The service.
#[derive(Clone)]
pub(super) struct ExportApi {
    /// What every service stands on.
    pub(super) services: Services,
    /// The longest message, in bytes.
    pub(super) message_bytes_max: usize,
}

#[tonic::async_trait]
impl ExportService for ExportApi {
    type ExportRecordsStream = ReceiverStream<Result<pb::ExportRecordsResponse, Status>>;

    async fn request_export(
        &self,
        request: Request<pb::RequestExportRequest>,
    ) -> Result<Response<pb::RequestExportResponse>, Status> {
        let Services { engine, edge } = self.services.clone();
        let work = |requester: Requester, message| async move {
            let filter = ask::request_export(message)?;
            let export = engine.request_export(&authorise(requester)?, filter).await?;
            Ok(pb::RequestExportResponse { export: Some(tell::export(export)) })
        };
        edge.unary("RequestExport", request, work).await
    }

    async fn get_export(
        &self,
        request: Request<pb::GetExportRequest>,
    ) -> Result<Response<pb::GetExportResponse>, Status> {
        let Services { engine, edge } = self.services.clone();
        let work = |requester: Requester, message| async move {
            let id = ask::get_export(message)?;
            let export = engine.export(&authorise(requester)?, id).await?;
            Ok(pb::GetExportResponse { export: Some(tell::export(export)) })
        };
        edge.unary("GetExport", request, work).await
    }

    async fn approve_export(
        &self,
        request: Request<pb::ApproveExportRequest>,
    ) -> Result<Response<pb::ApproveExportResponse>, Status> {
        let Services { engine, edge } = self.services.clone();
        let work = |requester: Requester, message| async move {
            let id = ask::approve_export(message)?;
            let export = engine.approve_export(&authorise(requester)?, id).await?;
            Ok(pb::ApproveExportResponse { export: Some(tell::export(export)) })
        };
        edge.unary("ApproveExport", request, work).await
    }

    async fn export_records(
        &self,
        request: Request<pb::ExportRecordsRequest>,
    ) -> Result<Response<Self::ExportRecordsStream>, Status> {
        let Self { services: Services { engine, edge }, message_bytes_max } = self.clone();
        let work = |requester: Requester, message| {
            let edge = edge.clone();
            async move {
                let id = ask::export_records(message)?;
                let hand_over = engine.begin_export(&authorise(requester)?, id).await?;
                let (told, stream) = Teller::new();
                tokio::spawn(async move {
                    if let Err(over) = tell_all(hand_over, message_bytes_max, &told).await {
                        told.end(over, &edge).await;
                    }
                });
                Ok(ReceiverStream::new(stream))
            }
        };
        edge.unary("ExportRecords", request, work).await
    }
}

/// Hands it over, in as many messages as it takes. That all of it was is on record before the last one is sent.
async fn tell_all(
    mut hand_over: HandOver,
    message_bytes_max: usize,
    told: &Teller<pb::ExportRecordsResponse>,
) -> Result<(), Over> {
    while let Some(views) = hand_over.more().await.map_err(Over::Failed)? {
        for records in parts(views.iter().map(tell::record).collect(), message_bytes_max) {
            told.tell(pb::ExportRecordsResponse { records, ..pb::ExportRecordsResponse::default() }).await?;
        }
    }
    let handed = hand_over.finish().await.map_err(Over::Failed)?;
    told.tell(tell::handed_over(handed)).await
}
