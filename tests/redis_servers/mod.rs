//! Real Redis servers for tests: started on free ports, with their files in a folder of their own, gone with their owner.

#![allow(dead_code, unused_imports, reason = "each test binary uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says so"
)]

mod cluster;
mod sentinel;
mod server;
mod tls;

pub(crate) use cluster::{Cluster, PRIMARIES};
pub(crate) use sentinel::{NAME, Sentinels};
pub(crate) use server::{Pair, Server, Settings};
pub(crate) use tls::Tls;

use std::sync::LazyLock;

/// Where stores of tests keep their connections: tests end, and the stores they open one after the other go on.
pub(crate) static BESIDE: LazyLock<tokio::runtime::Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
});

/// Waits for a future that needs the runtime beside, from inside of another or of none.
pub(crate) fn beside<T: Send>(future: impl Future<Output = T> + Send) -> T {
    std::thread::scope(|scope| scope.spawn(|| BESIDE.block_on(future)).join().expect("a future that ends"))
}
