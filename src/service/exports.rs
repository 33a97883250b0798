//! Taking many records out: one person asks, another approves, and who asked fetches.
//!
//! An export is what the brand's ledger says of it, and nothing else is kept: the record of the ask has its name. That it
//! was approved is claimed once in the ledger, so that two who approve at once make one approval.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::budget::Budget;
use super::engine::Engine;
use super::error::ServiceError;
use super::question::caller_of;
use super::records::{JOURNAL_PAGE, RecordView, Told};
use super::refusal::Refusal;
use super::rights::{Authorised, right};
use crate::audit::{Caller, Event, RecordFilter};
use crate::crypto::RunningDigest;
use crate::domain::{Brand, RecordId, Requester, Subject};
use crate::store::{Found, Reserve, Urgency};

/// How long each step waits for the next.
const STEP_LASTS: TimeDelta = TimeDelta::hours(24);

/// How often the handing over of one export may be begun, in the day that it has: connections break.
const BEGINS: Budget =
    Budget { name: "export-begins", most: 3, what: "the export was begun three times: ask for it again" };

/// How many exports one caller may ask for.
const ASKS: Budget =
    Budget { name: "exports", most: 8, what: "so many exports are made for nobody in a day: come back later" };

/// An export as it stands.
#[derive(Debug, Clone)]
pub struct Export {
    /// Its name: the record of the ask.
    pub id: RecordId,
    /// Which records.
    pub filter: RecordFilter,
    /// Who asked.
    pub asked_by: Subject,
    /// When.
    pub asked_at: DateTime<Utc>,
    /// Who approved it, and when.
    pub approval: Option<(Subject, DateTime<Utc>)>,
}

impl Export {
    /// Until when its next step may be taken.
    pub fn expires_at(&self) -> DateTime<Utc> {
        let since = self.approval.as_ref().map_or(self.asked_at, |(_, at)| *at);
        since.checked_add_signed(STEP_LASTS).unwrap_or(since)
    }
}

/// An export being handed over.
pub struct HandOver {
    engine: Arc<Engine>,
    requester: Requester,
    export: Export,
    /// Where each journal ended when it began.
    ends: Vec<u64>,
    journal: u16,
    place: u64,
    records: u64,
    digest: RunningDigest,
}

/// What was handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HandedOver {
    /// How many records.
    pub records: u64,
    /// Over the id and hash of each, in order.
    pub digest: [u8; 32],
}

impl Engine {
    /// Puts on record that many records are asked for. They leave only once somebody else has approved it.
    pub async fn request_export(
        &self,
        who: &Authorised<right::ExportRecords>,
        mut filter: RecordFilter,
    ) -> Result<Export, ServiceError> {
        let (requester, now) = (who.requester(), self.now()?.instant());
        self.check_word(requester).await?;
        self.spend(&ASKS, (&requester.brand, requester.subject.as_str().as_bytes()), now).await?;
        // Who approves knows what: nothing is added to it later.
        filter.before = Some(filter.before.map_or(now, |before| before.min(now)));
        let event = Event::ExportAsked { filter: Box::new(filter) };
        let id = self.note(&requester.brand, Some(caller_of(requester)), event).await?;
        self.export_of(&requester.brand, id, now).await
    }

    /// An export as it stands.
    pub async fn export(&self, who: &Authorised<right::ReadExport>, id: RecordId) -> Result<Export, ServiceError> {
        let now = self.now()?.instant();
        self.export_of(&who.requester().brand, id, now).await
    }

    /// Puts on record that an export was approved. Once is enough.
    ///
    /// Who asked is never who approves, in whatever role: subjects are compared, and nothing else.
    pub async fn approve_export(
        &self,
        who: &Authorised<right::ApproveExport>,
        id: RecordId,
    ) -> Result<Export, ServiceError> {
        let (requester, now) = (who.requester(), self.now()?.instant());
        self.check_word(requester).await?;
        let export = self.export_of(&requester.brand, id, now).await?;
        if export.asked_by == requester.subject {
            return Err(ServiceError::Refused(Refusal::SecondPersonNeeded));
        }
        if export.approval.is_some() {
            return Ok(export);
        }
        if now >= export.expires_at() {
            return Err(ServiceError::Refused(Refusal::ExportExpired));
        }
        let (caller, once) = (Some(caller_of(requester)), self.approval_of(id));
        self.note_once(&requester.brand, caller, Event::ExportApproved { export: id }, (Some(once), Urgency::Ordinary))
            .await?;
        self.export_of(&requester.brand, id, now).await
    }

    /// Begins to hand an approved export over to who asked for it.
    ///
    /// INVARIANT (answer-is-record): that it began is on record before the first record leaves.
    pub async fn begin_export(
        self: &Arc<Self>,
        who: &Authorised<right::ExportRecords>,
        id: RecordId,
    ) -> Result<HandOver, ServiceError> {
        let (requester, now) = (who.requester().clone(), self.now()?.instant());
        let export = self.export_of(&requester.brand, id, now).await?;
        if export.asked_by != requester.subject {
            return Err(no_export());
        }
        if now >= export.expires_at() {
            return Err(ServiceError::Refused(Refusal::ExportExpired));
        }
        if export.approval.is_none() {
            return Err(ServiceError::Refused(Refusal::ExportNotApproved));
        }
        // Counted before it is one, and durable with the record of it.
        self.spend(&BEGINS, (&requester.brand, &id.to_bytes()), now).await.map_err(for_good)?;
        let event = Event::ExportBegun { export: id };
        self.note(&requester.brand, Some(caller_of(&requester)), event).await?;
        let mut ends = Vec::new();
        for journal in 0..self.vault.store().journals() {
            ends.push(self.last_place_where(journal, |_| true).await?);
        }
        let place = self.first_place(0, export.filter.from).await?;
        let (engine, digest) = (Arc::clone(self), RunningDigest::default());
        Ok(HandOver { engine, requester, export, ends, journal: 0, place, records: 0, digest })
    }

    /// The export that the ledger tells of under this name.
    async fn export_of(&self, brand: &Brand, id: RecordId, now: DateTime<Utc>) -> Result<Export, ServiceError> {
        let Found::Kept(ask) = self.vault.find(id).await? else { return Err(no_export()) };
        if ask.account() != self.vault.tokens().ledger(brand) {
            return Err(no_export());
        }
        let record = ask.record();
        let (Event::ExportAsked { filter }, Some(Caller { subject, .. })) = (&record.event, &record.caller) else {
            return Err(no_export());
        };
        // Once its keys may be forgotten, whether it was approved is history, and it has long ended.
        let is_kept = now.signed_duration_since(record.at) <= STEP_LASTS.checked_mul(2).unwrap_or(STEP_LASTS);
        let approval = if is_kept { self.noted(brand, self.approval_of(id), now).await? } else { None };
        let approval = approval.map(|kept| {
            let approval = kept.record();
            match (&approval.event, &approval.caller) {
                (Event::ExportApproved { export }, Some(by)) if *export == id => Ok((by.subject.clone(), approval.at)),
                _ => Err(ServiceError::Unavailable("an approval's record is of something else".to_owned())),
            }
        });
        let (filter, asked_by) = (filter.as_ref().clone(), subject.clone());
        Ok(Export { id, filter, asked_by, asked_at: record.at, approval: approval.transpose()? })
    }

    /// What an export's one approval is known by.
    fn approval_of(&self, id: RecordId) -> Reserve {
        let (tokens, name) = (self.vault.tokens(), "export-approval");
        Reserve { request: tokens.window(name, &[&id.to_bytes()]), digest: tokens.digest(name, &[&id.to_bytes()]) }
    }
}

impl HandOver {
    /// More of it, maybe none for now; nothing at its end.
    pub async fn more(&mut self) -> Result<Option<Vec<RecordView>>, ServiceError> {
        let now = self.engine.now()?.instant();
        let Some(end) = self.ends.get(usize::from(self.journal)).copied() else { return Ok(None) };
        let entries = self.engine.vault.store().journal(self.journal, self.place, JOURNAL_PAGE).await?;
        let mut views = Vec::new();
        let is_last = entries.last().is_none_or(|entry| entry.place >= end);
        for entry in entries.into_iter().filter(|entry| entry.place <= end) {
            self.place = entry.place;
            let (requester, filter) = (&self.requester, &self.export.filter);
            views.extend(self.engine.view((self.journal, entry), requester, filter, now).await?);
        }
        if is_last {
            self.journal = self.journal.saturating_add(1);
            let is_there = usize::from(self.journal) < self.ends.len();
            self.place =
                if is_there { self.engine.first_place(self.journal, self.export.filter.from).await? } else { 0 };
        }
        for view in &views {
            let (id, hash) = match &view.told {
                Told::Whole(kept) => (kept.record().id, kept.hash()),
                Told::Unreadable(id) => (*id, [0; 32]),
            };
            self.digest.update(&id.to_bytes());
            self.digest.update(&hash);
            self.records = self.records.saturating_add(1);
        }
        Ok(Some(views))
    }

    /// Puts on record that all of it was handed over.
    pub async fn finish(self) -> Result<HandedOver, ServiceError> {
        let Self { engine, requester, export, records, digest, .. } = self;
        let handed = HandedOver { records, digest: digest.finish() };
        let event = Event::ExportDone { export: export.id, records, digest: handed.digest };
        engine.note(&requester.brand, Some(caller_of(&requester)), event).await?;
        Ok(handed)
    }
}

const fn no_export() -> ServiceError {
    ServiceError::NotFound("export")
}

/// Its day is over before there is another begin: there is no time to come back at.
fn for_good(error: ServiceError) -> ServiceError {
    match error {
        ServiceError::Exhausted { what, .. } => ServiceError::Exhausted { what, retry_at: None },
        error => error,
    }
}
