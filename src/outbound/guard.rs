//! Which addresses may be sent to (E23): public ones, and those inside that the operator named.
//!
//! A name is not looked at, for it can come to mean another address at any time: what is judged is each address that is about
//! to be connected to.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::config::{AllowedPlace, HttpsUrl};

/// What an address is to who stands inside a carrier's network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressKind {
    /// Anybody's.
    Public,
    /// This machine.
    Loopback,
    /// A private network (RFC 1918, RFC 4193).
    Private,
    /// Shared between a carrier and its customers (RFC 6598).
    Shared,
    /// This link, where clouds answer with their machines' credentials (RFC 3927, RFC 4291).
    LinkLocal,
    /// No address: a system takes it for itself.
    Unspecified,
    /// Many at once.
    Multicast,
    /// For documents, tests, translation or nothing yet.
    Reserved,
}

impl fmt::Display for AddressKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Public => "public",
            Self::Loopback => "loopback",
            Self::Private => "private",
            Self::Shared => "shared (RFC 6598)",
            Self::LinkLocal => "link-local",
            Self::Unspecified => "unspecified",
            Self::Multicast => "multicast",
            Self::Reserved => "reserved",
        })
    }
}

impl AddressKind {
    /// What an address is. One that carries an IPv4 address inside is what that is.
    pub fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self::of_v4(address),
            IpAddr::V6(address) => Self::of_v6(address),
        }
    }

    /// Whether servers of a carrier usually stand there.
    const fn is_inside(self) -> bool {
        matches!(self, Self::Loopback | Self::Private | Self::Shared)
    }

    /// By the IANA registry of special-purpose addresses: all that is not globally reachable, and relays of 6to4.
    const fn of_v4(address: Ipv4Addr) -> Self {
        match address.octets() {
            [0, ..] => Self::Unspecified,
            [127, ..] => Self::Loopback,
            [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Self::Private,
            [100, 64..=127, ..] => Self::Shared,
            [169, 254, ..] => Self::LinkLocal,
            [224..=239, ..] => Self::Multicast,
            [192, 0, 0 | 2, _] | [192, 88, 99, _] | [198, 18 | 19, ..] | [198, 51, 100, _] | [203, 0, 113, _] => {
                Self::Reserved
            }
            [240..=255, ..] => Self::Reserved,
            _ => Self::Public,
        }
    }

    fn of_v6(address: Ipv6Addr) -> Self {
        let inner = |high: u16, low: u16| Self::of_v4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)));
        match address.segments() {
            [0, 0, 0, 0, 0, 0, 0, 0] => Self::Unspecified,
            [0, 0, 0, 0, 0, 0, 0, 1] => Self::Loopback,
            // IPv4-mapped, NAT64 and 6to4: a connection ends at that IPv4 address.
            [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
                inner(high, low)
            }
            // IPv4-compatible, which nobody may use any more.
            [0, 0, 0, 0, 0, 0, high, low] => match inner(high, low) {
                Self::Public => Self::Reserved,
                kind => kind,
            },
            [0xfc00..=0xfdff, ..] => Self::Private,
            [0xfe80..=0xfebf, ..] => Self::LinkLocal,
            [0xff00..=0xffff, ..] => Self::Multicast,
            // Protocols' own, Teredo among them; documents.
            [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Self::Reserved,
            [0x2000..=0x3fff, ..] => Self::Public,
            _ => Self::Reserved,
        }
    }
}

/// An address that may not be sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Inner {
    pub(super) address: IpAddr,
    pub(super) kind: AddressKind,
}

/// Addresses that were looked at: whoever connects takes these and asks for none again.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Checked(Vec<SocketAddr>);

impl Checked {
    pub(super) fn addresses(&self) -> &[SocketAddr] {
        &self.0
    }
}

/// What may be sent to.
#[derive(Debug)]
pub(super) struct Guard(Vec<AllowedPlace>);

impl Guard {
    pub(super) const fn new(allowed: Vec<AllowedPlace>) -> Self {
        Self(allowed)
    }

    /// Looks at every address that the receiver's name has. One that may not be sent to refuses them all: a name that is half
    /// inside is not what the operator meant.
    pub(super) fn check(&self, to: &HttpsUrl, found: Vec<SocketAddr>) -> Result<Checked, Inner> {
        let refused = found.iter().map(SocketAddr::ip).find(|address| !self.admits(to, *address));
        match refused {
            None => Ok(Checked(found)),
            Some(address) => Err(Inner { address, kind: AddressKind::of(address) }),
        }
    }

    fn admits(&self, to: &HttpsUrl, address: IpAddr) -> bool {
        let kind = AddressKind::of(address);
        kind == AddressKind::Public
            || self.0.iter().any(|allowed| match allowed {
                AllowedPlace::Network(network) => network.contains(address),
                // A name may move about inside, and not to where credentials are.
                AllowedPlace::Server { host, port } => {
                    kind.is_inside() && *port == to.port && host.eq_ignore_ascii_case(&to.host)
                }
            })
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, SocketAddr};

    use proptest::prelude::*;

    use super::{AddressKind, Guard, Inner};
    use crate::config::{AllowedPlace, HttpsUrl};
    use crate::domain::Network;

    fn kind(address: &str) -> AddressKind {
        AddressKind::of(address.parse().unwrap())
    }

    fn to(url: &str) -> HttpsUrl {
        HttpsUrl::parse(url).unwrap()
    }

    fn socket(address: &str) -> SocketAddr {
        SocketAddr::new(address.parse().unwrap(), 8_443)
    }

    fn network(text: &str) -> AllowedPlace {
        AllowedPlace::Network(Network::parse(text).unwrap())
    }

    fn server(host: &str, port: u16) -> AllowedPlace {
        AllowedPlace::Server { host: host.to_owned(), port }
    }

    const URL: &str = "https://messages.example:8443/in";

    /// Every form of an address that leads inside, each at both of its ends.
    #[test]
    fn every_form_of_an_inner_address_is_known() {
        use AddressKind::{LinkLocal, Loopback, Multicast, Private, Reserved, Shared, Unspecified};
        for (addresses, expected) in [
            (&["0.0.0.0", "0.255.255.255", "::", "::ffff:0.0.0.0"][..], Unspecified),
            (&["127.0.0.1", "127.255.255.255", "::1", "::127.0.0.1", "::ffff:127.0.0.1"], Loopback),
            (
                &["10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255", "192.168.0.0", "192.168.255.255"],
                Private,
            ),
            (&["fc00::", "fdff:ffff::1", "::ffff:10.1.2.3", "::10.1.2.3", "::ffff:c0a8:1"], Private),
            (&["100.64.0.0", "100.127.255.255", "::ffff:100.100.100.200"], Shared),
            (&["169.254.0.0", "169.254.169.254", "::ffff:169.254.169.254", "fe80::1", "febf::1"], LinkLocal),
            (&["224.0.0.0", "239.255.255.255", "ff00::", "ff02::1", "ffff::"], Multicast),
            (&["192.0.0.1", "192.0.2.1", "192.88.99.1", "198.18.0.0", "198.19.255.255", "198.51.100.1"], Reserved),
            (&["203.0.113.1", "240.0.0.0", "255.255.255.255", "::8.8.8.8", "fec0::1"], Reserved),
            // Teredo, ORCHID, benchmarks, documents, local translation, stateless translation, discard-only.
            (&["2001::1", "2001:0:7f00:1::", "2001:1ff:ffff::", "2001:10::1", "2001:2::1"], Reserved),
            (&["2001:db8::1", "3fff::1", "3fff:fff::1", "64:ff9b:1::a00:1", "::ffff:0:a00:1", "100::1"], Reserved),
            // NAT64 and 6to4 of each.
            (&["64:ff9b::127.0.0.1", "2002:7f00:1::", "2002:7f00:1::1"], Loopback),
            (&["64:ff9b::10.0.0.1", "2002:a00:1::", "64:ff9b::192.168.1.1", "2002:c0a8:101::"], Private),
            (&["64:ff9b::169.254.169.254", "2002:a9fe:a9fe::"], LinkLocal),
            (&["64:ff9b::100.64.0.1", "2002:6440:1::"], Shared),
            (&["64:ff9b::0.0.0.0", "2002::"], Unspecified),
            (&["64:ff9b::224.0.0.1", "2002:e000:1::"], Multicast),
        ] {
            for address in addresses {
                assert_eq!(kind(address), expected, "{address}");
                let refused = Guard::new(Vec::new()).check(&to(URL), vec![socket(address)]);
                let address: IpAddr = address.parse().unwrap();
                assert_eq!(refused, Err(Inner { address, kind: expected }), "{address}");
            }
        }
    }

    #[test]
    fn neighbours_of_inner_addresses_are_public() {
        for address in [
            "1.0.0.0",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.0.3.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "203.0.112.255",
            "203.0.114.0",
            "223.255.255.255",
            "2000::",
            "2001:200::1",
            "2001:db7::1",
            "2001:db9::1",
            "2606:4700::1",
            "3ffe:ffff::",
            "3fff:1000::",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
            "2002:808:808::1",
        ] {
            assert_eq!(kind(address), AddressKind::Public, "{address}");
            assert!(Guard::new(Vec::new()).check(&to(URL), vec![socket(address)]).is_ok(), "{address}");
        }
    }

    #[test]
    fn one_inner_address_refuses_all_that_a_name_has() {
        let guard = Guard::new(Vec::new());
        let mixed = vec![socket("8.8.8.8"), socket("2606:4700::1"), socket("10.0.0.1")];
        assert_eq!(guard.check(&to(URL), mixed).unwrap_err().kind, AddressKind::Private);
        let public = vec![socket("8.8.8.8"), socket("2606:4700::1")];
        assert_eq!(guard.check(&to(URL), public.clone()).unwrap().addresses(), public);
    }

    #[test]
    fn what_the_operator_names_is_open_and_nothing_beside_it() {
        let opens = |allowed: AllowedPlace, url: &str, address: &str| {
            Guard::new(vec![allowed]).check(&to(url), vec![socket(address)]).is_ok()
        };
        let private = || network("10.20.0.0/16");
        assert!(opens(private(), URL, "10.20.255.255") && opens(private(), URL, "::ffff:10.20.0.1"));
        for beside in ["10.21.0.0", "10.19.255.255", "127.0.0.1", "64:ff9b::10.20.0.1", "2002:a14:1::", "::10.20.0.1"] {
            assert!(!opens(private(), URL, beside), "{beside}");
        }
        assert!(opens(network("169.254.169.254"), URL, "169.254.169.254"), "said in so many words");
        let own = || server("Messages.example", 8_443);
        for inside in ["10.0.0.1", "127.0.0.1", "::1", "100.64.0.1", "fd00::1", "192.168.1.1"] {
            assert!(opens(own(), URL, inside), "{inside}");
            assert!(!opens(own(), "https://messages.example/in", inside), "another port");
            assert!(!opens(own(), "https://other.example:8443/in", inside), "another host");
        }
        for never in ["169.254.169.254", "fe80::1", "0.0.0.0", "::", "224.0.0.1", "255.255.255.255", "2001:db8::1"] {
            assert!(!opens(own(), URL, never), "{never}");
        }
    }

    proptest! {
        /// An IPv4 address is no more public inside an IPv6 one than it is by itself.
        #[test]
        fn wrapping_opens_nothing(bits: u32, behind: u64) {
            let own = kind(&std::net::Ipv4Addr::from_bits(bits).to_string());
            let (low, high) = (u128::from(bits), u128::from(bits) << 80);
            let wrapped = [0xffff_u128 << 32 | low, 0x64_ff9b << 96 | low, 0x2002 << 112 | high | u128::from(behind), low];
            for wrapped in wrapped.into_iter().filter(|bits| *bits > 1) {
                let kind = AddressKind::of(IpAddr::V6(wrapped.into()));
                prop_assert!(kind == own || (own == AddressKind::Public && kind == AddressKind::Reserved), "{wrapped:x}");
            }
        }
    }
}
