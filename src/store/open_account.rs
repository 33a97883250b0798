//! An account opened for one use case: plain values of the domain, changed in place, and the records of what was done.

use chrono::{DateTime, Utc};

use super::codec;
use super::contract::{Commit, NewRecord, Slot, StoreError, Urgency, Window};
use super::sealed_rows::{Closer, Versioned, damaged, record_place};
use super::vault::{Closing, Kept};
use crate::audit::{Caller, Event, LineTrace, Record, hash_of};
use crate::crypto::{AccountSealer, Ids, Token};
use crate::domain::{Account, Channel, Credentials, Document, Line, Pending, Permit, RecordId, Seq};

/// A line as opened.
#[derive(Debug, Clone)]
pub(super) struct OpenLine {
    pub(super) token: Token,
    pub(super) row: Versioned<Line>,
}

/// An account opened for one use case.
pub struct OpenAccount {
    pub(super) token: Token,
    pub(super) now: DateTime<Utc>,
    pub(super) sealer: AccountSealer,
    pub(super) head: Versioned<Account>,
    pub(super) credentials: Versioned<Credentials>,
    pub(super) lines: Vec<OpenLine>,
    pub(super) permits: Vec<(RecordId, Versioned<Permit>)>,
    pub(super) documents: Vec<(Token, Versioned<Document>)>,
    pub(super) windows: Vec<Window>,
    /// Records to be appended; what is kept of them leaves only with the commit.
    pub(super) records: Vec<(Kept, NewRecord)>,
    pub(super) ids: Ids,
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

impl OpenAccount {
    /// The account's token.
    pub const fn token(&self) -> Token {
        self.token
    }

    /// The instant that it was opened for.
    pub const fn now(&self) -> DateTime<Utc> {
        self.now
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

    /// The line that was asked for, where it was one alone and is there.
    pub fn only_line(&self) -> Option<&Line> {
        match self.lines.as_slice() {
            [line] => line.row.value.as_ref(),
            _ => None,
        }
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

    /// A document asked for, if it is there.
    pub fn document(&self, token: Token) -> Option<&Document> {
        self.documents.iter().find(|(known, _)| *known == token).and_then(|(_, row)| row.value.as_ref())
    }

    /// Puts a document in the place of the one before it, if there was one. It must have been asked for. Answers with the
    /// version that it will have.
    pub fn put_document(&mut self, token: Token, document: Document) -> Result<u64, StoreError> {
        let row = self.documents.iter_mut().find(|(known, _)| *known == token);
        let (_, row) = row.ok_or_else(|| StoreError::Damaged("a document was not asked for".into()))?;
        *row = Versioned { value: Some(document), version: row.version, touched: true };
        Ok(row.version.saturating_add(1))
    }

    /// A challenge asked for or kept here.
    pub fn challenge(&self, decision: RecordId) -> Option<&Pending> {
        self.documents.iter().find_map(|(_, row)| match &row.value {
            Some(Document::Challenge(pending)) if pending.decision == decision => Some(&**pending),
            _ => None,
        })
    }

    /// The same, to be changed.
    pub fn challenge_mut(&mut self, decision: RecordId) -> Option<&mut Pending> {
        self.documents.iter_mut().find_map(|(_, row)| match &mut row.value {
            Some(Document::Challenge(pending)) if pending.decision == decision => {
                row.touched = true;
                Some(&mut **pending)
            }
            _ => None,
        })
    }

    /// Keeps a challenge that was given here.
    pub fn keep_challenge(&mut self, token: Token, pending: Pending) {
        let value = Some(Document::Challenge(Box::new(pending)));
        self.documents.push((token, Versioned { value, version: 0, touched: true }));
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

    pub(super) fn into_commit(self: Box<Self>, closing: Closing) -> Result<(Commit, Vec<Kept>), StoreError> {
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
        for (token, document) in &self.documents {
            closer.write(&mut writes, Slot::Document(*token), document, codec::encode_document)?;
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

fn unavailable(error: impl std::error::Error) -> StoreError {
    StoreError::Unavailable(error.to_string())
}
