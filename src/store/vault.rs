//! The vault: opens an account's rows for one use case, and closes them into one commit.
//!
//! Between the two stands an [`OpenAccount`]: plain values of the domain, changed in place. Closing seals what was
//! touched, links the records into the account's chain and names the versions that must still hold.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::codec;
use super::contract::{
    Charge, ChargeWindows, Claim, CommitError, DueEntry, IndexEntry, Journalled, Load, Place, Position, Reservation,
    Reserve, Settle, Slot, Store, StoreError, StoredRecord, Urgency, Window, WindowKey,
};
use super::open_account::{OpenAccount, OpenLine};
use super::sealed_rows::{Opener, damaged, place_of, record_place, undecodable};
use crate::audit::{Record, hash_of};
use crate::crypto::{Ids, Keyring, Sealer, Token, Tokens};
use crate::domain::{Account, Document, Line, RecordId};

/// Documents read at once.
const DOCUMENTS_PAGE: usize = 256;

/// The store as use cases see it: values in, values out, sealed in between.
#[derive(Clone)]
pub struct Vault {
    store: Arc<dyn Store>,
    sealer: Sealer,
    tokens: Tokens,
    ids: Ids,
}

/// What to open.
#[derive(Debug, Clone)]
pub struct Ask {
    /// The account.
    pub account: Token,
    /// The lines wanted of it.
    pub lines: Vec<Token>,
    /// A permit wanted of it.
    pub permit: Option<RecordId>,
    /// The request's key.
    pub reserve: Option<Reserve>,
    /// What to charge before anything is looked at.
    pub charges: Vec<Charge>,
    /// Windows to read besides.
    pub windows: Vec<WindowKey>,
    /// The request's reading of the clock.
    pub now: DateTime<Utc>,
    /// What the caller has seen.
    pub at_least: Option<Position>,
}

/// What opening an account came to.
pub enum Opening {
    /// Here it is.
    Open(Box<OpenAccount>),
    /// This request was answered by that record.
    Answered(RecordId),
    /// The request's key belongs to another request.
    Taken,
}

/// A record that is committed: an answer can be built from nothing else.
///
/// INVARIANT (answer-is-record): made only in this folder, after the commit that holds it, or by reading it back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub(super) account: Token,
    pub(super) record: Record,
    pub(super) hash: [u8; 32],
}

impl Kept {
    /// The account it belongs to.
    pub const fn account(&self) -> Token {
        self.account
    }

    /// The record.
    pub const fn record(&self) -> &Record {
        &self.record
    }

    /// Its hash, over its bytes as they are stored.
    pub const fn hash(&self) -> [u8; 32] {
        self.hash
    }
}

/// What looking for a record came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Here it is.
    Kept(Box<Kept>),
    /// The records of its time were archived: it is not in the store.
    Archived,
    /// There is none.
    Nowhere,
}

/// What a commit came to.
#[derive(Debug, Clone)]
pub struct Closed {
    /// How far the store has come with it.
    pub position: Position,
    /// The records it added, in order.
    pub records: Vec<Kept>,
}

/// What closing an account needs besides what was changed.
#[derive(Debug, Clone)]
pub struct Closing {
    /// Whether the commit may pass below the disk reserve.
    pub urgency: Urgency,
    /// The request's key and the record that answers it.
    pub claim: Option<Claim>,
    /// Windows whose charge is taken back.
    pub settle: Vec<Token>,
    /// Instants to look again at.
    pub due: Vec<DueEntry>,
    /// Due entries acted on.
    pub done: Vec<DueEntry>,
}

impl Vault {
    /// Puts the keys and the store together.
    pub fn new(store: Arc<dyn Store>, keyring: &Keyring) -> Self {
        Self { store, sealer: Sealer::new(keyring), tokens: Tokens::new(keyring), ids: Ids::new(keyring) }
    }

    /// The maker of lookup tokens.
    pub fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// The maker of ids.
    pub fn ids(&self) -> &Ids {
        &self.ids
    }

    /// The seals.
    pub(super) const fn sealer(&self) -> &Sealer {
        &self.sealer
    }

    /// The store, for what needs no opening: due entries, leases, rings, health.
    pub fn store(&self) -> &dyn Store {
        &*self.store
    }

    /// Where a name leads, as far as the index knows.
    pub async fn resolve(&self, name: Token) -> Result<Option<Place>, StoreError> {
        self.store.resolve(name).await
    }

    /// Points names at places.
    pub async fn index(&self, entries: Vec<IndexEntry>) -> Result<(), StoreError> {
        self.store.index(entries).await
    }

    /// Charges windows outside any account.
    pub async fn charge(&self, charge: ChargeWindows) -> Result<Vec<Window>, StoreError> {
        self.store.charge(charge).await
    }

    /// Takes charges outside any account back.
    pub async fn settle(&self, settled: Vec<Settle>) -> Result<(), StoreError> {
        self.store.settle(settled).await
    }

    /// Opens an account.
    pub async fn open(&self, ask: Ask) -> Result<Opening, StoreError> {
        self.open_with(ask, Vec::new()).await
    }

    /// Opens an account with some of its documents.
    pub async fn open_with(&self, ask: Ask, documents: Vec<Token>) -> Result<Opening, StoreError> {
        let mut slots = vec![Slot::Head, Slot::Credentials];
        slots.extend(ask.lines.iter().map(|line| Slot::Line(*line)));
        slots.extend(ask.permit.map(Slot::Permit));
        slots.extend(documents.iter().copied().map(Slot::Document));
        let load = Load {
            account: ask.account,
            slots,
            reserve: ask.reserve,
            charges: ask.charges,
            windows: ask.windows,
            now: ask.now,
            at_least: ask.at_least,
        };
        let loaded = self.store.load(load).await?;
        match loaded.reservation {
            Reservation::Answered(record) => return Ok(Opening::Answered(record)),
            Reservation::Taken => return Ok(Opening::Taken),
            Reservation::None | Reservation::Made => {}
        }
        let sealer = self.sealer.for_account(&ask.account);
        let mut rows = loaded.rows.into_iter();
        let mut opener = Opener { sealer: &sealer, account: ask.account, rows: &mut rows };
        let head = opener.next(Slot::Head, codec::decode_account)?;
        let credentials = opener.next(Slot::Credentials, codec::decode_credentials)?;
        let mut lines = Vec::with_capacity(ask.lines.len());
        for token in ask.lines {
            lines.push(OpenLine { token, row: opener.next(Slot::Line(token), codec::decode_line)? });
        }
        let mut permits = Vec::new();
        if let Some(id) = ask.permit {
            permits.push((id, opener.next(Slot::Permit(id), codec::decode_permit)?));
        }
        let mut opened = Vec::with_capacity(documents.len());
        for token in documents {
            opened.push((token, opener.next(Slot::Document(token), codec::decode_document)?));
        }
        let (windows, records, documents) = (loaded.windows, Vec::new(), opened);
        let (token, now, ids) = (ask.account, ask.now, self.ids.clone());
        let open =
            OpenAccount { token, now, sealer, head, credentials, lines, permits, documents, windows, records, ids };
        Ok(Opening::Open(Box::new(open)))
    }

    /// Commits what was changed, all or nothing.
    pub async fn close(&self, open: Box<OpenAccount>, closing: Closing) -> Result<Closed, CommitError> {
        let (commit, records) = open.into_commit(closing)?;
        let position = self.store.commit(commit).await?;
        Ok(Closed { position, records })
    }

    /// A record that was committed before, or where it went.
    pub async fn find(&self, id: RecordId) -> Result<Found, StoreError> {
        match self.record(id).await? {
            Some(kept) => Ok(Found::Kept(Box::new(kept))),
            // Asked after the record: what left meanwhile is told of.
            None if self.is_archived(id).await? => Ok(Found::Archived),
            None => Ok(Found::Nowhere),
        }
    }

    /// Whether a record of that id, if there ever was one, has left the store: told by when it was made, so that nothing
    /// is learnt of ids that were never minted.
    async fn is_archived(&self, id: RecordId) -> Result<bool, StoreError> {
        for journal in 0..self.store.journals() {
            if self.store.archived(journal).await?.is_some_and(|archived| id.minted_at() <= archived.at) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether two sealed bodies are of one record, under whichever keys.
    pub fn is_same_record(&self, one: &Journalled, other: &Journalled) -> bool {
        let plain = |entry: &Journalled| {
            let sealer = self.sealer.for_account(&entry.account);
            sealer.open_copy(record_place(entry.account, &entry.id.to_bytes()), &entry.body)
        };
        let (Ok(first), Ok(second)) = (plain(one), plain(other)) else { return false };
        (one.place, one.id, one.account) == (other.place, other.id, other.account) && *first == *second
    }

    /// A record that was committed before and is still in the store.
    pub async fn record(&self, id: RecordId) -> Result<Option<Kept>, StoreError> {
        match self.store.record(id).await? {
            Some(StoredRecord { account, body }) => self.unseal(id, account, body).map(Some),
            None => Ok(None),
        }
    }

    /// A record as a journal has it.
    pub fn unseal_journalled(&self, entry: Journalled) -> Result<Kept, StoreError> {
        self.unseal(entry.id, entry.account, entry.body)
    }

    /// An account's head alone: for who asks where its chain stands, and whose it is.
    pub async fn head(&self, account: Token, now: DateTime<Utc>) -> Result<Option<Account>, StoreError> {
        let (charges, windows) = (Vec::new(), Vec::new());
        let load = Load { account, slots: vec![Slot::Head], reserve: None, charges, windows, now, at_least: None };
        let mut rows = self.store.load(load).await?.rows.into_iter();
        let sealer = self.sealer.for_account(&account);
        let mut opener = Opener { sealer: &sealer, account, rows: &mut rows };
        Ok(opener.next(Slot::Head, codec::decode_account)?.value)
    }

    /// A document of an account, for who acts on it without a commit: it is as durable as what a commit acknowledges.
    pub async fn document(&self, account: Token, wanted: Token) -> Result<Option<Document>, StoreError> {
        let before = u128::from_be_bytes(*wanted.as_bytes()).checked_sub(1);
        let before = before.map(|token| Token::from_bytes(token.to_be_bytes()));
        let found = self.some_documents(account, before, 1).await?.into_iter().next();
        Ok(found.and_then(|(token, document)| (token == wanted).then_some(document)))
    }

    /// Lines of an account, some of them where there are more than `limit`.
    pub async fn some_lines(&self, account: Token, limit: usize) -> Result<Vec<Line>, StoreError> {
        // Documents lie before lines.
        let after = Slot::Document(Token::from_bytes([u8::MAX; 16]));
        let sealer = self.sealer.for_account(&account);
        let mut lines = Vec::new();
        for (slot, row) in self.store.rows(account, Some(after), limit).await? {
            let Slot::Line(_) = slot else { break };
            let plain = place_of(account, slot, row.version, |place| sealer.open(place, row.body)).map_err(damaged)?;
            lines.push(codec::decode_line(&plain).map_err(undecodable)?);
        }
        Ok(lines)
    }

    /// All documents of an account, page by page; none after the last.
    pub async fn documents(&self, account: Token, after: Option<Token>) -> Result<Vec<(Token, Document)>, StoreError> {
        self.some_documents(account, after, DOCUMENTS_PAGE).await
    }

    async fn some_documents(
        &self,
        account: Token,
        after: Option<Token>,
        limit: usize,
    ) -> Result<Vec<(Token, Document)>, StoreError> {
        let after = after.map_or(Slot::Credentials, Slot::Document);
        let sealer = self.sealer.for_account(&account);
        let mut documents = Vec::new();
        for (slot, row) in self.store.rows(account, Some(after), limit).await? {
            // Documents lie before lines.
            let Slot::Document(token) = slot else { break };
            let version = row.version;
            let plain = place_of(account, slot, version, |place| sealer.open(place, row.body)).map_err(damaged)?;
            documents.push((token, codec::decode_document(&plain).map_err(undecodable)?));
        }
        Ok(documents)
    }

    fn unseal(&self, id: RecordId, account: Token, body: Vec<u8>) -> Result<Kept, StoreError> {
        let sealer = self.sealer.for_account(&account);
        let plain = sealer.open(record_place(account, &id.to_bytes()), body).map_err(damaged)?;
        let record = codec::decode_record(&plain).map_err(undecodable)?;
        if record.id != id {
            return Err(StoreError::Damaged("a record has another's id".into()));
        }
        let hash = hash_of(&record.previous_hash, &plain);
        Ok(Kept { account, record, hash })
    }
}
