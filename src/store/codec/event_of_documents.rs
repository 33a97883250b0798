//! What a record says happened to what a ledger keeps: holds and incidents.

use prost::{Message, Oneof};

use super::CodecError;
use super::document::{StoredCause, StoredCohort, StoredTarget};
use super::field::{id, instant, millis, nested, required, text};
use crate::audit::{Event, HoldStep, IncidentStep};
use crate::domain::{HoldTarget, RecordId, Reference};

#[derive(Message)]
#[prost(skip_debug)]
pub(super) struct StoredHoldChange {
    #[prost(message, optional, tag = "1")]
    target: Option<StoredTarget>,
    #[prost(string, optional, tag = "2")]
    reason: Option<String>,
    #[prost(oneof = "StoredHoldStep", tags = "3, 4, 5")]
    step: Option<StoredHoldStep>,
}

#[derive(Oneof)]
#[prost(skip_debug)]
enum StoredHoldStep {
    #[prost(message, tag = "3")]
    Placed(StoredCause),
    #[prost(message, tag = "4")]
    LiftAsked(()),
    #[prost(message, tag = "5")]
    Lifted(()),
}

#[derive(Message)]
#[prost(skip_debug)]
pub(super) struct StoredIncidentChange {
    #[prost(bytes = "vec", optional, tag = "1")]
    incident: Option<Vec<u8>>,
    #[prost(string, optional, tag = "2")]
    reason: Option<String>,
    #[prost(oneof = "StoredIncidentStep", tags = "3, 4, 5")]
    step: Option<StoredIncidentStep>,
}

#[derive(Oneof)]
#[prost(skip_debug)]
enum StoredIncidentStep {
    #[prost(message, tag = "3")]
    Opened(StoredOpening),
    #[prost(message, tag = "4")]
    EndAsked(()),
    #[prost(message, tag = "5")]
    Ended(()),
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredOpening {
    #[prost(message, optional, tag = "1")]
    cohort: Option<StoredCohort>,
    #[prost(sint64, optional, tag = "2")]
    cut_off: Option<i64>,
}

impl From<(&HoldTarget, &HoldStep, &Reference)> for StoredHoldChange {
    fn from((target, step, reason): (&HoldTarget, &HoldStep, &Reference)) -> Self {
        let step = match step {
            HoldStep::Placed(cause) => StoredHoldStep::Placed(cause.into()),
            HoldStep::LiftAsked => StoredHoldStep::LiftAsked(()),
            HoldStep::Lifted => StoredHoldStep::Lifted(()),
        };
        Self { target: Some(target.into()), reason: Some(reason.as_str().to_owned()), step: Some(step) }
    }
}

impl TryFrom<StoredHoldChange> for Event {
    type Error = CodecError;

    fn try_from(StoredHoldChange { target, reason, step }: StoredHoldChange) -> Result<Self, CodecError> {
        Ok(Self::HoldChanged {
            target: nested(target, "hold_changed.target")?,
            step: match required(step, "hold_changed.step")? {
                StoredHoldStep::Placed(cause) => HoldStep::Placed(cause.try_into()?),
                StoredHoldStep::LiftAsked(()) => HoldStep::LiftAsked,
                StoredHoldStep::Lifted(()) => HoldStep::Lifted,
            },
            reason: text(reason, "hold_changed.reason")?,
        })
    }
}

impl From<(RecordId, &IncidentStep, &Reference)> for StoredIncidentChange {
    fn from((incident, step, reason): (RecordId, &IncidentStep, &Reference)) -> Self {
        let step = match step {
            IncidentStep::Opened { cohort, cut_off } => StoredIncidentStep::Opened(StoredOpening {
                cohort: Some(cohort.into()),
                cut_off: Some(millis(*cut_off)),
            }),
            IncidentStep::EndAsked => StoredIncidentStep::EndAsked(()),
            IncidentStep::Ended => StoredIncidentStep::Ended(()),
        };
        let (incident, reason) = (incident.to_bytes().to_vec(), reason.as_str().to_owned());
        Self { incident: Some(incident), reason: Some(reason), step: Some(step) }
    }
}

impl TryFrom<StoredIncidentChange> for Event {
    type Error = CodecError;

    fn try_from(StoredIncidentChange { incident, reason, step }: StoredIncidentChange) -> Result<Self, CodecError> {
        Ok(Self::IncidentChanged {
            incident: id(incident, "incident_changed.incident", RecordId::from_u128)?,
            step: match required(step, "incident_changed.step")? {
                StoredIncidentStep::Opened(StoredOpening { cohort, cut_off }) => IncidentStep::Opened {
                    cohort: nested(cohort, "incident_changed.cohort")?,
                    cut_off: instant(cut_off, "incident_changed.cut_off")?,
                },
                StoredIncidentStep::EndAsked(()) => IncidentStep::EndAsked,
                StoredIncidentStep::Ended(()) => IncidentStep::Ended,
            },
            reason: text(reason, "incident_changed.reason")?,
        })
    }
}
