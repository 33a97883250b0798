//! Where numbers led lately. A hint saves a trip; the line's own row is the truth and corrects it.

use quick_cache::sync::Cache;

use crate::crypto::Token;
use crate::store::Place;

/// How many hints an engine keeps: 48 bytes each and some.
const HINTS_MAX: usize = 262_144;

/// The hints of one engine.
pub(super) struct Hints(Cache<Token, Place>);

impl Default for Hints {
    fn default() -> Self {
        Self(Cache::new(HINTS_MAX))
    }
}

impl Hints {
    /// Where a name led.
    pub(super) fn get(&self, name: Token) -> Option<Place> {
        self.0.get(&name)
    }

    /// Remembers where a name leads.
    pub(super) fn put(&self, name: Token, place: Place) {
        self.0.insert(name, place);
    }

    /// Forgets a name that led nowhere.
    pub(super) fn forget(&self, name: Token) {
        self.0.remove(&name);
    }
}
