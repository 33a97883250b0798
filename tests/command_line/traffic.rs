//! The default policy against generated traffic: an ordinary day of 20,000 requests, and 5,000 variations of the attacks. Each
//! of the two is also seen to fail, with a policy that is not as it must be.

use std::fs;

use serde_json::Value;

use crate::program::Place;

const SCENARIOS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios");

/// The goals of the policy in words: the least that is approved, in percent, lock off.
const GOALS: [(&str, f64); 3] = [("known_device", 95.0), ("store", 90.0), ("fresh_transfer_pin", 97.0)];

/// The most that is denied, in percent, apart from locks, PINs that are off and wrong fields.
const DENIED_AT_MOST: f64 = 0.1;

fn share(told: &Value, goal: &str, figure: &str) -> f64 {
    told["goals"][goal][figure].as_f64().unwrap()
}

#[test]
fn an_ordinary_day_costs_honest_customers_no_more_than_the_goals_say() {
    let told = Place::new().run(&["policy", "ordinary", "--json"]).ending(0).json();
    assert!(told["requests"].as_u64().unwrap() >= 20_000, "{told:#}");
    assert!(told["households"].as_u64().unwrap() >= 10_000, "{told:#}");
    for (goal, least) in GOALS {
        assert!(share(&told, goal, "asked") >= 1_000.0, "{told:#}");
        // What only something could answer that is not built counts as not approved.
        assert!(share(&told, goal, "approved_in_the_end_percent") >= least, "{goal}: {told:#}");
    }
    // On the own device most need no second step.
    assert!(share(&told, "known_device", "approved_at_once_percent") >= 95.0, "{told:#}");
    assert!(told["denied_percent"].as_f64().unwrap() <= DENIED_AT_MOST, "{told:#}");
    assert_eq!(told["missed"].as_array().unwrap().len(), 0, "{told:#}");
    // Nor does the day pass because nothing is asked for.
    assert!(told["outcomes"]["CHALLENGE"].as_u64().unwrap() > 1_000, "{told:#}");
}

#[test]
fn a_policy_that_turns_honest_customers_away_misses_the_goals() {
    let place = Place::new();
    let rule = "when = 'signal.device_sale == false'\nat_least = \"DENY\"\nreason = \"SCORE_HIGH\"\n";
    let policy = format!("extends = \"us-default\"\n[[rule]]\nid = \"sales-alone\"\non = [\"SIM_CHANGE\"]\n{rule}");
    fs::write(place.path("harsh.toml"), policy).unwrap();
    let args = ["policy", "ordinary", "--requests", "1500", "--policy", "harsh.toml", "--json"];
    let told = place.run(&args).ending(3).json();
    assert_eq!(told["missed"], serde_json::json!(["store", "denied"]), "{told:#}");
}

/// A mix without the way out that a challenge leaves ends below the goals: it is the answers that make them.
#[test]
fn a_day_on_which_nobody_answers_a_challenge_misses_the_goals() {
    let place = Place::new();
    let mix = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/traffic/ordinary-day.toml")).unwrap();
    let step = |step: &str| if step.contains("again = true") { nothing_new(step) } else { step.to_owned() };
    let steps = mix.split("[[matter.step]]").map(step);
    fs::write(place.path("silent.toml"), steps.collect::<Vec<_>>().join("[[matter.step]]")).unwrap();
    let args = ["policy", "ordinary", "--requests", "1500", "--mix", "silent.toml", "--json"];
    let told = place.run(&args).ending(3).json();
    let missed: Vec<&str> = told["missed"].as_array().unwrap().iter().map(|goal| goal.as_str().unwrap()).collect();
    assert!(missed.contains(&"store") && missed.contains(&"fresh_transfer_pin"), "{told:#}");
}

/// A step that is asked again, turned into one that says nothing new: what comes after it stays.
fn nothing_new(step: &str) -> String {
    let rest = step.split_once("[[matter]]").map_or(String::new(), |(_, rest)| format!("[[matter]]{rest}"));
    let nothing = "who = \"network\"\ndo = \"event\"\nevent = { log_in_succeeded = { device_id = \"owner-phone\" } }";
    format!("\n{nothing}\n{rest}")
}

fn attacks(place: &Place, more: &[&str], code: i32) -> Value {
    place.run(&[&["policy", "attacks", SCENARIOS, "--json"], more].concat()).ending(code).json()
}

fn count(told: &Value, name: &str) -> u64 {
    told[name].as_u64().unwrap()
}

#[test]
fn no_variation_of_an_attack_is_approved_and_its_owner_is() {
    let told = attacks(&Place::new(), &[], 0);
    assert_eq!(count(&told, "variations"), 5_000);
    for wrong in ["attacks_wrong", "proven_and_not_approved", "proven_in_vain_and_approved"] {
        assert_eq!(count(&told, wrong), 0, "{told:#}");
    }
    let proven = count(&told, "proven");
    assert!(proven > 3_500, "{proven}");
    // What nothing helps is on a list, with why.
    let families = told["families"].as_array().unwrap();
    assert!(families.len() >= 30 && families.iter().all(|family| count(family, "variations") >= 20), "{told:#}");
    for family in families {
        let in_vain = count(family, "proven_in_vain") > 0;
        assert!(in_vain || count(family, "proven") > 0, "{family:#}");
        assert_eq!(in_vain, family["why_in_vain"].is_string(), "{family:#}");
    }
    assert_eq!(told["waiting_for_what_is_not_built"], serde_json::json!([]));
}

#[test]
fn a_softer_policy_approves_variations_of_what_it_lacks() {
    let place = Place::new();
    let soft = "extends = \"us-default\"\nwithout = [\"P12-second-sim-change\", \"P9-flagged\"]\n";
    fs::write(place.path("soft.toml"), soft).unwrap();
    // A05 is what P9 alone stops only where the owner's own device asks: so that is who asks here.
    let families = include_str!("../../traffic/attack-variations.toml");
    let (before, after) = families.split_once("id = \"A05\"\nwho = { clerk = [").unwrap();
    let (_, after) = after.split_once(']').unwrap();
    let families = format!("{before}id = \"A05\"\nwho = {{ clerk = [\"owner\"]{after}");
    fs::write(place.path("families.toml"), families).unwrap();
    let more = ["--variations", "600", "--policy", "soft.toml", "--families", "families.toml"];
    let told = attacks(&place, &more, 3);
    let failed: Vec<&str> = told["families"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|family| count(family, "attacks_wrong") > 0)
        .map(|family| family["id"].as_str().unwrap())
        .collect();
    assert_eq!(failed, ["A05", "P12-second-sim-change"], "{told:#}");
    assert_eq!(count(&told, "proven_and_not_approved"), 0, "{told:#}");
}

#[test]
fn a_policy_that_denies_everything_fails_the_owners() {
    let place = Place::new();
    let rule = "[[rule]]\nid = \"nobody\"\nwhen = 'true'\nat_least = \"DENY\"\nreason = \"SCORE_HIGH\"\n";
    fs::write(place.path("nobody.toml"), format!("extends = \"us-default\"\n{rule}")).unwrap();
    let told = attacks(&place, &["--variations", "150", "--policy", "nobody.toml"], 3);
    let (proven, turned_away) = (count(&told, "proven"), count(&told, "proven_and_not_approved"));
    // The few that are left are scenarios with a policy of their own: how many, the dice say.
    assert!(turned_away > 0 && turned_away * 10 >= proven * 8, "{turned_away} of {proven}");
}

#[test]
fn files_that_are_none_are_told_with_their_place() {
    let place = Place::new();
    fs::write(place.path("mix.toml"), "seed = 1\nrequest = 5\n").unwrap();
    let told = place.run(&["policy", "ordinary", "--mix", "mix.toml"]).ending(2).stderr;
    assert!(told.contains("mix.toml") && told.contains("unknown field `request`"), "{told}");
    let family = "seed = 1\nvariations = 5\n[[family]]\nid = \"A26\"\nhonest = 9\n";
    fs::write(place.path("families.toml"), family).unwrap();
    let told = place.run(&["policy", "attacks", SCENARIOS, "--families", "families.toml"]).ending(2).stderr;
    assert!(told.contains("families.toml: family `A26`: step 9 is not played"), "{told}");
    fs::write(place.path("families.toml"), family.replace("honest = 9", "honest = 1")).unwrap();
    let told = place.run(&["policy", "attacks", SCENARIOS, "--families", "families.toml"]).ending(2).stderr;
    assert!(told.contains("the attack `A01` has no family"), "{told}");
}
