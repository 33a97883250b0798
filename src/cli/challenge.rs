//! `portcullis challenge`: what waits for the customer.

use clap::{Args, Subcommand};

use super::answers::{Challenges, CodeSent, Given};
use super::connection::{ConnectionArgs, RequestIdArgs, answered};
use super::failure::{EXIT_CODES, Exit, Failure};
use super::flags::{ChannelName, DocumentArgs, PlaceArgs, ProofArgs};
use super::output::Output;
use crate::grpc::client::Client;
use crate::grpc::pb::v1 as pb;
use crate::grpc::pb::v1::decline_challenge_request::Target;

const EXAMPLES: &str = "\
Whoever asked for a change is answered with a challenge. The customer meets it here, as the carrier's app, a PIN pad or the \
voice system would; whoever asked goes on with `portcullis decision complete`.

Examples:
  portcullis challenge list --account A-1
  portcullis challenge give 0190f3c2-0000-7000-8000-000000000001 --channel store --ask-pin
  portcullis challenge give 0190f3c2-0000-7000-8000-000000000001 --account A-1 \\
      --app-key-file app.key --app-device D-1
  portcullis challenge send-code 0190f3c2-0000-7000-8000-000000000001 --channel store
  portcullis challenge give 0190f3c2-0000-7000-8000-000000000001 --channel store --ask-code
  portcullis challenge give 0190f3c2-0000-7000-8000-000000000001 --channel store \\
      --device-id tablet --document-file scanned --holder-name 'Ann Lee'
  portcullis challenge give 0190f3c2-0000-7000-8000-000000000001 --channel care \\
      --device-id desk-4 --second-person +12125550123 --holder-name 'Ann Lee'
  portcullis challenge decline 0190f3c2-0000-7000-8000-000000000001 --not-me
";

/// `portcullis challenge`.
#[derive(Args)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(crate) struct ChallengeArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(subcommand)]
    command: ChallengeCommand,
}

#[derive(Subcommand)]
enum ChallengeCommand {
    /// List what waits for an account's customer
    List(ListArgs),
    /// Give proof for a challenge; whether it was right is told to whoever asked
    Give(GiveArgs),
    /// Have a code sent to the customer, for whoever asked for the change and for the customer
    SendCode(SendCodeArgs),
    /// Say no to a challenge, or to an approval that was not redeemed yet
    Decline(DeclineArgs),
}

#[derive(Args)]
struct ListArgs {
    /// The account
    #[arg(long, value_name = "ID")]
    account: String,
}

#[derive(Args)]
struct GiveArgs {
    /// The challenge
    #[arg(value_name = "UUID")]
    challenge_id: String,
    /// The account, whose list has the text that an app key signs
    #[arg(long, value_name = "ID", default_value = "", hide_default_value = true)]
    account: String,
    #[command(flatten)]
    request_id: RequestIdArgs,
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    proof: ProofArgs,
    #[command(flatten)]
    document: DocumentArgs,
}

#[derive(Args)]
struct SendCodeArgs {
    /// The challenge
    #[arg(value_name = "UUID")]
    challenge_id: String,
    /// To which contact, one of the account's list; for the customer alone
    #[arg(long, value_name = "ID", default_value = "", hide_default_value = true)]
    contact: String,
    #[command(flatten)]
    request_id: RequestIdArgs,
    #[command(flatten)]
    place: PlaceArgs,
}

#[derive(Args)]
struct DeclineArgs {
    /// The challenge, or the approval
    #[arg(value_name = "UUID")]
    decision_id: String,
    /// It was somebody else who asked: the lock on everything goes on as well
    #[arg(long)]
    not_me: bool,
    #[command(flatten)]
    request_id: RequestIdArgs,
    #[command(flatten)]
    place: PlaceArgs,
}

/// Runs it.
pub(crate) async fn run(args: ChallengeArgs, output: Output) -> Result<Exit, Failure> {
    let client = args.connection.connect().await?;
    match args.command {
        ChallengeCommand::List(args) => output.show(&Challenges(pending(&client, &args.account).await?))?,
        ChallengeCommand::Give(args) => {
            let GiveArgs { challenge_id, account, request_id, place, proof, document } = args;
            let text = signing_text(&client, &account, &challenge_id).await?;
            let mut evidence = proof.evidence(|| text.ok_or_else(|| no_text(&account)))?;
            evidence.extend(document.evidence()?);
            let (request_id, interaction) = (request_id.get()?, Some(place.interaction(ChannelName::App)));
            let request = pb::SubmitEvidenceRequest { request_id, challenge_id, evidence, interaction };
            let request_id = request.request_id.clone();
            output.show(&Given(answered(&request_id, client.challenges().submit_evidence(request)).await?))?;
        }
        ChallengeCommand::SendCode(args) => {
            let SendCodeArgs { challenge_id, contact: contact_id, request_id, place } = args;
            let (request_id, interaction) = (request_id.get()?, Some(place.interaction(ChannelName::App)));
            let request = pb::SendCodeRequest { request_id, challenge_id, contact_id, interaction };
            let request_id = request.request_id.clone();
            output.show(&CodeSent(answered(&request_id, client.challenges().send_code(request)).await?))?;
        }
        ChallengeCommand::Decline(args) => {
            let DeclineArgs { decision_id, not_me, request_id, place } = args;
            let request = pb::DeclineChallengeRequest {
                request_id: request_id.get()?,
                // Either is one id; the service finds which it is.
                target: Some(Target::DecisionId(decision_id)),
                not_me,
                interaction: Some(place.interaction(ChannelName::App)),
            };
            let request_id = request.request_id.clone();
            answered(&request_id, client.challenges().decline_challenge(request)).await?;
            output.note("It is over.");
        }
    }
    Ok(Exit::Done)
}

/// All that waits on an account.
async fn pending(client: &Client, account: &str) -> Result<Vec<pb::PendingChallenge>, Failure> {
    let (mut all, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = pb::ListPendingChallengesRequest { account_id: account.to_owned(), page_size: 0, page_token };
        let page = client.challenges().list_pending_challenges(request).await?.into_inner();
        all.extend(page.challenges);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(all);
        }
    }
}

/// The text that approves a challenge, if the account has it.
async fn signing_text(client: &Client, account: &str, challenge: &str) -> Result<Option<String>, Failure> {
    if account.is_empty() {
        return Ok(None);
    }
    let is_it = |waiting: &pb::PendingChallenge| {
        waiting.challenge.as_ref().is_some_and(|known| known.challenge_id == challenge)
    };
    Ok(pending(client, account).await?.into_iter().find(is_it).map(|waiting| waiting.signing_input))
}

fn no_text(account: &str) -> Failure {
    if account.is_empty() {
        return Failure::invalid("an app key signs the text in the account's list: name the account with --account");
    }
    Failure::invalid("the challenge does not wait on that account")
        .advise("`portcullis challenge list` shows what does")
}
