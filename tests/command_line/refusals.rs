//! What is wrong is told, with what to do, and ends with its own exit code.

use std::fs;

use crate::day::NUMBER;
use crate::program::{Place, Service};

const PORT: [&str; 7] = ["decide", "port-out", NUMBER, "--to", "6529", "--pon", "P"];

#[test]
fn help_is_no_error_and_a_wrong_argument_is() {
    let place = Place::new();
    let help = place.run(&["--help"]).ending(0).stdout;
    for expected in ["serve", "decide", "transfer-pin", "Exit codes:", "portcullis keys generate ./dev --development"] {
        assert!(help.contains(expected), "no `{expected}` in {help}");
    }
    for command in ["serve", "decide", "decision", "lock", "pin", "transfer-pin", "account"] {
        let help = place.run(&[command, "--help"]).ending(0).stdout;
        assert!(help.contains("Examples:") && help.contains("Exit codes:"), "{command}: {help}");
    }
    place.run(&["no-such-command"]).ending(2);
    place.run(&["decide", "port-out", NUMBER]).ending(2);
    place.run(&["lock", "on", "--set", "all"]).ending(2);
    place.run(&["lock", "release", NUMBER, "--set", "all", "--window", "1h", "--only-port-to", "6529"]).ending(2);
}

#[test]
fn no_secret_can_be_an_argument() {
    let place = Place::new();
    for args in
        [&["--pin", "482951"][..], &["--ask-pin", "482951"], &["--ask-pin=482951"], &["--transfer-pin", "482951"]]
    {
        place.run(&[&PORT[..], args].concat()).ending(2);
    }
    let told = place.run(&[&PORT[..], &["--ask-pin"]].concat()).ending(2).stderr;
    assert!(told.contains("no terminal to ask at"), "{told}");
}

#[test]
fn a_connection_that_cannot_be_made_says_what_is_missing() {
    let place = Place::with_keys();
    place.mint("hub", "porting_system", &["--spid", "6529"]);
    let asked = |rest: &[&str]| place.run(&[&PORT[..], rest].concat());
    let told = asked(&[]).ending(2).stderr;
    assert!(told.contains("an access token is needed") && told.contains("PORTCULLIS_TOKEN_FILE"), "{told}");
    let told = asked(&["--token-file", "hub.token"]).ending(2).stderr;
    assert!(told.contains("authority") && told.contains("PORTCULLIS_CA_FILE"), "{told}");
    let told = asked(&["--token-file", "hub.token", "--ca-file", "nowhere.pem"]).ending(2).stderr;
    assert!(told.contains("nowhere.pem") && told.contains("try: "), "{told}");
    let plain = ["--token-file", "hub.token", "--endpoint", "http://192.0.2.1:1"];
    assert!(asked(&plain).ending(2).stderr.contains("without TLS"));
    // Port 1 is nobody's.
    let nobody = ["--token-file", "hub.token", "--ca-file", "dev/ca.pem", "--endpoint", "https://127.0.0.1:1"];
    let told = asked(&nobody).ending(1).stderr;
    assert!(told.contains("cannot connect") && told.contains("portcullis serve"), "{told}");
}

#[test]
fn a_service_of_another_authority_is_not_spoken_to() {
    let service = Service::start(Place::with_keys());
    service.place.mint("hub", "porting_system", &["--spid", "6529"]);
    service.place.run(&["keys", "generate", "other", "--development"]).ending(0);
    fs::copy(service.place.path("other/ca.pem"), service.place.path("dev/ca.pem")).unwrap();
    let told = service.ask("hub", &PORT).ending(1).error();
    assert!(told["message"].as_str().unwrap().contains("certificate"), "{told}");
}

#[test]
fn a_bad_field_is_named_and_its_value_is_not() {
    let service = Service::start(Place::with_keys());
    service.place.mint("hub", "porting_system", &["--spid", "6529"]);
    let asked = ["decide", "port-out", "+1212", "--to", "6529", "--pon", "P"];
    let told = service.ask("hub", &asked).ending(2);
    assert_eq!(told.error()["fields"][0]["field"], "line.msisdn");
    assert!(!told.stderr.contains("+1212\""), "{}", told.stderr);
    service.place.write_secret("hub.token", "a.b.c");
    assert_eq!(service.ask("hub", &PORT).ending(2).error()["reason"], "TOKEN_INVALID");
}

#[test]
fn a_service_that_cannot_start_says_why() {
    let place = Place::with_keys();
    let told = place.run(&["serve"]).ending(2).stderr;
    assert!(told.contains("is missing") && told.contains("--config"), "{told}");
    let served = |set: &[&str]| place.run(&[&["serve", "--config", "dev/portcullis.toml"], set].concat());
    assert!(served(&["--set", "server.lisen=1"]).ending(2).stderr.contains("lisen"));
    assert!(served(&["--set", "keys.keyring_file=nowhere"]).ending(1).stderr.contains("portcullis keys generate"));
    assert!(served(&["--set", "tls.key_file=dev/ca.pem"]).ending(1).stderr.contains("chmod 600"));
    let issuer = r#"identity.issuers=[{issuer = "https://i.example", audience = "p", public_key_file = "dev/ca.pem"}]"#;
    assert!(served(&["--set", issuer]).ending(1).stderr.contains("public_key_file"));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("server.listen={}", taken.local_addr().unwrap());
    assert!(served(&["--set", &address]).ending(1).stderr.contains("cannot listen on"));
}

#[test]
fn a_store_is_one_services_and_one_keyrings() {
    let service = Service::start(Place::with_keys());
    let serve = ["serve", "--config", "dev/portcullis.toml", "--set", "server.listen=127.0.0.1:0"];
    let told = service.place.run(&serve).ending(1).stderr;
    assert!(told.contains("in use by"), "{told}");
    let (status, place) = service.stop();
    assert!(status.success());
    place.run(&["keys", "generate", "other.json"]).ending(0);
    let told = place.run(&[&serve[..], &["--set", "keys.keyring_file=other.json"]].concat()).ending(1).stderr;
    assert!(told.contains("another keyring"), "{told}");
}
