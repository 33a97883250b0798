//! Requests' keys that this engine reserved of late: their reservation need not be asked for again when they are claimed.

use std::collections::HashMap;

use crate::crypto::Token;
use crate::domain::RecordId;
use crate::store::Reserve;

/// How many are remembered: twice as many at most, some 90 bytes each.
const REMEMBERED: usize = 65_536;

/// Whose a request's key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Belongs {
    /// This request's, for this account.
    Here,
    /// Another request's.
    Elsewhere,
    /// This request's, which was asked for another account before, where its line was then. This record answered it.
    Answered(RecordId),
}

/// Two generations: when the younger is full, the older goes.
#[derive(Default)]
pub(super) struct Reserved {
    young: HashMap<Token, ([u8; 32], Token)>,
    old: HashMap<Token, ([u8; 32], Token)>,
}

impl Reserved {
    /// Remembers one.
    pub(super) fn put(&mut self, reserve: &Reserve, account: Token) {
        if self.young.len() >= REMEMBERED {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(reserve.request, (reserve.digest, account));
    }

    /// Whether it is known to be reserved with that digest, for that account.
    pub(super) fn knows(&self, reserve: &Reserve, account: Token) -> bool {
        let known = self.young.get(&reserve.request).or_else(|| self.old.get(&reserve.request));
        known == Some(&(reserve.digest, account))
    }
}
