//! Every scenario of the sources, played against the default policy, and against one that is softer.

use std::fs;

use crate::program::Place;

const SCENARIOS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios");

#[test]
fn the_default_policy_answers_every_scenario_as_it_must() {
    let place = Place::new();
    let told = place.run(&["policy", "test", SCENARIOS, "--json"]).ending(0).json();
    assert_eq!(told["failed"], 0, "{told:#}");
    assert!(told["passed"].as_u64().unwrap() >= 200, "{}", told["passed"]);
    // What no step reached is told, so that nobody takes it for tested.
    let (rules, unreached) = (told["rules"].as_u64().unwrap(), told["rules_not_reached"].as_array().unwrap().len());
    assert!(unreached as u64 * 4 <= rules, "{}", told["rules_not_reached"]);
}

/// Which store it is kept in makes no difference to any answer.
#[test]
fn every_scenario_comes_out_the_same_on_redis() {
    let place = Place::new();
    let told = place.run(&["policy", "test", SCENARIOS, "--store", "redis", "--json"]).ending(0).json();
    assert_eq!(told["failed"], 0, "{told:#}");
    assert!(told["passed"].as_u64().unwrap() >= 200, "{}", told["passed"]);
}

/// A policy without a rule that scenarios rest on is told by them.
#[test]
fn a_softer_policy_fails_the_scenarios_that_rest_on_what_it_lacks() {
    let place = Place::new();
    for (rule, scenario) in [("P12-second-sim-change", "P12-second-sim-change"), ("P9-flagged", "A05")] {
        fs::write(place.path("soft.toml"), format!("extends = \"us-default\"\nwithout = [\"{rule}\"]\n")).unwrap();
        let told = place.run(&["policy", "test", SCENARIOS, "--policy", "soft.toml", "--json"]).ending(3).json();
        let failed: Vec<&str> = told["scenarios"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|scenario| !scenario["failed"].as_array().unwrap().is_empty())
            .map(|scenario| scenario["id"].as_str().unwrap())
            .collect();
        assert!(failed.contains(&scenario), "{rule}: {failed:?}");
    }
}

#[test]
fn a_scenario_that_is_none_is_told_with_its_place() {
    let place = Place::new();
    let wrong = |text: &str, said: &str| {
        fs::write(place.path("one.toml"), format!("id = \"X\"\nabout = \"x\"\n[[step]]\nat = \"0\"\n{text}")).unwrap();
        let told = place.run(&["policy", "test", "."]).ending(2).stderr;
        assert!(told.contains("one.toml") && told.contains(said), "{told}");
    };
    wrong("who = \"nobody\"\ndo = \"SIM_CHANGE\"\noutcome = \"DENY\"\n", "there is no `nobody`");
    wrong("who = \"clerk\"\ndo = \"SIMCHANGE\"\noutcome = \"DENY\"\n", "`SIMCHANGE` is none of");
    wrong("who = \"clerk\"\ndo = \"SIM_CHANGE\"\noffer = [\"luck\"]\noutcome = \"DENY\"\n", "`luck` is none of");
    wrong("who = \"clerk\"\ndo = \"SIM_CHANGE\"\noutcom = \"DENY\"\n", "unknown field `outcom`");
    fs::remove_file(place.path("one.toml")).unwrap();
    place.run(&["policy", "test", "."]).ending(2);
}
