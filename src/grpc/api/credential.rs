//! `CredentialService`.

use tonic::{Request, Response, Status};

use super::decision::shown;
use super::services::Services;
use crate::domain::Requester;
use crate::grpc::convert::ask;
use crate::grpc::convert::tell::{self, Showing};
use crate::grpc::pb::v1 as pb;
use crate::grpc::pb::v1::credential_service_server::CredentialService;
use crate::service::authorise;

/// The service.
#[derive(Clone)]
pub(super) struct CredentialApi(pub(super) Services);

#[tonic::async_trait]
impl CredentialService for CredentialApi {
    async fn set_pin(&self, request: Request<pb::SetPinRequest>) -> Result<Response<pb::SetPinResponse>, Status> {
        let Services { engine, edge } = self.0.clone();
        let work = |requester: Requester, message| async move {
            let (question, new) = ask::set_pin(message)?;
            let (answer, status) = engine.set_pin(authorise(requester)?, question, new).await?;
            Ok(pb::SetPinResponse {
                decision: shown(&answer, None, Showing::NoPermit)?,
                status: status.as_ref().map(tell::credential_status),
            })
        };
        edge.unary("SetPin", request, work).await
    }

    async fn get_credential_status(
        &self,
        request: Request<pb::GetCredentialStatusRequest>,
    ) -> Result<Response<pb::GetCredentialStatusResponse>, Status> {
        let Services { engine, edge } = self.0.clone();
        let work = |requester: Requester, message| async move {
            let account = ask::get_credential_status(message)?;
            let status = engine.get_credential_status(&authorise(requester)?, account).await?;
            Ok(pb::GetCredentialStatusResponse { status: Some(tell::credential_status(&status)) })
        };
        edge.unary("GetCredentialStatus", request, work).await
    }

    async fn issue_transfer_pin(
        &self,
        request: Request<pb::IssueTransferPinRequest>,
    ) -> Result<Response<pb::IssueTransferPinResponse>, Status> {
        let Services { engine, edge } = self.0.clone();
        let work = |requester: Requester, message| async move {
            let question = ask::issue_transfer_pin(message)?;
            let (answer, issued) = engine.issue_transfer_pin(authorise(requester)?, question).await?;
            let decision = shown(&answer, None, Showing::NoPermit)?;
            let issued = issued.as_ref().map(tell::issued_transfer_pin).unwrap_or_default();
            let pb::IssuedTransferPin { status, value: transfer_pin, sent_to } = issued;
            Ok(pb::IssueTransferPinResponse { decision, status, transfer_pin, sent_to })
        };
        edge.unary("IssueTransferPin", request, work).await
    }

    async fn revoke_transfer_pin(
        &self,
        request: Request<pb::RevokeTransferPinRequest>,
    ) -> Result<Response<pb::RevokeTransferPinResponse>, Status> {
        let Services { engine, edge } = self.0.clone();
        let work = |requester: Requester, message| async move {
            let taking = ask::revoke_transfer_pin(message)?;
            let status = engine.revoke_transfer_pin(authorise(requester)?, taking).await?;
            Ok(pb::RevokeTransferPinResponse { status: Some(tell::transfer_pin_status(&status)) })
        };
        edge.unary("RevokeTransferPin", request, work).await
    }

    async fn revoke_device(
        &self,
        request: Request<pb::RevokeDeviceRequest>,
    ) -> Result<Response<pb::RevokeDeviceResponse>, Status> {
        let Services { engine, edge } = self.0.clone();
        let work = |requester: Requester, message| async move {
            engine.revoke_device(authorise(requester)?, ask::revoke_device(message)?).await?;
            Ok(pb::RevokeDeviceResponse {})
        };
        edge.unary("RevokeDevice", request, work).await
    }
}
