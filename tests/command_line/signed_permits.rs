//! Signed permits, verified by libraries of other languages against the keys that the service publishes.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::day::{APP, NUMBER, SIM, open, with};
use crate::program::{Place, Service};

const ISSUER: &str = "https://localhost:8443";
const AUDIENCE: &str = "https://executor.portcullis.example";

/// Who verifies, and with what.
fn relying_parties() -> [(&'static str, Command); 2] {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let (python, jose) = (here.join("target/python/bin/python"), here.join("target/jose"));
    assert!(python.exists() && jose.join("node_modules/jose").exists(), "`make setup` makes what is missing");
    let mut pyjwt = Command::new(python);
    pyjwt.arg(here.join("tests/command_line/relying_party.py"));
    let mut node = Command::new("node");
    node.arg(here.join("tests/command_line/relying_party.mjs")).env("JOSE", jose);
    [("PyJWT", pyjwt), ("jose", node)]
}

/// What each says of a permit: its claims, or why it is refused.
fn verdicts(place: &Place, keys: &str, permit: &str, named: &[&str]) -> [Result<Value, String>; 2] {
    fs::write(place.path("jwks.json"), keys).unwrap();
    fs::write(place.path("signed"), permit).unwrap();
    relying_parties().map(|(library, mut command)| {
        let ran = command.current_dir(place.folder.path()).args(["jwks.json", "signed"]).args(named).output().unwrap();
        let told = String::from_utf8(ran.stdout).unwrap();
        match ran.status.code() {
            Some(0) => Ok(serde_json::from_str(&told).unwrap()),
            Some(1) if !told.is_empty() => Err(told),
            _ => panic!("{library} broke: {}", String::from_utf8_lossy(&ran.stderr)),
        }
    })
}

fn published(service: &Service) -> String {
    let page = service.page("/.well-known/jwks.json");
    let (head, body) = page.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("content-type: application/jwk-set+json"), "{head}");
    body.to_owned()
}

/// Asks for a SIM change's signed permit, always under the same name.
fn signed(service: &Service, decide: &[&str]) -> String {
    let told = service.ask("ada", decide).ending(0).json();
    let approval = &told["approval"];
    assert!(!approval["permit"].as_str().unwrap().is_empty());
    approval["signed_permit"].as_str().unwrap().to_owned()
}

fn asked() -> Vec<&'static str> {
    let name = ["--request-id", "0190d4f0-7c3e-7a52-9a63-0d1f3c5e7b91", "--signed-permit"];
    with(&["decide", "sim-change", NUMBER], &[&SIM, &APP, &name])
}

#[test]
fn two_other_libraries_believe_a_signed_permit_and_refuse_what_is_none() {
    let service = open();
    let permit = signed(&service, &asked());
    let keys = published(&service);
    let verdict = |keys: &str, permit: &str, named: &[&str]| verdicts(&service.place, keys, permit, named);
    let claims = verdict(&keys, &permit, &[ISSUER, AUDIENCE]).map(Result::unwrap);
    assert_eq!(claims[0], claims[1]);
    let detail = &claims[0]["authorization_details"][0];
    assert_eq!((&detail["type"], &detail["actions"][0]), (&"portcullis_change".into(), &"SIM_CHANGE".into()));
    assert_eq!(
        (&claims[0]["sub"], &detail["identifier"], &detail["iccid"]),
        (&"L-1".into(), &"L-1".into(), &SIM[1].into())
    );
    assert!(!claims[0].to_string().contains(NUMBER.trim_start_matches("+1")), "{}", claims[0]);

    let refused = |why: &str, keys: &str, permit: &str, named: &[&str]| {
        for verdict in verdict(keys, permit, named) {
            assert!(verdict.is_err(), "{why}: {verdict:?}");
        }
    };
    // One character of each part. The last one of a part may hold bits that count for nothing.
    let ends: Vec<usize> = permit.match_indices('.').map(|(at, _)| at).chain([permit.len()]).collect();
    for end in ends {
        let mut changed = permit.clone().into_bytes();
        changed[end - 9] = if changed[end - 9] == b'A' { b'B' } else { b'A' };
        refused("a changed byte", &keys, &String::from_utf8(changed).unwrap(), &[ISSUER, AUDIENCE]);
    }
    refused("another audience", &keys, &permit, &[ISSUER, "https://elsewhere.example"]);
    refused("another issuer", &keys, &permit, &["https://elsewhere.example", AUDIENCE]);
    refused("after its end", &keys, &permit, &[ISSUER, AUDIENCE, &claims[0]["exp"].to_string()]);
    let before = (claims[0]["nbf"].as_i64().unwrap() - 1).to_string();
    refused("before its beginning", &keys, &permit, &[ISSUER, AUDIENCE, &before]);
    let other = published(&open());
    refused("a key that is not published", &other, &permit, &[ISSUER, AUDIENCE]);
    // The other key under this one's name.
    let (own, foreign): (Value, Value) = (serde_json::from_str(&keys).unwrap(), serde_json::from_str(&other).unwrap());
    let kid = |keys: &Value| keys["keys"][0]["kid"].as_str().unwrap().to_owned();
    let renamed = other.replace(&kid(&foreign), &kid(&own));
    refused("another key under its name", &renamed, &permit, &[ISSUER, AUDIENCE]);
}

#[test]
fn a_signed_permit_is_the_same_after_a_rotation_and_still_verifies() {
    let service = open();
    let permit = signed(&service, &asked());
    let (_, place) = service.stop();
    place.run(&["keys", "rotate", "dev/keyring.json", "permit_signing"]).ending(0);
    let service = Service::start(place);
    assert_eq!(signed(&service, &asked()), permit);
    let keys = published(&service);
    let count = serde_json::from_str::<Value>(&keys).unwrap()["keys"].as_array().unwrap().len();
    assert_eq!(count, 2);
    for verdict in verdicts(&service.place, &keys, &permit, &[ISSUER, AUDIENCE]) {
        verdict.unwrap();
    }
    let anew = with(&["decide", "sim-change", NUMBER], &[&SIM, &APP, &["--signed-permit"]]);
    let fresh = signed(&service, &anew);
    let header = |permit: &str| permit.split('.').next().unwrap().to_owned();
    assert_ne!(header(&fresh), header(&permit), "the new key signs");
}

#[test]
fn a_signed_permit_is_only_a_claim_and_is_refused_where_none_are_signed() {
    let service = open();
    let permit = signed(&service, &asked());
    service.place.write_secret("permit", &permit);
    let redeem = with(&["decision", "redeem", "sim-change", NUMBER], &[&SIM, &["--permit-file", "permit"]]);
    assert_eq!(service.ask("ada", &redeem).ending(3).error()["reason"], "PERMIT_UNKNOWN");
    let plain = with(&["decide", "sim-change", NUMBER], &[&SIM, &APP]);
    assert_eq!(service.ask("ada", &plain).ending(0).json()["approval"]["signed_permit"], "");
    let (_, place) = service.stop();
    let settings = fs::read_to_string(place.path("dev/portcullis.toml")).unwrap();
    let (before, rest) = settings.split_once("[permits]").unwrap();
    let (_, after) = rest.split_once("[carrier]").unwrap();
    fs::write(place.path("dev/portcullis.toml"), format!("{before}[carrier]{after}")).unwrap();
    let service = Service::start(place);
    let refused = service.ask("ada", &asked()).ending(2).stderr;
    assert!(refused.contains("want_signed_permit") && refused.contains("permits.issuer"), "{refused}");
}
