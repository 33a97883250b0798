//! Three engines over one cluster, and a load that every answer of is remembered. Whoever gets no answer asks the next engine
//! the same, under the same request id.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::time::{Duration, Instant};

use portcullis::grpc::client::{Client, Code, Status};
use portcullis::grpc::pb::v1 as pb;
use redis::cmd;
use tokio::sync::Notify;

use crate::redis_servers::Cluster;
use crate::service::{Home, Service, account, line, place, port};

pub(crate) const ENGINES: usize = 3;
pub(crate) const ACCOUNTS: usize = 24;

/// How long one thing may go unanswered before something is wrong: longer than any fault.
const UNANSWERED_MAX: Duration = Duration::from_secs(60);

/// Between two engines that gave no answer.
const ASK_NEXT_AFTER: Duration = Duration::from_millis(50);

/// What was answered.
#[derive(Default)]
pub(crate) struct Acknowledged {
    /// Decisions, with their outcome.
    pub(crate) decisions: Vec<(String, i32)>,
    /// Permits that were used.
    pub(crate) redeemed: Vec<(String, usize)>,
    /// Accounts whose PIN was set.
    pub(crate) pins: HashSet<usize>,
    /// Lines whose lock was turned on.
    pub(crate) locked: HashSet<usize>,
}

/// The engines, and who asks them.
pub(crate) struct Engines {
    pub(crate) home: Home,
    running: Mutex<Vec<Option<Service>>>,
    carriers: RwLock<Vec<Client>>,
    /// How often each engine gave no answer.
    pub(crate) failures: [AtomicU64; ENGINES],
    pub(crate) seen: Mutex<Acknowledged>,
    /// What every account last got an answer for.
    answered: Mutex<Vec<Instant>>,
    moved_on: Notify,
    over: AtomicBool,
}

/// Nobody knows whether it was carried out, or it was not: it is asked again.
fn is_no_answer(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::Unavailable
            | Code::DeadlineExceeded
            | Code::Unknown
            | Code::Cancelled
            | Code::Aborted
            | Code::ResourceExhausted
    )
}

impl Engines {
    /// Starts them, each under a user of its own, so that it can be cut off.
    pub(crate) async fn start(cluster: &Cluster) -> Arc<Self> {
        for number in 0..ENGINES {
            cluster.let_in(&user(number)).await;
        }
        let home = Home::new();
        home.begin_on(cluster);
        let services: Vec<Service> = (0..ENGINES).map(|number| home.serve_on(cluster, number)).collect();
        let provisioning = home.client(&services[0], &home.token("provisioning", &[])).await;
        for number in 0..ACCOUNTS {
            home.create(&provisioning, number).await;
        }
        let mut carriers = Vec::new();
        for service in &services {
            carriers.push(home.client(service, &home.carrier()).await);
        }
        Arc::new(Self {
            home,
            running: Mutex::new(services.into_iter().map(Some).collect()),
            carriers: RwLock::new(carriers),
            failures: std::array::from_fn(|_| AtomicU64::new(0)),
            seen: Mutex::default(),
            answered: Mutex::new(vec![Instant::now(); ACCOUNTS]),
            moved_on: Notify::new(),
            over: AtomicBool::new(false),
        })
    }

    /// Ends one as `kill -9` does, and starts another in its place.
    pub(crate) async fn replace(&self, number: usize, cluster: &Cluster, meanwhile: impl Future<Output = ()>) {
        let service = self.running.lock().unwrap()[number].take().unwrap();
        service.kill();
        meanwhile.await;
        let service = self.home.serve_on(cluster, number);
        let client = self.home.client(&service, &self.home.carrier()).await;
        self.carriers.write().unwrap()[number] = client;
        self.running.lock().unwrap()[number] = Some(service);
    }

    pub(crate) fn carrier(&self, number: usize) -> Client {
        self.carriers.read().unwrap()[number % ENGINES].clone()
    }

    /// Begins the load: one caller an account.
    pub(crate) fn load(self: &Arc<Self>) -> tokio::task::JoinSet<()> {
        let mut callers = tokio::task::JoinSet::new();
        for number in 0..ACCOUNTS {
            let engines = Arc::clone(self);
            let owner = self.home.owner(&account(number));
            callers.spawn(async move {
                let mut turn = number;
                while !engines.over.load(Ordering::Relaxed) {
                    engines.turn(number, turn, &owner).await;
                    engines.answered.lock().unwrap()[number] = Instant::now();
                    engines.moved_on.notify_waiters();
                    turn += 1;
                }
            });
        }
        callers
    }

    pub(crate) fn end_load(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    /// Waits until everybody has had an answer to something that ended after now. How long it took.
    pub(crate) async fn everybody_goes_on(&self) -> Duration {
        let (begun, mut waiting_for) = (Instant::now(), ACCOUNTS);
        // The first answer may have been asked for before; the second was not.
        for _ in 0..2 {
            let since = Instant::now();
            loop {
                let moved_on = self.moved_on.notified();
                waiting_for = self.answered.lock().unwrap().iter().filter(|answered| **answered <= since).count();
                if waiting_for == 0 {
                    break;
                }
                assert!(begun.elapsed() < UNANSWERED_MAX, "{waiting_for} of {ACCOUNTS} do not go on");
                // Nobody may ever be answered: then that is told.
                let _ = tokio::time::timeout(Duration::from_secs(1), moved_on).await;
            }
        }
        assert_eq!(waiting_for, 0);
        begun.elapsed()
    }

    /// One thing asked, until somebody answers.
    async fn asked<T, F>(&self, first: usize, mut ask: impl FnMut(Client) -> F) -> Result<T, Status>
    where
        F: Future<Output = Result<T, Status>>,
    {
        let begun = Instant::now();
        for engine in first.. {
            match ask(self.carrier(engine)).await {
                Err(status) if is_no_answer(&status) => {
                    self.failures[engine % ENGINES].fetch_add(1, Ordering::Relaxed);
                    assert!(begun.elapsed() < UNANSWERED_MAX, "nobody answers: {status:?}");
                    tokio::time::sleep(ASK_NEXT_AFTER).await;
                }
                answer => return answer,
            }
        }
        unreachable!("there is always a next engine")
    }

    async fn turn(&self, number: usize, turn: usize, owner: &str) {
        match number % 3 {
            0 => self.port(number, turn).await,
            1 if turn.is_multiple_of(8) => self.set_pin(number, turn, owner).await,
            1 => self.port(number, turn).await,
            _ if turn.is_multiple_of(4) => self.lock(number, turn, owner).await,
            _ => self.port(number, turn).await,
        }
    }

    /// Asks for a port, and redeems a fifth of what is approved. Nothing of a line whose lock was acknowledged is approved.
    async fn port(&self, number: usize, turn: usize) {
        let was_locked = self.seen.lock().unwrap().locked.contains(&number);
        let request = self.home.approved_port(number);
        let decided = self
            .asked(turn, |client: Client| {
                let request = request.clone();
                async move { client.decisions().decide(request).await }
            })
            .await;
        let decision = decided.unwrap().into_inner().decision.unwrap();
        let approved = decision.outcome == i32::from(pb::Outcome::Approve);
        assert!(!(was_locked && approved), "a locked line was approved: {}", decision.decision_id);
        self.seen.lock().unwrap().decisions.push((decision.decision_id.clone(), decision.outcome));
        let Some(pb::decision::Detail::Approval(approval)) = decision.detail else { return };
        if !turn.is_multiple_of(5) {
            return;
        }
        let request = pb::RedeemPermitRequest {
            request_id: self.home.request_id(),
            permit: approval.permit.clone(),
            line: Some(line(number)),
            change: Some(port()),
        };
        let redeemed = self
            .asked(turn + 1, |client: Client| {
                let request = request.clone();
                async move { client.decisions().redeem_permit(request).await }
            })
            .await;
        match redeemed {
            Ok(_) => self.seen.lock().unwrap().redeemed.push((approval.permit, number)),
            // A lock came between, or the line has left.
            Err(status) => assert_eq!(status.code(), Code::FailedPrecondition, "{status:?}"),
        }
    }

    async fn lock(&self, number: usize, turn: usize, owner: &str) {
        let request = pb::SetLockRequest {
            request_id: self.home.request_id(),
            set: pb::LockSet::All.into(),
            holder: pb::LockHolder::Customer.into(),
            reason_code: String::new(),
            interaction: place(pb::Channel::App),
            scope: Some(pb::set_lock_request::Scope::Line(line(number))),
        };
        let locked = self
            .asked(turn, |client: Client| {
                let (request, client) = (request.clone(), client.with_token(owner).unwrap());
                async move { client.protection().set_lock(request).await }
            })
            .await;
        locked.unwrap();
        self.seen.lock().unwrap().locked.insert(number);
    }

    async fn set_pin(&self, number: usize, turn: usize, owner: &str) {
        let request_id = self.home.request_id();
        let approval = self.home.approval(&request_id, &account(number), "PIN_CHANGE\n");
        let request = pb::SetPinRequest {
            request_id,
            account_id: account(number),
            new_pin: ["907163", "618294"][turn / 8 % 2].to_owned(),
            evidence: vec![approval],
            interaction: place(pb::Channel::App),
        };
        let set = self
            .asked(turn, |client: Client| {
                let (request, client) = (request.clone(), client.with_token(owner).unwrap());
                async move { client.credentials().set_pin(request).await }
            })
            .await;
        match set {
            Ok(answer) => {
                if answer.into_inner().decision.unwrap().outcome == i32::from(pb::Outcome::Approve) {
                    self.seen.lock().unwrap().pins.insert(number);
                }
            }
            // The PIN is this one already.
            Err(status) => {
                assert!(matches!(status.code(), Code::FailedPrecondition | Code::InvalidArgument), "{status:?}");
            }
        }
    }

    /// Everything that was answered, asked for again.
    pub(crate) async fn verify(&self) {
        let (decisions, redeemed, pins, locked) = {
            let seen = self.seen.lock().unwrap();
            (seen.decisions.clone(), seen.redeemed.clone(), seen.pins.clone(), seen.locked.clone())
        };
        for (engine, (decision_id, outcome)) in decisions.iter().enumerate() {
            let request = pb::GetDecisionRequest { decision_id: decision_id.clone(), consistency_token: String::new() };
            let kept = self.carrier(engine).decisions().get_decision(request).await;
            let kept = kept.unwrap_or_else(|status| panic!("{decision_id} is lost: {status:?}"));
            assert_eq!(kept.into_inner().decision.unwrap().outcome, *outcome);
        }
        for (engine, (permit, number)) in redeemed.iter().enumerate() {
            let request = pb::RedeemPermitRequest {
                request_id: self.home.request_id(),
                permit: permit.clone(),
                line: Some(line(*number)),
                change: Some(port()),
            };
            let again = self.carrier(engine).decisions().redeem_permit(request).await;
            assert!(
                again.is_err_and(|status| status.code() == Code::FailedPrecondition),
                "a used permit was used again"
            );
        }
        for (engine, number) in locked.iter().enumerate() {
            let answer = self.carrier(engine).decisions().decide(self.home.approved_port(*number)).await.unwrap();
            assert_eq!(answer.into_inner().decision.unwrap().outcome, i32::from(pb::Outcome::Deny));
        }
        for number in &pins {
            let owner = self.carrier(0).with_token(&self.home.owner(&account(*number))).unwrap();
            let request = pb::GetCredentialStatusRequest { account_id: account(*number) };
            let status = owner.credentials().get_credential_status(request).await.unwrap();
            assert!(status.into_inner().status.unwrap().pin_set);
        }
        let counts = (decisions.len(), redeemed.len(), pins.len(), locked.len());
        println!("{counts:?} decisions, redemptions, PINs and locks are all there");
        assert!(counts.0 > 0 && counts.1 > 0 && counts.2 > 0 && counts.3 > 0, "{counts:?}");
    }
}

/// Whom an engine connects as.
pub(crate) fn user(number: usize) -> String {
    format!("engine-{number}")
}

impl Home {
    /// An engine on the cluster, that acknowledges what all replicas have.
    fn serve_on(&self, cluster: &Cluster, number: usize) -> Service {
        let settings = self.settings_on(cluster, number);
        self.serve(&settings.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Begins the store that they share.
    fn begin_on(&self, cluster: &Cluster) {
        let (config, settings) = (self.path().join("portcullis.toml"), self.settings_on(cluster, 0));
        let set = settings.iter().flat_map(|setting| ["--set", setting]);
        let args: Vec<&str> = ["store", "begin", "--config", config.to_str().unwrap()].into_iter().chain(set).collect();
        let begun = crate::service::portcullis(&args);
        assert!(begun.status.success(), "{}", String::from_utf8_lossy(&begun.stderr));
    }

    fn settings_on(&self, cluster: &Cluster, number: usize) -> [String; 4] {
        let seeds: Vec<String> = cluster.seeds().iter().map(ToString::to_string).collect();
        let url = format!("redis.url=redis+cluster://{}@{}", user(number), seeds.join(","));
        let password = self.path().join("redis.password");
        if !password.exists() {
            portcullis::crypto::write_new_secret_file(&password, b"open").unwrap();
        }
        let password = format!("redis.password_file={}", password.display());
        ["store.kind=redis".to_owned(), url, "redis.replicas=1".to_owned(), password]
    }
}

impl Cluster {
    /// Lets a user in, on every node.
    pub(crate) async fn let_in(&self, user: &str) {
        for server in &self.servers {
            let mut connection = server.connect().await;
            let set = ["SETUSER", user, "on", ">open", "~*", "&*", "+@all"];
            let _: () = cmd("ACL").arg(&set[..]).query_async(&mut connection).await.unwrap();
        }
    }

    /// Cuts a user off from one node: its connections end, and it makes no other.
    pub(crate) async fn cut_off(&self, user: &str, node: usize) -> u64 {
        let mut connection = self.servers[node].connect().await;
        let _: () = cmd("ACL").arg(&["SETUSER", user, "off"]).query_async(&mut connection).await.unwrap();
        cmd("CLIENT").arg(&["KILL", "USER", user]).query_async(&mut connection).await.unwrap()
    }
}
