//! `portcullis swap`.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::answers::{Decided, Recovery, SwapReported, exit_of};
use super::connection::{ConnectionArgs, RequestIdArgs, answered};
use super::failure::{EXIT_CODES, Exit, Failure};
use super::flags::{ChannelName, LineArgs, PlaceArgs, ProofArgs, SignalArgs, SimTargetArgs, signing_text};
use super::output::{Answer, Output};
use crate::grpc::client::Client;
use crate::grpc::convert::ask;
use crate::grpc::pb::v1 as pb;

const EXAMPLES: &str = "\
For a line whose SIM was changed by somebody else. It is reported by its owner with strong proof, or by two people of the fraud \
desk: the line is barred, what was set since is undone, and the line may go back once to the SIM that it was on, which is asked \
with `decide sim-change --cause revert`.

Examples:
  portcullis swap report +12125550123 --iccid 8901260123456789011 --app-key-file app.key --app-device D-1
  portcullis swap confirm +12125550123 --iccid 8901260123456789011 --reason 'case 4711'
";

/// `portcullis swap`.
#[derive(Args)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(crate) struct SwapArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(subcommand)]
    command: SwapCommand,
}

#[derive(Subcommand)]
enum SwapCommand {
    /// Report it for the line's owner, who proves it
    Report(Box<ReportArgs>),
    /// Say so for the fraud desk; with a second person's word it stands
    Confirm(Box<ConfirmArgs>),
}

#[derive(Args)]
struct ReportArgs {
    #[command(flatten)]
    line: LineArgs,
    /// The SIM that the line was on before
    #[command(flatten)]
    back_to: SimTargetArgs,
    #[command(flatten)]
    request_id: RequestIdArgs,
    #[command(flatten)]
    signals: SignalArgs,
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    proof: ProofArgs,
}

#[derive(Args)]
struct ConfirmArgs {
    #[command(flatten)]
    line: LineArgs,
    /// The SIM that the line was on before
    #[command(flatten)]
    back_to: SimTargetArgs,
    /// Why, up to 128 characters
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    request_id: RequestIdArgs,
    #[command(flatten)]
    place: PlaceArgs,
}

/// Runs it.
pub(crate) async fn run(args: SwapArgs, output: Output) -> Result<Exit, Failure> {
    let SwapArgs { connection, command } = args;
    match command {
        SwapCommand::Report(args) => report(&connection.connect().await?, *args, output).await,
        SwapCommand::Confirm(args) => confirm(&connection.connect().await?, *args, output).await,
    }
}

async fn report(client: &Client, args: ReportArgs, output: Output) -> Result<Exit, Failure> {
    use pb::report_swap_request::BackTo;
    let ReportArgs { line, back_to, request_id, signals, place, proof } = args;
    let (line, request_id) = (line.line_ref()?, request_id.get()?);
    let brand = line.brand.clone();
    let mut request = pb::ReportSwapRequest {
        request_id: request_id.clone(),
        line: Some(line),
        back_to: back_to.named(BackTo::Iccid, BackTo::Eid),
        evidence: Vec::new(),
        interaction: Some(place.interaction(ChannelName::App)),
        signals: signals.signals(),
    };
    request.evidence = proof.evidence(|| signing_text(request.clone(), &brand, |wire, _| ask::report_swap(wire)))?;
    let told = answered(&request_id, client.protection().report_swap(request)).await?;
    let pb::ReportSwapResponse { decision, recovery, consistency_token } = told;
    let decision = decision.ok_or_else(|| Failure::failed("the service answered without a decision"))?;
    let exit = exit_of(&decision);
    let (decision, recovery) = (Decided(decision), recovery.map(Recovery));
    output.show(&SwapReported { decision, recovery, consistency_token: Some(consistency_token) })?;
    Ok(exit)
}

async fn confirm(client: &Client, args: ConfirmArgs, output: Output) -> Result<Exit, Failure> {
    use pb::confirm_swap_request::BackTo;
    let ConfirmArgs { line, back_to, reason, request_id, place } = args;
    let request_id = request_id.get()?;
    let request = pb::ConfirmSwapRequest {
        request_id: request_id.clone(),
        line: Some(line.line_ref()?),
        back_to: back_to.named(BackTo::Iccid, BackTo::Eid),
        reason,
        interaction: Some(place.interaction(ChannelName::Care)),
    };
    let told = answered(&request_id, client.incidents().confirm_swap(request)).await?;
    let pb::ConfirmSwapResponse { recovery, consistency_token } = told;
    output.show(&Confirmed { recovery: recovery.map(Recovery), consistency_token })?;
    Ok(Exit::Done)
}

/// What a word of the fraud desk came to.
struct Confirmed {
    recovery: Option<Recovery>,
    consistency_token: String,
}

impl Answer for Confirmed {
    fn json(&self) -> Value {
        let Self { recovery, consistency_token } = self;
        json!({ "recovery": recovery.as_ref().map(Recovery::json), "consistency_token": consistency_token })
    }

    fn text(&self) -> String {
        self.recovery.as_ref().map_or_else(String::new, Recovery::text)
    }
}
