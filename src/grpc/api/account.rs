//! `AccountService`.

use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::import;
use super::services::Services;
use crate::domain::Requester;
use crate::grpc::convert::{ask, tell};
use crate::grpc::edge::Call;
use crate::grpc::pb::v1 as pb;
use crate::grpc::pb::v1::account_service_server::AccountService;
use crate::service::{UpsertEffect, authorise};

/// The service.
#[derive(Clone)]
pub(super) struct AccountApi(pub(super) Services);

#[tonic::async_trait]
impl AccountService for AccountApi {
    type ImportAccountsStream = ReceiverStream<Result<pb::ImportAccountsResponse, Status>>;

    async fn upsert_account(
        &self,
        request: Request<pb::UpsertAccountRequest>,
    ) -> Result<Response<pb::UpsertAccountResponse>, Status> {
        let Services { engine, edge } = self.0.clone();
        let received = edge.now()?;
        let work = |requester: Requester, message| async move {
            let upsert = ask::upsert_account(message, &requester.brand, received)?;
            let upserted = engine.upsert_account(authorise(requester.clone())?, upsert).await?;
            Ok(pb::UpsertAccountResponse {
                account: Some(tell::account(&upserted.account, &requester)),
                created: upserted.effect == UpsertEffect::Created,
                consistency_token: tell::consistency_token(upserted.position),
            })
        };
        edge.unary("UpsertAccount", request, work).await
    }

    async fn import_accounts(
        &self,
        request: Request<Streaming<pb::ImportAccountsRequest>>,
    ) -> Result<Response<Self::ImportAccountsStream>, Status> {
        let Services { engine, edge } = self.0.clone();
        let call = Call::start("ImportAccounts");
        let begun = edge.requester(request.metadata(), request.extensions()).and_then(|requester| {
            let who = edge.answer(authorise(requester).map_err(Into::into))?;
            Ok(import::start(engine, edge.clone(), who, request.into_inner()))
        });
        call.end(edge.metrics(), begun.as_ref().err());
        begun.map(Response::new)
    }

    async fn get_account(
        &self,
        request: Request<pb::GetAccountRequest>,
    ) -> Result<Response<pb::GetAccountResponse>, Status> {
        let Services { engine, edge } = self.0.clone();
        let work = |requester: Requester, message| async move {
            let scope = ask::get_account(message)?;
            let account = engine.get_account(&authorise(requester.clone())?, &scope).await?;
            Ok(pb::GetAccountResponse { account: Some(tell::account(&account, &requester)) })
        };
        edge.unary("GetAccount", request, work).await
    }

    async fn move_line(&self, request: Request<pb::MoveLineRequest>) -> Result<Response<pb::MoveLineResponse>, Status> {
        let Services { engine, edge } = self.0.clone();
        let work = |requester: Requester, message| async move {
            let order = ask::move_line(message, &requester.brand)?;
            let moved = engine.move_line(authorise(requester)?, order).await?;
            Ok(pb::MoveLineResponse {
                line: Some(tell::line(&moved.line)),
                consistency_token: tell::consistency_token(moved.position),
            })
        };
        edge.unary("MoveLine", request, work).await
    }
}
