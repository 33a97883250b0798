//! Sentinels, who agree on who the primary is.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use portcullis::store::redis::Address;
use redis::aio::MultiplexedConnection;
use redis::cmd;
use tempfile::TempDir;

use super::server::{Server, free_port};

/// What sentinels call the primary.
pub(crate) const NAME: &str = "main";

const SENTINELS: usize = 3;
const QUORUM: usize = 2;

/// How long they may take to find each other.
const TOGETHER_WITHIN: Duration = Duration::from_secs(60);

/// One sentinel.
struct Sentinel {
    port: u16,
    child: Child,
    _folder: TempDir,
}

impl Sentinel {
    fn start(primary: &Server) -> Self {
        let (port, folder) = (free_port(), TempDir::new().unwrap());
        let file = folder.path().join("sentinel.conf");
        let lines = [
            format!("port {port}"),
            "bind 127.0.0.1".to_owned(),
            format!("dir {}", folder.path().display()),
            format!("sentinel monitor {NAME} 127.0.0.1 {} {QUORUM}", primary.port),
            format!("sentinel down-after-milliseconds {NAME} 1000"),
            format!("sentinel failover-timeout {NAME} 3000"),
        ];
        std::fs::write(&file, lines.join("\n")).unwrap();
        let mut command = Command::new("redis-server");
        command.arg(&file).arg("--sentinel").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("`redis-server`, from the package of that name");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let is_ready = lines.by_ref().map_while(Result::ok).any(|line| line.contains("+monitor master"));
        assert!(is_ready, "a sentinel starts");
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Self { port, child, _folder: folder }
    }

    async fn connect(&self) -> MultiplexedConnection {
        let client = redis::Client::open(format!("redis://127.0.0.1:{}", self.port)).unwrap();
        client.get_multiplexed_async_connection().await.unwrap()
    }
}

impl Drop for Sentinel {
    fn drop(&mut self) {
        // One that is gone already needs no end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Three of them.
pub(crate) struct Sentinels(Vec<Sentinel>);

impl Sentinels {
    /// Starts them, and waits until they know each other and the primary's replica.
    pub(crate) async fn watch(primary: &Server) -> Self {
        let sentinels = Self((0..SENTINELS).map(|_| Sentinel::start(primary)).collect());
        let begun = Instant::now();
        for sentinel in &sentinels.0 {
            let mut connection = sentinel.connect().await;
            loop {
                let told: Vec<String> =
                    cmd("SENTINEL").arg("MASTER").arg(NAME).query_async(&mut connection).await.unwrap();
                let number = |name: &str| -> usize {
                    let at = told.iter().position(|known| known == name).unwrap();
                    told[at + 1].parse().unwrap()
                };
                if number("num-other-sentinels") == SENTINELS - 1 && number("num-slaves") == 1 {
                    break;
                }
                assert!(begun.elapsed() < TOGETHER_WITHIN, "the sentinels do not come together: {told:?}");
                // Nothing tells of it: it is asked again.
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        sentinels
    }

    /// Waits until all of them name that server the primary.
    pub(crate) async fn wait_until_named(&self, server: &Server) {
        let begun = Instant::now();
        for sentinel in &self.0 {
            let mut connection = sentinel.connect().await;
            loop {
                let ask = cmd("SENTINEL").arg("get-master-addr-by-name").arg(NAME).to_owned();
                let told: Vec<String> = ask.query_async(&mut connection).await.unwrap();
                if told[1] == server.port.to_string() {
                    break;
                }
                assert!(begun.elapsed() < TOGETHER_WITHIN, "the sentinels name {told:?}");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }

    /// The primary's port, as the first of them names it now.
    pub(crate) async fn named(&self) -> u16 {
        let mut connection = self.0[0].connect().await;
        let ask = cmd("SENTINEL").arg("get-master-addr-by-name").arg(NAME).to_owned();
        let told: Vec<String> = ask.query_async(&mut connection).await.unwrap();
        told[1].parse().unwrap()
    }

    pub(crate) fn addresses(&self) -> Vec<Address> {
        self.0.iter().map(|one| Address { host: "127.0.0.1".to_owned(), port: one.port }).collect()
    }
}
