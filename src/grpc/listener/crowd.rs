//! How many connections there may be.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::config::Limits;

/// Bits of an IPv6 address that name a network: whoever has one address of it has them all.
const V6_NETWORK_BITS: u32 = 64;

/// Whose connections are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Whose {
    /// Those from one address, or one network of IPv6, that showed no certificate, or have not yet.
    Address(IpAddr),
    /// Those that showed one certificate, wherever from.
    Certificate([u8; 32]),
}

impl Whose {
    /// Of an address.
    pub(super) fn of(address: IpAddr) -> Self {
        Self::Address(match address.to_canonical() {
            IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) >> V6_NETWORK_BITS << V6_NETWORK_BITS).into()),
            v4 @ IpAddr::V4(_) => v4,
        })
    }
}

#[derive(Debug, Default)]
struct Counts {
    all: usize,
    each: HashMap<Whose, usize>,
}

/// The connections there are. Memory is bounded by their number.
#[derive(Debug)]
pub(super) struct Crowd {
    counts: Mutex<Counts>,
    all_max: usize,
    each_max: usize,
}

/// One connection's place. Dropping it leaves room for another.
#[derive(Debug)]
pub(super) struct Place {
    crowd: Arc<Crowd>,
    whose: Whose,
}

impl Crowd {
    /// Nobody yet.
    pub(super) fn new(limits: &Limits) -> Arc<Self> {
        Arc::new(Self {
            counts: Mutex::default(),
            all_max: limits.max_connections.to_usize(),
            each_max: limits.max_connections_per_identity.to_usize(),
        })
    }

    /// A place, if there is one.
    pub(super) fn enter(self: &Arc<Self>, whose: Whose) -> Option<Place> {
        let mut counts = self.counts();
        let here = counts.each.get(&whose).copied().unwrap_or_default();
        if counts.all >= self.all_max || here >= self.each_max {
            return None;
        }
        counts.all = counts.all.saturating_add(1);
        counts.each.insert(whose, here.saturating_add(1));
        Some(Place { crowd: Arc::clone(self), whose })
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        // A poisoned lock holds counts that are whole: nothing between their changes can panic.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.crowd.counts();
        counts.all = counts.all.saturating_sub(1);
        let left = counts.each.get(&self.whose).map_or(0, |here| here.saturating_sub(1));
        if left == 0 {
            counts.each.remove(&self.whose);
        } else {
            counts.each.insert(self.whose, left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Crowd, Whose};
    use crate::config::{Bounded, Limits};

    fn crowd() -> std::sync::Arc<Crowd> {
        Crowd::new(&Limits {
            max_connections: Bounded::of::<16>(),
            max_connections_per_identity: Bounded::of::<4>(),
            ..Limits::default()
        })
    }

    #[test]
    fn one_identity_leaves_room_for_others_and_all_together_are_bounded() {
        let crowd = crowd();
        let certificate = |number| Whose::Certificate([number; 32]);
        let mut places: Vec<_> = (0..4).map(|_| crowd.enter(certificate(1)).unwrap()).collect();
        assert!(crowd.enter(certificate(1)).is_none());
        places.extend(
            (2..5).flat_map(|number| (0..4).map(move |_| number)).map(|n| crowd.enter(certificate(n)).unwrap()),
        );
        assert!(crowd.enter(certificate(9)).is_none());
        places.pop();
        places.push(crowd.enter(certificate(9)).unwrap());
        drop(places);
        assert!(crowd.counts().each.is_empty() && crowd.counts().all == 0);
    }

    #[test]
    fn a_network_of_addresses_is_one_identity() {
        let of = |address: &str| Whose::of(address.parse().unwrap());
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
