//! `EventService`.

use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::event_stream;
use super::services::Services;
use crate::grpc::edge::Call;
use crate::grpc::pb::v1 as pb;
use crate::grpc::pb::v1::event_service_server::EventService;
use crate::service::authorise;

/// The service.
#[derive(Clone)]
pub(super) struct EventApi(pub(super) Services);

#[tonic::async_trait]
impl EventService for EventApi {
    type RecordEventsStream = ReceiverStream<Result<pb::RecordEventsResponse, Status>>;

    async fn record_events(
        &self,
        request: Request<Streaming<pb::RecordEventsRequest>>,
    ) -> Result<Response<Self::RecordEventsStream>, Status> {
        let Services { engine, edge } = self.0.clone();
        let call = Call::start("RecordEvents");
        let begun = edge.requester(request.metadata(), request.extensions()).and_then(|requester| {
            let who = edge.answer(authorise(requester).map_err(Into::into))?;
            Ok(event_stream::start(engine, edge.clone(), who, request.into_inner()))
        });
        call.end(edge.metrics(), begun.as_ref().err());
        begun.map(Response::new)
    }
}
