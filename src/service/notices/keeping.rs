//! How far a brand's records were told: kept in its ledger, shown to operators, and told again where they say so.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::audit::Event;
use crate::crypto::Token;
use crate::domain::{Brand, Document, NoticeBook, NoticeRound, RecordId, Reference, RequestId, Requester};
use crate::service::engine::Engine;
use crate::service::error::ServiceError;
use crate::service::ledger::{LedgerAsk, Turned, Worked};
use crate::service::question::{Body, caller_of};
use crate::service::records::OUT_OF_ORDER;
use crate::service::rights::{Authorised, right};
use crate::service::separations::may_see;
use crate::service::unbroken::Unbroken;
use crate::store::{Entry, Found, Urgency};

/// Notices that are told again by one request, at most.
pub const NOTICES_REPLAYED_MAX: usize = 256;

/// What the record of a replay says, with how many.
const REPLAYED: &str = "notices told again: ";

/// How notices stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeStanding {
    /// Whether this engine tells any.
    pub is_on: bool,
    /// How far they came; none where none were ever told.
    pub book: Option<Box<NoticeBook>>,
}

impl Engine {
    /// How notices of the caller's brand stand.
    pub async fn list_notices(&self, who: &Authorised<right::ListNotices>) -> Result<NoticeStanding, ServiceError> {
        // This service tells those of its own brand.
        let (requester, now) = (who.requester(), self.now()?.instant());
        let is_on = self.notices.carrier().is_some() && requester.brand == self.carrier.brand;
        let mut book = self.notice_book(&requester.brand).await?.map(Box::new);
        if let Some(book) = &mut book {
            let names = book.waiting.iter().map(|waiting| waiting.name).chain(book.dead.iter().map(|dead| dead.name));
            let mut shown = BTreeSet::new();
            for record in names.map(|name| name.record).collect::<BTreeSet<_>>() {
                if self.is_shown(requester, record, now).await? {
                    shown.insert(record);
                }
            }
            book.waiting.retain(|waiting| shown.contains(&waiting.name.record));
            book.dead.retain(|dead| shown.contains(&dead.name.record));
        }
        Ok(NoticeStanding { is_on, book })
    }

    /// Whether whoever looks may know of a record that customers are told of. One that is in the store no more tells nothing.
    async fn is_shown(
        &self,
        requester: &Requester,
        record: RecordId,
        now: DateTime<Utc>,
    ) -> Result<bool, ServiceError> {
        let Ok(Found::Kept(kept)) = self.vault.find(record).await else { return Ok(true) };
        let owner = self.owner(kept.account(), now).await?;
        Ok(owner.is_none_or(|owner| may_see(requester, &owner.brand, &owner.account)))
    }

    /// How many notices wait for another try, and how many are not tried any more; nothing where none were ever told.
    pub async fn notices_undelivered(&self) -> Result<(usize, usize), ServiceError> {
        let book = self.notice_book(&self.carrier.brand).await?;
        Ok(book.map_or((0, 0), |book| (book.waiting.len(), book.dead.len())))
    }

    /// Has records told again, whatever became of their notices. How many there was room for, of those that are named first.
    pub async fn replay_notices(
        self: &Arc<Self>,
        who: Authorised<right::ReplayNotices>,
        (request_id, body): (RequestId, Body),
        records: Vec<RecordId>,
    ) -> Result<usize, ServiceError> {
        if records.is_empty() || records.len() > NOTICES_REPLAYED_MAX {
            return Err(ServiceError::Invalid { field: "record_ids", expected: "must be 1 to 256 records" });
        }
        let engine = Arc::clone(self);
        Unbroken::new(async move {
            let (brand, now) = (&who.requester().brand, engine.now()?.instant());
            for record in &records {
                // INVARIANT (unknown-looks-known): another brand's record is not there.
                engine.check_is_told(brand, *record, now).await?;
            }
            let reserve = engine.reserve(who.requester(), request_id, &body);
            let (token, urgency) = (engine.notices_token(), Urgency::Ordinary);
            let ask = LedgerAsk { brand, once: Some(reserve), documents: vec![token], urgency, now };
            let caller = caller_of(who.requester());
            let replayed = engine.in_ledger(ask, |open| {
                let Some(Document::Notices(book)) = open.document(token) else { return Ok(None) };
                let mut book = book.clone();
                let taken = book.replay(&records, now);
                open.put_document(token, Document::Notices(book))?;
                // Who has customers told again is on record.
                let event = Event::Alerted { reason: replayed_reason(taken)? };
                let caller = Some(caller.clone());
                let record = open.append(Entry { at: now, line: None, caller, channel: None, event })?;
                Ok(Some(Worked { record: Some(record), result: taken }))
            });
            match replayed.await? {
                Turned::Done(taken, _) => Ok(taken),
                Turned::Before(record) => engine.replayed_before(record).await,
                Turned::Nothing => Ok(0),
            }
        })
        .await
    }

    /// How many the same request had told again.
    async fn replayed_before(&self, record: RecordId) -> Result<usize, ServiceError> {
        let taken = match self.vault.record(record).await? {
            Some(kept) => match &kept.record().event {
                Event::Alerted { reason } => {
                    reason.as_str().strip_prefix(REPLAYED).and_then(|count| count.parse().ok())
                }
                _ => return Err(ServiceError::RequestIdReused),
            },
            // Nothing was told yet then.
            None => None,
        };
        Ok(taken.unwrap_or(0))
    }

    async fn check_is_told(&self, brand: &Brand, record: RecordId, now: DateTime<Utc>) -> Result<(), ServiceError> {
        let no_record = || ServiceError::NotFound("record");
        let kept = self.vault.record(record).await?.ok_or_else(no_record)?;
        let owner = self.owner(kept.account(), now).await?.filter(|owner| owner.brand == *brand);
        owner.ok_or_else(no_record)?;
        super::matter::Matter::of(kept.record()).map(drop).ok_or_else(no_record)
    }

    /// The name of the document.
    fn notices_token(&self) -> Token {
        self.vault.tokens().document("notices", &[])
    }

    /// How far the records were told; none where none were ever.
    pub(super) async fn notice_book(&self, brand: &Brand) -> Result<Option<NoticeBook>, ServiceError> {
        match self.document(brand, self.notices_token()).await? {
            Some(Document::Notices(book)) => Ok(Some(*book)),
            _ => Ok(None),
        }
    }

    /// The same, which begins with now, or where the store is another life's with what may not have been told in the one before.
    pub(super) async fn begun_notice_book(&self, brand: &Brand) -> Result<NoticeBook, ServiceError> {
        let store = self.vault.store();
        let (epoch, journals) = (store.epoch(), store.journals());
        let before = self.notice_book(brand).await?;
        if let Some(book) =
            before.as_ref().filter(|book| book.epoch == epoch && book.places.len() == usize::from(journals))
        {
            return Ok(book.clone());
        }
        let mut places = Vec::with_capacity(journals.into());
        for journal in 0..journals {
            places.push(match &before {
                None => self.last_place_where(journal, |_| true).await?,
                Some(book) => self.first_place(journal, Some(book.read_until)).await?,
            });
        }
        // Reading may have taken a while.
        let now = self.now()?.instant();
        let begun = NoticeBook::begin(epoch, places, now);
        self.put_notice_book(brand, |current| match (current, &before) {
            // Another engine was faster.
            (Some(current), _) if Some(current) != before.as_ref() => current.clone(),
            (Some(NoticeBook { read_until, waiting, dead, .. }), _) => {
                let (read_until, waiting, dead) = (*read_until, waiting.clone(), dead.clone());
                NoticeBook { read_until, waiting, dead, ..begun.clone() }
            }
            (None, _) => begun.clone(),
        })
        .await
    }

    /// Takes over what was done.
    pub(super) async fn keep_notices(&self, brand: &Brand, round: &NoticeRound) -> Result<NoticeBook, ServiceError> {
        let (store, now) = (self.vault.store(), self.now()?.instant());
        self.put_notice_book(brand, |before| {
            let begun = || NoticeBook::begin(store.epoch(), vec![0; store.journals().into()], now);
            let mut book = before.cloned().unwrap_or_else(begun);
            book.take(round, now);
            book
        })
        .await
    }

    /// Changes the book. The clock is read for it anew: a round may have taken longer than a commit may be late.
    async fn put_notice_book(
        &self,
        brand: &Brand,
        book: impl Fn(Option<&NoticeBook>) -> NoticeBook + Send + Sync,
    ) -> Result<NoticeBook, ServiceError> {
        let (token, now) = (self.notices_token(), self.now()?.instant());
        // Below the disk reserve locks are still turned on, and are told of.
        let ask = LedgerAsk { brand, once: None, documents: vec![token], urgency: Urgency::Protective, now };
        let kept = self.in_ledger(ask, |open| {
            let before = match open.document(token) {
                Some(Document::Notices(book)) => Some(&**book),
                _ => None,
            };
            let book = book(before);
            open.put_document(token, Document::Notices(Box::new(book.clone())))?;
            Ok(Some(Worked { record: None, result: book }))
        });
        match kept.await? {
            Turned::Done(book, _) => Ok(book),
            Turned::Before(_) | Turned::Nothing => {
                Err(ServiceError::Unavailable("it was not kept how far was told".to_owned()))
            }
        }
    }

    /// Before which instant everything was read, where all journals were read to their ends at `now`.
    pub(super) fn surely_read(now: DateTime<Utc>) -> DateTime<Utc> {
        now - OUT_OF_ORDER
    }
}

fn replayed_reason(taken: usize) -> Result<Reference, ServiceError> {
    let unfit = |_| ServiceError::Unavailable("a replay has no name".to_owned());
    Reference::parse(&format!("{REPLAYED}{taken}")).map_err(unfit)
}
