//! `ChallengeService`.

use tonic::{Request, Response, Status};

use super::services::Services;
use crate::domain::Requester;
use crate::grpc::convert::time::timestamp;
use crate::grpc::convert::{ask, tell};
use crate::grpc::edge::Refused;
use crate::grpc::pb::v1 as pb;
use crate::grpc::pb::v1::challenge_service_server::ChallengeService;
use crate::service::authorise;

/// The service.
#[derive(Clone)]
pub(super) struct ChallengeApi(pub(super) Services);

#[tonic::async_trait]
impl ChallengeService for ChallengeApi {
    async fn submit_evidence(
        &self,
        request: Request<pb::SubmitEvidenceRequest>,
    ) -> Result<Response<pb::SubmitEvidenceResponse>, Status> {
        let Services { engine, edge } = self.0.clone();
        let work = |requester: Requester, message| async move {
            let submission = ask::submit_evidence(message)?;
            let submitted = engine.submit_evidence(authorise(requester)?, submission).await?;
            Ok(pb::SubmitEvidenceResponse { expire_time: Some(timestamp(submitted.expires_at)) })
        };
        edge.unary("SubmitEvidence", request, work).await
    }

    async fn submit_evidence_ahead(
        &self,
        request: Request<pb::SubmitEvidenceAheadRequest>,
    ) -> Result<Response<pb::SubmitEvidenceAheadResponse>, Status> {
        let Services { engine, edge } = self.0.clone();
        let work = |requester: Requester, message| async move {
            let ahead = ask::submit_evidence_ahead(message, &requester.brand)?;
            let given = engine.give_ahead(authorise(requester)?, ahead).await?;
            let evidence_handle = given.handle.to_string();
            Ok(pb::SubmitEvidenceAheadResponse { evidence_handle, expire_time: Some(timestamp(given.expires_at)) })
        };
        edge.unary("SubmitEvidenceAhead", request, work).await
    }

    async fn send_code(&self, request: Request<pb::SendCodeRequest>) -> Result<Response<pb::SendCodeResponse>, Status> {
        let Services { engine, edge } = self.0.clone();
        let work = |requester: Requester, message| async move {
            let sending = ask::send_code(message)?;
            Ok(tell::sent(&engine.send_code(authorise(requester)?, sending).await?))
        };
        edge.unary("SendCode", request, work).await
    }

    async fn list_pending_challenges(
        &self,
        request: Request<pb::ListPendingChallengesRequest>,
    ) -> Result<Response<pb::ListPendingChallengesResponse>, Status> {
        let Services { engine, edge } = self.0.clone();
        let work = |requester: Requester, message| async move {
            let ask::Listing { scope, from, size } = ask::list_pending_challenges(message)?;
            let page = engine.list_pending_challenges(&authorise(requester)?, &scope, from, size).await?;
            let told: Option<_> = page.challenges.iter().map(tell::waiting_challenge).collect();
            let next_page_token = tell::page_token(page.next);
            Ok(pb::ListPendingChallengesResponse { challenges: told.ok_or(Refused::Broken)?, next_page_token })
        };
        edge.unary("ListPendingChallenges", request, work).await
    }

    async fn decline_challenge(
        &self,
        request: Request<pb::DeclineChallengeRequest>,
    ) -> Result<Response<pb::DeclineChallengeResponse>, Status> {
        let Services { engine, edge } = self.0.clone();
        let work = |requester: Requester, message| async move {
            let declining = ask::decline_challenge(message)?;
            engine.decline_challenge(authorise(requester)?, declining).await?;
            Ok(pb::DeclineChallengeResponse {})
        };
        edge.unary("DeclineChallenge", request, work).await
    }
}
