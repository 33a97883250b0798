//! Homes on Redis: a server of its own, or a part of a cluster that all laws share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use portcullis::crypto::{Ids, Keyring};
use portcullis::store::Store;
use portcullis::store::redis::{RedisDurability, RedisOptions, RedisPlace, RedisStore};

use crate::harness::{Home, at};
use crate::redis_servers::{Cluster, Server, Settings, beside};

enum Servers {
    Elsewhere,
    One(#[expect(dead_code, reason = "ended with the home")] Server),
    Many(#[expect(dead_code, reason = "ended with the last home")] Arc<Cluster>),
}

/// A store on Redis. Its servers go on when a store of it is dropped: what an engine forgets is not forgotten.
pub(crate) struct OnRedis {
    _servers: Servers,
    options: RedisOptions,
}

impl OnRedis {
    /// On a server of its own that answers from its disk.
    pub(crate) fn server() -> Self {
        let server = Server::start(&Settings::careful());
        let place = RedisPlace::Single(server.address());
        Self { options: options(place, RedisDurability::Fsync), _servers: Servers::One(server) }
    }

    /// Where a test keeps the server itself.
    pub(crate) fn over(options: RedisOptions) -> Self {
        Self { options, _servers: Servers::Elsewhere }
    }

    /// In a cluster, apart from other homes there.
    pub(crate) fn cluster(cluster: &Arc<Cluster>) -> Self {
        let place = RedisPlace::Cluster { seeds: cluster.seeds() };
        let options = options(place, RedisDurability::Replicated(1));
        Self { options, _servers: Servers::Many(Arc::clone(cluster)) }
    }
}

fn options(place: RedisPlace, durability: RedisDurability) -> RedisOptions {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let ids = Ids::new(&Keyring::generate(at(0)).unwrap());
    RedisOptions {
        prefix: format!("law{number}"),
        // Laws move time by hand, and say nothing of how long a busy machine takes.
        clock_ahead_max: None,
        call_timeout: std::time::Duration::from_secs(30),
        ..RedisOptions::new(place, durability, ids, number)
    }
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
