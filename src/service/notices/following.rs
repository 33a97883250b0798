//! The worker: reads what is new in the order of commits, tells it, and tries again what was not taken.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;

use super::counting::{Hours, is_told};
use super::matter::Matter;
use super::telling::{NoticeCarrier, Telling, Told};
use crate::crypto::Token;
use crate::domain::{Brand, NoticeBook, NoticeRound, NoticeTry, RecordId};
use crate::service::engine::Engine;
use crate::service::error::ServiceError;
use crate::service::records::JOURNAL_PAGE;
use crate::service::rung::Rung;
use crate::service::trail::Trail;
use crate::store::{Journalled, LeaseRequest};

/// How many are begun before it is kept what came of them: so many may be told twice after a crash.
const BEGUN_MAX: usize = 256;

/// The same while the receiver takes none: enough to see that it is back.
const PROBED_MAX: usize = 4;

/// How many are tried again at a time.
const RETRIED_MAX: usize = 64;

/// How many are on their way at a time.
const ON_THEIR_WAY_MAX: usize = 32;

/// Records that needed no telling after which it is kept how far was read.
const READ_UNKEPT_MAX: u64 = 4_096;

/// How long the worker's lease holds without being renewed, and with how much of it left it is: after so long at most another
/// engine goes on where one broke.
const LEASE_SECONDS: i64 = 15;
const RENEWED_SECONDS: i64 = 8;

/// How long the worker waits at most, and while it can do nothing.
const LOOK_EVERY: Duration = Duration::from_secs(10);
const TROUBLED_FOR: Duration = Duration::from_secs(5);

/// What notices of one engine need.
#[derive(Default)]
pub(in crate::service) struct Notices {
    carrier: OnceLock<Arc<dyn NoticeCarrier>>,
    hours: Hours,
    worker: Mutex<Worker>,
}

impl Notices {
    /// Who carries them; none where none are told.
    pub(super) fn carrier(&self) -> Option<&Arc<dyn NoticeCarrier>> {
        self.carrier.get()
    }
}

/// How far the worker of this engine is.
#[derive(Default)]
struct Worker {
    /// Until when nobody else works.
    leased_until: Option<DateTime<Utc>>,
    /// Of journals that gave something: where what was read last stands.
    trails: HashMap<u16, Trail>,
    rung: Option<Rung>,
    /// What was read since it was kept last.
    unkept: u64,
    /// Whether the receiver took nothing of late.
    is_away: bool,
}

/// What a round came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Round {
    /// How many were taken.
    taken: usize,
    /// Whether there may be more to do at once.
    more: bool,
    /// When the next is to be tried again.
    next_at: Option<DateTime<Utc>>,
}

impl Engine {
    /// Tells notices from now on, by this carrier; whoever was named first stays.
    pub fn send_notices_by(&self, carrier: Arc<dyn NoticeCarrier>) {
        let _ = self.notices.carrier.set(carrier);
    }

    /// Tells what happens until `stop` says so.
    pub async fn work_notices(self: Arc<Self>, holder: Token, mut stop: watch::Receiver<bool>) {
        if self.notices.carrier().is_none() {
            return;
        }
        let mut worker = self.notices.worker.lock().await;
        while !*stop.borrow() {
            let round = self.notice_round(&mut worker, holder).await;
            let wait = match &round {
                Ok(Round { more: true, .. }) => continue,
                Ok(Round { next_at, .. }) => self.until(*next_at),
                Err(error) => {
                    tracing::warn!(%error, "notices were not told");
                    worker.let_go();
                    TROUBLED_FOR
                }
            };
            // While nobody takes anything, or another engine works, what is new waits with the rest.
            let is_quiet = worker.is_away || worker.leased_until.is_none();
            let store = self.vault.store();
            let rung = worker.rung.get_or_insert_with(|| Rung::all(store));
            tokio::select! {
                heard = rung.heard(store), if !is_quiet => {
                    if heard.is_err() { break }
                }
                () = tokio::time::sleep(wait) => {}
                changed = stop.changed() => {
                    if changed.is_err() { break }
                }
            }
        }
        self.leave_notices(&mut worker, holder).await;
    }

    /// Lets another engine go on at once.
    async fn leave_notices(&self, worker: &mut Worker, holder: Token) {
        let (Some(_), Ok(now)) = (worker.leased_until.take(), self.now()) else { return };
        if let Err(error) = self.vault.store().lease(notices_lease(&self.carrier.brand, holder, now.instant(), 0)).await
        {
            tracing::warn!(%error, "another engine goes on with notices once the lease of this one is over");
        }
    }

    /// Tells all that there is to tell now; how many notices were taken. Nothing while another engine holds the lease.
    pub async fn tell_notices(self: &Arc<Self>, holder: Token) -> Result<usize, ServiceError> {
        let (mut worker, mut taken) = (self.notices.worker.lock().await, 0);
        if let Some(rung) = &mut worker.rung {
            rung.may_hold_all(self.vault.store());
        }
        loop {
            let round = self.notice_round(&mut worker, holder).await?;
            taken += round.taken;
            if !round.more {
                return Ok(taken);
            }
        }
    }

    fn until(&self, next_at: Option<DateTime<Utc>>) -> Duration {
        let longest = LOOK_EVERY;
        let (Some(at), Ok(now)) = (next_at, self.now()) else { return longest };
        at.signed_duration_since(now.instant()).to_std().unwrap_or(Duration::from_millis(10)).min(longest)
    }

    /// One round: what is to be tried again, then what is new, then it is kept what came of both.
    async fn notice_round(self: &Arc<Self>, worker: &mut Worker, holder: Token) -> Result<Round, ServiceError> {
        let idle = Round { taken: 0, more: false, next_at: None };
        let Some(carrier) = self.notices.carrier().cloned() else { return Ok(idle) };
        let (brand, now) = (self.carrier.brand.clone(), self.now()?.instant());
        if !self.holds_notices(worker, holder, &brand, now).await? {
            return Ok(idle);
        }
        let book = self.begun_notice_book(&brand, now).await?;
        let due = book.due(now, RETRIED_MAX);
        let mut tellings: Vec<Telling> = due
            .into_iter()
            .map(|waiting| Telling { record: waiting.record, kept: None, nth: waiting.nth, tries: waiting.tries })
            .collect();
        let retried = tellings.len();
        let room = book.room().min(if worker.is_away { PROBED_MAX } else { BEGUN_MAX });
        let mut round = NoticeRound::default();
        tellings.extend(self.read_new(worker, &book, (&brand, room), (now, &mut round)).await?);
        let is_new = tellings.len() > retried;
        let told = self.tell_all(carrier, &brand, tellings, now).await?;
        let taken = told.iter().filter(|(_, _, told)| *told == Told::Tried(NoticeTry::Taken)).count();
        let tried = told.iter().any(|(_, _, told)| *told != Told::ToNobody);
        if taken > 0 {
            round.is_back = std::mem::take(&mut worker.is_away);
        } else if is_new && tried {
            worker.is_away = true;
        }
        round.tried = told
            .into_iter()
            .map(|(record, nth, told)| match told {
                // Nobody is there to be told: it is done with.
                Told::ToNobody => (record, nth, NoticeTry::Taken),
                Told::Tried(result) => (record, nth, result),
            })
            .collect();
        self.count_untaken(&round);
        let next_at = self.keep_round(worker, &brand, &book, round, now).await?;
        let more = worker.rung.as_ref().is_some_and(Rung::any) && !worker.is_away && room > 0;
        Ok(Round { taken, more: more || next_at.is_some_and(|at| at <= now), next_at })
    }

    fn count_untaken(&self, round: &NoticeRound) {
        for (record, _, result) in &round.tried {
            match result {
                NoticeTry::Taken => {}
                NoticeTry::Again(_) => self.tally.notice_untaken(false),
                NoticeTry::Never(end) => {
                    tracing::error!(record = %record, end = end.name(), "a notice is not tried any more");
                    self.tally.notice_untaken(true);
                }
            }
        }
    }

    /// Whether this engine tells notices now, and no other.
    async fn holds_notices(
        &self,
        worker: &mut Worker,
        holder: Token,
        brand: &Brand,
        now: DateTime<Utc>,
    ) -> Result<bool, ServiceError> {
        let fresh = now + TimeDelta::seconds(RENEWED_SECONDS);
        if worker.leased_until.is_some_and(|until| fresh < until) {
            return Ok(true);
        }
        let held = self.vault.store().lease(notices_lease(brand, holder, now, LEASE_SECONDS)).await?.is_some();
        if held {
            worker.leased_until = Some(now + TimeDelta::seconds(LEASE_SECONDS));
        } else {
            worker.let_go();
        }
        Ok(held)
    }

    /// Reads on in every journal that may hold something, up to `room` notices.
    async fn read_new(
        &self,
        worker: &mut Worker,
        book: &NoticeBook,
        (brand, room): (&Brand, usize),
        (now, round): (DateTime<Utc>, &mut NoticeRound),
    ) -> Result<Vec<Telling>, ServiceError> {
        let (mut new, mut is_all_read) = (Vec::new(), true);
        let rung = worker.rung.get_or_insert_with(|| Rung::all(self.vault.store()));
        for journal in rung.journals() {
            let Some(place) = book.places.get(usize::from(journal)) else { continue };
            let mut trail = worker.trails.get(&journal).copied().unwrap_or_default();
            if trail.place < *place {
                trail = Trail::from(*place);
            }
            // INVARIANT (fail-closed): where what was read is not there any more, what stands there now may be another's: all that
            // may not have been told is told, some of it twice.
            let Some(entries) = self.behind(journal, &trail, JOURNAL_PAGE).await? else {
                tracing::error!(journal, "a journal lost what was read of it: what it holds since is told anew");
                let from = self.first_place(journal, Some(book.read_until)).await?;
                worker.trails.insert(journal, Trail::from(from));
                is_all_read = false;
                continue;
            };
            if entries.is_empty() {
                rung.is_read(journal);
            }
            for entry in entries {
                is_all_read = false;
                if new.len() >= room {
                    break;
                }
                let mut reached = trail;
                reached.reach(&entry);
                new.extend(self.telling_of(entry, brand, now).await?);
                worker.unkept = worker.unkept.saturating_add(1);
                trail = reached;
            }
            worker.trails.insert(journal, trail);
            round.places.push((journal, trail.place));
        }
        round.read_until = (is_all_read && !rung.any()).then(|| Self::surely_read(now));
        Ok(new)
    }

    /// What is told of a record of a journal; nothing of most, and nothing of another brand's.
    async fn telling_of(
        &self,
        entry: Journalled,
        brand: &Brand,
        now: DateTime<Utc>,
    ) -> Result<Option<Telling>, ServiceError> {
        let (record, account) = (entry.id, entry.account);
        let kept = match self.vault.unseal_journalled(entry) {
            Ok(kept) => kept,
            Err(error) => {
                // Verification tells more of it. Whom it was about is not known, so nobody can be told.
                tracing::error!(record = %record, %error, "a record cannot be read, and is not told");
                return Ok(None);
            }
        };
        let Some(matter) = Matter::of(kept.record()) else { return Ok(None) };
        if self.owner(account, now).await?.is_none_or(|owner| owner.brand != *brand) {
            return Ok(None);
        }
        let nth = if matter.always { 1 } else { self.count_of_hour(&self.notices.hours, &kept).await? };
        Ok(is_told(nth).then(|| Telling { record, kept: Some(Box::new(kept)), nth, tries: 0 }))
    }

    /// Tells them, many at a time. What came of each.
    async fn tell_all(
        self: &Arc<Self>,
        carrier: Arc<dyn NoticeCarrier>,
        brand: &Brand,
        tellings: Vec<Telling>,
        now: DateTime<Utc>,
    ) -> Result<Vec<(RecordId, u32, Told)>, ServiceError> {
        let (mut told, mut tasks) = (Vec::with_capacity(tellings.len()), JoinSet::new());
        for telling in tellings {
            if tasks.len() >= ON_THEIR_WAY_MAX
                && let Some(done) = tasks.join_next().await
            {
                told.push(done.map_err(broke)??);
            }
            let (engine, carrier, brand) = (Arc::clone(self), Arc::clone(&carrier), brand.clone());
            tasks.spawn(async move {
                let (record, nth) = (telling.record, telling.nth);
                engine.tell(&*carrier, &brand, telling, now).await.map(|told| (record, nth, told))
            });
        }
        while let Some(done) = tasks.join_next().await {
            told.push(done.map_err(broke)??);
        }
        Ok(told)
    }

    /// Keeps what a round came to, where anything was told or much was read. When the next is to be tried again.
    ///
    /// INVARIANT (told-before-kept): a place is kept once all before it was taken, waits or is dead; a crash before that tells it
    /// again.
    async fn keep_round(
        &self,
        worker: &mut Worker,
        brand: &Brand,
        book: &NoticeBook,
        round: NoticeRound,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, ServiceError> {
        if round.tried.is_empty() && worker.unkept < READ_UNKEPT_MAX {
            return Ok(book.next_at());
        }
        self.keep_notices(brand, &round, now).await?;
        worker.unkept = 0;
        let mut book = book.clone();
        book.take(&round, now);
        Ok(book.next_at())
    }
}

impl Worker {
    /// Another engine may work now, or something is wrong: whatever was read since is read again.
    fn let_go(&mut self) {
        *self = Self { is_away: self.is_away, ..Self::default() };
    }
}

fn notices_lease(brand: &Brand, holder: Token, now: DateTime<Utc>, seconds: i64) -> LeaseRequest {
    LeaseRequest { name: format!("notices/{}", brand.as_str()), holder, now, until: now + TimeDelta::seconds(seconds) }
}

fn broke(_: tokio::task::JoinError) -> ServiceError {
    // Not the error itself: it may quote what was being worked on.
    ServiceError::Unavailable("a notice broke".to_owned())
}
