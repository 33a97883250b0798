//! What `portcullis keys` can do.

use clap::Subcommand;

use super::{app, doctor, generate, list, reseal, retire, rotate};
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;
use crate::cli::run::calling;

/// `portcullis keys`.
#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Make a keyring; with --development all that a service on this machine needs
    Generate(generate::GenerateArgs),
    /// List a keyring's keys, without their material
    List(list::ListArgs),
    /// Put a new key in the place of one, which goes on opening what it made
    Rotate(rotate::RotateArgs),
    /// Have the running service seal anew what is under retired keys
    Reseal(reseal::ResealArgs),
    /// Take a retired key out for good, once nothing names it
    Retire(retire::RetireArgs),
    /// Look whether a keyring is as it should be, alone, beside its store and beside the service that runs with it
    Doctor(doctor::DoctorArgs),
    /// Make the key that a customer's app would hold, for development
    App(app::AppArgs),
}

/// Runs it.
pub(crate) fn run(command: KeysCommand, output: Output) -> Result<Exit, Failure> {
    match command {
        KeysCommand::Generate(args) => generate::run(&args, output),
        KeysCommand::List(args) => list::run(&args, output),
        KeysCommand::Rotate(args) => rotate::run(&args, output),
        KeysCommand::Reseal(args) => calling(reseal::run(&args, output)),
        KeysCommand::Retire(args) => calling(retire::run(&args, output)),
        KeysCommand::Doctor(args) => calling(doctor::run(&args, output)),
        KeysCommand::App(args) => app::run(&args, output),
    }
}
