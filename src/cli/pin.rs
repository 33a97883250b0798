//! `portcullis pin`: the account PIN.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::answers::{Credentials, Decided, PinSet, exit_of};
use super::connection::{ConnectionArgs, RequestIdArgs, answered};
use super::failure::{EXIT_CODES, Exit, Failure};
use super::flags::{ChannelName, PlaceArgs, ProofArgs, signing_text};
use super::output::Output;
use super::secret;
use crate::grpc::convert::ask;
use crate::grpc::pb::v1 as pb;

const EXAMPLES: &str = "\
No PIN is ever an argument: every process on the machine can read those. The customer enters it, at a prompt or by \
the file that a PIN pad leaves.

Examples:
  portcullis pin set --account A-1 --ask-pin
  portcullis pin set --account A-1 --new-pin-file new.pin --app-key-file app.key --app-device D-1
  portcullis pin status --account A-1
";

/// `portcullis pin`.
#[derive(Args)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(crate) struct PinArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(subcommand)]
    command: PinCommand,
}

#[derive(Subcommand)]
enum PinCommand {
    /// Change the account PIN
    Set(Box<SetArgs>),
    /// Tell whether secrets are set and since when, never what they are
    Status(StatusArgs),
}

#[derive(Args)]
struct SetArgs {
    /// The account
    #[arg(long, value_name = "ID")]
    account: String,
    /// Read the new PIN from a file of its owner alone, `-` is standard input; asked for at the terminal by default
    #[arg(long, value_name = "FILE")]
    new_pin_file: Option<PathBuf>,
    #[command(flatten)]
    request_id: RequestIdArgs,
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    proof: ProofArgs,
}

#[derive(Args)]
struct StatusArgs {
    /// The account
    #[arg(long, value_name = "ID")]
    account: String,
}

/// Runs it.
pub(crate) async fn run(args: PinArgs, output: Output) -> Result<Exit, Failure> {
    let PinArgs { connection, command } = args;
    match command {
        PinCommand::Set(args) => {
            let request = set_pin(*args)?;
            let request_id = request.request_id.clone();
            let client = connection.connect().await?;
            let told = answered(&request_id, client.credentials().set_pin(request)).await?;
            let pb::SetPinResponse { decision, status } = told;
            let decision = decision.ok_or_else(|| Failure::failed("the service answered without a decision"))?;
            let exit = exit_of(&decision);
            output.show(&PinSet { decision: Decided(decision), status })?;
            Ok(exit)
        }
        PinCommand::Status(args) => {
            let request = pb::GetCredentialStatusRequest { account_id: args.account };
            let told = connection.connect().await?.credentials().get_credential_status(request).await?.into_inner();
            output.show(&Credentials(told.status.unwrap_or_default()))?;
            Ok(Exit::Done)
        }
    }
}

fn set_pin(args: SetArgs) -> Result<pb::SetPinRequest, Failure> {
    let SetArgs { account, new_pin_file, request_id, place, proof } = args;
    let new_pin = match new_pin_file {
        Some(path) => secret::from_file(&path)?,
        None => secret::from_prompt_twice("New account PIN")?,
    };
    let mut request = pb::SetPinRequest {
        request_id: request_id.get()?,
        account_id: account,
        new_pin: String::clone(&new_pin),
        evidence: Vec::new(),
        interaction: Some(place.interaction(ChannelName::Web)),
    };
    request.evidence =
        proof.evidence(|| signing_text(request.clone(), "", |request, _| Ok(ask::set_pin(request)?.0)))?;
    Ok(request)
}
