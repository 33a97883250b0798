//! `portcullis account`.

use clap::{Args, Subcommand};

use super::answers::{Account, Activities};
use super::connection::ConnectionArgs;
use super::failure::{EXIT_CODES, Exit, Failure};
use super::flags::{Scope, ScopeArgs};
use super::import;
use super::output::Output;
use crate::grpc::pb::v1 as pb;

const EXAMPLES: &str = "\
Examples:
  portcullis account import subscribers.jsonl
  portcullis account show --account A-1
  portcullis account show +12125550123
  portcullis account activity --account A-1
";

/// `portcullis account`.
#[derive(Args)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(crate) struct AccountArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(subcommand)]
    command: AccountCommand,
}

#[derive(Subcommand)]
enum AccountCommand {
    /// Tell the service which accounts and lines there are, from a file
    Import(import::ImportArgs),
    /// Show an account, as far as the token's role may know it
    Show(ShowArgs),
    /// List what was tried and done on an account or a line, the newest first
    Activity(ActivityArgs),
}

#[derive(Args)]
struct ShowArgs {
    #[command(flatten)]
    scope: ScopeArgs,
}

#[derive(Args)]
struct ActivityArgs {
    #[command(flatten)]
    scope: ScopeArgs,
    /// How many at a time
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(i32).range(1..=100))]
    page_size: i32,
    /// From the page before
    #[arg(long, value_name = "TOKEN")]
    page_token: Option<String>,
}

/// Runs it.
pub(crate) async fn run(args: AccountArgs, output: Output) -> Result<Exit, Failure> {
    let AccountArgs { connection, command } = args;
    match command {
        AccountCommand::Import(args) => return import::run(args, &connection, output).await,
        AccountCommand::Show(args) => {
            let request = get_account(&args)?;
            let told = connection.connect().await?.accounts().get_account(request).await?.into_inner();
            output.show(&Account(told.account.unwrap_or_default()))?;
        }
        AccountCommand::Activity(args) => {
            let request = list_activity(args)?;
            let told = connection.connect().await?.protection().list_activity(request).await?.into_inner();
            output.show(&Activities(told))?;
        }
    }
    Ok(Exit::Done)
}

fn get_account(args: &ShowArgs) -> Result<pb::GetAccountRequest, Failure> {
    use pb::get_account_request::Ref;
    let name = match args.scope.scope()? {
        Scope::Line(line) => Ref::Line(line),
        Scope::Account(id) => Ref::AccountId(id),
    };
    Ok(pb::GetAccountRequest { r#ref: Some(name) })
}

fn list_activity(args: ActivityArgs) -> Result<pb::ListActivityRequest, Failure> {
    use pb::list_activity_request::Scope as Wire;
    let scope = match args.scope.scope()? {
        Scope::Line(line) => Wire::Line(line),
        Scope::Account(id) => Wire::AccountId(id),
    };
    Ok(pb::ListActivityRequest {
        scope: Some(scope),
        page_size: args.page_size,
        page_token: args.page_token.unwrap_or_default(),
    })
}
