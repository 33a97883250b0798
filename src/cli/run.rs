//! The start of every command.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser as _;
use tokio::runtime::Builder;

use super::args::{Cli, Command};
use super::dumps::forbid_dumps;
use super::failure::{Exit, Failure};
use super::output::Output;
use super::{
    account, audit, bench, challenge, day, decide, decision, device, doctor, events, incident, keys, lock, notice, pin,
    policy, separation, serve, store, swap, token, transfer_pin,
};

/// So many digits in a row may be a PIN, which has four at least.
const DIGITS_HIDDEN_MIN: usize = 4;

/// Runs the command that the arguments name. What it prints and how it ends is told by `--help`.
pub fn main() -> ExitCode {
    // INVARIANT (secrets-stay-in): before anything is read that a crash could show.
    crate::telemetry::hide_panics();
    let Cli { json, command } = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(usage) => return refuse(&usage),
    };
    let output = Output::new(json);
    match forbid_dumps().and_then(|()| run(command, output)) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            output.fail(&failure);
            failure.exit().into()
        }
    }
}

/// Help is what was asked for; anything else is an argument that cannot be used.
fn refuse(usage: &clap::Error) -> ExitCode {
    if !usage.use_stderr() {
        return usage.print().map_or(Exit::Failed, |()| Exit::Done).into();
    }
    // Nobody is left to tell; the exit code still does.
    let _ = writeln!(io::stderr().lock(), "{}", without_numbers(&usage.to_string()).trim_end());
    Exit::Invalid.into()
}

/// What is wrong with arguments is told with what was typed, and that may be a PIN where none belongs.
fn without_numbers(text: &str) -> String {
    let mut told = String::with_capacity(text.len());
    for piece in text.split_inclusive(|c: char| !c.is_ascii_digit()) {
        let digits = piece.bytes().take_while(u8::is_ascii_digit).count();
        match piece.get(digits..) {
            Some(rest) if digits >= DIGITS_HIDDEN_MIN => {
                told.push_str("...");
                told.push_str(rest);
            }
            _ => told.push_str(piece),
        }
    }
    told
}

fn run(command: Command, output: Output) -> Result<Exit, Failure> {
    match command {
        Command::Serve(args) => serve::run(*args, output),
        Command::Doctor(args) => doctor::run(args, output),
        Command::Bench(args) => bench::run(&args, output),
        Command::Decide(args) => calling(decide::run(*args, output)),
        Command::Challenge(args) => calling(challenge::run(*args, output)),
        Command::Decision(args) => calling(decision::run(*args, output)),
        Command::Lock(args) => calling(lock::run(*args, output)),
        Command::Pin(args) => calling(pin::run(*args, output)),
        Command::TransferPin(args) => calling(transfer_pin::run(*args, output)),
        Command::Device(args) => calling(device::run(*args, output)),
        Command::Swap(args) => calling(swap::run(*args, output)),
        Command::Account(args) => calling(account::run(*args, output)),
        Command::Events(args) => calling(events::run(*args, output)),
        Command::Incident(args) => calling(incident::run(*args, output)),
        Command::Hold(args) => calling(incident::run_hold(*args, output)),
        Command::Separation(command) => separation::run(*command, output),
        Command::Notice(command) => notice::run(command, output),
        Command::Audit(args) => calling(audit::run(*args, output)),
        Command::Day(args) => day::run(args, output),
        Command::Policy(command) => policy::run(command, output),
        Command::Keys(command) => keys::run(command, output),
        Command::Store(command) => store::run(*command, output),
        Command::Token(command) => token::run(*command, output),
    }
}

/// Runs a command that calls a service: one thread is enough to ask and wait.
pub(super) fn calling(work: impl Future<Output = Result<Exit, Failure>>) -> Result<Exit, Failure> {
    on(Builder::new_current_thread(), work)
}

/// Runs a command that has services of its own, on all cores.
pub(super) fn serving(work: impl Future<Output = Result<Exit, Failure>>) -> Result<Exit, Failure> {
    on(Builder::new_multi_thread(), work)
}

fn on(mut threads: Builder, work: impl Future<Output = Result<Exit, Failure>>) -> Result<Exit, Failure> {
    let runtime = threads.enable_all().build();
    runtime.map_err(|error| Failure::failed(format!("cannot start: {error}")))?.block_on(work)
}

#[cfg(test)]
mod tests {
    use super::without_numbers;

    #[test]
    fn numbers_that_may_be_secrets_are_not_told_again() {
        let told = without_numbers("unexpected argument '482951' found; use --port 443 or 12.3, not +12125550123");
        assert_eq!(told, "unexpected argument '...' found; use --port 443 or 12.3, not +...");
        assert_eq!(without_numbers("1234"), "...");
        assert_eq!(without_numbers("no \u{e9} number"), "no \u{e9} number");
    }
}
