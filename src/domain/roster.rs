//! Rosters and registered stores: which staff at which store, on which devices and networks, in which hours.
//!
//! A token says whose hours, stores and devices; the operator's register says which networks and devices a store has. What
//! neither says is unknown, and unknown is never read as "as it should be".

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Brand, DeviceId, Interaction, Network, Place, Requester, Role, StoreId};

/// How long before and after the hours of a roster somebody is still on it.
const GRACE: TimeDelta = TimeDelta::minutes(30);

/// The hours of a roster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RosterHours {
    /// When they begin.
    pub begin: DateTime<Utc>,
    /// When they end.
    pub end: DateTime<Utc>,
}

impl RosterHours {
    /// Whether an instant is in them, or near enough.
    pub fn cover(&self, at: DateTime<Utc>) -> bool {
        let after_begin = at.signed_duration_since(self.begin) >= -GRACE;
        after_begin && at.signed_duration_since(self.end) < GRACE
    }
}

/// What a token says of its holder's roster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roster {
    /// The hours; none where the token says none.
    pub hours: Option<RosterHours>,
    /// The stores; where it lists none, the one that it is bound to.
    pub stores: Vec<StoreId>,
    /// The devices; any, where it lists none.
    pub devices: Vec<DeviceId>,
}

/// How somebody stands to the roster. The numbers are recorded for ever.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum RosterStanding {
    /// Nothing tells.
    #[default]
    Unknown = 0,
    /// On it.
    On = 1,
    /// Not at this hour.
    OffHours = 2,
    /// Not at this store.
    OffStore = 3,
    /// Not on this device.
    OffDevice = 4,
}

impl Roster {
    /// Whether its holder does not work at this instant. Who has no hours is not known to be off them.
    pub fn is_off_hours(&self, at: DateTime<Utc>) -> bool {
        self.hours.is_some_and(|hours| !hours.cover(at))
    }

    fn has_store(&self, requester: &Requester, store: &StoreId) -> bool {
        if self.stores.is_empty() {
            requester.store.as_ref().is_none_or(|bound| bound == store)
        } else {
            self.stores.contains(store)
        }
    }

    /// How who asks stands to their roster, in a store that the register may know.
    pub fn standing(
        requester: &Requester,
        interaction: &Interaction,
        store: Option<&RegisteredStore>,
        now: DateTime<Utc>,
    ) -> RosterStanding {
        let roster = &requester.roster;
        if roster.is_off_hours(now) {
            return RosterStanding::OffHours;
        }
        if is_store_staff(requester.role) {
            let place = Place::of(requester, interaction);
            // What is certain and what is said: either is enough to be off.
            let mut stores = place.bound.store.iter().chain(&place.said.store);
            if !stores.all(|store| roster.has_store(requester, store)) {
                return RosterStanding::OffStore;
            }
            let lists = [roster.devices.as_slice(), store.map_or(&[], |store| store.devices.as_slice())];
            if !lists.into_iter().all(|listed| is_on_device(&place, listed)) {
                return RosterStanding::OffDevice;
            }
        }
        let is_told = roster.hours.is_some() || !roster.stores.is_empty() || !roster.devices.is_empty();
        if is_told { RosterStanding::On } else { RosterStanding::Unknown }
    }
}

/// Whether a place is on one of the devices that are listed. A device that nobody names is none of them: who leaves it out
/// would be on any.
fn is_on_device(place: &Place, listed: &[DeviceId]) -> bool {
    let mut named = place.bound.device.iter().chain(&place.said.device).peekable();
    listed.is_empty() || (named.peek().is_some() && named.all(|device| listed.contains(device)))
}

/// Whether a role works in a store. Customers' apps, voice systems and carriers' front ends stand in none.
const fn is_store_staff(role: Role) -> bool {
    matches!(role, Role::RetailAgent | Role::RetailManager)
}

/// A store as its operator registered it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RegisteredStore {
    /// Its networks; none where they are not registered.
    pub networks: Vec<Network>,
    /// Its devices; none where they are not.
    pub devices: Vec<DeviceId>,
}

/// The stores that their operator registered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoreRegister(HashMap<Brand, HashMap<StoreId, RegisteredStore>>);

/// How a store's device stands to the networks of its store. The numbers are recorded for ever.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum NetworkStanding {
    /// Nobody asks from a store, or the store's networks are not registered.
    #[default]
    Unknown = 0,
    /// On a registered one.
    Registered = 1,
    /// On another.
    NotRegistered = 2,
    /// The store has registered networks, and nobody told on which the device is.
    NotTold = 3,
}

impl StoreRegister {
    /// Adds a store; whether it is new.
    pub fn add(&mut self, brand: Brand, id: StoreId, store: RegisteredStore) -> bool {
        self.0.entry(brand).or_default().insert(id, store).is_none()
    }

    /// How many stores there are.
    pub fn count(&self) -> usize {
        self.0.values().map(HashMap::len).sum()
    }

    /// The store that somebody asks from: the one whose device they call from; else the one that they say, where their roster
    /// has it; else the one that their token is bound to.
    pub fn store_of(&self, requester: &Requester, interaction: &Interaction) -> Option<&RegisteredStore> {
        if !stands_in_store(requester.role) {
            return None;
        }
        let shown = requester.connection.store.as_ref().map(|(store, _)| store);
        let said = interaction.store.as_ref().filter(|store| requester.roster.has_store(requester, store));
        self.0.get(&requester.brand)?.get(shown.or(said).or(requester.store.as_ref())?)
    }
}

/// Whether a role's requests come from a store's own devices.
const fn stands_in_store(role: Role) -> bool {
    is_store_staff(role) || matches!(role, Role::PinPad)
}

impl NetworkStanding {
    /// How a request stands that comes from a store's device. What the connection shows is certain, and comes before what is
    /// said.
    pub fn of(requester: &Requester, interaction: &Interaction, store: Option<&RegisteredStore>) -> Self {
        let Some(store) = store.filter(|store| !store.networks.is_empty()) else { return Self::Unknown };
        let shown = requester.connection.store.as_ref().map(|(_, address)| *address);
        match shown.or(interaction.client_address) {
            None => Self::NotTold,
            Some(address) if store.networks.iter().any(|network| network.contains(address)) => Self::Registered,
            Some(_) => Self::NotRegistered,
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};

    use super::{NetworkStanding, RegisteredStore, Roster, RosterHours, RosterStanding, StoreRegister};
    use crate::domain::{
        Brand, Channel, Connection, DeviceId, Interaction, Network, Requester, Role, StoreId, Subject,
    };

    fn store(name: &str) -> StoreId {
        StoreId::parse(name).unwrap()
    }

    fn device(name: &str) -> DeviceId {
        DeviceId::parse(name).unwrap()
    }

    fn brand(name: &str) -> Brand {
        Brand::parse(name).unwrap()
    }

    fn now() -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
    }

    /// Somebody whose token is bound to the store S1.
    fn of(role: Role) -> Requester {
        Requester {
            subject: Subject::parse("someone").unwrap(),
            role,
            brand: brand("main"),
            account: None,
            person: None,
            device: None,
            store: Some(store("S1")),
            spid: None,
            token: None,
            roster: Roster::default(),
            connection: Connection::default(),
        }
    }

    fn rostered(role: Role, roster: Roster) -> Requester {
        Requester { roster, ..of(role) }
    }

    fn said(at: Option<&str>, on: Option<&str>, address: Option<&str>) -> Interaction {
        Interaction {
            channel: Channel::Store,
            reference: None,
            store: at.map(store),
            device: on.map(device),
            rep: None,
            client_address: address.map(|address| address.parse().unwrap()),
        }
    }

    fn nowhere() -> Interaction {
        said(None, None, None)
    }

    #[test]
    fn hours_count_half_an_hour_around_them_and_for_whoever_has_some() {
        let (begin, end) = (now(), now() + TimeDelta::hours(8));
        let hours = Roster { hours: Some(RosterHours { begin, end }), ..Roster::default() };
        let (grace, tick) = (TimeDelta::minutes(30), TimeDelta::nanoseconds(1));
        for role in [Role::RetailAgent, Role::CareAgent, Role::Provisioning] {
            let standing = |at| Roster::standing(&rostered(role, hours.clone()), &nowhere(), None, at);
            assert_eq!(standing(begin - grace - tick), RosterStanding::OffHours);
            assert_eq!(standing(begin - grace), RosterStanding::On);
            assert_eq!(standing(end + grace - tick), RosterStanding::On);
            assert_eq!(standing(end + grace), RosterStanding::OffHours);
        }
        assert_eq!(Roster::standing(&of(Role::CareAgent), &nowhere(), None, begin), RosterStanding::Unknown);
    }

    #[test]
    fn staff_works_in_the_stores_of_its_roster_and_where_it_lists_none_in_its_own() {
        let standing = |requester: &Requester, at| Roster::standing(requester, &said(at, None, None), None, now());
        let clerk = of(Role::RetailAgent);
        assert_eq!(standing(&clerk, None), RosterStanding::Unknown);
        assert_eq!(standing(&clerk, Some("S1")), RosterStanding::Unknown);
        assert_eq!(standing(&clerk, Some("S2")), RosterStanding::OffStore);
        let roster =
            |names: &[&str]| Roster { stores: names.iter().copied().map(store).collect(), ..Roster::default() };
        let manager = rostered(Role::RetailManager, roster(&["S1", "S2"]));
        assert_eq!(standing(&manager, Some("S2")), RosterStanding::On);
        assert_eq!(standing(&manager, Some("S3")), RosterStanding::OffStore);
        // Signed in where they do not work.
        assert_eq!(standing(&rostered(Role::RetailManager, roster(&["S2"])), None), RosterStanding::OffStore);
        // What is said of a place is nothing to those who stand in none.
        assert_eq!(standing(&of(Role::CareAgent), Some("S2")), RosterStanding::Unknown);
        let unbound = Requester { store: None, ..clerk };
        assert_eq!(standing(&unbound, Some("S2")), RosterStanding::Unknown);
    }

    #[test]
    fn where_devices_are_listed_one_that_is_not_named_is_none_of_them() {
        let listed = || vec![device("till-1"), device("till-2")];
        let roster = Roster { devices: listed(), ..Roster::default() };
        let register = RegisteredStore { devices: listed(), ..RegisteredStore::default() };
        for (roster, store) in [(roster, None), (Roster::default(), Some(&register))] {
            let standing = |bound: Option<&str>, on| {
                let requester = Requester { device: bound.map(device), ..rostered(Role::RetailAgent, roster.clone()) };
                Roster::standing(&requester, &said(None, on, None), store, now())
            };
            let off = |bound, on| standing(bound, on) == RosterStanding::OffDevice;
            assert!(!off(Some("till-1"), None) && !off(None, Some("till-2")) && !off(Some("till-1"), Some("till-2")));
            assert!(off(None, None) && off(Some("till-3"), None) && off(None, Some("till-3")));
            assert!(off(Some("till-3"), Some("till-1")), "what is said does not mend what is certain");
            assert!(off(Some("till-1"), Some("till-3")), "either is enough");
        }
    }

    fn register() -> StoreRegister {
        let mut register = StoreRegister::default();
        for (id, network) in [("S1", "203.0.113.0/24"), ("S2", "2001:db8:2::/48")] {
            let networks = vec![Network::parse(network).unwrap()];
            assert!(register.add(brand("main"), store(id), RegisteredStore { networks, ..RegisteredStore::default() }));
        }
        assert!(register.add(brand("main"), store("S3"), RegisteredStore::default()));
        register
    }

    fn network(requester: &Requester, interaction: &Interaction) -> NetworkStanding {
        NetworkStanding::of(requester, interaction, register().store_of(requester, interaction))
    }

    #[test]
    fn a_stores_device_is_on_its_stores_networks() {
        let from = |address| said(None, None, Some(address));
        for role in [Role::RetailAgent, Role::RetailManager, Role::PinPad] {
            let requester = of(role);
            assert_eq!(network(&requester, &from("203.0.113.9")), NetworkStanding::Registered);
            assert_eq!(network(&requester, &from("203.0.114.9")), NetworkStanding::NotRegistered);
            assert_eq!(network(&requester, &from("2001:db8:2::9")), NetworkStanding::NotRegistered, "another store's");
            assert_eq!(network(&requester, &nowhere()), NetworkStanding::NotTold);
        }
        // What moves about by its nature, and what is not registered.
        for role in [Role::CareAgent, Role::Ivr, Role::PortingSystem, Role::Customer] {
            assert_eq!(network(&of(role), &from("198.51.100.1")), NetworkStanding::Unknown, "{role:?}");
        }
        let elsewhere = |store| Requester { store, ..of(Role::RetailAgent) };
        assert_eq!(network(&elsewhere(Some(store("S3"))), &from("198.51.100.1")), NetworkStanding::Unknown);
        assert_eq!(network(&elsewhere(Some(store("S4"))), &from("198.51.100.1")), NetworkStanding::Unknown);
        let other_brand = Requester { brand: brand("other"), ..of(Role::RetailAgent) };
        assert_eq!(network(&other_brand, &from("198.51.100.1")), NetworkStanding::Unknown);
    }

    #[test]
    fn what_the_connection_shows_comes_before_what_is_said() {
        let till = |id: &str, address: &str| Connection {
            store: Some((store(id), address.parse().unwrap())),
            certificate: None,
        };
        let at = |connection| Requester { connection, ..of(Role::RetailAgent) };
        let says = said(None, None, Some("203.0.113.9"));
        assert_eq!(network(&at(till("S1", "198.51.100.1")), &says), NetworkStanding::NotRegistered);
        assert_eq!(network(&at(till("S1", "203.0.113.1")), &nowhere()), NetworkStanding::Registered);
        // A manager of several stores is where their till stands, or where they say.
        let roster = Roster { stores: vec![store("S1"), store("S2")], ..Roster::default() };
        let manager = |connection| Requester { connection, ..rostered(Role::RetailManager, roster.clone()) };
        assert_eq!(network(&manager(till("S2", "2001:db8:2::1")), &nowhere()), NetworkStanding::Registered);
        let in_second = said(Some("S2"), None, Some("2001:db8:2::1"));
        assert_eq!(network(&manager(Connection::default()), &in_second), NetworkStanding::Registered);
        // A store that is not theirs has not their networks.
        assert_eq!(network(&at(Connection::default()), &in_second), NetworkStanding::NotRegistered);
    }
}
