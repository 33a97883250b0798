//! `portcullis store`: copies of the embedded store, and putting one back. `docs/backup-and-restore.md` is the procedure.
//!
//! Deliberately absent: the keyring. A copy of the store beside its keys would be a copy of everything.

mod backup;
mod command;
mod manifest;
mod restore;

pub(super) use command::{StoreCommand, run};
