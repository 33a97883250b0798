//! Policies in files: looked at, decided by, and changed while they decide.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use serde_json::{Value, json};

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

    let id = decided(&service)[1]["record_id"].as_str().unwrap().to_owned();
    let explained = service.ask_as_person("aud", &["policy", "explain", &id]).ending(0).stdout;
    assert!(explained.contains("DENY no-sim-changes ("), "{explained}");
    assert_eq!(service.ask("aud", &["policy", "explain", &id]).ending(0).json()["shadow"]["outcome"], "OUTCOME_DENY");

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
fn decisions_are_explained_and_replayed_as_they_were_and_as_another_policy_would() {
    let place = Place::with_keys();
    place.mint("bss", "provisioning", &[]);
    place.mint("clerk", "retail_agent", &["--store", "S-1"]);
    place.mint("aud", "auditor", &[]);
    fs::write(place.path("one.jsonl"), seed("A-1", "L-1", "+12125550001", JWK).to_string()).unwrap();
    fs::write(place.path("mine.toml"), strict("FLAGGED")).unwrap();
    let service = Service::start(place);
    service.ask("bss", &["account", "import", "one.jsonl"]).ending(0);
    assert_eq!(outcome(&service, 4), "OUTCOME_CHALLENGE");
    let record = decided(&service).remove(0);
    let id = record["record_id"].as_str().unwrap();

    let told = service.ask("aud", &["policy", "explain", id]).ending(0).json();
    assert_eq!((&told["outcome"], &told["is_the_policy_that_decided"]), (&"CHALLENGE".into(), &true.into()));
    let rules = told["rules"].as_array().unwrap();
    let held: BTreeSet<&str> =
        rules.iter().filter(|rule| rule["said"] == "HELD").map(|rule| rule["id"].as_str().unwrap()).collect();
    let recorded = record["explanation"]["contributions"].as_array().unwrap();
    let recorded: BTreeSet<&str> = recorded.iter().map(|given| given["rule_id"].as_str().unwrap()).collect();
    assert_eq!(held, recorded.into_iter().filter(|rule| *rule != "P19-score").collect());
    assert!(!held.is_empty());
    let channel =
        rules.iter().flat_map(|rule| rule["facts"].as_array().unwrap()).find(|fact| fact["fact"] == "request.channel");
    assert!(channel.is_none_or(|fact| fact["text"] == "STORE"));
    let told = service.ask("aud", &["policy", "explain", id, "--policy", "mine.toml"]).ending(0).json();
    assert_eq!((&told["outcome"], &told["because"]), (&"DENY".into(), &json!(["no-sim-changes"])));
    assert_eq!(told["is_the_policy_that_decided"], false);
    let person = service.ask_as_person("aud", &["policy", "explain", id]).ending(0).stdout;
    assert!(person.contains("rules are about other actions: --all") && person.contains("proof needed"), "{person}");
    service.ask("clerk", &["policy", "explain", id]).ending(3);

    let span = ["policy", "replay", "--from", "2025-01-01T00:00:00Z", "--to", "2100-01-01T00:00:00Z"];
    let same = service.ask("aud", &span).ending(0).json();
    assert_eq!((&same["replayed"], &same["flips"]["count"]), (&1.into(), &0.into()));
    let other = service.ask("aud", &[&span[..], &["--policy", "mine.toml"]].concat()).ending(0).json();
    assert_eq!(other["flips"]["by_outcome"], json!([{ "from": "CHALLENGE", "to": "DENY", "count": 1 }]));
    assert_eq!(other["rules"], json!([{ "rule": "no-sim-changes", "extra_challenges": 0, "extra_denials": 1 }]));
    assert_eq!((&other["listed"][0]["decision_id"], &other["policy"]), (&id.into(), &"mine.toml".into()));

    // What somebody says of it afterwards is held against it.
    assert_eq!(other["known"]["fraud"]["count"], 0);
    service.ask("clerk", &["decision", "report", id, "genuine"]).ending(0);
    let genuine = service.ask("aud", &[&span[..], &["--policy", "mine.toml"]].concat()).ending(0).json();
    let shares = json!({ "recorded": 0, "replayed": 10_000 });
    assert_eq!(genuine["known"]["genuine"]["false_refusals_basis_points"], shares);
    service.ask("clerk", &["decision", "report", id, "fraud"]).ending(0);
    let fraud = service.ask("aud", &[&span[..], &["--policy", "mine.toml"]].concat()).ending(0).json();
    assert_eq!((&fraud["known"]["genuine"]["count"], &fraud["known"]["fraud"]["count"]), (&0.into(), &1.into()));
    assert_eq!(fraud["known"]["fraud"]["replayed"], json!({ "APPROVE": 0, "CHALLENGE": 0, "DENY": 1 }));

    // The same from a file; a line of it that is no record is counted.
    let listed = service.ask("aud", &["audit", "list"]).ending(0).stdout;
    fs::write(service.place.path("records.jsonl"), format!("{listed}not a record\n")).unwrap();
    let file = ["policy", "replay", "--records", "records.jsonl", "--policy", "mine.toml", "--json"];
    let read = service.place.run(&file).ending(0).json();
    assert_eq!((&read["flips"], &read["rules"]), (&other["flips"], &other["rules"]));
    assert_eq!(read["not_replayed"]["causes"], json!([{ "why": "a line of the file is no JSON", "count": 1 }]));
    let explained = ["policy", "explain", id, "--records", "records.jsonl", "--json"];
    assert_eq!(service.place.run(&explained).ending(0).json()["decision_id"], id);
    let picture = service.place.run(&[&file[..6], &["--format", "svg"]].concat()).ending(0).stdout;
    assert!(picture.starts_with("<svg ") && picture.contains("1 of 1 decisions would come out otherwise"), "{picture}");
    service.place.run(&["policy", "replay"]).ending(2);
}

/// Without a service of one's own: the steps before it happen first.
#[test]
fn a_step_of_a_scenario_is_explained() {
    let place = Place::new();
    let step = |at: &str, offer: &str, outcome: &str| {
        format!(
            "[[step]]\nat = \"{at}\"\nwho = \"pad\"\ndo = \"SIM_CHANGE\"\noffer = [\"{offer}\"]\noutcome = \"{outcome}\"\n"
        )
    };
    let steps = [step("0", "wrong-pin", "CHALLENGE"), step("90s", "pin", "APPROVE")].concat();
    fs::write(place.path("one.toml"), format!("id = \"L02\"\nabout = \"An upgrade\"\n{steps}")).unwrap();
    fs::write(place.path("mine.toml"), strict("FLAGGED")).unwrap();
    let explain = ["policy", "explain", "--scenario", "one.toml", "--json", "--step"];
    let told = place.run(&[&explain[..], &["2"]].concat()).ending(0).json();
    assert_eq!((&told["outcome"], &told["accepted"]), (&"APPROVE".into(), &json!(["ACCOUNT_PIN"])));
    let rules = told["rules"].as_array().unwrap();
    let mut facts = rules.iter().flat_map(|rule| rule["facts"].as_array().unwrap());
    let failures = facts.find(|fact| fact["fact"] == "pin.failures").unwrap();
    assert_eq!(failures["value"], 1, "the step before was taken");
    let told = place.run(&[&explain[..], &["2", "--policy", "mine.toml"]].concat()).ending(0).json();
    assert_eq!((&told["outcome"], &told["recorded"]["outcome"]), (&"DENY".into(), &"DENY".into()));
    let none = place.run(&[&explain[..], &["3"]].concat()).ending(2);
    assert!(none.stderr.contains("L02 has 2 steps"), "{}", none.stderr);
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
