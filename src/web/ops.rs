//! Metrics and probes.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;

use crate::telemetry::{METRICS_CONTENT_TYPE, Metrics};

/// The longest that a stopping listener waits for open requests, in seconds.
const DRAIN_SECONDS_MAX: u64 = 2;

/// RFC 7517, section 8.5.
const KEY_SET_CONTENT_TYPE: &str = "application/jwk-set+json";

/// Keys change with a rotation and a restart. A relying party that meets a `kid` it does not know asks again at once.
const KEY_SET_CACHE_CONTROL: &str = "public, max-age=300";

/// Whether decisions can be made now, and if not, why: store, policy, clock.
pub type Readiness = Arc<dyn Fn() -> Result<(), String> + Send + Sync>;

/// What the pages show.
#[derive(Clone)]
pub struct OpsState {
    /// All counters.
    pub metrics: Arc<Metrics>,
    /// Readiness, asked anew for each probe.
    pub readiness: Readiness,
    /// The keys that verify signed permits: a JSON Web Key Set.
    pub permit_keys: Arc<str>,
}

/// The pages. `/healthz`: the process runs. `/readyz`: it can decide, else 503 and why. `/metrics`: OpenMetrics text.
/// `/.well-known/jwks.json`: what signed permits are verified with.
pub fn router(state: OpsState) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .route("/.well-known/jwks.json", get(permit_keys))
        .with_state(state)
}

/// Serves the pages on `listener` until `stop` resolves.
///
/// # Errors
///
/// What the listener says when it breaks.
pub async fn serve(
    listener: TcpListener,
    state: OpsState,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let (told, stopping) = tokio::sync::oneshot::channel();
    let stop = async move {
        stop.await;
        // Nobody listens any more only when serving has ended already.
        let _ = told.send(());
    };
    let overdue = async {
        if stopping.await.is_err() {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(Duration::from_secs(DRAIN_SECONDS_MAX)).await;
    };
    tokio::select! {
        served = axum::serve(listener, router(state)).with_graceful_shutdown(stop).into_future() => served,
        () = overdue => Ok(()),
    }
}

async fn ready(State(state): State<OpsState>) -> Response {
    match (state.readiness)() {
        Ok(()) => "ready\n".into_response(),
        Err(cause) => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {cause}\n")).into_response(),
    }
}

async fn metrics(State(state): State<OpsState>) -> Response {
    match state.metrics.encode() {
        Ok(text) => ([(header::CONTENT_TYPE, METRICS_CONTENT_TYPE)], text).into_response(),
        Err(std::fmt::Error) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn permit_keys(State(state): State<OpsState>) -> Response {
    let headers = [(header::CONTENT_TYPE, KEY_SET_CONTENT_TYPE), (header::CACHE_CONTROL, KEY_SET_CACHE_CONTROL)];
    (headers, state.permit_keys.to_string()).into_response()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use axum::body::Body;
    use axum::http::{Request, StatusCode};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};
    use tower::ServiceExt as _;

    use super::{OpsState, router, serve};

    fn state(ready: &Arc<AtomicBool>) -> OpsState {
        let ready = Arc::clone(ready);
        let readiness =
            move || if ready.load(Ordering::Relaxed) { Ok(()) } else { Err("the store is gone".to_owned()) };
        OpsState { metrics: Arc::default(), readiness: Arc::new(readiness), permit_keys: r#"{"keys":[]}"#.into() }
    }

    async fn get(state: &OpsState, path: &str) -> (StatusCode, String) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = router(state.clone()).oneshot(request).await.unwrap();
        let status = response.status();
        let bytes = axum::body::to_bytes(response.into_body(), 65_536).await.unwrap();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn readiness_follows_its_cause_and_health_does_not() {
        let ready = Arc::new(AtomicBool::new(true));
        let state = state(&ready);
        assert_eq!(get(&state, "/readyz").await, (StatusCode::OK, "ready\n".to_owned()));
        ready.store(false, Ordering::Relaxed);
        let (status, text) = get(&state, "/readyz").await;
        assert_eq!((status, text.as_str()), (StatusCode::SERVICE_UNAVAILABLE, "not ready: the store is gone\n"));
        assert_eq!(get(&state, "/healthz").await.0, StatusCode::OK);
    }

    #[tokio::test]
    async fn metrics_are_openmetrics_text() {
        let state = state(&Arc::new(AtomicBool::new(true)));
        state.metrics.answered("Decide", "OK", Duration::from_millis(1));
        let (status, text) = get(&state, "/metrics").await;
        assert_eq!(status, StatusCode::OK);
        assert!(
            text.contains("portcullis_requests_total{method=\"Decide\",code=\"OK\"} 1") && text.ends_with("# EOF\n"),
            "{text}"
        );
    }

    #[tokio::test]
    async fn keys_are_a_key_set_that_may_be_kept_for_minutes() {
        let request = Request::get("/.well-known/jwks.json").body(Body::empty()).unwrap();
        let response = router(state(&Arc::new(AtomicBool::new(false)))).oneshot(request).await.unwrap();
        let told = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(told("content-type"), "application/jwk-set+json");
        assert_eq!(told("cache-control"), "public, max-age=300");
        let body = axum::body::to_bytes(response.into_body(), 65_536).await.unwrap();
        assert_eq!(body.as_ref(), br#"{"keys":[]}"#);
    }

    #[tokio::test]
    async fn it_stops_even_while_a_connection_stays_open() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let state = state(&Arc::new(AtomicBool::new(true)));
        let serving = tokio::spawn(serve(listener, state, async { stopped.await.unwrap_or_default() }));
        let mut idle = TcpStream::connect(address).await.unwrap();
        idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let mut first = [0_u8; 15];
        idle.read_exact(&mut first).await.unwrap();
        assert_eq!(&first, b"HTTP/1.1 200 OK");
        stop.send(()).unwrap();
        serving.await.unwrap().unwrap();
    }
}
