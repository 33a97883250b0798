//! The notices of one record: made from it each time, one for each of its recipients, and given to who carries them.

use std::pin::Pin;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;

use super::addressing::Addressed;
use super::matter::{Matter, NoticeKind};
use super::wording::notice_text;
use crate::audit::{AnswerWindow, Event, Record};
use crate::domain::{Action, Brand, CancelCode, Msisdn, NoticeEnd, NoticeMark, NoticeName, NoticeTry, RecordId};
use crate::policy::NoticeTarget;
use crate::service::engine::Engine;
use crate::service::error::ServiceError;
use crate::store::{Found, Kept, StoreError};

/// When what could not be made is made again.
const MADE_AGAIN_AFTER: TimeDelta = TimeDelta::seconds(30);

/// What one recipient is told. It shows neither where it goes nor what it says.
#[derive(Clone)]
pub struct Notice {
    /// Its name: the same however often it is tried, and another for each recipient.
    pub id: u128,
    /// What it tells of.
    pub record: RecordId,
    /// When that happened.
    pub at: DateTime<Utc>,
    /// What.
    pub kind: NoticeKind,
    /// The how many-eth of its hour it is, of those that come often.
    pub nth: u32,
    /// The number of the line; none where it is about the whole account.
    pub line: Option<Msisdn>,
    /// The decision that it is about: what a no would end, where there is something to end.
    pub decision: Option<RecordId>,
    /// What was asked for, where something was.
    pub action: Option<Action>,
    /// Until when a challenge waits, or an approval may be used.
    pub expires_at: Option<DateTime<Utc>>,
    /// What cancels what it tells of, and can do nothing else.
    pub cancel_code: Option<CancelCode>,
    /// Where it goes.
    pub to: NoticeTarget,
    /// All that in words.
    pub text: String,
}

impl std::fmt::Debug for Notice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Notice").field("record", &self.record).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// That nobody took a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotCarried {
    /// After which time to try again; none where its receiver wants it never again.
    pub again: Option<TimeDelta>,
    /// Whether its receiver said so.
    pub asked: bool,
}

/// What carrying one comes to.
pub type Carrying<'a> = Pin<Box<dyn Future<Output = Result<(), NotCarried>> + Send + 'a>>;

/// Who carries notices to the customers.
pub trait NoticeCarrier: Send + Sync {
    /// Gives one away, once. `tries` counts this one.
    fn carry<'a>(&'a self, notice: &'a Notice, tries: u32, now: DateTime<Utc>) -> Carrying<'a>;
}

/// What is to be told.
pub(super) struct Telling {
    pub(super) name: NoticeName,
    /// What it tells of, where it was read already.
    pub(super) kept: Option<Box<Kept>>,
    /// How often it was tried before.
    pub(super) tries: u32,
}

/// What came of telling.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Of each recipient, and of what was to be told to all of them.
    pub(super) tried: Vec<(NoticeName, NoticeTry)>,
    /// How many were taken.
    pub(super) taken: usize,
    /// Whether any was given to somebody who did not take it.
    pub(super) any_untaken: bool,
}

impl Told {
    /// It could not be made: it is made again.
    pub(super) fn again(name: NoticeName) -> Self {
        Self::of_all(name, NoticeTry::Again { after: MADE_AGAIN_AFTER, asked: false })
    }

    fn of_all(name: NoticeName, result: NoticeTry) -> Self {
        Self { tried: vec![(name, result)], ..Self::default() }
    }
}

impl Engine {
    /// Tells it: makes it from what is on record now, and gives it away.
    ///
    /// INVARIANT (told-before-kept): what cannot be made now, for whatever reason, is made again or is dead; it is never done.
    pub(super) async fn tell(&self, carrier: &dyn NoticeCarrier, brand: &Brand, telling: Telling) -> Told {
        let (name, is_replayed) = (telling.name, telling.kept.is_none() && telling.name.to.is_none());
        match self.made(brand, telling.kept, name).await {
            Ok(Some(notices)) => {
                let mut told = self.carry_all(carrier, notices, name, telling.tries).await;
                if is_replayed || told.tried.is_empty() {
                    // What waits for all of them waits no more; what is left waits for each.
                    told.tried.push((name, NoticeTry::Done));
                }
                told
            }
            Ok(None) => Told::of_all(name, NoticeTry::Never(NoticeEnd::Unreadable)),
            Err(error) => {
                tracing::warn!(record = %name.record, %error, "a notice could not be made");
                Told::again(name)
            }
        }
    }

    /// The notices of a record to whom it is told now; none where it or its account cannot be read.
    async fn made(
        &self,
        brand: &Brand,
        kept: Option<Box<Kept>>,
        name: NoticeName,
    ) -> Result<Option<Vec<Notice>>, ServiceError> {
        let kept = match kept {
            Some(kept) => kept,
            None => match self.vault.find(name.record).await {
                Ok(Found::Kept(kept)) => kept,
                Ok(Found::Archived | Found::Nowhere) | Err(StoreError::Damaged(_)) => return Ok(None),
                Err(error) => return Err(error.into()),
            },
        };
        let (record, now) = (kept.record(), self.now()?.instant());
        let Some(Matter { kind, .. }) = Matter::of(record) else { return Ok(Some(Vec::new())) };
        let Some(Addressed { targets, line }) = self.address(brand, &kept, now).await? else { return Ok(None) };
        if targets.is_empty() {
            tracing::error!(record = %record.id, "nobody can be told: the account has no contact and no line in service");
            self.tally.notice_to_nobody();
        }
        let (action, expires_at) = asked(record);
        let decision = match &record.event {
            Event::Decided(_) => Some(record.id),
            Event::EvidenceGiven { challenge, .. } => Some(*challenge),
            _ => None,
        };
        let cancel_code = self.cancel_code(record);
        let text = notice_text(kind, record, line, name.nth, now);
        let notices = targets.into_iter().map(|to| {
            let id = self.notice_id(record.id, &to);
            let (at, nth, text) = (record.at, name.nth, text.clone());
            Notice { id, record: record.id, at, kind, nth, line, decision, action, expires_at, cancel_code, to, text }
        });
        let meant = notices.filter(|notice| name.to.is_none_or(|NoticeMark(mark)| mark == notice.id));
        Ok(Some(meant.collect()))
    }

    /// The name of one recipient's notice. It tells nothing of either.
    fn notice_id(&self, record: RecordId, to: &NoticeTarget) -> u128 {
        let (kind, address) = to.value.spelt();
        let digest = self.vault.tokens().digest("notice", &[&record.to_bytes(), kind.as_bytes(), address.as_bytes()]);
        let (half, _) = digest.split_at(size_of::<u128>());
        let bits = half.iter().fold(0, |bits, byte| (bits << 8) | u128::from(*byte));
        // A UUID of its own making (version 8 of RFC 9562).
        (bits & !(0xf << 76) & !(0x3 << 62)) | (0x8 << 76) | (0x2 << 62)
    }

    async fn carry_all(&self, carrier: &dyn NoticeCarrier, notices: Vec<Notice>, name: NoticeName, tries: u32) -> Told {
        let carried = join_all(notices.iter().map(async |notice| {
            // Signed with the instant of the try: a receiver believes none that is old.
            let Ok(now) = self.now() else { return Err(NotCarried { again: Some(MADE_AGAIN_AFTER), asked: false }) };
            carrier.carry(notice, tries.saturating_add(1), now.instant()).await
        }));
        let mut told = Told::default();
        for (notice, carried) in notices.iter().zip(carried.await) {
            let result = match carried {
                Ok(()) => {
                    let late =
                        self.now().map_or(TimeDelta::zero(), |now| now.instant().signed_duration_since(notice.at));
                    self.tally.notice_taken(late.as_seconds_f64());
                    told.taken = told.taken.saturating_add(1);
                    NoticeTry::Done
                }
                Err(NotCarried { again: Some(after), asked }) => NoticeTry::Again { after, asked },
                Err(NotCarried { again: None, .. }) => NoticeTry::Never(NoticeEnd::Refused),
            };
            told.any_untaken |= result != NoticeTry::Done;
            told.tried.push((NoticeName { to: Some(NoticeMark(notice.id)), ..name }, result));
        }
        told
    }
}

fn asked(record: &Record) -> (Option<Action>, Option<DateTime<Utc>>) {
    let Event::Decided(decided) = &record.event else { return (None, None) };
    let expires_at = match decided.window {
        AnswerWindow::Permit { expires_at, .. } | AnswerWindow::OpenUntil(expires_at) => Some(expires_at),
        AnswerWindow::NoPermit | AnswerWindow::RetryAt(_) => None,
    };
    (Some(decided.change.action()), expires_at)
}
