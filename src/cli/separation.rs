//! `portcullis separation`: a survivor of abuse leaves with their lines, and the account's owner is neither asked nor told.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::answers::{instant, name, spoken, word};
use super::connection::{ConnectionArgs, RequestIdArgs, answered};
use super::failure::{EXIT_CODES, Exit, Failure};
use super::flags::line_ref;
use super::output::{Answer, Output, pairs, parts};
use super::run::calling;
use super::secret;
use crate::crypto::write_new_secret_file;
use crate::grpc::pb::v1 as pb;

const EXAMPLES: &str = "\
Two people whom `[separations] people` of the settings names see the survivor's identity document, one after the other, and say
each by themselves what they saw. The second is given a reference: who brings it along asks about the line as the survivor's, and its account's owner learns nothing.

Examples:
  portcullis separation propose --line +12125550142 --email kim@example.org --document-file scanned --holder-name 'Kim Doe'
  portcullis separation agree separated-019ca8f1-2233-7444-8555-66778899aa0a --line +12125550142 --email kim@example.org \\
      --document-file scanned --holder-name 'Kim Doe' --out reference
  portcullis decide port-out +12125550142 --separation-reference-file reference --to 5678 --pon PON-1 \\
      --account-number 402213398511 --transfer-pin-file pin
  portcullis separation end separated-019ca8f1-2233-7444-8555-66778899aa0a
";

/// `portcullis separation`.
#[derive(Subcommand)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(crate) enum SeparationCommand {
    /// Propose to separate lines: nothing is separated before another person agrees
    Propose(ProposeArgs),
    /// Agree to what another person proposed, and be given the reference
    Agree(AgreeArgs),
    /// End a separation: its reference opens nothing any more
    End(EndArgs),
}

#[derive(Args)]
pub(crate) struct ProposeArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    seen: SeenArgs,
    #[command(flatten)]
    request_id: RequestIdArgs,
}

/// Where the survivor can be reached: exactly one.
#[derive(Args)]
#[group(required = true, multiple = false)]
struct ContactArgs {
    /// An e-mail address that is the survivor's alone
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// A number for texts that is the survivor's alone, and no line of the account
    #[arg(long, value_name = "MSISDN")]
    sms: Option<String>,
    /// A number for calls that is the survivor's alone, and no line of the account
    #[arg(long, value_name = "MSISDN")]
    voice: Option<String>,
}

/// What each of two people says by themselves.
#[derive(Args)]
struct SeenArgs {
    /// The lines, all of one account: numbers like +12125550123, or their subscriptions' ids
    #[arg(long = "line", value_name = "LINE", required = true)]
    lines: Vec<String>,
    #[command(flatten)]
    contact: ContactArgs,
    /// What the scanner calls the survivor's document; read from a file of its owner alone, `-` is standard input
    #[arg(long, value_name = "FILE")]
    document_file: PathBuf,
    /// The name on the document
    #[arg(long, value_name = "NAME")]
    holder_name: String,
}

#[derive(Args)]
pub(crate) struct AgreeArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// The separation
    #[arg(value_name = "SEPARATION")]
    separation_id: String,
    #[command(flatten)]
    seen: SeenArgs,
    /// A new file for the reference, of its owner alone; without one it is shown
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    request_id: RequestIdArgs,
}

#[derive(Args)]
pub(crate) struct EndArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// The separation
    #[arg(value_name = "SEPARATION")]
    separation_id: String,
    #[command(flatten)]
    request_id: RequestIdArgs,
}

impl ContactArgs {
    fn contact(self) -> Option<pb::SeparationContact> {
        use pb::separation_contact::Value;
        let Self { email, sms, voice } = self;
        let value = email.map(Value::Email).or(sms.map(Value::Sms)).or(voice.map(Value::Voice));
        value.map(|value| pb::SeparationContact { value: Some(value) })
    }
}

impl SeenArgs {
    fn document(&self) -> Result<Option<pb::DocumentScan>, Failure> {
        let reference = String::clone(&*secret::from_file(&self.document_file)?);
        Ok(Some(pb::DocumentScan { reference, holder_name: self.holder_name.clone() }))
    }

    fn lines(&self) -> Vec<pb::LineRef> {
        self.lines.iter().map(|line| line_ref(line, "")).collect()
    }
}

/// Runs it.
pub(crate) fn run(command: SeparationCommand, output: Output) -> Result<Exit, Failure> {
    match command {
        SeparationCommand::Propose(args) => calling(propose(args, output)),
        SeparationCommand::Agree(args) => calling(agree(args, output)),
        SeparationCommand::End(args) => calling(end(args, output)),
    }
}

async fn propose(args: ProposeArgs, output: Output) -> Result<Exit, Failure> {
    let ProposeArgs { connection, seen, request_id } = args;
    let (request_id, lines, document) = (request_id.get()?, seen.lines(), seen.document()?);
    let contact = seen.contact.contact();
    let request = pb::ProposeSeparationRequest { request_id: request_id.clone(), lines, contact, document };
    let mut service = connection.connect().await?.separations();
    let told = answered(&request_id, service.propose_separation(request)).await?;
    output.show(&Told { separation: told.separation.unwrap_or_default(), reference: None })?;
    Ok(Exit::Done)
}

async fn agree(args: AgreeArgs, output: Output) -> Result<Exit, Failure> {
    let AgreeArgs { connection, separation_id, seen, out, request_id } = args;
    let (request_id, lines, document) = (request_id.get()?, seen.lines(), seen.document()?);
    let contact = seen.contact.contact();
    let request =
        pb::AgreeToSeparationRequest { request_id: request_id.clone(), separation_id, lines, contact, document };
    let mut service = connection.connect().await?.separations();
    let told = answered(&request_id, service.agree_to_separation(request)).await?;
    let reference = match out {
        Some(path) => {
            write_new_secret_file(&path, told.separation_reference.as_bytes())
                .map_err(|error| Failure::caused(Exit::Invalid, &error))?;
            None
        }
        None => Some(told.separation_reference),
    };
    output.show(&Told { separation: told.separation.unwrap_or_default(), reference })?;
    Ok(Exit::Done)
}

async fn end(args: EndArgs, output: Output) -> Result<Exit, Failure> {
    let EndArgs { connection, separation_id, request_id } = args;
    let request_id = request_id.get()?;
    let request = pb::EndSeparationRequest { request_id: request_id.clone(), separation_id };
    let mut service = connection.connect().await?.separations();
    let told = answered(&request_id, service.end_separation(request)).await?;
    output.show(&Told { separation: told.separation.unwrap_or_default(), reference: None })?;
    Ok(Exit::Done)
}

/// A separation, and what opens it where that was asked for.
struct Told {
    separation: pb::Separation,
    reference: Option<String>,
}

impl Answer for Told {
    fn json(&self) -> Value {
        let pb::Separation {
            separation_id,
            account_number,
            person_id,
            line_ids,
            state,
            proposed_by_subject,
            agreed_by_subject,
            ended_by_subject,
            expire_time,
            left_line_ids,
        } = &self.separation;
        json!({
            "separation": {
                "separation_id": separation_id,
                "account_number": account_number,
                "person_id": person_id,
                "line_ids": line_ids,
                "state": name::<pb::SeparationState>(*state),
                "proposed_by_subject": proposed_by_subject,
                "agreed_by_subject": agreed_by_subject,
                "ended_by_subject": ended_by_subject,
                "expire_time": instant(*expire_time),
                "left_line_ids": left_line_ids,
            },
            "separation_reference": self.reference,
        })
    }

    fn text(&self) -> String {
        let separation = &self.separation;
        let told = pairs([
            ("separation", separation.separation_id.clone()),
            ("lines", separation.line_ids.join(", ")),
            ("left", separation.left_line_ids.join(", ")),
            ("state", word::<pb::SeparationState>(separation.state)),
            ("until", spoken(separation.expire_time)),
            ("proposed by", separation.proposed_by_subject.clone()),
            ("agreed by", separation.agreed_by_subject.clone()),
            ("ended by", separation.ended_by_subject.clone()),
            ("survivor signs in as", format!("{} on {}", separation.person_id, separation.separation_id)),
            ("account number for ports", separation.account_number.clone()),
        ]);
        let reference = self.reference.as_ref().map(|reference| format!("The reference, shown once:\n  {reference}"));
        parts([told, reference.unwrap_or_default()])
    }
}
