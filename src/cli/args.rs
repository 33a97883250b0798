//! The commands there are.

use clap::{Parser, Subcommand};

use super::failure::EXIT_CODES;
use super::{
    account, audit, bench, challenge, day, decide, decision, device, doctor, events, incident, keys, lock, notice, pin,
    policy, separation, serve, store, swap, token, transfer_pin,
};

const ABOUT: &str = "\
Decides whether a phone line may be changed, before it is changed.

`portcullis serve` answers over gRPC; the other commands ask a running service, or make keys and tokens for one.";

const EXAMPLES: &str = "\
A service on this machine, for development:
  portcullis keys generate ./dev --development
  portcullis serve --config ./dev/portcullis.toml

Another terminal, asking it:
  export PORTCULLIS_CA_FILE=./dev/ca.pem PORTCULLIS_TOKEN_FILE=./dev/token
  portcullis token mint --issuer-key ./dev/issuer.key --out ./dev/token \\
      --role porting_system --subject hub --spid 5678
  portcullis decide port-out +12125550123 --to 5678 --pon PON-1 --account-number 100042
";

/// The command line.
#[derive(Parser)]
#[command(
    name = "portcullis",
    version,
    about = ABOUT,
    after_long_help = format!("{EXAMPLES}\n{EXIT_CODES}"),
    after_help = "`--help` shows examples and exit codes.",
    propagate_version = true,
    max_term_width = 110
)]
pub(super) struct Cli {
    /// Answer with one JSON object, with the contract's own names; errors too, on standard error
    #[arg(long, global = true)]
    pub(super) json: bool,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// What can be done.
#[derive(Subcommand)]
pub(super) enum Command {
    /// Answer over gRPC
    Serve(Box<serve::ServeArgs>),
    /// Look at all that a service needs, and say what is wrong
    Doctor(doctor::DoctorArgs),
    /// Put a service of its own under load, beside the floors that none can go below
    Bench(bench::BenchArgs),
    /// Ask whether a line may be changed
    Decide(Box<decide::DecideArgs>),
    /// List, meet and decline what waits for a customer
    Challenge(Box<challenge::ChallengeArgs>),
    /// Complete, redeem, show, watch, withdraw or report a decision
    Decision(Box<decision::DecisionArgs>),
    /// Turn protection on and off, and show it
    Lock(Box<lock::LockArgs>),
    /// Change the account PIN, or tell whether there is one
    Pin(Box<pin::PinArgs>),
    /// Issue, revoke and list transfer PINs
    TransferPin(Box<transfer_pin::TransferPinArgs>),
    /// Take app keys off accounts
    Device(Box<device::DeviceArgs>),
    /// Report a SIM change as somebody else's, and undo what was set since
    Swap(Box<swap::SwapArgs>),
    /// Import and show accounts, and what happened on them
    Account(Box<account::AccountArgs>),
    /// Tell the service what happened elsewhere
    Events(Box<events::EventsArgs>),
    /// Tell of a breach: older PINs prove nothing
    Incident(Box<incident::IncidentArgs>),
    /// Hold staff, stores, devices, tokens and carriers, and lift it
    Hold(Box<incident::HoldArgs>),
    /// Separate lines from an account without its owner, with a second person
    #[command(subcommand)]
    Separation(Box<separation::SeparationCommand>),
    /// List what customers were not told yet, and have it told again
    #[command(subcommand)]
    Notice(notice::NoticeCommand),
    /// Read what was recorded, follow it, and verify that it is as it was
    Audit(Box<audit::AuditArgs>),
    /// Play a made-up day at a carrier against a service of one's own
    Day(day::DayArgs),
    /// Look at policies, before they decide
    #[command(subcommand)]
    Policy(policy::PolicyCommand),
    /// Make and list keys
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Copy the store, and put a copy back
    #[command(subcommand)]
    Store(Box<store::StoreCommand>),
    /// Make access tokens, as the development issuer
    #[command(subcommand)]
    Token(Box<token::TokenCommand>),
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::CommandFactory as _;

    use super::Cli;

    const README: &str = include_str!("../../README.md");

    /// The commands that rows of the README's table name: an item without its parent has that of the item before it.
    fn told() -> BTreeSet<String> {
        let mut told = BTreeSet::new();
        for cell in README.lines().filter_map(|line| line.strip_prefix("| ")?.split(" |").next()) {
            let mut parent = "";
            for item in cell.split('`').skip(1).step_by(2) {
                let is_bare = !item.contains(' ') && !parent.is_empty();
                if is_bare {
                    told.insert(format!("{parent} {item}"));
                } else {
                    told.insert(item.to_owned());
                    parent = item.rsplit_once(' ').map_or("", |(parent, _)| parent);
                }
            }
        }
        told
    }

    fn commands(of: &clap::Command, path: &str, all: &mut BTreeSet<String>) {
        let path = format!("{path} {}", of.get_name());
        let under: Vec<_> = of.get_subcommands().filter(|command| command.get_name() != "help").collect();
        if under.is_empty() {
            all.insert(path.trim_start().to_owned());
        }
        for command in under {
            commands(command, &path, all);
        }
    }

    #[test]
    fn the_readme_names_every_command() {
        let mut all = BTreeSet::new();
        Cli::command().get_subcommands().for_each(|command| commands(command, "", &mut all));
        let told = told();
        // What is decided on is a command of its own, under several: one row names them.
        let is_told = |command: &&String| {
            told.contains(*command) || command.rsplit_once(' ').is_some_and(|(parent, _)| told.contains(parent))
        };
        let untold: Vec<_> = all.iter().filter(|command| !is_told(command)).collect();
        assert!(untold.is_empty(), "the README's table lacks {untold:?}");
    }

    #[test]
    fn the_commands_contradict_nothing() {
        Cli::command().debug_assert();
    }
}
