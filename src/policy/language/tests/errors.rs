//! Each thing that can be wrong, its column and the name that was meant.

use crate::policy::document::Policy;
use crate::policy::knobs::constants;
use crate::policy::language::compile;

/// The expression, the place of the error, a part of what is said, and the name that was meant.
const WRONG: [(&str, usize, &str, Option<&str>); 30] = [
    ("line.sim_chnaged_ago < duration(\"1h\")", 0, "no fact `line.sim_chnaged_ago`", Some("line.sim_changed_ago")),
    ("line.flagged && pin.failurs > 2", 16, "no fact `pin.failurs`", Some("pin.failures")),
    ("pin.failures >= policy.pin.failure_challenge", 16, "no fact", Some("policy.pin.failures_challenge")),
    ("weather.rain", 0, "no fact `weather.rain`", None),
    ("has(signal.distance_from_home)", 0, "no fact", Some("signal.distance_from_home_miles")),
    ("line.sim_changed_ago < 72", 23, "a duration is held against a number", None),
    ("72 > line.sim_changed_ago", 5, "a number is held against a duration", None),
    ("pin.failures < duration(\"1h\")", 15, "a count is held against a duration", None),
    ("signal.distance_from_home_miles > pin.failures", 34, "miles is held against a count", None),
    ("line.sim_changed_ago < policy.pin.failures_challenge", 23, "a duration is held against a count", None),
    ("line.status == \"ACTVE\"", 15, "`ACTVE` is none of ACTIVE, SUSPENDED", Some("ACTIVE")),
    ("request.action in [\"SIM_CHANGE\", \"PORTOUT\"]", 33, "`PORTOUT` is none of", Some("PORT_OUT")),
    ("line.status == 1", 15, "a name is held against a number", None),
    ("line.status < \"ACTIVE\"", 14, "a name is neither more nor less", None),
    ("line.flagged < true", 13, "a yes or no is neither more nor less", None),
    ("line.flagged == 1", 16, "a yes or no is held against a number", None),
    ("pin.failures", 0, "must be a yes or no, and is a count", None),
    ("line.status", 0, "must be a yes or no, and is a name", None),
    ("!pin.failures", 1, "must be a yes or no", None),
    ("pin.failures && true", 0, "must be a yes or no", None),
    ("line.sim_changed_ago < duration(\"3 days\")", 32, "`3 days` is no duration", None),
    ("line.sim_changed_ago < duration(\"3d\")", 32, "`3d` is no duration", None),
    ("pin.failures + line.sim_changed_ago > 2", 15, "a count is held against a duration", None),
    ("line.sim_changed_ago * 2 > duration(\"1h\")", 23, "only a number multiplies", None),
    ("pin.failures in [1, 2]", 0, "only a name can be one of several", None),
    ("line.status in \"ACTIVE\"", 15, "stands a list", None),
    ("size(line.status) > 1", 0, "rules have no `size`", None),
    ("pin.failures / 2 > 1", 13, "rules have no `/`", None),
    ("line.flagged ? true : false", 13, "rules have no `?_:`", None),
    ("line.flagged && ", 16, "this is no expression", None),
];

#[test]
fn each_error_has_its_place_and_the_name_that_was_meant() {
    let constants = constants(&Policy::us_default());
    let mut wrong = Vec::new();
    for (expression, at, part, meant) in WRONG {
        match compile(expression, &constants) {
            Ok(test) => wrong.push(format!("{expression}: read as {test}")),
            Err(error) => {
                if error.at != at || !error.message.contains(part) || error.meant.as_deref() != meant {
                    wrong.push(format!("{expression}: at {} {:?} {:?}", error.at, error.message, error.meant));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What CEL has and rules do not is refused in words, not read as something else.
#[test]
fn what_rules_do_not_have_is_refused() {
    let constants = constants(&Policy::us_default());
    for expression in [
        "1.5 < 2.0",
        "null == null",
        "b\"x\" == b\"x\"",
        "1u == 1u",
        "{\"a\": 1}.a == 1",
        "[1, 2].all(x, x > 0)",
        "line.status.startsWith(\"A\")",
        "Message{a: 1}.a == 1",
        "has(line.status).x",
        "line[\"flagged\"]",
        "timestamp(\"2026-01-01T00:00:00Z\") > request.now",
        "\"ACTIVE\" == \"ACTIVE\"",
        "line.flagged == \"true\"",
        "lïne.flagged",
        "",
    ] {
        assert!(compile(expression, &constants).is_err(), "{expression}");
    }
}

#[test]
fn expressions_have_bounds() {
    let constants = constants(&Policy::us_default());
    let long = vec!["line.flagged"; 400].join(" || ");
    assert!(compile(&long, &constants).unwrap_err().message.contains("at most 4096 bytes"));
    for (open, close) in [("(", ")"), ("!", ""), ("!(", ")"), ("[", "]"), ("-", "")] {
        let deep = format!("{}line.flagged{}", open.repeat(200), close.repeat(200));
        assert!(compile(&deep, &constants).is_err(), "{open}");
    }
    // What stands side by side is not deep, whatever it is made of.
    for part in ["line.flagged", "!line.flagged", "line.status != \"ACTIVE\"", "pin.failures - 1 > 0", "(line.flagged)"]
    {
        let wide = vec![part; 100].join(" || ");
        assert!(compile(&wide, &constants).is_ok(), "{part}: {:?}", compile(&wide, &constants));
    }
}
