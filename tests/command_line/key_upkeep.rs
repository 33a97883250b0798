//! Keys looked after through the command line: sealed anew, retired, looked at.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use crate::day::{APP, NUMBER, SIM, open, with};
use crate::program::{Place, Service};

const KEYRING: &str = "dev/keyring.json";

fn rotate(place: &Place, purpose: &str) {
    place.run(&["keys", "rotate", KEYRING, purpose]).ending(0);
}

fn restarted(service: Service) -> Service {
    let (status, place) = service.stop();
    assert!(status.success(), "{status}");
    Service::start(place)
}

/// What a check of the doctor's said: its states.
fn states<'a>(report: &'a Value, check: &str) -> Vec<&'a str> {
    let checks = report["checks"].as_array().unwrap().iter().filter(|found| found["check"] == check);
    checks.map(|found| found["state"].as_str().unwrap()).collect()
}

#[test]
fn a_seal_key_is_replaced_and_taken_out_and_old_decisions_are_read_without_it() {
    let service = open();
    let decide = with(&["decide", "sim-change", NUMBER], &[&SIM, &APP, &["--permit-out", "permit"]]);
    let decided = service.ask("ada", &decide).ending(0).json();
    service.place.mint("ops", "admin", &[]);
    rotate(&service.place, "seal");
    // The running service still makes things with it.
    let early = service.ask("ops", &["keys", "retire", KEYRING, "seal", "1"]).ending(2).stderr;
    assert!(early.contains("start the service again"), "{early}");
    let active = service.ask("ops", &["keys", "retire", KEYRING, "seal", "2"]).ending(2).stderr;
    assert!(active.contains("seal key 2 is the active one"), "{active}");
    let service = restarted(service);
    let named = service.ask("ops", &["keys", "retire", KEYRING, "seal", "1"]).ending(3).json();
    assert!(named["retired"] == false && named["use"]["uses"].as_i64().unwrap() > 3, "{named}");
    assert!(named["advice"].as_str().unwrap().contains("keys reseal"), "{named}");

    let told = service.ask("ops", &["keys", "reseal"]).ending(0).json();
    assert_eq!(told["bodies_resealed"], named["use"]["uses"]);
    let before = fs::read(service.place.path(KEYRING)).unwrap();
    let told = service.ask("ops", &["keys", "retire", KEYRING, "seal", "1"]).ending(0).json();
    assert_eq!((&told["retired"], &told["public_key_jwk"]), (&json!(true), &Value::Null));
    let listed = service.place.run(&["keys", "list", KEYRING, "--json"]).ending(0).json();
    let seals = listed["keys"].as_array().unwrap().iter().filter(|key| key["purpose"] == "seal");
    assert_eq!(seals.map(|key| key["id"].as_i64().unwrap()).collect::<Vec<_>>(), [2]);

    let service = restarted(service);
    let shown = service.ask("ada", &["decision", "show", decided["decision_id"].as_str().unwrap()]).ending(0).json();
    assert_eq!(shown["outcome"], "OUTCOME_APPROVE");
    let redeem = with(&["decision", "redeem", "sim-change", NUMBER], &[&SIM, &["--permit-file", "permit"]]);
    service.ask("ada", &redeem).ending(0);
    // As a process that died before the key left the file would have left it: both keyrings start, the same again finishes.
    let (_, place) = service.stop();
    fs::write(place.path(KEYRING), &before).unwrap();
    let service = Service::start(place);
    service.ask("ops", &["keys", "retire", KEYRING, "seal", "1"]).ending(0);
    restarted(service);
}

#[test]
fn a_signing_key_leaves_its_public_half() {
    let service = open();
    service.place.mint("ops", "admin", &[]);
    let keyring: Value = service.place.run(&["keys", "list", KEYRING, "--json"]).ending(0).json();
    let kid = |purpose: &str| {
        let mut keys = keyring["keys"].as_array().unwrap().iter();
        keys.find(|key| key["purpose"] == purpose).unwrap()["kid"].as_str().unwrap().to_owned()
    };
    rotate(&service.place, "record_signing");
    let service = restarted(service);
    let told = service.ask("ops", &["keys", "retire", KEYRING, "record_signing", "1"]).ending(0).json();
    let jwk: Value = serde_json::from_str(told["public_key_jwk"].as_str().unwrap()).unwrap();
    assert_eq!(jwk["kid"], kid("record_signing"));
}

#[test]
fn nobody_else_looks_after_keys() {
    let service = open();
    for subject in ["ada", "clerk", "aud", "bss"] {
        let refused = service.ask(subject, &["keys", "reseal"]).ending(3).error();
        assert_eq!(refused["reason"], "FORBIDDEN", "{subject}");
    }
}

#[test]
fn the_doctor_finds_what_is_wrong_with_keys() {
    let service = open();
    service.place.mint("ops", "admin", &[]);
    let running = ["keys", "doctor", KEYRING, "--store", "dev/store", "--running"];
    let well = service.ask("ops", &running).ending(0).json();
    assert_eq!(well["state"], "ok", "{well}");
    for check in ["keys.keyring", "keys.folder", "keys.self_test", "keys.place", "keys.store", "keys.running"] {
        assert_eq!(states(&well, check), ["ok"], "{check}");
    }
    assert_eq!(states(&well, "keys.age").len(), 5);
    // Rotated, and not started again yet; then started again, and something still names the old key.
    rotate(&service.place, "seal");
    let early = service.ask("ops", &running).ending(0).json();
    assert_eq!((&early["state"], states(&early, "keys.running")), (&json!("warn"), vec!["warn"]));
    let service = restarted(service);
    let named = service.ask("ops", &running).ending(0).json();
    assert_eq!((states(&named, "keys.running"), states(&named, "keys.retired")), (vec!["ok"], vec!["warn"]));
    service.ask("ops", &["keys", "reseal"]).ending(0);
    assert_eq!(states(&service.ask("ops", &running).ending(0).json(), "keys.retired"), ["ok"]);

    // Another keyring than the store's, a folder that others write, a file that others read.
    let place = &service.place;
    fs::create_dir(place.path("other")).unwrap();
    place.run(&["keys", "generate", "other/keyring.json"]).ending(0);
    let beside = ["--json", "keys", "doctor", "other/keyring.json", "--store", "dev/store"];
    let foreign = place.run(&beside).ending(3).json();
    assert_eq!((&foreign["state"], states(&foreign, "keys.store")), (&json!("fail"), vec!["fail"]));
    // No store in the folder that was named.
    fs::create_dir(place.path("empty")).unwrap();
    let nothing = place.run(&["--json", "keys", "doctor", KEYRING, "--store", "empty"]).ending(3).json();
    assert_eq!(states(&nothing, "keys.store"), ["fail"]);
    let alone = ["keys", "doctor", "other/keyring.json", "--json"];
    fs::set_permissions(place.path("other"), fs::Permissions::from_mode(0o777)).unwrap();
    assert_eq!(states(&place.run(&alone).ending(3).json(), "keys.folder"), ["fail"]);
    fs::set_permissions(place.path("other/keyring.json"), fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(states(&place.run(&alone).ending(3).json(), "keys.keyring"), ["fail"]);
}
