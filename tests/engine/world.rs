//! A whole engine on a store of its own, with a clock that stands still until it is moved.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use portcullis::clock::ManualClock;
use portcullis::crypto::{Cost, Keyring, PermitNames, SigningKey};
use portcullis::domain::{
    AccountId, AccountKind, AccountNumber, AppApproval, Brand, Change, Channel, Claims, Connection, Device, DeviceId,
    Evidence, Flags, Iccid, Interaction, LineId, LineStatus, LockHolder, LockSet, Mode, Msisdn, Person, PersonId,
    PersonRole, PinDigits, PinOrigin, Pon, PortOut, PostalCode, ReleaseOpens, RequestId, Requester, Role, Roster,
    SimChange, SimChangeCause, SimTarget, Spid, StoreRegister, Subject,
};
use portcullis::policy::Policy;
use portcullis::service::{
    Answer, ArchiveSettings, Body, Carrier, Engine, Guarding, LineName, LineRef, LineSeed, LockOrder, LockSeed, Parts,
    PermitText, PinSeed, PolicySource, Question, Redemption, Scope, Seed, ServiceError, Silent, Upsert, authorise,
};
use portcullis::store::Store;
use portcullis::store::embedded::{EmbeddedStore, OpenOptions};

pub(crate) const ACCOUNT: &str = "acct-1";
pub(crate) const ACCOUNT_NUMBER: &str = "0012345678";
pub(crate) const LINE: &str = "line-1";
pub(crate) const NUMBER: &str = "+12125550123";
pub(crate) const PIN: &str = "482951";
pub(crate) const GAINING: &str = "6529";
pub(crate) const OLD_SIM: &str = "8901260123456789011";
pub(crate) const NEW_SIM: &str = "8901260123456789029";

const STORE: &str = "store";
const ARCHIVE: &str = "archive";

/// When every world begins.
pub(crate) fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap()
}

/// What time it is outside.
pub(crate) fn real_now() -> DateTime<Utc> {
    use portcullis::clock::Clock as _;
    portcullis::clock::SystemClock::start().now().unwrap().instant()
}

pub(crate) struct World {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) engine: Arc<Engine>,
    pub(crate) store: Arc<EmbeddedStore>,
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) app: SigningKey,
    pub(crate) policy: Policy,
    requests: std::sync::atomic::AtomicU64,
    folder: Option<tempfile::TempDir>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with_policy(Policy::us_default())
    }

    pub(crate) fn with_policy(policy: Policy) -> Self {
        Self::made_of(Keyring::generate_at_cost(start(), Cost::LowForTestPurposesOnly).unwrap(), policy)
    }

    /// A world with keys of its own.
    pub(crate) fn with_keyring(keyring: Keyring) -> Self {
        Self::made_of(keyring, Policy::us_default())
    }

    fn made_of(keyring: Keyring, policy: Policy) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at(start()));
        let app = SigningKey::generate().unwrap();
        Self::open(folder, clock, Arc::new(keyring), app, policy)
    }

    fn open(
        folder: tempfile::TempDir,
        clock: Arc<ManualClock>,
        keyring: Arc<Keyring>,
        app: SigningKey,
        policy: Policy,
    ) -> Self {
        let options = OpenOptions::new(folder.path().join(STORE), keyring.marks(), 7);
        let store = Arc::new(EmbeddedStore::open(&options).unwrap());
        let engine = Engine::new(parts_over(store.clone(), &keyring, &clock, &policy, folder.path())).unwrap();
        let requests = std::sync::atomic::AtomicU64::new(1);
        Self { clock, engine, store, keyring, app, policy, requests, folder: Some(folder) }
    }

    /// The same store and clock under an engine of other parts.
    pub(crate) fn with_parts(mut self, change: impl FnOnce(Parts) -> Parts) -> Self {
        self.engine = Engine::new(change(self.parts(self.store.clone()))).unwrap();
        self
    }

    /// Another engine of this world, over that store.
    pub(crate) fn engine_over(&self, store: Arc<dyn Store>) -> Arc<Engine> {
        Engine::new(self.parts(store)).unwrap()
    }

    /// What another engine of this world is made of.
    pub(crate) fn parts(&self, store: Arc<dyn Store>) -> Parts {
        parts_over(store, &self.keyring, &self.clock, &self.policy, self.folder())
    }

    fn folder(&self) -> &Path {
        self.folder.as_ref().unwrap().path()
    }

    /// Where old records go.
    pub(crate) fn archive_folder(&self) -> PathBuf {
        self.folder().join(ARCHIVE)
    }

    /// The same store and keys in a new process's stead.
    pub(crate) async fn reopen(self) -> Self {
        self.closed(|keyring| keyring, |_| ()).await
    }

    /// The same store in a new process's stead, with the keyring changed.
    pub(crate) async fn reopen_under(self, change: impl FnOnce(Keyring) -> Keyring) -> Self {
        self.closed(change, |_| ()).await
    }

    /// The same after somebody had a hand in the store's file.
    pub(crate) async fn reopen_altered(self, alter: impl FnOnce(&rusqlite::Connection)) -> Self {
        let alter_in = |folder: &Path| alter(&rusqlite::Connection::open(folder.join("store/portcullis.db")).unwrap());
        self.closed(|keyring| keyring, alter_in).await
    }

    /// What comes of a world whose store is put back to what it is now after all that is done meanwhile.
    pub(crate) async fn with_backup(self, meanwhile: impl AsyncFnOnce(Self) -> Self) -> Self {
        let world = self.closed(|keys| keys, |folder| copy(&folder.join(STORE), &folder.join("backup"))).await;
        let put_back = |folder: &Path| {
            std::fs::remove_dir_all(folder.join(STORE)).unwrap();
            copy(&folder.join("backup"), &folder.join(STORE));
        };
        meanwhile(world).await.closed(|keys| keys, put_back).await
    }

    async fn closed(mut self, change: impl FnOnce(Keyring) -> Keyring, on_disk: impl FnOnce(&Path)) -> Self {
        let folder = self.folder.take().unwrap();
        let keyring = Arc::new(change(copied(&folder, &self.keyring)));
        let (clock, app, policy) = (self.clock.clone(), self.app, self.policy.clone());
        self.store.close().await.unwrap();
        drop(self.engine);
        drop(self.store);
        on_disk(folder.path());
        let used = self.requests.into_inner();
        let world = Self::open(folder, clock, keyring, app, policy);
        world.requests.store(used, std::sync::atomic::Ordering::Relaxed);
        world
    }

    /// The folder of the store once the process has ended, and the keyring changed.
    pub(crate) async fn closed_under(
        mut self,
        change: impl FnOnce(Keyring) -> Keyring,
    ) -> (tempfile::TempDir, Keyring) {
        let folder = self.folder.take().unwrap();
        let keyring = change(copied(&folder, &self.keyring));
        self.store.close().await.unwrap();
        (folder, keyring)
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        use portcullis::clock::Clock;
        self.clock.now().unwrap().instant()
    }

    pub(crate) fn pass(&self, time: TimeDelta) {
        self.clock.advance(time.to_std().unwrap_or(Duration::ZERO));
    }

    /// A request id nobody used before.
    pub(crate) fn request_id(&self) -> RequestId {
        let number = self.requests.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        RequestId::from_u128(0x0190_d4f0_7c3e_7000_8000_0000_0000_0000 | u128::from(number))
    }

    /// The seed of the usual account: an owner with a known app key, one line, a PIN set long ago.
    pub(crate) fn seed(&self) -> Seed {
        let long_ago = start() - TimeDelta::days(100);
        Seed {
            account: AccountId::parse(ACCOUNT).unwrap(),
            number: AccountNumber::parse(ACCOUNT_NUMBER).unwrap(),
            kind: AccountKind::Postpaid,
            persons: vec![Person {
                id: PersonId::parse("owner").unwrap(),
                role: PersonRole::Owner,
                name: None,
                postal_code: Some(PostalCode::parse("02139").unwrap()),
                contacts: Vec::new(),
                lines: Vec::new(),
            }],
            devices: vec![Device {
                id: DeviceId::parse("phone").unwrap(),
                person: PersonId::parse("owner").unwrap(),
                public_key_jwk: self.app.public_jwk(),
                model: None,
                added_at: long_ago,
                revoked_at: None,
                vouched: false,
                remind_at: None,
            }],
            lines: vec![LineSeed {
                id: LineId::parse(LINE).unwrap(),
                msisdn: Msisdn::parse(NUMBER).unwrap(),
                status: LineStatus::Active,
                iccid: Some(Iccid::parse(OLD_SIM).unwrap()),
                eid: None,
                imei: None,
                sim_since: None,
                flags: Flags::default(),
            }],
            locks: Vec::new(),
            pin: Some(PinSeed {
                digits: PinDigits::parse_offered(PIN).unwrap(),
                set_at: Some(long_ago),
                origin: PinOrigin::EndUser,
            }),
        }
    }

    pub(crate) async fn create(&self, seed: Seed) {
        let who = authorise(provisioning()).unwrap();
        self.engine.upsert_account(who, Upsert { request: None, seed }).await.unwrap();
    }

    /// A world with the usual account in it.
    pub(crate) async fn populated() -> Self {
        let world = Self::new();
        world.create(world.seed()).await;
        world
    }

    /// A world whose line has a customer's lock of this set on.
    pub(crate) async fn locked(set: LockSet) -> Self {
        let world = Self::new();
        let mut seed = world.seed();
        seed.locks.push(LockSeed {
            line: Some(LineId::parse(LINE).unwrap()),
            set,
            holder: LockHolder::Customer,
            since: None,
            reason: None,
        });
        world.create(seed).await;
        world
    }

    pub(crate) fn question(&self, change: Change, channel: Channel) -> Question {
        let request_id = self.request_id();
        Question {
            request_id,
            body: Body(request_id.to_bytes().to_vec()),
            scope: line_scope(),
            change,
            mode: Mode::Enforce,
            interaction: interaction(channel),
            claims: Claims::default(),
            evidence: Evidence::default(),
            signals: Vec::new(),
            plan_time: None,
            external_reference: None,
            supersedes: None,
            completes: None,
            at_least: None,
            want_signed_permit: false,
        }
    }

    pub(crate) fn port(&self) -> Question {
        let mut question = self.question(port_out(GAINING), Channel::Port);
        question.claims.account_number = Some(AccountNumber::parse(ACCOUNT_NUMBER).unwrap());
        question
    }

    pub(crate) fn sim_change(&self, channel: Channel) -> Question {
        self.question(sim_to(NEW_SIM), channel)
    }

    /// Adds the owner's approval of exactly this question.
    pub(crate) fn approved(&self, mut question: Question) -> Question {
        let signature = self.app.sign(question.signing_input().as_bytes());
        let device = DeviceId::parse("phone").unwrap();
        question.evidence.app_approval = Some(AppApproval { device, signature: signature.clone() });
        question.body.0.extend_from_slice(&signature);
        question
    }

    pub(crate) async fn decide(&self, requester: Requester, question: Question) -> Result<Answer, ServiceError> {
        self.engine.decide(authorise(requester)?, question).await
    }

    pub(crate) async fn redeem(
        &self,
        requester: Requester,
        permit: &PermitText,
        change: Change,
    ) -> Result<(), ServiceError> {
        let request_id = self.request_id();
        let redemption = Redemption {
            request_id,
            body: Body(request_id.to_bytes().to_vec()),
            permit: permit.clone(),
            line: line_ref(),
            change,
        };
        self.engine.redeem(authorise(requester)?, redemption).await.map(|_| ())
    }

    pub(crate) async fn lock(&self, requester: Requester, set: LockSet) -> Result<(), ServiceError> {
        let request_id = self.request_id();
        let body = Body(request_id.to_bytes().to_vec());
        let guarding = Guarding { request_id, body, scope: line_scope(), channel: Channel::App };
        let order = LockOrder { set, holder: LockHolder::Customer, reason: None };
        self.engine.set_lock(authorise(requester)?, guarding, order).await.map(|_| ())
    }

    /// Asks for a release with the owner's approval.
    pub(crate) async fn release(&self, set: LockSet, opens: ReleaseOpens) -> Result<Answer, ServiceError> {
        let change = Change::LockRelease { set, holder: LockHolder::Customer, opens };
        let question = self.approved(self.question(change, Channel::App));
        self.engine.release_lock(authorise(customer())?, question).await.map(|(answer, _)| answer)
    }

    /// A transfer PIN, issued to the owner's phone.
    pub(crate) async fn transfer_pin(&self, gaining: Option<&str>) -> PinDigits {
        let gaining_spid = gaining.map(|spid| Spid::parse(spid).unwrap());
        let change = Change::TransferPinIssue { gaining_spid };
        let question = self.approved(self.question(change, Channel::App));
        let (answer, issued) = self.engine.issue_transfer_pin(authorise(customer()).unwrap(), question).await.unwrap();
        issued.and_then(|issued| issued.value).unwrap_or_else(|| panic!("not issued: {:?}", answer.outward))
    }

    /// A port with a transfer PIN.
    pub(crate) fn port_with(&self, pin: &PinDigits) -> Question {
        let mut question = self.port();
        question.body.0.extend_from_slice(pin.expose().as_bytes());
        question.evidence.transfer_pin = Some(pin.clone());
        question
    }

    pub(crate) fn port_with_text(&self, pin: &str) -> Question {
        self.port_with(&PinDigits::parse_transfer(pin).unwrap())
    }
}

/// A keyring as its file holds it.
fn copied(folder: &tempfile::TempDir, keyring: &Keyring) -> Keyring {
    let file = folder.path().join("keyring.json");
    keyring.save(&file).unwrap();
    Keyring::load(&file).unwrap()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

fn parts_over(
    store: Arc<dyn Store>,
    keyring: &Arc<Keyring>,
    clock: &Arc<ManualClock>,
    policy: &Policy,
    folder: &Path,
) -> Parts {
    Parts {
        store,
        keyring: keyring.clone(),
        clock: clock.clone(),
        permit_names: Some(PermitNames {
            issuer: "https://portcullis.example".to_owned(),
            audience: vec!["https://executor.example".to_owned()],
        }),
        policy: policy.clone(),
        policy_source: PolicySource::File,
        carrier: Carrier { brand: brand(), own_spids: vec![Spid::parse("1111").unwrap()] },
        stores: StoreRegister::default(),
        pin_threads: 2,
        pin_queue: 64,
        tally: Arc::new(Silent),
        archive: Some(ArchiveSettings { folder: folder.join(ARCHIVE), keep_in_store_days: 90, retention_days: 1_095 }),
    }
}

pub(crate) fn brand() -> Brand {
    Brand::parse("main").unwrap()
}

pub(crate) fn line_ref() -> LineRef {
    LineRef::named(LineName::Msisdn(Msisdn::parse(NUMBER).unwrap()))
}

pub(crate) fn line_scope() -> Scope {
    Scope::Line(line_ref())
}

pub(crate) fn port_out(gaining: &str) -> Change {
    Change::PortOut(PortOut {
        gaining_spid: Spid::parse(gaining).unwrap(),
        gaining_name: None,
        pon: Pon::parse("PON-1").unwrap(),
        dealer: None,
    })
}

pub(crate) fn sim_to(iccid: &str) -> Change {
    Change::Sim(SimChange {
        target: SimTarget::Iccid(Iccid::parse(iccid).unwrap()),
        imei: None,
        cause: SimChangeCause::Upgrade,
        old_iccid: None,
        delivery: None,
    })
}

pub(crate) fn interaction(channel: Channel) -> Interaction {
    Interaction { channel, reference: None, store: None, device: None, rep: None, client_address: None }
}

pub(crate) fn requester(role: Role, subject: &str) -> Requester {
    Requester {
        subject: Subject::parse(subject).unwrap(),
        role,
        brand: brand(),
        account: None,
        person: None,
        device: None,
        store: None,
        spid: None,
        token: None,
        roster: Roster::default(),
        connection: Connection::default(),
    }
}

pub(crate) fn carrier() -> Requester {
    Requester { spid: Some(Spid::parse(GAINING).unwrap()), ..requester(Role::PortingSystem, "porting-hub") }
}

pub(crate) fn provisioning() -> Requester {
    requester(Role::Provisioning, "crm")
}

pub(crate) fn admin() -> Requester {
    requester(Role::Admin, "operator-1")
}

pub(crate) fn clerk() -> Requester {
    requester(Role::RetailAgent, "clerk-7")
}

pub(crate) fn pin_pad() -> Requester {
    requester(Role::PinPad, "pad-3")
}

pub(crate) fn ivr() -> Requester {
    requester(Role::Ivr, "ivr-1")
}

/// The owner, signed in on a known phone.
pub(crate) fn customer() -> Requester {
    Requester {
        account: Some(AccountId::parse(ACCOUNT).unwrap()),
        person: Some(PersonId::parse("owner").unwrap()),
        device: Some(DeviceId::parse("phone").unwrap()),
        ..requester(Role::Customer, "owner@app")
    }
}
