//! The rules of a policy together.

use std::sync::Arc;

use super::{Rule, told};
use crate::domain::Action;

/// The rules of a policy, in the order in which their reasons are told, whatever order they were written in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rules {
    all: Arc<[Rule]>,
    /// For each action's number the places of those about it.
    on: Arc<[Vec<usize>]>,
}

impl Rules {
    /// Puts rules into their order.
    pub fn new(mut rules: Vec<Rule>) -> Self {
        rules.sort_by(|one, other| (told::rank(one.reason), one.id).cmp(&(told::rank(other.reason), other.id)));
        let numbers = 0..=Action::ALL.iter().map(|action| usize::from(action.number())).max().unwrap_or(0);
        let about = |number: usize| {
            let action = Action::ALL.into_iter().find(|action| usize::from(action.number()) == number);
            let is_about = |rule: &Rule| action.is_some_and(|action| rule.on.has(action));
            rules.iter().enumerate().filter(|(_, rule)| is_about(rule)).map(|(place, _)| place).collect()
        };
        Self { on: numbers.map(about).collect(), all: rules.into() }
    }

    /// Every rule.
    pub fn all(&self) -> &[Rule] {
        &self.all
    }

    /// The rules about an action.
    pub(in crate::policy) fn on(&self, action: Action) -> impl Iterator<Item = &Rule> {
        let places = self.on.get(usize::from(action.number())).map_or(&[][..], Vec::as_slice);
        places.iter().filter_map(|place| self.all.get(*place))
    }
}
