//! `AuditService`.

use std::time::Duration;

use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::fitting::fitting;
use super::services::Services;
use super::told::{Over, Teller};
use super::{verify, watch};
use crate::domain::Requester;
use crate::grpc::convert::{ask, tell};
use crate::grpc::edge::Call;
use crate::grpc::pb::v1 as pb;
use crate::grpc::pb::v1::audit_service_server::AuditService;
use crate::service::{PagePlace, RecordPage, authorise};

/// The service.
#[derive(Clone)]
pub(super) struct AuditApi {
    /// What every service stands on.
    pub(super) services: Services,
    /// The longest message, in bytes.
    pub(super) message_bytes_max: usize,
    /// How long a watch may be silent.
    pub(super) heartbeat: Duration,
}

#[tonic::async_trait]
impl AuditService for AuditApi {
    type WatchRecordsStream = ReceiverStream<Result<pb::WatchRecordsResponse, Status>>;
    type VerifyChainStream = ReceiverStream<Result<pb::VerifyChainResponse, Status>>;
    type MakeCheckpointStream = ReceiverStream<Result<pb::MakeCheckpointResponse, Status>>;

    async fn list_records(
        &self,
        request: Request<pb::ListRecordsRequest>,
    ) -> Result<Response<pb::ListRecordsResponse>, Status> {
        let Services { engine, edge } = self.services.clone();
        let message_bytes_max = self.message_bytes_max;
        let work = |requester: Requester, message| async move {
            let query = ask::list_records(message)?;
            let RecordPage { records: views, look, mut next, mut older_archived } =
                engine.list_records(&authorise(requester)?, query).await?;
            let mut records: Vec<_> = views.iter().map(tell::record).collect();
            let fit = fitting(&records, message_bytes_max);
            if fit < records.len() {
                records.truncate(fit);
                next = views.get(fit.saturating_sub(1)).and_then(|last| last.after);
                older_archived = false;
            }
            let next = next.map(|next| PagePlace { look, next });
            Ok(pb::ListRecordsResponse { records, next_page_token: tell::record_page_token(next), older_archived })
        };
        edge.unary("ListRecords", request, work).await
    }

    async fn watch_records(
        &self,
        request: Request<pb::WatchRecordsRequest>,
    ) -> Result<Response<Self::WatchRecordsStream>, Status> {
        let Self { services: Services { engine, edge }, message_bytes_max, heartbeat } = self.clone();
        let work = |requester: Requester, message| {
            let edge = edge.clone();
            async move {
                let ask::Following { filter, from } = ask::watch_records(message)?;
                let watch = engine.watch_records(&authorise(requester)?, filter, from).await?;
                Ok(watch::start(watch, edge, watch::Pace { heartbeat, message_bytes_max }))
            }
        };
        edge.unary("WatchRecords", request, work).await
    }

    async fn verify_chain(
        &self,
        request: Request<Streaming<pb::VerifyChainRequest>>,
    ) -> Result<Response<Self::VerifyChainStream>, Status> {
        let Services { engine, edge } = self.services.clone();
        let call = Call::start("VerifyChain");
        let begun = edge.requester(request.metadata(), request.extensions()).and_then(|requester| {
            let who = edge.answer(authorise(requester).map_err(Into::into))?;
            Ok(verify::start(engine, edge.clone(), who, request.into_inner()))
        });
        call.end(edge.metrics(), begun.as_ref().err());
        begun.map(Response::new)
    }

    async fn make_checkpoint(
        &self,
        request: Request<pb::MakeCheckpointRequest>,
    ) -> Result<Response<Self::MakeCheckpointStream>, Status> {
        let Services { engine, edge } = self.services.clone();
        let work = |requester: Requester, message| {
            let edge = edge.clone();
            async move {
                ask::make_checkpoint(message)?;
                let mut pieces = engine.checkpoint(&authorise(requester)?);
                let (told, stream) = Teller::new();
                tokio::spawn(async move {
                    while let Some(piece) = pieces.recv().await {
                        let sent = match piece {
                            Ok(lines) => told.tell(pb::MakeCheckpointResponse { lines }).await,
                            Err(error) => Err(Over::Failed(error)),
                        };
                        if let Err(over) = sent {
                            return told.end(over, &edge).await;
                        }
                    }
                });
                Ok(ReceiverStream::new(stream))
            }
        };
        edge.unary("MakeCheckpoint", request, work).await
    }
}
