//! A store moves to Redis, within it and back, with the program itself: as `docs/redis.md` has it.

use std::fs;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::day::{APP, NUMBER, PIN, SIM, open, seed, with};
use crate::program::{Place, Ran, Service, ended};
use crate::redis_servers::{Server, Settings};

const COPY: [&str; 3] = ["store", "copy", "--json"];

/// Settings of a store on that server under a prefix, beside the development set's own.
fn on_redis(place: &Place, server: &Server, prefix: &str) -> String {
    let store = format!(
        "[store]\nkind = \"redis\"\n\n[redis]\nurl = \"redis://127.0.0.1:{}\"\nprefix = \"{prefix}\"\n",
        server.port
    );
    settings(place, prefix, &store)
}

/// Settings of a store in another folder.
pub(crate) fn in_folder(place: &Place, name: &str) -> String {
    let path = place.path("dev").join(name);
    settings(place, name, &format!("[store]\npath = {:?}\n", path.display().to_string()))
}

fn settings(place: &Place, name: &str, store: &str) -> String {
    let text = fs::read_to_string(place.path("dev/portcullis.toml")).unwrap();
    let (before, after) = text.split_once("[store]\n").unwrap();
    let (_, after) = after.split_once("\n[").unwrap();
    let file = format!("dev/{name}.toml");
    fs::write(place.path(&file), format!("{before}{store}\n[{after}")).unwrap();
    file
}

/// A service over the store of those settings, which become the development set's own.
fn serving(place: Place, file: &str) -> Service {
    fs::copy(place.path(file), place.path("dev/portcullis.toml")).unwrap();
    Service::start(place)
}

fn copied(place: &Place, from: &str, to: &str) -> Ran {
    place.run(&with(&COPY, &[&["--from", from, "--to", to]]))
}

/// What a service said before its store moved.
struct Said {
    decided: Value,
    locks: Value,
    verified: Value,
}

/// The request that is asked again wherever the store is.
fn decide() -> Vec<&'static str> {
    let head = ["decide", "sim-change", NUMBER, "--request-id", "5f6c1bb8-6f3b-4a43-9a5e-9d3c9c3b7a10"];
    with(&head, &[&SIM, &APP, &["--permit-out", "permit"]])
}

fn redeem() -> Vec<&'static str> {
    with(&["decision", "redeem", "sim-change", NUMBER], &[&SIM, &["--permit-file", "permit"]])
}

impl Said {
    /// Decides, redeems, locks, and has the PIN tried so often that it is shut.
    fn by(service: &Service) -> Self {
        let decided = service.ask("ada", &decide()).ending(0).json();
        service.ask("ada", &redeem()).ending(0);
        for guess in 0..5 {
            tried(service, &format!("10000{guess}"));
        }
        assert!(is_shut(service), "{}", tried(service, PIN));
        service.ask("ada", &["lock", "on", NUMBER, "--set", "port"]).ending(0);
        Self { decided, locks: locks(service), verified: verified(service) }
    }

    /// The same is said by a service over a copy; nothing that is used up is good again.
    fn is_said_by(&self, service: &Service) {
        assert_eq!(locks(service), self.locks, "a lock that was on is on");
        let again = service.ask("ada", &redeem()).ending(3).error();
        assert_eq!(again["reason"], "PERMIT_USED");
        let repeated = service.ask("ada", &decide()[..decide().len() - 2]).ending(0).json();
        assert_eq!(repeated["decision_id"], self.decided["decision_id"], "the first answer again");
        let mut other = decide();
        let cause = other.iter().position(|argument| *argument == "upgrade").unwrap();
        other[cause] = "lost_device";
        assert_ne!(service.ask("ada", &other).code, 0, "another body under the same request id");
        assert!(is_shut(service), "wrong PINs still count: {}", tried(service, PIN));
        let token = self.decided["consistency_token"].as_str().unwrap();
        let asked = with(&["decide", "sim-change", NUMBER], &[&SIM, &APP, &["--consistency-token", token]]);
        assert_eq!(service.ask("ada", &asked).ending(1).error()["code"], "UNAVAILABLE", "a token of the source");
        let count = |verified: &Value| verified["records"].as_u64().unwrap();
        assert!(count(&verified(service)) >= count(&self.verified));
    }
}

fn locks(service: &Service) -> Value {
    service.ask("ada", &["lock", "show", NUMBER]).ending(0).json()["protections"][0]["locks"].clone()
}

/// Every chain holds.
fn verified(service: &Service) -> Value {
    let told = service.ask("aud", &["audit", "verify"]).ending(0);
    serde_json::from_str(told.stdout.lines().last().unwrap()).unwrap()
}

/// Asks with a PIN, and what is said of it.
fn tried(service: &Service, pin: &str) -> String {
    let other = ["--iccid", "8901260123456789037", "--cause", "upgrade", "--channel", "app", "--pin-file", "-"];
    let ran = service.ask_with("ada", &with(&["decide", "sim-change", NUMBER], &[&other]), pin);
    ran.stdout + &ran.stderr
}

/// Whether the right PIN is no longer looked at.
fn is_shut(service: &Service) -> bool {
    tried(service, PIN).contains("PIN_ATTEMPTS_EXHAUSTED")
}

#[test]
fn a_service_moves_to_redis_within_it_and_back() {
    let server = Server::start(&Settings::careful());
    let service = open();
    let said = Said::by(&service);
    let (_, place) = service.stop();
    let first =
        settings(&place, "first", &format!("[store]\npath = {:?}\n", place.path("dev/store").display().to_string()));
    let files =
        [first, on_redis(&place, &server, "one"), on_redis(&place, &server, "other"), in_folder(&place, "back")];
    let mut place = Some(place);
    for pair in files.windows(2) {
        let [from, to] = pair else { unreachable!() };
        let told = copied(place.as_ref().unwrap(), from, to).ending(0).json();
        assert_eq!(told["put"], told["compared"], "{told}");
        assert!(told["put"]["records"].as_u64() > Some(5) && told["put"]["windows"].as_u64() > Some(0), "{told}");
        let service = serving(place.take().unwrap(), to);
        said.is_said_by(&service);
        place = Some(service.stop().1);
    }
}

#[test]
fn who_copies_is_told_why_not() {
    let server = Server::start(&Settings::careful());
    let service = open();
    let redis = on_redis(&service.place, &server, "one");
    let embedded = in_folder(&service.place, "store");
    let refused = |place: &Place, from: &str, to: &str, code, why: &str| {
        let told = copied(place, from, to).ending(code).error()["message"].as_str().unwrap().to_owned();
        assert!(told.contains(why), "{told}");
    };
    refused(&service.place, &embedded, &redis, 1, "--from: the store's folder is in use by process");
    let (_, place) = service.stop();
    let nowhere = in_folder(&place, "nowhere");
    refused(&place, &nowhere, &redis, 2, "--from: there is no store in");
    refused(
        &place,
        &on_redis(&place, &server, "none"),
        &nowhere,
        1,
        "--from: there is no store under the prefix `none`",
    );
    // Another keyring.
    let text = fs::read_to_string(place.path(&redis)).unwrap();
    place.run(&["keys", "generate", "other.json"]).ending(0);
    let own = place.path("dev/keyring.json").display().to_string();
    let others = text.replace(&own, &place.path("other.json").display().to_string());
    assert_ne!(others, text);
    fs::write(place.path("dev/others.toml"), others).unwrap();
    refused(&place, &embedded, "dev/others.toml", 2, "of --from and of --to are two keys");

    copied(&place, &embedded, &redis).ending(0);
    refused(&place, &embedded, &redis, 1, "--to: there is a store already");
    // No service starts on what was copied, until somebody takes it back.
    let serve = ["serve", "--config", &embedded, "--set", "server.listen=127.0.0.1:0"];
    let told = place.run(&serve).ending(1).stderr;
    assert!(told.contains("portcullis store reclaim"), "{told}");
    let looked = place.run(&["doctor", "--config", &embedded]).ending(3).stdout;
    assert!(looked.contains("store.moved"), "{looked}");
    place.run(&["store", "reclaim", "--config", &embedded]).ending(0);
    let looked = place.run(&["doctor", "--config", &embedded, "--only", "store"]).ending(0).stdout;
    assert!(!looked.contains("store.moved"), "{looked}");
    // An engine on Redis, as the source and as the target.
    let other = on_redis(&place, &server, "other");
    let service = serving(place, &redis);
    refused(&service.place, &redis, &other, 1, "--from: engines use the store (1 connections)");
    refused(&service.place, &embedded, &redis, 1, "--to: there is a store already");
    let (_, place) = service.stop();
    copied(&place, &redis, &other).ending(0);
}

/// Copies and is killed after a while. Whether it was done before.
fn killed_after(place: &Place, from: &str, to: &str, wait: Duration) -> bool {
    let mut command = place.command(&with(&COPY, &[&["--from", from, "--to", to]]));
    let mut child: Child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    while begun.elapsed() < wait {
        if child.try_wait().unwrap().is_some() {
            return ended(child).ending(0).code == 0;
        }
        // No event tells how far it is: it is cut off at some time or other.
        std::thread::sleep(Duration::from_millis(5));
    }
    // `kill -9`.
    child.kill().unwrap();
    child.wait().unwrap();
    false
}

fn refuses_to_start(place: &Place, file: &str) {
    let told = place.run(&["serve", "--config", file, "--set", "server.listen=127.0.0.1:0"]).ending(1).stderr;
    assert!(told.contains("half copied") || told.contains("is at work on the store"), "{told}");
    let looked = place.run(&["doctor", "--config", file]);
    assert_ne!(looked.code, 0, "{}", looked.stdout);
    assert!(looked.stdout.contains("half copied") || looked.stdout.contains("is at work"), "{}", looked.stdout);
}

#[test]
fn killed_at_any_instant_it_goes_on_and_ends_the_same() {
    const ACCOUNTS: usize = 600;
    let server = Server::start(&Settings::careful());
    let place = Place::with_keys();
    place.mint("bss", "provisioning", &[]);
    let jwk = r#"{"crv":"Ed25519","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    let rows: Vec<String> = (0..ACCOUNTS)
        .map(|number| {
            let mut row = seed(&format!("A-{number}"), &format!("L-{number}"), &format!("+1212555{number:04}"), jwk);
            row.as_object_mut().unwrap().retain(|name, _| !name.starts_with("pin"));
            row.to_string()
        })
        .collect();
    fs::write(place.path("file.jsonl"), rows.join("\n")).unwrap();
    let service = Service::start(place);
    service.ask("bss", &["account", "import", "file.jsonl"]).ending(0);
    let (_, place) = service.stop();
    let first = in_folder(&place, "store");
    let files = [first, on_redis(&place, &server, "one"), in_folder(&place, "back")];
    let mut puts = Vec::new();
    for pair in files.windows(2) {
        let [from, to] = pair else { unreachable!() };
        // What is carried out of a Redis is read only once engines that nobody hears have noticed.
        let begins = if fs::read_to_string(place.path(from)).unwrap().contains("redis://") { 4_500 } else { 0 };
        let (mut wait, mut kills) = (Duration::from_millis(900 + begins), 0);
        while kills < 3 && !killed_after(&place, from, to, wait) {
            kills += 1;
            if place.run(&["doctor", "--config", to, "--json"]).stdout.contains("half copied") {
                refuses_to_start(&place, to);
            }
            wait += Duration::from_millis(400);
        }
        assert!(kills > 0, "it was done before it was killed");
        let told = match copied(&place, from, to) {
            Ran { code: 0, stdout, .. } => serde_json::from_str::<Value>(&stdout).unwrap(),
            // The last run was done before it could be killed.
            other => panic!("{}{}", other.stdout, other.stderr),
        };
        assert_eq!(told["put"]["accounts"], told["compared"]["accounts"]);
        assert!(told["compared"]["accounts"].as_u64() >= Some(ACCOUNTS as u64), "{told}");
        puts.push(told["ledger_heads"].clone());
    }
    let stats =
        files.each_ref().map(|file| place.run(&["store", "stats", "--json", "--config", file]).ending(0).json());
    for told in &stats {
        let count = |kind: &str| {
            let kinds = told["kinds"].as_array().unwrap();
            kinds.iter().find(|told| told["kind"] == kind).unwrap()["count"].as_u64().unwrap()
        };
        assert_eq!((count("lines"), count("names")), (ACCOUNTS as u64, 2 * ACCOUNTS as u64), "{told}");
        assert!(count("accounts") >= ACCOUNTS as u64 && told["bytes_a_line"].as_u64() > Some(500), "{told}");
        let ledgers = told["ledgers"].as_array().unwrap();
        let records: u64 = ledgers.iter().map(|ledger| ledger["records"].as_u64().unwrap()).sum();
        assert_eq!(records, count("records"), "{told}");
    }
    let people = place.run(&["store", "stats", "--config", &files[1]]).ending(0).stdout;
    assert!(people.contains("bytes a line") && people.contains("the longest of"), "{people}");
    assert_eq!(puts[0], puts[1], "both stores hold the same records in the same order");
    place.run(&["doctor", "--config", &files[2]]).ending(0);
}
