//! `portcullis hold`.

use clap::{Args, Subcommand, ValueEnum};

use super::told::{Hold, Holds};
use crate::cli::connection::{ConnectionArgs, RequestIdArgs, answered};
use crate::cli::failure::{EXIT_CODES, Exit, Failure};
use crate::cli::output::Output;
use crate::grpc::pb::v1 as pb;

const EXAMPLES: &str = "\
Everything that is held is refused what it begins, from the next decision on. Rules of the policy and customers' reports hold \
members of staff too. One person places a hold, two lift it: the word of the first waits 24 hours for that of another.

Examples:
  portcullis hold place --kind staff 'https://login.example|rep-7' --reason 'case 4711'
  portcullis hold place --kind carrier 6529 --reason 'case 4712'
  portcullis hold list
  portcullis hold lift --kind staff 'https://login.example|rep-7' --reason 'was on leave that day'
";

/// `portcullis hold`.
#[derive(Args)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(crate) struct HoldArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(subcommand)]
    command: HoldCommand,
}

#[derive(Subcommand)]
enum HoldCommand {
    /// Hold somebody or something, from this instant
    Place(NamedArgs),
    /// Say that a hold is to be lifted; with a second person's word it is
    Lift(NamedArgs),
    /// List the holds of the brand
    List(ListArgs),
}

#[derive(Args)]
struct NamedArgs {
    /// What kind of thing
    #[arg(long, value_enum)]
    kind: KindName,
    /// Its name: a subject or rep, a store, a device, a token's `jti`, an SPID
    name: String,
    /// Why, up to 128 characters
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    request_id: RequestIdArgs,
}

#[derive(Args)]
struct ListArgs {
    /// Lifted ones too
    #[arg(long)]
    all: bool,
    /// Holds a page
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(i32).range(1..=200))]
    page_size: i32,
    /// Go on where a page ended
    #[arg(long, value_name = "TOKEN", default_value = "", hide_default_value = true)]
    page_token: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum KindName {
    /// A member of staff, or a system's client
    Staff,
    /// A store
    Store,
    /// A device of staff or of a system
    Device,
    /// One access token
    Token,
    /// A carrier
    Carrier,
    /// A caller's certificate, by its SHA-256 in base64url, as alerts name it
    Certificate,
}

impl From<KindName> for pb::HoldKind {
    fn from(kind: KindName) -> Self {
        match kind {
            KindName::Staff => Self::Staff,
            KindName::Store => Self::Store,
            KindName::Device => Self::Device,
            KindName::Token => Self::Token,
            KindName::Carrier => Self::Carrier,
            KindName::Certificate => Self::Certificate,
        }
    }
}

/// Runs it.
pub(crate) async fn run(args: HoldArgs, output: Output) -> Result<Exit, Failure> {
    let HoldArgs { connection, command } = args;
    let mut service = connection.connect().await?.incidents();
    match command {
        HoldCommand::Place(NamedArgs { kind, name, reason, request_id }) => {
            let (request_id, kind) = (request_id.get()?, pb::HoldKind::from(kind).into());
            let request = pb::PlaceHoldRequest { request_id: request_id.clone(), kind, name, reason };
            let told = answered(&request_id, service.place_hold(request)).await?;
            output.show(&Hold(told.hold.unwrap_or_default()))?;
        }
        HoldCommand::Lift(NamedArgs { kind, name, reason, request_id }) => {
            let (request_id, kind) = (request_id.get()?, pb::HoldKind::from(kind).into());
            let request = pb::LiftHoldRequest { request_id: request_id.clone(), kind, name, reason };
            let told = answered(&request_id, service.lift_hold(request)).await?;
            output.show(&Hold(told.hold.unwrap_or_default()))?;
        }
        HoldCommand::List(ListArgs { all, page_size, page_token }) => {
            let request = pb::ListHoldsRequest { include_lifted: all, page_size, page_token };
            let told = service.list_holds(request).await?.into_inner();
            output.show(&Holds(told))?;
        }
    }
    Ok(Exit::Done)
}
