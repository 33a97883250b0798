//! What `portcullis store` can do.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{backup, begin, copy, reclaim, restore, stats};
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;
use crate::cli::serve::setting;
use crate::config::{Config, Overrides, StoreFolder};

/// `portcullis store`.
#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Copy the store into a new folder, whether a service runs on it or not
    Backup(backup::BackupArgs),
    /// Put a copy into an empty folder, and void the permits that were open in it
    Restore(restore::RestoreArgs),
    /// Copy a store into another one, of the same kind or of the other, while no service runs on either
    Copy(copy::CopyArgs),
    /// Let a store serve again that was copied, where the other one never served
    Reclaim(reclaim::ReclaimArgs),
    /// Begin a new store on Redis: a service begins none by itself, since one that was lost looks the same
    Begin(begin::BeginArgs),
    /// Count what the store holds, and what it takes
    Stats(stats::StatsArgs),
}

/// Runs it.
pub(crate) fn run(command: StoreCommand, output: Output) -> Result<Exit, Failure> {
    match command {
        StoreCommand::Backup(args) => backup::run(args, output),
        StoreCommand::Restore(args) => restore::run(args, output),
        StoreCommand::Copy(args) => copy::run(&args, output),
        StoreCommand::Reclaim(args) => reclaim::run(args, output),
        StoreCommand::Begin(args) => begin::run(args, output),
        StoreCommand::Stats(args) => stats::run(args, output),
    }
}

/// Which settings hold.
#[derive(Debug, Args)]
pub(super) struct SettingsArgs {
    /// The settings' file, as `serve` takes it
    #[arg(long, env = "PORTCULLIS_CONFIG", hide_env_values = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A setting that lays over file and variables; may be repeated
    #[arg(long, value_name = "SECTION.KEY=VALUE", value_parser = setting)]
    set: Vec<(String, String)>,
}

impl SettingsArgs {
    /// The settings.
    pub(super) fn load(self) -> Result<Config, Failure> {
        let overrides = self.set.into_iter().fold(Overrides::default(), |all, (key, value)| all.with(key, value));
        Config::load(self.config.as_deref(), &overrides).map_err(|error| Failure::caused(Exit::Invalid, &error))
    }
}

/// The folder of the embedded store, which these commands are for.
pub(super) fn folder_of(config: &Config) -> Result<&StoreFolder, Failure> {
    config.store.folder().ok_or_else(|| {
        Failure::invalid("the store is on Redis, and this command is for the embedded one")
            .advise("copy the servers' own files instead: docs/redis.md says how")
    })
}
