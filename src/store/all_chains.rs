//! Verifies every chain of a brand: reads the journals once for each stripe of accounts, in the order of their commits, and
//! follows all of the stripe's chains side by side. Memory is bounded by the stripe, and nothing is read at random.
//!
//! What each chain must reach is read before the journals are, so that what is committed meanwhile is no fault. A chain that
//! went beyond is compared with its head once more: a head that was put back to an older one shows.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::sync::mpsc;

use super::archive::{ArchiveError, ArchiveReader};
use super::contract::{Journalled, ROWS_MAX, StoreError};
use super::vault::Vault;
use crate::audit::{ChainMark, Fault, FaultKind};
use crate::crypto::Token;
use crate::domain::{AccountId, Brand, ChainHead, RecordId, Seq};

/// Accounts whose chains are followed at once, some 250 bytes each.
const STRIPE_ACCOUNTS: usize = 32_768;

/// What a verification tells while it works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verifying {
    /// How far it is.
    Progress(Verified),
    /// Something does not hold.
    Found(Fault),
}

/// How much was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Verified {
    /// Chains followed to their end.
    pub accounts: u64,
    /// Records on them that were read.
    pub records: u64,
}

/// Why a verification ended before its end.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The archive.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// Nobody listens any more.
    #[error("nobody listens any more")]
    Unheard,
}

/// Where a checkpoint says that chains stood, in the order of the accounts.
pub struct Marks {
    given: Option<mpsc::Receiver<ChainMark>>,
    next: Option<ChainMark>,
}

impl Marks {
    /// As they come in; none without a checkpoint.
    pub const fn new(given: Option<mpsc::Receiver<ChainMark>>) -> Self {
        Self { given, next: None }
    }

    /// The next one, if its account stands in this stripe or before.
    async fn next_up_to(&mut self, end: Option<Token>) -> Option<ChainMark> {
        if self.next.is_none()
            && let Some(given) = &mut self.given
        {
            self.next = given.recv().await;
        }
        self.next.take_if(|mark| end.is_none_or(|end| mark.account <= end))
    }
}

/// One chain of the stripe.
struct Followed {
    id: AccountId,
    /// What it must reach.
    head: ChainHead,
    /// What it has reached. The hash is not known after a record that cannot be read.
    seq: Seq,
    hash: Option<[u8; 32]>,
    last: Option<RecordId>,
    /// What a checkpoint says it had, until it was met or missed.
    wanted: Option<ChainMark>,
}

/// An account of the stripe.
enum Member {
    /// The brand's own.
    Followed(Box<Followed>),
    /// Another brand's, or one whose head cannot be read: that was told already.
    Passed,
}

/// A verification of all chains.
pub struct AllChains<'a> {
    vault: &'a Vault,
    brand: &'a Brand,
    now: DateTime<Utc>,
    told: &'a mpsc::Sender<Verifying>,
    verified: Verified,
    members: BTreeMap<Token, Member>,
    archive: Option<Arc<ArchiveReader>>,
    only: Option<Token>,
}

impl<'a> AllChains<'a> {
    /// Before it begins. What it finds goes to `told`.
    pub const fn new(
        vault: &'a Vault,
        brand: &'a Brand,
        now: DateTime<Utc>,
        told: &'a mpsc::Sender<Verifying>,
    ) -> Self {
        let verified = Verified { accounts: 0, records: 0 };
        Self { vault, brand, now, told, verified, members: BTreeMap::new(), archive: None, only: None }
    }

    /// With what was archived: the beginning of the journals.
    #[must_use]
    pub fn with_archive(self, archive: Option<Arc<ArchiveReader>>) -> Self {
        Self { archive, ..self }
    }

    /// One account's chain alone.
    #[must_use]
    pub fn only(self, account: Token) -> Self {
        Self { only: Some(account), ..self }
    }

    /// Verifies them all.
    pub async fn run(mut self, marks: &mut Marks) -> Result<Verified, VerifyError> {
        let mut after = None;
        loop {
            let end = self.take_stripe(after).await?;
            while let Some(mark) = marks.next_up_to(end).await {
                self.want(mark).await?;
            }
            self.follow_archive(after, end).await?;
            for number in 0..self.vault.store().journals() {
                self.follow_journal(number, after, end).await?;
            }
            self.close_stripe().await?;
            if end.is_none() {
                return Ok(self.verified);
            }
            after = end;
        }
    }

    /// Takes the next accounts, with what their chains must reach. The last of them; none if there are no more behind.
    async fn take_stripe(&mut self, after: Option<Token>) -> Result<Option<Token>, VerifyError> {
        if let Some(account) = self.only {
            if let Some(member) = self.member(account).await? {
                self.members.insert(account, member);
            }
            return Ok(None);
        }
        let mut last = after;
        while self.members.len() < STRIPE_ACCOUNTS {
            let page = self.vault.store().accounts(last, ROWS_MAX).await?;
            let Some(end) = page.last().copied() else { return Ok(None) };
            for account in page {
                if let Some(member) = self.member(account).await? {
                    self.members.insert(account, member);
                }
            }
            last = Some(end);
        }
        Ok(last)
    }

    /// An account as its head has it. Without a head there is no account.
    async fn member(&self, account: Token) -> Result<Option<Member>, VerifyError> {
        let head = match self.vault.head(account, self.now).await {
            Ok(head) => head,
            Err(StoreError::Damaged(_)) => {
                self.found(FaultKind::HeadUnreadable, Some(account), None, None, None).await?;
                return Ok(Some(Member::Passed));
            }
            Err(error) => return Err(error.into()),
        };
        Ok(head.map(|head| match head {
            head if head.brand == *self.brand => Member::Followed(Box::new(Followed {
                id: head.id,
                head: head.chain,
                seq: 0,
                hash: Some([0; 32]),
                last: None,
                wanted: None,
            })),
            _ => Member::Passed,
        }))
    }

    /// Notes what a checkpoint says of an account.
    async fn want(&mut self, mark: ChainMark) -> Result<(), VerifyError> {
        match self.members.get_mut(&mark.account) {
            Some(Member::Followed(followed)) => followed.wanted = Some(mark),
            // Of an unreadable head that was told already; another brand's has another checkpoint.
            Some(Member::Passed) => {}
            None => {
                let (kind, account) = (FaultKind::CheckpointAccountMissing, Some(mark.account));
                self.found(kind, account, None, None, Some(mark.seq)).await?;
            }
        }
        Ok(())
    }

    /// Reads what was archived, the oldest first, and follows the chains of the accounts after `after` and up to `end`.
    async fn follow_archive(&mut self, after: Option<Token>, end: Option<Token>) -> Result<(), VerifyError> {
        let Some(archive) = self.archive.clone() else { return Ok(()) };
        for segment in archive.segments() {
            for entry in archive.read(segment).await? {
                self.follow_in_stripe(entry, after, end).await?;
            }
            self.tell_progress().await?;
        }
        Ok(())
    }

    /// Reads what a journal has in the store.
    async fn follow_journal(
        &mut self,
        number: u16,
        after: Option<Token>,
        end: Option<Token>,
    ) -> Result<(), VerifyError> {
        let mut place = self.archive.as_ref().map_or(0, |archive| archive.last(number));
        loop {
            let page = self.vault.store().journal(number, place, ROWS_MAX).await?;
            let Some(last) = page.last() else { return Ok(()) };
            place = last.place;
            for entry in page {
                self.follow_in_stripe(entry, after, end).await?;
            }
            self.tell_progress().await?;
        }
    }

    async fn tell_progress(&self) -> Result<(), VerifyError> {
        self.told.send(Verifying::Progress(self.verified)).await.map_err(|_| VerifyError::Unheard)
    }

    async fn follow_in_stripe(
        &mut self,
        entry: Journalled,
        after: Option<Token>,
        end: Option<Token>,
    ) -> Result<(), VerifyError> {
        let in_stripe = after.is_none_or(|after| entry.account > after)
            && end.is_none_or(|end| entry.account <= end)
            && self.only.is_none_or(|only| entry.account == only);
        if in_stripe { self.follow(entry).await } else { Ok(()) }
    }

    /// When the youngest record was made that was deleted in its time: chains may begin after it.
    fn deleted_up_to(&self) -> Option<DateTime<Utc>> {
        self.archive.as_ref()?.deleted_up_to()
    }

    async fn follow(&mut self, entry: Journalled) -> Result<(), VerifyError> {
        let (account, record, deleted) = (entry.account, entry.id, self.deleted_up_to());
        let faults = match self.members.get_mut(&account) {
            Some(Member::Followed(followed)) => {
                self.verified.records = self.verified.records.saturating_add(1);
                followed.take(self.vault, entry, deleted)
            }
            Some(Member::Passed) => return Ok(()),
            None => {
                // It came after the stripe was taken, or it was removed: its head tells.
                let is_there = !matches!(self.vault.head(account, self.now).await, Ok(None));
                // Remembered, so that it is told once; not beyond the stripe's bound.
                if self.members.len() < 2 * STRIPE_ACCOUNTS {
                    self.members.insert(account, Member::Passed);
                }
                if !is_there {
                    self.found(FaultKind::AccountMissing, Some(account), None, Some(record), None).await?;
                }
                return Ok(());
            }
        };
        for (kind, record, seq) in faults {
            self.found_on(account, kind, record, Some(seq)).await?;
        }
        Ok(())
    }

    /// After the journals: every chain must have reached its head, and none be beyond it.
    async fn close_stripe(&mut self) -> Result<(), VerifyError> {
        for (account, member) in std::mem::take(&mut self.members) {
            let Member::Followed(followed) = member else { continue };
            self.verified.accounts = self.verified.accounts.saturating_add(1);
            let (account, id, seq) = (Some(account), Some(followed.id), followed.seq);
            let gone = seq == 0 && followed.head.last.is_some_and(|last| was_deleted(last, self.deleted_up_to()));
            if seq < followed.head.seq && !gone {
                let missing = Some(seq.saturating_add(1));
                self.found(FaultKind::TailMissing, account, id.clone(), followed.head.last, missing).await?;
            } else if seq > followed.head.seq {
                // Committed meanwhile: then the head is there by now.
                let head = match account {
                    Some(account) => self.vault.head(account, self.now).await,
                    None => Ok(None),
                };
                if head.is_ok_and(|head| head.is_none_or(|head| head.chain.seq < seq)) {
                    self.found(FaultKind::HeadBehind, account, id.clone(), followed.last, Some(seq)).await?;
                }
            }
            if let Some(wanted) = followed.wanted {
                self.found(FaultKind::CheckpointUnmet, account, id, None, Some(wanted.seq)).await?;
            }
        }
        Ok(())
    }

    async fn found_on(
        &self,
        account: Token,
        kind: FaultKind,
        record: Option<RecordId>,
        seq: Option<Seq>,
    ) -> Result<(), VerifyError> {
        let id = match self.members.get(&account) {
            Some(Member::Followed(followed)) => Some(followed.id.clone()),
            _ => None,
        };
        self.found(kind, Some(account), id, record, seq).await
    }

    async fn found(
        &self,
        kind: FaultKind,
        account: Option<Token>,
        account_id: Option<AccountId>,
        record: Option<RecordId>,
        seq: Option<Seq>,
    ) -> Result<(), VerifyError> {
        let fault = Fault { kind, account, account_id, record, seq };
        self.told.send(Verifying::Found(fault)).await.map_err(|_| VerifyError::Unheard)
    }
}

/// Whether a record was made when everything is deleted by now.
fn was_deleted(id: RecordId, deleted: Option<DateTime<Utc>>) -> bool {
    deleted.is_some_and(|deleted| id.minted_at() <= deleted)
}

/// What is wrong with a record, which one, and at which place of the chain.
type Wrong = (FaultKind, Option<RecordId>, Seq);

impl Followed {
    /// Takes the next record that the journal has of this account.
    fn take(&mut self, vault: &Vault, entry: Journalled, deleted: Option<DateTime<Utc>>) -> Vec<Wrong> {
        let (id, next) = (entry.id, self.seq.saturating_add(1));
        let Ok(kept) = vault.unseal_journalled(entry) else {
            (self.seq, self.hash, self.last) = (next, None, Some(id));
            return vec![(FaultKind::RecordUnreadable, Some(id), next)];
        };
        let record = kept.record();
        if record.seq < next {
            return vec![(FaultKind::RecordOutOfPlace, Some(id), record.seq)];
        }
        let mut wrong = Vec::new();
        if self.seq == 0 && record.previous.is_some_and(|before| was_deleted(before, deleted)) {
            // All before it was deleted in its time: the chain begins here.
        } else if record.seq > next {
            wrong.push((FaultKind::RecordMissing, record.previous, next));
        } else if record.previous != self.last || self.hash.is_some_and(|hash| hash != record.previous_hash) {
            wrong.push((FaultKind::RecordChanged, self.last, self.seq));
        }
        (self.seq, self.hash, self.last) = (record.seq, Some(kept.hash()), Some(id));
        if self.seq == self.head.seq && (self.head.last != Some(id) || self.head.hash != kept.hash()) {
            wrong.push((FaultKind::RecordChanged, Some(id), self.seq));
        }
        // What it says of this place holds or not; what it says of a place that never comes is told at the end.
        if let Some(wanted) = self.wanted.take_if(|wanted| wanted.seq == record.seq)
            && wanted.hash != kept.hash()
        {
            wrong.push((FaultKind::CheckpointUnmet, Some(id), wanted.seq));
        }
        wrong
    }
}
