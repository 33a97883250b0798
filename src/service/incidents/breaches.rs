//! Breaches: from which instant on the secrets of those whom a breach touched are good again.
//!
//! A cut-off costs the same for one account and for all of them: nothing is written to any account, and each decision asks the
//! book. A list's accounts are kept by their keyed names on pages, which say nothing until the incident that names them is
//! opened.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::book::mark_of;
use super::keeping::{Changed, DocumentPlace, Wanted};
use crate::audit::{Event, IncidentStep};
use crate::crypto::{RunningDigest, Token};
use crate::domain::{
    AccountId, AccountMark, Brand, Cohort, Document, Incident, LISTED_PAGE_MAX, ListedPage, RecordId, Reference,
    RequestId, Requester, Undoing,
};
use crate::service::engine::Engine;
use crate::service::error::ServiceError;
use crate::service::question::{Body, caller_of};
use crate::service::refusal::Refusal;
use crate::service::rights::{Authorised, right};
use crate::service::unbroken::Unbroken;
use crate::store::Reserve;

/// The most accounts that the incidents of a brand may list together: 64 MiB in memory.
pub const LISTED_MAX: usize = 4_194_304;

/// What an incident is called where there is none.
const INCIDENT: &str = "incident";

/// The most incidents that a brand may have at a time: each is asked of every decision.
const INCIDENTS_MAX: usize = 200;

/// The most incidents on a page.
pub const INCIDENTS_PAGE_MAX: usize = 200;

/// Pages of a list that are written at once.
const PAGES_AT_ONCE: usize = 8;

/// Whose secrets a breach touched, as somebody tells of it.
#[derive(Debug, Clone)]
pub enum Whom {
    /// Those of every brand's accounts.
    Everyone,
    /// Those of the caller's brand.
    Brand,
    /// Those of a list.
    Listed(Listing),
}

/// Accounts named one by one, as they come: by their keyed names, so that memory holds nothing else.
#[derive(Debug, Clone, Default)]
pub struct Listing(Vec<AccountMark>);

/// A page of incidents.
#[derive(Debug, Clone)]
pub struct IncidentPage<P> {
    /// They.
    pub incidents: Vec<Incident>,
    /// Where to go on, where there may be more.
    pub next: Option<P>,
}

/// A breach to be told of.
#[derive(Debug, Clone)]
pub struct Breach {
    /// The caller's name for the request.
    pub request_id: RequestId,
    /// Everything the request said but the list.
    pub body: Body,
    /// Whose secrets.
    pub whom: Whom,
    /// Secrets set at this instant or before are stale.
    pub cut_off: DateTime<Utc>,
    /// What happened.
    pub reason: Reference,
}

impl Engine {
    /// Adds an account of a brand to a list. Whether there is such an account is not looked at.
    pub fn list_account(&self, listing: &mut Listing, brand: &Brand, account: &AccountId) -> Result<(), ServiceError> {
        if listing.0.len() >= LISTED_MAX {
            return Err(ServiceError::Invalid { field: "account_ids", expected: "must be at most 4,194,304 in all" });
        }
        listing.0.push(mark_of(self.vault.tokens().account(brand, account)));
        Ok(())
    }

    /// Tells of a breach: from the next decision on, older secrets of those it touched are stale.
    pub async fn open_incident(
        self: &Arc<Self>,
        who: Authorised<right::OpenIncident>,
        breach: Breach,
    ) -> Result<Incident, ServiceError> {
        let engine = Arc::clone(self);
        Unbroken::new(async move { engine.open_breach(&who, breach).await }).await
    }

    async fn open_breach(
        &self,
        who: &Authorised<right::OpenIncident>,
        breach: Breach,
    ) -> Result<Incident, ServiceError> {
        let requester = who.requester();
        let now = self.now()?.instant();
        let Breach { request_id, body, whom, cut_off, reason } = breach;
        if cut_off > now {
            return Err(ServiceError::Invalid { field: "cut_off_time", expected: "must not be in the future" });
        }
        let touched = self.touched(requester, whom)?;
        let _opening = self.shelf.opening.lock().await;
        let book = self.book(&requester.brand).await?;
        let Reserve { request, .. } = self.reserve(requester, request_id, &body);
        let digest = self.vault.tokens().digest("open-incident", &[&body.0, &digest_of(touched.listed())]);
        let reserve = Reserve { request, digest };
        if let Some(before) = self.noted(&requester.brand, reserve, now).await? {
            return self.incident_as_it_stands(&requester.brand, before.record().id).await;
        }
        let listed = book.listed_count().saturating_add(touched.listed().len());
        if listed > LISTED_MAX || book.incident_count() >= INCIDENTS_MAX {
            let what = "no more incidents, or accounts that they list, can be kept: end one";
            return Err(ServiceError::Exhausted { what, retry_at: None });
        }
        let id = self.mint_in_ledger(&requester.brand, now)?;
        let cohort = match &touched {
            Touched::Everyone => Cohort::Everyone,
            Touched::Brand => Cohort::Brand,
            Touched::Listed(marks) => self.keep_list(&requester.brand, id, marks, now).await?,
        };
        let opened_by = requester.subject.clone();
        let incident = Incident { id, cohort, cut_off, reason, opened_by, opened_at: now, ending: Undoing::Stands };
        let (brand, caller) = (&requester.brand, Some(caller_of(requester)));
        let wanted = Wanted { brand, caller, reserve: Some(reserve), document: self.incident_token(id), now };
        let kept = self.keep_document(&wanted, |_| {
            let step = IncidentStep::Opened { cohort, cut_off };
            let event = Event::IncidentChanged { incident: id, step, reason: incident.reason.clone() };
            Ok(Some(Changed { document: Document::Incident(Box::new(incident.clone())), event, id: Some(id) }))
        });
        // INVARIANT (fail-closed): a list that is not there lists everybody, so it comes before what names it.
        if let Some(listed) = touched.into_listed() {
            book.put_list(id, listed);
        }
        let kept = kept.await;
        if !matches!(kept, Ok(Some(_))) {
            book.drop_list(id);
        }
        match kept? {
            Some(_) => Ok(incident),
            // The same request at the same time: the other one opened it.
            None => Err(ServiceError::Unavailable("the incident is being opened: ask again".to_owned())),
        }
    }

    async fn incident_as_it_stands(&self, brand: &Brand, id: RecordId) -> Result<Incident, ServiceError> {
        incident_in(self.document(brand, self.incident_token(id)).await?.ok_or(ServiceError::NotFound(INCIDENT))?)
    }

    /// Whose secrets, once it is known that the caller may say so.
    fn touched(&self, requester: &Requester, whom: Whom) -> Result<Touched, ServiceError> {
        match whom {
            Whom::Everyone if requester.brand != self.carrier.brand => Err(ServiceError::Refused(Refusal::HouseOnly)),
            Whom::Everyone => Ok(Touched::Everyone),
            Whom::Brand => Ok(Touched::Brand),
            Whom::Listed(Listing(marks)) if marks.is_empty() => {
                Err(ServiceError::Invalid { field: "accounts", expected: "must follow: a list names an account" })
            }
            Whom::Listed(Listing(mut marks)) => {
                marks.sort_unstable();
                marks.dedup();
                Ok(Touched::Listed(marks))
            }
        }
    }

    /// Adds one person's word that an incident is to be ended. With a second person's it is, and older secrets are as good as
    /// before.
    pub async fn end_incident(
        self: &Arc<Self>,
        who: Authorised<right::OpenIncident>,
        (request_id, body): (RequestId, Body),
        id: RecordId,
        reason: Reference,
    ) -> Result<Incident, ServiceError> {
        let engine = Arc::clone(self);
        Unbroken::new(async move {
            let document = (engine.incident_token(id), INCIDENT);
            incident_in(engine.add_word(who.requester(), (request_id, &body), document, reason).await?)
        })
        .await
    }

    /// The incidents of the caller's brand that stand, those after one in the order of their opening, at most `limit`.
    pub async fn list_incidents(
        &self,
        who: &Authorised<right::ReadIncidents>,
        after: Option<RecordId>,
        limit: usize,
    ) -> Result<IncidentPage<RecordId>, ServiceError> {
        let (incidents, more) = self.book(&who.requester().brand).await?.incidents(after, limit);
        let next = if more { incidents.last().map(|incident| incident.id) } else { None };
        Ok(IncidentPage { incidents, next })
    }

    /// All incidents that there ever were, those after a place, at most `limit`. Ended ones are in the store alone.
    pub async fn list_all_incidents(
        &self,
        who: &Authorised<right::ReadIncidents>,
        after: Option<DocumentPlace>,
        limit: usize,
    ) -> Result<IncidentPage<DocumentPlace>, ServiceError> {
        let pick = |document| if let Document::Incident(incident) = document { Some(*incident) } else { None };
        let (incidents, next) = self.kept_documents(&who.requester().brand, after, limit, pick).await?;
        Ok(IncidentPage { incidents, next })
    }

    /// Keeps a list's accounts, page by page. Nothing names them yet.
    async fn keep_list(
        &self,
        brand: &Brand,
        incident: RecordId,
        marks: &[AccountMark],
        now: DateTime<Utc>,
    ) -> Result<Cohort, ServiceError> {
        let pages: Vec<&[AccountMark]> = marks.chunks(LISTED_PAGE_MAX).collect();
        let mut number: u32 = 0;
        for some in pages.chunks(PAGES_AT_ONCE) {
            let mut documents = Vec::with_capacity(some.len());
            for accounts in some {
                let (page, name) = (number, number.to_be_bytes());
                let token = self.vault.tokens().document("listed", &[&incident.to_bytes(), &name]);
                documents.push((token, Document::Listed(ListedPage { incident, page, accounts: accounts.to_vec() })));
                number = number.saturating_add(1);
            }
            self.put_documents(brand, documents, now).await?;
        }
        Ok(Cohort::Listed { accounts: u32::try_from(marks.len()).unwrap_or(u32::MAX), pages: number })
    }

    fn mint_in_ledger(&self, brand: &Brand, now: DateTime<Utc>) -> Result<RecordId, ServiceError> {
        let partition = self.vault.tokens().ledger(brand).partition();
        Ok(RecordId::from_u128(self.vault.ids().mint(now, partition)?))
    }

    pub(super) fn incident_token(&self, id: RecordId) -> Token {
        self.vault.tokens().document("incident", &[&id.to_bytes()])
    }
}

fn incident_in(document: Document) -> Result<Incident, ServiceError> {
    if let Document::Incident(incident) = document { Ok(*incident) } else { Err(ServiceError::NotFound(INCIDENT)) }
}

/// Whose secrets, ready to be kept.
enum Touched {
    Everyone,
    Brand,
    /// In order, each once.
    Listed(Vec<AccountMark>),
}

impl Touched {
    fn listed(&self) -> &[AccountMark] {
        if let Self::Listed(marks) = self { marks } else { &[] }
    }

    fn into_listed(self) -> Option<Arc<[AccountMark]>> {
        if let Self::Listed(marks) = self { Some(marks.into()) } else { None }
    }
}

fn digest_of(marks: &[AccountMark]) -> [u8; 32] {
    let mut digest = RunningDigest::default();
    for AccountMark(mark) in marks {
        digest.update(&mark.to_be_bytes());
    }
    digest.finish()
}
