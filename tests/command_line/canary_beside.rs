//! E12: commands that ask no running service, or look after its keys, its store and its set-up; and what the service itself
//! prints. None of it shows a key, a token or anything of a customer's, also where one file is given in the place of another.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};

use crate::canary_keys::key_material;
use crate::canary_life::{NUMBER, begin, canaries, cards, commands, words};
use crate::moving::in_folder;
use crate::program::{Place, Ran, Service};
use crate::spelt::Search;

/// Of those, what asks a running service all the same, and is tried there.
pub(crate) const OF_A_SERVICE: [&str; 3] = ["policy activate", "policy show", "policy stage"];

/// How these commands begin.
pub(crate) const BESIDE: [&str; 5] = ["doctor", "keys", "policy", "store", "token"];

const KEYRING: &str = "dev/keyring.json";
const SETTINGS: [&str; 2] = ["--config", "dev/portcullis.toml"];
const FREE_PORTS: [&str; 4] = ["--set", "server.listen=127.0.0.1:0", "--set", "server.ops_listen=127.0.0.1:0"];

const DECISION: &str = "019ca8f1-2233-7444-8555-66778899aa0a";

/// A decision's record as auditors have it in a file, with the customer's SIM in it.
fn decided(iccid: &str) -> String {
    let record = serde_json::json!({
        "record_id": DECISION, "time": "2026-03-01T12:00:00Z", "kind": "RECORD_KIND_DECIDED", "channel": "CHANNEL_CARE",
        "outcome": "OUTCOME_CHALLENGE", "reasons": [], "policy_revision": "70",
        "change": format!("SIM_CHANGE\niccid={iccid}\n"), "caller_subject": NUMBER,
        "explanation": { "facts_json": r#"{"action":1,"channel":2,"asker":7,"line_status":1}"# },
        "details": { "action": "SIM_CHANGE", "mode": "ENFORCE", "accepted": [], "external_reference": NUMBER },
    });
    format!("{record}\n")
}

/// All that was printed, and all that must not have been.
#[derive(Default)]
struct Told {
    printed: Vec<(String, String)>,
    keys: BTreeSet<(&'static str, String)>,
    ran: BTreeSet<String>,
}

impl Told {
    /// Keeps what a command printed, and the keys that there are since.
    fn keep(&mut self, place: &Place, args: &[&str], ran: Ran) -> Ran {
        self.ran.insert(words(args).trim().to_owned());
        self.printed.push((args.join(" "), format!("{}{}", ran.stdout, ran.stderr)));
        self.keys.extend(key_material(place));
        ran
    }

    fn run(&mut self, place: &Place, args: &[&str]) -> Ran {
        self.keep(place, args, place.run(args))
    }

    /// Runs a command that may be run twice: for a program and for a person.
    fn run_both(&mut self, place: &Place, args: &[&str], code: i32) {
        self.run(place, args).ending(code);
        self.run(place, &[args, &["--json"]].concat()).ending(code);
    }

    fn ask(&mut self, service: &Service, args: &[&str]) -> Ran {
        self.keep(&service.place, args, service.ask("ops", args))
    }

    fn ask_both(&mut self, service: &Service, args: &[&str], code: i32) {
        self.ask(service, args).ending(code);
        self.keep(&service.place, args, service.ask_as_person("ops", args)).ending(code);
    }

    /// What a service printed and logged until it was stopped.
    fn stop(&mut self, service: Service) -> Place {
        let (status, place, stdout) = service.stop_having_told();
        assert!(status.success(), "{status}");
        assert!(stdout.contains("listening"), "{stdout}");
        let log = fs::read_to_string(place.path("log")).unwrap();
        assert!(log.contains("stopping"), "{log}");
        self.printed.extend([("serve, its log".to_owned(), log), ("serve --json".to_owned(), stdout)]);
        place
    }

    /// Nothing of it stands in anything that was printed.
    fn check(&self) {
        let (cards, keys) = (cards(), self.keys.iter().map(|(name, spelt)| (*name, spelt.as_str())));
        let search = Search::new(canaries(&cards).into_iter().chain(keys));
        let shown = self.printed.iter().map(|(command, printed)| (command, search.found_in(printed.as_bytes())));
        let shown: Vec<_> = shown.filter(|(_, found)| !found.is_empty()).collect();
        assert!(shown.is_empty(), "{shown:#?}");
    }
}

/// Keys and set-ups are made; what is there already is told of again.
fn make(told: &mut Told, place: &Place) {
    told.run_both(place, &["keys", "generate", "other", "--development"], 0);
    fs::create_dir(place.path("another")).unwrap();
    told.run_both(place, &["keys", "generate", "another/keyring.json"], 0);
    told.run_both(place, &["keys", "app", "app.key"], 0);
    let mint = ["token", "mint", "--issuer-key", "dev/issuer.key", "--subject", "x", "--role", "auditor"];
    told.run_both(place, &[&mint[..], &["--out", "x.token"]].concat(), 0);
    // A token that is printed is shown; the key that made it is not.
    told.run_both(place, &mint, 0);
}

/// Everything that may be looked at while the service runs.
fn look(told: &mut Told, service: &Service) {
    let place = &service.place;
    let ops = format!("server.ops_listen={}", service.ops());
    told.run_both(place, &["keys", "list", KEYRING], 0);
    told.ask_both(service, &["keys", "doctor", KEYRING, "--store", "dev/store", "--running"], 0);
    let doctor = told.run(place, &[&["doctor"][..], &SETTINGS, &FREE_PORTS, &["--set", &ops]].concat());
    assert!(doctor.stdout.contains("service.ready"), "{}{}", doctor.stdout, doctor.stderr);
    told.run(place, &[&["doctor", "--json"][..], &SETTINGS, &FREE_PORTS].concat());
    told.run(place, &[&["store", "backup", "--to", "early"][..], &SETTINGS].concat()).ending(0);
    for (ca, token) in [("dev/ca.pem", "dev/issuer.key"), ("dev/ca.pem", KEYRING), ("dev/server.key", "ops.token")] {
        let args = ["audit", "list", "--endpoint", service.endpoint(), "--ca-file", ca, "--token-file", token];
        assert_ne!(told.run(place, &args).code, 0, "{args:?}");
    }
}

/// One file in the place of another: it is refused without a word of what it holds.
fn mistake(told: &mut Told, place: &Place) {
    let set = |key: &str, file: &str| format!("{key}={file}");
    for wrong in [
        set("keys.keyring_file", "dev/issuer.key"),
        set("keys.keyring_file", "x.token"),
        set("tls.key_file", KEYRING),
        set("tls.cert_file", "dev/server.key"),
        set("tls.client_ca_file", KEYRING),
    ] {
        for command in ["serve", "doctor"] {
            let args = [&[command][..], &SETTINGS, &FREE_PORTS, &["--set", &wrong]].concat();
            assert_ne!(told.run(place, &args).code, 0, "{args:?}");
        }
    }
    let sign = ["token", "mint", "--subject", "x", "--role", "auditor", "--issuer-key"];
    for (command, file) in [
        (&["serve", "--config"][..], KEYRING),
        (&["serve", "--config"], "dev/issuer.key"),
        // In one line, which is the one that is wrong.
        (&["serve", "--config"], "x.token"),
        (&["serve", "--config"], "one.jsonl"),
        (&["doctor", "--config"], KEYRING),
        (&["doctor", "--config"], "x.token"),
        (&["doctor", "--config"], "one.jsonl"),
        (&["store", "backup", "--to", "none", "--config"], KEYRING),
        (&["keys", "list"], "dev/issuer.key"),
        (&["keys", "list"], "x.token"),
        (&["keys", "list"], "one.jsonl"),
        (&["keys", "rotate", "x.token"], "seal"),
        (&["keys", "generate"], "dev/issuer.key"),
        (&["keys", "doctor"], "dev/issuer.key"),
        (&["keys", "app"], KEYRING),
        (&sign, KEYRING),
        (&sign, "x.token"),
        (&["audit", "keys"], "dev/issuer.key"),
        (&["audit", "archive", "verify", "dev", "--keys"], KEYRING),
        (&["audit", "archive", "verify", "dev", "--keys"], "one.jsonl"),
        (&["audit", "verify", "--offline", "--signed-by", "x", "--checkpoint"], KEYRING),
        (&["audit", "verify", "--offline", "--signed-by", "x", "--checkpoint"], "one.jsonl"),
    ] {
        let args = [command, &[file]].concat();
        assert_ne!(told.run(place, &args).code, 0, "{args:?}");
    }
}

/// The same as `Service` starts, for a person: what it says until it is stopped.
fn serve_for_a_person(place: &Place) -> String {
    let mut command = place.command(&[&["serve"][..], &SETTINGS, &FREE_PORTS, &["--set", "log.level=debug"]].concat());
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (mut said, mut stdout) = (String::new(), BufReader::new(child.stdout.take().unwrap()));
    stdout.read_line(&mut said).unwrap();
    let stopped = Command::new("sh").args(["-c", &format!("kill -TERM {}", child.id())]).status().unwrap();
    assert!(stopped.success());
    stdout.read_to_string(&mut said).unwrap();
    let ended = child.wait_with_output().unwrap();
    let log = String::from_utf8(ended.stderr).unwrap();
    assert!(ended.status.success(), "{said}{log}");
    said + &log
}

#[test]
fn keys_copies_and_the_service_itself_show_no_canary_and_no_key() {
    let mut told = Told::default();
    let mut run = begin(&["log.format=json"]);
    run.once("bss", &["account", "import", "one.jsonl"], "").ending(0);
    run.once("ada", &["lock", "on", NUMBER, "--set", "all"], "").ending(0);
    let service = run.service;
    make(&mut told, &service.place);
    look(&mut told, &service);
    for purpose in ["seal", "pepper", "permit", "permit_signing", "record_signing"] {
        told.run_both(&service.place, &["keys", "rotate", KEYRING, purpose], 0);
    }
    let service = Service::start(told.stop(service));
    told.ask_both(&service, &["keys", "doctor", KEYRING, "--store", "dev/store", "--running"], 0);
    told.ask_both(&service, &["keys", "reseal"], 0);
    told.ask(&service, &["keys", "retire", KEYRING, "seal", "1"]).ending(0);
    let retire = ["keys", "retire", KEYRING, "record_signing", "1"];
    told.keep(&service.place, &retire, service.ask_as_person("ops", &retire)).ending(0);
    told.ask(&service, &["keys", "retire", KEYRING, "pepper", "1"]);
    let place = told.stop(service);

    told.run_both(&place, &[&["store", "stats"][..], &SETTINGS].concat(), 0);
    told.run_both(&place, &[&["store", "begin"][..], &SETTINGS].concat(), 2);
    let copy = ["store", "copy", "--from", SETTINGS[1], "--to"];
    let (moved, again) = (in_folder(&place, "moved"), in_folder(&place, "moved-again"));
    told.run(&place, &[&copy[..], &[&moved]].concat()).ending(0);
    told.run(&place, &[&copy[..], &[&again, "--json"]].concat()).ending(0);
    told.run_both(&place, &[&copy[..], &[KEYRING]].concat(), 2);

    told.run_both(&place, &[&["store", "reclaim"][..], &SETTINGS].concat(), 0);
    told.printed.push(("serve".to_owned(), serve_for_a_person(&place)));
    told.run(&place, &[&["store", "backup", "--json", "--to", "late"][..], &SETTINGS].concat()).ending(0);
    fs::rename(place.path("dev/store"), place.path("lost")).unwrap();
    // The key that the early copy needs is gone.
    told.run_both(&place, &[&["store", "restore", "--from", "early"][..], &SETTINGS].concat(), 2);
    told.run(&place, &[&["store", "restore", "--from", "late"][..], &SETTINGS].concat()).ending(0);
    fs::rename(place.path("dev/store"), place.path("lost-again")).unwrap();
    told.run(&place, &[&["store", "restore", "--json", "--from", "late"][..], &SETTINGS].concat()).ending(0);
    told.run_both(&place, &[&["doctor"][..], &SETTINGS, &FREE_PORTS].concat(), 0);
    fs::write(place.path("mine.toml"), "extends = \"us-default\"\n[pin]\nfresh_after = \"48h\"\n").unwrap();
    told.run_both(&place, &["policy", "check", "--rules", "us-default"], 0);
    told.run_both(&place, &["policy", "diff", "mine.toml", "us-default"], 0);
    told.run_both(&place, &["policy", "facts"], 0);
    fs::create_dir(place.path("played.d")).unwrap();
    let step = "[[step]]\nat = \"0\"\nwho = \"pad\"\ndo = \"SIM_CHANGE\"\noffer = [\"pin\"]\noutcome = \"APPROVE\"\n";
    fs::write(place.path("played.d/one.toml"), format!("id = \"L02\"\nabout = \"An upgrade\"\n{step}")).unwrap();
    told.run_both(&place, &["policy", "test", "played.d"], 0);
    fs::write(place.path("records.jsonl"), decided(&cards().other_iccid)).unwrap();
    let (explain, replay) = (["policy", "explain", DECISION], ["policy", "replay", "--policy", "mine.toml"]);
    let records = ["--records", "records.jsonl"];
    told.run_both(&place, &[&explain[..], &records, &["--policy", "mine.toml", "--all"]].concat(), 0);
    told.run_both(&place, &[&replay[..], &records].concat(), 0);
    told.run(&place, &[&replay[..], &records, &["--format", "svg"]].concat()).ending(0);
    told.run_both(&place, &[&explain[..], &["--records", KEYRING]].concat(), 2);
    told.run_both(&place, &[&replay[..], &["--records", KEYRING]].concat(), 0);
    // Of so few a goal may be missed.
    told.run(&place, &["policy", "ordinary", "--requests", "200"]);
    told.run(&place, &["policy", "ordinary", "--requests", "200", "--json"]);
    let scenarios = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios");
    told.run_both(&place, &["policy", "attacks", scenarios, "--variations", "20"], 0);
    mistake(&mut told, &place);

    told.check();
    let untried: Vec<String> = commands(&place, &BESIDE, true)
        .into_iter()
        .filter(|leaf| !told.ran.contains(leaf) && !OF_A_SERVICE.contains(&leaf.as_str()))
        .collect();
    assert!(untried.is_empty(), "not tried: {untried:?}; tried: {:?}", told.ran);
    // Three keyrings of six keys, and ten rotations, each key in four spellings at least.
    let of_keyrings = told.keys.iter().filter(|(name, _)| *name == "key of the keyring").count();
    assert!(of_keyrings >= 4 * (3 * 6 + 10), "only {of_keyrings} are looked for");
}

/// What is looked for is found where it is: in the keyring, in a private key's file, in a token.
#[test]
fn keys_and_tokens_are_found_where_they_are() {
    let place = Place::with_keys();
    place.mint("ops", "admin", &[]);
    let keys = key_material(&place);
    let search = Search::new(keys.iter().map(|(name, spelt)| (*name, spelt.as_str())));
    for (file, name) in [
        (KEYRING, "key of the keyring"),
        ("dev/issuer.key", "private key"),
        ("dev/server.key", "private key"),
        ("ops.token", "token"),
    ] {
        let found = search.found_in(&fs::read(place.path(file)).unwrap());
        assert!(found.iter().any(|what| what.starts_with(name)), "{file}: {found:?}");
    }
    let found = search.found_in(&fs::read(place.path("dev/portcullis.toml")).unwrap());
    assert!(found.is_empty(), "{found:?}");
}
