//! The example day, played twice on one store, and what a stock client sees of that store afterwards.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up should fail where it is"
)]

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use portcullis::clock::{Clock as _, SystemClock};
use portcullis::crypto::{Cost, Keyring};
use serde_json::Value;

#[path = "day/scripts.rs"]
mod scripts;
#[path = "command_line/spelt.rs"]
mod spelt;

const PROGRAM: &str = env!("CARGO_BIN_EXE_portcullis");

const ANY_PORT: [&str; 4] = ["--set", "server.listen=127.0.0.1:0", "--set", "server.ops_listen=127.0.0.1:0"];

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A data folder whose PINs cost little to hash; everything else the day makes itself.
fn data() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let now = SystemClock::start().now().unwrap().instant();
    let keyring = Keyring::generate_at_cost(now, Cost::LowForTestPurposesOnly).unwrap();
    keyring.save_new(&folder.path().join("keyring.json")).unwrap();
    folder
}

fn play(examples: &Path, data: &Path) -> Output {
    let mut day = Command::new(PROGRAM);
    day.arg("day").arg(examples).arg("--data").arg(data).args(["--exit", "--json"]).args(ANY_PORT);
    day.output().unwrap()
}

fn report(output: &Output) -> Value {
    let told = String::from_utf8_lossy(&output.stderr);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("no report: {told}"));
    assert!(output.status.success(), "{told}\n{:#}", report["differences"]);
    report
}

fn decisions(report: &Value) -> u64 {
    report["decisions"].as_array().unwrap().iter().map(|one| one["count"].as_u64().unwrap()).sum()
}

struct Service(Child);

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The service on a day's data, and its address.
fn serve(data: &Path) -> (Service, String) {
    let mut serve = Command::new(PROGRAM);
    serve.args(["serve", "--json", "--config"]).arg(data.join("portcullis.toml")).args(ANY_PORT);
    let mut child = serve.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let listening: Value = serde_json::from_str(&line).unwrap();
    let port = listening["listening"].as_str().unwrap().rsplit_once(':').unwrap().1.to_owned();
    (Service(child), format!("localhost:{port}"))
}

fn python() -> PathBuf {
    let python = here().join("target/python/bin/python");
    assert!(python.exists(), "`make setup` makes {}", python.display());
    python
}

#[test]
fn the_example_day_comes_out_as_written_and_a_second_start_finds_it_again() {
    let data = data();
    let first = report(&play(&here().join("examples"), data.path()));
    assert_eq!(first["counters_agree"], true);
    assert_eq!(first["subscribers"]["created"], first["subscribers"]["accounts"]);
    assert!(first["requests"].as_u64().unwrap() > 1_500);
    assert!(first["stories"].as_array().unwrap().len() >= 30);
    assert!(decisions(&first) > 1_000);

    nothing_of_the_population_is_in_a_copy_of(&data.path().join("store"));

    let second = report(&play(&here().join("examples"), data.path()));
    assert_eq!(second["subscribers"]["found"], second["subscribers"]["accounts"]);
    assert_eq!(second["subscribers"]["created"], 0);
    assert_eq!((decisions(&second), &second["counters_agree"]), (0, &Value::Bool(true)));
    assert_eq!(second["repeated"], decisions(&first));
    assert_eq!(second["outcomes"], first["outcomes"]);
    assert_eq!(second["recorded_decisions"], first["recorded_decisions"]);

    let (_service, endpoint) = serve(data.path());
    the_day_is_replayed(data.path(), &endpoint, decisions(&first));
    let mut ask = Command::new(python());
    ask.arg(here().join("examples/python/ask.py")).args(["--endpoint", &endpoint]).arg("--ca");
    ask.arg(data.path().join("ca.pem")).arg("--token").arg(data.path().join("tokens/porting-system"));
    let asked = ask.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&asked.stdout), String::from_utf8_lossy(&asked.stderr));
    assert!(asked.status.success(), "{out}\n{err}");
    for line in ["health     SERVING", "open       CHALLENGE wicis -", "locked     DENY      wicis 6P"] {
        assert!(out.contains(line), "no `{line}` in\n{out}");
    }
    assert!(out.contains("bad field  INVALID_ARGUMENT: line.msisdn"), "{out}");
    scripts::say_what_the_page_says(data.path(), &endpoint);
}

/// What a served day's records come to under a policy.
fn replayed(data: &Path, endpoint: &str, policy: &str) -> Value {
    let mut replay = Command::new(PROGRAM);
    replay.args(["policy", "replay", "--json", "--from", "2020-01-01T00:00:00Z", "--to", "2100-01-01T00:00:00Z"]);
    replay.args(["--policy", policy, "--list", "10000", "--endpoint", &format!("https://{endpoint}")]);
    replay.arg("--ca-file").arg(data.join("ca.pem")).arg("--token-file").arg(data.join("tokens/auditor"));
    let output = replay.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Under the policy that decided every decision comes out as it did; under another those that it is about do not.
fn the_day_is_replayed(data: &Path, endpoint: &str, decided: u64) {
    let same = replayed(data, endpoint, "us-default");
    assert_eq!((&same["decisions"], &same["replayed"]), (&decided.into(), &decided.into()));
    assert_eq!((&same["flips"]["count"], &same["not_replayed"]["count"]), (&0.into(), &0.into()));
    assert_eq!(same["decided_by"].as_object().unwrap().len(), 1);
    assert_eq!(same["outcomes"]["recorded"], same["outcomes"]["replayed"]);

    let mine = data.join("no-sim-changes.toml");
    let rule = "[[rule]]\nid = \"no-sim-changes\"\non = [\"SIM_CHANGE\"]\nwhen = 'true'\nat_least = \"DENY\"\nreason = \"FLAGGED\"";
    std::fs::write(&mine, format!("extends = \"us-default\"\n{rule}\n")).unwrap();
    let other = replayed(data, endpoint, mine.to_str().unwrap());
    let places = other["places"].as_array().unwrap();
    let sum = |name: &str, sims: bool| -> u64 {
        let of = places.iter().filter(|place| (place["action"] == "SIM_CHANGE") == sims);
        of.map(|place| place[name].as_u64().unwrap()).sum()
    };
    assert_eq!((sum("flips", false), sum("milder", true), sum("extra_challenges", true)), (0, 0, 0));
    let denied = other["listed"].as_array().unwrap();
    assert!(denied.iter().all(|flip| flip["to"] == "DENY" && flip["because"] == serde_json::json!(["no-sim-changes"])));
    assert_eq!(other["flips"]["count"], sum("extra_denials", true));
    assert!(denied.len() > 100 && u64::try_from(denied.len()) == Ok(sum("flips", true)), "{}", denied.len());
    // What was carried out that day, and is not called fraud, would have been refused.
    let genuine = &other["known"]["genuine"];
    assert!(genuine["replayed"]["DENY"].as_u64() > genuine["recorded"]["DENY"].as_u64(), "{genuine}");
}

/// Every number, card, contact, name and PIN of a subscriber, by what it is called in the file.
fn personal<'a>(name: &'a str, value: &'a Value, into: &mut Vec<(&'a str, &'a str)>) {
    const PERSONAL: [&str; 11] =
        ["account_number", "name", "postal_code", "email", "sms", "voice", "msisdn", "iccid", "eid", "imei", "pin"];
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                personal(name, value, into);
            }
        }
        Value::Array(list) => {
            for value in list {
                personal(name, value, into);
            }
        }
        Value::String(text) if PERSONAL.contains(&name) => into.push((name, text)),
        _ => {}
    }
}

/// Searched byte for byte: the store's files as a thief would take them, without the keyring.
fn nothing_of_the_population_is_in_a_copy_of(store: &Path) {
    let file = std::fs::read_to_string(here().join("examples/subscribers.jsonl")).unwrap();
    let rows: Vec<Value> = file.lines().map(|row| serde_json::from_str(row).unwrap()).collect();
    let mut values = Vec::new();
    for row in &rows {
        personal("", row, &mut values);
    }
    let search = spelt::Search::new(values);
    assert!(search.len() > 50_000, "only {} spellings are looked for", search.len());
    assert!(search.found_in(file.as_bytes()).len() > 5_000, "what is there is not found");
    let (found, bytes) = search.found_under(spelt::copy_of(store).path());
    assert!(found.is_empty(), "{found:?}");
    assert!(bytes > 1_000_000, "only {bytes} bytes were looked at");
}

/// A folder with the first two subscribers and, of all sheets, one row: a lock turned on.
fn small_day(expect: &str, told: &str) -> tempfile::TempDir {
    let examples = tempfile::tempdir().unwrap();
    let day = examples.path().join("day");
    std::fs::create_dir(&day).unwrap();
    let subscribers = std::fs::read_to_string(here().join("examples/subscribers.jsonl")).unwrap();
    let two: String = subscribers.split_inclusive('\n').take(2).collect();
    std::fs::write(examples.path().join("subscribers.jsonl"), two).unwrap();
    for sheet in std::fs::read_dir(here().join("examples/day")).unwrap() {
        let sheet = sheet.unwrap().path();
        let text = std::fs::read_to_string(&sheet).unwrap();
        let header = text.lines().next().unwrap().to_owned();
        let cells = header.split(',').map(|column| match column {
            "request_id" => "6f1c3e52-6a0b-4b0e-9d53-0d0a55501000",
            "time" => "09:00:00",
            "channel" => "APP",
            "role" => "customer",
            "who" => "acct-200003/p1",
            "step" => "ON",
            "scope" => "+12125550142",
            "set" => "PORT",
            "expect" => expect,
            "told" => told,
            _ => "",
        });
        let row: Vec<&str> = cells.collect();
        let is_lock = sheet.file_name().unwrap() == "lock-switches.csv";
        let text = if is_lock { format!("{header}\n{}\n", row.join(",")) } else { format!("{header}\n") };
        std::fs::write(day.join(sheet.file_name().unwrap()), text).unwrap();
    }
    examples
}

#[test]
fn a_row_that_comes_out_otherwise_fails_the_day_and_is_told() {
    let (examples, data) = (small_day("REFUSED", "LOCK_NOT_ON"), data());
    let output = play(examples.path(), data.path());
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let difference = &report["differences"][0];
    assert_eq!(difference["place"], "lock-switches.csv line 2");
    assert_eq!((&difference["expected"], &difference["came"]), (&"refused LOCK_NOT_ON".into(), &"done".into()));
}

#[test]
fn a_day_whose_answers_are_not_kept_any_more_is_not_played_again() {
    let (examples, data) = (small_day("OK", ""), data());
    assert_eq!(report(&play(examples.path(), data.path()))["requests"], 1);
    assert_eq!(report(&play(examples.path(), data.path()))["requests"], 1);
    let answers = data.path().join("day-answers.json");
    std::fs::write(&answers, r#"{"played":1700000000,"decisions":{}}"#).unwrap();
    let third = report(&play(examples.path(), data.path()));
    assert_eq!((&third["requests"], &third["played_before"]), (&0.into(), &"2023-11-14T22:13:20Z".into()));
}

#[test]
fn the_example_files_are_what_their_generator_writes() {
    let output = Command::new(python()).arg(here().join("examples/generate.py")).arg("--check").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
