//! Names in memory: what was put under a name of late, and stands in the log of fresh names until it is merged.
//!
//! Names are keyed hashes, so each new one would fall on a page of its own: at a million accounts that is most of what a
//! commit writes. So they are collected here, and written to their tables in order, many to a page.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use super::layout::AccountNumber;
use crate::crypto::Token;
use crate::domain::RecordId;
use crate::store::Place;

/// What is kept of a request's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct KeptRequest {
    /// The digest of what was asked.
    pub(super) digest: [u8; 32],
    /// The record that answers; `None` while it is only reserved.
    pub(super) record: Option<RecordId>,
    /// Since when, in nanoseconds.
    pub(super) at: i64,
}

/// Something put under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    /// An account got its number.
    Account(Token, AccountNumber),
    /// A name leads to a place.
    Place(Token, Place),
    /// A request's key was reserved or claimed.
    Request(Token, KeptRequest),
}

/// Names of one age. Sorted as their tables are.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) accounts: BTreeMap<Token, AccountNumber>,
    pub(super) places: BTreeMap<Token, Place>,
    pub(super) requests: BTreeMap<Token, KeptRequest>,
}

impl Names {
    /// Puts something under its name; the newest wins.
    pub(super) fn put(&mut self, named: Named) {
        match named {
            Named::Account(name, number) => drop(self.accounts.insert(name, number)),
            Named::Place(name, place) => drop(self.places.insert(name, place)),
            Named::Request(name, kept) => drop(self.requests.insert(name, kept)),
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.accounts.len().saturating_add(self.places.len()).saturating_add(self.requests.len())
    }
}

/// The committed names that may not be in their tables yet: those that come in, and those that are being merged.
#[derive(Debug, Default)]
pub(super) struct Recent {
    young: Names,
    merging: Option<Arc<Names>>,
}

impl Recent {
    /// After a start: all that the log holds.
    pub(super) fn new(young: Names) -> Self {
        Self { young, merging: None }
    }

    /// Takes what a group committed.
    pub(super) fn publish(&mut self, named: Vec<Named>) {
        for named in named {
            self.young.put(named);
        }
    }

    /// How many names came in since the last merge began.
    pub(super) fn waiting(&self) -> usize {
        self.young.len()
    }

    /// Begins a merge of all that came in.
    pub(super) fn begin_merge(&mut self) -> Arc<Names> {
        let merging = Arc::new(std::mem::take(&mut self.young));
        self.merging = Some(Arc::clone(&merging));
        merging
    }

    /// Forgets what is merged.
    pub(super) fn end_merge(&mut self) {
        self.merging = None;
    }

    /// An account's number.
    pub(super) fn account(&self, name: &Token) -> Option<AccountNumber> {
        self.find(|names| names.accounts.get(name)).copied()
    }

    /// Accounts whose names come after one: the first `limit` of each age.
    pub(super) fn accounts_after(&self, after: Option<Token>, limit: usize) -> impl Iterator<Item = Token> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let ages = std::iter::once(&self.young).chain(self.merging.as_deref());
        ages.flat_map(move |names| names.accounts.range((from, Bound::Unbounded)).map(|(name, _)| *name).take(limit))
    }

    /// Where names after one lead: the first `limit` of each age, the older age first.
    pub(super) fn places_after(&self, after: Option<Token>, limit: usize) -> impl Iterator<Item = (Token, Place)> {
        self.after(after, limit, |names| &names.places)
    }

    /// What is kept of requests after one: the first `limit` of each age, the older age first.
    pub(super) fn requests_after(
        &self,
        after: Option<Token>,
        limit: usize,
    ) -> impl Iterator<Item = (Token, KeptRequest)> {
        self.after(after, limit, |names| &names.requests)
    }

    fn after<'a, T: Copy + 'a>(
        &'a self,
        after: Option<Token>,
        limit: usize,
        of: impl Fn(&'a Names) -> &'a BTreeMap<Token, T>,
    ) -> impl Iterator<Item = (Token, T)> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let ages = self.merging.as_deref().into_iter().chain(std::iter::once(&self.young));
        ages.flat_map(move |names| {
            of(names).range((from, Bound::Unbounded)).map(|(name, value)| (*name, *value)).take(limit)
        })
    }

    /// Where a name leads.
    pub(super) fn place(&self, name: &Token) -> Option<Place> {
        self.find(|names| names.places.get(name)).copied()
    }

    /// What is kept of a request.
    pub(super) fn request(&self, name: &Token) -> Option<KeptRequest> {
        self.find(|names| names.requests.get(name)).copied()
    }

    fn find<'a, T>(&'a self, get: impl Fn(&'a Names) -> Option<&'a T>) -> Option<&'a T> {
        get(&self.young).or_else(|| self.merging.as_deref().and_then(get))
    }
}
