//! What the real program survives: killed, traced and starved, and asked again; attacked, and asked meanwhile.
#![allow(clippy::unnecessary_wraps, reason = "requests are built as the messages want them")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says so"
)]

mod archive;
mod disk;
mod engines;
mod faults;
mod hostile;
mod http2;
mod kill;
#[path = "../redis_servers/mod.rs"]
mod redis_servers;
mod reseal;
mod service;
mod trace;
