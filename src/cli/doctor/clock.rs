//! The clock. A running service holds its wall clock against the monotonic one all the time and is not ready while they
//! differ; from outside, what can be seen is who sets the clock, and how far the store has come.

use std::path::Path;

use chrono::{DateTime, SecondsFormat, Utc};

use crate::cli::finding::Finding;
use crate::store::CLOCK_BEHIND_MAX;
use crate::store::embedded::look::Told;

/// Files that the usual keepers of the clock leave: systemd's once it has set it, chrony's and ntpd's while they run.
const KEEPERS: [(&str, &str); 5] = [
    ("/run/systemd/timesync/synchronized", "systemd-timesyncd has set it"),
    ("/run/chrony/chronyd.pid", "chronyd runs"),
    ("/run/chrony/chronyd.sock", "chronyd runs"),
    ("/run/ntpd.pid", "ntpd runs"),
    ("/run/openntpd.pid", "openntpd runs"),
];

/// Looks at it.
pub(super) fn look(now: DateTime<Utc>, told: Option<&Told>) -> Vec<Finding> {
    let highest = told.and_then(|told| told.highest);
    let mut findings = vec![keeper()];
    findings.extend(highest.map(|highest| behind(now, highest)));
    findings
}

fn keeper() -> Finding {
    const CHECK: &str = "clock.kept";
    match KEEPERS.iter().find(|(file, _)| Path::new(file).exists()) {
        Some((_, told)) => Finding::ok(CHECK, *told),
        None => Finding::warn(
            CHECK,
            "nothing here tells that the clock is kept right",
            "run chrony or systemd-timesyncd; in a container look at the machine it runs on",
        ),
    }
}

fn behind(now: DateTime<Utc>, highest: DateTime<Utc>) -> Finding {
    const CHECK: &str = "clock.store";
    let told = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    if now < highest - CLOCK_BEHIND_MAX {
        let found = format!("it is {}, and the store has come to {}", told(now), told(highest));
        let advice = "put the clock right: until then nothing is decided, since what has expired would be valid again";
        return Finding::fail(CHECK, found, advice);
    }
    Finding::ok(CHECK, format!("ahead of all that the store holds, which ends at {}", told(highest)))
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};

    use super::behind;
    use crate::cli::finding::{Report, State};

    #[test]
    fn a_clock_behind_the_store_fails() {
        let highest = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let state = |seconds| Report(vec![behind(highest + TimeDelta::seconds(seconds), highest)]).state();
        assert_eq!((state(-3), state(-2), state(0)), (State::Fail, State::Ok, State::Ok));
    }
}
