//! Being filled from another store: what is put stands there as the other one kept it.

use chrono::{DateTime, TimeDelta, Utc};

use super::fault::Fault;
use super::group::Group;
use super::instant::nanos;
use super::layout::AccountNumber;
use super::loads::{Stop, no_room};
use super::names::KeptRequest;
use super::tables::due::Kept;
use super::tables::journal::Happened;
use super::tables::rows::{self, Numbered, Spot};
use super::tables::{accounts, archived, copying, directory, due, records, requests};
use crate::crypto::Token;
use crate::store::{Filling, Journalled, MovedRequest, MovedWindow, REQUEST_KEPT, Row, Slot, StoreError, Thing};

const NOT_FILLED: StoreError = StoreError::Refused("something is put into a store that is not being filled");

impl Group<'_> {
    /// Puts things straight into their tables: they come in their order, many to a page.
    pub(super) fn fill(&mut self, filling: &Filling) -> Result<(), Stop<StoreError>> {
        if copying::source(self.db)?.is_none() {
            return Err(Stop::Told(NOT_FILLED));
        }
        self.written = true;
        for thing in &filling.things {
            match thing {
                Thing::Row { account, slot, row } => self.put_row(*account, *slot, row)?,
                Thing::Record { journal: _, record } => self.put_record(record)?,
                Thing::Name(entry) => directory::put(self.db, entry.name, &entry.place)?,
                Thing::Due(entry) => due::put(self.db, &Kept::new(entry).map_err(Stop::Told)?)?,
                Thing::Request(request) => self.put_request(request, filling.now)?,
                Thing::Window(window) => self.put_window(window, filling.now)?,
                Thing::Archived(journal, up_to) => archived::put(self.db, *journal, up_to)?,
            }
        }
        Ok(copying::reach(self.db, &filling.reached)?)
    }

    /// From now on it is a store like any other.
    pub(super) fn complete(&mut self, highest: Option<DateTime<Utc>>) -> Result<(), Stop<StoreError>> {
        if copying::source(self.db)?.is_none() {
            return Err(Stop::Told(NOT_FILLED));
        }
        self.state.highest = highest.map(nanos).transpose().map_err(Stop::Told)?;
        self.written = true;
        Ok(copying::end(self.db)?)
    }

    fn put_row(&mut self, account: Token, slot: Slot, row: &Row) -> Result<(), Stop<StoreError>> {
        let number = match self.lookup().account(account)? {
            Some(number) => number,
            None => self.number(account)?,
        };
        let spot = rows::find(self.db, Numbered { account, number }, &[slot])?.into_iter().next();
        let key = match spot {
            Some(Spot::At { key, .. }) => key,
            Some(Spot::Nowhere(places)) => {
                let key = places.nth_free(0).ok_or_else(no_room)?;
                rows::insert(self.db, key, account, slot, &row.body)?;
                key
            }
            None => return Err(Fault::Damaged("a row has no place").into()),
        };
        Ok(rows::update(self.db, key, slot, row.version, &row.body)?)
    }

    fn number(&mut self, account: Token) -> Result<AccountNumber, Stop<StoreError>> {
        let full = || Stop::Told(StoreError::Refused("the store has no room for another account"));
        let number = AccountNumber::new(self.state.next_account).ok_or_else(full)?;
        self.state.next_account = self.state.next_account.saturating_add(1);
        accounts::put(self.db, account, number)?;
        Ok(number)
    }

    fn put_record(&mut self, record: &Journalled) -> Result<(), Stop<StoreError>> {
        let Some(places) = records::places(self.db, record.id)? else { return Ok(()) };
        let key = places.nth_free(0).ok_or_else(no_room)?;
        records::append(self.db, record.place, key, record.id, record.account, &record.body)?;
        self.state.seq = self.state.seq.max(record.place);
        Ok(())
    }

    fn put_request(&self, moved: &MovedRequest, now: DateTime<Utc>) -> Result<(), Stop<StoreError>> {
        let at = nanos(now + moved.left - REQUEST_KEPT).map_err(Stop::Told)?;
        let kept = KeptRequest { digest: moved.digest, record: moved.record, at };
        Ok(requests::put(self.db, moved.request, &kept)?)
    }

    /// Each event counts as long as its window is kept, from when it happened: as long as it may have counted there, or
    /// longer.
    fn put_window(&mut self, moved: &MovedWindow, now: DateTime<Utc>) -> Result<(), Stop<StoreError>> {
        let mut counters = self.shared.counters();
        if !counters.has_room_for(1, moved.window.events.len()) {
            return Err(Stop::Told(StoreError::Unavailable("too many windows count at a time".into())));
        }
        let ends = now + moved.left;
        let mut happened = Vec::with_capacity(moved.window.events.len());
        for event in &moved.window.events {
            let kept = (ends - event.at).max(moved.left).max(TimeDelta::seconds(1));
            happened.push(Happened::Charged { window: moved.key, event: *event, cap: u16::MAX, kept });
        }
        for happened in &happened {
            counters.replay(*happened);
        }
        drop(counters);
        Ok(self.journal(happened)?)
    }
}
