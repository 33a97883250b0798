//! The store of many engines: Redis, as one server, behind Sentinel or as a cluster.
//!
//! | file | holds |
//! | --- | --- |
//! | `options` | where it is, how a connection is made, what an acknowledged commit survives, and why it may refuse |
//! | `keys`, `wire` | what is kept under which key, and in which bytes |
//! | `scripts`, `scripts/` | one Lua script for each atomic step, its contract at its head |
//! | `store` | the store's contract |
//! | `loading`, `committing` | the two steps that a decision waits for |
//! | `pages`, `keeping` | reading all of something; taking records out and sealing anew |
//! | `moving`, `walking`, `filling`, `holding` | being carried into another store, and being filled from one; no engine begins meanwhile |
//! | `stats` | how much it holds |
//! | `requests` | request keys that this engine reserved of late |
//! | `step` | one step: sent to whoever has the partition, again where that is harmless, answered in time |
//! | `node` | one server: its connections, and the lines in which writes are proven |
//! | `fabric`, `layout` | all servers, and who of them has what |
//! | `keeper` | beside the calls: learning who has what, looking whether all answers, hearing rings |
//! | `check`, `opening` | what a server must promise; what is checked and begun before anything is served |
//!
//! INVARIANT (time-is-an-argument): what expires by the servers' clocks is kept longer than anybody asks for it.

mod check;
mod committing;
mod fabric;
mod filling;
mod holding;
mod keeper;
mod keeping;
mod keys;
mod layout;
mod loading;
mod moving;
mod node;
mod opening;
mod options;
mod pages;
mod requests;
mod scripts;
mod stats;
mod step;
mod store;
#[cfg(test)]
mod tests;
mod walking;
mod wire;

pub use opening::{Examined, examine};
pub use options::{
    Address, RedisDurability, RedisLogin, RedisObserver, RedisOpenError, RedisOptions, RedisPlace, RedisTls,
};
pub use stats::stats;
pub use store::RedisStore;
