//! A cluster: three primaries, each with a replica.

use std::time::{Duration, Instant};

use portcullis::store::redis::Address;
use redis::cmd;

use super::server::{Server, Settings, free_port};

pub(crate) const PRIMARIES: usize = 3;
const SLOTS: usize = 16_384;

/// How long a cluster may take to come together.
const TOGETHER_WITHIN: Duration = Duration::from_secs(60);

/// Three primaries and their replicas, in this order.
pub(crate) struct Cluster {
    pub(crate) servers: Vec<Server>,
}

impl Cluster {
    /// Starts one, and waits until every node knows all of it.
    pub(crate) async fn start() -> Self {
        let servers: Vec<Server> = (0..2 * PRIMARIES).map(|_| Server::start(&settings())).collect();
        let cluster = Self { servers };
        let share = SLOTS.div_ceil(PRIMARIES);
        let mut ids = Vec::new();
        for (number, server) in cluster.servers.iter().enumerate() {
            let mut connection = server.connect().await;
            let id: String = cmd("CLUSTER").arg("MYID").query_async(&mut connection).await.unwrap();
            ids.push(id);
            let _: () =
                cmd("CLUSTER").arg("SET-CONFIG-EPOCH").arg(number + 1).query_async(&mut connection).await.unwrap();
            if number < PRIMARIES {
                let first = share * number;
                let last = (first + share).min(SLOTS) - 1;
                let _: () = cmd("CLUSTER")
                    .arg("ADDSLOTSRANGE")
                    .arg(first)
                    .arg(last)
                    .query_async(&mut connection)
                    .await
                    .unwrap();
            }
        }
        let mut first = cluster.servers[0].connect().await;
        for (server, port) in cluster.servers.iter().zip(cluster.bus_ports().await).skip(1) {
            let meet = cmd("CLUSTER").arg("MEET").arg("127.0.0.1").arg(server.port).arg(port).to_owned();
            let _: () = meet.query_async(&mut first).await.unwrap();
        }
        cluster.wait(|known| known.matches(" connected").count() >= 2 * PRIMARIES).await;
        for (number, server) in cluster.servers.iter().enumerate().skip(PRIMARIES) {
            let mut connection = server.connect().await;
            let _: () = cmd("CLUSTER")
                .arg("REPLICATE")
                .arg(&ids[number - PRIMARIES])
                .query_async(&mut connection)
                .await
                .unwrap();
        }
        cluster
            .wait(|known| known.matches(" slave ").count() + known.matches("myself,slave ").count() >= PRIMARIES)
            .await;
        cluster.wait_for_replicas().await;
        cluster
    }

    async fn bus_ports(&self) -> Vec<u16> {
        let mut ports = Vec::new();
        for server in &self.servers {
            let mut connection = server.connect().await;
            let found: Vec<String> =
                cmd("CONFIG").arg("GET").arg("cluster-port").query_async(&mut connection).await.unwrap();
            ports.push(found[1].parse().unwrap());
        }
        ports
    }

    /// Some of its nodes, to find the others by.
    pub(crate) fn seeds(&self) -> Vec<Address> {
        self.servers.iter().map(Server::address).collect()
    }

    /// Waits until every node that runs says so of its cluster, and that it works.
    pub(crate) async fn wait(&self, known: impl Fn(&str) -> bool) {
        let begun = Instant::now();
        for server in &self.servers {
            let mut connection = server.connect().await;
            loop {
                let nodes: String = cmd("CLUSTER").arg("NODES").query_async(&mut connection).await.unwrap();
                let info: String = cmd("CLUSTER").arg("INFO").query_async(&mut connection).await.unwrap();
                if known(&nodes) && info.contains("cluster_state:ok") {
                    break;
                }
                assert!(begun.elapsed() < TOGETHER_WITHIN, "the cluster does not come together: {nodes}");
                // Nothing tells of it: it is asked again.
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }

    /// Waits until each primary has a replica that keeps up.
    pub(crate) async fn wait_for_replicas(&self) {
        for server in self.servers.iter().take(PRIMARIES) {
            server.wait_for_replica().await;
        }
    }
}

/// Those of one node: a primary that is gone is missed after so short a time that a test can wait for it.
fn settings() -> Settings {
    Settings::default()
        .with("appendonly", "yes")
        .with("appendfsync", "everysec")
        .with("maxmemory-policy", "noeviction")
        .with("cluster-enabled", "yes")
        .with("cluster-node-timeout", "1500")
        .with("cluster-port", &free_port().to_string())
        .with("repl-diskless-sync-delay", "0")
        .with("repl-diskless-sync", "yes")
}
