//! `portcullis transfer-pin`.

use clap::{Args, Subcommand};

use super::answers::{Decided, Revoked, TransferPinIssued, TransferPins, exit_of};
use super::connection::{ConnectionArgs, RequestIdArgs, answered};
use super::failure::{EXIT_CODES, Exit, Failure};
use super::flags::{ChannelName, PlaceArgs, ProofArgs, Scope, ScopeArgs, signing_text};
use super::output::Output;
use crate::grpc::convert::ask;
use crate::grpc::pb::v1 as pb;

const EXAMPLES: &str = "\
A transfer PIN is as good as the port itself, so a lock that covers ports covers it. Its value is shown once, to \
the customer on a known device, and to nobody else.

Examples:
  portcullis transfer-pin issue +12125550123 --to 5678 --channel app \\
      --app-key-file app.key --app-device D-1
  portcullis transfer-pin list --account A-1
  portcullis transfer-pin revoke 0190f3c2-0000-7000-8000-000000000001 --account A-1
";

/// `portcullis transfer-pin`.
#[derive(Args)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(crate) struct TransferPinArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(subcommand)]
    command: TransferPinCommand,
}

#[derive(Subcommand)]
enum TransferPinCommand {
    /// Ask for a transfer PIN
    Issue(Box<IssueArgs>),
    /// Make a transfer PIN void, at once
    Revoke(RevokeArgs),
    /// List an account's transfer PINs, never their values
    List(ListArgs),
}

#[derive(Args)]
struct IssueArgs {
    #[command(flatten)]
    scope: ScopeArgs,
    /// Good for a port to this carrier alone
    #[arg(long, value_name = "SPID")]
    to: Option<String>,
    #[command(flatten)]
    request_id: RequestIdArgs,
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    proof: ProofArgs,
}

#[derive(Args)]
struct RevokeArgs {
    /// The transfer PIN, by its id
    #[arg(value_name = "UUID")]
    transfer_pin_id: String,
    /// The account it was issued on
    #[arg(long, value_name = "ID")]
    account: String,
    #[command(flatten)]
    request_id: RequestIdArgs,
}

#[derive(Args)]
struct ListArgs {
    /// The account
    #[arg(long, value_name = "ID")]
    account: String,
}

/// Runs it.
pub(crate) async fn run(args: TransferPinArgs, output: Output) -> Result<Exit, Failure> {
    let TransferPinArgs { connection, command } = args;
    match command {
        TransferPinCommand::Issue(args) => {
            let request = issue(*args)?;
            let request_id = request.request_id.clone();
            let client = connection.connect().await?;
            let told = answered(&request_id, client.credentials().issue_transfer_pin(request)).await?;
            let pb::IssueTransferPinResponse { decision, status, transfer_pin: value, sent_to } = told;
            let decision = decision.ok_or_else(|| Failure::failed("the service answered without a decision"))?;
            let exit = exit_of(&decision);
            let issued = pb::IssuedTransferPin { status, value, sent_to };
            output.show(&TransferPinIssued { decision: Decided(decision), issued })?;
            Ok(exit)
        }
        TransferPinCommand::Revoke(args) => {
            let RevokeArgs { transfer_pin_id, account, request_id } = args;
            let request_id = request_id.get()?;
            let request =
                pb::RevokeTransferPinRequest { request_id: request_id.clone(), transfer_pin_id, account_id: account };
            let client = connection.connect().await?;
            let told = answered(&request_id, client.credentials().revoke_transfer_pin(request)).await?;
            output.show(&Revoked(told))?;
            Ok(Exit::Done)
        }
        TransferPinCommand::List(args) => {
            let request = pb::GetCredentialStatusRequest { account_id: args.account };
            let told = connection.connect().await?.credentials().get_credential_status(request).await?.into_inner();
            output.show(&TransferPins(told.status.unwrap_or_default().transfer_pins))?;
            Ok(Exit::Done)
        }
    }
}

fn issue(args: IssueArgs) -> Result<pb::IssueTransferPinRequest, Failure> {
    use pb::issue_transfer_pin_request::Scope as Wire;
    let IssueArgs { scope, to, request_id, place, proof } = args;
    let mut request = pb::IssueTransferPinRequest {
        request_id: request_id.get()?,
        scope: Some(match scope.scope()? {
            Scope::Line(line) => Wire::Line(line),
            Scope::Account(id) => Wire::AccountId(id),
        }),
        evidence: Vec::new(),
        interaction: Some(place.interaction(ChannelName::Web)),
        gaining_spid: to.unwrap_or_default(),
    };
    request.evidence =
        proof.evidence(|| signing_text(request.clone(), "", |request, _| ask::issue_transfer_pin(request)))?;
    Ok(request)
}
