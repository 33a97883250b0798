//! Homes on Redis: a server of its own, or a part of a cluster that all laws share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use portcullis::crypto::{Ids, Keyring};
use portcullis::store::Store;
use portcullis::store::redis::{RedisDurability, RedisLogin, RedisOptions, RedisPlace, RedisStore};
use redis::cmd;

use crate::harness::{Home, at};
use crate::redis_servers::{Cluster, Server, Settings, beside};

enum Servers {
    Elsewhere,
    One(#[expect(dead_code, reason = "ended with the home")] Server),
    Many(#[expect(dead_code, reason = "ended with the last home")] Arc<Cluster>),
}

/// A store on Redis. Its servers go on when a store of it is dropped: what an engine forgets is not forgotten.
pub(crate) struct OnRedis {
    servers: Servers,
    options: RedisOptions,
}

impl OnRedis {
    /// On a server of its own that answers from its disk, as the user that an operator is told to make.
    pub(crate) fn server() -> Self {
        let server = Server::start(&Settings::careful());
        let options = Self::options(RedisPlace::Single(server.address()), RedisDurability::Fsync);
        let login = RedisLogin {
            user: Some("portcullis".to_owned()),
            password: Some("secret".to_owned().into()),
            ..RedisLogin::default()
        };
        beside(grant(&server, &options.prefix));
        Self { options: RedisOptions { login, ..options }, servers: Servers::One(server) }
    }

    /// On a server of its own, for records whose ids another home made.
    pub(crate) fn server_of_ids(ids: &Ids) -> Self {
        let home = Self::server();
        Self { options: RedisOptions { ids: ids.clone(), ..home.options }, servers: home.servers }
    }

    /// How it is opened.
    pub(crate) fn anew(&self) -> RedisOptions {
        static EPOCHS: AtomicU64 = AtomicU64::new(1_000_000);
        RedisOptions { epoch_seed: EPOCHS.fetch_add(1, Ordering::Relaxed), ..self.options.clone() }
    }

    /// Where a test keeps the server itself.
    pub(crate) fn over(options: RedisOptions) -> Self {
        Self { options, servers: Servers::Elsewhere }
    }

    /// In a cluster, apart from other homes there.
    pub(crate) fn cluster(cluster: &Arc<Cluster>) -> Self {
        let place = RedisPlace::Cluster { seeds: cluster.seeds() };
        let options = Self::options(place, RedisDurability::Replicated(1));
        Self { options, servers: Servers::Many(Arc::clone(cluster)) }
    }

    /// How a test opens a store there, apart from all others.
    pub(crate) fn options(place: RedisPlace, durability: RedisDurability) -> RedisOptions {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let ids = Ids::new(&Keyring::generate(at(0)).unwrap());
        RedisOptions {
            prefix: format!("law{number}"),
            // Laws move time by hand, and say nothing of how long a busy machine takes.
            clock_ahead_max: None,
            // Nobody else is there.
            engines_end: std::time::Duration::ZERO,
            call_timeout: std::time::Duration::from_secs(30),
            begins: true,
            ..RedisOptions::new(place, durability, ids, number)
        }
    }
}

/// Makes the user of the operations page, for that prefix.
async fn grant(server: &Server, prefix: &str) {
    let page = include_str!("../../docs/redis.md");
    let (_, from) = page.split_once("ACL SETUSER").unwrap();
    let words = from.split("```").nth(1).unwrap().replace("portcullis:", &format!("{prefix}:"));
    let mut grant = cmd("ACL");
    grant.arg("SETUSER");
    for word in words.split_whitespace() {
        grant.arg(word);
    }
    let _: () = grant.query_async(&mut server.connect().await).await.unwrap();
}

impl Home for OnRedis {
    fn open(&self) -> Box<dyn Store> {
        Box::new(beside(RedisStore::open(self.options.clone())).unwrap())
    }

    async fn close(&self) {
        drop(self.open());
    }

    fn ids(&self) -> &Ids {
        &self.options.ids
    }

    fn counts_as_one(&self) -> bool {
        false
    }
}
