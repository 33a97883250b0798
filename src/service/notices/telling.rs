//! One notice: made from its record each time, and given to who carries it.

use std::pin::Pin;

use chrono::{DateTime, TimeDelta, Utc};

use super::addressing::Addressed;
use super::matter::{Matter, NoticeKind};
use super::wording::notice_text;
use crate::audit::{AnswerWindow, Event, Record};
use crate::domain::{Action, Brand, Msisdn, NoticeEnd, NoticeTry, RecordId};
use crate::policy::NoticeTarget;
use crate::service::engine::Engine;
use crate::service::error::ServiceError;
use crate::store::{Found, Kept, StoreError};

/// What people are told. It shows neither where it goes nor what it says.
#[derive(Clone)]
pub struct Notice {
    /// What it tells of: one message, however often it is tried.
    pub record: RecordId,
    /// When that happened.
    pub at: DateTime<Utc>,
    /// What.
    pub kind: NoticeKind,
    /// The how many-eth of its hour it is, of those that come often.
    pub nth: u32,
    /// The number of the line; none where it is about the whole account.
    pub line: Option<Msisdn>,
    /// What was asked for, where something was.
    pub action: Option<Action>,
    /// Until when a challenge waits, or an approval may be used.
    pub expires_at: Option<DateTime<Utc>>,
    /// Where it goes.
    pub to: Vec<NoticeTarget>,
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
}

/// What carrying one comes to.
pub type Carrying<'a> = Pin<Box<dyn Future<Output = Result<(), NotCarried>> + Send + 'a>>;

/// Who carries notices to the customers.
pub trait NoticeCarrier: Send + Sync {
    /// Gives one away, once. `tries` counts this one.
    fn carry<'a>(&'a self, notice: &'a Notice, tries: u32, now: DateTime<Utc>) -> Carrying<'a>;
}

/// What came of telling one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// Nobody is there to be told.
    ToNobody,
    /// It was given to who carries it, with this result.
    Tried(NoticeTry),
}

/// A notice to be told.
pub(super) struct Telling {
    pub(super) record: RecordId,
    /// What it tells of, where it was read already.
    pub(super) kept: Option<Box<Kept>>,
    pub(super) nth: u32,
    /// How often it was tried before.
    pub(super) tries: u32,
}

impl Engine {
    /// Tells one: makes it from what is on record now, and gives it away. Fails only where the store does not answer.
    pub(super) async fn tell(
        &self,
        carrier: &dyn NoticeCarrier,
        brand: &Brand,
        telling: Telling,
        now: DateTime<Utc>,
    ) -> Result<Told, ServiceError> {
        let unreadable = Ok(Told::Tried(NoticeTry::Never(NoticeEnd::Unreadable)));
        let Telling { record, kept, nth, tries } = telling;
        let kept = match kept {
            Some(kept) => kept,
            None => match self.vault.find(record).await {
                Ok(Found::Kept(kept)) => kept,
                Ok(Found::Archived | Found::Nowhere) | Err(StoreError::Damaged(_)) => return unreadable,
                Err(error) => return Err(error.into()),
            },
        };
        let Some(Matter { kind, .. }) = Matter::of(kept.record()) else { return Ok(Told::ToNobody) };
        let Some(addressed) = self.address(brand, &kept, now).await? else { return unreadable };
        if addressed.targets.is_empty() {
            return Ok(Told::ToNobody);
        }
        let notice = notice(kind, kept.record(), nth, addressed);
        let carried = carrier.carry(&notice, tries.saturating_add(1), now).await;
        Ok(Told::Tried(match carried {
            Ok(()) => {
                self.tally.notice_taken(now.signed_duration_since(notice.at).as_seconds_f64());
                NoticeTry::Taken
            }
            Err(NotCarried { again: Some(again) }) => NoticeTry::Again(again),
            Err(NotCarried { again: None }) => NoticeTry::Never(NoticeEnd::Refused),
        }))
    }
}

fn notice(kind: NoticeKind, record: &Record, nth: u32, Addressed { targets: to, line }: Addressed) -> Notice {
    let (action, expires_at) = asked(record);
    let text = notice_text(kind, record, line, nth);
    Notice { record: record.id, at: record.at, kind, nth, line, action, expires_at, to, text }
}

fn asked(record: &Record) -> (Option<Action>, Option<DateTime<Utc>>) {
    let Event::Decided(decided) = &record.event else { return (None, None) };
    let expires_at = match decided.window {
        AnswerWindow::Permit { expires_at, .. } | AnswerWindow::OpenUntil(expires_at) => Some(expires_at),
        AnswerWindow::NoPermit | AnswerWindow::RetryAt(_) => None,
    };
    (Some(decided.change.action()), expires_at)
}
