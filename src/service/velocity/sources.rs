//! What a request comes from: the identities, places and devices whose failures are counted over many accounts.

use std::net::IpAddr;

use crate::domain::{Change, Interaction, Requester, Role, SourceKind};

/// Names every source of a request: its kind, and the parts of its name.
///
/// A front end that many share is no source itself where it passes on who stands behind it. A customer's own session reaches
/// one account and cannot fail on many; the address it comes from can.
pub(super) fn each(
    requester: &Requester,
    interaction: &Interaction,
    change: &Change,
    mut name: impl FnMut(SourceKind, &[&[u8]]),
) {
    let (subject, brand) = (requester.subject.as_str().as_bytes(), requester.brand.as_str().as_bytes());
    let gaining = match change {
        Change::PortOut(port) => Some(port.gaining_spid),
        _ => None,
    };
    let Interaction { rep, device, client_address, .. } = interaction;
    let stands_for_others = match requester.role {
        Role::PortingSystem => gaining.is_some(),
        Role::Ivr => rep.is_some() || device.is_some() || client_address.is_some(),
        role => role.is_bound_to_account(),
    };
    if !stands_for_others {
        name(SourceKind::Caller, &[subject]);
    }
    if let Some(rep) = rep {
        name(SourceKind::EndIdentity, &[subject, rep.as_str().as_bytes()]);
    }
    if !requester.role.is_bound_to_account() {
        // What the token is bound to comes before what the request says.
        if let Some(store) = requester.store.as_ref().or(interaction.store.as_ref()) {
            name(SourceKind::Store, &[brand, store.as_str().as_bytes()]);
        }
        if let Some(device) = requester.device.as_ref().or(device.as_ref()) {
            name(SourceKind::Device, &[brand, device.as_str().as_bytes()]);
        }
    }
    match client_address {
        Some(IpAddr::V4(address)) => name(SourceKind::Address, &[&address.octets()]),
        Some(IpAddr::V6(address)) => name(SourceKind::Address, &[network_of(&address.octets())]),
        None => {}
    }
    if let Some(spid) = &gaining {
        name(SourceKind::GainingCarrier, &[brand, spid.as_str().as_bytes()]);
    }
}

/// The first 64 bits: who has one IPv6 address has all of its network.
const fn network_of(address: &[u8; 16]) -> &[u8] {
    let (network, _) = address.split_at(8);
    network
}

#[cfg(test)]
mod tests {
    use super::each;
    use crate::domain::{
        Brand, Change, Channel, Connection, DeviceId, Interaction, Pon, PortOut, Reference, Requester, Role, Roster,
        SourceKind, Spid, StoreId, Subject,
    };

    use SourceKind::{Address, Caller, Device, EndIdentity, GainingCarrier, Store};

    fn requester(role: Role) -> Requester {
        let (subject, brand) = (Subject::parse("someone").unwrap(), Brand::parse("main").unwrap());
        let (account, person, device, store, spid, token) = (None, None, None, None, None, None);
        let (roster, connection) = (Roster::default(), Connection::default());
        Requester { subject, role, brand, account, person, device, store, spid, token, roster, connection }
    }

    fn bare(channel: Channel) -> Interaction {
        Interaction { channel, reference: None, store: None, device: None, rep: None, client_address: None }
    }

    fn full(address: &str) -> Interaction {
        Interaction {
            store: Some(StoreId::parse("store-1").unwrap()),
            device: Some(DeviceId::parse("tablet-1").unwrap()),
            rep: Some(Reference::parse("rep-1").unwrap()),
            client_address: Some(address.parse().unwrap()),
            ..bare(Channel::Store)
        }
    }

    fn port() -> Change {
        let (gaining_spid, pon) = (Spid::parse("6529").unwrap(), Pon::parse("A1").unwrap());
        Change::PortOut(PortOut { gaining_spid, gaining_name: None, pon, dealer: None })
    }

    fn named(role: Role, interaction: &Interaction, change: &Change) -> Vec<(SourceKind, Vec<u8>)> {
        let mut named = Vec::new();
        each(&requester(role), interaction, change, |kind, parts| named.push((kind, parts.concat())));
        named
    }

    fn kinds(role: Role, interaction: &Interaction, change: &Change) -> Vec<SourceKind> {
        named(role, interaction, change).into_iter().map(|(kind, _)| kind).collect()
    }

    #[test]
    fn whoever_stands_behind_a_shared_front_end_is_the_source() {
        let (pin, nothing, all) = (Change::PinChange, bare(Channel::Ivr), full("192.0.2.7"));
        assert_eq!(kinds(Role::RetailAgent, &nothing, &pin), [Caller]);
        assert_eq!(kinds(Role::RetailAgent, &all, &pin), [Caller, EndIdentity, Store, Device, Address]);
        assert_eq!(kinds(Role::PinPad, &all, &pin), [Caller, EndIdentity, Store, Device, Address]);
        assert_eq!(kinds(Role::PortingSystem, &bare(Channel::Port), &port()), [GainingCarrier]);
        assert_eq!(kinds(Role::PortingSystem, &bare(Channel::Port), &pin), [Caller]);
        assert_eq!(kinds(Role::Ivr, &nothing, &pin), [Caller]);
        assert_eq!(kinds(Role::Ivr, &all, &pin), [EndIdentity, Store, Device, Address]);
        assert_eq!(kinds(Role::Customer, &nothing, &pin), []);
        assert_eq!(kinds(Role::Customer, &full("192.0.2.7"), &pin), [EndIdentity, Address]);
    }

    #[test]
    fn one_network_is_one_source() {
        let address = |text: &str| named(Role::Customer, &full(text), &Change::PinChange).pop();
        assert_eq!(address("2001:db8::1"), address("2001:db8::ffff:2"));
        assert_ne!(address("2001:db8::1"), address("2001:db8:0:1::1"));
        assert_ne!(address("192.0.2.7"), address("192.0.2.8"));
    }

    #[test]
    fn a_token_bound_to_a_store_and_a_device_is_of_no_other() {
        let bound = Requester {
            store: Some(StoreId::parse("store-9").unwrap()),
            device: Some(DeviceId::parse("tablet-9").unwrap()),
            ..requester(Role::RetailAgent)
        };
        let mut named = Vec::new();
        each(&bound, &full("192.0.2.7"), &Change::PinChange, |kind, parts| {
            named.extend(matches!(kind, Store | Device).then(|| parts.concat()));
        });
        assert_eq!(named, [b"mainstore-9".to_vec(), b"maintablet-9".to_vec()]);
    }
}
