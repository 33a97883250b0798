//! What is said to customers of a change, in words: with the end of every number, and none whole.

use crate::domain::{Action, Change, ContactChange, Msisdn, OwnerChange, PortOut, SimChange, SimTarget};

/// What would be changed, with the end of every number.
pub(super) fn purpose(change: &Change, line: Option<Msisdn>) -> String {
    let line = whose(line);
    match change {
        Change::Sim(SimChange { target: SimTarget::Iccid(iccid), .. }) => {
            format!("moving {line} to the SIM card {}", ending(iccid.as_str()))
        }
        Change::Sim(SimChange { target: SimTarget::Eid(eid), .. }) => {
            format!("moving {line} to the eSIM device {}", ending(eid.as_str()))
        }
        Change::PortOut(PortOut { gaining_spid, .. }) => {
            format!("moving {line} to another carrier ({})", gaining_spid.as_str())
        }
        Change::CallForwarding { target } => {
            format!("forwarding all calls of {line} to {}", ending(&target.digits().to_string()))
        }
        Change::Contact(ContactChange { value: Some(value), .. }) => {
            format!("a new way to reach the owner of {line}: {}", value.masked())
        }
        Change::Owner(OwnerChange::ToAccount { .. }) => format!("moving {line} to somebody else's account"),
        Change::SwapReport { .. } => format!("undoing what was set since {line} was moved to another SIM"),
        other => format!("{} of {line}", in_words(other.action())),
    }
}

const fn in_words(action: Action) -> &'static str {
    match action {
        Action::SimChange => "changing the SIM",
        Action::PortOut => "moving to another carrier",
        Action::TransferPinIssue => "a transfer PIN, with which anybody can take the number away,",
        Action::LockRelease => "taking a lock off",
        Action::PinChange => "changing the PIN",
        Action::ContactChange => "changing a contact",
        Action::CallForwardingSet => "forwarding all calls",
        Action::DeviceAdd => "adding an app",
        Action::OwnerChange => "changing the owner",
    }
}

/// The line, or the account, as its people know it.
pub(super) fn whose(line: Option<Msisdn>) -> String {
    line.map_or_else(|| "your account".to_owned(), |line| format!("the number {}", ending(&line.digits().to_string())))
}

/// The last four digits.
fn ending(digits: &str) -> String {
    let skip = digits.chars().count().saturating_sub(4);
    format!("ending {}", digits.chars().skip(skip).collect::<String>())
}
