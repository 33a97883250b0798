//! `SeparationService`.

use tonic::{Request, Response, Status};

use super::services::Services;
use crate::domain::Requester;
use crate::grpc::convert::{ask, tell};
use crate::grpc::pb::v1 as pb;
use crate::grpc::pb::v1::separation_service_server::SeparationService;
use crate::service::authorise;

/// The service.
#[derive(Clone)]
pub(super) struct SeparationApi(pub(super) Services);

#[tonic::async_trait]
impl SeparationService for SeparationApi {
    async fn propose_separation(
        &self,
        request: Request<pb::ProposeSeparationRequest>,
    ) -> Result<Response<pb::ProposeSeparationResponse>, Status> {
        let Services { engine, edge } = self.0.clone();
        let work = |requester: Requester, message| async move {
            let proposed = engine.propose_separation(authorise(requester)?, ask::propose_separation(message)?).await?;
            Ok(pb::ProposeSeparationResponse { separation: Some(tell::separation(&proposed)) })
        };
        edge.unary("ProposeSeparation", request, work).await
    }

    async fn agree_to_separation(
        &self,
        request: Request<pb::AgreeToSeparationRequest>,
    ) -> Result<Response<pb::AgreeToSeparationResponse>, Status> {
        let Services { engine, edge } = self.0.clone();
        let work = |requester: Requester, message| async move {
            let (order, seen) = ask::agree_to_separation(message)?;
            let agreed = engine.agree_to_separation(authorise(requester)?, order, seen).await?;
            Ok(pb::AgreeToSeparationResponse {
                separation: Some(tell::separation(&agreed)),
                separation_reference: agreed.reference.map_or_else(String::new, |reference| reference.to_text()),
            })
        };
        edge.unary("AgreeToSeparation", request, work).await
    }

    async fn end_separation(
        &self,
        request: Request<pb::EndSeparationRequest>,
    ) -> Result<Response<pb::EndSeparationResponse>, Status> {
        let Services { engine, edge } = self.0.clone();
        let work = |requester: Requester, message| async move {
            let ended = engine.end_separation(authorise(requester)?, ask::end_separation(message)?).await?;
            Ok(pb::EndSeparationResponse { separation: Some(tell::separation(&ended)) })
        };
        edge.unary("EndSeparation", request, work).await
    }
}
