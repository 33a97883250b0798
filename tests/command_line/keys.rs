//! Keys and tokens, without a service.

use std::fs;

use crate::day::{APP, NUMBER, PIN, SIM, open, with};
use crate::program::{Place, Service, mode};

#[test]
fn keys_are_made_once_and_listed_without_their_material() {
    let place = Place::new();
    let first = place.run(&["keys", "generate", "keyring.json", "--json"]).ending(0);
    assert_eq!(first.json()["files"][0]["created"], true);
    let keyring = fs::read(place.path("keyring.json")).unwrap();
    let second = place.run(&["keys", "generate", "keyring.json", "--json"]).ending(0);
    assert_eq!(second.json()["files"][0]["created"], false);
    assert_eq!(fs::read(place.path("keyring.json")).unwrap(), keyring);
    assert_eq!(mode(&place.path("keyring.json")), 0o600);

    let listed = place.run(&["keys", "list", "keyring.json", "--json"]).ending(0).json();
    let purposes: Vec<&str> =
        listed["keys"].as_array().unwrap().iter().map(|k| k["purpose"].as_str().unwrap()).collect();
    assert_eq!(purposes, ["index", "pepper", "seal", "permit", "permit_signing", "record_signing"]);
    let named = |key: &serde_json::Value| key["kid"].as_str().is_some_and(|kid| kid.len() == 43);
    assert_eq!(listed["keys"].as_array().unwrap().iter().filter(|key| named(key)).count(), 2);
    let whole: serde_json::Value = serde_json::from_slice(&keyring).unwrap();
    for key in whole["keys"].as_array().unwrap() {
        assert!(!listed.to_string().contains(key["material"].as_str().unwrap()));
    }
    let table = place.run(&["keys", "list", "keyring.json"]).ending(0).stdout;
    assert!(
        table.starts_with("PURPOSE         ID  STATE   CREATED               KID\nindex           1   active  "),
        "{table}"
    );
}

#[test]
fn a_keyring_that_is_none_is_refused_and_left_alone() {
    let place = Place::new();
    place.write_secret("keyring.json", "{}");
    let refused = place.run(&["keys", "generate", "keyring.json"]).ending(1);
    assert!(refused.stderr.contains("damaged"), "{}", refused.stderr);
    assert_eq!(fs::read_to_string(place.path("keyring.json")).unwrap(), "{}");
}

#[test]
fn a_token_names_what_its_role_is_bound_to() {
    let place = Place::with_keys();
    let mint = ["token", "mint", "--issuer-key", "dev/issuer.key", "--subject", "x", "--role"];
    let asked = |rest: &[&str]| place.run(&[&mint[..], rest].concat());
    let told = asked(&["retail_agent"]).ending(2).stderr;
    assert_eq!(told.trim(), "error: --store is missing or has no usable value for role `retail_agent`");
    asked(&["nobody"]).ending(2);
    asked(&["auditor", "--lifetime", "31d"]).ending(2);
    let token = asked(&["auditor"]).ending(0).stdout;
    assert_eq!(token.trim().split('.').count(), 3);
    assert!(asked(&["auditor", "--json"]).ending(0).json()["expire_time"].is_string());
}

#[test]
fn a_token_replaces_a_token_and_nothing_else() {
    let place = Place::with_keys();
    place.mint("aud", "auditor", &[]);
    place.mint("aud", "auditor", &[]);
    assert_eq!(mode(&place.path("aud.token")), 0o600);
    let key = fs::read(place.path("dev/issuer.key")).unwrap();
    let mint = ["token", "mint", "--issuer-key", "dev/issuer.key", "--subject", "x", "--role", "auditor"];
    let refused = place.run(&[&mint[..], &["--out", "dev/issuer.key"]].concat()).ending(2);
    assert!(refused.stderr.contains("holds no token"), "{}", refused.stderr);
    assert_eq!(fs::read(place.path("dev/issuer.key")).unwrap(), key);
}

#[test]
fn an_app_key_is_told_again() {
    let place = Place::new();
    let first = place.run(&["keys", "app", "app.key", "--json"]).ending(0).json();
    assert_eq!(first, place.run(&["keys", "app", "app.key", "--json"]).ending(0).json());
    assert!(first["public_key_jwk"].as_str().unwrap().contains("Ed25519"));
    assert_eq!(mode(&place.path("app.key")), 0o600);
}

#[test]
fn what_old_keys_made_is_good_after_each_rotation() {
    let service = open();
    let permit = with(&["decide", "sim-change", NUMBER], &[&SIM, &APP, &["--permit-out", "permit"]]);
    let decided = service.ask("ada", &permit).ending(0).json();
    let (_, place) = service.stop();
    for purpose in ["permit", "seal", "pepper", "permit_signing", "record_signing"] {
        let told = place.run(&["keys", "rotate", "dev/keyring.json", purpose, "--json"]).ending(0).json();
        assert_eq!((&told["active"], &told["retired"]), (&serde_json::json!([2]), &serde_json::json!([1])));
    }
    assert_eq!(mode(&place.path("dev/keyring.json")), 0o600);
    let service = Service::start(place);
    // The account PIN matches under the old pepper, and a wrong one does not.
    let with_pin = with(&["decide", "sim-change", NUMBER], &[&SIM, &["--channel", "ivr", "--pin-file", "-"]]);
    service.place.mint("voice", "ivr", &[]);
    assert_eq!(service.ask_with("voice", &with_pin, "111111").ending(4).json()["outcome"], "OUTCOME_CHALLENGE");
    assert_eq!(service.ask_with("voice", &with_pin, PIN).ending(0).json()["outcome"], "OUTCOME_APPROVE");
    let redeem = with(&["decision", "redeem", "sim-change", NUMBER], &[&SIM, &["--permit-file", "permit"]]);
    service.ask("ada", &redeem).ending(0);
    let shown = service.ask("ada", &["decision", "show", decided["decision_id"].as_str().unwrap()]).ending(0).json();
    assert_eq!(shown["outcome"], "OUTCOME_APPROVE");
}

#[test]
fn a_missing_or_foreign_key_is_refused_at_the_start() {
    let (_, place) = open().stop();
    let keyring = place.path("dev/keyring.json");
    let old = fs::read(&keyring).unwrap();
    place.run(&["keys", "rotate", "dev/keyring.json", "seal"]).ending(0);
    let service = Service::start(place);
    let (_, place) = service.stop();
    let rotated = fs::read(&keyring).unwrap();
    let refused = || place.run(&["serve", "--config", "dev/portcullis.toml"]).ending(1).stderr;
    // The copy from before the rotation: what was made since would not open.
    fs::write(&keyring, &old).unwrap();
    assert!(refused().contains("key `seal 2` is not in the keyring"), "{}", refused());
    // Another second seal key, made from the same copy.
    place.run(&["keys", "rotate", "dev/keyring.json", "seal"]).ending(0);
    assert!(refused().contains("key `seal 2` is not the one that the store knows"), "{}", refused());
    fs::write(&keyring, &rotated).unwrap();
    Service::start(place).stop();
}

#[test]
fn an_older_keyring_says_what_to_run_and_is_good_after_it() {
    let place = Place::with_keys();
    let whole: serde_json::Value = serde_json::from_slice(&fs::read(place.path("dev/keyring.json")).unwrap()).unwrap();
    let mut older = whole.clone();
    older["keys"].as_array_mut().unwrap().truncate(4);
    place.write_secret("dev/keyring.json", &older.to_string());
    let refused = place.run(&["serve", "--config", "dev/portcullis.toml"]).ending(1).stderr;
    let advice = refused.split('`').find(|text| text.starts_with("portcullis keys rotate")).unwrap();
    let args: Vec<&str> = advice.split(' ').skip(1).collect();
    let told = place.run(&[&args[..], &["--json"]].concat()).ending(0).json();
    assert_eq!(told["added"], serde_json::json!(["permit_signing", "record_signing"]));
    assert_eq!((&told["active"], &told["retired"]), (&serde_json::json!([1]), &serde_json::json!([])));
    Service::start(place).stop();
}

#[test]
fn the_index_key_is_never_rotated() {
    let place = Place::with_keys();
    let before = fs::read(place.path("dev/keyring.json")).unwrap();
    let refused = place.run(&["keys", "rotate", "dev/keyring.json", "index"]).ending(2).stderr;
    assert!(refused.contains("the index key cannot be rotated"), "{refused}");
    assert_eq!(fs::read(place.path("dev/keyring.json")).unwrap(), before);
    place.run(&["keys", "rotate", "dev/keyring.json", "nothing"]).ending(2);
}
