//! Walks an account's chain from its newest record to its first, and says where it does not hold.

use chrono::{DateTime, Utc};

use super::contract::StoreError;
use super::vault::Vault;
use crate::audit::ChainMark;
use crate::crypto::Token;
use crate::domain::{RecordId, Seq};

/// A chain that does not hold.
#[derive(Debug, thiserror::Error)]
pub enum ChainFault {
    /// There is no such account.
    #[error("there is no such account")]
    NoAccount,
    /// The account's head cannot be read.
    #[error("the account's head cannot be read")]
    HeadUnreadable,
    /// A record that another names is not there.
    #[error("record {0} is missing")]
    Missing(RecordId),
    /// A record that another names cannot be read, or leads nowhere.
    #[error("record {0} cannot be read")]
    Unreadable(RecordId),
    /// A record is not the one that was linked.
    #[error("record {0} was changed")]
    Changed(RecordId),
    /// A record stands in another place than its number says.
    #[error("record {0} is out of place")]
    OutOfPlace(RecordId),
    /// The chain does not begin at its first record.
    #[error("the chain has no beginning")]
    NoBeginning,
    /// The chain has not what a checkpoint says that it had.
    #[error("the chain has not what the checkpoint says of record number {0}")]
    Unmet(Seq),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Vault {
    /// Verifies an account's chain; returns how many records it has.
    pub async fn verify_chain(&self, account: Token, now: DateTime<Utc>) -> Result<Seq, ChainFault> {
        self.verify_chain_against(account, None, now).await
    }

    /// The same, and that the chain has what a checkpoint says that it had.
    pub async fn verify_chain_against(
        &self,
        account: Token,
        mut wanted: Option<ChainMark>,
        now: DateTime<Utc>,
    ) -> Result<Seq, ChainFault> {
        let head = match self.head(account, now).await {
            Err(StoreError::Damaged(_)) => return Err(ChainFault::HeadUnreadable),
            head => head?.ok_or(ChainFault::NoAccount)?.chain,
        };
        let (mut next, mut hash, mut seq) = (head.last, head.hash, head.seq);
        while let Some(id) = next {
            let kept = match self.record(id).await {
                Err(StoreError::Damaged(_)) => return Err(ChainFault::Unreadable(id)),
                kept => kept?.filter(|kept| kept.account() == account).ok_or(ChainFault::Missing(id))?,
            };
            let record = kept.record();
            if record.seq != seq {
                return Err(ChainFault::OutOfPlace(id));
            }
            if kept.hash() != hash {
                return Err(ChainFault::Changed(id));
            }
            if let Some(wanted) = wanted.take_if(|wanted| wanted.seq == seq)
                && wanted.hash != hash
            {
                return Err(ChainFault::Unmet(seq));
            }
            (next, hash, seq) = (record.previous, record.previous_hash, seq.saturating_sub(1));
        }
        match wanted {
            Some(wanted) => Err(ChainFault::Unmet(wanted.seq)),
            None if seq == 0 && hash == [0; 32] => Ok(head.seq),
            None => Err(ChainFault::NoBeginning),
        }
    }
}
