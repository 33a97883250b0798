//! Looking names up: in what the group under way has put, in what memory holds of late, in the tables.
//!
//! Memory is asked before the tables, and nothing leaves memory while a transaction reads (see [`super::merge`]): so a name
//! on its way from one to the other is never missed.

use std::collections::BTreeSet;
use std::sync::{PoisonError, RwLockReadGuard};

use rusqlite::Connection;

use super::fault::Fault;
use super::layout::AccountNumber;
use super::names::{KeptRequest, Names, Recent};
use super::shared::Shared;
use super::tables::{accounts, directory, requests};
use crate::crypto::Token;
use crate::domain::RecordId;
use crate::store::{Place, Reserve};

/// What is known of a request's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// Nothing.
    Nothing,
    /// It is reserved on the disk with the same digest.
    Reserved,
    /// It was answered, under the same digest.
    Answered(RecordId),
    /// It belongs to another request.
    Taken,
}

/// Where names are looked up.
#[derive(Clone, Copy)]
pub(super) struct Lookup<'a> {
    /// The tables.
    pub(super) db: &'a Connection,
    /// What memory holds.
    pub(super) shared: &'a Shared,
    /// What the group under way has put; readers have none.
    pub(super) own: Option<&'a Names>,
}

impl Lookup<'_> {
    /// What is known of a request's key.
    ///
    /// INVARIANT (one-request-one-decision): the digest is compared before anything of the first request is told.
    pub(super) fn request(&self, reserve: &Reserve) -> Result<Known, Fault> {
        let kept = self.kept_request(reserve.request)?;
        Ok(kept.map_or(Known::Nothing, |kept| judged(&kept, reserve)))
    }

    /// An account's number, if it has rows.
    pub(super) fn account(&self, name: Token) -> Result<Option<AccountNumber>, Fault> {
        if let Some(number) = self.own.and_then(|names| names.accounts.get(&name)) {
            return Ok(Some(*number));
        }
        // Numbers never change, so one that was found once need not be looked up again.
        if let Some(number) = self.shared.numbers.get(&name) {
            return Ok(Some(number));
        }
        let number = match recent(self.shared).account(&name) {
            Some(number) => Some(number),
            None => accounts::find(self.db, name)?,
        };
        if let Some(number) = number {
            self.shared.numbers.insert(name, number);
        }
        Ok(number)
    }

    /// The accounts after one, in order.
    pub(super) fn accounts(&self, after: Option<Token>, limit: usize) -> Result<Vec<Token>, Fault> {
        // What memory had first, the tables may have by now; what it has now, they may not.
        let mut names: BTreeSet<Token> = recent(self.shared).accounts_after(after, limit).collect();
        names.extend(accounts::after(self.db, after, limit)?);
        Ok(names.into_iter().take(limit).collect())
    }

    /// The names after one, in order, and where they lead.
    pub(super) fn places(&self, after: Option<Token>, limit: usize) -> Result<Vec<(Token, Place)>, Fault> {
        let mut places = directory::after(self.db, after, limit)?;
        places.extend(recent(self.shared).places_after(after, limit));
        Ok(places.into_iter().take(limit).collect())
    }

    /// The requests after one, in order, and what is kept of them.
    pub(super) fn requests(&self, after: Option<Token>, limit: usize) -> Result<Vec<(Token, KeptRequest)>, Fault> {
        let mut kept = requests::named_after(self.db, after, limit)?;
        kept.extend(recent(self.shared).requests_after(after, limit));
        Ok(kept.into_iter().take(limit).collect())
    }

    /// What is kept of a request, whoever asks.
    pub(super) fn kept_request(&self, name: Token) -> Result<Option<KeptRequest>, Fault> {
        let kept = self.own.and_then(|names| names.requests.get(&name).copied());
        match kept.or_else(|| recent(self.shared).request(&name)) {
            Some(kept) => Ok(Some(kept)),
            None => requests::find(self.db, name),
        }
    }

    /// Where a name leads.
    pub(super) fn place(&self, name: Token) -> Result<Option<Place>, Fault> {
        let place = recent(self.shared).place(&name);
        if place.is_some() { Ok(place) } else { directory::find(self.db, name) }
    }
}

/// Whether memory says that a request was answered: asked again once its charges are counted.
pub(super) fn answered_lately(shared: &Shared, reserve: &Reserve) -> bool {
    recent(shared).request(&reserve.request).is_some_and(|kept| kept.record.is_some())
}

fn recent(shared: &Shared) -> RwLockReadGuard<'_, Recent> {
    shared.recent.read().unwrap_or_else(PoisonError::into_inner)
}

fn judged(kept: &KeptRequest, reserve: &Reserve) -> Known {
    match kept.record {
        _ if kept.digest != reserve.digest => Known::Taken,
        Some(record) => Known::Answered(record),
        None => Known::Reserved,
    }
}
