//! What of what happened is told to customers, and whether always.

use crate::audit::{AnswerWindow, Decided, Event, Record, RecoveryStep, SeparationStep};
use crate::domain::{Checks, DocumentCheck, LockHolder, LockStepKind, Mode, OutcomeKind, Reason, Recorded, Standing};

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal;)+) => {
        /// What a notice tells of. The names are published, for ever.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum NoticeKind {
            $($(#[$doc])* $kind,)+
        }

        impl NoticeKind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$kind),+];

            /// The stable name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$kind => $name),+ }
            }
        }
    };
}

kinds! {
    /// Somebody asks for a change, and must prove more.
    Challenged = "CHALLENGED";
    /// A change was approved.
    Approved = "APPROVED";
    /// A lock stopped a change.
    Locked = "LOCKED";
    /// A lock is on.
    LockOn = "LOCK_ON";
    /// A lock is off, for a while.
    LockOff = "LOCK_OFF";
    /// A transfer PIN was taken back.
    TransferPinRevoked = "TRANSFER_PIN_REVOKED";
    /// A PIN or password was reset elsewhere.
    CredentialReset = "CREDENTIAL_RESET";
    /// A contact was changed elsewhere.
    ContactChanged = "CONTACT_CHANGED";
    /// The line is on another SIM.
    SimActivated = "SIM_ACTIVATED";
    /// Calls go elsewhere.
    ForwardingSet = "FORWARDING_SET";
    /// Many log-ins failed.
    LogInsFailed = "LOG_INS_FAILED";
    /// A store was shown an identity document to have something changed.
    IdShown = "ID_SHOWN";
    /// A new device waits to be known.
    DeviceWaits = "DEVICE_WAITS";
    /// A new device was removed.
    DeviceRemoved = "DEVICE_REMOVED";
    /// A SIM change is reported as somebody else's.
    SwapReported = "SWAP_REPORTED";
    /// Lines can be separated from an account, or no longer can.
    Separation = "SEPARATION";
}

/// Something that is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Matter {
    /// What.
    pub(super) kind: NoticeKind,
    /// Whether each one is told. Of the others a few are, where many come: a flood hides nothing (E17).
    pub(super) always: bool,
}

impl Matter {
    const fn always(kind: NoticeKind) -> Self {
        Self { kind, always: true }
    }

    const fn seldom(kind: NoticeKind) -> Self {
        Self { kind, always: false }
    }

    /// What is told of a record; nothing of most.
    ///
    /// INVARIANT (approvals-are-told): an approval, a lock that went off and a changed credential or contact are told each time,
    /// however many there are.
    pub(super) fn of(record: &Record) -> Option<Self> {
        Some(match &record.event {
            Event::Decided(decided) => return Self::of_decision(decided),
            Event::LockSet { holder: LockHolder::Carrier, .. } => Self::always(NoticeKind::LockOn),
            Event::LockSet { holder: LockHolder::Customer, .. } | Event::ReleaseCancelled { .. } => {
                Self::seldom(NoticeKind::LockOn)
            }
            Event::LockStepped { step, .. } => match step.kind {
                LockStepKind::ReleaseTookEffect => Self::always(NoticeKind::LockOff),
                LockStepKind::Relocked => Self::seldom(NoticeKind::LockOn),
            },
            Event::TransferPinRevoked { .. } => Self::always(NoticeKind::TransferPinRevoked),
            Event::DeviceWaits { .. } => Self::always(NoticeKind::DeviceWaits),
            Event::DeviceRemoved { .. } => Self::always(NoticeKind::DeviceRemoved),
            Event::LogInsFailed { .. } => Self::seldom(NoticeKind::LogInsFailed),
            Event::SeparationChanged(SeparationStep::Agreed { .. } | SeparationStep::Ended) => {
                Self::always(NoticeKind::Separation)
            }
            Event::RecoveryChanged(step) => match step.as_ref() {
                RecoveryStep::Reported { .. } => Self::always(NoticeKind::SwapReported),
                RecoveryStep::Proposed { .. } => return None,
            },
            Event::Told(told) => return Self::of_event(&told.what),
            // Any no ends it.
            Event::EvidenceGiven { checks: Checks { document: DocumentCheck::Seconded, .. }, .. } => {
                Self::always(NoticeKind::IdShown)
            }
            Event::PermitRedeemed { .. }
            | Event::DecisionWithdrawn { .. }
            | Event::EvidenceGiven { .. }
            | Event::ChallengeDeclined { .. }
            | Event::ActivityDisputed { .. }
            | Event::CodeSent { .. }
            | Event::OutcomeReported { .. }
            | Event::Read { .. }
            | Event::AccountCreated { .. }
            | Event::AccountChanged { .. }
            | Event::LineAdded
            | Event::LineEnded { .. }
            | Event::SeparationChanged(SeparationStep::Proposed { .. }) => return None,
            // Of no customer's account.
            Event::RecordsRead { .. }
            | Event::CheckpointMade { .. }
            | Event::ExportAsked { .. }
            | Event::ExportApproved { .. }
            | Event::ExportBegun { .. }
            | Event::ExportDone { .. }
            | Event::SegmentArchived(_)
            | Event::SegmentDeleted(_)
            | Event::Alerted { .. }
            | Event::HoldChanged { .. }
            | Event::IncidentChanged { .. }
            | Event::PolicyChanged(_) => return None,
        })
    }

    fn of_decision(decided: &Decided) -> Option<Self> {
        let Decided { mode: Mode::Enforce, standing: Standing::Known, outcome, reasons, window, made, .. } = decided
        else {
            return None;
        };
        let is_granted = matches!(window, AnswerWindow::Permit { .. }) || made.is_some();
        Some(match outcome {
            // A line of a batch that as a whole is not approved.
            OutcomeKind::Approve if !is_granted => return None,
            OutcomeKind::Approve => Self::always(NoticeKind::Approved),
            OutcomeKind::Challenge => Self::seldom(NoticeKind::Challenged),
            OutcomeKind::Deny if reasons.iter().any(|given| given.reason == Reason::LockOn) => {
                Self::seldom(NoticeKind::Locked)
            }
            OutcomeKind::Deny => return None,
        })
    }

    const fn of_event(what: &Recorded) -> Option<Self> {
        Some(match what {
            Recorded::CredentialReset { .. } => Self::always(NoticeKind::CredentialReset),
            Recorded::ContactChanged { .. } => Self::always(NoticeKind::ContactChanged),
            Recorded::SimActivated { .. } => Self::always(NoticeKind::SimActivated),
            Recorded::ForwardingSet { .. } => Self::always(NoticeKind::ForwardingSet),
            Recorded::DeviceProven { .. }
            | Recorded::ThirdPartyPayment
            | Recorded::AccountRead { .. }
            | Recorded::NumberReassigned
            | Recorded::FraudReported { .. } => return None,
        })
    }
}
