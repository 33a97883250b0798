//! What a fact is.

use super::schema::{FACTS, PLACES};

/// The numbers of facts are below this.
pub(super) const FACTS_MAX: usize = 128;

/// One fact.
#[derive(Debug, Clone, Copy)]
pub struct Fact {
    /// Its number in records; those from 120 on are in none.
    pub number: u8,
    /// Its name in records and explanations.
    pub label: &'static str,
    /// Its name in rules; none for what rules cannot ask.
    pub path: Option<&'static str>,
    /// What it is.
    pub kind: Kind,
    /// Whether it can be missing.
    pub origin: Origin,
    /// When time alone changes it.
    pub(in crate::policy) over: Over,
    /// What it means.
    pub doc: &'static str,
}

/// The fact that says that none of those is known that are counted over many accounts.
pub(super) const UNREAD: u8 = 42;

/// Facts from this number on follow from the others and from the policy: no record holds them.
pub(super) const DERIVED_FROM: u8 = 120;

/// What a fact is: two kinds cannot be compared with one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Yes or no.
    Flag,
    /// How many.
    Count,
    /// A distance in miles.
    Miles,
    /// How long ago something happened. Never happened is longer ago than anything.
    Age,
    /// How long until something happens.
    Until,
    /// One of a few names.
    Symbol(&'static [(&'static str, i64)]),
}

impl Kind {
    /// Its name for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Flag => "a yes or no",
            Self::Count => "a count",
            Self::Miles => "miles",
            Self::Age | Self::Until => "a duration",
            Self::Symbol(_) => "a name",
        }
    }
}

/// Where a fact comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The engine keeps it: where it cannot be read, rules act as if they held.
    Engine,
    /// Another system observes it: it may be missing.
    Signal,
    /// The engine counts it over many accounts: where its windows cannot be read, it is missing, and rules act as if they
    /// held.
    Windows,
}

/// When time alone changes a fact that is no age.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::policy) enum Over {
    /// Nobody knows.
    Never,
    /// As other facts say.
    As(&'static [Change]),
}

/// A fact that says when another one changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::policy) struct Change {
    /// While the fact is at least this count, or is this name.
    pub(in crate::policy) from: i64,
    /// The fact that holds the instant.
    pub(in crate::policy) at: u8,
    /// Whether it still holds at that instant itself.
    pub(in crate::policy) inclusive: bool,
}

pub(super) const fn change(from: i64, at: u8, inclusive: bool) -> Change {
    Change { from, at, inclusive }
}

impl Fact {
    pub(super) const fn new(
        number: u8,
        label: &'static str,
        path: &'static str,
        kind: Kind,
        doc: &'static str,
    ) -> Self {
        Self { number, label, path: Some(path), kind, origin: Origin::Engine, over: Over::Never, doc }
    }

    /// An instant, kept to say when something is over.
    pub(super) const fn instant(number: u8, label: &'static str, doc: &'static str) -> Self {
        Self { number, label, path: None, kind: Kind::Until, origin: Origin::Engine, over: Over::Never, doc }
    }

    pub(super) const fn observed(self) -> Self {
        Self { origin: Origin::Signal, ..self }
    }

    pub(super) const fn counted(self) -> Self {
        Self { origin: Origin::Windows, ..self }
    }

    pub(super) const fn over(self, changes: &'static [Change]) -> Self {
        Self { over: Over::As(changes), ..self }
    }

    /// The fact of a number.
    pub fn numbered(number: u8) -> Option<&'static Self> {
        FACTS.get(usize::from(*PLACES.get(usize::from(number))?))
    }

    /// The fact of a name in records.
    pub fn labelled(label: &str) -> Option<&'static Self> {
        FACTS.iter().find(|fact| fact.label == label)
    }

    /// The facts of a set of numbers.
    pub(in crate::policy) fn of_set(numbers: u128) -> impl Iterator<Item = &'static Self> {
        FACTS.iter().filter(move |fact| numbers & (1 << fact.number) != 0)
    }

    /// The fact of a name in rules.
    pub fn at(path: &str) -> Option<&'static Self> {
        FACTS.iter().find(|fact| fact.path == Some(path))
    }
}
