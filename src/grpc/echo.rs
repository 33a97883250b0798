//! The load generator's floor: a call that does nothing, on the same transport settings as the real ones.

use tonic::service::Routes;
use tonic::{Request, Response, Status};

use super::convert::FieldError;
use super::pb::bench as pb;
use super::pb::bench::echo_service_server::{EchoService, EchoServiceServer};

/// The largest answer, in bytes.
pub const ECHO_BYTES_MAX: u32 = 65_536;

#[derive(Debug, Clone, Copy)]
struct Echo;

/// Routes that serve the echo and nothing else. Never part of `portcullis serve`.
pub fn echo_routes() -> Routes {
    Routes::new(EchoServiceServer::new(Echo))
}

#[tonic::async_trait]
impl EchoService for Echo {
    async fn echo(&self, request: Request<pb::EchoRequest>) -> Result<Response<pb::EchoResponse>, Status> {
        let pb::EchoRequest { payload: _, response_size } = request.into_inner();
        let size = usize::try_from(response_size.min(ECHO_BYTES_MAX)).unwrap_or(0);
        if response_size > ECHO_BYTES_MAX {
            return Err(FieldError::new("response_size", "must be at most 65536").into());
        }
        Ok(Response::new(pb::EchoResponse { payload: vec![0; size] }))
    }
}
