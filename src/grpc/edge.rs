//! What every call goes through: who calls, until when, and what is counted and logged of it.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tonic::metadata::MetadataMap;
use tonic::{Code, Request, Response, Status};

use super::deadline::time_to_answer;
use super::identity::Authenticator;
use super::status;
use crate::clock::Clock;
use crate::domain::Requester;
use crate::telemetry::Metrics;

/// The gate that every call passes. Cheap to clone.
#[derive(Clone)]
pub struct Edge {
    authenticator: Arc<Authenticator>,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    answer_time_max: Duration,
}

impl Edge {
    /// A gate that lets in whom `authenticator` knows, and answers within `answer_time_max`.
    pub fn new(
        authenticator: Arc<Authenticator>,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
        answer_time_max: Duration,
    ) -> Self {
        Self { authenticator, clock, metrics, answer_time_max }
    }

    /// Runs one call: authenticates its caller, hands `work` the requester and the message, and answers in time.
    ///
    /// `work` runs in a task of its own. A caller that hangs up, or whose time is over, does not leave a commit
    /// half-followed; repeating the `request_id` tells what became of it.
    pub async fn unary<M, T, W>(
        &self,
        method: &'static str,
        request: Request<M>,
        work: impl FnOnce(Requester, M) -> W,
    ) -> Result<Response<T>, Status>
    where
        T: Send + 'static,
        W: Future<Output = Result<T, Status>> + Send + 'static,
    {
        let call = Call::start(method);
        let (metadata, _, message) = request.into_parts();
        let result = match self.requester(&metadata) {
            Ok(requester) => {
                let within = time_to_answer(&metadata, self.answer_time_max);
                in_time(within, work(Requester::clone(&requester), message)).await
            }
            Err(refusal) => Err(refusal),
        };
        call.end(&self.metrics, result.as_ref().err());
        result.map(Response::new)
    }

    /// Who calls. A clock that cannot be believed lets nobody in: a token's end could not be told.
    pub fn requester(&self, metadata: &MetadataMap) -> Result<Arc<Requester>, Status> {
        let now = self.clock.now().map_err(|error| {
            tracing::error!(%error, "no time to check a token with");
            status::unavailable()
        })?;
        self.authenticator.authenticate(metadata, now.instant()).map_err(status::unauthenticated)
    }

    /// Counters, for calls that do not pass through [`Edge::unary`].
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }
}

async fn in_time<T: Send + 'static>(
    within: Duration,
    work: impl Future<Output = Result<T, Status>> + Send + 'static,
) -> Result<T, Status> {
    match tokio::time::timeout(within, tokio::spawn(work)).await {
        Ok(Ok(result)) => result,
        Ok(Err(broken)) => {
            // INVARIANT (fail-closed): a use case that broke has decided nothing that anybody may act on.
            tracing::error!(error = %broken, "a use case broke");
            Err(status::unavailable())
        }
        Err(_elapsed) => Err(status::deadline_exceeded()),
    }
}

/// One call, from its start to its line in the log.
pub(super) struct Call {
    method: &'static str,
    started: Instant,
}

impl Call {
    /// It starts now.
    pub(super) fn start(method: &'static str) -> Self {
        Self { method, started: Instant::now() }
    }

    /// It ended, well or with `refusal`.
    ///
    /// INVARIANT (secrets-stay-in): the log gets the method, the code and the time. A status message names fields at most,
    /// but a library's may hold anything, so it stays out.
    pub(super) fn end(self, metrics: &Metrics, refusal: Option<&Status>) {
        let took = self.started.elapsed();
        let code = refusal.map_or(Code::Ok, Status::code);
        metrics.answered(self.method, status::code_name(code), took);
        let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        match code {
            Code::Ok => tracing::debug!(method = self.method, took_us, "answered"),
            Code::Internal | Code::Unknown | Code::Unavailable => {
                tracing::warn!(method = self.method, ?code, took_us, "not answered");
            }
            _ => tracing::info!(method = self.method, ?code, took_us, "refused"),
        }
    }
}
