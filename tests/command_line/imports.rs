//! Files of accounts.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::day::seed;
use crate::program::{Place, Service};

const JWK: &str = r#"{"crv":"Ed25519","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

fn account(number: usize) -> String {
    let mut seed = seed(&format!("A-{number}"), &format!("L-{number}"), &format!("+1212555{number:04}"), JWK);
    // PINs would take a core and a while.
    let members = seed.as_object_mut().unwrap();
    members.remove("pin");
    members.remove("pin_set_time");
    seed.to_string()
}

fn open(rows: &[String]) -> Service {
    let place = Place::with_keys();
    place.mint("bss", "provisioning", &[]);
    place.mint("hub", "porting_system", &["--spid", "6529"]);
    fs::write(place.path("file.jsonl"), rows.join("\n")).unwrap();
    Service::start(place)
}

/// The refused rows, and the summary.
fn told(stdout: &str) -> (Vec<(i64, String)>, Value) {
    let mut objects: Vec<Value> = stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let summary = objects.pop().unwrap();
    let row = |row: &Value| (row["row"].as_i64().unwrap(), row["field"].as_str().unwrap().to_owned());
    let mut rows: Vec<_> = objects.iter().map(row).collect();
    rows.sort();
    (rows, summary)
}

#[test]
fn bad_rows_are_named_the_rest_goes_in_and_a_second_run_changes_nothing() {
    let mut rows: Vec<String> = (1..=40).map(account).collect();
    rows[6] = rows[6].replace("+12125550007", "2125550007");
    rows[9] = "{\"account\":".to_owned();
    rows[19] = rows[19].replace("ACCOUNT_KIND_POSTPAID", "SOMETHING");
    rows.insert(20, String::new());
    let service = open(&rows);
    let import = ["account", "import", "file.jsonl"];
    let first = service.ask("bss", &import).ending(2);
    let (refused, summary) = told(&first.stdout);
    let named: Vec<(i64, &str)> = refused.iter().map(|(row, field)| (*row, field.as_str())).collect();
    assert_eq!(named, [(7, "lines[0].msisdn"), (10, ""), (20, "account.kind")]);
    assert!(!first.stdout.contains("2125550007"), "a value was shown: {}", first.stdout);
    let counts = |summary: &Value| {
        ["rows", "created", "unchanged", "updated", "refused"].map(|name| summary[name].as_i64().unwrap())
    };
    assert_eq!(counts(&summary), [40, 37, 0, 0, 3]);
    let (_, summary) = told(&service.ask("bss", &import).ending(2).stdout);
    assert_eq!(counts(&summary), [40, 0, 37, 0, 3]);
}

#[test]
fn an_import_goes_on_where_it_is_told_to_and_reads_standard_input() {
    let rows: Vec<String> = (1..=30).map(account).collect();
    let service = open(&rows);
    let later = ["account", "import", "file.jsonl", "--resume-from", "21"];
    assert_eq!(service.ask("bss", &later).ending(0).json()["created"], 10);
    let piped = service.ask_with("bss", &["account", "import", "-"], &rows.join("\n")).ending(0).json();
    assert_eq!((&piped["created"], &piped["unchanged"]), (&json!(20), &json!(10)));
}

#[test]
fn an_import_that_is_cut_off_says_where_to_go_on() {
    let mut service = open(&[]);
    let mut command = service.asking("bss", &["account", "import", "-"]);
    let mut import = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut input = import.stdin.take().unwrap();
    let bad = account(3).replace("+12125550003", "2125550003");
    write!(input, "{}\n{}\n{bad}\n", account(1), account(2)).unwrap();
    // Its refusal is told while the input stays open; then the service is gone.
    let mut refused = String::new();
    BufReader::new(import.stdout.take().unwrap()).read_line(&mut refused).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&refused).unwrap()["row"], 3);
    service.kill();
    let ended = import.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(1));
    let error: Value = serde_json::from_slice(&ended.stderr).unwrap();
    let advice = error["error"]["advice"].as_str().unwrap();
    assert!(advice.contains("--resume-from "), "{advice}");
    drop(input);
}

#[test]
fn only_provisioning_imports_and_the_file_must_be_there() {
    let service = open(&[account(1)]);
    let refused = service.ask("hub", &["account", "import", "file.jsonl"]);
    assert_eq!(refused.code, 3, "{}{}", refused.stdout, refused.stderr);
    let missing = service.ask_as_person("bss", &["account", "import", "nowhere.jsonl"]).ending(2);
    assert!(missing.stderr.starts_with("error: cannot read `nowhere.jsonl`"), "{}", missing.stderr);
    let text = service.ask_as_person("bss", &["account", "import", "file.jsonl"]).ending(0).stdout;
    assert!(text.starts_with("rows       1\ncreated    1\n"), "{text}");
}
