//! `ProtectionService`.

use std::time::Duration;

use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use super::decision::shown;
use super::follow_activity;
use super::services::Services;
use crate::domain::Requester;
use crate::grpc::convert::ask;
use crate::grpc::convert::tell::{self, Showing};
use crate::grpc::pb::v1 as pb;
use crate::grpc::pb::v1::protection_service_server::ProtectionService;
use crate::service::authorise;

/// The service.
#[derive(Clone)]
pub(super) struct ProtectionApi {
    pub(super) services: Services,
    /// How often a quiet stream shows that it lives.
    pub(super) heartbeat: Duration,
}

#[tonic::async_trait]
impl ProtectionService for ProtectionApi {
    type WatchActivityStream = ReceiverStream<Result<pb::WatchActivityResponse, Status>>;

    async fn get_protection(
        &self,
        request: Request<pb::GetProtectionRequest>,
    ) -> Result<Response<pb::GetProtectionResponse>, Status> {
        let Services { engine, edge } = self.services.clone();
        let work = |requester: Requester, message| async move {
            let (scope, at_least) = ask::get_protection(message)?;
            let role = requester.role;
            let who = authorise(requester)?;
            let views = engine.get_protection(&who, &scope, at_least).await?;
            Ok(pb::GetProtectionResponse {
                protections: views.iter().map(|view| tell::protection(view, role)).collect(),
            })
        };
        edge.unary("GetProtection", request, work).await
    }

    async fn set_lock(&self, request: Request<pb::SetLockRequest>) -> Result<Response<pb::SetLockResponse>, Status> {
        let Services { engine, edge } = self.services.clone();
        let work = |requester: Requester, message| async move {
            let (guarding, order) = ask::set_lock(message)?;
            let role = requester.role;
            let view = engine.set_lock(authorise(requester)?, guarding, order).await?;
            Ok(pb::SetLockResponse {
                protection: Some(tell::protection(&view, role)),
                consistency_token: tell::consistency_token(view.position),
            })
        };
        edge.unary("SetLock", request, work).await
    }

    async fn release_lock(
        &self,
        request: Request<pb::ReleaseLockRequest>,
    ) -> Result<Response<pb::ReleaseLockResponse>, Status> {
        let Services { engine, edge } = self.services.clone();
        let work = |requester: Requester, message| async move {
            let question = ask::release_lock(message, &requester.brand)?;
            let role = requester.role;
            let (answer, view) = engine.release_lock(authorise(requester)?, question).await?;
            Ok(pb::ReleaseLockResponse {
                decision: shown(&answer, None, Showing::NoPermit)?,
                protection: view.map(|view| tell::protection(&view, role)),
                consistency_token: tell::consistency_token(answer.position),
            })
        };
        edge.unary("ReleaseLock", request, work).await
    }

    async fn report_swap(
        &self,
        request: Request<pb::ReportSwapRequest>,
    ) -> Result<Response<pb::ReportSwapResponse>, Status> {
        let Services { engine, edge } = self.services.clone();
        let work = |requester: Requester, message| async move {
            let (answer, view) = engine.report_swap(authorise(requester)?, ask::report_swap(message)?).await?;
            Ok(pb::ReportSwapResponse {
                decision: shown(&answer, None, Showing::NoPermit)?,
                recovery: view.as_ref().map(tell::recovery),
                consistency_token: tell::consistency_token(answer.position),
            })
        };
        edge.unary("ReportSwap", request, work).await
    }

    async fn cancel_release(
        &self,
        request: Request<pb::CancelReleaseRequest>,
    ) -> Result<Response<pb::CancelReleaseResponse>, Status> {
        let Services { engine, edge } = self.services.clone();
        let work = |requester: Requester, message| async move {
            let (guarding, release) = ask::cancel_release(message)?;
            let role = requester.role;
            let view = engine.cancel_release(authorise(requester)?, guarding, release).await?;
            Ok(pb::CancelReleaseResponse {
                protection: Some(tell::protection(&view, role)),
                consistency_token: tell::consistency_token(view.position),
            })
        };
        edge.unary("CancelRelease", request, work).await
    }

    async fn list_activity(
        &self,
        request: Request<pb::ListActivityRequest>,
    ) -> Result<Response<pb::ListActivityResponse>, Status> {
        let Services { engine, edge } = self.services.clone();
        let work = |requester: Requester, message| async move {
            let ask::Listing { scope, from, size } = ask::list_activity(message)?;
            let page = engine.list_activity(&authorise(requester)?, &scope, from, size).await?;
            Ok(pb::ListActivityResponse {
                activities: page.records.iter().map(tell::activity).collect(),
                next_page_token: tell::page_token(page.next),
                older_archived: page.older_archived,
            })
        };
        edge.unary("ListActivity", request, work).await
    }

    async fn cancel_by_code(
        &self,
        request: Request<pb::CancelByCodeRequest>,
    ) -> Result<Response<pb::CancelByCodeResponse>, Status> {
        let Services { engine, edge } = self.services.clone();
        let work = |requester: Requester, message| async move {
            let cancelling = ask::cancel_by_code(message)?;
            engine.cancel_by_code(authorise(requester)?, cancelling).await?;
            Ok(pb::CancelByCodeResponse {})
        };
        edge.unary("CancelByCode", request, work).await
    }

    async fn watch_activity(
        &self,
        request: Request<pb::WatchActivityRequest>,
    ) -> Result<Response<Self::WatchActivityStream>, Status> {
        let Self { services: Services { engine, edge }, heartbeat } = self.clone();
        let work = |requester: Requester, message| {
            let edge = edge.clone();
            async move {
                let (scope, after) = ask::watch_activity(message)?;
                let watch = engine.watch_activity(authorise(requester)?, scope, after).await?;
                Ok(follow_activity::start(watch, edge, heartbeat))
            }
        };
        edge.unary("WatchActivity", request, work).await
    }

    async fn dispute_activity(
        &self,
        request: Request<pb::DisputeActivityRequest>,
    ) -> Result<Response<pb::DisputeActivityResponse>, Status> {
        let Services { engine, edge } = self.services.clone();
        let work = |requester: Requester, message| async move {
            let dispute = ask::dispute_activity(message)?;
            engine.dispute_activity(authorise(requester)?, dispute).await?;
            Ok(pb::DisputeActivityResponse {})
        };
        edge.unary("DisputeActivity", request, work).await
    }
}
