//! The doctor: a set-up that is well, and one broken in each way, as it happens.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use portcullis::clock::{Clock as _, SystemClock};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, IsCa, KeyIdMethod, KeyPair,
    KeyUsagePurpose, SerialNumber, date_time_ymd,
};
use serde_json::Value;

use crate::program::{Place, Service};

const FREE_PORTS: [&str; 4] = ["--set", "server.listen=127.0.0.1:0", "--set", "server.ops_listen=127.0.0.1:0"];

/// What the doctor said of one thing.
struct Said {
    state: String,
    found: String,
    advice: String,
}

/// What it said of all of them, and how it ended.
struct Visit {
    code: i32,
    told: Value,
}

impl Visit {
    fn to(place: &Place, settings: &[&str]) -> Self {
        let laid = settings.iter().flat_map(|setting| ["--set", setting]);
        let args: Vec<&str> =
            ["doctor", "--json", "--config", "dev/portcullis.toml"].into_iter().chain(FREE_PORTS).chain(laid).collect();
        let ran = place.run(&args);
        Self { code: ran.code, told: ran.json() }
    }

    /// The worst that it said of this.
    fn said(&self, check: &str) -> Said {
        let text = |finding: &Value, name: &str| finding[name].as_str().unwrap_or_default().to_owned();
        let of_it = self.told["checks"].as_array().unwrap().iter().filter(|finding| finding["check"] == check);
        let said = of_it.map(|finding| Said {
            state: text(finding, "state"),
            found: text(finding, "found"),
            advice: text(finding, "advice"),
        });
        let rank = |said: &Said| ["ok", "warn", "fail"].iter().position(|state| *state == said.state);
        said.max_by_key(rank).unwrap_or_else(|| panic!("nothing of `{check}` in {}", self.told))
    }

    /// It failed over this, with advice; what was found.
    fn failed(&self, check: &str) -> String {
        let said = self.said(check);
        assert_eq!((said.state.as_str(), self.code), ("fail", 3), "{check}: {}", self.told);
        assert!(!said.advice.is_empty(), "{check}: no advice in {}", self.told);
        said.found
    }

    /// It only warned of this, with advice; what was found.
    fn warned(&self, check: &str) -> String {
        let said = self.said(check);
        assert_eq!((said.state.as_str(), self.code), ("warn", 0), "{check}: {}", self.told);
        assert!(!said.advice.is_empty(), "{check}: no advice in {}", self.told);
        said.found
    }

    fn ok(&self, check: &str) -> String {
        let said = self.said(check);
        assert_eq!(said.state, "ok", "{check}: {}", self.told);
        said.found
    }
}

/// A set-up that served once and was stopped in good order.
fn served() -> Place {
    Service::start(Place::with_keys()).stop().1
}

fn certificate(place: &Place, until: (i32, u8, u8)) {
    certificate_from(place, 2020, until);
}

fn certificate_from(place: &Place, year: i32, until: (i32, u8, u8)) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["portcullis.example".to_owned()]).unwrap();
    params.not_before = date_time_ymd(year, 1, 1);
    params.not_after = date_time_ymd(until.0, until.1, until.2);
    fs::write(place.path("dev/server.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
    fs::write(place.path("dev/server.key"), key.serialize_pem()).unwrap();
}

#[test]
fn a_set_up_that_is_well_ends_with_0() {
    let place = served();
    let visit = Visit::to(&place, &["limits.max_connections=16"]);
    assert_eq!(visit.code, 0, "{}", visit.told);
    for check in [
        "settings",
        "store.folder",
        "store.owner",
        "store.file_system",
        "store.disk",
        "store.content",
        "keys.keyring",
        "keys.place",
        "keys.store",
        "policy",
        "tls.server",
        "tls.pair",
        "tls.client_ca",
        "identity.issuers",
        "identity.clients",
        "server.listen",
        "server.ops_listen",
        "limits.descriptors",
    ] {
        visit.ok(check);
    }
    assert_eq!(visit.ok("store.closed"), "it was closed in good order");
    assert!(visit.ok("store.database").starts_with("schema "));
    let table = place.run(&[&["doctor", "--config", "dev/portcullis.toml"][..], &FREE_PORTS].concat()).ending(0).stdout;
    assert!(table.starts_with("CHECK") && table.contains("keys.store"), "{table}");
}

#[test]
fn a_service_that_runs_is_asked_and_not_disturbed() {
    let service = Service::start(Place::with_keys());
    let visit = Visit::to(&service.place, &[&format!("server.ops_listen={}", service.ops())]);
    assert_eq!(visit.ok("service.ready"), "it decides");
    assert!(visit.ok("store.owner").starts_with("process "));
    assert_eq!(visit.ok("store.closed"), "in use");
    // Another address, where nobody answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    drop(silent);
    let visit = Visit::to(&service.place, &[&format!("server.ops_listen={address}")]);
    assert!(visit.failed("service.ready").contains("does not answer"));
    assert!(service.stop().0.success());
}

#[test]
fn a_service_that_is_not_ready_or_listens_anywhere_is_told() {
    let service = Service::start(Place::with_keys());
    assert!(Visit::to(&service.place, &[]).warned("service.ready").contains("a free port"));
    // Something answers that it cannot decide.
    let unready = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = unready.local_addr().unwrap();
    let answering = std::thread::spawn(move || {
        let (mut asked, _) = unready.accept().unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            asked.read_exact(&mut byte).unwrap();
            request.push(byte[0]);
        }
        asked.write_all(b"HTTP/1.1 503 Service Unavailable\r\n\r\nthe clock is out of bounds\n").unwrap();
    });
    let visit = Visit::to(&service.place, &[&format!("server.ops_listen={address}")]);
    assert_eq!(visit.failed("service.ready"), "the clock is out of bounds");
    answering.join().unwrap();
}

#[test]
fn settings_that_are_none_are_named() {
    let place = Place::with_keys();
    let visit = Visit::to(&place, &["store.disk_reserve=1"]);
    assert!(visit.failed("settings").contains("disk_reserve"));
}

#[test]
fn a_store_that_is_not_there_is_only_new() {
    let place = Place::with_keys();
    assert!(Visit::to(&place, &[]).warned("store.folder").contains("is not there"));
}

#[test]
fn a_path_that_is_no_folder_is_told() {
    let place = Place::with_keys();
    let visit = Visit::to(&place, &["store.path=dev/keyring.json"]);
    assert!(visit.failed("store.folder").contains("cannot be entered"));
}

#[test]
fn a_database_of_another_version_or_of_none_is_told() {
    let place = served();
    let database = place.path("dev/store/portcullis.db");
    rusqlite::Connection::open(&database).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert!(Visit::to(&place, &[]).failed("store.database").contains("schema 99"));
    fs::write(&database, [7; 8_192]).unwrap();
    Visit::to(&place, &[]).failed("store.database");
}

#[test]
fn a_folder_that_others_may_enter_is_told() {
    let place = served();
    fs::set_permissions(place.path("dev/store"), fs::Permissions::from_mode(0o755)).unwrap();
    assert!(Visit::to(&place, &[]).warned("store.folder").contains("mode 755"));
}

#[test]
fn an_end_without_closing_is_told() {
    let mut service = Service::start(Place::with_keys());
    service.kill();
    assert!(Visit::to(&service.place, &[]).warned("store.closed").contains("without closing"));
}

#[test]
fn a_reserve_larger_than_the_disk_is_a_full_disk() {
    let place = served();
    assert!(Visit::to(&place, &["store.disk_reserve_mib=1048576"]).failed("store.disk").contains("in reserve"));
}

#[test]
fn damage_and_lost_commits_are_found() {
    let place = served();
    let database = place.path("dev/store/portcullis.db");
    let whole = fs::read(&database).unwrap();
    let mut damaged = whole.clone();
    // The second page is the root of the first table.
    damaged[4_096..4_100].fill(0xff);
    fs::write(&database, &damaged).unwrap();
    Visit::to(&place, &[]).failed("store.content");
    fs::write(&database, &whole).unwrap();
    acknowledge(&place.path("dev/store/acknowledged"), 1_000_000);
    assert!(Visit::to(&place, &[]).failed("store.database").contains("acknowledged are missing"));
}

/// Writes that so many groups were answered, as the store does.
fn acknowledge(path: &Path, groups: u64) {
    let both = (u128::from(groups) << 64) | u128::from(groups ^ 0x706f_7274_6375_6c6c);
    fs::write(path, both.to_be_bytes()).unwrap();
}

#[test]
fn a_keyring_that_is_lost_open_foreign_or_in_the_store_is_told() {
    let place = served();
    let keyring = place.path("dev/keyring.json");
    fs::set_permissions(&keyring, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(Visit::to(&place, &[]).failed("keys.keyring").contains("chmod 600"));
    let away = place.path("away.json");
    fs::rename(&keyring, &away).unwrap();
    assert!(Visit::to(&place, &[]).failed("keys.keyring").contains("cannot be read"));
    place.run(&["keys", "generate", "dev/keyring.json"]).ending(0);
    assert!(Visit::to(&place, &[]).failed("keys.store").contains("another store's keyring"));
    fs::set_permissions(&away, fs::Permissions::from_mode(0o600)).unwrap();
    fs::rename(&away, place.path("dev/store/keyring.json")).unwrap();
    let inside = Visit::to(&place, &["keys.keyring_file=dev/store/keyring.json"]);
    assert!(inside.warned("keys.place").contains("in the store's folder"));
    inside.ok("keys.store");
}

#[test]
fn a_key_that_the_store_knows_and_the_keyring_does_not_is_named() {
    let place = served();
    let before = fs::read(place.path("dev/keyring.json")).unwrap();
    place.run(&["keys", "rotate", "dev/keyring.json", "seal"]).ending(0);
    let (_, place) = Service::start(place).stop();
    fs::write(place.path("dev/keyring.json"), before).unwrap();
    assert!(Visit::to(&place, &[]).failed("keys.store").contains("`seal 2` is not there"));
}

#[test]
fn certificates_that_end_ended_or_do_not_fit_are_told() {
    let place = served();
    certificate(&place, (2021, 1, 1));
    assert!(Visit::to(&place, &[]).failed("tls.server").contains("its time was over at 2021-01-01T00:00:00Z"));
    let soon = SystemClock::start().now().unwrap().instant() + chrono::TimeDelta::days(20);
    let part = |format: &str| soon.format(format).to_string().parse::<i32>().unwrap();
    let day = (part("%Y"), u8::try_from(part("%m")).unwrap(), u8::try_from(part("%d")).unwrap());
    certificate(&place, day);
    let visit = Visit::to(&place, &[]);
    assert!(visit.warned("tls.server").contains("ends in 19 days"), "{}", visit.told);
    visit.ok("tls.pair");
    fs::write(place.path("dev/server.key"), KeyPair::generate().unwrap().serialize_pem()).unwrap();
    assert!(Visit::to(&place, &[]).failed("tls.pair").contains("cannot be used together"));
    fs::write(place.path("dev/callers-ca.pem"), "no certificate").unwrap();
    assert!(Visit::to(&place, &[]).failed("tls.client_ca").contains("no PEM block"));
}

#[test]
fn a_certificate_of_later_and_files_that_are_not_there_are_told() {
    let place = served();
    certificate_from(&place, 2090, (2091, 1, 1));
    assert!(Visit::to(&place, &[]).failed("tls.server").contains("not good before 2090-01-01T00:00:00Z"));
    fs::remove_file(place.path("dev/server.pem")).unwrap();
    let visit = Visit::to(&place, &["tls.client_crl_file=dev/crl.pem"]);
    for check in ["tls.server", "tls.pair", "tls.client_crl"] {
        assert!(visit.failed(check).contains("cannot read"), "{check}");
    }
    fs::write(place.path("dev/crl.pem"), "no list").unwrap();
    Visit::to(&place, &["tls.client_crl_file=dev/crl.pem"]).failed("tls.client_crl");
}

#[test]
fn a_service_without_tls_is_told() {
    let place = served();
    let settings = fs::read_to_string(place.path("dev/portcullis.toml")).unwrap();
    let part = |from: &str, to: &str| settings.split_once(from).unwrap().1.split_once(to).unwrap().0.to_owned();
    // Clients are known by certificates, which nobody shows without TLS.
    let (issuers, rest) = (part("[[identity.issuers]]", "[["), settings.split_once("[store]").unwrap().1);
    let tls = "[tls]\nplaintext = \"yes_on_loopback_only\"";
    let plain = format!("{tls}\n[[identity.issuers]]{issuers}\n[store]{rest}");
    fs::write(place.path("dev/portcullis.toml"), plain).unwrap();
    assert!(Visit::to(&place, &[]).warned("tls.server").contains("no TLS"));
}

#[test]
fn a_revocation_list_out_of_date_is_told() {
    let place = served();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    fs::write(place.path("dev/callers-ca.pem"), authority.pem()).unwrap();
    let list = CertificateRevocationListParams {
        this_update: date_time_ymd(2024, 1, 1),
        next_update: date_time_ymd(2024, 2, 1),
        crl_number: SerialNumber::from(1_u64),
        issuing_distribution_point: None,
        revoked_certs: Vec::new(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    fs::write(place.path("dev/crl.pem"), list.signed_by(&authority).unwrap().pem().unwrap()).unwrap();
    let visit = Visit::to(&place, &["tls.client_crl_file=dev/crl.pem"]);
    assert!(visit.warned("tls.client_crl").contains("the next was due at 2024-02-01T00:00:00Z"));
}

#[test]
fn an_issuer_without_keys_and_an_address_that_is_taken_are_told() {
    let place = served();
    fs::write(place.path("dev/issuer.pem"), "no key").unwrap();
    Visit::to(&place, &[]).failed("identity.issuers");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let visit = Visit::to(&place, &[&format!("server.listen={}", taken.local_addr().unwrap())]);
    assert!(visit.failed("server.listen").contains("cannot be listened on"));
}

#[test]
fn an_issuer_that_does_not_answer_and_a_client_that_is_nobody_are_told() {
    let place = served();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    drop(silent);
    let issuer = r#"issuer = "https://login.carrier.example", audience = "portcullis", algorithms = ["ES256"]"#;
    let url = format!(r#"jwks_url = "https://localhost:{port}/keys", jwks_ca_file = "dev/ca.pem""#);
    let visit = Visit::to(&place, &[&format!("identity.issuers=[{{{issuer}, {url}}}]")]);
    assert!(visit.failed("identity.issuers").contains("https://login.carrier.example"));
    // A porting system without the provider that it speaks for.
    let client = r#"identity.clients=[{name = "hub.example", role = "porting_system", brand = "main"}]"#;
    assert!(Visit::to(&place, &[client]).failed("identity.clients").contains("spid"));
}

#[test]
fn too_few_descriptors_for_the_connections_are_told() {
    let place = served();
    let visit = Visit::to(&place, &["limits.max_connections=1000000"]);
    // Some machines allow a million; then there is nothing to tell.
    let said = visit.said("limits.descriptors");
    let allowed = rlimit();
    assert_eq!(said.state == "warn", allowed.is_some_and(|allowed| allowed < 1_000_128), "{}", visit.told);
}

fn rlimit() -> Option<u64> {
    let told = fs::read_to_string("/proc/self/limits").unwrap();
    let line = told.lines().find(|line| line.starts_with("Max open files")).unwrap();
    line.split_whitespace().nth(3).unwrap().parse().ok()
}
