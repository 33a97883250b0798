//! `DecisionService`.

use std::time::Duration;

use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use super::follow_decision;
use super::services::Services;
use crate::domain::Requester;
use crate::grpc::convert::ask;
use crate::grpc::convert::tell::{self, Showing};
use crate::grpc::convert::time::timestamp;
use crate::grpc::edge::Refused;
use crate::grpc::pb::v1 as pb;
use crate::grpc::pb::v1::decision_service_server::DecisionService;
use crate::policy::Dialect;
use crate::service::{Answer, Completed, authorise};

/// The service.
#[derive(Clone)]
pub(super) struct DecisionApi {
    /// What every service stands on.
    pub(super) services: Services,
    /// How long a watch may be silent.
    pub(super) heartbeat: Duration,
}

#[tonic::async_trait]
impl DecisionService for DecisionApi {
    type WatchDecisionStream = ReceiverStream<Result<pb::WatchDecisionResponse, Status>>;

    async fn decide(&self, request: Request<pb::DecideRequest>) -> Result<Response<pb::DecideResponse>, Status> {
        let Services { engine, edge } = self.services.clone();
        let work = |requester: Requester, message| async move {
            let (question, dialect) = ask::decide(message, &requester.brand)?;
            let answer = engine.decide(authorise(requester)?, question).await?;
            Ok(pb::DecideResponse { decision: shown(&answer, dialect, Showing::Permit)? })
        };
        edge.unary("Decide", request, work).await
    }

    async fn complete_decision(
        &self,
        request: Request<pb::CompleteDecisionRequest>,
    ) -> Result<Response<pb::CompleteDecisionResponse>, Status> {
        let Services { engine, edge } = self.services.clone();
        let work = |requester: Requester, message| async move {
            let (completion, dialect) = ask::complete_decision(message)?;
            let Completed { answer, issued, recovery } =
                engine.complete_decision(authorise(requester)?, completion).await?;
            let transfer_pin = issued.as_ref().map(tell::issued_transfer_pin);
            let recovery = recovery.as_ref().map(tell::recovery);
            let decision = shown(&answer, dialect, Showing::Permit)?;
            Ok(pb::CompleteDecisionResponse { decision, transfer_pin, recovery })
        };
        edge.unary("CompleteDecision", request, work).await
    }

    async fn watch_decision(
        &self,
        request: Request<pb::WatchDecisionRequest>,
    ) -> Result<Response<Self::WatchDecisionStream>, Status> {
        let Self { services: Services { engine, edge }, heartbeat } = self.clone();
        let work = |requester: Requester, message| {
            let edge = edge.clone();
            async move {
                let ask::Reading { decision, at_least } = ask::watch_decision(message)?;
                let (first, watch) = engine.watch_decision(authorise(requester)?, decision, at_least).await?;
                Ok(follow_decision::start(first, watch, edge, heartbeat))
            }
        };
        edge.unary("WatchDecision", request, work).await
    }

    async fn batch_decide(
        &self,
        request: Request<pb::BatchDecideRequest>,
    ) -> Result<Response<pb::BatchDecideResponse>, Status> {
        let Services { engine, edge } = self.services.clone();
        let work = |requester: Requester, message| async move {
            let ask::BatchQuestion { common, lines, dialect } = ask::batch_decide(message, &requester.brand)?;
            let answer = engine.batch_decide(authorise(requester)?, common, lines).await?;
            tell::batch(&answer, dialect).ok_or(Refused::Broken)
        };
        edge.unary("BatchDecide", request, work).await
    }

    async fn get_decision(
        &self,
        request: Request<pb::GetDecisionRequest>,
    ) -> Result<Response<pb::GetDecisionResponse>, Status> {
        let Services { engine, edge } = self.services.clone();
        let work = |requester: Requester, message| async move {
            let ask::Reading { decision, at_least } = ask::get_decision(message)?;
            let answer = engine.get_decision(&authorise(requester)?, decision, at_least).await?;
            Ok(pb::GetDecisionResponse { decision: shown(&answer, None, Showing::NoPermit)? })
        };
        edge.unary("GetDecision", request, work).await
    }

    async fn withdraw_decision(
        &self,
        request: Request<pb::WithdrawDecisionRequest>,
    ) -> Result<Response<pb::WithdrawDecisionResponse>, Status> {
        let Services { engine, edge } = self.services.clone();
        let work = |requester: Requester, message| async move {
            let (about, cause) = ask::withdraw_decision(message)?;
            let answer = engine.withdraw_decision(authorise(requester)?, about, cause).await?;
            Ok(pb::WithdrawDecisionResponse { decision: shown(&answer, None, Showing::NoPermit)? })
        };
        edge.unary("WithdrawDecision", request, work).await
    }

    async fn redeem_permit(
        &self,
        request: Request<pb::RedeemPermitRequest>,
    ) -> Result<Response<pb::RedeemPermitResponse>, Status> {
        let Services { engine, edge } = self.services.clone();
        let work = |requester: Requester, message| async move {
            let redemption = ask::redeem_permit(message, &requester.brand)?;
            let redeemed = engine.redeem(authorise(requester)?, redemption).await?;
            Ok(pb::RedeemPermitResponse {
                redemption_id: redeemed.id.to_string(),
                redeem_time: Some(timestamp(redeemed.at)),
                consistency_token: tell::consistency_token(redeemed.position),
                line_id: redeemed.line.as_str().to_owned(),
            })
        };
        edge.unary("RedeemPermit", request, work).await
    }

    async fn report_outcome(
        &self,
        request: Request<pb::ReportOutcomeRequest>,
    ) -> Result<Response<pb::ReportOutcomeResponse>, Status> {
        let Services { engine, edge } = self.services.clone();
        let work = |requester: Requester, message| async move {
            let (about, report) = ask::report_outcome(message)?;
            let answer = engine.report_outcome(authorise(requester)?, about, report).await?;
            Ok(pb::ReportOutcomeResponse { decision: shown(&answer, None, Showing::NoPermit)? })
        };
        edge.unary("ReportOutcome", request, work).await
    }
}

/// The decision of an answer; an answer without one is a fault, and no yes.
pub(super) fn shown(
    answer: &Answer,
    dialect: Option<Dialect>,
    showing: Showing,
) -> Result<Option<pb::Decision>, Refused> {
    tell::decision(answer, dialect, showing).map(Some).ok_or(Refused::Broken)
}
