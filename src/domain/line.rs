//! A line: a number, the SIM it is on, and what protects it.

use chrono::{DateTime, Utc};

use super::protection::Protection;
use super::{AccountId, Eid, Flags, Iccid, Imei, LineId, Msisdn, RecordId, SimTarget};

/// Whether a line is in service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum LineStatus {
    /// In service.
    Active = 1,
    /// Barred, for now.
    Suspended = 2,
    /// Ended; its number may be given to someone else.
    Closed = 3,
    /// Left for another carrier.
    PortedOut = 4,
    /// Moved to another account; that account has the line now.
    Moved = 5,
}

/// How many SIM changes a line remembers; more than any rule counts.
pub const SIM_CHANGES_KEPT_MAX: usize = 8;

/// A subscription with the number it has now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The subscription. It survives renumbering; a recycled number gets a new one.
    pub id: LineId,
    /// Its account.
    pub account: AccountId,
    /// Its number.
    pub msisdn: Msisdn,
    /// Whether it is in service.
    pub status: LineStatus,
    /// The active SIM.
    pub iccid: Option<Iccid>,
    /// The active eSIM chip.
    pub eid: Option<Eid>,
    /// The handset last seen.
    pub imei: Option<Imei>,
    /// SIM changes that were carried out, oldest first, at most [`SIM_CHANGES_KEPT_MAX`]. Going back is one more, never one less.
    pub sim_changes: Vec<DateTime<Utc>>,
    /// When call forwarding was last set.
    pub forwarding_set_at: Option<DateTime<Utc>>,
    /// Marks on the line.
    pub flags: Flags,
    /// Locks on the line.
    pub protection: Protection,
    /// The latest record about this line.
    pub last_record: Option<RecordId>,
}

impl Line {
    /// When the SIM last changed, if it ever did here.
    pub fn sim_changed_at(&self) -> Option<DateTime<Utc>> {
        self.sim_changes.last().copied()
    }

    /// Whether the number is on this SIM already.
    pub fn is_on(&self, target: &SimTarget) -> bool {
        match target {
            SimTarget::Iccid(iccid) => self.iccid.as_ref() == Some(iccid),
            SimTarget::Eid(eid) => self.eid.as_ref() == Some(eid),
        }
    }

    /// Puts the number on another SIM.
    pub fn change_sim(&mut self, target: SimTarget, imei: Option<Imei>, at: DateTime<Utc>) {
        (self.iccid, self.eid) = match target {
            SimTarget::Iccid(iccid) => (Some(iccid), None),
            SimTarget::Eid(eid) => (None, Some(eid)),
        };
        self.imei = imei.or(self.imei.take());
        self.sim_changes.push(at);
        let surplus = self.sim_changes.len().saturating_sub(SIM_CHANGES_KEPT_MAX);
        self.sim_changes.drain(..surplus);
    }
}
