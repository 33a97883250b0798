//! `NoticeService`.

use tonic::{Request, Response, Status};

use super::services::Services;
use crate::domain::Requester;
use crate::grpc::convert::{ask, tell};
use crate::grpc::pb::v1 as pb;
use crate::grpc::pb::v1::notice_service_server::NoticeService;
use crate::service::authorise;

/// The service.
#[derive(Clone)]
pub(super) struct NoticeApi(pub(super) Services);

#[tonic::async_trait]
impl NoticeService for NoticeApi {
    async fn list_notices(
        &self,
        request: Request<pb::ListNoticesRequest>,
    ) -> Result<Response<pb::ListNoticesResponse>, Status> {
        let Services { engine, edge } = self.0.clone();
        let work = |requester: Requester, pb::ListNoticesRequest {}| async move {
            Ok(tell::notice_standing(engine.list_notices(&authorise(requester)?).await?))
        };
        edge.unary("ListNotices", request, work).await
    }

    async fn replay_notices(
        &self,
        request: Request<pb::ReplayNoticesRequest>,
    ) -> Result<Response<pb::ReplayNoticesResponse>, Status> {
        let Services { engine, edge } = self.0.clone();
        let work = |requester: Requester, message| async move {
            let who = authorise(requester)?;
            let (request, records) = ask::replay_notices(message)?;
            let taken = engine.replay_notices(who, request, records).await?;
            Ok(pb::ReplayNoticesResponse { taken: i32::try_from(taken).unwrap_or(i32::MAX) })
        };
        edge.unary("ReplayNotices", request, work).await
    }
}
