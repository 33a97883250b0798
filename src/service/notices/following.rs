//! The worker: reads what is new in the order of commits, tells it, and tries again what was not taken.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{Mutex, watch};

use super::counting::Hours;
use super::pace::Pace;
use super::telling::NoticeCarrier;
use crate::crypto::Token;
use crate::domain::{Brand, NoticeBook, NoticeRound, NoticeTry};
use crate::service::engine::Engine;
use crate::service::error::ServiceError;
use crate::service::rung::Rung;
use crate::service::trail::Trail;
use crate::store::LeaseRequest;

/// How many records are begun before it is kept what came of them: so many may be told twice after a crash.
const BEGUN_MAX: usize = 128;

/// The same while the receiver takes nothing: enough to see that it is back.
const PROBED_MAX: usize = 4;

/// How many are tried again in a round.
const RETRIED_MAX: usize = 32;

/// Records that needed no telling after which it is kept how far was read.
const READ_UNKEPT_MAX: u64 = 4_096;

/// So often at most it is kept alone that everything was read.
const READ_KEPT_EVERY: TimeDelta = TimeDelta::seconds(60);

/// How long the worker's lease holds without being renewed, and with how much of it left it is. Where an engine broke another goes
/// on once it is over and that one has looked again.
const LEASE_SECONDS: i64 = 15;
const RENEWED_SECONDS: i64 = 8;

/// How long the worker waits at most.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// How long an engine whose round failed leaves the others to try: longer than any of them waits.
const OUT_FOR: Duration = Duration::from_secs(20);

/// What notices of one engine need.
#[derive(Default)]
pub(in crate::service) struct Notices {
    carrier: OnceLock<Arc<dyn NoticeCarrier>>,
    pub(super) hours: Hours,
    pub(in crate::service) pace: Pace,
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
pub(super) struct Worker {
    /// Until when nobody else works.
    pub(super) leased_until: Option<DateTime<Utc>>,
    /// Of journals that gave something: where what was read last stands.
    pub(super) trails: HashMap<u16, Trail>,
    /// Which may hold something new, and the one that is read first: each has its turn.
    pub(super) rung: Option<Rung>,
    pub(super) turn: usize,
    /// What was read since it was kept last how far; and since it was kept that everything was.
    pub(super) unkept: u64,
    has_moved: bool,
    /// How often decisions were asked for, when it was last looked.
    pub(super) asks_seen: u64,
    /// How long the fastest of the last round were on their way.
    pub(super) took: Duration,
    /// Since when the receiver took nothing.
    away_since: Option<DateTime<Utc>>,
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
            let round = self.notice_round(&mut worker, holder, Some(&stop)).await;
            let wait = match &round {
                Ok(Round { more: true, .. }) => continue,
                Ok(Round { next_at, .. }) => self.until(*next_at),
                Err(error) => {
                    tracing::warn!(%error, "notices were not told");
                    self.tally.notices_behind(None);
                    self.leave_notices(&mut worker, holder).await;
                    OUT_FOR
                }
            };
            // While nobody takes anything, or another engine works, what is new waits with the rest.
            let is_quiet = round.is_err() || worker.away_since.is_some() || worker.leased_until.is_none();
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

    /// Tells all that there is to tell now; how many notices were taken. Nothing while another engine holds the lease.
    pub async fn tell_notices(self: &Arc<Self>, holder: Token) -> Result<usize, ServiceError> {
        let (mut worker, mut taken) = (self.notices.worker.lock().await, 0);
        if let Some(rung) = &mut worker.rung {
            rung.may_hold_all(self.vault.store());
        }
        loop {
            let round = match self.notice_round(&mut worker, holder, None).await {
                Ok(round) => round,
                Err(error) => {
                    worker.let_go();
                    return Err(error);
                }
            };
            taken += round.taken;
            if !round.more {
                return Ok(taken);
            }
        }
    }

    fn until(&self, next_at: Option<DateTime<Utc>>) -> Duration {
        let (Some(at), Ok(now)) = (next_at, self.now()) else { return LOOK_EVERY };
        at.signed_duration_since(now.instant()).to_std().unwrap_or(Duration::from_millis(10)).min(LOOK_EVERY)
    }

    /// One round: what is new, then what is to be tried again, then it is kept what came of both.
    async fn notice_round(
        self: &Arc<Self>,
        worker: &mut Worker,
        holder: Token,
        stop: Option<&watch::Receiver<bool>>,
    ) -> Result<Round, ServiceError> {
        let idle = Round { taken: 0, more: false, next_at: None };
        let Some(carrier) = self.notices.carrier().cloned() else { return Ok(idle) };
        let (brand, now) = (self.carrier.brand.clone(), self.now()?.instant());
        if !self.holds_notices(worker, holder, &brand).await? {
            return Ok(idle);
        }
        let book = self.begun_notice_book(&brand).await?;
        let is_away = worker.away_since.is_some();
        if let Some(rung) = worker.rung.as_mut().filter(|_| is_away) {
            // Nobody heard rings meanwhile.
            rung.may_hold_all(self.vault.store());
        }
        let room = book.room().min(if is_away { PROBED_MAX } else { BEGUN_MAX });
        let mut round = NoticeRound::default();
        let mut tellings = self.read_new(worker, &book, (&brand, room), (now, &mut round)).await?;
        let new = tellings.len();
        tellings.extend(Self::due_again(&book, now, RETRIED_MAX));
        let told = self.tell_all((carrier, &brand), tellings, (worker, holder), stop).await?;
        let (mut taken, mut is_untaken) = (0, false);
        for told in told.done {
            taken += told.taken;
            is_untaken |= told.any_untaken;
            round.tried.extend(told.tried);
        }
        if taken > 0 {
            round.was_away_since = worker.away_since.take();
        } else if new > 0 && is_untaken {
            worker.away_since.get_or_insert(now);
        }
        if told.is_cut_off {
            // The service stops: what was read and not begun is read again by who goes on.
            (round.places, round.lost, round.read_until) = (Vec::new(), Vec::new(), None);
            (worker.trails, worker.rung, worker.unkept) = (HashMap::new(), None, 0);
        }
        self.count_untaken(&round);
        let book = self.keep_round(worker, &brand, book, round).await?;
        if book.waiting.is_empty() {
            worker.away_since = None;
        }
        let more = worker.rung.as_ref().is_some_and(Rung::any) && worker.away_since.is_none() && book.room() > 0;
        let next_at = book.next_at();
        Ok(Round { taken, more: more || next_at.is_some_and(|at| at <= now), next_at })
    }

    fn count_untaken(&self, round: &NoticeRound) {
        for (name, result) in &round.tried {
            match result {
                NoticeTry::Done => {}
                NoticeTry::Again { .. } => self.tally.notice_untaken(false),
                NoticeTry::Never(end) => {
                    tracing::error!(record = %name.record, end = end.name(), "a notice is not tried any more");
                    self.tally.notice_untaken(true);
                }
            }
        }
    }

    /// Keeps what a round came to, where anything was told or much was read.
    ///
    /// INVARIANT (told-before-kept): a place is kept once all before it was taken, waits or is dead; a crash before that tells it
    /// again.
    async fn keep_round(
        &self,
        worker: &mut Worker,
        brand: &Brand,
        book: NoticeBook,
        round: NoticeRound,
    ) -> Result<NoticeBook, ServiceError> {
        worker.has_moved |= worker.unkept > 0;
        let is_due = |until: DateTime<Utc>| until.signed_duration_since(book.read_until) >= READ_KEPT_EVERY;
        let is_all_read = worker.has_moved && round.read_until.is_some_and(is_due);
        let is_much = worker.unkept >= READ_UNKEPT_MAX || !round.lost.is_empty();
        if round.tried.is_empty() && !is_much && !is_all_read {
            return Ok(book);
        }
        let book = self.keep_notices(brand, &round).await?;
        worker.unkept = 0;
        worker.has_moved &= round.read_until.is_none();
        Ok(book)
    }

    /// Whether this engine tells notices now, and no other.
    pub(super) async fn holds_notices(
        &self,
        worker: &mut Worker,
        holder: Token,
        brand: &Brand,
    ) -> Result<bool, ServiceError> {
        let now = self.now()?.instant();
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

    /// Lets another engine go on at once.
    async fn leave_notices(&self, worker: &mut Worker, holder: Token) {
        let was_held = worker.leased_until.is_some();
        worker.let_go();
        let (true, Ok(now)) = (was_held, self.now()) else { return };
        let lease = notices_lease(&self.carrier.brand, holder, now.instant(), 0);
        if let Err(error) = self.vault.store().lease(lease).await {
            tracing::warn!(%error, "another engine goes on with notices once the lease of this one is over");
        }
    }
}

impl Worker {
    /// Nothing new is in a journal, or it is read later.
    pub(super) fn is_read(&mut self, journal: u16) {
        if let Some(rung) = &mut self.rung {
            rung.is_read(journal);
        }
    }

    /// Another engine may work now, or something is wrong: whatever was read since is read again.
    fn let_go(&mut self) {
        *self = Self { away_since: self.away_since, ..Self::default() };
    }
}

fn notices_lease(brand: &Brand, holder: Token, now: DateTime<Utc>, seconds: i64) -> LeaseRequest {
    LeaseRequest { name: format!("notices/{}", brand.as_str()), holder, now, until: now + TimeDelta::seconds(seconds) }
}
