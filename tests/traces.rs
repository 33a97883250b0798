//! Traces of the running program, as a collector gets them: `make test-otel`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    dead_code,
    reason = "a test that cannot be set up should fail where it is; the program's helpers are shared"
)]

#[path = "command_line/canary_life.rs"]
mod canary_life;
#[path = "command_line/program.rs"]
mod program;
#[path = "command_line/spelt.rs"]
mod spelt;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{TraceService, TraceServiceServer};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::tonic::trace::v1::Span;
use portcullis::grpc::pb::v1 as pb;
use portcullis::grpc::pb::v1::decision_service_client::DecisionServiceClient;
use prost::Message as _;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Certificate, Channel, ClientTlsConfig};
use tonic::{Request, Response, Status};

use crate::program::{Place, Service};

const NUMBER: &str = "+12125550142";
const ACCOUNT_NUMBER: &str = "312037661";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

/// All that was sent.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<ExportTraceServiceRequest>>>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        self.0.lock().unwrap().push(request.into_inner());
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

impl Collector {
    async fn start() -> (Self, SocketAddr) {
        let collector = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = TraceServiceServer::new(collector.clone());
        let serving = tonic::transport::Server::builder().add_service(service);
        tokio::spawn(serving.serve_with_incoming(TcpListenerStream::new(listener)));
        (collector, address)
    }

    fn spans(&self) -> Vec<Span> {
        let sent = self.0.lock().unwrap();
        let resources = sent.iter().flat_map(|request| &request.resource_spans);
        resources.flat_map(|resource| &resource.scope_spans).flat_map(|scope| scope.spans.clone()).collect()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

/// A place with tokens, and a service that sends its traces there.
async fn traced(collector: SocketAddr) -> Service {
    tokio::task::spawn_blocking(move || {
        let place = Place::with_keys();
        place.mint("hub", "porting_system", &["--spid", "X201"]);
        place.mint("bss", "provisioning", &[]);
        Service::start_with(place, &[&format!("telemetry.otlp={{endpoint = \"http://{collector}\"}}")])
    })
    .await
    .unwrap()
}

async fn client(service: &Service) -> DecisionServiceClient<Channel> {
    let ca = std::fs::read_to_string(service.place.path("dev/ca.pem")).unwrap();
    let tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(ca)).domain_name("localhost");
    let endpoint = Channel::from_shared(service.endpoint().to_owned()).unwrap().tls_config(tls).unwrap();
    DecisionServiceClient::new(endpoint.connect().await.unwrap())
}

fn port_out(service: &Service, traceparent: &str) -> Request<pb::DecideRequest> {
    let change = pb::PortOut { gaining_spid: "X201".to_owned(), pon: "PON-1".to_owned(), ..Default::default() };
    let mut request = Request::new(pb::DecideRequest {
        request_id: "0190d4f0-7c3e-7a52-9a63-0d1f3c5e7b91".to_owned(),
        line: Some(pb::LineRef { r#ref: Some(pb::line_ref::Ref::Msisdn(NUMBER.to_owned())), ..pb::LineRef::default() }),
        change: Some(pb::Change { change: Some(pb::change::Change::PortOut(change)) }),
        mode: pb::Mode::Enforce.into(),
        interaction: Some(pb::Interaction { channel: pb::Channel::Port.into(), ..Default::default() }),
        ..Default::default()
    });
    let token = std::fs::read_to_string(service.place.path("hub.token")).unwrap();
    request.metadata_mut().insert("authorization", format!("Bearer {}", token.trim()).parse().unwrap());
    request.metadata_mut().insert("traceparent", traceparent.parse().unwrap());
    request
}

/// INVARIANT (secrets-stay-in): names and codes, and nothing of the request.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_and_the_hops_of_its_decision_are_spans_of_the_callers_trace() {
    let (collector, address) = Collector::start().await;
    let service = traced(address).await;
    let mut client = client(&service).await;
    let parent = format!("00-{TRACE}-{PARENT}-01");
    client.decide(port_out(&service, &parent)).await.unwrap();
    let token = std::fs::read_to_string(service.place.path("hub.token")).unwrap();
    // Not a trace's parent: the call is answered all the same, in a trace of its own.
    client.decide(port_out(&service, "00-nonsense")).await.unwrap();
    drop(client);
    // Stopping sends what is left.
    let (status, _place) = tokio::task::spawn_blocking(|| service.stop()).await.unwrap();
    assert!(status.success());

    let spans = collector.spans();
    let of = |name: &str| spans.iter().filter(|span| span.name == name).collect::<Vec<_>>();
    let calls = of("Decide");
    assert_eq!(calls.len(), 2, "{spans:?}");
    let call = calls.iter().find(|call| hex(&call.trace_id) == TRACE).unwrap();
    assert_eq!(hex(&call.parent_span_id), PARENT);
    let other = calls.iter().find(|call| hex(&call.trace_id) != TRACE).unwrap();
    assert!(other.parent_span_id.is_empty());
    for hop in ["find", "wait", "open", "weigh", "commit"] {
        let found = of(hop).into_iter().find(|span| hex(&span.trace_id) == TRACE);
        let found = found.unwrap_or_else(|| panic!("no `{hop}` in {spans:?}"));
        assert_eq!(found.parent_span_id, call.span_id, "`{hop}` is not the call's");
        assert!(found.attributes.is_empty() && found.events.is_empty(), "{found:?}");
    }
    let told = format!("{spans:?}");
    for hidden in [NUMBER, NUMBER.trim_start_matches('+'), ACCOUNT_NUMBER, "PON-1", "X201", "hub", token.trim()] {
        assert!(!told.contains(hidden), "`{hidden}` is in {told}");
    }
}

/// E12: a whole life of canaries, and all that the collector was sent of it.
#[tokio::test(flavor = "multi_thread")]
async fn no_canary_is_sent_to_the_collector() {
    let (collector, address) = Collector::start().await;
    let lived = tokio::task::spawn_blocking(move || {
        let otlp = format!("telemetry.otlp={{endpoint = \"http://{address}\"}}");
        let run = canary_life::live(&[&otlp, "archive.folder=dev/archive"]);
        let (status, _place) = run.service.stop();
        assert!(status.success());
        run.search
    });
    let search = lived.await.unwrap();
    let sent: BTreeSet<String> = collector.spans().into_iter().map(|span| span.name).collect();
    for name in ["Decide", "IssueTransferPin", "SetPin", "GetAccount", "WatchRecords", "find", "commit"] {
        assert!(sent.contains(name), "no `{name}` was sent, only {sent:?}");
    }
    for request in collector.0.lock().unwrap().iter() {
        let found = search.found_in(&request.encode_to_vec());
        assert!(found.is_empty(), "{found:?} in {request:?}");
    }
}

/// A collector that is away costs traces, and no call.
#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_away_holds_nobody_up() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let service = traced(gone).await;
    let mut client = client(&service).await;
    client.decide(port_out(&service, "")).await.unwrap();
    drop(client);
    let (status, _place) = tokio::task::spawn_blocking(|| service.stop()).await.unwrap();
    assert!(status.success());
}
