//! `kill -9`, twenty times under load: everything that was acknowledged is there, and every chain holds.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portcullis::crypto::{Keyring, Token, Tokens};
use portcullis::domain::{AccountId, Brand};
use portcullis::grpc::client::{Client, Code};
use portcullis::grpc::pb::v1 as pb;
use portcullis::store::Vault;
use portcullis::store::embedded::{EmbeddedStore, OpenOptions};
use tokio::sync::Notify;

use crate::service::{Home, account, line, place, port};

const KILLS: usize = 20;
const ACCOUNTS: usize = 40;
/// Acknowledged operations before a kill: enough that many are in flight when it comes.
const ACKNOWLEDGED_BEFORE_KILL: usize = 90;
/// How long that may take on a busy machine before something must be wrong.
const LOADED_TIME_MAX: Duration = Duration::from_secs(60);

/// How long notices may take after the last start: another process's lease is over within 15 seconds.
const TOLD_WITHIN: Duration = Duration::from_secs(60);

/// What the service has said yes to.
#[derive(Default)]
struct Acknowledged {
    /// Decisions, with their outcome.
    decisions: Vec<(String, i32)>,
    /// Permits that were used.
    redeemed: Vec<(String, usize)>,
    /// Accounts whose PIN was set.
    pins: HashSet<usize>,
    /// Lines whose lock was turned on.
    locked: HashSet<usize>,
    count: usize,
}

struct Load {
    home: Home,
    carrier: Client,
    owners: Vec<Client>,
    seen: Mutex<Acknowledged>,
    /// Enough was acknowledged.
    enough: Notify,
    /// A PIN change was: PINs are slow on purpose, and must not be left out for that.
    pin_set: Notify,
}

impl Load {
    fn acknowledge(&self, note: impl FnOnce(&mut Acknowledged)) {
        let mut seen = self.seen.lock().unwrap();
        note(&mut seen);
        seen.count += 1;
        if seen.count.is_multiple_of(ACKNOWLEDGED_BEFORE_KILL) {
            self.enough.notify_one();
        }
    }

    /// Decides and redeems on even accounts, locks and sets PINs on odd ones, until the service is gone.
    async fn hammer(self: Arc<Self>, number: usize) {
        let mut turn = 0_usize;
        loop {
            turn += 1;
            let went_on = match number % 2 {
                0 => self.port(number, (turn + number).is_multiple_of(5)).await,
                _ if turn % 4 == 1 => self.lock(number).await,
                _ => self.set_pin(number, turn).await,
            };
            if !went_on {
                return;
            }
        }
    }

    async fn port(&self, number: usize, redeem: bool) -> bool {
        let decided = self.carrier.decisions().decide(self.home.approved_port(number)).await;
        let Ok(decided) = decided else { return false };
        let decision = decided.into_inner().decision.unwrap();
        self.acknowledge(|seen| seen.decisions.push((decision.decision_id.clone(), decision.outcome)));
        let Some(pb::decision::Detail::Approval(approval)) = decision.detail else { return true };
        if !redeem {
            return true;
        }
        let permit = approval.permit;
        let request = pb::RedeemPermitRequest {
            request_id: self.home.request_id(),
            permit: permit.clone(),
            line: Some(line(number)),
            change: Some(port()),
        };
        match self.carrier.decisions().redeem_permit(request).await {
            Ok(_) => {
                self.acknowledge(|seen| seen.redeemed.push((permit, number)));
                true
            }
            Err(status) => status.code() == Code::FailedPrecondition,
        }
    }

    async fn lock(&self, number: usize) -> bool {
        let request = pb::SetLockRequest {
            request_id: self.home.request_id(),
            set: pb::LockSet::All.into(),
            holder: pb::LockHolder::Customer.into(),
            reason_code: String::new(),
            interaction: place(pb::Channel::App),
            scope: Some(pb::set_lock_request::Scope::Line(line(number))),
        };
        let locked = self.owners[number].protection().set_lock(request).await.is_ok();
        if locked {
            self.acknowledge(|seen| {
                seen.locked.insert(number);
            });
        }
        locked
    }

    async fn set_pin(&self, number: usize, turn: usize) -> bool {
        let request_id = self.home.request_id();
        let approval = self.home.approval(&request_id, &account(number), "PIN_CHANGE\n");
        let request = pb::SetPinRequest {
            request_id,
            account_id: account(number),
            new_pin: ["907163", "618294"][turn % 2].to_owned(),
            evidence: vec![approval],
            interaction: place(pb::Channel::App),
        };
        match self.owners[number].credentials().set_pin(request).await {
            Ok(answer) => {
                let decision = answer.into_inner().decision.unwrap();
                if decision.outcome == i32::from(pb::Outcome::Approve) {
                    self.acknowledge(|seen| {
                        seen.pins.insert(number);
                    });
                    self.pin_set.notify_one();
                }
                true
            }
            // A change that was committed before a kill and never acknowledged: the PIN is this one already. The next is not.
            Err(status) => matches!(status.code(), Code::FailedPrecondition | Code::InvalidArgument),
        }
    }

    /// Everything acknowledged so far, asked again of a service that has just come back.
    async fn verify(&self) {
        let (decisions, redeemed, pins, locked) = {
            let seen = self.seen.lock().unwrap();
            (seen.decisions.clone(), seen.redeemed.clone(), seen.pins.clone(), seen.locked.clone())
        };
        for (decision_id, outcome) in decisions.iter().rev().take(2 * ACKNOWLEDGED_BEFORE_KILL) {
            let request = pb::GetDecisionRequest { decision_id: decision_id.clone(), consistency_token: String::new() };
            let kept = self.carrier.decisions().get_decision(request).await.unwrap().into_inner().decision.unwrap();
            assert_eq!(kept.outcome, *outcome);
        }
        for (permit, number) in redeemed {
            let request = pb::RedeemPermitRequest {
                request_id: self.home.request_id(),
                permit,
                line: Some(line(number)),
                change: Some(port()),
            };
            let again = self.carrier.decisions().redeem_permit(request).await;
            assert!(
                again.is_err_and(|status| status.code() == Code::FailedPrecondition),
                "a used permit was used again"
            );
        }
        for number in locked {
            let answer = self.carrier.decisions().decide(self.home.approved_port(number)).await.unwrap();
            assert_eq!(answer.into_inner().decision.unwrap().outcome, i32::from(pb::Outcome::Deny));
        }
        for number in pins {
            let request = pb::GetCredentialStatusRequest { account_id: account(number) };
            let status = self.owners[number].credentials().get_credential_status(request).await.unwrap();
            assert!(status.into_inner().status.unwrap().pin_set);
        }
    }
}

/// Waits until every approval that was acknowledged was told to its customer, kills or no kills.
async fn all_are_told(home: &Home, decisions: &[(String, i32)]) {
    let approved = decisions.iter().filter(|(_, outcome)| *outcome == i32::from(pb::Outcome::Approve));
    let approved: HashSet<&str> = approved.map(|(id, _)| id.as_str()).collect();
    assert!(!approved.is_empty());
    let begun = Instant::now();
    loop {
        // Torn at the end where it is being written.
        let file = std::fs::read_to_string(home.path().join("messages/messages.jsonl")).unwrap();
        let events = file.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        let told: HashSet<String> =
            events.filter_map(|event| event["data"]["record_id"].as_str().map(str::to_owned)).collect();
        let untold = approved.iter().filter(|id| !told.contains(**id)).count();
        if untold == 0 {
            println!("{} approvals are told, in {} messages", approved.len(), file.lines().count());
            return;
        }
        assert!(begun.elapsed() < TOLD_WITHIN, "{untold} of {} approvals are told nobody", approved.len());
        // Nothing tells of a line in a file: it is looked at again.
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn connect(home: Home, service: &crate::service::Service, seen: Acknowledged) -> Load {
    let carrier = home.client(service, &home.carrier()).await;
    let mut owners = Vec::new();
    for number in 0..ACCOUNTS {
        owners.push(carrier.with_token(&home.owner(&account(number))).unwrap());
    }
    Load { home, carrier, owners, seen: Mutex::new(seen), enough: Notify::new(), pin_set: Notify::new() }
}

pub(crate) async fn chains_hold(home: &Home, accounts: usize) {
    let keyring = Keyring::load(&home.path().join("keyring.json")).unwrap();
    let tokens = Tokens::new(&keyring);
    let store = Arc::new(EmbeddedStore::open(&OpenOptions::new(home.store(), keyring.marks(), 0)).unwrap());
    let vault = Vault::new(store.clone(), &keyring);
    let brand = Brand::parse("default").unwrap();
    let mut records = 0;
    for number in 0..accounts {
        let token: Token = tokens.account(&brand, &AccountId::parse(&account(number)).unwrap());
        records += vault.verify_chain(token, crate::service::now()).await.unwrap();
    }
    println!("{records} records in {accounts} chains hold");
    drop(vault);
    store.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_by_twenty_kills_under_load() {
    let home = Home::new();
    home.tell_into_a_file();
    let service = home.serve(&[]);
    let provisioning = home.client(&service, &home.token("provisioning", &[])).await;
    for number in 0..ACCOUNTS {
        home.create(&provisioning, number).await;
    }
    drop(provisioning);
    let (mut home, mut service, mut seen) = (home, service, Acknowledged::default());
    let mut slowest = Duration::ZERO;
    for _ in 0..KILLS {
        let load = Arc::new(connect(home, &service, seen).await);
        let mut workers = tokio::task::JoinSet::new();
        for number in 0..ACCOUNTS {
            workers.spawn(load.clone().hammer(number));
        }
        let loaded = async { tokio::join!(load.enough.notified(), load.pin_set.notified()) };
        tokio::time::timeout(LOADED_TIME_MAX, loaded).await.expect("decisions and a PIN change are acknowledged");
        service.kill();
        workers.join_all().await;
        let load = Arc::into_inner(load).unwrap();
        (home, seen) = (load.home, load.seen.into_inner().unwrap());
        let started = Instant::now();
        service = home.serve(&[]);
        slowest = slowest.max(started.elapsed());
        let load = connect(home, &service, seen).await;
        load.verify().await;
        (home, seen) = (load.home, load.seen.into_inner().unwrap());
    }
    let Acknowledged { decisions, redeemed, pins, locked, count } = &seen;
    let counts = (decisions.len(), redeemed.len(), pins.len(), locked.len());
    println!("{count} acknowledged: {counts:?} decisions, redemptions, PINs and locks; slowest start {slowest:?}");
    assert!(counts.0 > 0 && counts.1 > 0 && counts.2 > 0 && counts.3 > 0, "{counts:?}");
    all_are_told(&home, decisions).await;
    service.kill();
    chains_hold(&home, ACCOUNTS).await;
}
