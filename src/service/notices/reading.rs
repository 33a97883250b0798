//! What is to be told next: new records in the order of their commits, and what was tried before; and telling it, many at a time.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::watch;
use tokio::task::{Id, JoinSet};
use tokio::time::Instant;

use super::counting::is_told;
use super::following::Worker;
use super::matter::Matter;
use super::telling::{NoticeCarrier, Telling, Told};
use crate::crypto::Token;
use crate::domain::{Brand, NoticeBook, NoticeEnd, NoticeName, NoticePlace, NoticeRound, NoticeTry};
use crate::service::engine::Engine;
use crate::service::error::ServiceError;
use crate::service::records::JOURNAL_PAGE;
use crate::service::rung::Rung;
use crate::service::trail::Trail;
use crate::store::Journalled;

/// What was told.
#[derive(Default)]
pub(super) struct AllTold {
    pub(super) done: Vec<Told>,
    /// Whether some was not begun, since the service stops.
    pub(super) is_cut_off: bool,
}

/// What is new, as far as there is room for it.
struct New {
    tellings: Vec<Telling>,
    room: usize,
    /// When the oldest happened that there was no room for.
    oldest: Option<DateTime<Utc>>,
    /// Whether nothing more was there.
    is_all_read: bool,
}

impl New {
    const fn within(room: usize) -> Self {
        Self { tellings: Vec::new(), room, oldest: None, is_all_read: true }
    }

    const fn is_full(&self) -> bool {
        self.tellings.len() >= self.room
    }
}

/// A record that is read, as far as it matters.
enum Read {
    /// It is told.
    Telling(Telling),
    /// It is told nobody.
    Untold,
    /// It should be, perhaps, and cannot be read.
    Unreadable,
}

impl Engine {
    /// What was tried before and is to be tried again now.
    pub(super) fn due_again(book: &NoticeBook, now: DateTime<Utc>, limit: usize) -> impl Iterator<Item = Telling> {
        let due = book.due(now, limit).into_iter();
        due.map(|waiting| Telling { name: waiting.name, kept: None, tries: waiting.tries })
    }

    /// Reads on in every journal that may hold something, up to `room` notices; a journal that does not answer keeps no other
    /// from being read.
    pub(super) async fn read_new(
        &self,
        worker: &mut Worker,
        book: &NoticeBook,
        (brand, room): (&Brand, usize),
        (now, round): (DateTime<Utc>, &mut NoticeRound),
    ) -> Result<Vec<Telling>, ServiceError> {
        let mut new = New::within(room);
        let rung = worker.rung.get_or_insert_with(|| Rung::all(self.vault.store()));
        let mut journals = rung.journals();
        let turns = journals.len().max(1);
        journals.rotate_left(worker.turn % turns);
        worker.turn = worker.turn.wrapping_add(1);
        for journal in journals {
            let Some(known) = book.places.get(usize::from(journal)) else { continue };
            if new.is_full() {
                new.is_all_read = false;
                break;
            }
            let trail = worker.trails.get(&journal).copied().filter(|trail| known.place <= trail.place);
            let trail = trail.unwrap_or(Trail::at(known.place, known.record));
            match self.read_on(journal, &trail).await {
                Ok(Some(entries)) if entries.is_empty() => worker.is_read(journal),
                Ok(Some(entries)) => {
                    let reached = self.take_new((worker, round), (trail, entries), (brand, now), &mut new).await?;
                    worker.trails.insert(journal, reached);
                    round.places.push((journal, NoticePlace { place: reached.place, record: reached.last() }));
                }
                Ok(None) => {
                    // INVARIANT (fail-closed): what stands there now may be another's: all that may not have been told is told.
                    let from = self.first_place(journal, Some(book.read_until)).await?;
                    tracing::error!(
                        journal,
                        from,
                        "a journal lost what was read of it: what it holds since is told anew"
                    );
                    worker.trails.remove(&journal);
                    round.lost.push((journal, from));
                    new.is_all_read = false;
                }
                Err(error) => {
                    tracing::warn!(journal, %error, "a journal cannot be read: its records are told later");
                    self.tally.notices_behind(None);
                    new.is_all_read = false;
                    // It is looked at again with all others.
                    worker.is_read(journal);
                }
            }
        }
        let behind = new.oldest.map_or(0.0, |oldest| now.signed_duration_since(oldest).as_seconds_f64());
        self.tally.notices_behind(Some(behind));
        let is_quiet = !worker.rung.as_ref().is_some_and(Rung::any);
        round.read_until = (new.is_all_read && is_quiet).then(|| Self::surely_read(now));
        Ok(new.tellings)
    }

    /// Takes what is told of a journal's new records, as far as there is room; how far that is.
    async fn take_new(
        &self,
        (worker, round): (&mut Worker, &mut NoticeRound),
        (trail, entries): (Trail, Vec<Journalled>),
        (brand, now): (&Brand, DateTime<Utc>),
        new: &mut New,
    ) -> Result<Trail, ServiceError> {
        new.is_all_read = false;
        let mut reached = trail;
        for entry in entries {
            if new.is_full() {
                let minted = entry.id.minted_at();
                new.oldest = Some(new.oldest.map_or(minted, |oldest| oldest.min(minted)));
                break;
            }
            let (id, mut next) = (entry.id, reached);
            next.reach(&entry);
            match self.read_entry(entry, brand, now).await? {
                Read::Telling(telling) => new.tellings.push(telling),
                Read::Untold => {}
                Read::Unreadable => {
                    let name = NoticeName { record: id, to: None, nth: 1 };
                    round.tried.push((name, NoticeTry::Never(NoticeEnd::Unreadable)));
                }
            }
            worker.unkept = worker.unkept.saturating_add(1);
            reached = next;
        }
        Ok(reached)
    }

    /// What comes after in a journal. What left for the archive before it was read is named.
    async fn read_on(&self, journal: u16, trail: &Trail) -> Result<Option<Vec<Journalled>>, ServiceError> {
        let entries = self.behind(journal, trail, JOURNAL_PAGE).await?;
        let first = entries.as_ref().and_then(|entries| entries.first()).map(|entry| entry.place);
        if first.is_some_and(|first| trail.place.saturating_add(1) < first)
            && let Some(archived) = self.vault.store().archived(journal).await?
            && trail.place < archived.place
        {
            let (after, up_to) = (trail.place, archived.place);
            tracing::error!(
                journal,
                after,
                up_to,
                "records were archived before they were told: nobody is told of them"
            );
        }
        Ok(entries)
    }

    /// What is told of a record of a journal; nothing of most, and nothing of another brand's.
    async fn read_entry(&self, entry: Journalled, brand: &Brand, now: DateTime<Utc>) -> Result<Read, ServiceError> {
        let (record, account) = (entry.id, entry.account);
        // Verification tells more of what cannot be read.
        let Ok(kept) = self.vault.unseal_journalled(entry) else { return Ok(Read::Unreadable) };
        let Some(matter) = Matter::of(kept.record()) else { return Ok(Read::Untold) };
        match self.owner(account, now).await? {
            Some(owner) if owner.brand == *brand => {}
            Some(_) => return Ok(Read::Untold),
            None => return Ok(Read::Unreadable),
        }
        let nth = if matter.always { 1 } else { self.count_of_hour(&self.notices.hours, &kept).await? };
        let name = NoticeName { record, to: None, nth };
        let telling = is_told(nth).then(|| Telling { name, kept: Some(Box::new(kept)), tries: 0 });
        Ok(telling.map_or(Read::Untold, Read::Telling))
    }

    /// Tells them, many at a time, for as long as this engine is the one that tells.
    pub(super) async fn tell_all(
        self: &Arc<Self>,
        (carrier, brand): (Arc<dyn NoticeCarrier>, &Brand),
        tellings: Vec<Telling>,
        (worker, holder): (&mut Worker, Token),
        stop: Option<&watch::Receiver<bool>>,
    ) -> Result<AllTold, ServiceError> {
        let (mut told, mut way) = (AllTold::default(), OnTheWay::default());
        let at_a_time = self.notices.pace.at_a_time(&mut worker.asks_seen, worker.took);
        for telling in tellings {
            if way.tasks.len() >= at_a_time {
                told.done.extend(way.next().await);
            }
            // Others who cannot see that it is still under way would tell it as well.
            let goes_on = self.holds_notices(worker, holder, brand).await.unwrap_or(true);
            if !goes_on || stop.is_some_and(|stop| *stop.borrow()) {
                told.is_cut_off = true;
                break;
            }
            let (engine, carrier, brand, name) = (Arc::clone(self), Arc::clone(&carrier), brand.clone(), telling.name);
            let task = way.tasks.spawn(async move { engine.tell(&*carrier, &brand, telling).await });
            way.begun.insert(task.id(), (name, Instant::now()));
        }
        while let Some(done) = way.next().await {
            told.done.push(done);
        }
        worker.took = way.took.unwrap_or_default();
        Ok(told)
    }
}

/// What is being told.
#[derive(Default)]
struct OnTheWay {
    tasks: JoinSet<Told>,
    begun: HashMap<Id, (NoticeName, Instant)>,
    /// How long the fastest took.
    took: Option<Duration>,
}

impl OnTheWay {
    /// What came of the next that ends; none where nothing is under way.
    async fn next(&mut self) -> Option<Told> {
        let done = self.tasks.join_next_with_id().await?;
        let id = match &done {
            Ok((id, _)) => *id,
            Err(error) => error.id(),
        };
        let begun = self.begun.remove(&id);
        let took = begun.map(|(_, begun)| begun.elapsed());
        self.took = self.took.into_iter().chain(took).min();
        let name = begun.map(|(name, _)| name);
        match (done, name) {
            (Ok((_, told)), _) => Some(told),
            (Err(_), Some(name)) => {
                // Not the error itself: it may quote what was being worked on.
                tracing::error!(record = %name.record, "a notice broke");
                Some(Told::again(name))
            }
            (Err(_), None) => Some(Told::default()),
        }
    }
}
