//! The policy's own numbers by name: `policy.cooldown.sim_to_sim`.

use crate::policy::facts::Kind;

/// What stands for a name of the policy's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::policy) enum Constant {
    /// Yes or no.
    Flag(bool),
    /// A count or a duration in microseconds.
    Quantity(i64, Kind),
}

/// The names that expressions may use beside facts.
#[derive(Debug, Clone, Default)]
pub(in crate::policy) struct Constants(Vec<(String, Constant)>);

impl Constants {
    /// Those of a policy, named without `policy.`.
    pub(in crate::policy) fn new(named: impl IntoIterator<Item = (&'static str, Constant)>) -> Self {
        Self(named.into_iter().map(|(name, constant)| (format!("policy.{name}"), constant)).collect())
    }

    /// The one of a name.
    pub(super) fn get(&self, name: &str) -> Option<Constant> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, constant)| *constant)
    }

    /// Every name.
    pub(in crate::policy) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }
}
