//! Facts that must match where given, and prove nothing.

use clap::Args;

use super::names::WorthlessName;
use crate::grpc::pb::v1 as pb;

/// Flags of claims.
#[derive(Clone, Args)]
#[command(next_help_heading = "Claims: must match, prove nothing")]
pub(crate) struct ClaimsArgs {
    /// The account number with the losing carrier
    #[arg(long, value_name = "TEXT")]
    account_number: Option<String>,
    /// The postal code
    #[arg(long, value_name = "TEXT")]
    postal_code: Option<String>,
    /// The account holder's name
    #[arg(long, value_name = "TEXT")]
    holder_name: Option<String>,
    /// A worthless fact that was offered, never its value; may be repeated
    #[arg(long, value_enum, value_name = "KIND")]
    worthless: Vec<WorthlessName>,
}

impl ClaimsArgs {
    /// The claims; none if nothing is claimed.
    pub(crate) fn claims(self) -> Option<pb::Claims> {
        let Self { account_number, postal_code, holder_name, worthless } = self;
        let claims = pb::Claims {
            account_number: account_number.unwrap_or_default(),
            postal_code: postal_code.unwrap_or_default(),
            holder_name: holder_name.unwrap_or_default(),
            worthless: worthless.into_iter().map(i32::from).collect(),
        };
        (claims != pb::Claims::default()).then_some(claims)
    }
}
