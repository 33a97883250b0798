//! The day as a whole: all sheets, in the order of the clock.

use std::path::Path;

use super::sheet::{self, Row};
use super::told::Expected;
use crate::cli::failure::Failure;

/// The kinds of requests, one sheet each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Locks turned on, released, releases cancelled. First: what happens in the same second protects.
    Lock,
    /// Account PINs changed.
    Pin,
    /// Transfer PINs asked for.
    TransferPin,
    /// Contacts, forwarding, devices.
    Other,
    /// SIM changes.
    Sim,
    /// Port requests.
    Port,
    /// Permits redeemed and decisions withdrawn.
    Execution,
}

/// Columns of every sheet.
const COMMON: [&str; 5] = ["request_id", "time", "expect", "told", "story"];

/// Columns that say who asks.
const ASKER: [&str; 5] = ["channel", "role", "who", "store", "device"];

impl Kind {
    const ALL: [Self; 7] =
        [Self::Lock, Self::Pin, Self::TransferPin, Self::Other, Self::Sim, Self::Port, Self::Execution];

    const fn sheet(self) -> &'static str {
        match self {
            Self::Lock => "lock-switches.csv",
            Self::Pin => "pin-changes.csv",
            Self::TransferPin => "transfer-pins.csv",
            Self::Other => "other-changes.csv",
            Self::Sim => "sim-changes.csv",
            Self::Port => "port-requests.csv",
            Self::Execution => "executions.csv",
        }
    }

    const fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Lock => &["step", "scope", "set"],
            Self::Pin => &["account_id", "new_pin"],
            Self::TransferPin => &["name", "scope"],
            Self::Other => &["msisdn", "change", "subject", "value"],
            Self::Sim => &["msisdn", "iccid", "eid", "cause"],
            Self::Port => &["pon", "gaining_spid", "msisdn", "account_number", "zip", "passcode_kind", "passcode"],
            Self::Execution => &["decision_of", "step"],
        }
    }

    fn asker_columns(self) -> &'static [&'static str] {
        match self {
            // A port comes from the gaining carrier, and who was given a permit redeems it.
            Self::Port | Self::Execution => &[],
            _ => &ASKER,
        }
    }

    fn read(self, folder: &Path) -> Result<Vec<Step>, Failure> {
        let columns = [&COMMON[..], self.asker_columns(), self.columns()].concat();
        let rows = sheet::read(folder, self.sheet(), &columns)?;
        rows.into_iter().map(|row| Step::new(self, row)).collect()
    }
}

/// One request of the day.
pub(super) struct Step {
    /// What kind of request.
    pub(super) kind: Kind,
    /// Its row.
    pub(super) row: Row,
    /// What must come of it.
    pub(super) expected: Expected,
    second: u32,
}

impl Step {
    fn new(kind: Kind, row: Row) -> Result<Self, Failure> {
        let second = row.word("time", second_of_day)?;
        Ok(Self { kind, expected: Expected::of(&row)?, second, row })
    }

    /// The attack it belongs to; none for ordinary customers.
    pub(super) fn story(&self) -> Option<&str> {
        self.row.given("story")
    }
}

fn second_of_day(time: &str) -> Option<u32> {
    let parts: Option<Vec<u32>> = time.split(':').map(|part| part.parse().ok()).collect();
    match parts?.as_slice() {
        [hours @ ..=23, minutes @ ..=59, seconds @ ..=59] => Some((hours * 60 + minutes) * 60 + seconds),
        _ => None,
    }
}

/// All steps of the day in `folder`, in the order of their times.
pub(super) fn read(folder: &Path) -> Result<Vec<Step>, Failure> {
    let mut steps = Vec::new();
    for kind in Kind::ALL {
        steps.extend(kind.read(folder)?);
    }
    steps.sort_by_key(|step| (step.second, step.kind));
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Kind, read, second_of_day};

    #[test]
    fn times_are_seconds_of_a_day() {
        assert_eq!(second_of_day("07:05:09"), Some(25_509));
        for wrong in ["", "7", "24:00:00", "07:60:00", "07:05:60", "07:05", "a:b:c", "-1:00:00"] {
            assert_eq!(second_of_day(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_example_day_can_be_read_and_has_every_kind_and_many_attacks() {
        let steps = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/day")).unwrap();
        for kind in Kind::ALL {
            assert!(steps.iter().any(|step| step.kind == kind), "{kind:?}");
        }
        let stories: std::collections::BTreeSet<_> = steps.iter().filter_map(|step| step.story()).collect();
        assert!(stories.len() >= 30, "{}", stories.len());
        assert!(steps.is_sorted_by_key(|step| step.second));
    }
}
