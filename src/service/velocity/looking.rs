//! Secrets that this engine is looking at right now.
//!
//! A charge stands before its secret is looked at, so for a moment a right one counts like a wrong one. For one account that
//! is the strict reading. For a source that many customers share (a busy store, a carrier on launch day) it would refuse the
//! right for being many: so what is being looked at here, or was found right lately, does not count against others. A charge
//! whose engine died counts.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::crypto::Token;

/// Attempts of one generation that were found right. Two are kept, so each is known for as long as anyone who read its charge
/// is still under way.
const RIGHT_MAX: usize = 4_096;

/// Attempts under way, and those that were found right of late.
#[derive(Clone, Default)]
pub(in crate::service) struct Looking(Arc<Mutex<State>>);

/// The same, as it stands.
#[derive(Default)]
pub(super) struct State {
    under_way: HashSet<Token>,
    right: HashSet<Token>,
    right_before: HashSet<Token>,
}

/// An attempt under way, until it is dropped.
pub(in crate::service) struct Look {
    looking: Looking,
    attempt: Token,
}

impl Looking {
    /// Begins one: before its charge is made.
    pub(super) fn begin(&self, attempt: Token) -> Look {
        self.state().under_way.insert(attempt);
        Look { looking: self.clone(), attempt }
    }

    /// As it stands now.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // A poisoned lock holds sets that are whole: nothing between their changes can panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether an attempt is not known to have failed.
    pub(super) fn holds(&self, attempt: &Token) -> bool {
        self.under_way.contains(attempt) || self.right.contains(attempt) || self.right_before.contains(attempt)
    }
}

impl Look {
    /// What was looked at was right, or nothing was: its charge is being taken back.
    pub(super) fn was_right(&self) {
        let mut state = self.looking.state();
        if state.right.len() >= RIGHT_MAX {
            state.right_before = std::mem::take(&mut state.right);
        }
        state.right.insert(self.attempt);
    }
}

impl Drop for Look {
    fn drop(&mut self) {
        self.looking.state().under_way.remove(&self.attempt);
    }
}

#[cfg(test)]
mod tests {
    use super::{Looking, RIGHT_MAX};
    use crate::crypto::Token;

    fn token(number: usize) -> Token {
        Token::from_bytes((number as u128).to_be_bytes())
    }

    #[test]
    fn what_failed_counts_and_what_is_under_way_or_was_right_does_not() {
        let looking = Looking::default();
        let (right, wrong) = (looking.begin(token(1)), looking.begin(token(2)));
        assert!(looking.state().holds(&token(1)) && looking.state().holds(&token(2)));
        right.was_right();
        drop((right, wrong));
        assert!(looking.state().holds(&token(1)) && !looking.state().holds(&token(2)));
    }

    #[test]
    fn memory_is_bounded() {
        let looking = Looking::default();
        for number in 0..3 * RIGHT_MAX {
            looking.begin(token(number)).was_right();
        }
        let state = looking.state();
        assert!(state.under_way.is_empty() && state.right.len() + state.right_before.len() <= 2 * RIGHT_MAX);
        assert!(state.holds(&token(2 * RIGHT_MAX)), "the newest are known");
    }
}
