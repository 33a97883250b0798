//! A disputed SIM change: where its line stands, and what a record says of it.

use prost::{Message, Oneof};

use super::CodecError;
use super::change::StoredTarget;
use super::document::StoredConsent;
use super::field::{instant, millis, nested, optional_text, parsed, required};
use crate::audit::{Event, RecoveryStep};
use crate::domain::{Annulled, Recovery, RecoveryState, SimBefore, SimChanged};

/// A SIM change, with the SIM before it.
#[derive(Message)]
#[prost(skip_debug)]
pub(super) struct StoredSimChange {
    #[prost(sint64, optional, tag = "1")]
    at: Option<i64>,
    #[prost(string, optional, tag = "2")]
    iccid: Option<String>,
    #[prost(string, optional, tag = "3")]
    eid: Option<String>,
    // Absent where it did not.
    #[prost(message, optional, tag = "4")]
    goes_back: Option<()>,
}

#[derive(Message)]
#[prost(skip_debug)]
pub(super) struct StoredRecovery {
    #[prost(oneof = "StoredTarget", tags = "1, 2")]
    back_to: Option<StoredTarget>,
    #[prost(sint64, optional, tag = "3")]
    disputed_at: Option<i64>,
    #[prost(bool, optional, tag = "4")]
    suspends: Option<bool>,
    #[prost(oneof = "StoredRecoveryState", tags = "5, 6")]
    state: Option<StoredRecoveryState>,
}

#[derive(Oneof)]
#[prost(skip_debug)]
enum StoredRecoveryState {
    #[prost(message, tag = "5")]
    Proposed(StoredConsent),
    #[prost(message, tag = "6")]
    Open(StoredOpenRecovery),
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredOpenRecovery {
    #[prost(sint64, optional, tag = "1")]
    until: Option<i64>,
    #[prost(message, optional, tag = "2")]
    annulled: Option<StoredAnnulled>,
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredAnnulled {
    #[prost(uint32, optional, tag = "1")]
    locks: Option<u32>,
    #[prost(uint32, optional, tag = "2")]
    contacts_ended: Option<u32>,
    #[prost(uint32, optional, tag = "3")]
    contacts_restored: Option<u32>,
    #[prost(uint32, optional, tag = "4")]
    devices: Option<u32>,
    #[prost(bool, optional, tag = "5")]
    pin: Option<bool>,
    #[prost(bool, optional, tag = "6")]
    forwarding: Option<bool>,
    #[prost(bool, optional, tag = "7")]
    suspended: Option<bool>,
}

#[derive(Message)]
#[prost(skip_debug)]
pub(super) struct StoredRecoveryChange {
    #[prost(sint64, optional, tag = "1")]
    disputed_at: Option<i64>,
    #[prost(oneof = "StoredRecoveryStep", tags = "2, 3")]
    step: Option<StoredRecoveryStep>,
}

#[derive(Oneof)]
#[prost(skip_debug)]
enum StoredRecoveryStep {
    #[prost(string, tag = "2")]
    Proposed(String),
    #[prost(message, tag = "3")]
    Reported(StoredReported),
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredReported {
    #[prost(sint64, optional, tag = "1")]
    until: Option<i64>,
    #[prost(string, optional, tag = "2")]
    reason: Option<String>,
    #[prost(message, optional, tag = "3")]
    annulled: Option<StoredAnnulled>,
}

impl From<&SimChanged> for StoredSimChange {
    fn from(SimChanged { at, from: SimBefore { iccid, eid }, goes_back }: &SimChanged) -> Self {
        Self {
            at: Some(millis(*at)),
            iccid: iccid.as_ref().map(|iccid| iccid.as_str().to_owned()),
            eid: eid.as_ref().map(|eid| eid.as_str().to_owned()),
            goes_back: goes_back.then_some(()),
        }
    }
}

impl TryFrom<StoredSimChange> for SimChanged {
    type Error = CodecError;

    fn try_from(stored: StoredSimChange) -> Result<Self, CodecError> {
        let StoredSimChange { at, iccid, eid, goes_back } = stored;
        Ok(Self {
            at: instant(at, "sim_change.at")?,
            from: SimBefore {
                iccid: optional_text(iccid, "sim_change.iccid")?,
                eid: optional_text(eid, "sim_change.eid")?,
            },
            goes_back: goes_back.is_some(),
        })
    }
}

impl From<&Annulled> for StoredAnnulled {
    fn from(annulled: &Annulled) -> Self {
        let Annulled { locks, contacts_ended, contacts_restored, devices, pin, forwarding, suspended } = *annulled;
        Self {
            locks: Some(locks),
            contacts_ended: Some(contacts_ended),
            contacts_restored: Some(contacts_restored),
            devices: Some(devices),
            pin: Some(pin),
            forwarding: Some(forwarding),
            suspended: Some(suspended),
        }
    }
}

impl TryFrom<StoredAnnulled> for Annulled {
    type Error = CodecError;

    fn try_from(stored: StoredAnnulled) -> Result<Self, CodecError> {
        let StoredAnnulled { locks, contacts_ended, contacts_restored, devices, pin, forwarding, suspended } = stored;
        Ok(Self {
            locks: required(locks, "annulled.locks")?,
            contacts_ended: required(contacts_ended, "annulled.contacts_ended")?,
            contacts_restored: required(contacts_restored, "annulled.contacts_restored")?,
            devices: required(devices, "annulled.devices")?,
            pin: required(pin, "annulled.pin")?,
            forwarding: required(forwarding, "annulled.forwarding")?,
            suspended: required(suspended, "annulled.suspended")?,
        })
    }
}

impl From<&Recovery> for StoredRecovery {
    fn from(recovery: &Recovery) -> Self {
        let Recovery { disputed_at, back_to, suspends, state } = recovery;
        Self {
            back_to: Some(back_to.into()),
            disputed_at: Some(millis(*disputed_at)),
            suspends: Some(*suspends),
            state: Some(match state {
                RecoveryState::Proposed(word) => StoredRecoveryState::Proposed(word.into()),
                RecoveryState::Open { until, annulled } => StoredRecoveryState::Open(StoredOpenRecovery {
                    until: Some(millis(*until)),
                    annulled: Some(annulled.into()),
                }),
            }),
        }
    }
}

impl TryFrom<StoredRecovery> for Recovery {
    type Error = CodecError;

    fn try_from(stored: StoredRecovery) -> Result<Self, CodecError> {
        let StoredRecovery { back_to, disputed_at, suspends, state } = stored;
        Ok(Self {
            disputed_at: instant(disputed_at, "recovery.disputed_at")?,
            back_to: nested(back_to, "recovery.back_to")?,
            suspends: required(suspends, "recovery.suspends")?,
            state: match required(state, "recovery.state")? {
                StoredRecoveryState::Proposed(word) => RecoveryState::Proposed(word.try_into()?),
                StoredRecoveryState::Open(StoredOpenRecovery { until, annulled }) => RecoveryState::Open {
                    until: instant(until, "recovery.until")?,
                    annulled: nested(annulled, "recovery.annulled")?,
                },
            },
        })
    }
}

impl From<&RecoveryStep> for StoredRecoveryChange {
    fn from(step: &RecoveryStep) -> Self {
        let (disputed_at, step) = match step {
            RecoveryStep::Proposed { disputed_at, reason } => {
                (disputed_at, StoredRecoveryStep::Proposed(reason.as_str().to_owned()))
            }
            RecoveryStep::Reported { disputed_at, until, annulled, reason } => {
                let reported = StoredReported {
                    until: Some(millis(*until)),
                    reason: reason.as_ref().map(|reason| reason.as_str().to_owned()),
                    annulled: Some(annulled.into()),
                };
                (disputed_at, StoredRecoveryStep::Reported(reported))
            }
        };
        Self { disputed_at: Some(millis(*disputed_at)), step: Some(step) }
    }
}

impl TryFrom<StoredRecoveryChange> for Event {
    type Error = CodecError;

    fn try_from(StoredRecoveryChange { disputed_at, step }: StoredRecoveryChange) -> Result<Self, CodecError> {
        let disputed_at = instant(disputed_at, "recovery_changed.disputed_at")?;
        Ok(Self::RecoveryChanged(Box::new(match required(step, "recovery_changed.step")? {
            StoredRecoveryStep::Proposed(reason) => {
                let reason = parsed(reason, "recovery_changed.reason")?;
                RecoveryStep::Proposed { disputed_at, reason }
            }
            StoredRecoveryStep::Reported(stored) => {
                let StoredReported { until, reason, annulled } = stored;
                RecoveryStep::Reported {
                    disputed_at,
                    until: instant(until, "recovery_changed.until")?,
                    annulled: nested(annulled, "recovery_changed.annulled")?,
                    reason: optional_text(reason, "recovery_changed.reason")?,
                }
            }
        })))
    }
}
