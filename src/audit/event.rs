//! What can happen to an account, or to the engine itself.

use chrono::{DateTime, Utc};

use super::decided::Decided;
use super::filter::RecordFilter;
use crate::domain::{
    AccountId, Annulled, Checks, Cohort, ContactId, DeviceId, Factor, HoldCause, HoldTarget, LineId, LockHolder,
    LockName, LockSet, LockStep, Place, PolicyRevision, RecordId, Recorded, Reference, ReleaseId, RequestId, StepScope,
    TransferPinId,
};

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A request was decided.
    Decided(Box<Decided>),
    /// A lock was turned on.
    LockSet {
        /// Whose.
        scope: StepScope,
        /// Which actions.
        set: LockSet,
        /// By whom held.
        holder: LockHolder,
        /// The carrier's reason.
        reason: Option<Reference>,
    },
    /// A release was cancelled: the lock is on as before.
    ReleaseCancelled {
        /// Whose lock.
        scope: StepScope,
        /// Which lock.
        name: LockName,
        /// Which release.
        release: ReleaseId,
    },
    /// Time moved a lock.
    LockStepped {
        /// Whose lock.
        scope: StepScope,
        /// Which lock.
        name: LockName,
        /// How.
        step: LockStep,
    },
    /// A permit was used: the change may be carried out.
    PermitRedeemed {
        /// The decision that granted it.
        decision: RecordId,
    },
    /// A decision was given back by its asker.
    DecisionWithdrawn {
        /// Which.
        decision: RecordId,
        /// Why, in the asker's words.
        cause: Option<Reference>,
    },
    /// Proof was given for a challenge.
    EvidenceGiven {
        /// Which.
        challenge: RecordId,
        /// What looking at it found.
        checks: Checks,
        /// The device whose key signed, where one did.
        device: Option<DeviceId>,
        /// What of it counts from here on.
        kept: Vec<Factor>,
        /// Where it was given.
        place: Place,
    },
    /// The customer said no to a challenge, or to an approval that was not carried out yet.
    ChallengeDeclined {
        /// Which.
        decision: RecordId,
        /// Whether they said that it was not them who asked.
        not_me: bool,
    },
    /// The customer said that something on their account was not them.
    ActivityDisputed {
        /// The record of it.
        activity: RecordId,
    },
    /// A new device waits to be known: its account's people are told again.
    DeviceWaits {
        /// Which.
        device: DeviceId,
    },
    /// A new device was removed: somebody said that it was not theirs.
    DeviceRemoved {
        /// Which.
        device: DeviceId,
    },
    /// A code was sent for a challenge.
    CodeSent {
        /// Which.
        challenge: RecordId,
        /// To which contact; none where there was none to send it to.
        contact: Option<ContactId>,
        /// The how many-eth of that challenge it was.
        sendings: u8,
        /// Until when it is good.
        expires_at: DateTime<Utc>,
    },
    /// What became of a decided change.
    OutcomeReported {
        /// Which decision.
        decision: RecordId,
        /// What.
        outcome: ReportedOutcome,
        /// When it became so.
        occurred_at: Option<DateTime<Utc>>,
        /// In the reporter's words.
        note: Option<Reference>,
    },
    /// A transfer PIN was taken back.
    TransferPinRevoked {
        /// Which.
        id: TransferPinId,
    },
    /// Somebody who is not the account's own customer looked at it.
    Read {
        /// At what of it.
        of: ReadOf,
    },
    /// Somebody read records of many accounts, or began to follow or to verify them. Stands in the engine's own account.
    RecordsRead {
        /// In which way.
        how: AuditStep,
        /// Which records.
        filter: Box<RecordFilter>,
    },
    /// A checkpoint of all chains was made. Stands in the engine's own account.
    CheckpointMade {
        /// How many accounts are in it.
        accounts: u64,
        /// The digest of all that it says.
        digest: [u8; 32],
    },
    /// An export of many records was asked for; it waits for a second person. Stands in the engine's own account.
    ExportAsked {
        /// Which records.
        filter: Box<RecordFilter>,
    },
    /// A second person approved an export.
    ExportApproved {
        /// The record of the ask.
        export: RecordId,
    },
    /// Who asked for an approved export began to fetch it: from here on, all of it may have left.
    ExportBegun {
        /// The record of the ask.
        export: RecordId,
    },
    /// An approved export was handed over whole.
    ExportDone {
        /// The record of the ask.
        export: RecordId,
        /// How many records left.
        records: u64,
        /// The digest of what left.
        digest: [u8; 32],
    },
    /// A segment's records are kept in the archive, and leave the store from here on. Stands in the engine's own account.
    SegmentArchived(SegmentTrace),
    /// A segment's time is over: it is deleted. Stands in the engine's own account.
    SegmentDeleted(SegmentTrace),
    /// Something that an operator must look at: a token over a connection that is not its holder's. Stands in the engine's
    /// own account.
    Alerted {
        /// The stable name of what was refused.
        reason: Reference,
    },
    /// A hold was placed, or is being lifted. Stands in the engine's own account.
    HoldChanged {
        /// Who or what is held.
        target: HoldTarget,
        /// What happened.
        step: HoldStep,
        /// Why.
        reason: Reference,
    },
    /// An incident was opened, or is being ended. Stands in the engine's own account.
    IncidentChanged {
        /// Which: the record of its opening.
        incident: RecordId,
        /// What happened.
        step: IncidentStep,
        /// Why.
        reason: Reference,
    },
    /// The policy changed, or somebody wants it to. Stands in the engine's own account.
    PolicyChanged(PolicyChange),
    /// The account was created.
    AccountCreated {
        /// With how many lines.
        lines: u64,
    },
    /// The account was changed by provisioning, in ways that lower no protection.
    AccountChanged {
        /// Which fields.
        fields: Vec<String>,
    },
    /// A line came to the account.
    LineAdded,
    /// A line left the account or ended.
    LineEnded {
        /// The account it went to, if it went to one.
        to: Option<AccountId>,
    },
    /// An outside source told what happened.
    Told(Box<ToldEvent>),
    /// So many log-ins failed within a day that it is on record.
    LogInsFailed {
        /// How many.
        count: u32,
    },
    /// A line's SIM change is said to be somebody else's: by its owner, or by the fraud desk.
    RecoveryChanged(Box<RecoveryStep>),
    /// Lines are being separated from an account without its owner, or were. Stands on the account that they are separated to.
    SeparationChanged(SeparationStep),
}

/// What is said of a disputed SIM change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecoveryStep {
    /// One person of the fraud desk says that it was somebody else's. Nothing has changed.
    Proposed {
        /// When the line was taken off its SIM.
        disputed_at: DateTime<Utc>,
        /// Why they say so.
        reason: Reference,
    },
    /// Its owner said so, with strong proof, or a second person of the desk: the line is barred, and what was set since is undone.
    Reported {
        /// When the line was taken off its SIM.
        disputed_at: DateTime<Utc>,
        /// Until when the line may go back.
        until: DateTime<Utc>,
        /// What was undone.
        annulled: Annulled,
        /// Why the desk says so.
        reason: Option<Reference>,
    },
}

/// What happened to a separation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SeparationStep {
    /// One person proposed it.
    Proposed {
        /// The account that the lines are on.
        from: AccountId,
        /// Which lines.
        lines: Vec<LineId>,
    },
    /// A second one agreed: its reference is good.
    Agreed {
        /// Until just before this instant.
        expires_at: DateTime<Utc>,
    },
    /// It was ended: its reference opens nothing any more.
    Ended,
}

/// What happened to a hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HoldStep {
    /// It was placed.
    Placed(HoldCause),
    /// One person wants it lifted.
    LiftAsked,
    /// A second one agreed: it is lifted.
    Lifted,
}

/// A change of the policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyChange {
    /// Which policy decides, or is to.
    pub revision: PolicyRevision,
    /// Which one decided before; none before the first.
    pub previous: Option<PolicyRevision>,
    /// What happened.
    pub step: PolicyStep,
    /// Whether it decided once before, and somebody said that it may again.
    pub goes_back: bool,
    /// Why; a file says no reason.
    pub reason: Option<Reference>,
}

/// What happened to a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum PolicyStep {
    /// It decides, with no second person: the settings' file says it, or this program reads more in a text that two people put
    /// in force than the one before it did.
    File = 1,
    /// One person wants it.
    Staged = 2,
    /// It decides: a second person agreed.
    Activated = 3,
}

/// What happened to an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IncidentStep {
    /// It was opened.
    Opened {
        /// Whose secrets.
        cohort: Cohort,
        /// Secrets set at this instant or before are stale.
        cut_off: DateTime<Utc>,
    },
    /// One person wants it ended.
    EndAsked,
    /// A second one agreed: it is ended.
    Ended,
}

/// What an outside source told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldEvent {
    /// The source's own name of it.
    pub event: RequestId,
    /// When it happened, as the source has it. The record's own instant is when it was told.
    pub occurred_at: DateTime<Utc>,
    /// What happened.
    pub what: Recorded,
}

/// Which segment of the archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentTrace {
    /// Its journal.
    pub journal: u16,
    /// The place of its first record.
    pub first: u64,
    /// The place of its last record.
    pub last: u64,
    /// How many records.
    pub records: u32,
    /// The digest of its manifest.
    pub digest: [u8; 32],
}

/// What of an account was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ReadOf {
    /// Its locks.
    Protection = 1,
    /// Whether and since when its credentials are set.
    Credentials = 2,
    /// What happened on it.
    Activity = 3,
    /// The account itself: persons, contacts, lines.
    Account = 4,
    /// A decision that somebody else asked for.
    Decision = 5,
    /// Its records as they are kept.
    Records = 6,
}

/// A way to read records of many accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum AuditStep {
    /// A page of them.
    Listed = 1,
    /// As they come.
    Watched = 2,
    /// All, to verify their chains.
    Verified = 3,
}

/// What the asker says became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ReportedOutcome {
    /// It was carried out.
    Executed = 1,
    /// It failed.
    Failed = 2,
    /// It was given up.
    Abandoned = 3,
    /// It was fraud.
    Fraud = 4,
    /// It was genuine.
    Genuine = 5,
}
