//! What expressions mean, a missing fact included, and until when they stay so.

use crate::policy::document::Policy;
use crate::policy::facts::{Fact, Values};
use crate::policy::knobs::constants;
use crate::policy::language::{Test, Tri, compile};
use crate::policy::proof::Accepted;

/// Facts by path.
type Named<'a> = &'a [(&'a str, i64)];

const HOUR: i64 = 3_600_000_000;

fn read(expression: &str) -> Test {
    compile(expression, &constants(&Policy::us_default())).unwrap()
}

fn number(path: &str) -> u8 {
    Fact::at(path).unwrap().number
}

/// Facts by path; those that are not named are quiet, and signals missing.
fn facts(named: Named<'_>) -> Values {
    let mut values = Values::of_recorded(&[], Accepted::NONE);
    for (path, value) in named {
        values.set(number(path), *value);
    }
    values
}

#[test]
fn expressions_mean_what_they_say() {
    let cases: [(&str, Named<'_>, Tri); 24] = [
        ("line.flagged", &[("line.flagged", 1)], Tri::True),
        ("line.flagged", &[], Tri::False),
        ("!line.flagged", &[], Tri::True),
        ("line.sim_changed_ago <= duration(\"72h\")", &[("line.sim_changed_ago", 72 * HOUR)], Tri::True),
        ("line.sim_changed_ago <= duration(\"72h\")", &[("line.sim_changed_ago", 72 * HOUR + 1)], Tri::False),
        ("line.sim_changed_ago <= duration(\"72h\")", &[], Tri::False),
        ("line.sim_changed_ago > duration(\"72h\")", &[], Tri::True),
        ("line.status == \"ACTIVE\"", &[("line.status", 1)], Tri::True),
        ("line.status != \"ACTIVE\"", &[("line.status", 2)], Tri::True),
        ("line.status in [\"CLOSED\", \"MOVED\"]", &[("line.status", 5)], Tri::True),
        ("line.status in [\"CLOSED\", \"MOVED\"]", &[("line.status", 1)], Tri::False),
        ("pin.check == \"NOT_SUPPLIED\"", &[], Tri::True),
        ("pin.failures >= policy.pin.failures_challenge", &[("pin.failures", 3)], Tri::True),
        ("pin.failures * 2 + 1 > 6", &[("pin.failures", 3)], Tri::True),
        ("pin.failures - 5 < 0", &[("pin.failures", 3)], Tri::True),
        ("line.flagged == account.has_known_device", &[("line.flagged", 1)], Tri::False),
        ("line.flagged != account.has_known_device", &[("line.flagged", 1)], Tri::True),
        // A missing fact matters only where the answer hangs on it.
        ("signal.device_sale", &[], Tri::Unknown),
        ("!signal.device_sale", &[], Tri::Unknown),
        ("signal.device_sale && line.flagged", &[], Tri::False),
        ("signal.device_sale || !line.flagged", &[], Tri::True),
        ("signal.device_sale || line.flagged", &[], Tri::Unknown),
        ("has(signal.device_sale)", &[], Tri::False),
        ("has(signal.device_sale) && !signal.device_sale", &[("signal.device_sale", 0)], Tri::True),
    ];
    for (expression, named, meant) in cases {
        assert_eq!(read(expression).ask(&facts(named)), meant, "{expression}");
    }
}

#[test]
fn what_never_happened_is_added_to_nothing() {
    let test = read("line.sim_changed_ago + duration(\"1h\") > duration(\"2h\")");
    assert_eq!(test.ask(&facts(&[])), Tri::Unknown);
    assert_eq!(test.ask(&facts(&[("line.sim_changed_ago", 2 * HOUR)])), Tri::True);
}

#[test]
fn arithmetic_that_leaves_its_bounds_is_unknown() {
    let test = read("pin.failures * 9223372036854775807 > 0");
    assert_eq!(test.ask(&facts(&[("pin.failures", 2)])), Tri::Unknown);
}

/// Until when, in microseconds; those that hold, and those that do not.
#[test]
fn answers_say_until_when_they_stay() {
    let cases: [(&str, Named<'_>, Option<i64>); 14] = [
        ("line.flagged", &[("line.flagged", 1)], None),
        ("line.sim_changed_ago <= duration(\"72h\")", &[("line.sim_changed_ago", 70 * HOUR)], Some(2 * HOUR + 1_000)),
        ("line.sim_changed_ago < duration(\"72h\")", &[("line.sim_changed_ago", 70 * HOUR)], Some(2 * HOUR)),
        ("duration(\"72h\") >= line.sim_changed_ago", &[("line.sim_changed_ago", 70 * HOUR)], Some(2 * HOUR + 1_000)),
        ("line.sim_changed_ago > duration(\"72h\")", &[("line.sim_changed_ago", 73 * HOUR)], None),
        ("line.sim_changed_ago > duration(\"72h\")", &[("line.sim_changed_ago", 71 * HOUR)], Some(HOUR + 1_000)),
        ("request.planned_in > duration(\"1h\")", &[("request.planned_in", 3 * HOUR)], Some(2 * HOUR)),
        ("!(line.sim_changed_ago > duration(\"72h\"))", &[("line.sim_changed_ago", 71 * HOUR)], Some(HOUR + 1_000)),
        // All hold: the first to end does; any holds: the last.
        (
            "line.sim_changed_ago < duration(\"9h\") && transfer_pin.issued_ago < duration(\"9h\")",
            &[("line.sim_changed_ago", HOUR), ("transfer_pin.issued_ago", 2 * HOUR)],
            Some(7 * HOUR),
        ),
        (
            "line.sim_changed_ago < duration(\"9h\") || transfer_pin.issued_ago < duration(\"9h\")",
            &[("line.sim_changed_ago", HOUR), ("transfer_pin.issued_ago", 2 * HOUR)],
            Some(8 * HOUR),
        ),
        (
            "line.sim_changed_ago < duration(\"9h\") || line.flagged",
            &[("line.sim_changed_ago", HOUR), ("line.flagged", 1)],
            None,
        ),
        // Both move as fast as the clock: nothing changes.
        (
            "line.sim_changed_ago < transfer_pin.issued_ago",
            &[("line.sim_changed_ago", HOUR), ("transfer_pin.issued_ago", 2 * HOUR)],
            None,
        ),
        // What somebody observed is not observed anew by waiting.
        ("signal.store_closes_within <= duration(\"1h\")", &[("signal.store_closes_within", 0)], None),
        ("line.sim_changed_ago <= duration(\"72h\")", &[], None),
    ];
    for (expression, named, until) in cases {
        let (test, values) = (read(expression), facts(named));
        let holds = test.ask(&values) == Tri::True;
        assert_eq!(test.lasts(&values, holds), until, "{expression}");
    }
}
