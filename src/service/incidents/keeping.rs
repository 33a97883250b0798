//! One change of one document in a brand's ledger: read, changed, recorded, and in force once it is committed.

use chrono::{DateTime, Utc};

use crate::audit::{Caller, Event, HoldStep, IncidentStep};
use crate::crypto::Token;
use crate::domain::{Brand, Consent, Document, RecordId, Reference, RequestId, Requester, Undone};
use crate::service::engine::Engine;
use crate::service::error::ServiceError;
use crate::service::ledger::{LedgerAsk, Turned, Worked};
use crate::service::question::{Body, caller_of};
use crate::store::{Entry, Reserve, Urgency};

/// How often documents are read for one page of a list, at most.
const READS_A_PAGE_MAX: usize = 8;

/// A place among all documents of a ledger, for who goes on from it. It tells nothing, and grants nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DocumentPlace(pub [u8; 16]);

/// A change that somebody wants, and under which name.
pub(in crate::service) struct Wanted<'a> {
    /// Whose ledger.
    pub(in crate::service) brand: &'a Brand,
    /// Who wants it; nobody where a rule does.
    pub(in crate::service) caller: Option<Caller>,
    /// The request's key, where a request wants it.
    pub(in crate::service) reserve: Option<Reserve>,
    /// The document that may change.
    pub(in crate::service) document: Token,
    /// When.
    pub(in crate::service) now: DateTime<Utc>,
}

/// What a document becomes, and the record of it.
pub(in crate::service) struct Changed {
    pub(in crate::service) document: Document,
    pub(in crate::service) event: Event,
    /// The record's id, where it was minted before.
    pub(in crate::service) id: Option<RecordId>,
}

impl Engine {
    /// What a request wants of a document.
    pub(in crate::service) fn wanted<'a>(
        &self,
        requester: &'a Requester,
        (request_id, body): (RequestId, &Body),
        document: Token,
        now: DateTime<Utc>,
    ) -> Wanted<'a> {
        let (brand, caller) = (&requester.brand, Some(caller_of(requester)));
        Wanted { brand, caller, reserve: Some(self.reserve(requester, request_id, body)), document, now }
    }

    /// Changes a document and records that it did. `change` says what it becomes; none where it stays as it is. The changed
    /// document comes back, in force; none where nothing was to be changed, or the request had been answered before.
    ///
    /// INVARIANT (answer-is-record): the document and the record are one commit.
    pub(in crate::service) async fn keep_document(
        &self,
        wanted: &Wanted<'_>,
        change: impl Fn(Option<&Document>) -> Result<Option<Changed>, ServiceError> + Send + Sync,
    ) -> Result<Option<Document>, ServiceError> {
        let Wanted { brand, reserve, document, now, .. } = *wanted;
        let ask = LedgerAsk { brand, once: reserve, documents: vec![document], urgency: Urgency::Protective, now };
        let kept = self.in_ledger(ask, |open| {
            let Some(Changed { document: new, event, id }) = change(open.document(document))? else { return Ok(None) };
            open.put_document(document, new.clone())?;
            let entry = Entry { at: now, line: None, caller: wanted.caller.clone(), channel: None, event };
            let id = match id {
                Some(id) => id,
                None => RecordId::from_u128(self.vault.ids().mint(now, open.token().partition())?),
            };
            open.append_as(id, entry)?;
            Ok(Some(Worked { record: Some(id), result: new }))
        });
        let Turned::Done(document, _turn) = kept.await? else { return Ok(None) };
        if matches!(document, Document::Hold(_) | Document::Incident(_)) {
            // In the turn of the commit, so that of two changes the later one stays.
            self.book_as_read(brand).await?.put(document.clone());
        }
        Ok(Some(document))
    }

    /// Adds one person's word that what a document says is to be undone; with a second person's it is. The document comes
    /// back as it stands.
    pub(super) async fn add_word(
        &self,
        requester: &Requester,
        request: (RequestId, &Body),
        (document, name): (Token, &'static str),
        reason: Reference,
    ) -> Result<Document, ServiceError> {
        self.check_word(requester).await?;
        let now = self.now()?.instant();
        // It is read before anything is committed, so that it takes the change over.
        self.book(&requester.brand).await?;
        let wanted = self.wanted(requester, request, document, now);
        let word = Consent { by: requester.subject.clone(), at: now, reason };
        let kept = self.keep_document(&wanted, |before| {
            let mut document = before.cloned().ok_or(ServiceError::NotFound(name))?;
            let undoing = document.undoing_mut().ok_or(ServiceError::NotFound(name))?;
            let undone = undoing.add(word.clone());
            let event = undone_event(&document, undone, &word.reason);
            Ok(event.map(|event| Changed { document, event, id: None }))
        });
        match kept.await? {
            Some(document) => Ok(document),
            None => self.document(&requester.brand, document).await?.ok_or(ServiceError::NotFound(name)),
        }
    }

    /// A document as it stands: what is not proven yet is not read, since nothing is committed on it.
    pub(in crate::service) async fn document(
        &self,
        brand: &Brand,
        document: Token,
    ) -> Result<Option<Document>, ServiceError> {
        Ok(self.vault.document(self.vault.tokens().ledger(brand), document).await?)
    }

    /// Puts documents into the ledger that say nothing until another names them: no record tells of them.
    pub(super) async fn put_documents(
        &self,
        brand: &Brand,
        documents: Vec<(Token, Document)>,
        now: DateTime<Utc>,
    ) -> Result<(), ServiceError> {
        let tokens = documents.iter().map(|(token, _)| *token).collect();
        let ask = LedgerAsk { brand, once: None, documents: tokens, urgency: Urgency::Protective, now };
        let put = self.in_ledger(ask, |open| {
            for (token, document) in &documents {
                open.put_document(*token, document.clone())?;
            }
            Ok(Some(Worked { record: None, result: () }))
        });
        put.await.map(drop)
    }

    /// Documents of a ledger that are meant, of all that were ever kept, after a place and at most `limit`. Their order means
    /// nothing; a page may be short.
    pub(super) async fn kept_documents<T>(
        &self,
        brand: &Brand,
        after: Option<DocumentPlace>,
        limit: usize,
        pick: impl Fn(Document) -> Option<T> + Send,
    ) -> Result<(Vec<T>, Option<DocumentPlace>), ServiceError> {
        let ledger = self.vault.tokens().ledger(brand);
        let (mut after, mut found) = (after.map(|DocumentPlace(token)| Token::from_bytes(token)), Vec::new());
        for _ in 0..READS_A_PAGE_MAX {
            let documents = self.vault.documents(ledger, after).await?;
            if documents.is_empty() {
                return Ok((found, None));
            }
            for (token, document) in documents {
                after = Some(token);
                found.extend(pick(document));
                if found.len() >= limit {
                    break;
                }
            }
            if found.len() >= limit {
                break;
            }
        }
        Ok((found, after.map(|token| DocumentPlace(*token.as_bytes()))))
    }
}

/// The event of a word, where it changed something.
fn undone_event(document: &Document, undone: Undone, reason: &Reference) -> Option<Event> {
    let reason = reason.clone();
    match (document, undone) {
        (_, Undone::AsBefore)
        | (
            Document::Policies(_)
            | Document::Listed(_)
            | Document::Challenge(_)
            | Document::Prompts(_)
            | Document::Notices(_),
            _,
        ) => None,
        (Document::Hold(hold), undone) => {
            let step = if undone == Undone::Done { HoldStep::Lifted } else { HoldStep::LiftAsked };
            Some(Event::HoldChanged { target: hold.target.clone(), step, reason })
        }
        (Document::Incident(incident), undone) => {
            let step = if undone == Undone::Done { IncidentStep::Ended } else { IncidentStep::EndAsked };
            Some(Event::IncidentChanged { incident: incident.id, step, reason })
        }
    }
}
