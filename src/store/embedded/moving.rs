//! Being carried into another store: all that is kept, page by page.

use chrono::{DateTime, Utc};
use rusqlite::Connection;

use super::fault::Fault;
use super::group::{Asker, Job};
use super::instant::{from_nanos, nanos};
use super::lookup::Lookup;
use super::names::KeptRequest;
use super::reader::{self, Desk};
use super::store::EmbeddedStore;
use super::tables::due::Kept;
use super::tables::{archived, copying, due, records};
use crate::crypto::{Token, sha256};
use crate::store::{
    ArchivedUpTo, DueEntry, Filling, IndexEntry, Mark, Movable, MovedRequest, MovedWindow, Page, Place, REQUEST_KEPT,
    ROWS_MAX, Reply, Standing, StoreError, Thing, Walked,
};

/// What a reader is asked of a store that is carried.
pub(super) enum Read {
    /// How it stands.
    Standing(Asker<Result<Standing, StoreError>>),
    /// Things of a kind behind a mark, and how many.
    Walk(Walked, Option<Mark>, usize, Asker<Result<Page, StoreError>>),
    /// What is kept of requests.
    Requests(Vec<Token>, Asker<Result<Vec<Option<MovedRequest>>, StoreError>>),
    /// How far records were taken out of every journal it ever had.
    Archived(Asker<Result<Vec<(u16, ArchivedUpTo)>, StoreError>>),
    /// How far it was filled.
    Filled(Asker<Result<Option<Vec<u8>>, StoreError>>),
}

impl Read {
    /// Who asked may have gone away: that is no matter.
    pub(super) fn answer(self, health: Result<(), StoreError>, desk: &Desk) {
        let lookup = desk.lookup();
        match self {
            Self::Standing(asker) => drop(asker.send(health.and_then(|()| desk.read(standing(lookup.db))))),
            Self::Walk(kind, after, limit, asker) => {
                drop(asker.send(health.and_then(|()| desk.read(walk(lookup, kind, after.as_deref(), limit)))));
            }
            Self::Requests(names, asker) => {
                drop(asker.send(health.and_then(|()| desk.read(requests(lookup, &names)))));
            }
            Self::Archived(asker) => drop(asker.send(health.and_then(|()| desk.read(archived::all(lookup.db))))),
            Self::Filled(asker) => drop(asker.send(health.and_then(|()| desk.read(copying::reached(lookup.db))))),
        }
    }
}

/// Groups of commits count what changes, windows and names included.
fn standing(db: &Connection) -> Result<Standing, Fault> {
    let (epoch, groups, seq, highest) = meta(db)?;
    let mark = sha256(&[&epoch.to_be_bytes(), &groups.to_be_bytes(), &seq.to_be_bytes()]);
    Ok(Standing { mark, highest: highest.map(from_nanos) })
}

fn meta(db: &Connection) -> Result<(i64, i64, i64, Option<i64>), Fault> {
    let columns = "SELECT epoch, groups, seq, highest FROM meta";
    Ok(db.query_row(columns, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?)
}

/// An old instant is one by the highest that was committed: this store reads no clock.
fn now(db: &Connection) -> Result<DateTime<Utc>, Fault> {
    Ok(meta(db)?.3.map_or(DateTime::UNIX_EPOCH, from_nanos))
}

const UNMARKED: Fault = Fault::Lost("a walk goes on from where none was");

fn walk(lookup: Lookup<'_>, kind: Walked, after: Option<&[u8]>, limit: usize) -> Result<Page, Fault> {
    match kind {
        Walked::Names => {
            let after = after.map(token_of).transpose()?;
            let places = lookup.places(after, limit)?;
            let next = places.last().map(|(name, _)| name.as_bytes().to_vec());
            let name = |(name, place): (Token, Place)| Thing::Name(IndexEntry { name, place });
            Ok(Page { things: places.into_iter().map(name).collect(), next })
        }
        Walked::Due => {
            let after = after.map(|mark| serialized(mark).ok_or(UNMARKED)).transpose()?;
            let after = after.as_ref().map(Kept::new).transpose().map_err(|_| UNMARKED)?;
            let entries = due::after(lookup.db, after.as_ref(), limit)?;
            let next = entries.last().map(serial);
            Ok(Page { things: entries.into_iter().map(Thing::Due).collect(), next })
        }
        Walked::Requests => {
            let after = after.map(token_of).transpose()?;
            let kept = lookup.requests(after, limit)?;
            let (now, next) = (now(lookup.db)?, kept.last().map(|(name, _)| name.as_bytes().to_vec()));
            let mut things = Vec::with_capacity(kept.len());
            for (name, kept) in kept {
                things.extend(request(lookup.db, name, &kept, now)?.map(Thing::Request));
            }
            Ok(Page { things, next })
        }
        Walked::Windows => windows(lookup, after),
    }
}

/// A request's key, unless it is kept no more.
fn request(
    db: &Connection,
    request: Token,
    kept: &KeptRequest,
    now: DateTime<Utc>,
) -> Result<Option<MovedRequest>, Fault> {
    let left = from_nanos(kept.at) + REQUEST_KEPT - now;
    if left < chrono::TimeDelta::zero() {
        return Ok(None);
    }
    // The account that a record belongs to is whom the request asked about.
    let record = kept.record.map(|id| records::read(db, id)).transpose()?.flatten();
    let account = record.map(|record| record.account);
    Ok(Some(MovedRequest { request, digest: kept.digest, account, record: kept.record, left }))
}

fn requests(lookup: Lookup<'_>, names: &[Token]) -> Result<Vec<Option<MovedRequest>>, Fault> {
    let now = now(lookup.db)?;
    let one = |name: &Token| match lookup.kept_request(*name)? {
        Some(kept) => request(lookup.db, *name, &kept, now),
        None => Ok(None),
    };
    names.iter().map(one).collect()
}

/// Windows are in memory, in parts: a page is one of them, or a few short ones.
fn windows(lookup: Lookup<'_>, after: Option<&[u8]>) -> Result<Page, Fault> {
    let now = now(lookup.db)?;
    let mut part = match after {
        None => 0,
        Some([part]) => usize::from(*part).saturating_add(1),
        Some(_) => return Err(UNMARKED),
    };
    let counters = lookup.shared.counters();
    let mut things = Vec::new();
    while let Some(windows) = counters.part(part, now) {
        let window = |(key, window, left)| Thing::Window(MovedWindow { key, window, left });
        things.extend(windows.into_iter().map(window));
        if things.len() >= ROWS_MAX {
            return Ok(Page { things, next: u8::try_from(part).ok().map(|part| vec![part]) });
        }
        part = part.saturating_add(1);
    }
    Ok(Page { things, next: None })
}

fn token_of(mark: &[u8]) -> Result<Token, Fault> {
    mark.try_into().map(Token::from_bytes).map_err(|_| UNMARKED)
}

/// A due entry as a mark, and back from it.
fn serial(entry: &DueEntry) -> Mark {
    let at = nanos(entry.at).unwrap_or_default().to_be_bytes();
    let line: &[u8] = entry.line.as_ref().map_or(&[], |line| line.as_bytes());
    [&at[..], entry.account.as_bytes(), line].concat()
}

fn serialized(mark: &[u8]) -> Option<DueEntry> {
    let (at, rest) = mark.split_first_chunk()?;
    let (account, line) = rest.split_first_chunk()?;
    let line = if line.is_empty() { None } else { Some(Token::from_bytes(line.try_into().ok()?)) };
    Some(DueEntry { at: from_nanos(i64::from_be_bytes(*at)), account: Token::from_bytes(*account), line })
}

impl EmbeddedStore {
    async fn ask<T>(&self, read: impl FnOnce(Asker<Result<T, StoreError>>) -> Read) -> Result<T, StoreError> {
        self.page(|asker| reader::Job::Moving(read(asker))).await?
    }
}

impl Movable for EmbeddedStore {
    fn standing(&self) -> Reply<'_, Result<Standing, StoreError>> {
        Box::pin(self.ask(Read::Standing))
    }

    fn walk(&self, kind: Walked, after: Option<Mark>, limit: usize) -> Reply<'_, Result<Page, StoreError>> {
        Box::pin(self.ask(move |asker| Read::Walk(kind, after, limit.clamp(1, ROWS_MAX), asker)))
    }

    fn requests(&self, names: Vec<Token>) -> Reply<'_, Result<Vec<Option<MovedRequest>>, StoreError>> {
        Box::pin(self.ask(move |asker| Read::Requests(names, asker)))
    }

    fn all_archived(&self) -> Reply<'_, Result<Vec<(u16, ArchivedUpTo)>, StoreError>> {
        Box::pin(self.ask(Read::Archived))
    }

    fn fill(&self, filling: Filling) -> Reply<'_, Result<(), StoreError>> {
        Box::pin(async move { self.write(|asker| Job::Fill(Box::new(filling), asker)).await? })
    }

    fn filled(&self) -> Reply<'_, Result<Option<Vec<u8>>, StoreError>> {
        Box::pin(self.ask(Read::Filled))
    }

    fn moved(&self, to: Option<u64>) -> Reply<'_, Result<(), StoreError>> {
        let noted = self.folder().move_to(to);
        Box::pin(async move {
            noted.map_err(|error| StoreError::Unavailable(format!("cannot note where the store was copied: {error}")))
        })
    }

    fn complete(&self, highest: Option<DateTime<Utc>>) -> Reply<'_, Result<(), StoreError>> {
        Box::pin(async move { self.write(|asker| Job::Complete(highest, asker)).await? })
    }

    fn leave(&self) -> Reply<'_, Result<(), StoreError>> {
        Box::pin(self.close())
    }
}
