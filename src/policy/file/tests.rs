//! Files: what they may change, and each thing that can be wrong with its place.

use chrono::TimeDelta;

use super::load;
use crate::domain::{CarrierCode, HoldKind, LockSet, OwnReason, Reason, ReasonClass};
use crate::policy::document::{Policy, TransferPinLife};
use crate::policy::rules::{Actions, IfUnknown, RuleEffect};

const EXTENDS: &str = "extends = \"us-default\"\n";

/// The text below a first line that extends the default policy.
fn extended(text: &str) -> Result<Policy, String> {
    load("mine.toml", &format!("{EXTENDS}{text}")).map_err(|error| error.to_string())
}

fn rule(fields: &str) -> Result<Policy, String> {
    extended(&format!("[[rule]]\nid = \"mine\"\n{fields}\n"))
}

/// A file with a reason of its own, and a rule that gives one.
fn own(reason: &str, code: &str) -> Result<Policy, String> {
    extended(&format!(
        "[[reason]]\n{reason}\n[[rule]]\nid = \"mine\"\nwhen = 'true'\nat_least = \"DENY\"\nreason = \"{code}\"\n"
    ))
}

/// What it says of itself is a part of the policy; a reason that no rule gives changes nothing.
#[test]
fn a_file_declares_reasons_of_its_own() {
    let text = |meaning: &str, class: &str, carrier: &str| {
        let reason = format!("code = \"X_SIM_FARM\"\nmeaning = \"{meaning}\"\n{class}\n{carrier}");
        own(&reason, "X_SIM_FARM").unwrap()
    };
    let policy = text("Many SIMs.", "class = \"VELOCITY\"", "carrier = \"6K\"");
    let rule = policy.rules.all().iter().find(|rule| rule.id == "mine").unwrap();
    let expected = OwnReason::new("X_SIM_FARM", "Many SIMs.", ReasonClass::Velocity, CarrierCode::NotPortable).unwrap();
    assert_eq!(rule.reason, Reason::Own(expected));
    assert!(policy.canonical().contains("\nreason=X_SIM_FARM,VELOCITY,6K,Many SIMs.\n"));
    let others = [
        text("Too many SIMs.", "class = \"VELOCITY\"", "carrier = \"6K\""),
        text("Many SIMs.", "", "carrier = \"6K\""),
        text("Many SIMs.", "class = \"VELOCITY\"", ""),
    ];
    for other in &others {
        assert_ne!(other.canonical(), policy.canonical());
    }
    let Reason::Own(plain) = others[1].rules.all().iter().find(|rule| rule.id == "mine").unwrap().reason else {
        panic!("not the policy's own")
    };
    assert_eq!(plain.class(), ReasonClass::Risk);
    let unused = extended("[[reason]]\ncode = \"X_A\"\nmeaning = \"Mine.\"\n").unwrap();
    assert_eq!(unused.canonical(), extended("").unwrap().canonical());
}

#[test]
fn the_default_policy_is_one() {
    let policy = super::built_in("us-default").unwrap().unwrap();
    assert_eq!(policy.validate(), Ok(()));
    assert!(policy.rules.all().len() >= 50);
    assert_eq!(policy.canonical(), Policy::us_default().canonical());
}

#[test]
fn a_file_turns_knobs_and_adds_rules() {
    let policy = extended(
        "[pin]\nfresh_after = \"48h\"\n[transfer_pin]\nlife = { days_after_issue = 4, utc_offset_minutes = -300 }\n
         [[rule]]\nid = \"R1\"\non = [\"SIM_CHANGE\"]\nwhen = 'pin.failures >= 1'\nat_least = \"STRONG\"\nreason = \"FLAGGED\"\n
         effective = 2026-07-01T00:00:00Z\nif_unknown = \"HOLDS\"\n",
    )
    .unwrap();
    let default = Policy::us_default();
    assert_eq!(policy.pin.fresh_after.num_hours(), 48);
    assert_eq!(policy.pin.dormant_after, default.pin.dormant_after);
    let life = TransferPinLife::DayOfIssueExcluded { days: 4, utc_offset_minutes: -300 };
    assert_eq!(policy.transfer_pin.life, life);
    assert_eq!(policy.rules.all().len(), default.rules.all().len() + 1);
    let rule = policy.rules.all().iter().find(|rule| rule.id == "R1").unwrap();
    assert_eq!(rule.on, Actions::of(&[crate::domain::Action::SimChange]));
    assert_eq!(rule.effect, RuleEffect::AtLeast(crate::domain::Level::Strong));
    assert_eq!((rule.reason, rule.if_unknown), (Reason::Flagged, IfUnknown::Holds));
    assert_eq!(rule.effective, Some("2026-07-01T00:00:00Z".parse().unwrap()));
}

/// A knob that a rule of the extended policy names is the file's own.
#[test]
fn rules_of_the_extended_policy_follow_the_files_knobs() {
    let written =
        |policy: &Policy| policy.rules.all().iter().find(|rule| rule.id == "P3-pin-failures").unwrap().when.to_string();
    assert_eq!(written(&Policy::us_default()), "pin.failures >= 3");
    assert_eq!(written(&extended("[pin]\nfailures_challenge = 2\n").unwrap()), "pin.failures >= 2");
}

#[test]
fn a_rule_that_refuses_holds_one_kind_or_several() {
    let with = |hold: &str, effect: &str| {
        rule(&format!("when = 'true'\nat_least = \"{effect}\"\nreason = \"FLAGGED\"\nhold = {hold}"))
    };
    let held = |hold: &str| {
        let policy = with(hold, "DENY").unwrap();
        policy.rules.all().iter().find(|rule| rule.id == "mine").unwrap().hold.clone()
    };
    assert_eq!(held("\"STAFF\""), [HoldKind::Staff]);
    assert_eq!(held("[\"CERTIFICATE\", \"DEVICE\"]"), [HoldKind::Device, HoldKind::Certificate]);
    let text = |hold: &str| with(hold, "DENY").unwrap().canonical();
    assert_eq!(text("[\"STORE\", \"TOKEN\"]"), text("[\"TOKEN\", \"STORE\"]"));
    assert_ne!(text("[\"STORE\", \"TOKEN\"]"), text("\"STORE\""));
    for wrong in ["\"CARRIER\"", "[\"STAFF\", \"STAFF\"]", "[\"STAFF\", 7]", "true"] {
        let error = with(wrong, "DENY").unwrap_err();
        assert!(error.contains("`hold` must be one of STAFF, STORE, DEVICE, CERTIFICATE, TOKEN"), "{error}");
    }
    assert!(with("[]", "DENY").unwrap_err().contains("leave it out"));
    assert!(with("\"STAFF\"", "STRONG").unwrap_err().contains("only a rule with at_least = \"DENY\""));
}

#[test]
fn a_rule_that_refuses_turns_a_carriers_lock_on() {
    let with = |lock: &str, effect: &str| {
        rule(&format!("when = 'true'\nat_least = \"{effect}\"\nreason = \"FLAGGED\"\nlock = \"{lock}\""))
    };
    for (name, set) in [("PORT", LockSet::Port), ("SIM", LockSet::Sim), ("ALL", LockSet::All)] {
        let policy = with(name, "DENY").unwrap();
        assert_eq!(policy.rules.all().iter().find(|rule| rule.id == "mine").unwrap().lock, Some(set));
    }
    assert_ne!(with("PORT", "DENY").unwrap().canonical(), with("SIM", "DENY").unwrap().canonical());
    assert!(with("LINE", "DENY").unwrap_err().contains("`lock` must be PORT, SIM or ALL"));
    assert!(with("PORT", "STRONG").unwrap_err().contains("only a rule with at_least = \"DENY\""));
}

#[test]
fn a_rule_has_permits_wait_and_nothing_else() {
    let with = |on: &str, wait: &str| {
        rule(&format!("on = [\"{on}\"]\nwhen = 'true'\nwait = \"{wait}\"\nreason = \"FLAGGED\""))
    };
    let waits = with("SIM_CHANGE", "90m").unwrap();
    let effect = waits.rules.all().iter().find(|rule| rule.id == "mine").unwrap().effect;
    assert_eq!(effect, RuleEffect::Wait(TimeDelta::minutes(90)));
    assert_ne!(waits.canonical(), with("SIM_CHANGE", "91m").unwrap().canonical());
    for wrong in ["0s", "169h", "soon", "-1h"] {
        assert!(with("SIM_CHANGE", wrong).unwrap_err().contains("`wait` must be a time"), "{wrong}");
    }
    for at_once in ["LOCK_RELEASE", "PIN_CHANGE", "TRANSFER_PIN_ISSUE"] {
        assert!(with(at_once, "1h").unwrap_err().contains("only a permit can `wait`"), "{at_once}");
    }
    let both = rule("on = [\"SIM_CHANGE\"]\nwhen = 'true'\nwait = \"1h\"\npoints = 1\nreason = \"FLAGGED\"");
    assert!(both.unwrap_err().contains("make two rules of it"));
}

#[test]
fn rules_are_left_out_and_replaced_by_name() {
    let ids = |policy: &Policy| policy.rules.all().iter().map(|rule| rule.id).collect::<Vec<_>>();
    let without = extended("without = [\"P19-no-device-sale\"]\n").unwrap();
    assert!(!ids(&without).contains(&"P19-no-device-sale"));
    let replaced = extended(
        "[[rule]]\nid = \"P9-flagged\"\nreplaces = true\nwhen = 'line.flagged'\nat_least = \"DENY\"\nreason = \"FLAGGED\"\n",
    )
    .unwrap();
    let rules: Vec<_> = replaced.rules.all().iter().filter(|rule| rule.id == "P9-flagged").collect();
    assert_eq!(rules.iter().map(|rule| rule.effect).collect::<Vec<_>>(), [RuleEffect::Deny]);
}

/// INVARIANT (stricter-only): what the engine's promises rest on, no file leaves out.
#[test]
fn no_policy_is_without_the_rules_of_always() {
    for text in [
        "without = [\"P1-lock-on\"]\n",
        "[[rule]]\nid = \"P1-lock-on\"\nwhen = 'false'\npoints = 0\nreason = \"LOCK_ON\"\n",
        "[[rule]]\nid = \"P1-lock-on\"\nreplaces = true\nwhen = 'false'\npoints = 0\nreason = \"LOCK_ON\"\n",
    ] {
        let error = extended(text).unwrap_err();
        assert!(error.contains("P1-lock-on"), "{error}");
    }
    let whole = include_str!("../../../policies/us-default.toml").split("# ---- P3").next().unwrap();
    let bare = load("bare.toml", whole).unwrap();
    assert!(bare.rules.all().iter().any(|rule| rule.id == "P1-lock-on"));
}

/// The order of rules and tables, and blanks, change nothing: not even the digest.
#[test]
fn order_and_blanks_mean_nothing() {
    let one = "[[rule]]\nid = \"A\"\nwhen = 'line.flagged && pin.failures>1'\npoints = 1\nreason = \"SCORE_HIGH\"\n";
    let two = "[[rule]]\nid = \"B\"\nwhen = 'true'\npoints = 2\nreason = \"SCORE_HIGH\"\n";
    let knobs = "[thresholds]\ndeny = 120\n";
    let canonical = |text: String| extended(&text).unwrap().canonical();
    let first = canonical(format!("{knobs}{one}{two}"));
    let blanks = one.replace("pin.failures>1", "  (pin.failures  >  1)").replace("points = 1", "points=1 # one");
    assert_eq!(first, canonical(format!("{two}{blanks}{knobs}")));
    assert_ne!(first, canonical(format!("{knobs}{one}")));
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let cases: Vec<(Result<Policy, String>, &str)> = vec![
        (
            rule("when = 'line.flaged'\npoints = 1\nreason = \"SCORE_HIGH\""),
            "mine.toml:4:9: rule `mine`: there is no fact `line.flaged`: did you mean `line.flagged`?\n  when = 'line.flaged'\n          ^",
        ),
        (
            rule(
                "when = '''\nline.flagged\n&& pin.failures < duration(\"1h\")'''\npoints = 1\nreason = \"SCORE_HIGH\"",
            ),
            "mine.toml:6:19: rule `mine`: a count is held against a duration",
        ),
        (
            rule("when = 'true'\npoints = 1\nreason = \"SCORE_HIG\""),
            "mine.toml:6:10: rule `mine`: there is no reason `SCORE_HIG`: did you mean `SCORE_HIGH`?",
        ),
        (
            rule("when = 'true'\npoints = -1\nreason = \"SCORE_HIGH\""),
            "mine.toml:5:10: rule `mine`: `points` must be a whole number, not negative: rules only raise",
        ),
        (
            rule("when = 'true'\nat_least = \"APPROVE\"\nreason = \"SCORE_HIGH\""),
            "mine.toml:5:12: rule `mine`: `at_least` must be one of BASIC, CHALLENGE, STRONG, HOLD, DENY",
        ),
        (
            rule("when = 'true'\nat_least = \"DENY\"\npoints = 1\nreason = \"SCORE_HIGH\""),
            "one of `points`, `at_least` or `wait`",
        ),
        (rule("when = 'true'\nreason = \"SCORE_HIGH\""), "needs `points`, `at_least` or `wait`"),
        (rule("points = 1\nreason = \"SCORE_HIGH\""), "needs a `when`"),
        (rule("when = 'true'\npoints = 1"), "needs a `reason`"),
        (
            rule("when = 'true'\npoints = 1\nreason = \"SCORE_HIGH\"\non = [\"SIMCHANGE\"]"),
            "mine.toml:7:7: rule `mine`: `SIMCHANGE` is none of SIM_CHANGE",
        ),
        (rule("when = 'true'\npoints = 1\nreason = \"SCORE_HIGH\"\non = []"), "must be a list of actions"),
        (
            rule(
                "when = 'true'\npoints = 1\nreason = \"SCORE_HIGH\"\non = [\"PORT_OUT\"]\non_all_but = [\"PORT_OUT\"]",
            ),
            "not both",
        ),
        (
            rule("when = 'true'\npoints = 1\nreason = \"SCORE_HIGH\"\nefective = 2026-01-01"),
            "did you mean `effective`?",
        ),
        (rule("when = 'true'\npoints = 1\nreason = \"SCORE_HIGH\"\neffective = 2026-01-01"), "must be an instant"),
        (
            rule("when = 'true'\npoints = 1\nreason = \"SCORE_HIGH\"\nif_unknown = \"FALSE\""),
            "must be BY_ORIGIN or HOLDS",
        ),
        (rule("when = 'true'\npoints = 1\nreason = \"SCORE_HIGH\"\nreplaces = true"), "no such rule to be replaced"),
        (extended("[[rule]]\nwhen = 'true'"), "mine.toml:2:1: a rule needs an `id`"),
        (extended("[[rule]]\nid = \"a b\""), "letters, digits and hyphens"),
        (
            extended("[pin]\nfresh_aftr = \"24h\""),
            "mine.toml:3:1: there is no `pin.fresh_aftr` in a policy: did you mean `pin.fresh_after`?",
        ),
        (extended("[pin]\nfresh_after = 24"), "mine.toml:3:15: `pin.fresh_after` must be a span of time in quotes"),
        (extended("[pni]\nfresh_after = \"24h\""), "there is no `pni.fresh_after`"),
        (extended("[permit]\nlife = \"11m\""), "mine.toml:3:8: policy knob `permit.life` must be at most 10 minutes"),
        (extended("[pin\n"), "mine.toml:2:5"),
        (extended("without = [\"P99\"]"), "has no rule `P99`"),
        (
            load("mine.toml", "extends = \"uk\"").map_err(|error| error.to_string()),
            "must name a built-in policy: us-default, in-trai, au-acma",
        ),
        (load("mine.toml", "[pin]\n").map_err(|error| error.to_string()), "is missing: set it, or say extends"),
    ];
    said_of(cases);
}

#[test]
fn what_is_wrong_with_a_reason_is_told_with_its_place() {
    said_of([
        (
            own("code = \"X_SIM_FARM\"\nmeaning = \"Mine.\"", "X_SIM_FRAM"),
            "rule `mine`: there is no reason `X_SIM_FRAM`: did you mean `X_SIM_FARM`?",
        ),
        (own("code = \"X_A\"", "X_A"), "mine.toml:2:1: a reason needs a `code`, and a `meaning`"),
        (own("meaning = \"Mine.\"", "X_A"), "a reason needs a `code`"),
        (own("code = \"X_A\"\nmeaning = 1", "X_A"), "mine.toml:4:11: `meaning` must be a text in quotes"),
        (own("code = \"X_a\"\nmeaning = \"Mine.\"", "X_a"), "mine.toml:3:8: the reason `X_a`: must be `X_` and"),
        (own("code = \"SIM_FARM\"\nmeaning = \"Mine.\"", "SIM_FARM"), "must be `X_` and"),
        (own("code = \"LOCK_ON\"\nmeaning = \"Mine.\"", "LOCK_ON"), "`LOCK_ON` is a reason of the engine's"),
        (own("code = \"X_A\"\nmeaning = \"\"", "X_A"), "must be 1 to 200 characters"),
        (own("code = \"X_A\"\nmeaning = \"M.\"\nclass = \"FEAR\"", "X_A"), "`class` must be one of LOCK, CREDENTIAL"),
        (
            own("code = \"X_A\"\nmeaning = \"M.\"\ncarrier = \"8C\"", "X_A"),
            "mine.toml:5:11: `carrier` must be one of 1P, 6P, 6C, 6D, 6K, 7C: no rule knows that",
        ),
        (
            own("code = \"X_A\"\nmeaning = \"M.\"\nclas = \"RISK\"", "X_A"),
            "a reason has no `clas`: did you mean `class`?",
        ),
        (
            own("code = \"X_A\"\nmeaning = \"M.\"\n[[reason]]\ncode = \"X_A\"\nmeaning = \"N.\"", "X_A"),
            "mine.toml:5:1: the reason `X_A` is declared twice",
        ),
    ]);
}

fn said_of(cases: impl IntoIterator<Item = (Result<Policy, String>, &'static str)>) {
    for (loaded, said) in cases {
        let error = loaded.unwrap_err();
        assert!(error.contains(said), "{error}\n-- must say --\n{said}");
    }
}
