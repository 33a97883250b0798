//! The layer before every service: while a lane is full, its calls are refused without being read.

use std::future::{Ready, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use tonic::body::Body;
use tower::{Layer, Service};

use super::bounds::Lanes;

/// Puts the lanes before a service.
#[derive(Debug, Clone)]
pub(in crate::grpc) struct SheddingLayer(pub(in crate::grpc) Arc<Lanes>);

/// A service behind the lanes.
#[derive(Debug, Clone)]
pub(in crate::grpc) struct Shedding<S> {
    lanes: Arc<Lanes>,
    inner: S,
}

impl<S> Layer<S> for SheddingLayer {
    type Service = Shedding<S>;

    fn layer(&self, inner: S) -> Shedding<S> {
        Shedding { lanes: Arc::clone(&self.0), inner }
    }
}

impl<S, B> Service<Request<B>> for Shedding<S>
where
    S: Service<Request<B>, Response = Response<Body>>,
    S::Future: Unpin,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Answer<S::Future, S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        match self.lanes.refusal_of(request.uri().path()) {
            Some(refusal) => Answer::Now(ready(Ok(refusal))),
            None => Answer::Later(self.inner.call(request)),
        }
    }
}

/// A call's answer.
pub(in crate::grpc) enum Answer<F, E> {
    /// A refusal.
    Now(Ready<Result<Response<Body>, E>>),
    /// Whatever the service says.
    Later(F),
}

impl<F, E> Future for Answer<F, E>
where
    F: Future<Output = Result<Response<Body>, E>> + Unpin,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::Now(refusal) => Pin::new(refusal).poll(context),
            Self::Later(answer) => Pin::new(answer).poll(context),
        }
    }
}
