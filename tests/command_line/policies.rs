//! Policies in files: looked at, decided by, and changed while they decide.

use std::fs;
use std::time::Duration;

use serde_json::Value;

use crate::day::seed;
use crate::program::{Place, Service};

const JWK: &str = r#"{"crv":"Ed25519","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

/// The files are looked at every five seconds.
const SEEN_WITHIN: Duration = Duration::from_secs(60);

const ASK: [&str; 7] = ["decide", "sim-change", "+12125550001", "--iccid", "8901260123456789037", "--cause", "upgrade"];

/// The default policy, and one rule about every SIM change.
fn strict(reason: &str) -> String {
    format!(
        "extends = \"us-default\"\n[[rule]]\nid = \"no-sim-changes\"\non = [\"SIM_CHANGE\"]\nwhen = 'true'\nat_least = \
         \"DENY\"\nreason = \"{reason}\"\n"
    )
}

fn outcome(service: &Service, ends: i32) -> String {
    let asked = [&ASK[..], &["--channel", "store", "--store-id", "S-1"]].concat();
    service.ask("clerk", &asked).ending(ends).json()["outcome"].as_str().unwrap().to_owned()
}

#[test]
fn a_policy_file_decides_and_is_changed_without_a_restart_and_a_broken_one_changes_nothing() {
    let place = Place::with_keys();
    place.mint("bss", "provisioning", &[]);
    place.mint("clerk", "retail_agent", &["--store", "S-1"]);
    fs::write(place.path("one.jsonl"), seed("A-1", "L-1", "+12125550001", JWK).to_string()).unwrap();
    fs::write(place.path("policy.toml"), strict("FLAGGED")).unwrap();
    let service = Service::start_with(place, &["policy.file=policy.toml"]);
    service.ask("bss", &["account", "import", "one.jsonl"]).ending(0);
    assert_eq!(outcome(&service, 3), "OUTCOME_DENY");
    fs::write(service.place.path("policy.toml"), "extends = \"us-default\"\n").unwrap();
    service.until_page_says("/metrics", r#"portcullis_policy_reloads_total{result="used"} 1"#, SEEN_WITHIN);
    assert_eq!(outcome(&service, 4), "OUTCOME_CHALLENGE");
    // Half a file, as it is while somebody writes it; and none at all.
    fs::write(service.place.path("policy.toml"), strict("FLAGGED").split("when").next().unwrap()).unwrap();
    service.until_page_says("/metrics", r#"portcullis_policy_reloads_total{result="refused"} 1"#, SEEN_WITHIN);
    assert_eq!(outcome(&service, 4), "OUTCOME_CHALLENGE");
    fs::remove_file(service.place.path("policy.toml")).unwrap();
    service.until_page_says("/metrics", r#"portcullis_policy_reloads_total{result="refused"} 2"#, SEEN_WITHIN);
    assert_eq!(outcome(&service, 4), "OUTCOME_CHALLENGE");
    assert!(service.log().contains("the policy was read again"));
}

fn decided(service: &Service) -> Vec<Value> {
    let listed = service.ask("aud", &["audit", "list", "--kind", "decided"]).ending(0).stdout;
    listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// INVARIANT (shadow-answers-nothing)
#[test]
fn a_shadow_is_recorded_and_counted_and_one_that_is_missing_or_broken_changes_nothing() {
    let place = Place::with_keys();
    place.mint("bss", "provisioning", &[]);
    place.mint("clerk", "retail_agent", &["--store", "S-1"]);
    place.mint("aud", "auditor", &[]);
    fs::write(place.path("one.jsonl"), seed("A-1", "L-1", "+12125550001", JWK).to_string()).unwrap();
    let doctor =
        ["doctor", "--config", "dev/portcullis.toml", "--set", "policy.shadow_file=shadow.toml", "--only", "policy"];
    let looked = place.run(&doctor).ending(0);
    assert!(looked.stdout.contains("shadow.toml"), "{}", looked.stdout);
    let service = Service::start_with(place, &["policy.shadow_file=shadow.toml"]);
    service.ask("bss", &["account", "import", "one.jsonl"]).ending(0);
    service.until_page_says("/metrics", r#"portcullis_shadow_reloads_total{result="refused"} 1"#, SEEN_WITHIN);
    assert_eq!(outcome(&service, 4), "OUTCOME_CHALLENGE");
    assert_eq!(decided(&service)[0]["shadow"], Value::Null);

    fs::write(service.place.path("shadow.toml"), strict("FLAGGED")).unwrap();
    service.until_page_says("/metrics", r#"portcullis_shadow_reloads_total{result="used"} 1"#, SEEN_WITHIN);
    assert_eq!(outcome(&service, 4), "OUTCOME_CHALLENGE");
    let shadow = &decided(&service)[1]["shadow"];
    let checked = service.place.run(&["policy", "check", "shadow.toml", "--json"]).ending(0).json();
    assert_eq!((&shadow["outcome"], &shadow["policy_revision"]), (&"OUTCOME_DENY".into(), &checked["revision"]));
    assert_eq!(shadow["reasons"][0]["rule_id"], "no-sim-changes");
    let flips = r#"portcullis_shadow_decisions_total{action="SIM_CHANGE",outcome="CHALLENGE",shadow_outcome="DENY"}"#;
    assert!(service.page("/metrics").contains(&format!("{flips} 1\n")), "{}", service.page("/metrics"));

    // Half a file: the one before is asked on, and nobody who asks notices.
    fs::write(service.place.path("shadow.toml"), strict("FLAGGED").split("when").next().unwrap()).unwrap();
    service.until_page_says("/metrics", r#"portcullis_shadow_reloads_total{result="refused"} 2"#, SEEN_WITHIN);
    assert_eq!(outcome(&service, 4), "OUTCOME_CHALLENGE");
    assert_eq!(decided(&service)[2]["shadow"]["policy_revision"], checked["revision"]);
    assert!(service.page("/metrics").contains(&format!("{flips} 2\n")));
    let log = service.log();
    assert!(log.contains("the shadow policy is not used") && log.contains("a shadow policy is asked"), "{log}");
    assert!(!service.page("/metrics").contains("portcullis_policy_reloads_total"), "the policy itself was not touched");
}

#[test]
fn a_service_does_not_start_with_a_policy_that_is_none() {
    let place = Place::with_keys();
    fs::write(place.path("policy.toml"), strict("FLAGED")).unwrap();
    let started =
        place.run(&["serve", "--config", "dev/portcullis.toml", "--set", "policy.file=policy.toml"]).ending(2);
    assert!(started.stderr.contains("policy.toml:7:10: rule `no-sim-changes`"), "{}", started.stderr);
    let doctor = ["doctor", "--config", "dev/portcullis.toml", "--set", "policy.file=policy.toml", "--only", "policy"];
    let looked = place.run(&doctor).ending(3);
    assert!(looked.stdout.contains("did you mean `FLAGGED`?"), "{}", looked.stdout);
}

#[test]
fn policies_are_looked_at_before_they_decide() {
    let place = Place::new();
    fs::write(place.path("mine.toml"), strict("FLAGGED")).unwrap();
    let checked = place.run(&["policy", "check", "mine.toml", "--rules"]).ending(0);
    assert!(checked.stdout.contains("no-sim-changes") && checked.stdout.contains("P1-lock-on"), "{}", checked.stdout);
    let checked = place.run(&["policy", "check", "mine.toml", "--json"]).ending(0).json();
    let built_in = place.run(&["policy", "check", "us-default", "--json"]).ending(0).json();
    assert_ne!(checked["revision"], built_in["revision"]);
    assert_eq!(checked["rules"].as_array().unwrap().len(), built_in["rules"].as_array().unwrap().len() + 1);
    let differ = place.run(&["policy", "diff", "us-default", "mine.toml", "--json"]).ending(0).json();
    let names: Vec<&str> =
        differ["differences"].as_array().unwrap().iter().map(|d| d["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["rule no-sim-changes"]);
    let alike = place.run(&["policy", "diff", "us-default", "us-default"]).ending(0);
    assert_eq!(alike.stdout, "They decide alike.\n");
    let wrong = place.run(&["policy", "check", "nowhere.toml"]).ending(1);
    assert!(wrong.stderr.contains("cannot read"), "{}", wrong.stderr);
    let facts = place.run(&["policy", "facts", "--json"]).ending(0).json();
    assert!(facts["facts"].as_array().unwrap().iter().any(|fact| fact["fact"] == "line.sim_changed_ago"));
}
