//! Ids the engine mints: `UUIDv7`, so that they sort by time, and each tells this engine where its record lives.
//!
//! The low ten bits are the partition under a mask that only the index key gives. So a decision is found by its id
//! alone, and nobody outside can tell from two ids whether they belong to one account. Two ids of one partition in one
//! millisecond share 64 random bits with a chance of 1 in 2^64.

use chrono::{DateTime, Utc};

use super::keyring::Keyring;
use super::random::{self, RandomError};
use super::tokens::{Partition, Token, TokenKind, Tokens};

/// Mints ids and reads their partition.
#[derive(Clone)]
pub struct Ids {
    tokens: Tokens,
}

const PARTITION_MASK: u128 = Partition::COUNT as u128 - 1;
const VERSION_7: u128 = 0x7 << 76;
const VARIANT: u128 = 0b10 << 62;
/// Where randomness may stand: 12 bits behind the version, 52 between variant and partition.
const RANDOM_A_SHIFT: u32 = 64;
const RANDOM_A_MASK: u128 = 0xfff << RANDOM_A_SHIFT;
const RANDOM_B_MASK: u128 = ((1 << 62) - 1) & !PARTITION_MASK;
const MILLIS_MAX: u64 = (1 << 48) - 1;

impl Ids {
    /// Prepares the index key.
    pub fn new(keyring: &Keyring) -> Self {
        Self { tokens: Tokens::new(keyring) }
    }

    /// A new id of the instant `now` (to the millisecond; before 1970 counts as 1970), for a record of `partition`.
    pub fn mint(&self, now: DateTime<Utc>, partition: Partition) -> Result<u128, RandomError> {
        let random = u64::from_be_bytes(random::take()?);
        Ok(self.assemble(now, partition, random))
    }

    /// When an id was minted, to the millisecond. For an id that was not, some instant.
    pub fn minted_at(id: u128) -> DateTime<Utc> {
        let millis = i64::try_from(id >> 80).unwrap_or(i64::MAX);
        DateTime::from_timestamp_millis(millis).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    /// The partition of an id this engine minted. For any other id it is some partition, where nothing will be found.
    pub fn partition_of(&self, id: u128) -> Partition {
        let low = (id & PARTITION_MASK) as u16;
        Partition::of_low_bits(low ^ self.mask(id))
    }

    fn assemble(&self, now: DateTime<Utc>, partition: Partition, random: u64) -> u128 {
        let millis = u64::try_from(now.timestamp_millis()).unwrap_or(0).min(MILLIS_MAX);
        let random_a = (u128::from(random) << 12) & RANDOM_A_MASK;
        let random_b = (u128::from(random) << Partition::BITS) & RANDOM_B_MASK;
        let rest = (u128::from(millis) << 80) | VERSION_7 | random_a | VARIANT | random_b;
        rest | u128::from(partition.number() ^ self.mask(rest))
    }

    /// Ten bits that depend on every bit of the id but the low ten.
    fn mask(&self, id: u128) -> u16 {
        let rest = id & !PARTITION_MASK;
        let mask: Token = self.tokens.derive(TokenKind::IdMask, &[&rest.to_be_bytes()]);
        mask.partition().number()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use chrono::{DateTime, Utc};
    use proptest::prelude::*;

    use super::{Ids, MILLIS_MAX, PARTITION_MASK};
    use crate::crypto::{Keyring, Partition};

    fn ids() -> Ids {
        Ids::new(&Keyring::known())
    }

    fn at(millis: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(millis).unwrap()
    }

    /// Ids stand in stores and in callers' books: their partition must be read for ever.
    #[test]
    fn golden_id() {
        let id = ids().assemble(at(1_790_000_000_123), Partition::new(777).unwrap(), 0x0123_4567_89ab_cdef);
        assert_eq!(uuid::Uuid::from_u128(id).to_string(), "01a0c450-6c7b-7012-8d15-9e26af37bf8c");
        assert_eq!(ids().partition_of(id), Partition::new(777).unwrap());
    }

    #[test]
    fn the_partition_shows_only_under_the_index_key() {
        let partition = Partition::new(5).unwrap();
        let minted: Vec<u128> = (0..4_096).map(|_| ids().mint(at(1_790_000_000_000), partition).unwrap()).collect();
        let low_bits: HashSet<u128> = minted.iter().map(|id| id & PARTITION_MASK).collect();
        assert!(low_bits.len() > 900, "{} of 1,024 values", low_bits.len());
        let other = Ids::new(&Keyring::generate(at(0)).unwrap());
        let right = minted.iter().filter(|id| other.partition_of(**id) == partition).count();
        assert!(right < 64, "{right} of 4,096 read without the key");
    }

    #[test]
    fn no_two_are_alike() {
        let partition = Partition::new(0).unwrap();
        let minted: HashSet<u128> = (0..100_000).map(|_| ids().mint(at(1), partition).unwrap()).collect();
        assert_eq!(minted.len(), 100_000);
    }

    proptest! {
        #[test]
        fn carries_its_instant_and_partition(millis in 0..MILLIS_MAX / 8, number in 0..Partition::COUNT, random: u64) {
            let partition = Partition::new(number).unwrap();
            let bits = ids().assemble(at(millis.cast_signed()), partition, random);
            let id = uuid::Uuid::from_u128(bits);
            prop_assert_eq!(id.get_version_num(), 7);
            prop_assert_eq!(id.get_variant(), uuid::Variant::RFC4122);
            prop_assert_eq!(bits >> 80, u128::from(millis));
            prop_assert_eq!(ids().partition_of(bits), partition);
        }

        #[test]
        fn every_random_bit_stands_in_the_id(random: u64, bit in 0..64) {
            let assemble = |random| ids().assemble(at(1), Partition::new(0).unwrap(), random) & !PARTITION_MASK;
            prop_assert_ne!(assemble(random), assemble(random ^ (1_u64 << bit)));
        }
    }
}
