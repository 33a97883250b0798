//! Stores for commands that start services of their own: a folder each, or a part each of a Redis that is started for them
//! and ended with them.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use clap::ValueEnum;

use super::failure::Failure;
use crate::config::{Bounded, RedisUrl, Store, StoreDurability, StoreFolder, StoreRedis};

/// Which store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StoreKind {
    /// The one inside the process
    Embedded,
    /// One `redis-server` of this machine, started for it on a free port, which answers from its disk
    Redis,
}

impl StoreKind {
    /// As it is written.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Redis => "redis",
        }
    }
}

/// Where stores are made.
pub(crate) struct Stores {
    redis: Option<OwnRedis>,
    made: AtomicU64,
}

impl Stores {
    /// Starts what is needed. Files lie below `folder`.
    pub(crate) fn start(kind: StoreKind, folder: &Path) -> Result<Self, Failure> {
        let redis = match kind {
            StoreKind::Embedded => None,
            StoreKind::Redis => Some(OwnRedis::start(&folder.join("redis"))?),
        };
        Ok(Self { redis, made: 0.into() })
    }

    /// The settings of another store, which is empty. An embedded one is made in that folder.
    pub(crate) fn another(&self, path: PathBuf, durability: StoreDurability) -> Result<Store, Failure> {
        let Some(redis) = &self.redis else {
            return Ok(Store::Folder(StoreFolder { path, disk_reserve_mib: Bounded::of::<512>(), durability }));
        };
        let url = format!("redis://127.0.0.1:{}", redis.port);
        Ok(Store::Redis(Box::new(StoreRedis {
            url: RedisUrl::parse(&url).map_err(Failure::failed)?,
            password_file: None,
            ca_file: None,
            identity: None,
            prefix: format!("store{}", self.made.fetch_add(1, Ordering::Relaxed)),
            replicas: Bounded::of::<0>(),
            call_timeout_ms: Bounded::of::<10_000>(),
            durability,
            begins: true,
        })))
    }
}

/// A server of this process's own.
struct OwnRedis {
    child: Child,
    port: u16,
}

/// Another process may take a free port first: then another one is tried.
const TRIES: usize = 10;

impl OwnRedis {
    fn start(folder: &Path) -> Result<Self, Failure> {
        fs::create_dir_all(folder)
            .map_err(|error| Failure::failed(format!("cannot make `{}`: {error}", folder.display())))?;
        for _ in 0..TRIES {
            if let Some(started) = Self::on_free_port(folder)? {
                return Ok(started);
            }
        }
        Err(Failure::failed(format!("`redis-server` does not start: its log is in `{}`", folder.display())))
    }

    fn on_free_port(folder: &Path) -> Result<Option<Self>, Failure> {
        let cannot = |error: std::io::Error| Failure::failed(format!("cannot start `redis-server`: {error}"));
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(cannot)?;
        let port = free.local_addr().map_err(cannot)?.port();
        drop(free);
        let log = File::create(folder.join("log")).map_err(cannot)?;
        let mut command = Command::new("redis-server");
        command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""]);
        command.args(["--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction"]);
        command.args(["--hash-max-listpack-value", "4096", "--hash-max-listpack-entries", "1024"]);
        command.arg("--dir").arg(folder).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let mut child =
            command.spawn().map_err(|error| cannot(error).advise("install it (Debian's package `redis-server`)"))?;
        let mut lines = child.stdout.take().map(BufReader::new).map(BufReader::lines);
        let ready = |line: std::io::Result<String>| line.is_ok_and(|line| line.contains("Ready to accept connections"));
        if !lines.as_mut().is_some_and(|lines| lines.any(ready)) {
            // It has ended, or will not answer: the next one is another.
            let _ = child.kill();
            let _ = child.wait();
            return Ok(None);
        }
        // Read on, so that it never waits for somebody to read what it says.
        std::thread::spawn(move || lines.into_iter().flatten().for_each(drop));
        Ok(Some(Self { child, port }))
    }
}

impl Drop for OwnRedis {
    fn drop(&mut self) {
        // One that is gone already needs no end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
