//! The start of every command.

use std::process::ExitCode;

use clap::Parser as _;

use super::args::{Cli, Command};
use super::failure::{Exit, Failure};
use super::output::Output;
use super::{account, audit, bench, day, decide, decision, doctor, keys, lock, pin, serve, store, token, transfer_pin};

/// Runs the command that the arguments name. What it prints and how it ends is told by `--help`.
pub fn main() -> ExitCode {
    let Cli { json, command } = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(usage) => return refuse(&usage),
    };
    let output = Output::new(json);
    match run(command, output) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            output.fail(&failure);
            failure.exit().into()
        }
    }
}

/// Help is what was asked for; anything else is an argument that cannot be used.
fn refuse(usage: &clap::Error) -> ExitCode {
    let exit = if usage.use_stderr() { Exit::Invalid } else { Exit::Done };
    match usage.print() {
        Ok(()) => exit.into(),
        Err(_) => Exit::Failed.into(),
    }
}

fn run(command: Command, output: Output) -> Result<Exit, Failure> {
    match command {
        Command::Serve(args) => serve::run(*args, output),
        Command::Doctor(args) => doctor::run(args, output),
        Command::Bench(args) => bench::run(&args, output),
        Command::Decide(args) => calling(decide::run(*args, output)),
        Command::Decision(args) => calling(decision::run(*args, output)),
        Command::Lock(args) => calling(lock::run(*args, output)),
        Command::Pin(args) => calling(pin::run(*args, output)),
        Command::TransferPin(args) => calling(transfer_pin::run(*args, output)),
        Command::Account(args) => calling(account::run(*args, output)),
        Command::Audit(args) => calling(audit::run(*args, output)),
        Command::Day(args) => day::run(args, output),
        Command::Keys(command) => keys::run(command, output),
        Command::Store(command) => store::run(*command, output),
        Command::Token(command) => token::run(*command, output),
    }
}

/// Runs a command that calls a service: one thread is enough to ask and wait.
pub(super) fn calling(work: impl Future<Output = Result<Exit, Failure>>) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| Failure::failed(format!("cannot start: {error}")))?.block_on(work)
}
