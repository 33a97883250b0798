//! Where a chain does not hold.

use crate::crypto::Token;
use crate::domain::{AccountId, RecordId, Seq};

/// What is wrong. The names are published for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaultKind {
    /// The account's head cannot be read: it was changed, or sealed by another key.
    HeadUnreadable,
    /// A record cannot be read: it was changed, or sealed by another key.
    RecordUnreadable,
    /// A record is not the one that the next one, or the head, was linked to.
    RecordChanged,
    /// Records between two others are not there.
    RecordMissing,
    /// A record stands where its number does not belong: it was copied, or moved.
    RecordOutOfPlace,
    /// The newest records, which the head names, are not there.
    TailMissing,
    /// The head is older than the newest records: it was put back.
    HeadBehind,
    /// There are records of an account that is not there.
    AccountMissing,
    /// The chain has not, or no longer, what a checkpoint says that it had.
    CheckpointUnmet,
    /// An account of a checkpoint is not there.
    CheckpointAccountMissing,
    /// The checkpoint is not what was signed, or not signed by this engine.
    CheckpointForged,
}

impl FaultKind {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::HeadUnreadable => "HEAD_UNREADABLE",
            Self::RecordUnreadable => "RECORD_UNREADABLE",
            Self::RecordChanged => "RECORD_CHANGED",
            Self::RecordMissing => "RECORD_MISSING",
            Self::RecordOutOfPlace => "RECORD_OUT_OF_PLACE",
            Self::TailMissing => "TAIL_MISSING",
            Self::HeadBehind => "HEAD_BEHIND",
            Self::AccountMissing => "ACCOUNT_MISSING",
            Self::CheckpointUnmet => "CHECKPOINT_UNMET",
            Self::CheckpointAccountMissing => "CHECKPOINT_ACCOUNT_MISSING",
            Self::CheckpointForged => "CHECKPOINT_FORGED",
        }
    }
}

/// A place where a chain does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub kind: FaultKind,
    /// The account, by its token; none where it is the checkpoint's own.
    pub account: Option<Token>,
    /// The account's name, where its head can be read.
    pub account_id: Option<AccountId>,
    /// The record, where it has a name.
    pub record: Option<RecordId>,
    /// The place in the chain.
    pub seq: Option<Seq>,
}
