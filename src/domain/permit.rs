//! Permits: what an approval grants, and the one use of it.

use chrono::{DateTime, Utc};

use super::protection::Seq;
use super::{Action, ChangeDigest, Channel, LineId, Place, Subject, TransferPinId};

/// What an approval granted, kept beside the account until long after it ended.
///
/// INVARIANT (permit-once): bound to line, action, exact change, caller and policy revision; redeemed at most once, inside its
/// window, and only while locks and flags still allow it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permit {
    /// The line.
    pub line: LineId,
    /// The action.
    pub action: Action,
    /// The exact change.
    pub change: ChangeDigest,
    /// Who may redeem it: the one who asked.
    pub caller: Subject,
    /// The channel it was asked through.
    pub via: Channel,
    /// The policy that granted it.
    pub policy: PolicyRevision,
    /// From this instant on.
    pub not_before: DateTime<Utc>,
    /// Until just before this instant.
    pub expires_at: DateTime<Utc>,
    /// The account's sequence at the grant, compared with the epochs of its locks.
    pub granted_seq: Seq,
    /// The transfer PIN that was the proof, which redemption uses up.
    pub transfer_pin: Option<TransferPinId>,
    /// Where it was asked, as far as it can be held: a hold on any of it binds the permit.
    pub place: Place,
    /// Whether the line or account carried a flag at the grant.
    pub flagged: bool,
    /// Where it stands.
    pub state: PermitState,
}

/// Where a permit stands. Time and epochs end an open one without touching it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PermitState {
    /// Not used yet.
    Open,
    /// Used.
    Redeemed {
        /// When.
        at: DateTime<Utc>,
        /// The record of it.
        redemption: super::RecordId,
    },
    /// Given back by the asker.
    Withdrawn {
        /// When.
        at: DateTime<Utc>,
    },
}

/// The digest of a policy's canonical bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PolicyRevision(pub [u8; 32]);

impl std::fmt::Display for PolicyRevision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::fmt::Debug for PolicyRevision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PolicyRevision({self})")
    }
}
