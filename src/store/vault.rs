//! The vault: opens an account's rows for one use case, and closes them into one commit.
//!
//! Between the two stands an [`OpenAccount`]: plain values of the domain, changed in place. Closing seals what was
//! touched, links the records into the account's chain and names the versions that must still hold.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::codec::{self, CodecError};
use super::contract::{
    Charge, ChargeWindows, Claim, Commit, CommitError, DueEntry, IndexEntry, Load, NewRecord, Place, Position,
    Reservation, Reserve, Row, Slot, Store, StoreError, Urgency, Window, WindowKey, Write,
};
use crate::audit::{Caller, Event, LineTrace, Record, hash_of};
use crate::crypto::{self, AccountSealer, Ids, Keyring, SealError, Sealer, Token, Tokens};
use crate::domain::{Account, Channel, Credentials, Line, Permit, RecordId, Seq};

/// Where sealed rows and records stand, for their associated data. Stored for ever: never reused.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Kind {
    Head = 1,
    Credentials = 2,
    Line = 3,
    Permit = 4,
    Record = 5,
}

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

/// A value with the version of its row; version 0 has no row yet.
#[derive(Debug, Clone)]
struct Versioned<T> {
    value: Option<T>,
    version: u64,
    touched: bool,
}

/// A line as opened.
#[derive(Debug, Clone)]
struct OpenLine {
    token: Token,
    row: Versioned<Line>,
}

/// An account opened for one use case.
pub struct OpenAccount {
    token: Token,
    now: DateTime<Utc>,
    sealer: AccountSealer,
    head: Versioned<Account>,
    credentials: Versioned<Credentials>,
    lines: Vec<OpenLine>,
    permits: Vec<(RecordId, Versioned<Permit>)>,
    windows: Vec<Window>,
    /// Records to be appended; what is kept of them leaves only with the commit.
    records: Vec<(Kept, NewRecord)>,
    ids: Ids,
}

/// A record that is committed: an answer can be built from nothing else.
///
/// INVARIANT (answer-is-record): made only here, after the commit that holds it, or by reading it back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    account: Token,
    record: Record,
    hash: [u8; 32],
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

    /// Opens an account.
    pub async fn open(&self, ask: Ask) -> Result<Opening, StoreError> {
        let mut slots = vec![Slot::Head, Slot::Credentials];
        slots.extend(ask.lines.iter().map(|line| Slot::Line(*line)));
        slots.extend(ask.permit.map(Slot::Permit));
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
        let (windows, records) = (loaded.windows, Vec::new());
        let (token, now, ids) = (ask.account, ask.now, self.ids.clone());
        let open = OpenAccount { token, now, sealer, head, credentials, lines, permits, windows, records, ids };
        Ok(Opening::Open(Box::new(open)))
    }

    /// Commits what was changed, all or nothing.
    pub async fn close(&self, open: OpenAccount, closing: Closing) -> Result<Closed, CommitError> {
        let (commit, records) = open.into_commit(closing)?;
        let position = self.store.commit(commit).await?;
        Ok(Closed { position, records })
    }

    /// A record that was committed before.
    pub async fn record(&self, id: RecordId) -> Result<Option<Kept>, StoreError> {
        let Some(stored) = self.store.record(id).await? else { return Ok(None) };
        let sealer = self.sealer.for_account(&stored.account);
        let plain = sealer.open(record_place(stored.account, &id.to_bytes()), stored.body).map_err(damaged)?;
        let record = codec::decode_record(&plain).map_err(undecodable)?;
        if record.id != id {
            return Err(StoreError::Damaged("a record has another's id".into()));
        }
        let hash = hash_of(&record.previous_hash, &plain);
        Ok(Some(Kept { account: stored.account, record, hash }))
    }
}

impl OpenAccount {
    /// The account's token.
    pub const fn token(&self) -> Token {
        self.token
    }

    /// The account, if it exists.
    pub const fn account(&self) -> Option<&Account> {
        self.head.value.as_ref()
    }

    /// The account, to be changed. It is written with every record anyway.
    pub const fn account_mut(&mut self) -> Option<&mut Account> {
        self.head.value.as_mut()
    }

    /// Makes the account, where there was none.
    pub fn create(&mut self, account: Account, credentials: Option<Credentials>) {
        self.head = Versioned { value: Some(account), version: self.head.version, touched: true };
        if let Some(credentials) = credentials {
            self.credentials = Versioned { value: Some(credentials), version: self.credentials.version, touched: true };
        }
    }

    /// What is kept of the account's secrets, if it exists.
    pub const fn credentials(&self) -> Option<&Credentials> {
        self.credentials.value.as_ref()
    }

    /// The same, to be changed.
    pub const fn credentials_mut(&mut self) -> Option<&mut Credentials> {
        self.credentials.touched = true;
        self.credentials.value.as_mut()
    }

    /// A line asked for, if it exists.
    pub fn line(&self, token: Token) -> Option<&Line> {
        self.lines.iter().find(|line| line.token == token).and_then(|line| line.row.value.as_ref())
    }

    /// The same, to be changed.
    pub fn line_mut(&mut self, token: Token) -> Option<&mut Line> {
        let line = self.lines.iter_mut().find(|line| line.token == token)?;
        line.row.touched = true;
        line.row.value.as_mut()
    }

    /// Account and line together, to be changed.
    pub fn account_and_line_mut(&mut self, token: Token) -> (Option<&mut Account>, Option<&mut Line>) {
        let line = self.lines.iter_mut().find(|line| line.token == token);
        (self.head.value.as_mut(), line.and_then(|line| line.row.value.as_mut()))
    }

    /// Puts a line where there was none. It must have been asked for.
    pub fn create_line(&mut self, token: Token, line: Line) {
        if let Some(open) = self.lines.iter_mut().find(|open| open.token == token) {
            open.row = Versioned { value: Some(line), version: open.row.version, touched: true };
        }
    }

    /// A permit asked for or made here.
    pub fn permit(&self, id: RecordId) -> Option<&Permit> {
        self.permits.iter().find(|(known, _)| *known == id).and_then(|(_, row)| row.value.as_ref())
    }

    /// A permit, to be changed.
    pub fn permit_mut(&mut self, id: RecordId) -> Option<&mut Permit> {
        let (_, row) = self.permits.iter_mut().find(|(known, _)| *known == id)?;
        row.touched = true;
        row.value.as_mut()
    }

    /// Grants a permit for a decision made here.
    pub fn grant(&mut self, id: RecordId, permit: Permit) {
        self.permits.push((id, Versioned { value: Some(permit), version: 0, touched: true }));
    }

    /// The windows charged and asked for, in order.
    pub fn windows(&self) -> &[Window] {
        &self.windows
    }

    /// The sequence number that the next record will have.
    pub fn next_seq(&self) -> Seq {
        self.account().map_or(0, |account| account.chain.seq).saturating_add(1)
    }

    /// Appends a record to the account's chain, and to its line's thread.
    ///
    /// INVARIANT (answer-is-record): the record is linked, sealed and committed with the change it tells of.
    pub fn append(&mut self, entry: Entry) -> Result<RecordId, StoreError> {
        let id = RecordId::from_u128(self.ids.mint(self.now, self.token.partition()).map_err(unavailable)?);
        self.append_as(id, entry)?;
        Ok(id)
    }

    /// The same under an id minted before.
    pub fn append_as(&mut self, id: RecordId, entry: Entry) -> Result<(), StoreError> {
        let account = self.head.value.as_mut().ok_or_else(|| StoreError::Damaged("a record for no account".into()))?;
        let line = entry.line.and_then(|token| self.lines.iter_mut().find(|line| line.token == token));
        let trace = match line {
            Some(OpenLine { row: Versioned { value: Some(line), touched, .. }, .. }) => {
                *touched = true;
                Some(LineTrace { id: line.id.clone(), previous: line.last_record.replace(id) })
            }
            _ => None,
        };
        let record = Record {
            id,
            seq: account.chain.seq.saturating_add(1),
            at: entry.at,
            previous: account.chain.last,
            previous_hash: account.chain.hash,
            line: trace,
            caller: entry.caller,
            channel: entry.channel,
            event: entry.event,
        };
        let plain = codec::encode_record(&record);
        let sealed = self.sealer.seal(record_place(self.token, &id.to_bytes()), &plain).map_err(damaged)?;
        account.chain.seq = record.seq;
        let hash = hash_of(&record.previous_hash, &plain);
        account.chain.hash = hash;
        account.chain.last = Some(id);
        self.head.touched = true;
        self.records.push((Kept { account: self.token, record, hash }, NewRecord { id, body: sealed }));
        Ok(())
    }

    fn into_commit(self, closing: Closing) -> Result<(Commit, Vec<Kept>), StoreError> {
        let mut writes = Vec::with_capacity(4 + self.lines.len());
        let closer = Closer { sealer: &self.sealer, account: self.token };
        closer.write(&mut writes, Slot::Head, &self.head, codec::encode_account)?;
        // Turning protection up rests on no credential: attempts on a PIN never stand in its way.
        if self.credentials.touched || closing.urgency == Urgency::Ordinary {
            closer.write(&mut writes, Slot::Credentials, &self.credentials, codec::encode_credentials)?;
        }
        for line in &self.lines {
            closer.write(&mut writes, Slot::Line(line.token), &line.row, codec::encode_line)?;
        }
        for (id, permit) in &self.permits {
            closer.write(&mut writes, Slot::Permit(*id), permit, codec::encode_permit)?;
        }
        let (kept, records) = self.records.into_iter().unzip();
        let commit = Commit {
            account: self.token,
            now: self.now,
            urgency: closing.urgency,
            writes,
            records,
            claim: closing.claim,
            settle: closing.settle,
            due: closing.due,
            done: closing.done,
        };
        Ok((commit, kept))
    }
}

/// A record about to be appended.
#[derive(Debug, Clone)]
pub struct Entry {
    /// When it happened.
    pub at: DateTime<Utc>,
    /// The line it is about: one that was opened.
    pub line: Option<Token>,
    /// Who caused it.
    pub caller: Option<Caller>,
    /// Through which channel.
    pub channel: Option<Channel>,
    /// What happened.
    pub event: Event,
}

struct Opener<'a> {
    sealer: &'a AccountSealer,
    account: Token,
    rows: &'a mut std::vec::IntoIter<Option<Row>>,
}

impl Opener<'_> {
    fn next<T>(
        &mut self,
        slot: Slot,
        decode: impl FnOnce(&[u8]) -> Result<T, CodecError>,
    ) -> Result<Versioned<T>, StoreError> {
        let row = self.rows.next().ok_or_else(|| StoreError::Damaged("fewer rows than asked for".into()))?;
        let Some(row) = row else { return Ok(Versioned { value: None, version: 0, touched: false }) };
        let extra = slot_bytes(slot);
        let plain = self.sealer.open(row_place(self.account, slot, &extra, row.version), row.body).map_err(damaged)?;
        let value = decode(&plain).map_err(undecodable)?;
        Ok(Versioned { value: Some(value), version: row.version, touched: false })
    }
}

struct Closer<'a> {
    sealer: &'a AccountSealer,
    account: Token,
}

impl Closer<'_> {
    /// A touched row is written; an untouched one must still be as it was read.
    fn write<T>(
        &self,
        writes: &mut Vec<Write>,
        slot: Slot,
        row: &Versioned<T>,
        encode: impl FnOnce(&T) -> Vec<u8>,
    ) -> Result<(), StoreError> {
        let body = match &row.value {
            Some(value) if row.touched => {
                let extra = slot_bytes(slot);
                let place = row_place(self.account, slot, &extra, row.version.saturating_add(1));
                Some(self.sealer.seal(place, &encode(value)).map_err(damaged)?)
            }
            _ => None,
        };
        writes.push(Write { slot, expect: row.version, body });
        Ok(())
    }
}

const fn kind_of(slot: Slot) -> Kind {
    match slot {
        Slot::Head => Kind::Head,
        Slot::Credentials => Kind::Credentials,
        Slot::Line(_) => Kind::Line,
        Slot::Permit(_) => Kind::Permit,
    }
}

fn slot_bytes(slot: Slot) -> [u8; 16] {
    match slot {
        Slot::Head | Slot::Credentials => [0; 16],
        Slot::Line(token) => *token.as_bytes(),
        Slot::Permit(id) => id.to_bytes(),
    }
}

const fn row_place(account: Token, slot: Slot, extra: &[u8; 16], version: u64) -> crypto::Place<'_> {
    crypto::Place { kind: kind_of(slot) as u8, owner: account, extra, version }
}

const fn record_place(account: Token, id: &[u8; 16]) -> crypto::Place<'_> {
    crypto::Place { kind: Kind::Record as u8, owner: account, extra: id, version: 0 }
}

fn damaged(error: SealError) -> StoreError {
    StoreError::Damaged(error.to_string())
}

fn undecodable(error: CodecError) -> StoreError {
    StoreError::Damaged(error.to_string())
}

fn unavailable(error: impl std::error::Error) -> StoreError {
    StoreError::Unavailable(error.to_string())
}
