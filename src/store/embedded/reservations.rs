//! Request keys reserved in memory, while nothing was looked at under them.

use std::collections::HashMap;

use crate::crypto::Token;
use crate::store::Reserve;

/// Reservations of one generation. Two are kept, so between this many and twice as many, about 50 bytes each.
const GENERATION_MAX: usize = 32_768;

/// The newest reservations, bounded. One that is forgotten is no harm: the commit's claim is checked in the tables.
#[derive(Debug, Default)]
pub(super) struct Reservations {
    young: HashMap<Token, [u8; 32]>,
    old: HashMap<Token, [u8; 32]>,
}

impl Reservations {
    /// Reserves a key. Whether it is free, or reserved with the same digest.
    pub(super) fn reserve(&mut self, reserve: &Reserve) -> bool {
        match self.young.get(&reserve.request).or_else(|| self.old.get(&reserve.request)) {
            Some(digest) => *digest == reserve.digest,
            None => {
                if self.young.len() >= GENERATION_MAX {
                    self.old = std::mem::take(&mut self.young);
                }
                self.young.insert(reserve.request, reserve.digest);
                true
            }
        }
    }

    /// Forgets a key that the tables know now.
    pub(super) fn release(&mut self, request: Token) {
        if self.young.remove(&request).is_none() {
            self.old.remove(&request);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{GENERATION_MAX, Reservations};
    use crate::crypto::Token;
    use crate::store::Reserve;

    fn reserve(number: usize, digest: u8) -> Reserve {
        Reserve { request: Token::from_bytes((number as u128).to_be_bytes()), digest: [digest; 32] }
    }

    #[test]
    fn a_key_belongs_to_one_digest_until_released() {
        let mut reservations = Reservations::default();
        assert!(reservations.reserve(&reserve(1, 1)));
        assert!(reservations.reserve(&reserve(1, 1)));
        assert!(!reservations.reserve(&reserve(1, 2)));
        reservations.release(reserve(1, 1).request);
        assert!(reservations.reserve(&reserve(1, 2)));
    }

    #[test]
    fn memory_is_bounded() {
        let mut reservations = Reservations::default();
        for number in 0..3 * GENERATION_MAX {
            assert!(reservations.reserve(&reserve(number, 1)));
        }
        assert!(reservations.young.len() + reservations.old.len() <= 2 * GENERATION_MAX);
        assert!(!reservations.reserve(&reserve(2 * GENERATION_MAX, 2)), "the newest are remembered");
    }
}
