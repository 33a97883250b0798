//! Changes.

use super::contact;
use super::enums::{optional, person_role, sim_change_cause, sim_delivery};
use super::field::{FieldError, InField, optional_text, required, text};
use super::key::public_key_jwk;
use crate::domain::{
    AccountId, Brand, Change, ContactChange, ContactId, DealerId, Eid, Iccid, Imei, Msisdn, OwnerChange, PersonId, Pon,
    PortOut, Reference, SimChange, SimTarget, Spid,
};
use crate::grpc::pb::v1 as pb;

const MUST_BE_TRUE: &str = "must be true; leave it out to say no";

/// A change. `brand` is the line's: accounts that a change names are of the same brand.
pub(in crate::grpc) fn change(value: pb::Change, brand: &Brand) -> Result<Change, FieldError> {
    use pb::change::Change as Wire;
    let pb::Change { change } = value;
    match required(change, "change")? {
        Wire::SimChange(value) => sim_change(value).map(Change::Sim).in_field("sim_change"),
        Wire::PortOut(value) => port_out(value).map(Change::PortOut).in_field("port_out"),
        Wire::ContactChange(value) => contact_change(value).map(Change::Contact).in_field("contact_change"),
        Wire::CallForwardingSet(value) => call_forwarding(&value).in_field("call_forwarding_set"),
        Wire::OwnerChange(value) => owner_change(value, brand).map(Change::Owner).in_field("owner_change"),
        Wire::DeviceAdd(value) => device_add(&value).in_field("device_add"),
    }
}

fn sim_change(value: pb::SimChange) -> Result<SimChange, FieldError> {
    use pb::sim_change::Target;
    let pb::SimChange { target, imei, cause, old_iccid, delivery } = value;
    Ok(SimChange {
        target: match required(target, "target")? {
            Target::Iccid(iccid) => by_iccid(&iccid)?,
            Target::Eid(eid) => by_eid(&eid)?,
        },
        imei: optional_text(&imei, "imei", Imei::parse)?,
        cause: sim_change_cause(cause).in_field("cause")?,
        old_iccid: optional_text(&old_iccid, "old_iccid", Iccid::parse)?,
        delivery: optional(delivery, sim_delivery).in_field("delivery")?,
    })
}

/// The SIM that a line was on, in a request of any kind.
macro_rules! back_to {
    ($request:ident, $value:expr) => {{
        use crate::grpc::pb::v1::$request::BackTo;
        match crate::grpc::convert::field::required($value, "back_to")? {
            BackTo::Iccid(iccid) => crate::grpc::convert::change::by_iccid(&iccid)?,
            BackTo::Eid(eid) => crate::grpc::convert::change::by_eid(&eid)?,
        }
    }};
}
pub(in crate::grpc) use back_to;

/// A SIM card or profile.
pub(in crate::grpc) fn by_iccid(iccid: &str) -> Result<SimTarget, FieldError> {
    text(iccid, "iccid", Iccid::parse).map(SimTarget::Iccid)
}

/// An eSIM chip.
pub(in crate::grpc) fn by_eid(eid: &str) -> Result<SimTarget, FieldError> {
    text(eid, "eid", Eid::parse).map(SimTarget::Eid)
}

fn port_out(value: pb::PortOut) -> Result<PortOut, FieldError> {
    let pb::PortOut { gaining_spid, gaining_name, pon, dealer_id } = value;
    Ok(PortOut {
        gaining_spid: text(&gaining_spid, "gaining_spid", Spid::parse)?,
        gaining_name: optional_text(&gaining_name, "gaining_name", Reference::parse)?,
        pon: text(&pon, "pon", Pon::parse)?,
        dealer: optional_text(&dealer_id, "dealer_id", DealerId::parse)?,
    })
}

fn contact_change(value: pb::ContactChange) -> Result<ContactChange, FieldError> {
    use pb::contact_change::Value;
    let pb::ContactChange { contact_id, value } = value;
    Ok(ContactChange {
        contact: text(&contact_id, "contact_id", ContactId::parse)?,
        value: match required(value, "value")? {
            Value::Remove(true) => None,
            Value::Remove(false) => return Err(FieldError::new("remove", MUST_BE_TRUE)),
            Value::Email(email) => Some(contact::email(&email)?),
            Value::Sms(number) => Some(contact::sms(&number)?),
            Value::Voice(number) => Some(contact::voice(&number)?),
            Value::PostalCode(code) => Some(contact::postal_code(&code)?),
        },
    })
}

fn call_forwarding(value: &pb::CallForwarding) -> Result<Change, FieldError> {
    let pb::CallForwarding { target_msisdn } = value;
    Ok(Change::CallForwarding { target: text(target_msisdn, "target_msisdn", Msisdn::parse)? })
}

fn owner_change(value: pb::OwnerChange, brand: &Brand) -> Result<OwnerChange, FieldError> {
    use pb::owner_change::Target;
    let pb::OwnerChange { target } = value;
    match required(target, "target")? {
        Target::Person(person) => person_role_change(&person).in_field("person"),
        Target::ToAccountId(id) => {
            let account = text(&id, "to_account_id", AccountId::parse)?;
            Ok(OwnerChange::ToAccount { brand: brand.clone(), account })
        }
        Target::Close(true) => Ok(OwnerChange::Close),
        Target::Close(false) => Err(FieldError::new("close", MUST_BE_TRUE)),
    }
}

fn person_role_change(value: &pb::PersonRoleChange) -> Result<OwnerChange, FieldError> {
    let pb::PersonRoleChange { person_id, role } = value;
    Ok(OwnerChange::Role {
        person: text(person_id, "person_id", PersonId::parse)?,
        role: person_role(*role).in_field("role")?,
    })
}

fn device_add(value: &pb::DeviceAdd) -> Result<Change, FieldError> {
    let pb::DeviceAdd { public_key_jwk: key, model } = value;
    Ok(Change::DeviceAdd {
        public_key_jwk: text(key, "public_key_jwk", public_key_jwk)?,
        model: optional_text(model, "model", Reference::parse)?,
    })
}

/// What a line is moved to: a change of its owner.
pub(in crate::grpc) fn move_target(
    target: Option<pb::move_line_request::Target>,
    brand: &Brand,
) -> Result<OwnerChange, FieldError> {
    use pb::move_line_request::Target;
    match required(target, "target")? {
        Target::ToAccountId(id) => {
            let account = text(&id, "to_account_id", AccountId::parse)?;
            Ok(OwnerChange::ToAccount { brand: brand.clone(), account })
        }
        Target::Close(true) => Ok(OwnerChange::Close),
        Target::Close(false) => Err(FieldError::new("close", MUST_BE_TRUE)),
    }
}
