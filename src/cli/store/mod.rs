//! `portcullis store`: copies of the embedded store and putting one back (`docs/backup-and-restore.md` is the procedure);
//! beginning one on Redis, and carrying a store into another one, of whichever kind (`docs/redis.md`).
//!
//! Deliberately absent: the keyring. A copy of the store beside its keys would be a copy of everything.

mod backup;
mod begin;
mod command;
mod copy;
mod manifest;
mod reclaim;
mod restore;
mod stats;

pub(super) use command::{StoreCommand, run};
