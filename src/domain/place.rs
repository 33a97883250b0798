//! Where a request was asked, beside the identity that asked it: what is recorded of it, and what of it can be held.

use super::{DeviceId, HoldKind, Interaction, Reference, Requester, StoreId};

/// A store and a device in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spot {
    /// The store.
    pub store: Option<StoreId>,
    /// The device in use.
    pub device: Option<DeviceId>,
}

/// The place of a request. What its token is bound to is certain; what the request said is a claim of who sent it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// What the token is bound to.
    pub bound: Spot,
    /// What the request said, where the token is not bound to the same.
    pub said: Spot,
    /// The clerk whom the request named.
    pub rep: Option<Reference>,
}

impl Place {
    /// Where a request comes from.
    pub fn of(requester: &Requester, said: &Interaction) -> Self {
        fn other<T: Clone + PartialEq>(said: Option<&T>, bound: Option<&T>) -> Option<T> {
            said.filter(|said| bound != Some(said)).cloned()
        }
        let Requester { store, device, .. } = requester;
        Self {
            bound: Spot { store: store.clone(), device: device.clone() },
            said: Spot {
                store: other(said.store.as_ref(), store.as_ref()),
                device: other(said.device.as_ref(), device.as_ref()),
            },
            rep: said.rep.clone(),
        }
    }

    /// Whether nothing is known of it.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The store, what is certain of it first.
    pub fn store(&self) -> Option<&StoreId> {
        self.bound.store.as_ref().or(self.said.store.as_ref())
    }

    /// Whether both may be in one store, by what is certain or was said of either.
    pub fn shares_a_store_with(&self, other: &Self) -> bool {
        let stores = |place: &Self| [place.bound.store.clone(), place.said.store.clone()];
        share(&stores(self), &stores(other))
    }

    /// The same of devices.
    pub fn shares_a_device_with(&self, other: &Self) -> bool {
        let devices = |place: &Self| [place.bound.device.clone(), place.said.device.clone()];
        share(&devices(self), &devices(other))
    }

    /// The device, what is certain of it first.
    pub fn device(&self) -> Option<&DeviceId> {
        self.bound.device.as_ref().or(self.said.device.as_ref())
    }

    /// Gives every name in it that can be held, certain or said: either is enough to refuse.
    pub fn each_holdable(&self, mut name: impl FnMut(HoldKind, &str)) {
        let Self { bound, said, rep } = self;
        if let Some(rep) = rep {
            name(HoldKind::Staff, rep.as_str());
        }
        for store in bound.store.iter().chain(&said.store) {
            name(HoldKind::Store, store.as_str());
        }
        for device in bound.device.iter().chain(&said.device) {
            name(HoldKind::Device, device.as_str());
        }
    }
}

/// Whether a name is among both.
fn share<T: PartialEq>(one: &[Option<T>], other: &[Option<T>]) -> bool {
    one.iter().flatten().any(|name| other.iter().flatten().any(|theirs| theirs == name))
}

#[cfg(test)]
mod tests {
    use super::{Place, Spot};
    use crate::domain::{
        Brand, Channel, Connection, DeviceId, HoldKind, Interaction, Reference, Requester, Role, Roster, StoreId,
        Subject,
    };

    fn store(name: &str) -> Option<StoreId> {
        StoreId::parse(name).ok()
    }

    fn device(name: &str) -> Option<DeviceId> {
        DeviceId::parse(name).ok()
    }

    fn asked(bound: Spot, said: Spot, rep: Option<&str>) -> Place {
        let requester = Requester {
            subject: Subject::parse("clerk").unwrap(),
            role: Role::RetailAgent,
            brand: Brand::parse("main").unwrap(),
            account: None,
            person: None,
            device: bound.device,
            store: bound.store,
            spid: None,
            token: None,
            roster: Roster::default(),
            connection: Connection::default(),
        };
        let rep = rep.map(|rep| Reference::parse(rep).unwrap());
        let Spot { store, device } = said;
        let channel = Channel::Store;
        Place::of(&requester, &Interaction { channel, reference: None, store, device, rep, client_address: None })
    }

    #[test]
    fn what_is_said_is_kept_beside_what_is_certain_and_not_twice() {
        let bound = || Spot { store: store("S1"), device: device("D1") };
        assert_eq!(asked(bound(), bound(), None), Place { bound: bound(), ..Place::default() });
        let elsewhere = Spot { store: store("S2"), device: device("D1") };
        let place = asked(bound(), elsewhere, Some("rep"));
        assert_eq!((place.said.store.clone(), place.said.device.clone()), (store("S2"), None));
        assert_eq!((place.store(), place.device()), (store("S1").as_ref(), device("D1").as_ref()));
        let mut names = Vec::new();
        place.each_holdable(|kind, name| names.push((kind, name.to_owned())));
        let expected = [
            (HoldKind::Staff, "rep".to_owned()),
            (HoldKind::Store, "S1".to_owned()),
            (HoldKind::Store, "S2".to_owned()),
            (HoldKind::Device, "D1".to_owned()),
        ];
        assert_eq!(names, expected);
        assert!(asked(Spot::default(), Spot::default(), None).is_empty());
        assert_eq!(asked(Spot::default(), bound(), None).store(), store("S1").as_ref());
    }
}
