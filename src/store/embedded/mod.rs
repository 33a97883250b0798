//! The store inside the process: SQLite in one folder that one process owns.
//!
//! | file | holds |
//! | --- | --- |
//! | `options` | how it is opened, and why it may refuse |
//! | `folder` | the folder: its lock, its file system, its free space, how far it had come |
//! | `schema`, `layout` | the tables, and the integer keys made of tokens |
//! | `tables/` | what is asked of each table |
//! | `store` | the store's contract, kept by sending jobs to the threads below |
//! | `writer`, `group`, `plan` | one thread, one transaction for many jobs: check everything, then write |
//! | `reader` | threads that read many loads in one transaction |
//! | `loads` | what a load does, wherever it runs |
//! | `counters` | windows in memory; they are rebuilt from an append-only journal |
//! | `housekeeping` | forgetting what is old, a little with each group |
//! | `reservations` | request keys reserved in memory |
//! | `checkpoint` | moving the write-ahead log into the database, off the writer's path |
//! | `names`, `lookup`, `merge` | names in memory, in a log, and from there in order into their tables |
//! | `moving`, `filling` | being carried into another store, and being filled from one |
//! | `backup` | a copy of a store, and putting one back |
//! | `look` | looking at a store from outside: what it says of itself, who owns it, what it lies on |
//! | `stats` | how much it holds |
//! | `check` | looking through the files after an unclean end |
//! | `shared`, `fault` | what the threads share: health first of all |
//!
//! Answers leave after the fsync. Any failed write ends the store's service for good: what the disk holds is then known
//! only after a restart. Nothing here reads the wall clock; the monotonic one only measures.

pub mod backup;
mod check;
mod checkpoint;
mod counters;
mod fault;
mod filling;
mod folder;
mod group;
mod housekeeping;
mod instant;
mod layout;
mod loads;
pub mod look;
mod lookup;
mod merge;
mod moving;
mod names;
mod open;
mod options;
mod plan;
mod reader;
mod reservations;
mod schema;
mod shared;
mod stats;
mod store;
mod tables;
#[cfg(test)]
mod tests;
mod writer;

pub use options::{Durability, OpenError, OpenOptions, StoreObserver};
pub use store::EmbeddedStore;
