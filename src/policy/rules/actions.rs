//! Sets of actions.

use crate::domain::Action;

/// A set of actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actions(u16);

impl Actions {
    /// Every action.
    pub const ALL: Self = Self::of(&Action::ALL);

    /// These.
    pub const fn of(actions: &[Action]) -> Self {
        let mut rest = actions;
        let mut bits = 0;
        while let [first, others @ ..] = rest {
            bits |= 1 << first.number();
            rest = others;
        }
        Self(bits)
    }

    /// All but these.
    pub const fn all_but(actions: &[Action]) -> Self {
        Self(Self::ALL.0 & !Self::of(actions).0)
    }

    /// Whether `action` is one of them.
    pub const fn has(self, action: Action) -> bool {
        self.0 & (1 << action.number()) != 0
    }

    /// Their names, in the order of numbers.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Action::ALL.into_iter().filter(move |action| self.has(*action)).map(Action::name)
    }
}
