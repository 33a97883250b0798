//! What three engines over one cluster survive together: an engine killed, a primary killed, frozen, demoted, its slots moved
//! away under load, one engine cut off from one node, scripts forgotten, logs rewritten. Each fault is shown to have bitten.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use portcullis::crypto::{Ids, Keyring, Tokens};
use portcullis::domain::{AccountId, Brand};
use portcullis::grpc::client::Code;
use portcullis::grpc::pb::v1 as pb;
use portcullis::store::Vault;
use portcullis::store::redis::{RedisDurability, RedisLogin, RedisOptions, RedisPlace, RedisStore};
use redis::{Value, cmd};

use crate::engines::{ACCOUNTS, ENGINES, Engines, user};
use crate::redis_servers::{Cluster, PRIMARIES};
use crate::service::{account, line, port};

/// How soon everybody is answered again once a fault is over.
const BACK_WITHIN: Duration = Duration::from_secs(15);

const FROZEN_FOR: Duration = Duration::from_secs(10);
const CUT_OFF_FOR: Duration = Duration::from_secs(4);
const REDEMPTIONS_AT_ONCE: usize = 64;

/// Slots moved under load: a few that hold accounts.
const SLOTS_MOVED: usize = 6;

struct Trial {
    cluster: Cluster,
    engines: Arc<Engines>,
}

impl Trial {
    /// How often all engines together gave no answer.
    fn failures(&self) -> u64 {
        self.engines.failures.iter().map(|failures| failures.load(Ordering::Relaxed)).sum()
    }

    /// A fault that keeps some unanswered, and that is over when it returns.
    async fn fault(&self, name: &str, fault: impl Future<Output = ()>) {
        let (before, begun) = (self.failures(), Instant::now());
        fault.await;
        let back = self.engines.everybody_goes_on().await;
        let bitten = self.failures() - before;
        println!(
            "{name}: {bitten} calls without an answer, all back {back:?} after its end, {:?} in all",
            begun.elapsed()
        );
        assert!(back <= BACK_WITHIN, "{name}: back after {back:?}");
    }

    /// The node that is the primary of what is asked about, and its replica.
    async fn primaries(&self) -> Vec<usize> {
        let mut found = Vec::new();
        for (number, server) in self.cluster.servers.iter().enumerate() {
            let mut connection = server.connect().await;
            let role: Vec<Value> = cmd("ROLE").query_async(&mut connection).await.unwrap();
            if matches!(&role[0], Value::BulkString(name) if name == b"master") {
                found.push(number);
            }
        }
        found
    }

    async fn told(&self, node: usize, section: &str, name: &str) -> String {
        let mut connection = self.cluster.servers[node].connect().await;
        let info: String = cmd("INFO").arg(section).query_async(&mut connection).await.unwrap();
        let found = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        found.unwrap_or_default().trim().to_owned()
    }

    async fn an_engine_is_killed(&self) {
        let failures = &self.engines.failures[0];
        let before = failures.load(Ordering::Relaxed);
        self.fault("an engine is killed", async {
            let until_missed = async {
                while failures.load(Ordering::Relaxed) == before {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            };
            self.engines.replace(0, &self.cluster, until_missed).await;
        })
        .await;
    }

    async fn a_primary_is_killed(&mut self) {
        let primary = self.primaries().await[0];
        let (before, begun) = (self.failures(), Instant::now());
        self.cluster.servers[primary].kill();
        // Another is promoted, and has no replica yet: nothing can be proven there.
        loop {
            let now = self.live_primaries(primary).await;
            if now == PRIMARIES {
                break;
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "no replica is promoted");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.cluster.servers[primary].run_again();
        self.cluster.wait(|nodes| !nodes.contains("fail")).await;
        let back = self.engines.everybody_goes_on().await;
        let bitten = self.failures() - before;
        println!("a primary is killed: {bitten} calls without an answer, all back {back:?} after it is back");
        assert!(bitten > 0, "nobody noticed");
        assert!(back <= BACK_WITHIN, "back after {back:?}");
        assert!(!self.primaries().await.contains(&primary), "another was promoted");
    }

    /// The primaries that the nodes other than one count.
    async fn live_primaries(&self, without: usize) -> usize {
        let mut count = 0;
        for (number, server) in self.cluster.servers.iter().enumerate() {
            if number != without {
                let mut connection = server.connect().await;
                let role: Vec<Value> = cmd("ROLE").query_async(&mut connection).await.unwrap();
                count += usize::from(matches!(&role[0], Value::BulkString(name) if name == b"master"));
            }
        }
        count
    }

    async fn a_primary_is_frozen(&self) {
        let primary = self.primaries().await[0];
        let before = self.failures();
        self.fault("a primary is frozen for 10 s", async {
            self.cluster.servers[primary].signal("STOP");
            tokio::time::sleep(FROZEN_FOR).await;
            self.cluster.servers[primary].signal("CONT");
            self.cluster.wait(|nodes| !nodes.contains("fail")).await;
        })
        .await;
        assert!(self.failures() > before, "nobody noticed");
    }

    async fn one_engine_is_cut_off_from_one_node(&self) {
        let (engine, node) = (1, self.primaries().await[0]);
        let before = self.engines.failures[engine].load(Ordering::Relaxed);
        self.fault("one engine is cut off from one node", async {
            let ended = self.cluster.cut_off(&user(engine), node).await;
            assert!(ended > 0, "it had connections there");
            tokio::time::sleep(CUT_OFF_FOR).await;
            self.cluster.let_in(&user(engine)).await;
        })
        .await;
        assert!(self.engines.failures[engine].load(Ordering::Relaxed) > before, "nobody noticed");
    }

    async fn a_replica_takes_over(&self) {
        let primaries = self.primaries().await;
        let replica = (0..2 * PRIMARIES).find(|node| !primaries.contains(node)).unwrap();
        self.fault("a replica takes over", async {
            let mut connection = self.cluster.servers[replica].connect().await;
            let _: () = cmd("CLUSTER").arg("FAILOVER").query_async(&mut connection).await.unwrap();
            while self.told(replica, "replication", "role").await != "master" {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
        assert!(self.primaries().await.contains(&replica), "it is the primary now");
    }

    async fn slots_are_moved(&self) {
        let primaries = self.primaries().await;
        let (from, to) = (primaries[0], primaries[1]);
        let slots = self.slots_with_keys(from, SLOTS_MOVED).await;
        assert_eq!(slots.len(), SLOTS_MOVED, "there are keys to move");
        let mut moved = 0;
        self.fault("slots are moved", async {
            for slot in &slots {
                moved += self.move_slot(*slot, from, to).await;
            }
        })
        .await;
        assert!(moved > 0);
        let mut connection = self.cluster.servers[to].connect().await;
        for slot in &slots {
            let keys: usize =
                cmd("CLUSTER").arg("COUNTKEYSINSLOT").arg(slot).query_async(&mut connection).await.unwrap();
            assert!(keys > 0, "slot {slot} is there with its keys");
        }
        println!("  {moved} keys of {} slots moved", slots.len());
    }

    async fn slots_with_keys(&self, node: usize, count: usize) -> Vec<u16> {
        let mut connection = self.cluster.servers[node].connect().await;
        let ranges: Vec<Vec<Value>> = cmd("CLUSTER").arg("SLOTS").query_async(&mut connection).await.unwrap();
        let port = i64::from(self.cluster.servers[node].port);
        let mut found = Vec::new();
        for range in ranges {
            let [Value::Int(first), Value::Int(last), Value::Array(primary), ..] = range.as_slice() else { panic!() };
            if primary[1] != Value::Int(port) {
                continue;
            }
            for slot in *first..=*last {
                let keys: usize =
                    cmd("CLUSTER").arg("COUNTKEYSINSLOT").arg(slot).query_async(&mut connection).await.unwrap();
                // More than what begins a partition: an account lives there.
                if keys > 4 {
                    found.push(u16::try_from(slot).unwrap());
                }
                if found.len() == count {
                    return found;
                }
            }
        }
        found
    }

    /// As `redis-cli --cluster reshard` does it. How many keys went.
    async fn move_slot(&self, slot: u16, from: usize, to: usize) -> usize {
        let (mut source, mut target) =
            (self.cluster.servers[from].connect().await, self.cluster.servers[to].connect().await);
        let id = async |connection: &mut redis::aio::MultiplexedConnection| -> String {
            cmd("CLUSTER").arg("MYID").query_async(connection).await.unwrap()
        };
        let (source_id, target_id) = (id(&mut source).await, id(&mut target).await);
        let set = |how: &str, id: &str| cmd("CLUSTER").arg("SETSLOT").arg(slot).arg(how).arg(id).to_owned();
        let _: () = set("IMPORTING", &source_id).query_async(&mut target).await.unwrap();
        let _: () = set("MIGRATING", &target_id).query_async(&mut source).await.unwrap();
        let mut moved = 0;
        loop {
            let get = cmd("CLUSTER").arg("GETKEYSINSLOT").arg(slot).arg(16).to_owned();
            let keys: Vec<Vec<u8>> = get.query_async(&mut source).await.unwrap();
            if keys.is_empty() {
                break;
            }
            moved += keys.len();
            let port = self.cluster.servers[to].port;
            let mut migrate = cmd("MIGRATE");
            migrate.arg("127.0.0.1").arg(port).arg("").arg(0).arg(5_000).arg("KEYS").arg(&keys);
            let _: () = migrate.query_async(&mut source).await.unwrap();
        }
        let _: () = set("NODE", &target_id).query_async(&mut target).await.unwrap();
        let _: () = set("NODE", &target_id).query_async(&mut source).await.unwrap();
        for node in self.primaries().await {
            let mut connection = self.cluster.servers[node].connect().await;
            let _: () = set("NODE", &target_id).query_async(&mut connection).await.unwrap();
        }
        moved
    }

    async fn scripts_are_forgotten(&self) {
        let noscript = async || {
            let mut all = 0_u64;
            for node in self.primaries().await {
                let told = self.told(node, "errorstats", "errorstat_NOSCRIPT").await;
                all += told.strip_prefix("count=").map_or(0, |count| count.parse::<u64>().unwrap());
            }
            all
        };
        let before = noscript().await;
        self.fault("scripts are forgotten", async {
            for server in &self.cluster.servers {
                let mut connection = server.connect().await;
                let _: () = cmd("SCRIPT").arg("FLUSH").query_async(&mut connection).await.unwrap();
            }
        })
        .await;
        assert!(noscript().await > before, "somebody asked for one that was gone");
    }

    async fn logs_are_rewritten(&self) {
        let primaries = self.primaries().await;
        let rewrites = async || {
            let mut all = 0;
            for node in &primaries {
                all += self.told(*node, "persistence", "aof_rewrites").await.parse::<u64>().unwrap_or(0);
            }
            all
        };
        let before = rewrites().await;
        self.fault("logs are rewritten", async {
            for node in &primaries {
                let mut connection = self.cluster.servers[*node].connect().await;
                let _: Value = cmd("BGREWRITEAOF").query_async(&mut connection).await.unwrap();
            }
            for node in &primaries {
                while self.told(*node, "persistence", "aof_rewrite_in_progress").await == "1"
                    || self.told(*node, "persistence", "aof_rewrite_scheduled").await == "1"
                {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        })
        .await;
        assert!(rewrites().await > before, "they were");
    }

    /// One permit, asked for by everybody at once over all engines.
    async fn one_of_many_redemptions_wins(&self) {
        // A line that nothing else is asked about.
        let number = ACCOUNTS;
        let provisioning = self.engines.carrier(0).with_token(&self.engines.home.token("provisioning", &[])).unwrap();
        self.engines.home.create(&provisioning, number).await;
        let decided =
            self.engines.carrier(1).decisions().decide(self.engines.home.approved_port(number)).await.unwrap();
        let Some(pb::decision::Detail::Approval(approval)) = decided.into_inner().decision.unwrap().detail else {
            panic!("an owner's approval is approved");
        };
        let mut redeeming = tokio::task::JoinSet::new();
        for turn in 0..REDEMPTIONS_AT_ONCE {
            let request = pb::RedeemPermitRequest {
                request_id: self.engines.home.request_id(),
                permit: approval.permit.clone(),
                line: Some(line(number)),
                change: Some(port()),
            };
            let client = self.engines.carrier(turn % ENGINES);
            redeeming.spawn(async move { client.decisions().redeem_permit(request).await });
        }
        let answers = redeeming.join_all().await;
        let won = answers.iter().filter(|answer| answer.is_ok()).count();
        assert_eq!(won, 1, "of {REDEMPTIONS_AT_ONCE}");
        let refused = |status: &portcullis::grpc::client::Status| {
            matches!(
                status.code(),
                Code::FailedPrecondition | Code::ResourceExhausted | Code::Unavailable | Code::Aborted
            )
        };
        assert!(answers.iter().filter_map(|answer| answer.as_ref().err()).all(refused));
    }

    async fn chains_hold(&self) {
        let keyring = Keyring::load(&self.engines.home.path().join("keyring.json")).unwrap();
        let place = RedisPlace::Cluster { seeds: self.cluster.seeds() };
        let mut options = RedisOptions::new(place, RedisDurability::Replicated(1), Ids::new(&keyring), 0);
        options.key_marks = keyring.marks();
        options.login = RedisLogin::default();
        let store = Arc::new(RedisStore::open(options).await.unwrap());
        let vault = Vault::new(store, &keyring);
        let (tokens, brand) = (Tokens::new(&keyring), Brand::parse("default").unwrap());
        let mut records = 0;
        for number in 0..ACCOUNTS {
            let token = tokens.account(&brand, &AccountId::parse(&account(number)).unwrap());
            records += vault.verify_chain(token, crate::service::now()).await.unwrap();
        }
        println!("{records} records in {ACCOUNTS} chains hold");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_engines_over_a_cluster_lose_nothing_they_acknowledged() {
    let cluster = Cluster::start().await;
    let engines = Engines::start(&cluster).await;
    let mut callers = engines.load();
    let mut trial = Trial { cluster, engines };
    trial.engines.everybody_goes_on().await;
    trial.an_engine_is_killed().await;
    trial.scripts_are_forgotten().await;
    trial.logs_are_rewritten().await;
    trial.one_engine_is_cut_off_from_one_node().await;
    trial.a_replica_takes_over().await;
    trial.slots_are_moved().await;
    trial.a_primary_is_killed().await;
    trial.a_primary_is_frozen().await;
    trial.engines.end_load();
    while let Some(ended) = callers.join_next().await {
        ended.unwrap();
    }
    trial.engines.verify().await;
    trial.one_of_many_redemptions_wins().await;
    trial.chains_hold().await;
}
