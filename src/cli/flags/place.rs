//! Where it is asked. Who asks is in the token.

use clap::Args;

use super::names::ChannelName;
use crate::grpc::pb::v1 as pb;

/// Flags of a place.
#[derive(Clone, Args)]
#[command(next_help_heading = "Place")]
pub(crate) struct PlaceArgs {
    /// Through what it is asked; must be one that the token's role serves [default: what the command is for]
    #[arg(long, value_enum, hide_possible_values = false)]
    channel: Option<ChannelName>,
    /// Your reference of the visit, call or session
    #[arg(long, value_name = "TEXT")]
    interaction_id: Option<String>,
    /// The store
    #[arg(long, value_name = "ID")]
    store_id: Option<String>,
    /// The device it is asked from
    #[arg(long, value_name = "ID")]
    device_id: Option<String>,
    /// The member of staff behind a shared front end
    #[arg(long, value_name = "TEXT")]
    rep_id: Option<String>,
    /// The network address of the end device
    #[arg(long, value_name = "IP")]
    client_address: Option<String>,
}

impl PlaceArgs {
    /// The place; through `usual` if nothing is said.
    pub(crate) fn interaction(self, usual: ChannelName) -> pb::Interaction {
        let Self { channel, interaction_id, store_id, device_id, rep_id, client_address } = self;
        pb::Interaction {
            channel: channel.unwrap_or(usual).into(),
            interaction_id: interaction_id.unwrap_or_default(),
            store_id: store_id.unwrap_or_default(),
            device_id: device_id.unwrap_or_default(),
            rep_id: rep_id.unwrap_or_default(),
            client_address: client_address.unwrap_or_default(),
        }
    }
}
