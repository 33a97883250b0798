//! A service of its own, its clock, its households.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::cast::{BRAND, Secrets, Who, account, seed};
use super::file::{Household, Scenario};
use crate::cli::bench::{Scratch, listen, settings};
use crate::cli::failure::{Exit, Failure};
use crate::cli::keys::{DEVELOPMENT_AUDIENCE, DEVELOPMENT_ISSUER, KEYRING_FILE, make_development_set};
use crate::cli::serve::{Composed, Hand, KeySets, compose_by};
use crate::cli::stores::{StoreKind, Stores};
use crate::clock::{Clock as _, ManualClock, SystemClock};
use crate::config::{StoreDurability, Transport};
use crate::crypto::{Cost, Keyring, SigningKey, read_secret_file, write_new_secret_file};
use crate::grpc::client::{Client, Target};
use crate::grpc::identity::{AccessTokenClaims, Audience, DevelopmentIssuer};
use crate::grpc::pb::v1 as pb;
use crate::grpc::{Front, services};

/// When every scenario begins: a Tuesday afternoon.
const START: &str = "2026-03-03T15:00:00Z";

/// Keys that all scenarios of a run share: making them takes longer than playing most scenarios.
pub(super) struct Keys {
    pub(super) folder: PathBuf,
    /// Where each scenario's service has its own folder.
    pub(super) scratch: PathBuf,
    /// Where it has its store.
    stores: Stores,
}

impl Keys {
    /// Makes them, in a folder that goes with everything in it. How dear a PIN's hash is, is for who plays to say: what comes
    /// of a request does not depend on it.
    pub(super) fn make(scratch: &Scratch, cost: Cost, kind: StoreKind) -> Result<Self, Failure> {
        let now = SystemClock::start().now().map_err(|error| failed(&error))?.instant();
        let folder = scratch.path().join("keys");
        let keyring = Keyring::generate_at_cost(now, cost).map_err(|error| failed(&error))?;
        std::fs::create_dir_all(&folder)
            .map_err(|error| Failure::failed(format!("cannot make `{}`: {error}", folder.display())))?;
        write_new_secret_file(&folder.join(KEYRING_FILE), &keyring.to_json()).map_err(|error| failed(&error))?;
        make_development_set(&folder, now)?;
        let stores = Stores::start(kind, scratch.path())?;
        Ok(Self { folder, scratch: scratch.path().to_owned(), stores })
    }
}

/// A service under a clock that stands still.
pub(super) struct Stage {
    clock: Arc<ManualClock>,
    client: Client,
    issuer: DevelopmentIssuer,
    /// The keys of the owners' phones, the users' phones, and the owners' tablets.
    phones: [SigningKey; 3],
    requests: AtomicU64,
    composed: Composed,
    stop: tokio::sync::watch::Sender<bool>,
    _scratch: Scratch,
}

fn failed(error: &(dyn std::error::Error + 'static)) -> Failure {
    Failure::caused(Exit::Failed, error)
}

impl Stage {
    /// Sets it up with the households of a scenario.
    pub(super) async fn set(keys: &Keys, scenario: &Scenario, policy: Option<PathBuf>) -> Result<Self, Failure> {
        let stage = Self::empty(keys, policy, StoreDurability::Full).await?;
        for household in 1..=scenario.households {
            stage.import(household, &scenario.household, &Secrets::default()).await?;
        }
        Ok(stage)
    }

    /// Sets it up without a household, for thousands of asks: it does not wait for its disk, which no answer depends on.
    pub(super) async fn for_many(keys: &Keys, policy: Option<PathBuf>) -> Result<Self, Failure> {
        Self::empty(keys, policy, StoreDurability::LosesLastAnswers).await
    }

    async fn empty(keys: &Keys, policy: Option<PathBuf>, durability: StoreDurability) -> Result<Self, Failure> {
        let start: DateTime<Utc> = START.parse().map_err(|error: chrono::ParseError| failed(&error))?;
        let clock = Arc::new(ManualClock::at(start));
        let scratch = Scratch::make(&keys.scratch)?;
        let store = keys.stores.another(scratch.path().join("store"), durability)?;
        let mut config = settings(&keys.folder, store)?;
        config.transport = Transport::LoopbackPlaintext;
        config.identity.clients.clear();
        config.policy.file = policy;
        let published = KeySets::new(&config.identity);
        let composed =
            compose_by((clock.clone(), Hand::On), &config, (Arc::default(), &published), |store| store).await?;
        let issuer_key = read_secret_file(&keys.folder.join("issuer.key")).map_err(|error| failed(&error))?;
        let issuer_key = SigningKey::from_private_pem(&issuer_key).map_err(|error| failed(&error))?;
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let front = Front { tls: None, lanes: composed.services.edge.lanes() };
        let routes = services(composed.services.clone(), &config.limits);
        // Nothing of it leaves this machine.
        let address = listen(routes, &config.limits, front, stopped).await?.replace("https://", "http://");
        let target = Target {
            endpoint: &address,
            root_pem: None,
            certificate: None,
            token: None,
            answer_time_max: Duration::from_secs(60),
        };
        let new_key = || SigningKey::generate().map_err(|error| failed(&error));
        Ok(Self {
            clock,
            client: Client::connect(&target).await?,
            issuer: DevelopmentIssuer::new(&issuer_key).map_err(|error| failed(&error))?,
            phones: [new_key()?, new_key()?, new_key()?],
            requests: AtomicU64::new(1),
            composed,
            stop,
            _scratch: scratch,
        })
    }

    /// Brings a household in.
    pub(super) async fn import(&self, household: u32, unlike: &Household, secrets: &Secrets) -> Result<(), Failure> {
        let jwks = self.phones.each_ref().map(SigningKey::public_jwk);
        let seed = Some(seed(household, (unlike, secrets), jwks, self.now()?)?);
        let request = pb::UpsertAccountRequest { request_id: self.request_id(), seed };
        let provisioning = self.client_of(super::cast::who("provisioning")?, household, 0)?;
        provisioning.accounts().upsert_account(request).await?;
        Ok(())
    }

    /// What time it is.
    pub(super) fn now(&self) -> Result<DateTime<Utc>, Failure> {
        Ok(self.clock.now().map_err(|error| failed(&error))?.instant())
    }

    /// Lets time go by.
    pub(super) fn pass(&self, time: TimeDelta) {
        self.clock.advance(time.to_std().unwrap_or(Duration::ZERO));
    }

    /// A request id that nobody has used.
    pub(super) fn request_id(&self) -> String {
        format!("0190d4f0-7c3e-7000-8000-{:012x}", self.requests.fetch_add(1, Ordering::Relaxed))
    }

    /// The key of a device.
    pub(super) fn phone(&self, device: &str) -> &SigningKey {
        let [owners, users, tablets] = &self.phones;
        match device {
            "user-phone" => users,
            "owner-tablet" => tablets,
            _ => owners,
        }
    }

    /// A client in the name of who sits in a seat, for a customer of one household.
    pub(super) fn client_of(&self, who: &Who, household: u32, seat: u32) -> Result<Client, Failure> {
        let now = self.now()?.timestamp();
        let (name, store) = who.at(seat);
        let subject = match who.customer {
            Some((person, _)) => format!("{}/{person}", account(household)),
            None => name,
        };
        let claims = AccessTokenClaims {
            iss: DEVELOPMENT_ISSUER.to_owned(),
            jti: format!("{subject} {now}"),
            sub: subject,
            aud: Audience::One(DEVELOPMENT_AUDIENCE.to_owned()),
            client_id: "scenarios".to_owned(),
            exp: now.saturating_add(600),
            iat: now,
            roles: vec![who.role.to_owned()],
            brand: Some(BRAND.to_owned()),
            account_id: who.customer.map(|_| account(household)),
            person_id: who.customer.map(|(person, _)| person.to_owned()),
            device_id: who.customer.map(|(_, device)| device.to_owned()),
            store_id: store,
            spid: (who.role == "porting_system").then(|| super::cast::GAINING.to_owned()),
            ..AccessTokenClaims::default()
        };
        let token = self.issuer.issue(&claims).map_err(|error| failed(&error))?;
        Ok(self.client.with_token(&token)?)
    }

    /// Ends the service.
    pub(super) async fn clear(self) -> Result<(), Failure> {
        // A server that is gone already needs no telling.
        let _ = self.stop.send(true);
        self.composed.store.close().await.map_err(|error| failed(&error))
    }
}
