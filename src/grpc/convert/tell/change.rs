//! Changes, as whoever is to approve them is shown them.

use super::wire;
use crate::domain::{Change, ContactChange, ContactValue, OwnerChange, PortOut, SimChange, SimTarget};
use crate::grpc::pb::v1 as pb;

/// A change that is carried out elsewhere. None for those carried out here.
pub(super) fn change(change: &Change) -> Option<pb::Change> {
    use pb::change::Change as Wire;
    let wire = match change {
        Change::Sim(sim) => Wire::SimChange(sim_change(sim)),
        Change::PortOut(port) => Wire::PortOut(port_out(port)),
        Change::Contact(contact) => Wire::ContactChange(contact_change(contact)),
        Change::CallForwarding { target } => {
            Wire::CallForwardingSet(pb::CallForwarding { target_msisdn: target.to_e164() })
        }
        Change::Owner(owner) => Wire::OwnerChange(owner_change(owner)),
        Change::DeviceAdd { public_key_jwk, model } => Wire::DeviceAdd(pb::DeviceAdd {
            public_key_jwk: public_key_jwk.clone(),
            model: model.as_ref().map_or_else(String::new, |model| model.as_str().to_owned()),
        }),
        Change::TransferPinIssue { .. }
        | Change::LockRelease { .. }
        | Change::SwapReport { .. }
        | Change::PinChange => return None,
    };
    Some(pb::Change { change: Some(wire) })
}

fn sim_change(sim: &SimChange) -> pb::SimChange {
    use pb::sim_change::Target;
    let SimChange { target, imei, cause, old_iccid, delivery } = sim;
    pb::SimChange {
        target: Some(match target {
            SimTarget::Iccid(iccid) => Target::Iccid(iccid.as_str().to_owned()),
            SimTarget::Eid(eid) => Target::Eid(eid.as_str().to_owned()),
        }),
        imei: imei.as_ref().map_or_else(String::new, |imei| imei.as_str().to_owned()),
        cause: wire::sim_change_cause(*cause),
        old_iccid: old_iccid.as_ref().map_or_else(String::new, |iccid| iccid.as_str().to_owned()),
        delivery: delivery.map_or_else(|| pb::SimDelivery::Unspecified.into(), wire::sim_delivery),
    }
}

fn port_out(port: &PortOut) -> pb::PortOut {
    let PortOut { gaining_spid, gaining_name, pon, dealer } = port;
    pb::PortOut {
        gaining_spid: gaining_spid.as_str().to_owned(),
        gaining_name: gaining_name.as_ref().map_or_else(String::new, |name| name.as_str().to_owned()),
        pon: pon.as_str().to_owned(),
        dealer_id: dealer.as_ref().map_or_else(String::new, |dealer| dealer.as_str().to_owned()),
    }
}

fn contact_change(change: &ContactChange) -> pb::ContactChange {
    use pb::contact_change::Value;
    let ContactChange { contact, value } = change;
    let value = match value {
        None => Value::Remove(true),
        Some(ContactValue::Email(email)) => Value::Email(email.clone()),
        Some(ContactValue::Sms(number)) => Value::Sms(number.to_e164()),
        Some(ContactValue::Voice(number)) => Value::Voice(number.to_e164()),
        Some(ContactValue::Postal(code)) => Value::PostalCode(code.as_str().to_owned()),
    };
    pb::ContactChange { contact_id: contact.as_str().to_owned(), value: Some(value) }
}

fn owner_change(change: &OwnerChange) -> pb::OwnerChange {
    use pb::owner_change::Target;
    let target = match change {
        OwnerChange::Role { person, role } => Target::Person(pb::PersonRoleChange {
            person_id: person.as_str().to_owned(),
            role: wire::person_role(*role),
        }),
        OwnerChange::ToAccount { brand: _, account } => Target::ToAccountId(account.as_str().to_owned()),
        OwnerChange::Close => Target::Close(true),
    };
    pb::OwnerChange { target: Some(target) }
}
