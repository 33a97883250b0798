//! Networks: ranges of addresses, as routers and registers write them.

use std::fmt;
use std::net::IpAddr;

use super::FormatError;

const EXPECTED: &str =
    "must be a network such as 203.0.113.0/24 or 2001:db8::/48, or one address, with no bit set behind its prefix";

/// A range of network addresses (CIDR, RFC 4632 and RFC 4291).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// Reads one; an address without a prefix is that address alone.
    ///
    /// A bit behind the prefix is refused: it is a typing error in one of the two, and nobody can tell in which.
    ///
    /// # Errors
    ///
    /// The format.
    pub fn parse(text: &str) -> Result<Self, FormatError> {
        let wrong = FormatError::new(EXPECTED);
        let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let address: IpAddr = address.parse().map_err(|_| wrong)?;
        // One spelling an address: requests have an IPv4 address inside IPv6 as that IPv4 address.
        if address.to_canonical() != address {
            return Err(wrong);
        }
        let most = Self::bits(address);
        let is_number = |text: &str| text == "0" || text.starts_with(|c: char| matches!(c, '1'..='9'));
        let prefix = match prefix {
            None => most,
            Some(prefix) if is_number(prefix) => prefix.parse().map_err(|_| wrong)?,
            Some(_) => return Err(wrong),
        };
        if prefix > most || Self::masked(address, prefix) != Self::masked(address, most) {
            return Err(wrong);
        }
        Ok(Self { address, prefix })
    }

    /// How many bits all its addresses begin with.
    pub const fn prefix(&self) -> u8 {
        self.prefix
    }

    /// Whether an address is in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.address.is_ipv4()
            && Self::masked(address, self.prefix) == Self::masked(self.address, self.prefix)
    }

    const fn bits(address: IpAddr) -> u8 {
        match address {
            IpAddr::V4(_) => 32,
            IpAddr::V6(_) => 128,
        }
    }

    /// The first bits of an address, those behind them zero.
    fn masked(address: IpAddr, prefix: u8) -> u128 {
        let value = match address {
            IpAddr::V4(address) => u128::from(address.to_bits()),
            IpAddr::V6(address) => address.to_bits(),
        };
        let behind = u32::from(Self::bits(address).saturating_sub(prefix));
        value.checked_shr(behind).and_then(|kept| kept.checked_shl(behind)).unwrap_or(0)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr;

    use proptest::prelude::*;

    use super::Network;

    fn holds(network: &str, address: &str) -> bool {
        Network::parse(network).unwrap().contains(address.parse().unwrap())
    }

    #[test]
    fn a_network_holds_its_addresses_and_no_other() {
        for (network, inside, outside) in [
            ("203.0.113.0/24", ["203.0.113.0", "203.0.113.255"], ["203.0.112.255", "203.0.114.0"]),
            ("203.0.113.8/29", ["203.0.113.8", "203.0.113.15"], ["203.0.113.7", "203.0.113.16"]),
            ("203.0.113.9", ["203.0.113.9", "::ffff:203.0.113.9"], ["203.0.113.8", "::203.0.113.9"]),
            ("2001:db8:7::/48", ["2001:db8:7::", "2001:db8:7:ffff::1"], ["2001:db8:6:ffff::1", "2001:db8:8::"]),
            ("0.0.0.0/0", ["0.0.0.0", "255.255.255.255"], ["::1", "2001:db8::1"]),
            ("::/0", ["::1", "ffff::"], ["192.0.2.1", "::ffff:192.0.2.1"]),
        ] {
            assert!(inside.iter().all(|address| holds(network, address)), "{network}");
            assert!(!outside.iter().any(|address| holds(network, address)), "{network}");
        }
    }

    #[test]
    fn what_could_mean_two_things_is_refused() {
        for text in [
            "",
            "store",
            "203.0.113.0/",
            "203.0.113.0/33",
            "203.0.113.0/+8",
            "203.0.113.0/024",
            "203.0.113.0/24/24",
            "203.0.113.1/24",
            "203.0.113/24",
            "::/129",
            "2001:db8::1/48",
            "::ffff:203.0.113.0/120",
            " 203.0.113.0/24",
        ] {
            assert!(Network::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_network_holds_what_has_its_first_bits(bits: u128, other: u128, prefix in 0..=128_u32) {
            // None of them an IPv4 address inside IPv6, which has another spelling.
            let [bits, other] = [bits, other].map(|bits| bits | 1 << 127);
            let first = |bits: u128| bits & u128::MAX.checked_shl(128 - prefix).unwrap_or(0);
            let text = format!("{}/{prefix}", Ipv6Addr::from_bits(first(bits)));
            let network = Network::parse(&text).unwrap();
            prop_assert_eq!(network.to_string(), text);
            prop_assert!(network.contains(Ipv6Addr::from_bits(bits).into()));
            prop_assert_eq!(network.contains(Ipv6Addr::from_bits(other).into()), first(bits) == first(other));
        }
    }
}
