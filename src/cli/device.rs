//! `portcullis device`.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::connection::{ConnectionArgs, RequestIdArgs, answered};
use super::failure::{EXIT_CODES, Exit, Failure};
use super::flags::{ChannelName, PlaceArgs};
use super::output::{Answer, Output};
use crate::grpc::pb::v1 as pb;

const EXAMPLES: &str = "\
An app key is added with `decide device-add`, whose permit is redeemed; `account show` lists them. One that is known is taken off on a \
known device, or by the fraud desk.

Examples:
  portcullis device revoke D-1 --account A-1 --channel app
";

/// `portcullis device`.
#[derive(Args)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(crate) struct DeviceArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(subcommand)]
    command: DeviceCommand,
}

#[derive(Subcommand)]
enum DeviceCommand {
    /// Take an app key off an account, at once: it approves nothing any more
    Revoke(RevokeArgs),
}

#[derive(Args)]
struct RevokeArgs {
    /// The device, by its id
    #[arg(value_name = "ID")]
    device: String,
    /// The account it is on
    #[arg(long, value_name = "ID")]
    account: String,
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    request_id: RequestIdArgs,
}

/// Runs it.
pub(crate) async fn run(args: DeviceArgs, output: Output) -> Result<Exit, Failure> {
    let DeviceArgs { connection, command: DeviceCommand::Revoke(args) } = args;
    let RevokeArgs { device: device_id, account: account_id, place, request_id } = args;
    let (request_id, interaction) = (request_id.get()?, Some(place.interaction(ChannelName::Web)));
    let request = pb::RevokeDeviceRequest { request_id: request_id.clone(), account_id, device_id, interaction };
    answered(&request_id, connection.connect().await?.credentials().revoke_device(request)).await?;
    output.show(&Revoked)?;
    Ok(Exit::Done)
}

/// That it is off.
struct Revoked;

impl Answer for Revoked {
    fn json(&self) -> Value {
        json!({})
    }

    fn text(&self) -> String {
        "The device is off the account: its key approves nothing any more.".to_owned()
    }
}
