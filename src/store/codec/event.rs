//! What a record says happened.

use prost::{Message, Oneof};

use super::CodecError;
use super::checks::StoredChecks;
use super::code_sent::StoredCodeSent;
use super::decided::StoredDecided;
use super::event_from_outside::StoredTold;
use super::event_of_documents::{StoredHoldChange, StoredIncidentChange};
use super::event_of_engine::{StoredCheckpoint, StoredExport, StoredFilter, StoredRecordsRead, StoredSegment};
use super::field::{
    id, instant, millis, nested, number_of, numbered, of_number, optional_instant, optional_text, required, text,
};
use super::place::{StoredPlace, place as read_place, stored as stored_place};
use super::policy_shelf::StoredPolicyChange;
use super::recovery::StoredRecoveryChange;
use super::separation::StoredSeparationChange;
use crate::audit::Event;
use crate::domain::{
    AccountId, Checks, DeviceId, Factor, LockName, LockStep, Place, RecordId, ReleaseId, StepScope, TransferPinId,
};

/// An event. Its tags continue those of the record that has it.
#[derive(Oneof)]
#[prost(skip_debug)]
pub(super) enum StoredEvent {
    #[prost(message, tag = "10")]
    Decided(Box<StoredDecided>),
    #[prost(message, tag = "11")]
    LockSet(StoredLockSet),
    #[prost(message, tag = "12")]
    ReleaseCancelled(StoredCancel),
    #[prost(message, tag = "13")]
    LockStepped(StoredStep),
    #[prost(bytes = "vec", tag = "14")]
    PermitRedeemed(Vec<u8>),
    #[prost(message, tag = "15")]
    DecisionWithdrawn(StoredWithdrawal),
    #[prost(message, tag = "16")]
    OutcomeReported(StoredReport),
    #[prost(bytes = "vec", tag = "17")]
    TransferPinRevoked(Vec<u8>),
    #[prost(uint64, tag = "18")]
    AccountCreated(u64),
    #[prost(message, tag = "19")]
    AccountChanged(StoredFields),
    #[prost(message, tag = "20")]
    LineAdded(()),
    #[prost(message, tag = "21")]
    LineEnded(StoredEnd),
    #[prost(uint32, tag = "22")]
    Read(u32),
    #[prost(message, tag = "23")]
    RecordsRead(StoredRecordsRead),
    #[prost(message, tag = "24")]
    CheckpointMade(StoredCheckpoint),
    #[prost(message, tag = "25")]
    ExportAsked(StoredFilter),
    #[prost(bytes = "vec", tag = "26")]
    ExportApproved(Vec<u8>),
    #[prost(message, tag = "27")]
    ExportDone(StoredExport),
    #[prost(string, tag = "28")]
    Alerted(String),
    #[prost(message, tag = "29")]
    SegmentArchived(StoredSegment),
    #[prost(message, tag = "30")]
    SegmentDeleted(StoredSegment),
    #[prost(bytes = "vec", tag = "31")]
    ExportBegun(Vec<u8>),
    #[prost(message, tag = "32")]
    HoldChanged(StoredHoldChange),
    #[prost(message, tag = "33")]
    IncidentChanged(StoredIncidentChange),
    #[prost(message, tag = "34")]
    PolicyChanged(StoredPolicyChange),
    #[prost(message, tag = "35")]
    EvidenceGiven(StoredGiven),
    #[prost(message, tag = "36")]
    ChallengeDeclined(StoredDecline),
    #[prost(message, tag = "37")]
    CodeSent(StoredCodeSent),
    #[prost(message, tag = "38")]
    SeparationChanged(StoredSeparationChange),
    #[prost(bytes = "vec", tag = "39")]
    ActivityDisputed(Vec<u8>),
    #[prost(message, tag = "40")]
    Told(Box<StoredTold>),
    #[prost(uint32, tag = "41")]
    LogInsFailed(u32),
    #[prost(string, tag = "42")]
    DeviceWaits(String),
    #[prost(string, tag = "43")]
    DeviceRemoved(String),
    #[prost(message, tag = "44")]
    RecoveryChanged(StoredRecoveryChange),
}

#[derive(Message)]
#[prost(skip_debug)]
pub(super) struct StoredLockSet {
    #[prost(uint32, optional, tag = "1")]
    scope: Option<u32>,
    #[prost(uint32, optional, tag = "2")]
    set: Option<u32>,
    #[prost(uint32, optional, tag = "3")]
    holder: Option<u32>,
    #[prost(string, optional, tag = "4")]
    reason: Option<String>,
}

#[derive(Message)]
#[prost(skip_debug)]
pub(super) struct StoredCancel {
    #[prost(uint32, optional, tag = "1")]
    scope: Option<u32>,
    #[prost(uint32, optional, tag = "2")]
    set: Option<u32>,
    #[prost(uint32, optional, tag = "3")]
    holder: Option<u32>,
    #[prost(bytes = "vec", optional, tag = "4")]
    release: Option<Vec<u8>>,
}

#[derive(Message)]
#[prost(skip_debug)]
pub(super) struct StoredStep {
    #[prost(uint32, optional, tag = "1")]
    scope: Option<u32>,
    #[prost(uint32, optional, tag = "2")]
    set: Option<u32>,
    #[prost(uint32, optional, tag = "3")]
    holder: Option<u32>,
    #[prost(sint64, optional, tag = "4")]
    at: Option<i64>,
    #[prost(uint32, optional, tag = "5")]
    kind: Option<u32>,
    #[prost(bytes = "vec", optional, tag = "6")]
    release: Option<Vec<u8>>,
}

#[derive(Message)]
#[prost(skip_debug)]
pub(super) struct StoredWithdrawal {
    #[prost(bytes = "vec", optional, tag = "1")]
    decision: Option<Vec<u8>>,
    #[prost(string, optional, tag = "2")]
    cause: Option<String>,
}

#[derive(Message)]
#[prost(skip_debug)]
pub(super) struct StoredGiven {
    #[prost(bytes = "vec", optional, tag = "1")]
    challenge: Option<Vec<u8>>,
    #[prost(message, optional, tag = "2")]
    checks: Option<StoredChecks>,
    #[prost(string, optional, tag = "3")]
    device: Option<String>,
    #[prost(uint32, repeated, tag = "4")]
    kept: Vec<u32>,
    #[prost(message, optional, tag = "5")]
    place: Option<StoredPlace>,
}

#[derive(Message)]
#[prost(skip_debug)]
pub(super) struct StoredDecline {
    #[prost(bytes = "vec", optional, tag = "1")]
    decision: Option<Vec<u8>>,
    #[prost(bool, optional, tag = "2")]
    not_me: Option<bool>,
}

#[derive(Message)]
#[prost(skip_debug)]
pub(super) struct StoredReport {
    #[prost(bytes = "vec", optional, tag = "1")]
    decision: Option<Vec<u8>>,
    #[prost(uint32, optional, tag = "2")]
    outcome: Option<u32>,
    #[prost(sint64, optional, tag = "3")]
    occurred_at: Option<i64>,
    #[prost(string, optional, tag = "4")]
    note: Option<String>,
}

#[derive(Message)]
#[prost(skip_debug)]
pub(super) struct StoredFields {
    #[prost(string, repeated, tag = "1")]
    fields: Vec<String>,
}

#[derive(Message)]
#[prost(skip_debug)]
pub(super) struct StoredEnd {
    #[prost(string, optional, tag = "1")]
    to: Option<String>,
}

impl StoredGiven {
    fn new(
        challenge: RecordId,
        checks: &Checks,
        (device, kept, place): (Option<&DeviceId>, &[Factor], &Place),
    ) -> Self {
        Self {
            challenge: Some(challenge.to_bytes().to_vec()),
            checks: Some(checks.into()),
            device: device.map(|device| device.as_str().to_owned()),
            kept: kept.iter().map(|factor| number_of(*factor)).collect(),
            place: stored_place(place),
        }
    }
}

impl StoredCancel {
    fn new(scope: StepScope, (set, holder): LockName, release: ReleaseId) -> Self {
        Self {
            scope: Some(number_of(scope)),
            set: Some(number_of(set)),
            holder: Some(number_of(holder)),
            release: Some(release.to_bytes().to_vec()),
        }
    }
}

impl StoredStep {
    fn new(scope: StepScope, (set, holder): LockName, step: &LockStep) -> Self {
        let LockStep { at, kind, release } = step;
        Self {
            scope: Some(number_of(scope)),
            set: Some(number_of(set)),
            holder: Some(number_of(holder)),
            at: Some(millis(*at)),
            kind: Some(number_of(*kind)),
            release: Some(release.to_bytes().to_vec()),
        }
    }
}

impl From<Option<&AccountId>> for StoredEnd {
    fn from(to: Option<&AccountId>) -> Self {
        Self { to: to.map(|account| account.as_str().to_owned()) }
    }
}

impl From<&Event> for StoredEvent {
    fn from(event: &Event) -> Self {
        match event {
            Event::Decided(decided) => Self::Decided(Box::new(decided.as_ref().into())),
            Event::LockSet { scope, set, holder, reason } => Self::LockSet(StoredLockSet {
                scope: Some(number_of(*scope)),
                set: Some(number_of(*set)),
                holder: Some(number_of(*holder)),
                reason: reason.as_ref().map(|reason| reason.as_str().to_owned()),
            }),
            Event::ReleaseCancelled { scope, name, release } => {
                Self::ReleaseCancelled(StoredCancel::new(*scope, *name, *release))
            }
            Event::LockStepped { scope, name, step } => Self::LockStepped(StoredStep::new(*scope, *name, step)),
            Event::PermitRedeemed { decision } => Self::PermitRedeemed(decision.to_bytes().to_vec()),
            Event::DecisionWithdrawn { decision, cause } => Self::DecisionWithdrawn(StoredWithdrawal {
                decision: Some(decision.to_bytes().to_vec()),
                cause: cause.as_ref().map(|cause| cause.as_str().to_owned()),
            }),
            Event::EvidenceGiven { challenge, checks, device, kept, place } => {
                Self::EvidenceGiven(StoredGiven::new(*challenge, checks, (device.as_ref(), kept, place)))
            }
            Event::ChallengeDeclined { decision, not_me } => Self::ChallengeDeclined(StoredDecline {
                decision: Some(decision.to_bytes().to_vec()),
                not_me: Some(*not_me),
            }),
            Event::CodeSent { challenge, contact, sendings, expires_at } => {
                Self::CodeSent((*challenge, contact.as_ref(), *sendings, *expires_at).into())
            }
            Event::OutcomeReported { decision, outcome, occurred_at, note } => Self::OutcomeReported(StoredReport {
                decision: Some(decision.to_bytes().to_vec()),
                outcome: Some(number_of(*outcome)),
                occurred_at: occurred_at.map(millis),
                note: note.as_ref().map(|note| note.as_str().to_owned()),
            }),
            Event::Read { of } => Self::Read(number_of(*of)),
            Event::RecordsRead { how, filter } => Self::RecordsRead(StoredRecordsRead {
                how: Some(number_of(*how)),
                filter: Some(filter.as_ref().into()),
            }),
            Event::CheckpointMade { accounts, digest } => {
                Self::CheckpointMade(StoredCheckpoint { accounts: Some(*accounts), digest: Some(digest.to_vec()) })
            }
            Event::ExportAsked { filter } => Self::ExportAsked(filter.as_ref().into()),
            Event::ExportApproved { export } => Self::ExportApproved(export.to_bytes().to_vec()),
            Event::ExportBegun { export } => Self::ExportBegun(export.to_bytes().to_vec()),
            Event::ExportDone { export, records, digest } => {
                Self::ExportDone(StoredExport::new(*export, *records, digest))
            }
            Event::Alerted { reason } => Self::Alerted(reason.as_str().to_owned()),
            Event::SegmentArchived(segment) => Self::SegmentArchived(segment.into()),
            Event::SegmentDeleted(segment) => Self::SegmentDeleted(segment.into()),
            Event::HoldChanged { target, step, reason } => Self::HoldChanged((target, step, reason).into()),
            Event::IncidentChanged { incident: id, step, reason } => Self::IncidentChanged((*id, step, reason).into()),
            Event::PolicyChanged(change) => Self::PolicyChanged(change.into()),
            Event::SeparationChanged(step) => Self::SeparationChanged(step.into()),
            Event::RecoveryChanged(step) => Self::RecoveryChanged(step.as_ref().into()),
            Event::ActivityDisputed { activity } => Self::ActivityDisputed(activity.to_bytes().to_vec()),
            Event::TransferPinRevoked { id } => Self::TransferPinRevoked(id.to_bytes().to_vec()),
            Event::AccountCreated { lines } => Self::AccountCreated(*lines),
            Event::AccountChanged { fields } => Self::AccountChanged(StoredFields { fields: fields.clone() }),
            Event::LineAdded => Self::LineAdded(()),
            Event::LineEnded { to } => Self::LineEnded(to.as_ref().into()),
            Event::Told(told) => Self::Told(Box::new(told.as_ref().into())),
            Event::LogInsFailed { count } => Self::LogInsFailed(*count),
            Event::DeviceWaits { device } => Self::DeviceWaits(device.as_str().to_owned()),
            Event::DeviceRemoved { device } => Self::DeviceRemoved(device.as_str().to_owned()),
        }
    }
}

impl TryFrom<StoredEvent> for Event {
    type Error = CodecError;

    fn try_from(stored: StoredEvent) -> Result<Self, CodecError> {
        Ok(match stored {
            StoredEvent::Decided(decided) => Self::Decided(Box::new((*decided).try_into()?)),
            StoredEvent::LockSet(event) => event.try_into()?,
            StoredEvent::ReleaseCancelled(event) => event.try_into()?,
            StoredEvent::LockStepped(event) => event.try_into()?,
            StoredEvent::PermitRedeemed(decision) => {
                Self::PermitRedeemed { decision: id(Some(decision), "redeemed.decision", RecordId::from_u128)? }
            }
            StoredEvent::DecisionWithdrawn(event) => event.try_into()?,
            StoredEvent::EvidenceGiven(event) => event.try_into()?,
            StoredEvent::ChallengeDeclined(event) => event.try_into()?,
            StoredEvent::CodeSent(event) => event.try_into()?,
            StoredEvent::OutcomeReported(event) => event.try_into()?,
            StoredEvent::TransferPinRevoked(name) => {
                Self::TransferPinRevoked { id: id(Some(name), "revoked.id", TransferPinId::from_u128)? }
            }
            StoredEvent::Read(of) => Self::Read { of: numbered(Some(of), "read.of")? },
            StoredEvent::RecordsRead(event) => event.try_into()?,
            StoredEvent::CheckpointMade(event) => event.try_into()?,
            StoredEvent::ExportAsked(filter) => Self::ExportAsked { filter: Box::new(filter.try_into()?) },
            StoredEvent::ExportApproved(ask) => {
                Self::ExportApproved { export: id(Some(ask), "approved.export", RecordId::from_u128)? }
            }
            StoredEvent::ExportBegun(ask) => {
                Self::ExportBegun { export: id(Some(ask), "begun.export", RecordId::from_u128)? }
            }
            StoredEvent::ExportDone(event) => event.try_into()?,
            StoredEvent::SegmentArchived(segment) => Self::SegmentArchived(segment.try_into()?),
            StoredEvent::SegmentDeleted(segment) => Self::SegmentDeleted(segment.try_into()?),
            StoredEvent::HoldChanged(event) => event.try_into()?,
            StoredEvent::PolicyChanged(change) => Self::PolicyChanged(change.try_into()?),
            StoredEvent::SeparationChanged(event) => event.try_into()?,
            StoredEvent::RecoveryChanged(event) => event.try_into()?,
            StoredEvent::ActivityDisputed(activity) => {
                Self::ActivityDisputed { activity: id(Some(activity), "disputed.activity", RecordId::from_u128)? }
            }
            StoredEvent::IncidentChanged(event) => event.try_into()?,
            StoredEvent::Alerted(reason) => Self::Alerted { reason: text(Some(reason), "alerted.reason")? },
            StoredEvent::AccountCreated(lines) => Self::AccountCreated { lines },
            StoredEvent::AccountChanged(StoredFields { fields }) => Self::AccountChanged { fields },
            StoredEvent::LineAdded(()) => Self::LineAdded,
            StoredEvent::LineEnded(StoredEnd { to }) => Self::LineEnded { to: optional_text(to, "ended.to")? },
            StoredEvent::Told(told) => Self::Told(Box::new((*told).try_into()?)),
            StoredEvent::LogInsFailed(count) => Self::LogInsFailed { count },
            StoredEvent::DeviceWaits(device) => Self::DeviceWaits { device: text(Some(device), "waits.device")? },
            StoredEvent::DeviceRemoved(device) => Self::DeviceRemoved { device: text(Some(device), "removed.device")? },
        })
    }
}

impl TryFrom<StoredLockSet> for Event {
    type Error = CodecError;

    fn try_from(stored: StoredLockSet) -> Result<Self, CodecError> {
        let StoredLockSet { scope, set, holder, reason } = stored;
        Ok(Self::LockSet {
            scope: numbered(scope, "lock_set.scope")?,
            set: numbered(set, "lock_set.set")?,
            holder: numbered(holder, "lock_set.holder")?,
            reason: optional_text(reason, "lock_set.reason")?,
        })
    }
}

impl TryFrom<StoredCancel> for Event {
    type Error = CodecError;

    fn try_from(stored: StoredCancel) -> Result<Self, CodecError> {
        let StoredCancel { scope, set, holder, release } = stored;
        Ok(Self::ReleaseCancelled {
            scope: numbered(scope, "cancelled.scope")?,
            name: (numbered(set, "cancelled.set")?, numbered(holder, "cancelled.holder")?),
            release: id(release, "cancelled.release", ReleaseId::from_u128)?,
        })
    }
}

impl TryFrom<StoredStep> for Event {
    type Error = CodecError;

    fn try_from(stored: StoredStep) -> Result<Self, CodecError> {
        let StoredStep { scope, set, holder, at, kind, release } = stored;
        Ok(Self::LockStepped {
            scope: numbered(scope, "step.scope")?,
            name: (numbered(set, "step.set")?, numbered(holder, "step.holder")?),
            step: LockStep {
                at: instant(at, "step.at")?,
                kind: numbered(kind, "step.kind")?,
                release: id(release, "step.release", ReleaseId::from_u128)?,
            },
        })
    }
}

impl TryFrom<StoredWithdrawal> for Event {
    type Error = CodecError;

    fn try_from(stored: StoredWithdrawal) -> Result<Self, CodecError> {
        let StoredWithdrawal { decision, cause } = stored;
        Ok(Self::DecisionWithdrawn {
            decision: id(decision, "withdrawn.decision", RecordId::from_u128)?,
            cause: optional_text(cause, "withdrawn.cause")?,
        })
    }
}

impl TryFrom<StoredGiven> for Event {
    type Error = CodecError;

    fn try_from(stored: StoredGiven) -> Result<Self, CodecError> {
        let StoredGiven { challenge, checks, device, kept, place } = stored;
        Ok(Self::EvidenceGiven {
            challenge: id(challenge, "given.challenge", RecordId::from_u128)?,
            checks: nested(checks, "given.checks")?,
            device: optional_text(device, "given.device")?,
            kept: kept.into_iter().map(|factor| of_number(factor, "given.kept")).collect::<Result<_, _>>()?,
            place: read_place(place)?,
        })
    }
}

impl TryFrom<StoredDecline> for Event {
    type Error = CodecError;

    fn try_from(stored: StoredDecline) -> Result<Self, CodecError> {
        let StoredDecline { decision, not_me } = stored;
        Ok(Self::ChallengeDeclined {
            decision: id(decision, "declined.decision", RecordId::from_u128)?,
            not_me: required(not_me, "declined.not_me")?,
        })
    }
}

impl TryFrom<StoredReport> for Event {
    type Error = CodecError;

    fn try_from(stored: StoredReport) -> Result<Self, CodecError> {
        let StoredReport { decision, outcome, occurred_at, note } = stored;
        Ok(Self::OutcomeReported {
            decision: id(decision, "reported.decision", RecordId::from_u128)?,
            outcome: numbered(outcome, "reported.outcome")?,
            occurred_at: optional_instant(occurred_at, "reported.occurred_at")?,
            note: optional_text(note, "reported.note")?,
        })
    }
}
