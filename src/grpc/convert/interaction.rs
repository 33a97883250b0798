//! Where a request takes place, and what is claimed with it.

use std::net::IpAddr;

use super::enums::{channel, worthless_fact};
use super::field::{FieldError, InField, elements, first_repeated, optional_text, required};
use crate::domain::{
    AccountNumber, Claims, DeviceId, FormatError, HolderName, Interaction, PostalCode, Reference, StoreId,
};
use crate::grpc::pb::v1 as pb;

const ADDRESS: &str = "must be an IPv4 or IPv6 address";
const WORTHLESS_KINDS_MAX: usize = 8;

/// The place of a request; it has to be there. `name` is its field's.
pub(in crate::grpc) fn interaction(value: Option<pb::Interaction>, name: &str) -> Result<Interaction, FieldError> {
    place(required(value, name)?).in_field(name)
}

fn place(value: pb::Interaction) -> Result<Interaction, FieldError> {
    let pb::Interaction { channel: wire_channel, interaction_id, store_id, device_id, rep_id, client_address } = value;
    Ok(Interaction {
        channel: channel(wire_channel).in_field("channel")?,
        reference: optional_text(&interaction_id, "interaction_id", Reference::parse)?,
        store: optional_text(&store_id, "store_id", StoreId::parse)?,
        device: optional_text(&device_id, "device_id", DeviceId::parse)?,
        rep: optional_text(&rep_id, "rep_id", Reference::parse)?,
        client_address: optional_text(&client_address, "client_address", parse_address)?,
    })
}

/// A network address.
pub(in crate::grpc) fn parse_address(text: &str) -> Result<IpAddr, FormatError> {
    // One spelling a source: an IPv4 address inside IPv6 is that IPv4 address.
    text.parse().map(|address: IpAddr| address.to_canonical()).map_err(|_| FormatError::new(ADDRESS))
}

/// What is claimed; nothing is a claim of nothing.
pub(in crate::grpc) fn claims(value: Option<pb::Claims>, name: &str) -> Result<Claims, FieldError> {
    value.map_or_else(|| Ok(Claims::default()), |value| given_claims(value).in_field(name))
}

fn given_claims(value: pb::Claims) -> Result<Claims, FieldError> {
    let pb::Claims { account_number, postal_code, holder_name, worthless } = value;
    if let Some(index) = first_repeated(&worthless) {
        return Err(FieldError::new(&format!("worthless[{index}]"), "must name each kind at most once"));
    }
    Ok(Claims {
        account_number: optional_text(&account_number, "account_number", AccountNumber::parse)?,
        postal_code: optional_text(&postal_code, "postal_code", PostalCode::parse)?,
        holder_name: optional_text(&holder_name, "holder_name", HolderName::parse)?,
        worthless: scalars(worthless, "worthless", WORTHLESS_KINDS_MAX, worthless_fact)?,
    })
}

/// At most `max` plain values, each converted; an error names its element.
pub(in crate::grpc) fn scalars<S, T>(
    values: Vec<S>,
    name: &str,
    max: usize,
    convert: impl Fn(S) -> Result<T, FormatError>,
) -> Result<Vec<T>, FieldError> {
    // The element itself is at fault, so its path ends with its place.
    elements(values, name, max, |value| Ok(convert(value)))?
        .into_iter()
        .enumerate()
        .map(|(index, converted)| converted.in_element(name, index))
        .collect()
}
