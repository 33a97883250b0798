//! Files of events.

use std::fs;

use serde_json::{Value, json};

use crate::day::seed;
use crate::program::{Place, Service};

const JWK: &str = r#"{"crv":"Ed25519","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
const NUMBER: &str = "+12125550001";

/// A service with one account, and the instant of its import as it told it.
fn open() -> (Service, String) {
    let place = Place::with_keys();
    for (subject, role) in
        [("bss", "provisioning"), ("net", "network_signals"), ("fraud", "fraud_ops"), ("aud", "auditor")]
    {
        place.mint(subject, role, &[]);
    }
    place.mint("hub", "porting_system", &["--spid", "6529"]);
    fs::write(place.path("file.jsonl"), seed("A-1", "L-1", NUMBER, JWK).to_string()).unwrap();
    let service = Service::start(place);
    service.ask("bss", &["account", "import", "file.jsonl"]).ending(0);
    let seen = service.ask("aud", &["account", "activity", "--account", "A-1"]).ending(0).json();
    let at = seen["activities"][0]["time"].as_str().unwrap().to_owned();
    (service, at)
}

fn event(number: usize, at: &str, kind: &str, inside: &Value) -> String {
    let id = format!("0190d4f0-7c3e-7000-8000-{number:012x}");
    json!({ "event_id": id, "line": { "msisdn": NUMBER }, "occur_time": at, kind: inside }).to_string()
}

/// The refused lines, and the summary.
fn told(stdout: &str) -> (Vec<(i64, String)>, Value) {
    let mut objects: Vec<Value> = stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let summary = objects.pop().unwrap();
    let row = |row: &Value| (row["row"].as_i64().unwrap(), row["field"].as_str().unwrap().to_owned());
    let mut rows: Vec<_> = objects.iter().map(row).collect();
    rows.sort();
    (rows, summary)
}

fn counts(summary: &Value) -> [i64; 3] {
    ["events", "recorded", "refused"].map(|name| summary[name].as_i64().unwrap())
}

#[test]
fn bad_events_are_named_by_their_lines_the_rest_is_kept_and_a_second_run_counts_nothing() {
    let (service, at) = open();
    let mut lines: Vec<String> = (1..=300).map(|number| event(number, &at, "log_in_failed", &json!({}))).collect();
    lines[2] = event(3, &at, "sim_activated", &json!({ "iccid": "8901canary" }));
    lines[4] = String::new();
    lines[6] = "{\"event_id\":".to_owned();
    lines[8] = event(9, &at, "fraud_reported", &json!({}));
    lines[10] = event(11, "2025-01-01T00:00:00Z", "third_party_payment", &json!({}));
    lines[12] = event(13, &at, "third_party_payment", &json!({ "payer": "canary" }));
    lines[14] = event(15, &at, "third_party_payment", &json!({}));
    lines[299] = event(300, &at, "sim_activated", &json!({ "iccid": "8901260123456789029" }));
    fs::write(service.place.path("events.jsonl"), lines.join("\n")).unwrap();
    let expected = [
        (3, "sim_activated.iccid"),
        (7, ""),
        (9, "fraud_reported"),
        (11, "occur_time"),
        (13, "third_party_payment.payer"),
    ]
    .map(|(row, field)| (row, field.to_owned()));
    for _ in 0..2 {
        let ran = service.ask("net", &["events", "send", "events.jsonl"]).ending(2);
        let (refused, summary) = told(&ran.stdout);
        assert_eq!(refused, expected);
        assert_eq!(counts(&summary), [299, 294, 5]);
        assert!(!ran.stdout.contains("canary"), "a value was shown: {}", ran.stdout);
    }
    let filter = ["audit", "list", "--account", "A-1", "--kind", "event-recorded", "--kind", "log-ins-failed"];
    let records = service.ask("aud", &filter).ending(0).stdout;
    let records: Vec<Value> = records.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<&str> = records.iter().map(|record| record["kind"].as_str().unwrap()).collect();
    let expected = ["RECORD_KIND_EVENT_RECORDED", "RECORD_KIND_LOG_INS_FAILED", "RECORD_KIND_EVENT_RECORDED"];
    assert_eq!(kinds, expected, "failures are counted, and on record once");
}

#[test]
fn events_come_from_standard_input_and_from_sources_alone() {
    let (service, at) = open();
    let payment = event(1, &at, "third_party_payment", &json!({}));
    let piped = service.ask_with("net", &["events", "send", "-"], &payment).ending(0).json();
    assert_eq!(counts(&piped), [1, 1, 0]);
    fs::write(service.place.path("events.jsonl"), &payment).unwrap();
    let refused = service.ask("hub", &["events", "send", "events.jsonl"]);
    assert_eq!(refused.code, 3, "{}{}", refused.stdout, refused.stderr);
    let reset = json!({ "credential": "RESET_CREDENTIAL_PASSWORD", "channel": "CHANNEL_WEB" });
    fs::write(service.place.path("reset.jsonl"), event(2, &at, "credential_reset", &reset)).unwrap();
    let text = service.ask_as_person("bss", &["events", "send", "reset.jsonl"]).ending(0).stdout;
    assert!(text.starts_with("events    1\nrecorded  1\n"), "{text}");
    let text = service.ask_as_person("fraud", &["events", "send", "reset.jsonl"]).ending(2).stdout;
    assert!(text.starts_with("row 1: credential_reset: must be told by"), "{text}");
    let missing = service.ask_as_person("net", &["events", "send", "nowhere.jsonl"]).ending(2);
    assert!(missing.stderr.starts_with("error: cannot read `nowhere.jsonl`"), "{}", missing.stderr);
}
