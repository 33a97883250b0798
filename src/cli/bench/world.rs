//! The service under load: a store of its own in a new folder, served over TLS on this machine, with tokens of the roles
//! that ask. Beside it, on the same settings, the echo.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use tokio::net::TcpListener;
use tokio::sync::watch;
use zeroize::Zeroizing;

use super::asks::GAINING_SPID;
use super::callers::Deciders;
use super::population::BRAND;
use super::shapes::Noted;
use crate::cli::failure::{Exit, Failure};
use crate::cli::keys::{DEVELOPMENT_AUDIENCE, DEVELOPMENT_ISSUER, make_development_set};
use crate::cli::serve::{Composed, KeySets, compose};
use crate::cli::stores::Stores;
use crate::clock::{Clock as _, SystemClock};
use crate::config::{self, Bounded, Config, Limits, PinPool, Transport};
use crate::crypto::{Keyring, SigningKey, random_uuid, read_secret_file};
use crate::domain::{Brand, Role, Spid};
use crate::grpc::client::{CallerCertificate, Client, Target};
use crate::grpc::identity::{AccessTokenClaims, Audience, Confirmation, DevelopmentIssuer};
use crate::grpc::listener::PeerCertificate;
use crate::grpc::{Front, Routes, echo_routes, serve, services};
use crate::service::Engine;

const OWN_SPID: &str = "1111";
const TOKEN_LIFE: TimeDelta = TimeDelta::hours(12);

/// How long an answer may take before it counts as an error.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);

/// A folder that is removed with everything in it.
pub(in crate::cli) struct Scratch(PathBuf);

impl Scratch {
    /// A new one below `parent`.
    pub(in crate::cli) fn make(parent: &Path) -> Result<Self, Failure> {
        let name = random_uuid().map_err(|error| Failure::caused(Exit::Failed, &error))?;
        let path = parent.join(format!("portcullis-bench-{name}"));
        fs::create_dir_all(&path)
            .map_err(|error| Failure::failed(format!("cannot make `{}`: {error}", path.display())))?;
        Ok(Self(path))
    }

    /// Where it is.
    pub(in crate::cli) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed stays; the figures are told all the same.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What a service stands on: a folder, and keys and certificates in it.
pub(super) struct Ground {
    folder: PathBuf,
    /// Where the keys are.
    pub(super) keys: PathBuf,
    made_at: DateTime<Utc>,
}

impl Ground {
    /// In that folder.
    pub(super) fn make(folder: &Path) -> Result<Self, Failure> {
        let made_at = SystemClock::start().now().map_err(|error| failed(&error))?.instant();
        let keys = folder.join("keys");
        make_development_set(&keys, made_at)?;
        Ok(Self { folder: folder.to_owned(), keys, made_at })
    }
}

/// What is not as `portcullis serve` has it unless told otherwise.
#[derive(Default)]
pub(super) struct Choices {
    /// The policy that decides.
    pub(super) policy: Option<PathBuf>,
    /// Who takes messages to customers.
    pub(super) messages: Option<config::Messages>,
}

/// A running service and its echo.
pub(super) struct World {
    /// Its store, which can note the shapes of commits.
    pub(super) noted: Arc<Noted>,
    /// Its keys.
    pub(super) keyring: Keyring,
    /// The key of every owner's device.
    pub(super) app: Arc<SigningKey>,
    /// When it was made.
    pub(super) made_at: DateTime<Utc>,
    /// How PINs are looked at.
    pub(super) pin_pool: PinPool,
    composed: Composed,
    issuer: DevelopmentIssuer,
    authority: String,
    certificate: String,
    certificate_key: Zeroizing<String>,
    thumbprint: [u8; 32],
    service_address: String,
    echo_address: String,
    stop: watch::Sender<bool>,
}

/// The clients of one connection.
pub(super) struct Connection {
    /// For decisions.
    pub(super) deciders: Deciders,
    /// For imports.
    pub(super) provisioning: Client,
}

fn failed(error: &(dyn std::error::Error + 'static)) -> Failure {
    Failure::caused(Exit::Failed, error)
}

impl World {
    /// Starts it, on the runtime that is entered: put together as `portcullis serve` does it, with its settings' defaults.
    pub(super) async fn start(ground: &Ground, stores: &Stores, choices: Choices) -> Result<Self, Failure> {
        let Ground { folder, keys, made_at } = ground;
        let store = stores.another(folder.join("store"), config::StoreDurability::Full)?;
        let mut config = settings(keys, store)?;
        (config.policy.file, config.messages) = (choices.policy, choices.messages);
        let mut noted = None;
        let published = KeySets::new(&config.identity);
        let composed = compose(&config, (Arc::default(), &published), |store| {
            let store = Noted::new(store);
            noted = Some(Arc::clone(&store));
            store
        })
        .await?;
        let issuer_key = read_secret_file(&keys.join("issuer.key")).map_err(|error| failed(&error))?;
        let issuer_key = SigningKey::from_private_pem(&issuer_key).map_err(|error| failed(&error))?;
        let authority = fs::read_to_string(keys.join("ca.pem")).map_err(|error| failed(&error))?;

        let certificate = fs::read_to_string(keys.join("port-hub.pem")).map_err(|error| failed(&error))?;
        let shown = CertificateDer::from_pem_slice(certificate.as_bytes()).map_err(|error| failed(&error))?;
        let (stop, stopped) = watch::channel(false);
        let routes = services(composed.services.clone(), &config.limits);
        let front = Front { tls: composed.tls.clone(), lanes: composed.services.edge.lanes() };
        Ok(Self {
            noted: noted.ok_or_else(|| Failure::failed("the store was not seen"))?,
            keyring: Keyring::load(&config.keys.keyring_file).map_err(|error| failed(&error))?,
            app: Arc::new(SigningKey::generate().map_err(|error| failed(&error))?),
            made_at: *made_at,
            pin_pool: config.pin_pool,
            composed,
            issuer: DevelopmentIssuer::new(&issuer_key).map_err(|error| failed(&error))?,
            authority,
            thumbprint: PeerCertificate::new(&shown).thumbprint,
            certificate,
            certificate_key: read_secret_file(&keys.join("port-hub.key")).map_err(|error| failed(&error))?,
            service_address: listen(routes, &config.limits, front.clone(), stopped.clone()).await?,
            echo_address: listen(echo_routes(), &config.limits, front, stopped).await?,
            stop,
        })
    }

    /// A new connection to the service.
    pub(super) async fn connect(&self) -> Result<Connection, Failure> {
        let provisioning = self.client(&self.service_address, Role::Provisioning).await?;
        let under = |role| -> Result<Client, Failure> { Ok(provisioning.with_token(&self.token(role)?)?) };
        let deciders = Deciders::new(&under(Role::PortingSystem)?, &under(Role::PinPad)?);
        Ok(Connection { deciders, provisioning })
    }

    /// A new connection to the echo.
    pub(super) async fn connect_echo(&self) -> Result<Client, Failure> {
        self.client(&self.echo_address, Role::PortingSystem).await
    }

    /// Where the service listens.
    pub(super) fn address(&self) -> Result<SocketAddr, Failure> {
        let address = self.service_address.strip_prefix("https://").unwrap_or(&self.service_address);
        address.parse().map_err(|_| Failure::failed("the service's address is none"))
    }

    /// Where its echo listens.
    pub(super) fn echo_address(&self) -> Result<SocketAddr, Failure> {
        let address = self.echo_address.strip_prefix("https://").unwrap_or(&self.echo_address);
        address.parse().map_err(|_| Failure::failed("the echo's address is none"))
    }

    /// Who signed its certificate.
    pub(super) fn authority(&self) -> &str {
        &self.authority
    }

    /// What callers show.
    pub(super) fn certificate(&self) -> CallerCertificate<'_> {
        CallerCertificate { chain_pem: &self.certificate, key_pem: &self.certificate_key }
    }

    /// The use cases, to read records by.
    pub(super) const fn engine(&self) -> &Arc<Engine> {
        &self.composed.services.engine
    }

    /// Waits for the store's servers so far; none where it has none.
    pub(super) fn waits(&self) -> Option<u64> {
        self.composed.store.waits()
    }

    /// Stops the servers and closes the store.
    pub(super) async fn close(self) -> Result<(), Failure> {
        // A server that is gone already needs no telling.
        let _ = self.stop.send(true);
        self.composed.store.close().await.map_err(|error| failed(&error))
    }

    async fn client(&self, address: &str, role: Role) -> Result<Client, Failure> {
        let token = self.token(role)?;
        let target = Target {
            endpoint: address,
            root_pem: Some(&self.authority),
            certificate: Some(self.certificate()),
            token: Some(&token),
            answer_time_max: ANSWER_TIME_MAX,
            from: None,
        };
        Ok(Client::connect(&target).await?)
    }

    /// A token of a role.
    pub(super) fn token(&self, role: Role) -> Result<String, Failure> {
        self.token_of(role, role.name(), BRAND)
    }

    /// A token of a role in somebody's name, for a brand.
    pub(super) fn token_of(&self, role: Role, subject: &str, brand: &str) -> Result<String, Failure> {
        let is_at_counter = matches!(role, Role::RetailAgent | Role::PinPad);
        let claims = AccessTokenClaims {
            iss: DEVELOPMENT_ISSUER.to_owned(),
            sub: subject.to_owned(),
            aud: Audience::One(DEVELOPMENT_AUDIENCE.to_owned()),
            client_id: "bench".to_owned(),
            exp: (self.made_at + TOKEN_LIFE).timestamp(),
            iat: self.made_at.timestamp(),
            jti: subject.to_owned(),
            roles: vec![role.name().to_owned()],
            brand: Some(brand.to_owned()),
            store_id: is_at_counter.then(|| "store-1".to_owned()),
            spid: (role == Role::PortingSystem).then(|| GAINING_SPID.to_owned()),
            cnf: Some(Confirmation::of(&self.thumbprint)),
            ..AccessTokenClaims::default()
        };
        self.issuer.issue(&claims).map_err(|error| failed(&error))
    }
}

/// The settings that a new installation has, with its own files.
pub(in crate::cli) fn settings(keys: &Path, store: config::Store) -> Result<Config, Failure> {
    Ok(Config {
        server: config::Server::default(),
        transport: Transport::Tls {
            cert_file: keys.join("server.pem"),
            key_file: keys.join("server.key"),
            clients: Some(config::ClientAuthority {
                ca_file: keys.join("callers-ca.pem"),
                crl_file: None,
                presence: config::ClientCertificates::Required,
            }),
        },
        limits: Limits::default(),
        identity: config::Identity {
            issuers: vec![config::Issuer {
                issuer: DEVELOPMENT_ISSUER.to_owned(),
                audience: DEVELOPMENT_AUDIENCE.to_owned(),
                keys: config::IssuerKeys::PublicKeyFile(keys.join("issuer.pem")),
                algorithms: vec![config::TokenAlgorithm::EdDsa],
                leeway_seconds: Bounded::of::<30>(),
                roles: Vec::new(),
                certificate_binding: config::CertificateBinding::Optional,
            }],
            clients: Vec::new(),
        },
        messages: None,
        separations: config::Separations::default(),
        policy: config::Policy::default(),
        store,
        stores: config::Stores::default(),
        archive: None,
        keys: config::Keys { keyring_file: keys.join("keyring.json") },
        permits: None,
        carrier: config::Carrier {
            own_spids: vec![Spid::parse(OWN_SPID).map_err(|error| failed(&error))?],
            brand: Brand::parse(BRAND).map_err(|error| failed(&error))?,
        },
        pin_pool: PinPool::default(),
        log: config::Log::default(),
        telemetry: config::Telemetry::default(),
    })
}

/// Serves routes on a free port of this machine, under the settings of `portcullis serve`.
pub(in crate::cli) async fn listen(
    routes: Routes,
    limits: &Limits,
    front: Front,
    mut stopped: watch::Receiver<bool>,
) -> Result<String, Failure> {
    let unheard = |error: std::io::Error| Failure::failed(format!("cannot listen on this machine: {error}"));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(unheard)?;
    let port = listener.local_addr().map_err(unheard)?.port();
    let limits = limits.clone();
    tokio::spawn(async move {
        let stop = async move {
            // An end without a word is an end.
            let _ = stopped.wait_for(|stop| *stop).await;
        };
        serve(listener, &limits, front, routes, None, stop).await
    });
    Ok(format!("https://127.0.0.1:{port}"))
}
