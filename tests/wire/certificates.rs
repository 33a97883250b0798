//! Callers that show certificates: who they are, what they are bound to, and how many connections they may have.

use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis::audit::Event;
use portcullis::config::{Bounded, Limits};
use portcullis::domain::{Brand, Role, Spid, StoreId};
use portcullis::grpc::identity::{AccessTokenClaims, ClientBinding, Clients, Confirmation};
use portcullis::grpc::listener::Presence;
use portcullis::grpc::pb::v1 as pb;
use portcullis::grpc::pb::v1::decision_service_client::DecisionServiceClient;
use portcullis::store::{ROWS_MAX, Store as _};
use tokio::net::TcpSocket;
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};
use tonic::{Code, Request, Status};

use crate::pki::{Certified, Pki, tls};
use crate::world::{BRAND, Door, GAINING, NEW_SIM, World, ask, port_out, reason, sim_change};

const HUB: &str = "spiffe://carrier.example/port-hub";
const TILL: &str = "spiffe://carrier.example/till/S2";

fn clients() -> Clients {
    let hub = ClientBinding {
        role: Some(Role::PortingSystem),
        brand: Brand::parse(BRAND).ok(),
        spid: Spid::parse(GAINING).ok(),
        ..ClientBinding::default()
    };
    let store = StoreId::parse("S2").ok();
    let till = ClientBinding { token_roles: vec![Role::RetailAgent], store, ..ClientBinding::default() };
    Clients::new([(HUB.to_owned(), hub), (TILL.to_owned(), till)]).unwrap()
}

/// A served engine that takes the authority's callers.
async fn world(pki: &Pki, presence: Presence, limits: Limits) -> World {
    World::behind(Door { tls: Some(tls(&pki.server(presence, &[]))), clients: clients(), limits }).await
}

async fn connect(world: &World, tls: ClientTlsConfig) -> Result<Channel, tonic::transport::Error> {
    let address = format!("https://localhost:{}", world.address.port());
    Endpoint::from_shared(address).unwrap().tls_config(tls).unwrap().connect().await
}

async fn connected(world: &World, pki: &Pki, certified: &Certified) -> DecisionServiceClient<Channel> {
    DecisionServiceClient::new(connect(world, pki.client(Some(certified))).await.unwrap())
}

/// Whether a caller is spoken with at all. A server refuses a certificate after the caller's part of the handshake is
/// over, so a call must be made to hear of it.
async fn is_heard(world: &World, tls: ClientTlsConfig) -> bool {
    let Ok(channel) = connect(world, tls).await else { return false };
    let asked = DecisionServiceClient::new(channel).decide(Request::new(pb::DecideRequest::default())).await;
    asked.is_err_and(|status| status.code() == Code::Unauthenticated)
}

fn told(refused: Result<tonic::Response<pb::DecideResponse>, Status>) -> (Code, String) {
    let status = refused.err().unwrap();
    (status.code(), reason(&status))
}

#[tokio::test]
async fn a_known_certificate_is_a_caller_without_a_token() {
    let pki = Pki::new();
    let world = world(&pki, Presence::Required, Limits::default()).await;
    let mut hub = connected(&world, &pki, &pki.caller(HUB)).await;
    let answer = hub.decide(Request::new(ask(&world, port_out(), pb::Channel::Port))).await.unwrap().into_inner();
    assert_eq!(answer.decision.unwrap().outcome(), pb::Outcome::Deny);
    // It is a porting system, and no more.
    let refused = hub.decide(Request::new(ask(&world, sim_change(NEW_SIM), pb::Channel::Store))).await;
    assert_eq!(told(refused), (Code::PermissionDenied, "FORBIDDEN".to_owned()));
    for other in [TILL, "spiffe://carrier.example/nobody"] {
        let mut other = connected(&world, &pki, &pki.caller(other)).await;
        let refused = other.decide(Request::new(ask(&world, port_out(), pb::Channel::Port))).await;
        assert_eq!(told(refused), (Code::Unauthenticated, "TOKEN_MISSING".to_owned()));
    }
}

/// Alerts on record: whose token, and what of it. Waits until there are so many; nobody waits for them to be written.
async fn alerts(world: &World, count: usize) -> Vec<(String, String)> {
    let ledger = world.vault.tokens().ledger(&Brand::parse(BRAND).unwrap());
    loop {
        let journal = world.store.journal(0, 0, ROWS_MAX).await.unwrap();
        let mut alerts = Vec::new();
        for entry in journal.iter().filter(|entry| entry.account == ledger) {
            let kept = world.vault.record(entry.id).await.unwrap().unwrap();
            let Event::Alerted { reason } = &kept.record().event else { continue };
            let subject = kept.record().caller.as_ref().unwrap().subject.as_str();
            alerts.push((subject.rsplit('|').next().unwrap().to_owned(), reason.as_str().to_owned()));
        }
        if alerts.len() >= count {
            return alerts;
        }
        tokio::task::yield_now().await;
    }
}

/// threats.md E20.
#[tokio::test]
async fn a_token_of_one_store_is_refused_on_another_stores_till() {
    let pki = Pki::new();
    let world = world(&pki, Presence::Required, Limits::default()).await;
    let question = || ask(&world, sim_change(NEW_SIM), pb::Channel::Store);
    let of_store = |store: &str| AccessTokenClaims { store_id: Some(store.to_owned()), ..world.claims("retail_agent") };
    let certificate = pki.caller(TILL);
    let mut till = DecisionServiceClient::new(connect(&world, pki.client(Some(&certificate))).await.unwrap());
    for _ in 0..10 {
        let refused = till.decide(world.with(&of_store("S1"), question())).await;
        assert_eq!(told(refused), (Code::PermissionDenied, "CHANNEL_MISMATCH".to_owned()));
    }
    // Once, however often it was tried: who, what did not fit, and what was shown instead.
    let shown = URL_SAFE_NO_PAD.encode(certificate.thumbprint);
    let expected = vec![("retail_agent-1".to_owned(), format!("CHANNEL_MISMATCH store_id x5t#S256={shown}"))];
    assert_eq!(alerts(&world, 1).await, expected);
    let manager = AccessTokenClaims { roles: vec!["retail_manager".to_owned()], ..of_store("S2") };
    let refused = till.decide(world.with(&manager, question())).await;
    assert_eq!(told(refused), (Code::PermissionDenied, "CHANNEL_MISMATCH".to_owned()));
    assert!(till.decide(world.with(&of_store("S2"), question())).await.is_ok());
}

#[tokio::test]
async fn a_bound_token_is_no_good_to_who_stole_it() {
    let pki = Pki::new();
    let world = world(&pki, Presence::Optional, Limits::default()).await;
    let (own, thief) = (pki.caller("spiffe://carrier.example/care"), pki.caller("spiffe://carrier.example/thief"));
    let bound = AccessTokenClaims { cnf: Some(Confirmation::of(&own.thumbprint)), ..world.claims("care_agent") };
    let question = || world.with(&bound, ask(&world, sim_change(NEW_SIM), pb::Channel::Care));
    assert!(connected(&world, &pki, &own).await.decide(question()).await.is_ok());
    let elsewhere = (Code::Unauthenticated, "TOKEN_BOUND_ELSEWHERE".to_owned());
    assert_eq!(told(connected(&world, &pki, &thief).await.decide(question()).await), elsewhere);
    let mut bare = DecisionServiceClient::new(connect(&world, pki.client(None)).await.unwrap());
    assert_eq!(told(bare.decide(question()).await), elsewhere);
    let shown = [URL_SAFE_NO_PAD.encode(thief.thumbprint), "none".to_owned()];
    let mut expected: Vec<_> =
        shown.map(|shown| ("care_agent-1".to_owned(), format!("TOKEN_BOUND_ELSEWHERE cnf x5t#S256={shown}"))).into();
    expected.sort();
    let mut alerted = alerts(&world, 2).await;
    alerted.sort();
    assert_eq!(alerted, expected);
}

#[tokio::test]
async fn who_shows_no_good_certificate_is_not_spoken_with() {
    let (pki, other) = (Pki::new(), Pki::new());
    let world = world(&pki, Presence::Required, Limits::default()).await;
    assert!(is_heard(&world, pki.client(Some(&pki.caller(TILL)))).await);
    assert!(!is_heard(&world, pki.client(None)).await);
    assert!(!is_heard(&world, pki.client(Some(&other.caller(HUB)))).await);
    assert!(!is_heard(&world, pki.client(Some(&pki.expired_caller(HUB)))).await);
}

#[tokio::test]
async fn certificates_change_without_a_restart() {
    let (pki, next) = (Pki::new(), Pki::new());
    let served = tls(&pki.server(Presence::Required, &[]));
    let door = Door { tls: Some(Arc::clone(&served)), clients: clients(), limits: Limits::default() };
    let world = World::behind(door).await;
    let (stolen, other) = (pki.caller(TILL), pki.caller(TILL));
    let mut before = connected(&world, &pki, &stolen).await;
    served.replace(&pki.server(Presence::Required, &[&stolen])).unwrap();
    assert!(!is_heard(&world, pki.client(Some(&stolen))).await);
    assert!(is_heard(&world, pki.client(Some(&other))).await);
    // Connections that were there go on; they end by their age.
    let refused = before.decide(Request::new(ask(&world, port_out(), pb::Channel::Port))).await;
    assert_eq!(told(refused), (Code::Unauthenticated, "TOKEN_MISSING".to_owned()));
    served.replace(&next.server(Presence::Required, &[])).unwrap();
    assert!(!is_heard(&world, pki.client(Some(&other))).await);
    assert!(is_heard(&world, next.client(Some(&next.caller(TILL)))).await);
}

#[tokio::test]
async fn one_identity_leaves_connections_to_others() {
    let limits = Limits {
        max_connections: Bounded::of::<16>(),
        max_connections_per_identity: Bounded::of::<3>(),
        ..Limits::default()
    };
    let pki = Pki::new();
    let world = world(&pki, Presence::Required, limits).await;
    let (greedy, other) = (pki.caller(TILL), pki.caller(TILL));
    let mut open = Vec::new();
    for _ in 0..3 {
        open.push(connected(&world, &pki, &greedy).await);
    }
    assert!(!is_heard(&world, pki.client(Some(&greedy))).await);
    assert!(is_heard(&world, pki.client(Some(&other))).await);
    open.pop();
    // The place is free once the server has seen the end of the connection.
    while !is_heard(&world, pki.client(Some(&greedy))).await {}
}

/// A TCP connection from another address of this machine than the honest callers'. Its end is a reset: it leaves no port
/// waiting.
async fn stranger(to: SocketAddr) -> std::net::TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from((Ipv4Addr::new(127, 0, 0, 2), 0))).unwrap();
    socket.set_zero_linger().unwrap();
    socket.connect(to).await.unwrap().into_std().unwrap()
}

/// threats.md E29.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_broken_handshakes_end_nothing() {
    let pki = Pki::new();
    let world = world(&pki, Presence::Required, Limits::default()).await;
    let own = pki.caller(TILL);
    for number in 0..10_000_u32 {
        let mut stream = stranger(world.address).await;
        // A record that claims to be a handshake, plain nonsense, or nothing; then gone.
        let start: &[u8] = match number % 3 {
            0 => &[0x16, 0x03, 0x01, 0x02, 0x00, 0x01],
            1 => b"GET / HTTP/1.1\r\n\r\n",
            _ => &[],
        };
        // One that is closed by the server first is broken as well.
        let _ = stream.write_all(start);
        if number % 1_000 == 0 {
            assert!(is_heard(&world, pki.client(Some(&own))).await, "after {number}");
        }
    }
    assert!(is_heard(&world, pki.client(Some(&own))).await);
}
