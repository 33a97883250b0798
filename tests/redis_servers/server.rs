//! One server.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use portcullis::store::redis::Address;
use redis::aio::MultiplexedConnection;
use redis::{Value, cmd};
use tempfile::TempDir;

/// How long a replica may need to be one that keeps up.
const REPLICA_WITHIN: Duration = Duration::from_secs(60);

/// How a server is set up. Its files outlive it: it can be started again with the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Settings(Vec<(String, String)>);

impl Settings {
    /// Answers only once everything is on the disk.
    pub(crate) fn careful() -> Self {
        Self::default().with("appendonly", "yes").with("appendfsync", "always").with("maxmemory-policy", "noeviction")
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.0.retain(|(known, _)| known != name);
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// A server that is ended with its owner.
pub(crate) struct Server {
    pub(crate) port: u16,
    settings: Settings,
    folder: TempDir,
    child: Option<Child>,
}

impl Server {
    /// Starts one, on a port that nobody uses.
    pub(crate) fn start(settings: &Settings) -> Self {
        // Another process may take the port in between: then there is another one.
        for _ in 0..20 {
            let port = free_port();
            let folder = TempDir::new().expect("a folder");
            let mut server = Self { port, settings: settings.clone(), folder, child: None };
            if server.try_run() {
                return server;
            }
        }
        panic!("no Redis starts: is `redis-server` installed?");
    }

    pub(crate) fn address(&self) -> Address {
        Address { host: "127.0.0.1".to_owned(), port: self.port }
    }

    /// Starts it again where it was, with its files.
    pub(crate) fn run_again(&mut self) {
        assert!(self.try_run(), "a Redis that ran before starts again on its port");
    }

    /// The same with a setting changed.
    pub(crate) fn run_again_with(&mut self, name: &str, value: &str) {
        self.settings = self.settings.clone().with(name, value);
        self.run_again();
    }

    fn try_run(&mut self) -> bool {
        let mut command = Command::new("redis-server");
        command.arg("--port").arg(self.port.to_string()).arg("--bind").arg("127.0.0.1");
        command.arg("--dir").arg(self.folder.path()).arg("--save").arg("").arg("--loglevel").arg("notice");
        for (name, value) in &self.settings.0 {
            command.arg(format!("--{name}")).arg(value);
        }
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("`redis-server`, from the package of that name");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        // It says itself when it is ready, or ends.
        let is_ready = lines.by_ref().map_while(Result::ok).any(|line| line.contains("Ready to accept connections"));
        if !is_ready {
            child.wait().expect("an end");
            return false;
        }
        // Its output is read on, so that it never waits for a reader.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        self.child = Some(child);
        true
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.as_ref().expect("a running server").id()
    }

    /// Ends it as a crash would.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("a signal");
            child.wait().expect("an end");
        }
    }

    /// Sends its process a signal, by name.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.pid().to_string()).status().expect("`kill`");
        assert!(sent.success());
    }

    /// A connection of the test's own.
    pub(crate) async fn connect(&self) -> MultiplexedConnection {
        let client = redis::Client::open(format!("redis://127.0.0.1:{}", self.port)).expect("an address");
        client.get_multiplexed_async_connection().await.expect("a connection")
    }

    /// Waits until it has a replica that keeps up.
    pub(crate) async fn wait_for_replica(&self) {
        let (mut connection, begun) = (self.connect().await, Instant::now());
        loop {
            // Something is written, so that there is something to keep up with.
            let _: Value = cmd("PUBLISH").arg("x").arg("x").query_async(&mut connection).await.expect("an answer");
            let info: String = cmd("INFO").arg("replication").query_async(&mut connection).await.expect("an answer");
            if info.contains("state=online") {
                break;
            }
            assert!(begun.elapsed() < REPLICA_WITHIN, "a replica does not keep up: {info}");
            // Nothing tells of it: it is asked again.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Where its files are.
    pub(crate) fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A primary and its replica.
pub(crate) struct Pair {
    pub(crate) primary: Server,
    pub(crate) replica: Server,
}

impl Pair {
    /// Starts both, and waits until the replica keeps up.
    pub(crate) async fn start() -> Self {
        let settings = Settings::careful().with("appendfsync", "everysec").with("repl-diskless-sync-delay", "0");
        let pair = Self { primary: Server::start(&settings), replica: Server::start(&settings) };
        let of = cmd("REPLICAOF").arg("127.0.0.1").arg(pair.primary.port).to_owned();
        let _: () = of.query_async(&mut pair.replica.connect().await).await.expect("an answer");
        pair.primary.wait_for_replica().await;
        pair
    }
}

/// A port that nobody listens on now, and whose cluster bus can be one higher than any such port's.
pub(super) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}
