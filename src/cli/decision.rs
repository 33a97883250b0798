//! `portcullis decision`: what follows a decision.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};

use super::answers::{Decided, Recovery, Redeemed, SwapReported, TransferPinIssued, exit_of};
use super::connection::{ConnectionArgs, RequestIdArgs, answered};
use super::failure::{EXIT_CODES, Exit, Failure};
use super::flags::{
    ChangeCommand, ChangeParts, ChannelName, ClaimsArgs, PlaceArgs, ProofArgs, ReportName, SignalArgs, parse_instant,
    timestamp,
};
use super::output::Output;
use super::secret;
use crate::clock::{Clock as _, SystemClock};
use crate::crypto::write_new_secret_file;
use crate::grpc::client::Client;
use crate::grpc::pb::v1 as pb;
use crate::grpc::pb::v1::decision::Detail;

const APPROVE_ELSEWHERE: &str = "an app approves a challenge with `portcullis challenge give`, before it is completed";

const EXAMPLES: &str = "\
Examples:
  portcullis decision redeem port-out +12125550123 --to 5678 --pon PON-1 --permit-file permit
  portcullis decision watch 0190f3c2-0000-7000-8000-000000000001
  portcullis decision complete 0190f3c2-0000-7000-8000-000000000001 --permit-out permit
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
    /// Go on with a challenge: decide anew, with what was given for it
    Complete(Box<CompleteArgs>),
    /// Follow a decision until its challenge is over
    Watch(ShowArgs),
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
struct CompleteArgs {
    /// The challenge
    #[arg(value_name = "UUID")]
    challenge_id: String,
    /// Answer also in this porting dialect: wicis or bandwidth
    #[arg(long, value_name = "NAME")]
    dialect: Option<String>,
    /// When the change is to be made, like 2026-03-01T12:00:00Z; now by default
    #[arg(long, value_name = "INSTANT", value_parser = parse_instant)]
    plan_time: Option<DateTime<Utc>>,
    /// Also sign an approval's permit
    #[arg(long)]
    signed_permit: bool,
    /// Also write an approval's permit to this new file, for its owner alone
    #[arg(long, value_name = "FILE")]
    permit_out: Option<PathBuf>,
    #[command(flatten)]
    request_id: RequestIdArgs,
    #[command(flatten)]
    signals: SignalArgs,
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    claims: ClaimsArgs,
    #[command(flatten)]
    proof: ProofArgs,
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
        DecisionCommand::Complete(args) => return complete(&client, *args, output).await,
        DecisionCommand::Watch(args) => return watch(&client, args.decision_id, output).await,
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

async fn complete(client: &Client, args: CompleteArgs, output: Output) -> Result<Exit, Failure> {
    let request = pb::CompleteDecisionRequest {
        request_id: args.request_id.get()?,
        challenge_id: args.challenge_id,
        evidence: args.proof.evidence(|| Err(Failure::invalid(APPROVE_ELSEWHERE)))?,
        interaction: Some(args.place.interaction(ChannelName::Store)),
        claims: args.claims.claims(),
        signals: args.signals.signals(),
        dialect: args.dialect.unwrap_or_default(),
        plan_time: args.plan_time.map(timestamp),
        consistency_token: String::new(),
        want_signed_permit: args.signed_permit,
    };
    let request_id = request.request_id.clone();
    let completed = answered(&request_id, client.decisions().complete_decision(request)).await?;
    let pb::CompleteDecisionResponse { decision, transfer_pin, recovery } = completed;
    let decision = decision.ok_or_else(|| Failure::failed("the service answered without a decision"))?;
    if let Some(issued) = transfer_pin {
        let exit = exit_of(&decision);
        output.show(&TransferPinIssued { decision: Decided(decision), issued })?;
        return Ok(exit);
    }
    if let Some(recovery) = recovery {
        let exit = exit_of(&decision);
        let (decision, recovery) = (Decided(decision), Some(Recovery(recovery)));
        output.show(&SwapReported { decision, recovery, consistency_token: None })?;
        return Ok(exit);
    }
    show_and_keep(decision, args.permit_out.as_deref(), output)
}

/// Shows a decision, and keeps its permit, where it has one, in a new file.
pub(super) fn show_and_keep(decision: pb::Decision, permit: Option<&Path>, output: Output) -> Result<Exit, Failure> {
    let exit = exit_of(&decision);
    let answer = Decided(decision);
    output.show(&answer)?;
    if let Some(path) = permit
        && let Some(Detail::Approval(approval)) = &answer.0.detail
    {
        let written = write_new_secret_file(path, approval.permit.as_bytes());
        written.map_err(|error| Failure::caused(Exit::Failed, &error))?;
    }
    Ok(exit)
}

/// Shows each state as it comes. The exit code is that of the decision itself.
async fn watch(client: &Client, decision_id: String, output: Output) -> Result<Exit, Failure> {
    let request = pb::WatchDecisionRequest { decision_id, consistency_token: String::new() };
    let mut stream = client.decisions_without_deadline().watch_decision(request).await?.into_inner();
    while let Some(message) = stream.message().await? {
        if let Some(decision) = message.decision {
            output.show(&Decided(decision))?;
        }
    }
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
