//! The register of stores in its file: looked at, used, and changed while it is.

use std::fs;
use std::time::Duration;

use crate::day::seed;
use crate::program::{Place, Service};

const JWK: &str = r#"{"crv":"Ed25519","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

/// The files are looked at every five seconds.
const SEEN_WITHIN: Duration = Duration::from_secs(60);

const SETTINGS: [&str; 4] = ["--config", "dev/portcullis.toml", "--set", "stores.file=stores.toml"];

const ASK: [&str; 13] = [
    "decide",
    "sim-change",
    "+12125550001",
    "--iccid",
    "8901260123456789037",
    "--cause",
    "upgrade",
    "--channel",
    "store",
    "--store-id",
    "S-1",
    "--client-address",
    "203.0.113.9",
];

fn register(network: &str) -> String {
    format!("[[store]]\nid = \"S-1\"\nnetworks = [\"{network}\"]\n")
}

#[test]
fn a_register_that_is_wrong_is_refused_with_its_line_and_field() {
    let place = Place::with_keys();
    fs::write(place.path("stores.toml"), register("203.0.113.9/24")).unwrap();
    let started = place.run(&[&["serve"][..], &SETTINGS].concat()).ending(2);
    let told = "the register of stores stores.toml, line 3: `networks`: `203.0.113.9/24` must be a network";
    assert!(started.stderr.contains(told), "{}", started.stderr);
    let doctor = [&["doctor"][..], &SETTINGS, &["--only", "stores"]].concat();
    assert!(place.run(&doctor).ending(3).stdout.contains(told));
    fs::remove_file(place.path("stores.toml")).unwrap();
    assert!(place.run(&doctor).ending(3).stdout.contains("cannot read `stores.file`"));
    fs::write(place.path("stores.toml"), register("203.0.113.0/24")).unwrap();
    assert!(place.run(&doctor).ending(0).stdout.contains("stores.toml, 1 stores"));
}

#[test]
fn a_register_is_changed_without_a_restart_and_a_broken_one_changes_nothing() {
    let place = Place::with_keys();
    place.mint("bss", "provisioning", &[]);
    place.mint("clerk", "retail_agent", &["--store", "S-1"]);
    fs::write(place.path("one.jsonl"), seed("A-1", "L-1", "+12125550001", JWK).to_string()).unwrap();
    fs::write(place.path("stores.toml"), register("203.0.113.0/24")).unwrap();
    let service = Service::start_with(place, &["stores.file=stores.toml"]);
    service.ask("bss", &["account", "import", "one.jsonl"]).ending(0);
    let asked = |ends| service.ask("clerk", &ASK).ending(ends).json();
    assert_eq!(asked(4)["outcome"], "OUTCOME_CHALLENGE");
    // Half a file, as it is while somebody writes it; and none at all.
    fs::write(service.place.path("stores.toml"), register("198.51.100.0/24").split("/24").next().unwrap()).unwrap();
    service.until_page_says("/metrics", r#"portcullis_store_register_reloads_total{result="refused"} 1"#, SEEN_WITHIN);
    fs::remove_file(service.place.path("stores.toml")).unwrap();
    service.until_page_says("/metrics", r#"portcullis_store_register_reloads_total{result="refused"} 2"#, SEEN_WITHIN);
    assert_eq!(asked(4)["outcome"], "OUTCOME_CHALLENGE");
    fs::write(service.place.path("stores.toml"), register("198.51.100.0/24")).unwrap();
    service.until_page_says("/metrics", r#"portcullis_store_register_reloads_total{result="used"} 1"#, SEEN_WITHIN);
    assert_eq!(asked(3)["reasons"][0]["code"], "NETWORK_NOT_REGISTERED");
    let log = service.log();
    assert!(log.contains("the register of stores was read again") && log.contains("line 3"), "{log}");
}
