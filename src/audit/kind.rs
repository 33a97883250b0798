//! What kinds of event there are, for those who look for some of them.

use super::event::Event;

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $number:literal, $name:literal;)+) => {
        /// The kind of an event. The numbers are stored, and the names published, for ever.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum EventKind {
            $($(#[$doc])* $kind = $number,)+
        }

        impl EventKind {
            /// All of them, in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$kind),+];

            /// The stable name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$kind => $name),+ }
            }

            /// The kind of that number.
            pub const fn from_number(number: u8) -> Option<Self> {
                match number { $($number => Some(Self::$kind),)+ _ => None }
            }
        }
    };
}

kinds! {
    /// A request was decided.
    Decided = 1, "DECIDED";
    /// A lock was turned on.
    LockSet = 2, "LOCK_SET";
    /// A release was cancelled.
    ReleaseCancelled = 3, "RELEASE_CANCELLED";
    /// Time moved a lock.
    LockStepped = 4, "LOCK_STEPPED";
    /// A permit was used.
    PermitRedeemed = 5, "PERMIT_REDEEMED";
    /// A decision was given back.
    DecisionWithdrawn = 6, "DECISION_WITHDRAWN";
    /// What became of a change.
    OutcomeReported = 7, "OUTCOME_REPORTED";
    /// A transfer PIN was taken back.
    TransferPinRevoked = 8, "TRANSFER_PIN_REVOKED";
    /// Somebody looked at an account.
    Read = 9, "READ";
    /// An account was created.
    AccountCreated = 10, "ACCOUNT_CREATED";
    /// An account was changed by provisioning.
    AccountChanged = 11, "ACCOUNT_CHANGED";
    /// A line came.
    LineAdded = 12, "LINE_ADDED";
    /// A line left.
    LineEnded = 13, "LINE_ENDED";
    /// Somebody read records of many accounts.
    RecordsRead = 14, "RECORDS_READ";
    /// A checkpoint was made.
    CheckpointMade = 15, "CHECKPOINT_MADE";
    /// An export was asked for.
    ExportAsked = 16, "EXPORT_ASKED";
    /// An export was approved.
    ExportApproved = 17, "EXPORT_APPROVED";
    /// An export was handed over whole.
    ExportDone = 18, "EXPORT_DONE";
    /// An operator must look.
    Alerted = 19, "ALERTED";
    /// Records left the store for a segment.
    SegmentArchived = 21, "SEGMENT_ARCHIVED";
    /// A segment was deleted.
    SegmentDeleted = 22, "SEGMENT_DELETED";
    /// An export was begun to be handed over.
    ExportBegun = 23, "EXPORT_BEGUN";
    /// A hold was placed, or is being lifted.
    HoldChanged = 24, "HOLD_CHANGED";
    /// An incident was opened, or is being ended.
    IncidentChanged = 25, "INCIDENT_CHANGED";
    /// The policy changed, or is to.
    PolicyChanged = 26, "POLICY_CHANGED";
    /// Proof was given for a challenge.
    EvidenceGiven = 27, "EVIDENCE_GIVEN";
    /// The customer said no.
    ChallengeDeclined = 28, "CHALLENGE_DECLINED";
    /// A code was sent for a challenge.
    CodeSent = 29, "CODE_SENT";
    /// An outside source told what happened.
    EventRecorded = 30, "EVENT_RECORDED";
    /// Many log-ins failed.
    LogInsFailed = 31, "LOG_INS_FAILED";
    /// Lines are being separated from an account, or were.
    SeparationChanged = 32, "SEPARATION_CHANGED";
    /// The customer said that something was not them.
    ActivityDisputed = 33, "ACTIVITY_DISPUTED";
    /// A new device waits to be known.
    DeviceWaits = 34, "DEVICE_WAITS";
    /// A new device was removed.
    DeviceRemoved = 35, "DEVICE_REMOVED";
    /// A SIM change is said to be somebody else's.
    RecoveryChanged = 36, "RECOVERY_CHANGED";
}

impl Event {
    /// Its kind.
    pub const fn kind(&self) -> EventKind {
        match self {
            Self::Decided(_) => EventKind::Decided,
            Self::LockSet { .. } => EventKind::LockSet,
            Self::ReleaseCancelled { .. } => EventKind::ReleaseCancelled,
            Self::LockStepped { .. } => EventKind::LockStepped,
            Self::PermitRedeemed { .. } => EventKind::PermitRedeemed,
            Self::DecisionWithdrawn { .. } => EventKind::DecisionWithdrawn,
            Self::EvidenceGiven { .. } => EventKind::EvidenceGiven,
            Self::ChallengeDeclined { .. } => EventKind::ChallengeDeclined,
            Self::CodeSent { .. } => EventKind::CodeSent,
            Self::ActivityDisputed { .. } => EventKind::ActivityDisputed,
            Self::DeviceWaits { .. } => EventKind::DeviceWaits,
            Self::DeviceRemoved { .. } => EventKind::DeviceRemoved,
            Self::OutcomeReported { .. } => EventKind::OutcomeReported,
            Self::TransferPinRevoked { .. } => EventKind::TransferPinRevoked,
            Self::Read { .. } => EventKind::Read,
            Self::RecordsRead { .. } => EventKind::RecordsRead,
            Self::CheckpointMade { .. } => EventKind::CheckpointMade,
            Self::ExportAsked { .. } => EventKind::ExportAsked,
            Self::ExportApproved { .. } => EventKind::ExportApproved,
            Self::ExportBegun { .. } => EventKind::ExportBegun,
            Self::ExportDone { .. } => EventKind::ExportDone,
            Self::Alerted { .. } => EventKind::Alerted,
            Self::SegmentArchived(_) => EventKind::SegmentArchived,
            Self::SegmentDeleted(_) => EventKind::SegmentDeleted,
            Self::HoldChanged { .. } => EventKind::HoldChanged,
            Self::IncidentChanged { .. } => EventKind::IncidentChanged,
            Self::PolicyChanged(_) => EventKind::PolicyChanged,
            Self::AccountCreated { .. } => EventKind::AccountCreated,
            Self::AccountChanged { .. } => EventKind::AccountChanged,
            Self::LineAdded => EventKind::LineAdded,
            Self::LineEnded { .. } => EventKind::LineEnded,
            Self::Told(_) => EventKind::EventRecorded,
            Self::LogInsFailed { .. } => EventKind::LogInsFailed,
            Self::SeparationChanged(_) => EventKind::SeparationChanged,
            Self::RecoveryChanged(_) => EventKind::RecoveryChanged,
        }
    }
}
