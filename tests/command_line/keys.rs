//! Keys and tokens, without a service.

use std::fs;

use crate::program::{Place, mode};

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
    assert_eq!(purposes, ["index", "pepper", "seal", "permit"]);
    let whole: serde_json::Value = serde_json::from_slice(&keyring).unwrap();
    for key in whole["keys"].as_array().unwrap() {
        assert!(!listed.to_string().contains(key["material"].as_str().unwrap()));
    }
    let table = place.run(&["keys", "list", "keyring.json"]).ending(0).stdout;
    assert!(table.starts_with("PURPOSE  ID  STATE   CREATED\nindex    1   active  "), "{table}");
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
