//! A service of its own, its clock, its households.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::cast::{BRAND, Seat, Secrets, Who, account, register, seed};
use super::file::{Household, Scenario};
use super::mailbox::Mailbox;
use super::till::{self, Till};
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

/// How long an answer may take.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(60);

/// How long somebody works on a day, in seconds.
const SHIFT_SECONDS: i64 = 8 * 3_600;

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
    till: Option<Till>,
    issuer: DevelopmentIssuer,
    /// The keys of the owners' phones, the users' phones, and the owners' tablets.
    phones: [SigningKey; 3],
    requests: AtomicU64,
    mailbox: Arc<Mailbox>,
    composed: Composed,
    stop: tokio::sync::watch::Sender<bool>,
    _scratch: Scratch,
}

/// How a stage is set up.
struct Set {
    durability: StoreDurability,
    /// How many stores are registered besides the first ones.
    more_stores: u32,
    /// Whether the first store has a till with a certificate.
    till: bool,
}

/// What somebody calls over.
#[derive(Clone, Copy)]
pub(super) enum Over {
    /// A connection that shows nothing.
    Line,
    /// The first store's till.
    Till,
    /// Its certificate, from another network.
    TillElsewhere,
}

/// The register's file.
fn registered(scratch: &Scratch, more_stores: u32) -> Result<PathBuf, Failure> {
    let path = scratch.path().join("stores.toml");
    let unwritten = |error| Failure::failed(format!("cannot write `{}`: {error}", path.display()));
    std::fs::write(&path, register(more_stores)).map_err(unwritten)?;
    Ok(path)
}

fn failed(error: &(dyn std::error::Error + 'static)) -> Failure {
    Failure::caused(Exit::Failed, error)
}

impl Stage {
    /// Sets it up with the households of a scenario.
    pub(super) async fn set(keys: &Keys, scenario: &Scenario, policy: Option<PathBuf>) -> Result<Self, Failure> {
        let till = scenario.steps.iter().any(|step| step.over_till);
        let stage = Self::empty(keys, policy, Set { durability: StoreDurability::Full, more_stores: 0, till }).await?;
        for household in 1..=scenario.households {
            stage.import(household, &scenario.household, &Secrets::default()).await?;
        }
        Ok(stage)
    }

    /// Sets it up without a household, for thousands of asks from so many stores more: it does not wait for its disk, which no
    /// answer depends on.
    pub(super) async fn for_many(keys: &Keys, policy: Option<PathBuf>, stores: u32) -> Result<Self, Failure> {
        let durability = StoreDurability::LosesLastAnswers;
        Self::empty(keys, policy, Set { durability, more_stores: stores, till: false }).await
    }

    async fn empty(keys: &Keys, policy: Option<PathBuf>, set: Set) -> Result<Self, Failure> {
        let start: DateTime<Utc> = START.parse().map_err(|error: chrono::ParseError| failed(&error))?;
        let clock = Arc::new(ManualClock::at(start));
        let scratch = Scratch::make(&keys.scratch)?;
        let store = keys.stores.another(scratch.path().join("store"), set.durability)?;
        let mut config = settings(&keys.folder, store)?;
        config.identity.clients = set.till.then(|| till::client("S-1")).into_iter().collect();
        if !set.till {
            config.transport = Transport::LoopbackPlaintext;
        }
        config.policy.file = policy;
        config.stores.file = Some(registered(&scratch, set.more_stores)?);
        let published = KeySets::new(&config.identity);
        let composed =
            compose_by((clock.clone(), Hand::On), &config, (Arc::default(), &published), |store| store).await?;
        let mailbox = Arc::new(Mailbox::default());
        composed.services.engine.send_codes_by(mailbox.clone());
        let issuer_key = read_secret_file(&keys.folder.join("issuer.key")).map_err(|error| failed(&error))?;
        let issuer_key = SigningKey::from_private_pem(&issuer_key).map_err(|error| failed(&error))?;
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let heard = async |tls| {
            let front = Front { tls, lanes: composed.services.edge.lanes() };
            let routes = services(composed.services.clone(), &config.limits);
            listen(routes, &config.limits, front, stopped.clone()).await
        };
        // Nothing of it leaves this machine.
        let address = heard(None).await?.replace("https://", "http://");
        let till = match composed.tls.clone() {
            Some(tls) => Some(Till::connect(&keys.folder, &heard(Some(tls)).await?, ANSWER_TIME_MAX).await?),
            None => None,
        };
        let target = Target {
            endpoint: &address,
            root_pem: None,
            certificate: None,
            token: None,
            answer_time_max: ANSWER_TIME_MAX,
            from: None,
        };
        let new_key = || SigningKey::generate().map_err(|error| failed(&error));
        Ok(Self {
            clock,
            client: Client::connect(&target).await?,
            till,
            issuer: DevelopmentIssuer::new(&issuer_key).map_err(|error| failed(&error))?,
            phones: [new_key()?, new_key()?, new_key()?],
            requests: AtomicU64::new(1),
            mailbox,
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

    /// Takes the code that came last: where it came to, and what it is.
    pub(super) fn code(&self) -> (&'static str, String) {
        self.mailbox.take()
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
        self.client_in(who, household, (who.at(seat, None), None, Over::Line))
    }

    /// The same of who sits there, whose hours ended so long ago, and who calls over that.
    pub(super) fn client_in(
        &self,
        who: &Who,
        household: u32,
        (seat, ended, over): (Seat, Option<TimeDelta>, Over),
    ) -> Result<Client, Failure> {
        let now = self.now()?.timestamp();
        let Seat { name, store, device, roster_stores, roster_devices, address: _ } = seat;
        // Staff in a store is in the middle of its shift, unless it is said to be over.
        let in_shift = store.as_ref().map(|_| TimeDelta::seconds(-SHIFT_SECONDS / 2));
        let ends = ended.or(in_shift).map(|ago| now.saturating_sub(ago.num_seconds()));
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
            device_id: who.customer.map(|(_, device)| device.to_owned()).or(device),
            store_id: store,
            roster_stores,
            roster_devices,
            roster_begin: ends.map(|ends| ends.saturating_sub(SHIFT_SECONDS)),
            roster_end: ends,
            spid: (who.role == "porting_system").then(|| super::cast::GAINING.to_owned()),
            ..AccessTokenClaims::default()
        };
        let token = self.issuer.issue(&claims).map_err(|error| failed(&error))?;
        let till = self.till.as_ref().ok_or_else(|| Failure::invalid("`over_till`: this stage has no till"));
        let connection = match over {
            Over::Line => &self.client,
            Over::Till => till?.over(false),
            Over::TillElsewhere => till?.over(true),
        };
        Ok(connection.with_token(&token)?)
    }

    /// Ends the service.
    pub(super) async fn clear(self) -> Result<(), Failure> {
        // A server that is gone already needs no telling.
        let _ = self.stop.send(true);
        self.composed.store.close().await.map_err(|error| failed(&error))
    }
}
