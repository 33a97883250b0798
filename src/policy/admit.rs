//! Whether a secret may be looked at.

use chrono::{DateTime, Utc};

use super::attempts;
use super::document::Policy;
use super::facts::{Field, Seen, stance};
use super::request::Request;
use crate::domain::{Action, Mode, RosterStanding, Snapshot};

/// What may be looked at, and so counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Admission {
    /// The account PIN.
    pub account_pin: PinAdmission,
    /// Whether the transfer PIN may be.
    pub transfer_pin: bool,
    /// Whether the one-time code may be.
    pub code: bool,
}

impl Admission {
    /// Nothing may be.
    pub const NOTHING: Self = Self { account_pin: PinAdmission::No, transfer_pin: false, code: false };
}

/// Whether the account PIN may be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PinAdmission {
    /// Look at it. For a line that is not there: at a dummy, at the same cost.
    Admit,
    /// Not at all, and count nothing: none was offered, or something else refuses for certain.
    No,
    /// Not until after this instant: too many were wrong.
    ExhaustedUntil(DateTime<Utc>),
}

/// Decides whether the secrets that were offered are looked at. `snapshot` has its due changes applied, and holds the failures
/// before this attempt.
///
/// INVARIANT (one-counter): attempts are counted before the secret is looked at, and only those that are looked at: a request
/// that is refused for certain neither counts nor teaches.
pub fn admit(policy: &Policy, request: &Request<'_>, snapshot: &Snapshot<'_>, now: DateTime<Utc>) -> Admission {
    let seen = Seen { policy, request, snapshot: *snapshot, now };
    if request.mode == Mode::Advise || is_refused_for_certain(&seen) {
        return Admission::NOTHING;
    }
    let account_pin = if request.offered.account_pin {
        let off_until = attempts::pin_off_until(&policy.pin, snapshot.pin_failures, now);
        off_until.map_or(PinAdmission::Admit, PinAdmission::ExhaustedUntil)
    } else {
        PinAdmission::No
    };
    let is_port = request.change.action() == Action::PortOut;
    Admission {
        account_pin,
        transfer_pin: request.offered.transfer_pin && is_port,
        code: request.offered.one_time_code,
    }
}

/// Whether a lock, a field or the hour refuses, whatever a secret would show.
fn is_refused_for_certain(seen: &Seen<'_>) -> bool {
    let is_port = seen.request.change.action() == Action::PortOut;
    let differs = |field| is_port && field == Field::Differs;
    let account_number = seen.account_number();
    let missing = is_port && seen.policy.port_account_number_required && account_number == Field::NotGiven;
    // INVARIANT (off-hours-opens-nothing): a token that is heard only to be refused tries no PIN.
    let off_hours = seen.roster() == RosterStanding::OffHours;
    missing
        || off_hours
        || differs(account_number)
        || differs(seen.postal_code())
        || differs(seen.holder_name())
        || stance(seen.request, &seen.snapshot, seen.now).refuses()
}
