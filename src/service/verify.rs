//! Verifying that what was recorded is still there as it was: one account's chain, or every one of the brand.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::engine::Engine;
use super::error::ServiceError;
use super::question::caller_of;
use super::rights::{Authorised, right};
use super::target::Scope;
use crate::audit::{AuditStep, ChainMark, CheckpointSeal, CheckpointWriter, Event, Fault, FaultKind, ReadOf};
use crate::crypto::Token;
use crate::domain::{AccountId, Requester};
use crate::store::archive::ArchiveReader;
use crate::store::{AllChains, ChainFault, Marks, ROWS_MAX, StoreError, Verified, VerifyError, Verifying};

/// Steps that wait for a slow reader; then nothing more is read.
const STEPS_WAITING_MAX: usize = 16;

/// A verification under way.
pub struct Verification {
    /// What it tells while it works.
    pub steps: mpsc::Receiver<Verifying>,
    /// How it ended: how much holds, or why it could not go on.
    pub end: tokio::task::JoinHandle<Result<Verified, ServiceError>>,
}

impl Engine {
    /// Verifies one account's chain, or all of the brand's, against `marks` of a checkpoint if there are any. It ends when
    /// nobody takes its steps any more.
    pub async fn verify(
        self: &Arc<Self>,
        who: &Authorised<right::VerifyRecords>,
        account: Option<AccountId>,
        marks: Option<mpsc::Receiver<ChainMark>>,
    ) -> Result<Verification, ServiceError> {
        let requester = who.requester().clone();
        let one = match account {
            Some(id) => Some((self.note_verified(&requester, &id).await?, id)),
            None => {
                let filter = Box::default();
                let event = Event::RecordsRead { how: AuditStep::Verified, filter };
                self.note(&requester.brand, Some(caller_of(&requester)), event).await?;
                None
            }
        };
        let (told, steps) = mpsc::channel(STEPS_WAITING_MAX);
        let engine = Arc::clone(self);
        let end = tokio::spawn(async move {
            match one {
                Some((account, id)) => engine.verify_one(&requester, account, id, marks, &told).await,
                None => engine.verify_all(&requester, marks, &told).await,
            }
        });
        Ok(Verification { steps, end })
    }

    async fn note_verified(&self, requester: &Requester, id: &AccountId) -> Result<Token, ServiceError> {
        let scope = Scope::Account(id.clone());
        let noted = self.note_read(requester, &scope, ReadOf::Records).await?;
        let account = self.vault.tokens().account(&requester.brand, id);
        noted.map(|_| account).ok_or(ServiceError::NotFound("account"))
    }

    async fn verify_all(
        &self,
        requester: &Requester,
        marks: Option<mpsc::Receiver<ChainMark>>,
        told: &mpsc::Sender<Verifying>,
    ) -> Result<Verified, ServiceError> {
        let now = self.now()?.instant();
        let archive = self.archive_to_read().await?;
        let all = AllChains::new(&self.vault, &requester.brand, now, told).with_archive(archive);
        all.run(&mut Marks::new(marks)).await.map_err(ended)
    }

    /// The same, its beginning read from the archive.
    async fn verify_one_with_archive(
        &self,
        requester: &Requester,
        account: Token,
        wanted: Option<ChainMark>,
        archive: Arc<ArchiveReader>,
        told: &mpsc::Sender<Verifying>,
    ) -> Result<Verified, ServiceError> {
        let now = self.now()?.instant();
        let (mark, marks) = mpsc::channel(1);
        if let Some(wanted) = wanted {
            // There is room for one.
            let _ = mark.send(wanted).await;
        }
        drop(mark);
        let chains = AllChains::new(&self.vault, &requester.brand, now, told).with_archive(Some(archive));
        chains.only(account).run(&mut Marks::new(Some(marks))).await.map_err(ended)
    }

    async fn verify_one(
        &self,
        requester: &Requester,
        account: Token,
        id: AccountId,
        marks: Option<mpsc::Receiver<ChainMark>>,
        told: &mpsc::Sender<Verifying>,
    ) -> Result<Verified, ServiceError> {
        let mut wanted = None;
        if let Some(mut marks) = marks {
            while let Some(mark) = marks.recv().await {
                wanted = wanted.or((mark.account == account).then_some(mark));
            }
        }
        let now = self.now()?.instant();
        if let Some(archive) = self.archive_to_read().await? {
            return self.verify_one_with_archive(requester, account, wanted, archive, told).await;
        }
        let (kind, record, seq) = match self.vault.verify_chain_against(account, wanted, now).await {
            Ok(records) => return Ok(Verified { accounts: 1, records }),
            Err(ChainFault::Store(error)) => return Err(error.into()),
            Err(ChainFault::NoAccount) => return Err(ServiceError::NotFound("account")),
            Err(ChainFault::HeadUnreadable) => (FaultKind::HeadUnreadable, None, None),
            Err(ChainFault::Missing(id)) => (FaultKind::RecordMissing, Some(id), None),
            Err(ChainFault::Unreadable(id)) => (FaultKind::RecordUnreadable, Some(id), None),
            Err(ChainFault::Changed(id)) => (FaultKind::RecordChanged, Some(id), None),
            Err(ChainFault::OutOfPlace(id)) => (FaultKind::RecordOutOfPlace, Some(id), None),
            Err(ChainFault::NoBeginning) => (FaultKind::RecordMissing, None, Some(1)),
            Err(ChainFault::Unmet(seq)) => (FaultKind::CheckpointUnmet, None, Some(seq)),
        };
        let fault = Fault { kind, account: Some(account), account_id: Some(id), record, seq };
        // Nobody listens: then nobody asks for the end either.
        let _ = told.send(Verifying::Found(fault)).await;
        Ok(Verified { accounts: 1, records: 0 })
    }

    /// Whether a checkpoint's seal is one of this engine's own.
    pub fn is_own_seal(&self, seal: &CheckpointSeal) -> bool {
        seal.is_signed_by(&self.record_signer)
    }

    /// Makes a checkpoint of all the brand's chains: its text comes piece by piece, whole lines each. The last piece comes
    /// after the ledger has it on record.
    pub fn checkpoint(
        self: &Arc<Self>,
        who: &Authorised<right::MakeCheckpoint>,
    ) -> mpsc::Receiver<Result<String, ServiceError>> {
        let (told, pieces) = mpsc::channel(STEPS_WAITING_MAX);
        let (engine, requester) = (Arc::clone(self), who.requester().clone());
        tokio::spawn(async move {
            if let Err(error) = engine.write_checkpoint(&requester, &told).await {
                // Nobody listens: nothing to tell.
                let _ = told.send(Err(error)).await;
            }
        });
        pieces
    }

    async fn write_checkpoint(
        &self,
        requester: &Requester,
        told: &mpsc::Sender<Result<String, ServiceError>>,
    ) -> Result<(), ServiceError> {
        let now = self.now()?.instant();
        let (mut writer, mut text) = CheckpointWriter::begin(&requester.brand, now);
        let mut last = None;
        loop {
            let page = self.vault.store().accounts(last, ROWS_MAX).await?;
            let Some(end) = page.last().copied() else { break };
            for account in page {
                let head = match self.vault.head(account, now).await {
                    // Verification tells of it; a checkpoint of the others is worth having.
                    Err(StoreError::Damaged(_)) => None,
                    head => head?,
                };
                let own = head.filter(|head| head.brand == requester.brand && head.chain.seq > 0);
                if let Some(head) = own {
                    text += &writer.mark(&ChainMark { account, seq: head.chain.seq, hash: head.chain.hash });
                }
            }
            last = Some(end);
            if told.send(Ok(std::mem::take(&mut text))).await.is_err() {
                return Ok(());
            }
        }
        let signed = writer.end(&self.record_signer);
        let (accounts, digest, end) = signed.map_err(|error| ServiceError::Unavailable(error.to_string()))?;
        let event = Event::CheckpointMade { accounts, digest };
        self.note(&requester.brand, Some(caller_of(requester)), event).await?;
        // As above: who went away has not what is on record, and asks again.
        let _ = told.send(Ok(text + &end)).await;
        Ok(())
    }
}

fn ended(error: VerifyError) -> ServiceError {
    match error {
        VerifyError::Store(error) => error.into(),
        VerifyError::Archive(error) => error.into(),
        VerifyError::Unheard => ServiceError::Unavailable(error.to_string()),
    }
}
