//! `PolicyService`.

use tonic::{Request, Response, Status};

use super::services::Services;
use crate::domain::Requester;
use crate::grpc::convert::{ask, tell};
use crate::grpc::pb::v1 as pb;
use crate::grpc::pb::v1::policy_service_server::PolicyService;
use crate::service::authorise;

/// The service.
#[derive(Clone)]
pub(super) struct PolicyApi(pub(super) Services);

#[tonic::async_trait]
impl PolicyService for PolicyApi {
    async fn get_policy(
        &self,
        request: Request<pb::GetPolicyRequest>,
    ) -> Result<Response<pb::GetPolicyResponse>, Status> {
        let Services { engine, edge } = self.0.clone();
        let work = |requester: Requester, pb::GetPolicyRequest {}| async move {
            let standing = engine.get_policy(&authorise(requester)?).await?;
            Ok(pb::GetPolicyResponse { policy: Some(tell::policy_standing(standing)) })
        };
        edge.unary("GetPolicy", request, work).await
    }

    async fn stage_policy(
        &self,
        request: Request<pb::StagePolicyRequest>,
    ) -> Result<Response<pb::StagePolicyResponse>, Status> {
        let Services { engine, edge } = self.0.clone();
        let work = |requester: Requester, message| async move {
            let who = authorise(requester)?;
            let standing = engine.stage_policy(who, ask::stage_policy(message)?).await?;
            Ok(pb::StagePolicyResponse { policy: Some(tell::policy_standing(standing)) })
        };
        edge.unary("StagePolicy", request, work).await
    }

    async fn activate_policy(
        &self,
        request: Request<pb::ActivatePolicyRequest>,
    ) -> Result<Response<pb::ActivatePolicyResponse>, Status> {
        let Services { engine, edge } = self.0.clone();
        let work = |requester: Requester, message| async move {
            let ask::Activation { request_id, body, revision } = ask::activate_policy(message)?;
            let standing = engine.activate_policy(authorise(requester)?, (request_id, body), revision).await?;
            Ok(pb::ActivatePolicyResponse { policy: Some(tell::policy_standing(standing)) })
        };
        edge.unary("ActivatePolicy", request, work).await
    }
}
