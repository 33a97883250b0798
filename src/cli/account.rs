//! `portcullis account`.

use clap::{Args, Subcommand};

use serde_json::{Value, json};

use super::answers::{Account, Activities, Followed};
use super::connection::{ConnectionArgs, RequestIdArgs, answered};
use super::failure::{EXIT_CODES, Exit, Failure};
use super::flags::{ChannelName, PlaceArgs, Scope, ScopeArgs};
use super::import;
use super::output::{Answer, Output};
use crate::grpc::pb::v1 as pb;

const EXAMPLES: &str = "\
Examples:
  portcullis account import subscribers.jsonl
  portcullis account show --account A-1
  portcullis account show +12125550123
  portcullis account activity --account A-1
  portcullis account watch +12125550123 | tee seen
  portcullis account dispute 019ca8f1-2233-7444-8555-66778899aa0a
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
    /// Follow what is tried and done, as it happens
    Watch(WatchArgs),
    /// Say that something in that list was not you: all is locked at once
    Dispute(DisputeArgs),
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

#[derive(Args)]
struct WatchArgs {
    #[command(flatten)]
    scope: ScopeArgs,
    /// What was seen last: all that came after it is told first
    #[arg(long, value_name = "ID", default_value = "", hide_default_value = true)]
    after: String,
    /// Ends after so many
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
}

#[derive(Args)]
struct DisputeArgs {
    /// Its id, as `activity` lists it
    #[arg(value_name = "ACTIVITY")]
    activity_id: String,
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    request_id: RequestIdArgs,
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
        AccountCommand::Watch(args) => watch(args, &connection, output).await?,
        AccountCommand::Dispute(args) => dispute(args, &connection, output).await?,
    }
    Ok(Exit::Done)
}

async fn watch(args: WatchArgs, connection: &ConnectionArgs, output: Output) -> Result<(), Failure> {
    use pb::watch_activity_request::Scope as Wire;
    let scope = match args.scope.scope()? {
        Scope::Line(line) => Wire::Line(line),
        Scope::Account(id) => Wire::AccountId(id),
    };
    let request = pb::WatchActivityRequest { scope: Some(scope), after_activity_id: args.after };
    let client = connection.connect().await?;
    let mut stream = client.protection_without_deadline().watch_activity(request).await?.into_inner();
    let mut left = args.count.unwrap_or(u64::MAX);
    while left > 0
        && let Some(message) = stream.message().await?
    {
        if let Some(activity) = message.activity {
            output.show(&Followed(activity))?;
            left = left.saturating_sub(1);
        }
    }
    Ok(())
}

async fn dispute(args: DisputeArgs, connection: &ConnectionArgs, output: Output) -> Result<(), Failure> {
    let DisputeArgs { activity_id, place, request_id } = args;
    let (request_id, interaction) = (request_id.get()?, Some(place.interaction(ChannelName::Web)));
    let request = pb::DisputeActivityRequest { request_id: request_id.clone(), activity_id, interaction };
    let mut service = connection.connect().await?.protection();
    answered(&request_id, service.dispute_activity(request)).await?;
    output.show(&Disputed)?;
    Ok(())
}

/// That it is over, and locked.
struct Disputed;

impl Answer for Disputed {
    fn json(&self) -> Value {
        json!({})
    }

    fn text(&self) -> String {
        "All is locked, and what could still be ended is.".to_owned()
    }
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
