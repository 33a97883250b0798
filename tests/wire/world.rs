//! A served engine, tokens for every role, and clients.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use portcullis::clock::{Clock, ManualClock};
use portcullis::config::Limits;
use portcullis::crypto::{Cost, Keyring, PermitNames, SigningKey, Tokens, install_jwt_provider};
use portcullis::domain::{Brand, Spid, StoreRegister};
use portcullis::grpc::identity::{
    AccessTokenClaims, Algorithm, Audience, Authenticator, Clients, DevelopmentIssuer, TokenRules, TrustedIssuer,
    TrustedKeys,
};
use portcullis::grpc::listener::Tls;
use portcullis::grpc::pb::v1 as pb;
use portcullis::grpc::pb::v1::account_service_client::AccountServiceClient;
use portcullis::grpc::pb::v1::challenge_service_client::ChallengeServiceClient;
use portcullis::grpc::pb::v1::credential_service_client::CredentialServiceClient;
use portcullis::grpc::pb::v1::decision_service_client::DecisionServiceClient;
use portcullis::grpc::pb::v1::event_service_client::EventServiceClient;
use portcullis::grpc::pb::v1::protection_service_client::ProtectionServiceClient;
use portcullis::grpc::{Alarm, Edge, Front, Lanes, Services, serve, services};
use portcullis::policy::Policy;
use portcullis::service::{ArchiveSettings, Carrier, Engine, Parts, PolicySource, Silent, Tally};
use portcullis::store::Vault;
use portcullis::store::embedded::{EmbeddedStore, OpenOptions};
use portcullis::telemetry::Metrics;
use prost_types::Timestamp;
use tokio::net::TcpListener;
use tonic::Request;
use tonic::transport::{Channel, Endpoint};

pub(crate) const BRAND: &str = "main";
pub(crate) const ACCOUNT: &str = "acct-1";
pub(crate) const ACCOUNT_NUMBER: &str = "0012345678";
pub(crate) const LINE: &str = "line-1";
pub(crate) const NUMBER: &str = "+12125550123";
pub(crate) const UNKNOWN_NUMBER: &str = "+12125550199";
pub(crate) const PIN: &str = "482951";
pub(crate) const GAINING: &str = "6529";
pub(crate) const OLD_SIM: &str = "8901260123456789011";
pub(crate) const NEW_SIM: &str = "8901260123456789029";

const ISSUER: &str = "https://issuer.example";
const AUDIENCE: &str = "portcullis";

pub(crate) fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap()
}

pub(crate) fn instant(at: DateTime<Utc>) -> Option<Timestamp> {
    Some(Timestamp { seconds: at.timestamp(), nanos: 0 })
}

pub(crate) struct World {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) app: SigningKey,
    pub(crate) channel: Channel,
    pub(crate) address: SocketAddr,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) lanes: Arc<Lanes>,
    issuer: DevelopmentIssuer,
    requests: AtomicU64,
    /// Reads records as they are kept.
    pub(crate) vault: Vault,
    pub(crate) store: Arc<EmbeddedStore>,
    pub(crate) engine: Arc<Engine>,
    _folder: tempfile::TempDir,
}

/// What callers meet first.
pub(crate) struct Door {
    pub(crate) tls: Option<Arc<Tls>>,
    pub(crate) clients: Clients,
    pub(crate) limits: Limits,
}

impl World {
    /// A served engine without accounts.
    pub(crate) async fn empty() -> Self {
        Self::behind(Door { tls: None, clients: Clients::default(), limits: Limits::default() }).await
    }

    /// The same behind another door. Its own channel speaks no TLS.
    pub(crate) async fn behind(door: Door) -> Self {
        Self::made(door, Arc::new(Silent)).await
    }

    /// A served engine with the usual account, that tells `tally` what it does.
    pub(crate) async fn told(tally: Arc<dyn Tally>) -> Self {
        let door = Door { tls: None, clients: Clients::default(), limits: Limits::default() };
        let world = Self::made(door, tally).await;
        world.populate().await;
        world
    }

    async fn made(door: Door, tally: Arc<dyn Tally>) -> Self {
        let Door { tls, clients, limits } = door;
        install_jwt_provider().unwrap();
        let clock = Arc::new(ManualClock::at(start()));
        let keyring = Arc::new(Keyring::generate_at_cost(start(), Cost::LowForTestPurposesOnly).unwrap());
        let folder = tempfile::tempdir().unwrap();
        let options = OpenOptions::new(folder.path().join("store"), keyring.marks(), 7);
        let metrics = Arc::new(Metrics::new());
        let store = Arc::new(EmbeddedStore::open(&options).unwrap());
        let engine = Engine::new(Parts {
            store: store.clone(),
            keyring: keyring.clone(),
            clock: clock.clone(),
            permit_names: Some(PermitNames {
                issuer: "https://portcullis.example".to_owned(),
                audience: vec!["https://executor.example".to_owned()],
            }),
            policy: Policy::us_default(),
            policy_source: PolicySource::File,
            carrier: Carrier { brand: Brand::parse(BRAND).unwrap(), own_spids: vec![Spid::parse("1111").unwrap()] },
            stores: StoreRegister::default(),
            pin_threads: 2,
            pin_queue: 64,
            tally,
            archive: Some(ArchiveSettings {
                folder: folder.path().join("archive"),
                keep_in_store_days: 90,
                retention_days: 1_095,
            }),
        })
        .unwrap();
        let signing = SigningKey::generate().unwrap();
        let rules = TokenRules {
            issuer: ISSUER.to_owned(),
            audience: AUDIENCE.to_owned(),
            algorithms: vec![Algorithm::EdDSA],
            leeway_seconds: 30,
            roles: Vec::new(),
            must_be_bound: false,
        };
        let keys = TrustedKeys::from_pem(&signing.public_pem()).unwrap();
        let issuers = vec![TrustedIssuer::new(rules, keys).unwrap()];
        let authenticator = Authenticator::new(issuers, clients, Tokens::new(&keyring), 64);
        let lanes = Lanes::new(&limits, metrics.clone());
        let authenticator = Arc::new(authenticator);
        let alerted = engine.clone();
        let alarm: Alarm = Arc::new(move |requester, reason| {
            let engine = alerted.clone();
            tokio::spawn(async move { engine.alert_once(&requester, &reason).await.unwrap() });
        });
        let edge =
            Edge::new(authenticator, clock.clone(), metrics.clone(), lanes.clone(), alarm, Duration::from_secs(10));
        let address = listen(Services { engine: engine.clone(), edge }, limits, tls).await;
        let channel = Endpoint::from_shared(format!("http://{address}")).unwrap().connect_lazy();
        Self {
            clock,
            address,
            app: SigningKey::generate().unwrap(),
            channel,
            metrics,
            lanes,
            issuer: DevelopmentIssuer::new(&signing).unwrap(),
            requests: AtomicU64::new(1),
            vault: Vault::new(store.clone(), &keyring),
            store,
            engine,
            _folder: folder,
        }
    }

    /// A served engine with the usual account: an owner with a known app key, one line, a PIN set long ago.
    pub(crate) async fn populated() -> Self {
        let world = Self::empty().await;
        world.populate().await;
        world
    }

    async fn populate(&self) {
        let request = pb::UpsertAccountRequest { request_id: self.request_id(), seed: Some(self.seed()) };
        let created = self.accounts().upsert_account(self.as_role("provisioning", request)).await.unwrap();
        assert!(created.into_inner().created);
    }

    pub(crate) fn seed(&self) -> pb::AccountSeed {
        let long_ago = instant(start() - TimeDelta::days(100));
        pb::AccountSeed {
            account: Some(pb::Account {
                account_id: ACCOUNT.to_owned(),
                brand: BRAND.to_owned(),
                account_number: ACCOUNT_NUMBER.to_owned(),
                kind: pb::AccountKind::Postpaid.into(),
                persons: vec![owner()],
                etag: String::new(),
                line_count: 0,
            }),
            lines: vec![line()],
            locks: Vec::new(),
            pin: PIN.to_owned(),
            pin_set_time: long_ago,
            pin_carrier_generated: false,
            devices: vec![pb::Device {
                device_id: "phone".to_owned(),
                public_key_jwk: self.app.public_jwk(),
                model: String::new(),
                added_time: long_ago,
                person_id: "owner".to_owned(),
            }],
        }
    }

    /// A request id nobody used before.
    pub(crate) fn request_id(&self) -> String {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        format!("0190d4f0-7c3e-7000-8000-{number:012x}")
    }

    pub(crate) fn pass(&self, time: TimeDelta) {
        self.clock.advance(time.to_std().unwrap());
    }

    pub(crate) fn claims(&self, role: &str) -> AccessTokenClaims {
        let now = self.clock.now().unwrap().instant().timestamp();
        AccessTokenClaims {
            iss: ISSUER.to_owned(),
            sub: format!("{role}-1"),
            aud: Audience::One(AUDIENCE.to_owned()),
            client_id: "tests".to_owned(),
            exp: now + 600,
            iat: now,
            jti: "1".to_owned(),
            roles: vec![role.to_owned()],
            brand: Some(BRAND.to_owned()),
            store_id: Some("S1".to_owned()),
            spid: Some(GAINING.to_owned()),
            ..AccessTokenClaims::default()
        }
    }

    /// The owner, signed in on a known phone.
    pub(crate) fn owner_claims(&self) -> AccessTokenClaims {
        AccessTokenClaims {
            account_id: Some(ACCOUNT.to_owned()),
            person_id: Some("owner".to_owned()),
            device_id: Some("phone".to_owned()),
            store_id: None,
            spid: None,
            ..self.claims("customer")
        }
    }

    pub(crate) fn token(&self, claims: &AccessTokenClaims) -> String {
        self.issuer.issue(claims).unwrap()
    }

    pub(crate) fn with<M>(&self, claims: &AccessTokenClaims, message: M) -> Request<M> {
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", format!("Bearer {}", self.token(claims)).parse().unwrap());
        request
    }

    pub(crate) fn as_role<M>(&self, role: &str, message: M) -> Request<M> {
        self.with(&self.claims(role), message)
    }

    pub(crate) fn as_owner<M>(&self, message: M) -> Request<M> {
        self.with(&self.owner_claims(), message)
    }

    pub(crate) fn decisions(&self) -> DecisionServiceClient<Channel> {
        DecisionServiceClient::new(self.channel.clone())
    }

    pub(crate) fn challenges(&self) -> ChallengeServiceClient<Channel> {
        ChallengeServiceClient::new(self.channel.clone())
    }

    pub(crate) fn protections(&self) -> ProtectionServiceClient<Channel> {
        ProtectionServiceClient::new(self.channel.clone())
    }

    pub(crate) fn credentials(&self) -> CredentialServiceClient<Channel> {
        CredentialServiceClient::new(self.channel.clone())
    }

    pub(crate) fn accounts(&self) -> AccountServiceClient<Channel> {
        AccountServiceClient::new(self.channel.clone())
    }

    pub(crate) fn events(&self) -> EventServiceClient<Channel> {
        EventServiceClient::new(self.channel.clone())
    }

    /// The owner's approval, made as the contract documents it: `canonical` is the change's canonical form.
    pub(crate) fn approval(&self, request_id: &str, target: &str, canonical: &str) -> pb::Evidence {
        let action = canonical.lines().next().unwrap();
        let digest = portcullis::crypto::sha256_plain(canonical.as_bytes());
        let hex = portcullis::domain::PolicyRevision(digest).to_string();
        let signed = format!("portcullis-approval-v1\n{request_id}\n{target}\n{action}\n{hex}");
        let signature = self.app.sign(signed.as_bytes());
        let approval = pb::AppApproval { device_key_id: "phone".to_owned(), signature };
        pb::Evidence { evidence: Some(pb::evidence::Evidence::AppApproval(approval)) }
    }
}

async fn listen(on: Services, limits: Limits, tls: Option<Arc<Tls>>) -> SocketAddr {
    let front = Front { tls, lanes: on.edge.lanes() };
    let routes = services(on, &limits);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { serve(listener, &limits, front, routes, None, std::future::pending()).await });
    address
}

fn owner() -> pb::Person {
    pb::Person {
        person_id: "owner".to_owned(),
        role: pb::PersonRole::Owner.into(),
        name: "Kim Doe".to_owned(),
        postal_code: "02139".to_owned(),
        contacts: vec![pb::Contact {
            contact_id: "mail".to_owned(),
            since_time: instant(start() - TimeDelta::days(100)),
            removed_time: None,
            value: Some(pb::contact::Value::Email("kim@example.com".to_owned())),
        }],
        line_ids: Vec::new(),
    }
}

fn line() -> pb::Line {
    pb::Line {
        line_id: LINE.to_owned(),
        msisdn: NUMBER.to_owned(),
        account_id: String::new(),
        iccid: OLD_SIM.to_owned(),
        eid: String::new(),
        imei: String::new(),
        sim_since_time: None,
        status: pb::LineStatus::Active.into(),
        flags: Vec::new(),
    }
}

pub(crate) fn number(msisdn: &str) -> pb::LineRef {
    pb::LineRef { r#ref: Some(pb::line_ref::Ref::Msisdn(msisdn.to_owned())), ..pb::LineRef::default() }
}

pub(crate) fn place(channel: pb::Channel) -> Option<pb::Interaction> {
    Some(pb::Interaction { channel: channel.into(), ..pb::Interaction::default() })
}

pub(crate) fn sim_change(iccid: &str) -> pb::Change {
    let sim = pb::SimChange {
        target: Some(pb::sim_change::Target::Iccid(iccid.to_owned())),
        cause: pb::SimChangeCause::Upgrade.into(),
        ..pb::SimChange::default()
    };
    pb::Change { change: Some(pb::change::Change::SimChange(sim)) }
}

pub(crate) fn port_out() -> pb::Change {
    let port = pb::PortOut { gaining_spid: GAINING.to_owned(), pon: "PON-1".to_owned(), ..pb::PortOut::default() };
    pb::Change { change: Some(pb::change::Change::PortOut(port)) }
}

/// A question about the usual line.
pub(crate) fn ask(world: &World, change: pb::Change, channel: pb::Channel) -> pb::DecideRequest {
    pb::DecideRequest {
        request_id: world.request_id(),
        line: Some(number(NUMBER)),
        change: Some(change),
        mode: pb::Mode::Enforce.into(),
        interaction: place(channel),
        ..pb::DecideRequest::default()
    }
}

/// The owner's ask for a SIM change, approved in the app.
pub(crate) fn approved_sim_change(world: &World) -> pb::DecideRequest {
    let mut request = ask(world, sim_change(NEW_SIM), pb::Channel::App);
    let canonical = format!("SIM_CHANGE\niccid={NEW_SIM}\n");
    request.evidence = vec![world.approval(&request.request_id, NUMBER, &canonical)];
    request
}

/// The stable reason of a refusal.
pub(crate) fn reason(status: &tonic::Status) -> String {
    use tonic_types::StatusExt as _;
    status.get_error_details().error_info().unwrap().reason.clone()
}
