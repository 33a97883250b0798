//! Walks an account's chain from its newest record to its first, and says where it does not hold.

use chrono::{DateTime, Utc};

use super::contract::StoreError;
use super::vault::{Ask, Opening, Vault};
use crate::crypto::Token;
use crate::domain::{RecordId, Seq};

/// A chain that does not hold.
#[derive(Debug, thiserror::Error)]
pub enum ChainFault {
    /// There is no such account.
    #[error("there is no such account")]
    NoAccount,
    /// A record that another names is not there.
    #[error("record {0} is missing")]
    Missing(RecordId),
    /// A record is not the one that was linked.
    #[error("record {0} was changed")]
    Changed(RecordId),
    /// A record stands in another place than its number says.
    #[error("record {0} is out of place")]
    OutOfPlace(RecordId),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Vault {
    /// Verifies an account's chain; returns how many records it has.
    pub async fn verify_chain(&self, account: Token, now: DateTime<Utc>) -> Result<Seq, ChainFault> {
        let (lines, charges, windows) = (Vec::new(), Vec::new(), Vec::new());
        let ask = Ask { account, lines, permit: None, reserve: None, charges, windows, now, at_least: None };
        let Opening::Open(open) = self.open(ask).await? else { return Err(ChainFault::NoAccount) };
        let head = open.account().ok_or(ChainFault::NoAccount)?.chain;
        let (mut next, mut hash, mut seq) = (head.last, head.hash, head.seq);
        while let Some(id) = next {
            let kept =
                self.record(id).await?.filter(|kept| kept.account() == account).ok_or(ChainFault::Missing(id))?;
            let record = kept.record();
            if record.seq != seq {
                return Err(ChainFault::OutOfPlace(id));
            }
            if kept.hash() != hash {
                return Err(ChainFault::Changed(id));
            }
            (next, hash, seq) = (record.previous, record.previous_hash, seq.saturating_sub(1));
        }
        if seq == 0 && hash == [0; 32] { Ok(head.seq) } else { Err(ChainFault::NoAccount) }
    }
}
