//! One change of one document in a brand's ledger: read, changed, recorded, and in force once it is committed.

use chrono::{DateTime, Utc};

use crate::audit::{Caller, Event};
use crate::crypto::Token;
use crate::domain::{Brand, Document, RecordId, RequestId, Requester};
use crate::service::ask::CONFLICT_RETRIES_MAX;
use crate::service::engine::Engine;
use crate::service::error::ServiceError;
use crate::service::ledger::begin_ledger;
use crate::service::question::{Body, caller_of};
use crate::store::{Ask, Claim, Closing, CommitError, Entry, OpenAccount, Opening, Reserve, Urgency};

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

/// What came of a change.
pub(in crate::service) enum Kept {
    /// It is committed: the document in that version.
    Changed(u64, Box<Document>),
    /// Nothing was to be changed, or the request had been answered before.
    AsBefore,
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

    /// Changes a document and records that it did. `change` says what it becomes; none where it stays as it is.
    ///
    /// INVARIANT (answer-is-record): the document and the record are one commit.
    pub(in crate::service) async fn keep_document(
        &self,
        wanted: &Wanted<'_>,
        change: impl Fn(Option<&Document>) -> Result<Option<Changed>, ServiceError> + Send + Sync,
    ) -> Result<Kept, ServiceError> {
        let Wanted { brand, reserve, document, now, .. } = wanted;
        for _ in 0..=CONFLICT_RETRIES_MAX {
            let _turn = self.queues.enter_to_protect(self.vault.tokens().ledger(brand)).await?;
            let mut open = match self.open_documents(brand, *reserve, vec![*document], *now).await? {
                Opening::Open(open) => open,
                Opening::Answered(_) => return Ok(Kept::AsBefore),
                Opening::Taken => return Err(ServiceError::RequestIdReused),
            };
            let kept = match change(open.document(*document))? {
                Some(changed) => Some(self.put(&mut open, wanted, changed)?),
                None => None,
            };
            // A request that changes nothing is answered all the same: what it says later counts for nothing.
            let record = match (&kept, reserve) {
                (Some((record, _)), _) => *record,
                (None, Some(_)) => RecordId::from_u128(self.vault.ids().mint(*now, open.token().partition())?),
                (None, None) => return Ok(Kept::AsBefore),
            };
            match self.vault.close(open, closing(reserve.map(|reserve| Claim { reserve, record }))).await {
                Ok(_) => return Ok(kept.map_or(Kept::AsBefore, |(_, kept)| kept)),
                Err(CommitError::Answered(_)) => return Ok(Kept::AsBefore),
                Err(CommitError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(ServiceError::Unavailable("the ledger keeps changing".to_owned()))
    }

    /// Puts a changed document and its record into an opened ledger.
    fn put(
        &self,
        open: &mut OpenAccount,
        wanted: &Wanted<'_>,
        changed: Changed,
    ) -> Result<(RecordId, Kept), ServiceError> {
        let Changed { document, event, id } = changed;
        begin_ledger(open, wanted.brand)?;
        let version = open.put_document(wanted.document, document.clone())?;
        let entry = Entry { at: wanted.now, line: None, caller: wanted.caller.clone(), channel: None, event };
        let id = match id {
            Some(id) => id,
            None => RecordId::from_u128(self.vault.ids().mint(wanted.now, open.token().partition())?),
        };
        open.append_as(id, entry)?;
        Ok((id, Kept::Changed(version, Box::new(document))))
    }

    /// A document as it stands.
    pub(in crate::service) async fn document(&self, wanted: &Wanted<'_>) -> Result<Option<Document>, ServiceError> {
        let Wanted { brand, document, now, .. } = wanted;
        match self.open_documents(brand, None, vec![*document], *now).await? {
            Opening::Open(open) => Ok(open.document(*document).cloned()),
            Opening::Answered(_) | Opening::Taken => Err(ServiceError::RequestIdReused),
        }
    }

    /// Puts documents into the ledger that say nothing until another names them: no record tells of them.
    pub(super) async fn put_documents(
        &self,
        brand: &Brand,
        documents: Vec<(Token, Document)>,
        now: DateTime<Utc>,
    ) -> Result<(), ServiceError> {
        for _ in 0..=CONFLICT_RETRIES_MAX {
            let _turn = self.queues.enter_to_protect(self.vault.tokens().ledger(brand)).await?;
            let tokens = documents.iter().map(|(token, _)| *token).collect();
            let Opening::Open(mut open) = self.open_documents(brand, None, tokens, now).await? else {
                return Err(ServiceError::RequestIdReused);
            };
            begin_ledger(&mut open, brand)?;
            for (token, document) in &documents {
                open.put_document(*token, document.clone())?;
            }
            match self.vault.close(open, closing(None)).await {
                Ok(_) => return Ok(()),
                Err(CommitError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(ServiceError::Unavailable("the ledger keeps changing".to_owned()))
    }

    async fn open_documents(
        &self,
        brand: &Brand,
        reserve: Option<Reserve>,
        documents: Vec<Token>,
        now: DateTime<Utc>,
    ) -> Result<Opening, ServiceError> {
        let account = self.vault.tokens().ledger(brand);
        let (lines, charges, windows) = (Vec::new(), Vec::new(), Vec::new());
        let ask = Ask { account, lines, permit: None, reserve, charges, windows, now, at_least: None };
        Ok(self.vault.open_with(ask, documents).await?)
    }
}

/// Turning protection up passes below the disk reserve. What lowers it, two people's lifting, is as rare.
const fn closing(claim: Option<Claim>) -> Closing {
    Closing { urgency: Urgency::Protective, claim, settle: Vec::new(), due: Vec::new(), done: Vec::new() }
}
