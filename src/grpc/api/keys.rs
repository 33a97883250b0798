//! `KeyService`.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use super::services::Services;
use crate::domain::Requester;
use crate::grpc::convert::{ask, tell};
use crate::grpc::edge::{Call, Edge, Refused};
use crate::grpc::pb::v1 as pb;
use crate::grpc::pb::v1::key_service_server::KeyService;
use crate::service::{Authorised, Engine, ServiceError, UpkeepStep, UpkeepSteps, authorise, right};

/// Steps that wait for a slow reader; those in between are left out.
const STEPS_WAITING_MAX: usize = 4;

/// The service.
#[derive(Clone)]
pub(super) struct KeyApi(pub(super) Services);

type Told<T> = ReceiverStream<Result<T, Status>>;
type Keeper = Authorised<right::MaintainKeys>;

impl KeyApi {
    /// Starts upkeep; what it returns tells how far it is, and ends when the work does. The work ends where the reader is
    /// gone.
    fn start<M, T: Send + 'static, W>(
        &self,
        method: &'static str,
        request: Request<M>,
        work: impl FnOnce(Arc<Engine>, Keeper, M, UpkeepSteps) -> Result<W, Refused>,
        told: fn(UpkeepStep) -> T,
    ) -> Result<Response<Told<T>>, Status>
    where
        W: Future<Output = ()> + Send + 'static,
    {
        let Services { engine, edge } = self.0.clone();
        let call = Call::start(method);
        let (metadata, extensions, message) = request.into_parts();
        let (steps, taken) = mpsc::channel(STEPS_WAITING_MAX);
        let begun = edge.requester(&metadata, &extensions).and_then(|requester| {
            let who = authorise(requester).map_err(Refused::from);
            edge.answer(who.and_then(|who| work(engine, who, message, steps)))
        });
        call.end(edge.metrics(), begun.as_ref().err());
        tokio::spawn(begun?);
        Ok(Response::new(forwarded(edge, taken, told)))
    }
}

/// Steps as messages.
fn forwarded<T: Send + 'static>(
    edge: Edge,
    mut taken: mpsc::Receiver<Result<UpkeepStep, ServiceError>>,
    told: fn(UpkeepStep) -> T,
) -> Told<T> {
    let (send, messages) = mpsc::channel(1);
    tokio::spawn(async move {
        while let Some(step) = taken.recv().await {
            let message = edge.answer(step.map(told).map_err(Refused::from));
            if send.send(message).await.is_err() {
                // Nobody listens: dropping the steps tells the work.
                return;
            }
        }
    });
    ReceiverStream::new(messages)
}

#[tonic::async_trait]
impl KeyService for KeyApi {
    type CountKeyUsesStream = Told<pb::CountKeyUsesResponse>;
    type ResealStream = Told<pb::ResealResponse>;
    type RetireKeyStream = Told<pb::RetireKeyResponse>;

    async fn list_keys(&self, request: Request<pb::ListKeysRequest>) -> Result<Response<pb::ListKeysResponse>, Status> {
        let Services { engine, edge } = self.0.clone();
        let work = |requester: Requester, pb::ListKeysRequest {}| async move {
            let who = authorise(requester)?;
            Ok(pb::ListKeysResponse { keys: engine.held_keys(&who).iter().map(tell::held_key).collect() })
        };
        edge.unary("ListKeys", request, work).await
    }

    async fn count_key_uses(
        &self,
        request: Request<pb::CountKeyUsesRequest>,
    ) -> Result<Response<Self::CountKeyUsesStream>, Status> {
        let work = |engine: Arc<Engine>, who, pb::CountKeyUsesRequest {}, steps| Ok(engine.count_key_uses(who, steps));
        self.start("CountKeyUses", request, work, tell::key_uses)
    }

    async fn reseal(&self, request: Request<pb::ResealRequest>) -> Result<Response<Self::ResealStream>, Status> {
        let work = |engine: Arc<Engine>, who, message, steps| Ok(engine.reseal(who, ask::reseal(&message)?, steps));
        self.start("Reseal", request, work, tell::resealed)
    }

    async fn retire_key(
        &self,
        request: Request<pb::RetireKeyRequest>,
    ) -> Result<Response<Self::RetireKeyStream>, Status> {
        let work =
            |engine: Arc<Engine>, who, message, steps| Ok(engine.retire_key(who, ask::retire_key(message)?, steps));
        self.start("RetireKey", request, work, tell::retired_key)
    }
}
