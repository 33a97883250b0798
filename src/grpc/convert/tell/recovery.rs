//! Recoveries.

use serde_json::{Value, json};

use crate::audit::RecoveryStep;
use crate::domain::{Annulled, RecoveryState};
use crate::grpc::convert::time::timestamp;
use crate::grpc::pb::v1 as pb;
use crate::service::RecoveryView;

/// A recovery, as its askers are told of it.
pub(in crate::grpc) fn recovery(view: &RecoveryView) -> pb::Recovery {
    let (until, annulled) = match &view.recovery.state {
        RecoveryState::Proposed(_) => (None, Annulled::default()),
        RecoveryState::Open { until, annulled, .. } => (Some(*until), *annulled),
    };
    let Annulled { locks, contacts_ended, contacts_restored, devices, pin, forwarding, suspended } = annulled;
    let count = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
    pb::Recovery {
        disputed_time: Some(timestamp(view.recovery.disputed_at)),
        until_time: until.map(timestamp),
        suspend_sim: suspended || until.is_some() && view.recovery.suspends,
        end_call_forwarding: forwarding,
        lock_count: count(locks),
        ended_contact_count: count(contacts_ended),
        restored_contact_count: count(contacts_restored),
        revoked_device_count: count(devices),
        pin_removed: pin,
    }
}

/// What a record says of one.
pub(super) fn details(step: &RecoveryStep) -> Value {
    match step {
        RecoveryStep::Proposed { disputed_at, reason } => {
            json!({ "step": "PROPOSED", "disputed_time": disputed_at.to_rfc3339(), "reason": reason.as_str() })
        }
        RecoveryStep::Reported { disputed_at, until, annulled, reason } => {
            let Annulled { locks, contacts_ended, contacts_restored, devices, pin, forwarding, suspended } = annulled;
            json!({
                "step": "REPORTED",
                "disputed_time": disputed_at.to_rfc3339(),
                "until_time": until.to_rfc3339(),
                "reason": reason.as_ref().map(|reason| reason.as_str()),
                "locks": locks,
                "ended_contacts": contacts_ended,
                "restored_contacts": contacts_restored,
                "revoked_devices": devices,
                "pin_removed": pin,
                "call_forwarding": forwarding,
                "suspended": suspended,
            })
        }
    }
}
