//! What every call goes through: who calls, until when, and what is counted and logged of it.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use tonic::metadata::MetadataMap;
use tonic::{Code, Extensions, Request, Response, Status};
use tracing::Instrument as _;

use super::convert::FieldError;
use super::deadline::time_to_answer;
use super::identity::{Authenticator, OffHours, Suspect, TokenError, Unbelieved};
use super::lanes::Lanes;
use super::listener::Peer;
use super::status;
use super::status_service::status_of;
use crate::clock::{Clock, Now};
use crate::domain::Requester;
use crate::service::{ServiceError, holding};
use crate::telemetry::{Metrics, call_ended, call_span};

/// Where a caller that traces names its span (W3C Trace Context).
const TRACE_PARENT: &str = "traceparent";

/// Whose answer is a decision and nothing else, so that whoever is off their roster's hours is refused there on record.
const DECIDED: &str = "Decide";

/// Told of what an operator must look at: who, and what. Must not wait: the caller does.
pub type Alarm = Arc<dyn Fn(Arc<Requester>, String) + Send + Sync>;

/// The gate that every call passes. Cheap to clone.
#[derive(Clone)]
pub struct Edge {
    authenticator: Arc<Authenticator>,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    lanes: Arc<Lanes>,
    alarm: Alarm,
    answer_time_max: Duration,
}

impl Edge {
    /// A gate that lets in whom `authenticator` knows, as many at a time as `lanes` have places, and answers within
    /// `answer_time_max`.
    pub fn new(
        authenticator: Arc<Authenticator>,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
        lanes: Arc<Lanes>,
        alarm: Alarm,
        answer_time_max: Duration,
    ) -> Self {
        Self { authenticator, clock, metrics, lanes, alarm, answer_time_max }
    }

    /// Runs one call: authenticates its caller, hands `work` the requester and the message, and answers in time.
    pub(super) async fn unary<M, T, W>(
        &self,
        method: &'static str,
        request: Request<M>,
        work: impl FnOnce(Requester, M) -> W,
    ) -> Result<Response<T>, Status>
    where
        W: Future<Output = Result<T, Refused>>,
    {
        self.within(self.answer_time_max, method, request, work).await
    }

    /// The same of a call that may take longer, for its message is a stream.
    ///
    /// A caller that hangs up, or whose time is over, does not leave a commit half-followed: use cases that write run in
    /// tasks of their own. Repeating the `request_id` tells what became of them.
    pub(super) async fn within<M, T, W>(
        &self,
        most: Duration,
        method: &'static str,
        request: Request<M>,
        work: impl FnOnce(Requester, M) -> W,
    ) -> Result<Response<T>, Status>
    where
        W: Future<Output = Result<T, Refused>>,
    {
        let call = Call::start(method);
        let (metadata, extensions, message) = request.into_parts();
        let caller = metadata.get(TRACE_PARENT).and_then(|value| value.to_str().ok());
        let span = call_span(method, caller);
        let off_hours = if method == DECIDED { OffHours::Decided } else { OffHours::Refused };
        let entered = self.requester_at(&metadata, &extensions, off_hours);
        let entered = entered.and_then(|requester| Ok((requester, self.lanes.enter(method)?)));
        let result = match entered {
            Ok((requester, slot)) => {
                let within = time_to_answer(&metadata, most);
                // On the heap, where it stays: it would be copied with each future around it. The slot goes with it, also
                // where it goes on alone.
                let work = work(requester, message).instrument(span.clone());
                let work = Box::pin(holding(Arc::new(slot), work));
                match tokio::time::timeout(within, work).await {
                    Ok(worked) => self.answer(worked),
                    Err(_elapsed) => Err(status::deadline_exceeded()),
                }
            }
            Err(refusal) => Err(refusal),
        };
        let refusal = result.as_ref().err();
        call_ended(&span, status::code_name(refusal.map_or(Code::Ok, Status::code)));
        call.end(&self.metrics, refusal);
        result.map(Response::new)
    }

    /// What was worked out, or the status that says why not.
    pub(super) fn answer<T>(&self, worked: Result<T, Refused>) -> Result<T, Status> {
        worked.map_err(|refused| self.refusal(&refused))
    }

    /// The status of a refusal.
    pub(super) fn refusal(&self, refused: &Refused) -> Status {
        match refused {
            Refused::Field(error) => status::bad_field(error),
            Refused::Stream(cut) => Status::clone(cut),
            Refused::Service(error) => self.now().map_or_else(|no_time| no_time, |now| status_of(error, now)),
            Refused::Broken => {
                // INVARIANT (fail-closed): what cannot be told is no yes.
                tracing::error!("a use case gave an answer that holds no decision");
                status::unavailable()
            }
        }
    }

    /// Who calls. A clock that cannot be believed lets nobody in: a token's end could not be told.
    pub(super) fn requester(&self, metadata: &MetadataMap, of: &Extensions) -> Result<Requester, Status> {
        self.requester_at(metadata, of, OffHours::Refused)
    }

    fn requester_at(&self, metadata: &MetadataMap, of: &Extensions, off_hours: OffHours) -> Result<Requester, Status> {
        let peer = of.get::<Peer>();
        self.authenticator.authenticate(metadata, peer, self.now()?, off_hours).map_err(|unbelieved| {
            let Unbelieved { error, suspect } = unbelieved;
            if let Some(suspect) = suspect {
                tracing::warn!(reason = error.reason(), "a token came over a connection that is not its holder's");
                self.metrics.suspected(error.reason());
                (self.alarm)(Arc::clone(&suspect.holder), alert_text(error, &suspect));
            }
            status::unauthenticated(error)
        })
    }

    /// When a call is received, for what the edge itself compares with: tokens and instants that must be past. A use case
    /// reads the clock for itself, once.
    pub(super) fn now(&self) -> Result<DateTime<Utc>, Status> {
        self.clock.now().map(Now::instant).map_err(|error| {
            tracing::error!(%error, "there is no time");
            status::unavailable()
        })
    }

    /// The lanes that calls go by, for who serves them.
    pub fn lanes(&self) -> Arc<Lanes> {
        Arc::clone(&self.lanes)
    }

    /// Counters, for calls that do not pass through [`Edge::unary`].
    pub(super) fn metrics(&self) -> &Metrics {
        &self.metrics
    }
}

/// What an alert says: what does not fit, and the certificate that was shown instead. Never the token.
fn alert_text(error: TokenError, suspect: &Suspect) -> String {
    let claim = if let TokenError::Elsewhere(claim) = error { claim } else { "cnf" };
    let shown = suspect.shown.map_or_else(|| "none".to_owned(), |digest| URL_SAFE_NO_PAD.encode(digest));
    format!("{} {claim} x5t#S256={shown}", error.reason())
}

/// Why a call has no answer.
#[derive(Debug)]
pub(super) enum Refused {
    /// A field cannot be used.
    Field(FieldError),
    /// The use case says no, or cannot say.
    Service(ServiceError),
    /// The stream of its messages was cut off, or came too slowly.
    Stream(Box<Status>),
    /// An answer that cannot be told.
    Broken,
}

impl From<FieldError> for Refused {
    fn from(error: FieldError) -> Self {
        Self::Field(error)
    }
}

impl From<ServiceError> for Refused {
    fn from(error: ServiceError) -> Self {
        Self::Service(error)
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use chrono::DateTime;
    use tonic::{Code, Request};

    use super::{Edge, Refused};
    use crate::clock::ManualClock;
    use crate::config::{Bounded, Limits};
    use crate::crypto::{Keyring, SigningKey, Tokens, install_jwt_provider};
    use crate::grpc::identity::{
        AccessTokenClaims, Algorithm, Audience, Authenticator, Clients, DevelopmentIssuer, TokenRules, TrustedIssuer,
        TrustedKeys,
    };
    use crate::grpc::lanes::Lanes;
    use crate::telemetry::Metrics;

    const NOW: i64 = 1_800_000_000;

    fn edge_and_token() -> (Edge, String) {
        install_jwt_provider().unwrap();
        let key = SigningKey::generate().unwrap();
        let (issuer, audience) = ("https://issuer.example".to_owned(), "portcullis".to_owned());
        let claims = AccessTokenClaims {
            iss: issuer.clone(),
            sub: "agent".to_owned(),
            aud: Audience::One(audience.clone()),
            client_id: "tests".to_owned(),
            exp: NOW + 60,
            iat: NOW,
            jti: "1".to_owned(),
            roles: vec!["care_agent".to_owned()],
            brand: Some("main".to_owned()),
            ..AccessTokenClaims::default()
        };
        let rules = TokenRules {
            issuer,
            audience,
            algorithms: vec![Algorithm::EdDSA],
            leeway_seconds: 0,
            roles: Vec::new(),
            must_be_bound: false,
        };
        let issuers = vec![TrustedIssuer::new(rules, TrustedKeys::from_pem(&key.public_pem()).unwrap()).unwrap()];
        let digests = Tokens::new(&Keyring::known());
        let authenticator = Arc::new(Authenticator::new(issuers, Clients::default(), digests, 8));
        let clock = Arc::new(ManualClock::at(DateTime::from_timestamp(NOW, 0).unwrap()));
        let metrics = Arc::new(Metrics::new());
        let limits = Limits { max_calls_in_flight: Bounded::of::<16>(), ..Limits::default() };
        let lanes = Lanes::new(&limits, Arc::clone(&metrics));
        let edge = Edge::new(authenticator, clock, metrics, lanes, Arc::new(|_, _| {}), Duration::from_secs(10));
        (edge, DevelopmentIssuer::new(&key).unwrap().issue(&claims).unwrap())
    }

    fn request(token: &str, timeout: &str) -> Request<()> {
        let mut request = Request::new(());
        request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        request.metadata_mut().insert("grpc-timeout", timeout.parse().unwrap());
        request
    }

    #[tokio::test]
    async fn a_caller_whose_time_is_over_gets_an_answer_that_is_no_yes() {
        let (edge, token) = edge_and_token();
        let never = |_, ()| std::future::pending::<Result<(), Refused>>();
        let late = edge.unary("Decide", request(&token, "20m"), never).await.map(|_| ()).unwrap_err();
        assert_eq!(late.code(), Code::DeadlineExceeded);
        let soon = edge.unary("Decide", request(&token, "20S"), |_, ()| async { Ok(7) }).await.unwrap();
        assert_eq!(soon.into_inner(), 7);
    }

    #[tokio::test]
    async fn a_call_holds_its_place_while_it_is_worked_on_and_no_longer() {
        let (edge, token) = edge_and_token();
        let never = |_, ()| std::future::pending::<Result<(), Refused>>();
        let mut waiting: Vec<_> =
            (0..16).map(|_| Box::pin(edge.unary("Decide", request(&token, "20S"), never))).collect();
        for call in &mut waiting {
            assert!(tokio::time::timeout(Duration::ZERO, call).await.is_err());
        }
        let at_once = |_, ()| async { Ok(7) };
        let refused = edge.unary("Decide", request(&token, "20S"), at_once).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unavailable);
        // Who is not known holds no place, and does not learn that there is none.
        let unknown = edge.unary("Decide", Request::new(()), at_once).await.unwrap_err();
        assert_eq!(unknown.code(), Code::Unauthenticated);
        assert_eq!(edge.unary("SetLock", request(&token, "20S"), at_once).await.unwrap().into_inner(), 7);
        waiting.pop();
        assert_eq!(edge.unary("Decide", request(&token, "20S"), at_once).await.unwrap().into_inner(), 7);
    }

    #[tokio::test]
    async fn an_answer_that_cannot_be_told_is_no_yes() {
        let (edge, token) = edge_and_token();
        let broken = |_, ()| async { Err::<(), _>(Refused::Broken) };
        let status = edge.unary("Decide", request(&token, "20S"), broken).await.map(|_| ()).unwrap_err();
        assert_eq!(status.code(), Code::Unavailable);
    }
}
