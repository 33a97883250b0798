//! The listener: TLS, health, reflection, limits, and a gentle end.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up should fail where it is")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use portcullis::config::Limits;
use portcullis::grpc::listener::{Tls, TlsIdentity};
use portcullis::grpc::pb::bench::EchoRequest;
use portcullis::grpc::pb::bench::echo_service_client::EchoServiceClient;
use portcullis::grpc::{Front, Lanes, SERVICES, echo_routes, serve, with_health_and_reflection};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::Code;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

struct Running {
    address: SocketAddr,
    ready: Arc<AtomicBool>,
    root_pem: String,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

async fn start(limits: Limits) -> Running {
    let certified = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let root_pem = certified.cert.pem();
    let tls = TlsIdentity {
        certificate_chain_pem: root_pem.clone(),
        private_key_pem: certified.signing_key.serialize_pem().into(),
        clients: None,
    };
    let tls = Arc::new(Tls::new(&tls).unwrap());
    let ready = Arc::new(AtomicBool::new(true));
    let seen = Arc::clone(&ready);
    let readiness = Arc::new(move || if seen.load(Ordering::Relaxed) { Ok(()) } else { Err("gone".to_owned()) });
    let (routes, health) = with_health_and_reflection(echo_routes(), readiness).await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let front = Front { tls: Some(tls), lanes: Lanes::new(&limits, Arc::default()) };
    let serving = tokio::spawn(async move {
        let stopped = async { stopped.await.unwrap_or_default() };
        serve(listener, &limits, front, routes, Some(health), stopped).await.unwrap();
    });
    Running { address, ready, root_pem, stop, serving }
}

async fn channel(running: &Running) -> Channel {
    let tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(&running.root_pem)).domain_name("localhost");
    Endpoint::from_shared(format!("https://{}", running.address))
        .unwrap()
        .tls_config(tls)
        .unwrap()
        .connect()
        .await
        .unwrap()
}

fn check(service: &str) -> HealthCheckRequest {
    HealthCheckRequest { service: service.to_owned() }
}

/// Reads a health watch until it says `expected`.
async fn until(channel: &Channel, service: &str, expected: ServingStatus) {
    let mut health = HealthClient::new(channel.clone());
    let mut watch = health.watch(check(service)).await.unwrap().into_inner();
    while let Some(told) = watch.message().await.unwrap() {
        if told.status() == expected {
            return;
        }
    }
    panic!("the watch ended before it said {expected:?}");
}

#[tokio::test]
async fn health_follows_readiness_for_every_service() {
    let running = start(Limits::default()).await;
    let channel = channel(&running).await;
    for service in SERVICES {
        until(&channel, service, ServingStatus::Serving).await;
    }
    running.ready.store(false, Ordering::Relaxed);
    for service in SERVICES {
        until(&channel, service, ServingStatus::NotServing).await;
    }
    running.ready.store(true, Ordering::Relaxed);
    until(&channel, "", ServingStatus::Serving).await;
}

#[tokio::test]
async fn plain_text_is_not_answered() {
    let running = start(Limits::default()).await;
    let plain = Endpoint::from_shared(format!("http://{}", running.address)).unwrap();
    let answer = match plain.connect().await {
        Ok(channel) => HealthClient::new(channel).check(check("")).await.map(|_| ()),
        Err(_) => return,
    };
    assert!(answer.is_err());
}

#[tokio::test]
async fn reflection_shows_what_is_served_and_nothing_else() {
    use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
    use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
    use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
    use tonic_reflection::pb::v1::{ServerReflectionRequest, ServerReflectionResponse};

    let running = start(Limits::default()).await;
    let mut client = ServerReflectionClient::new(channel(&running).await);
    let ask = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut answers = client.server_reflection_info(tokio_stream::iter([ask])).await.unwrap().into_inner();
    let ServerReflectionResponse { message_response, .. } = answers.message().await.unwrap().unwrap();
    let Some(MessageResponse::ListServicesResponse(list)) = message_response else { panic!("no list of services") };
    let names: Vec<String> = list.service.into_iter().map(|service| service.name).collect();
    for service in SERVICES.iter().filter(|service| !service.is_empty()) {
        assert!(names.iter().any(|name| name == service), "{service} is not in {names:?}");
    }
    assert!(names.iter().all(|name| !name.contains("bench")), "{names:?}");
}

#[tokio::test]
async fn python_finds_the_older_reflection() {
    use tonic_reflection::pb::v1alpha::ServerReflectionRequest;
    use tonic_reflection::pb::v1alpha::server_reflection_client::ServerReflectionClient;
    use tonic_reflection::pb::v1alpha::server_reflection_request::MessageRequest;

    let running = start(Limits::default()).await;
    let mut client = ServerReflectionClient::new(channel(&running).await);
    let symbol = MessageRequest::FileContainingSymbol("portcullis.v1.DecisionService".to_owned());
    let ask = ServerReflectionRequest { host: String::new(), message_request: Some(symbol) };
    let mut answers = client.server_reflection_info(tokio_stream::iter([ask])).await.unwrap().into_inner();
    assert!(answers.message().await.unwrap().unwrap().message_response.is_some());
}

#[tokio::test]
async fn a_stop_is_told_first_and_open_calls_end() {
    let running = start(Limits::default()).await;
    let channel = channel(&running).await;
    until(&channel, "", ServingStatus::Serving).await;
    let mut health = HealthClient::new(channel.clone());
    let mut watch = health.watch(check("")).await.unwrap().into_inner();
    running.stop.send(()).unwrap();
    while let Some(told) = watch.message().await.unwrap() {
        if told.status() == ServingStatus::NotServing {
            break;
        }
    }
    // The door is still open: callers that have not heard yet are answered.
    let echoed =
        EchoServiceClient::new(channel).echo(EchoRequest { payload: vec![1], response_size: 3 }).await.unwrap();
    assert_eq!(echoed.into_inner().payload.len(), 3);
    drop(watch);
    running.serving.await.unwrap();
    assert!(tokio::net::TcpStream::connect(running.address).await.is_err());
}

#[tokio::test]
async fn drain_ends_even_if_a_caller_never_does() {
    let limits = Limits { drain_seconds: portcullis::config::Bounded::of::<0>(), ..Limits::default() };
    let running = start(limits).await;
    let mut health = HealthClient::new(channel(&running).await);
    let _open_for_ever = health.watch(check("")).await.unwrap().into_inner();
    running.stop.send(()).unwrap();
    running.serving.await.unwrap();
}

/// E31: metadata beyond the limit never reaches a service.
#[tokio::test]
async fn huge_metadata_is_refused() {
    let running = start(Limits::default()).await;
    let mut echo = EchoServiceClient::new(channel(&running).await);
    let mut request = tonic::Request::new(EchoRequest { payload: Vec::new(), response_size: 0 });
    request.metadata_mut().insert("x-huge", "x".repeat(1024 * 1024).parse().unwrap());
    assert!(echo.echo(request).await.is_err());
    let mut again = EchoServiceClient::new(channel(&running).await);
    assert!(again.echo(EchoRequest { payload: Vec::new(), response_size: 0 }).await.is_ok());
}

#[tokio::test]
async fn an_echo_has_a_bound() {
    let running = start(Limits::default()).await;
    let mut echo = EchoServiceClient::new(channel(&running).await);
    let refused = echo.echo(EchoRequest { payload: Vec::new(), response_size: 65_537 }).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
}
