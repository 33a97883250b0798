//! Whoever is off their roster's hours, and whatever is off its store's networks: refused on record, and held.

use chrono::TimeDelta;
use portcullis::audit::Event;
use portcullis::config::{Limits, parse_store_register};
use portcullis::domain::{Brand, HoldKind, PinCheck, Reason, RecordId, Requester, Role, StoreId};
use portcullis::grpc::identity::{AccessTokenClaims, ClientBinding, Clients};
use portcullis::grpc::listener::Presence;
use portcullis::grpc::pb::v1 as pb;
use portcullis::grpc::pb::v1::decision_service_client::DecisionServiceClient;
use portcullis::service::authorise;
use tonic::Code;
use tonic::transport::{Channel, Endpoint};

use crate::pki::{Certified, Pki, tls};
use crate::rights::{self, Call};
use crate::world::{BRAND, Door, NEW_SIM, NUMBER, PIN, World, ask, place, reason, sim_change};

/// A token of a role whose hours ended 31 minutes ago.
fn off_hours(claims: AccessTokenClaims) -> AccessTokenClaims {
    AccessTokenClaims { roster_begin: Some(claims.iat - 32_000), roster_end: Some(claims.iat - 31 * 60), ..claims }
}

#[tokio::test]
async fn off_its_hours_a_token_is_heard_by_decide_alone() {
    let world = rights::world().await;
    for Call { path, requests, .. } in rights::expected() {
        for role in rights::ROLES {
            let claims = off_hours(rights::claims(&world, role, "acct-1"));
            let answer = rights::call(&world, path, &requests[0], &claims).await;
            let status = answer.as_ref().err();
            let told = status.map(|status| (status.code(), reason(status)));
            if path == "DecisionService/Decide" {
                assert_ne!(told, Some((Code::PermissionDenied, "OFF_ROSTER".to_owned())), "{path} as {role}");
            } else {
                assert_eq!(told, Some((Code::PermissionDenied, "OFF_ROSTER".to_owned())), "{path} as {role}");
            }
        }
    }
}

async fn reasons_on_record(world: &World, decision: &pb::Decision) -> Vec<Reason> {
    let id = RecordId::parse(&decision.decision_id).unwrap();
    let kept = world.vault.record(id).await.unwrap().unwrap();
    let Event::Decided(decided) = &kept.record().event else { panic!("no decision") };
    assert_eq!(decided.checks.pin, PinCheck::NotAdmitted, "no secret is looked at");
    decided.reasons.iter().map(|given| given.reason).collect()
}

fn codes(decision: &pb::Decision) -> Vec<&str> {
    decision.reasons.iter().map(|reason| reason.code.as_str()).collect()
}

#[tokio::test]
async fn off_its_hours_a_token_is_refused_on_record_held_and_told_no_more() {
    let world = World::populated().await;
    let lock = pb::SetLockRequest {
        request_id: world.request_id(),
        scope: Some(pb::set_lock_request::Scope::Line(crate::world::number(NUMBER))),
        set: pb::LockSet::Sim.into(),
        holder: pb::LockHolder::Customer.into(),
        interaction: place(pb::Channel::App),
        ..pb::SetLockRequest::default()
    };
    world.protections().set_lock(world.as_owner(lock)).await.unwrap();
    let pin = |value: &str| pb::Evidence { evidence: Some(pb::evidence::Evidence::AccountPin(value.to_owned())) };
    let asked = async |claims: &AccessTokenClaims, value| {
        let request =
            pb::DecideRequest { evidence: vec![pin(value)], ..ask(&world, sim_change(NEW_SIM), pb::Channel::Store) };
        world.decisions().decide(world.with(claims, request)).await.unwrap().into_inner().decision.unwrap()
    };
    let clerk = world.claims("retail_agent");
    for value in ["305817", PIN] {
        let decision = asked(&off_hours(clerk.clone()), value).await;
        assert_eq!((decision.outcome(), codes(&decision)), (pb::Outcome::Deny, vec!["OFF_ROSTER"]));
        let kept = reasons_on_record(&world, &decision).await;
        assert!(kept.contains(&Reason::LockOn) && kept.contains(&Reason::OffRoster), "{kept:?}");
    }
    // Back on their hours they are held, until two people lift it; a colleague is not.
    let decision = asked(&clerk, PIN).await;
    assert!(codes(&decision).contains(&"STAFF_HELD"), "{:?}", codes(&decision));
    let colleague = AccessTokenClaims { sub: "retail_agent-2".to_owned(), ..clerk };
    assert_eq!(codes(&asked(&colleague, PIN).await), ["LOCK_ON"]);
}

const TILL: &str = "spiffe://carrier.example/till/S2";

fn register(network: &str) -> portcullis::domain::StoreRegister {
    let text = format!("[[store]]\nid = \"S2\"\nnetworks = [\"{network}\"]\n");
    parse_store_register(&text, &Brand::parse(BRAND).unwrap()).unwrap()
}

async fn connected(world: &World, pki: &Pki, certified: &Certified) -> DecisionServiceClient<Channel> {
    let address = format!("https://localhost:{}", world.address.port());
    let endpoint = Endpoint::from_shared(address).unwrap().tls_config(pki.client(Some(certified))).unwrap();
    DecisionServiceClient::new(endpoint.connect().await.unwrap())
}

/// A15. What the connection shows is believed, not what the request says of where it is.
#[tokio::test]
async fn a_stores_certificate_off_its_networks_is_refused_and_held() {
    let pki = Pki::new();
    let store = StoreId::parse("S2").ok();
    let clients = Clients::new([(TILL.to_owned(), ClientBinding { store, ..ClientBinding::default() })]).unwrap();
    let door = Door { tls: Some(tls(&pki.server(Presence::Required, &[]))), clients, limits: Limits::default() };
    let world = World::behind(door).await;
    let claims = AccessTokenClaims { store_id: Some("S2".to_owned()), ..world.claims("retail_agent") };
    let asked = async |till: &Certified| {
        let mut request = ask(&world, sim_change(NEW_SIM), pb::Channel::Store);
        request.interaction.as_mut().unwrap().client_address = "203.0.113.1".to_owned();
        let answer = connected(&world, &pki, till).await.decide(world.with(&claims, request)).await;
        let decision = answer.unwrap().into_inner().decision.unwrap();
        (decision.outcome(), codes(&decision).join(" "))
    };
    let (till, other) = (pki.caller(TILL), pki.caller(TILL));
    let challenged = (pb::Outcome::Challenge, "NO_CUSTOMER_PROOF".to_owned());
    assert_eq!(asked(&till).await, challenged, "nothing is registered");
    world.engine.replace_stores(register("127.0.0.0/8"));
    assert_eq!(asked(&till).await, challenged);
    world.pass(TimeDelta::minutes(2));
    world.engine.replace_stores(register("203.0.113.0/24"));
    let (outcome, reasons) = asked(&till).await;
    assert_eq!(outcome, pb::Outcome::Deny);
    assert!(reasons.contains("NETWORK_NOT_REGISTERED") && !reasons.contains("STAFF_HELD"), "{reasons}");
    // Held from then on, also where it belongs; another till of the store is not.
    world.pass(TimeDelta::minutes(2));
    world.engine.replace_stores(register("127.0.0.1"));
    let (outcome, reasons) = asked(&till).await;
    assert_eq!((outcome, reasons.as_str()), (pb::Outcome::Deny, "STAFF_HELD"));
    assert_eq!(asked(&other).await, challenged);
    let desk = Requester { role: Role::FraudOps, ..desk(&world) };
    let holds = world.engine.list_holds(&authorise(desk).unwrap(), None, 10).await.unwrap().holds;
    let held: Vec<_> = holds.iter().map(|hold| (hold.target.kind, hold.target.name.as_str().to_owned())).collect();
    assert_eq!(held, [(HoldKind::Certificate, x5t(&till))]);
}

fn x5t(certified: &Certified) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(certified.thumbprint)
}

fn desk(world: &World) -> Requester {
    let claims = world.claims("fraud_ops");
    claims.requester().unwrap()
}
