//! One change of one document in a brand's ledger: read, changed, recorded, and in force once it is committed.

use chrono::{DateTime, Utc};

use crate::audit::{Caller, Event};
use crate::crypto::Token;
use crate::domain::{Account, Brand, Document, LEDGER_NAME, RecordId};
use crate::service::ask::CONFLICT_RETRIES_MAX;
use crate::service::engine::Engine;
use crate::service::error::ServiceError;
use crate::store::{Ask, Claim, Closing, CommitError, Entry, OpenAccount, Opening, Reserve, Urgency};

/// A change that somebody wants, and under which name.
pub(in crate::service) struct Wanted<'a> {
    /// Whose ledger.
    pub(in crate::service) brand: &'a Brand,
    /// Who wants it; nobody where a rule does.
    pub(in crate::service) caller: Option<Caller>,
    /// The request's key, where a request wants it.
    pub(in crate::service) reserve: Option<Reserve>,
    /// The documents to be looked at: the first is the one that may change.
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
    /// Changes a document and records that it did. `change` says what it becomes; none where it stays as it is.
    ///
    /// INVARIANT (answer-is-record): the document and the record are one commit.
    pub(in crate::service) async fn keep_document(
        &self,
        wanted: &Wanted<'_>,
        change: impl Fn(Option<&Document>) -> Result<Option<Changed>, ServiceError> + Send + Sync,
    ) -> Result<Kept, ServiceError> {
        let Wanted { brand, caller, reserve, document, now } = wanted;
        for _ in 0..=CONFLICT_RETRIES_MAX {
            let _turn = self.queues.enter_to_protect(self.vault.tokens().ledger(brand)).await?;
            let mut open = match self.open_documents(brand, *reserve, vec![*document], *now).await? {
                Opening::Open(open) => open,
                Opening::Answered(_) => return Ok(Kept::AsBefore),
                Opening::Taken => return Err(ServiceError::RequestIdReused),
            };
            let Some(Changed { document: new, event, id }) = change(open.document(*document))? else {
                return self.claim_for_nothing(open, wanted).await;
            };
            begin_ledger(&mut open, brand)?;
            let version = open.put_document(*document, new.clone())?;
            let entry = Entry { at: *now, line: None, caller: caller.clone(), channel: None, event };
            let record = match id {
                Some(id) => open.append_as(id, entry).map(|()| id)?,
                None => open.append(entry)?,
            };
            match self.vault.close(open, closing(reserve.map(|reserve| Claim { reserve, record }))).await {
                Ok(_) => return Ok(Kept::Changed(version, Box::new(new))),
                Err(CommitError::Answered(_)) => return Ok(Kept::AsBefore),
                Err(CommitError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(ServiceError::Unavailable("the ledger keeps changing".to_owned()))
    }

    /// A request that changes nothing is answered all the same: what it says later counts for nothing.
    async fn claim_for_nothing(&self, open: Box<OpenAccount>, wanted: &Wanted<'_>) -> Result<Kept, ServiceError> {
        let Some(reserve) = wanted.reserve else { return Ok(Kept::AsBefore) };
        let record = RecordId::from_u128(self.vault.ids().mint(wanted.now, open.token().partition())?);
        match self.vault.close(open, closing(Some(Claim { reserve, record }))).await {
            Ok(_) | Err(CommitError::Answered(_)) => Ok(Kept::AsBefore),
            Err(error) => Err(error.into()),
        }
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

/// A ledger begins with the first that is said in it.
fn begin_ledger(open: &mut OpenAccount, brand: &Brand) -> Result<(), ServiceError> {
    if open.account().is_none() {
        let never = |_| ServiceError::Unavailable(format!("`{LEDGER_NAME}` is no name"));
        open.create(Account::ledger(brand.clone()).map_err(never)?, None);
    }
    Ok(())
}

/// Turning protection up passes below the disk reserve. What lowers it, two people's lifting, is as rare.
const fn closing(claim: Option<Claim>) -> Closing {
    Closing { urgency: Urgency::Protective, claim, settle: Vec::new(), due: Vec::new(), done: Vec::new() }
}
