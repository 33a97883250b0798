//! A service of its own, its clock, its households.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::cast::{BRAND, Who, account, seed};
use super::file::{Household, Scenario};
use crate::cli::bench::{Scratch, listen, settings};
use crate::cli::failure::{Exit, Failure};
use crate::cli::keys::{DEVELOPMENT_AUDIENCE, DEVELOPMENT_ISSUER};
use crate::cli::serve::{Composed, KeySets, compose_by};
use crate::clock::{Clock as _, ManualClock};
use crate::config::Transport;
use crate::crypto::{SigningKey, read_secret_file};
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
}

/// A service under a clock that stands still.
pub(super) struct Stage {
    clock: Arc<ManualClock>,
    client: Client,
    issuer: DevelopmentIssuer,
    /// The keys of the owners' and the users' phones.
    phones: [SigningKey; 2],
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
        let start: DateTime<Utc> = START.parse().map_err(|error: chrono::ParseError| failed(&error))?;
        let clock = Arc::new(ManualClock::at(start));
        let scratch = Scratch::make(&keys.scratch)?;
        let mut config = settings(&keys.folder, &scratch.path().join("store"))?;
        config.transport = Transport::LoopbackPlaintext;
        config.identity.clients.clear();
        config.policy.file = policy;
        let published = KeySets::new(&config.identity);
        let composed = compose_by(clock.clone(), &config, (Arc::default(), &published), |store| store)?;
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
        let stage = Self {
            clock,
            client: Client::connect(&target).await?,
            issuer: DevelopmentIssuer::new(&issuer_key).map_err(|error| failed(&error))?,
            phones: [new_key()?, new_key()?],
            requests: AtomicU64::new(1),
            composed,
            stop,
            _scratch: scratch,
        };
        for household in 1..=scenario.households {
            stage.import(household, &scenario.household).await?;
        }
        Ok(stage)
    }

    async fn import(&self, household: u32, unlike: &Household) -> Result<(), Failure> {
        let jwks = self.phones.each_ref().map(SigningKey::public_jwk);
        let seed = Some(seed(household, unlike, jwks, self.now()?)?);
        let request = pb::UpsertAccountRequest { request_id: self.request_id(), seed };
        let provisioning = self.client_of(super::cast::who("provisioning")?, household)?;
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

    /// The key of the owners' phones, or of the users'.
    pub(super) fn phone(&self, device: &str) -> &SigningKey {
        let [owners, users] = &self.phones;
        if device == "user-phone" { users } else { owners }
    }

    /// A client in somebody's name, for a customer of one household.
    pub(super) fn client_of(&self, who: &Who, household: u32) -> Result<Client, Failure> {
        let now = self.now()?.timestamp();
        let subject = match who.customer {
            Some((person, _)) => format!("{}/{person}", account(household)),
            None => who.name.to_owned(),
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
            store_id: who.store.map(str::to_owned),
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
