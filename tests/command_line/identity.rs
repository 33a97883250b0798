//! Who may ask: another vendor's tokens, keys and certificates that change, callers known by a certificate.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::program::{Place, Service};

/// How long a running service may take to see that a file changed.
const SEEN_WITHIN: Duration = Duration::from_secs(30);

/// Asks after an account that is not there: who is believed hears so.
const ASK: [&str; 3] = ["account", "show", "nobody"];

fn python(script: &str, place: &Place) -> Command {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let python = here.join("target/python/bin/python");
    assert!(python.exists(), "`make setup` makes {}", python.display());
    let mut command = Command::new(python);
    command.arg(here.join("tests/command_line").join(script)).arg(place.folder.path());
    command
}

fn provider(place: &Place, names: &[&str]) {
    assert!(python("issuer.py", place).args(names).status().unwrap().success());
}

/// A provider that publishes its keys. Ends with its test.
struct Publisher {
    child: Child,
    port: String,
}

impl Publisher {
    fn start(place: &Place) -> Self {
        let mut publish = python("publisher.py", place);
        let mut child = publish.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut port = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
        Self { child, port: port.trim().to_owned() }
    }

    fn believed(&self) -> String {
        let issuer = r#"issuer = "https://login.carrier.example", audience = "portcullis", algorithms = ["ES256"]"#;
        let url = format!(r#"jwks_url = "https://localhost:{}/keys", jwks_ca_file = "dev/ca.pem""#, self.port);
        format!("identity.issuers=[{{{issuer}, {url}}}]")
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        // One that has ended is no less gone.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn fetched(service: &Service, result: &str, times: usize) {
    let line = format!("portcullis_key_set_fetches_total{{result=\"{result}\"}} {times}\n");
    service.until_page_says("/metrics", &line, SEEN_WITHIN);
}

fn believing(algorithms: &str) -> String {
    let issuer = r#"issuer = "https://login.carrier.example", audience = "portcullis", jwks_file = "jwks.json""#;
    format!("identity.issuers=[{{{issuer}, algorithms = [{algorithms}]}}]")
}

fn reason(service: &Service, subject: &str) -> String {
    service.ask(subject, &ASK).error()["reason"].as_str().unwrap().to_owned()
}

#[test]
fn tokens_of_another_vendor_are_believed_by_their_published_keys() {
    let place = Place::with_keys();
    provider(&place, &["RS256-a", "PS256-a", "ES256-a", "ES384-a", "EdDSA-a"]);
    let service = Service::start_with(place, &[&believing(r#""RS256", "PS256", "ES256", "EdDSA""#)]);
    for believed in ["RS256-a", "PS256-a", "ES256-a", "EdDSA-a"] {
        assert_eq!(reason(&service, believed), "NOT_FOUND", "{believed}");
    }
    // Its key is published; its algorithm is not on the list.
    assert_eq!(reason(&service, "ES384-a"), "TOKEN_INVALID");
}

#[test]
fn a_providers_keys_change_without_a_restart_and_a_broken_file_changes_nothing() {
    let place = Place::with_keys();
    provider(&place, &["ES256-old"]);
    let service = Service::start_with(place, &[&believing(r#""ES256""#)]);
    assert_eq!(reason(&service, "ES256-old"), "NOT_FOUND");
    provider(&service.place, &["ES256-new"]);
    service.until_page_says("/metrics", r#"portcullis_reloads_total{result="used"} 1"#, SEEN_WITHIN);
    assert_eq!(reason(&service, "ES256-new"), "NOT_FOUND");
    assert_eq!(reason(&service, "ES256-old"), "TOKEN_INVALID");
    std::fs::write(service.place.path("jwks.json"), "{\"keys\": [").unwrap();
    service.until_page_says("/metrics", r#"portcullis_reloads_total{result="refused"} 1"#, SEEN_WITHIN);
    assert_eq!(reason(&service, "ES256-new"), "NOT_FOUND");
    assert!(service.log().contains("changed certificates and keys are not used"));
}

#[test]
fn published_keys_are_fetched_when_a_token_names_a_new_one_and_kept_when_they_cannot_be() {
    let place = Place::with_keys();
    provider(&place, &["ES256-old"]);
    let publisher = Publisher::start(&place);
    let service = Service::start_with(place, &[&publisher.believed()]);
    fetched(&service, "used", 1);
    assert_eq!(reason(&service, "ES256-old"), "NOT_FOUND");
    provider(&service.place, &["ES256-new"]);
    // It is fresh for an hour, so nobody looks; a token that names an unknown key makes it look, once.
    assert_eq!(reason(&service, "ES256-new"), "TOKEN_INVALID");
    fetched(&service, "used", 2);
    assert_eq!(reason(&service, "ES256-new"), "NOT_FOUND");
    assert_eq!(reason(&service, "ES256-old"), "TOKEN_INVALID");
    // An issuer that breaks, sends elsewhere or has no keys is asked again, and its last keys are believed meanwhile.
    for (times, mood) in [(1, "broken"), (2, "elsewhere"), (3, "empty")] {
        std::fs::write(service.place.path("mood"), mood).unwrap();
        assert_eq!(reason(&service, "ES256-old"), "TOKEN_INVALID");
        fetched(&service, "refused", times);
        assert_eq!(reason(&service, "ES256-new"), "NOT_FOUND");
    }
    assert!(service.page("/readyz").contains("ready\n"));
    // Whoever sends tokens of unknown keys does not make the issuer answer each of them.
    let before = std::fs::read_to_string(service.place.path("asked")).unwrap().lines().count();
    for _ in 0..20 {
        assert_eq!(reason(&service, "ES256-old"), "TOKEN_INVALID");
    }
    let after = std::fs::read_to_string(service.place.path("asked")).unwrap().lines().count();
    assert!(after - before < 10, "{before} and then {after}");
}

#[test]
fn an_issuer_that_does_not_answer_keeps_nobody_else_out() {
    let place = Place::with_keys();
    provider(&place, &["ES256-a"]);
    let publisher = Publisher::start(&place);
    std::fs::write(place.path("mood"), "broken").unwrap();
    let service = Service::start_with(place, &[&publisher.believed()]);
    assert_eq!(reason(&service, "ES256-a"), "TOKEN_INVALID");
    let shown = ["--cert-file", "dev/port-hub.pem", "--key-file", "dev/port-hub.key"];
    let port = ["decide", "port-out", "+12125550143", "--to", "X201", "--pon", "P-1"];
    service.ask_over(&[&port[..], &shown].concat()).ending(3);
    assert!(service.page("/readyz").contains("the keys of the issuer https://login.carrier.example"));
    std::fs::remove_file(service.place.path("mood")).unwrap();
    fetched(&service, "used", 1);
    assert_eq!(reason(&service, "ES256-a"), "NOT_FOUND");
    assert!(service.page("/readyz").contains("ready\n"));
}

#[test]
fn a_hub_is_known_by_its_certificate_alone() {
    let service = Service::start(Place::with_keys());
    let shown = ["--cert-file", "dev/port-hub.pem", "--key-file", "dev/port-hub.key"];
    let port = ["decide", "port-out", "+12125550143", "--to", "X201", "--pon", "P-1"];
    let decided = service.ask_over(&[&port[..], &shown].concat()).ending(3).json();
    assert_eq!(decided["outcome"], "OUTCOME_DENY");
    // A porting system reads no accounts.
    let refused = service.ask_over(&[&ASK[..], &shown].concat()).ending(3).error();
    assert_eq!(refused["reason"], "FORBIDDEN");
    let nobody = service.ask_over(&port).ending(2).stderr;
    assert!(nobody.contains("an access token is needed"), "{nobody}");
}

/// Without it, files that are as they were are not read.
#[test]
fn a_hangup_reads_certificates_and_keys_again() {
    let service = Service::start(Place::with_keys());
    service.signal("HUP");
    service.until_page_says("/metrics", r#"portcullis_reloads_total{result="used"} 1"#, SEEN_WITHIN);
}

/// As systemd has it: `Type=notify`.
#[test]
fn a_service_manager_is_told_when_it_answers_and_when_it_goes() {
    let place = Place::with_keys();
    let socket = std::os::unix::net::UnixDatagram::bind(place.path("notify")).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let told = || {
        let mut text = [0_u8; 64];
        let length = socket.recv(&mut text).unwrap();
        String::from_utf8(text[..length].to_vec()).unwrap()
    };
    let path = place.path("notify").display().to_string();
    let service = Service::start_under(place, &[("NOTIFY_SOCKET", &path)]);
    assert_eq!(told(), "READY=1");
    service.stop();
    assert_eq!(told(), "STOPPING=1");
}
