//! `portcullis decision`: what follows a decision.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};

use super::answers::{Decided, Redeemed};
use super::connection::{ConnectionArgs, RequestIdArgs, answered};
use super::failure::{EXIT_CODES, Exit, Failure};
use super::flags::{ChangeCommand, ChangeParts, ReportName, parse_instant, timestamp};
use super::output::Output;
use super::secret;
use crate::clock::{Clock as _, SystemClock};
use crate::grpc::client::Client;
use crate::grpc::pb::v1 as pb;

const EXAMPLES: &str = "\
Examples:
  portcullis decision redeem port-out +12125550123 --to 5678 --pon PON-1 --permit-file permit
  portcullis decision show 0190f3c2-0000-7000-8000-000000000001
  portcullis decision report 0190f3c2-0000-7000-8000-000000000001 executed
";

/// `portcullis decision`.
#[derive(Args)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(crate) struct DecisionArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(subcommand)]
    command: DecisionCommand,
}

#[derive(Subcommand)]
enum DecisionCommand {
    /// Show a decision as it stands now; its permit is not shown again
    Show(ShowArgs),
    /// Turn a permit into the right to make the change now, once
    Redeem(RedeemArgs),
    /// Take a decision back: its permit or challenge is void
    Withdraw(WithdrawArgs),
    /// Say what became of a decision
    Report(ReportArgs),
}

#[derive(Args)]
struct ShowArgs {
    /// The decision
    #[arg(value_name = "UUID")]
    decision_id: String,
}

#[derive(Args)]
struct RedeemArgs {
    #[command(subcommand)]
    change: ChangeCommand<PermitArgs>,
}

#[derive(Args)]
struct PermitArgs {
    /// The permit, in a file of its owner alone; `-` is standard input
    #[arg(long, value_name = "FILE")]
    permit_file: PathBuf,
    #[command(flatten)]
    request_id: RequestIdArgs,
}

#[derive(Args)]
struct WithdrawArgs {
    /// The decision
    #[arg(value_name = "UUID")]
    decision_id: String,
    /// Why, in your words
    #[arg(long, value_name = "TEXT")]
    cause: Option<String>,
    #[command(flatten)]
    request_id: RequestIdArgs,
}

#[derive(Args)]
struct ReportArgs {
    /// The decision
    #[arg(value_name = "UUID")]
    decision_id: String,
    /// What happened
    #[arg(value_enum)]
    outcome: ReportName,
    /// When it happened, like 2026-03-01T12:00:00Z; now by default
    #[arg(long, value_name = "INSTANT", value_parser = parse_instant)]
    at: Option<DateTime<Utc>>,
    /// In your words
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    #[command(flatten)]
    request_id: RequestIdArgs,
}

/// Runs it.
pub(crate) async fn run(args: DecisionArgs, output: Output) -> Result<Exit, Failure> {
    let client = args.connection.connect().await?;
    let decision = match args.command {
        DecisionCommand::Redeem(args) => return redeem(&client, args, output).await,
        DecisionCommand::Show(args) => {
            let ShowArgs { decision_id } = args;
            let request = pb::GetDecisionRequest { decision_id, consistency_token: String::new() };
            client.decisions().get_decision(request).await?.into_inner().decision
        }
        DecisionCommand::Withdraw(args) => {
            let WithdrawArgs { decision_id, cause, request_id } = args;
            let (request_id, cause) = (request_id.get()?, cause.unwrap_or_default());
            let request = pb::WithdrawDecisionRequest { request_id: request_id.clone(), decision_id, cause };
            answered(&request_id, client.decisions().withdraw_decision(request)).await?.decision
        }
        DecisionCommand::Report(args) => {
            let request = report(args)?;
            let request_id = request.request_id.clone();
            answered(&request_id, client.decisions().report_outcome(request)).await?.decision
        }
    };
    let decision = decision.ok_or_else(|| Failure::failed("the service answered without a decision"))?;
    output.show(&Decided(decision))?;
    // The work was to show, withdraw or report, whatever was decided then.
    Ok(Exit::Done)
}

fn report(args: ReportArgs) -> Result<pb::ReportOutcomeRequest, Failure> {
    let ReportArgs { decision_id, outcome, at, note, request_id } = args;
    let at = match at {
        Some(at) => at,
        None => SystemClock::start().now().map_err(|error| Failure::caused(Exit::Failed, &error))?.instant(),
    };
    Ok(pb::ReportOutcomeRequest {
        request_id: request_id.get()?,
        decision_id,
        outcome: outcome.into(),
        occur_time: Some(timestamp(at)),
        note: note.unwrap_or_default(),
    })
}

async fn redeem(client: &Client, args: RedeemArgs, output: Output) -> Result<Exit, Failure> {
    let ChangeParts { line, change, channel: _, rest } = args.change.into_parts()?;
    let PermitArgs { permit_file, request_id } = rest;
    let request_id = request_id.get()?;
    let request = pb::RedeemPermitRequest {
        request_id: request_id.clone(),
        permit: String::clone(&*secret::from_file(&permit_file)?),
        line: Some(line),
        change: Some(change),
    };
    let redeemed = answered(&request_id, client.decisions().redeem_permit(request)).await?;
    output.show(&Redeemed(redeemed))?;
    Ok(Exit::Done)
}
