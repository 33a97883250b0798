//! E12: events with what stands nowhere else in them, good and bad: none of it comes back.

use std::fs;

use serde_json::{Value, json};

use crate::canary_life::{CLIENT_ADDRESS, FORWARDED_TO, NUMBER, Run, UNKNOWN};

pub(crate) const CALL: &str = "call-8827364554-ims-canary";

/// Events about the number and about one that nobody has, each with its member and what is in it.
fn events(run: &Run, at: &str) -> Vec<Value> {
    let cards = &run.cards;
    let kinds = [
        ("log_in_failed", json!({ "client_address": CLIENT_ADDRESS, "device_id": "D-9" })),
        ("log_in_succeeded", json!({ "client_address": CLIENT_ADDRESS })),
        (
            "credential_reset",
            json!({ "credential": "RESET_CREDENTIAL_PIN", "channel": "CHANNEL_WEB", "contact_id": "mail" }),
        ),
        ("sim_activated", json!({ "iccid": cards.other_iccid, "imei": cards.new_imei })),
        ("sim_activated", json!({ "eid": cards.eid })),
        ("sim_attached", json!({ "iccid": cards.other_iccid })),
        ("sim_attached", json!({ "eid": cards.eid })),
        ("forwarding_set", json!({ "target_msisdn": FORWARDED_TO })),
        ("inbound_call_started", json!({ "call_id": CALL })),
        ("inbound_call_ended", json!({ "call_id": CALL })),
    ];
    let of = |(place, (line, (kind, inside))): (usize, (&str, &(&str, Value)))| {
        json!({
            "event_id": format!("0190d4f0-7c3e-7000-8000-{:012x}", 0xe0_0000 + place),
            "line": { "msisdn": line }, "occur_time": at, *kind: inside,
        })
    };
    let about = |line| kinds.iter().map(move |kind| (line, kind));
    about(NUMBER).chain(about(UNKNOWN)).enumerate().map(of).collect()
}

/// Tells them, and what is wrong with each once it is spoilt.
pub(crate) fn tell(run: &mut Run) {
    let seen = run.ask("ada", &["account", "activity", "--account", "A-1"], "", &[]).ending(0).json();
    let at = seen["activities"][0]["time"].as_str().unwrap().to_owned();
    let lines: Vec<String> = events(run, &at).iter().map(Value::to_string).collect();
    fs::write(run.service.place.path("events.jsonl"), lines.join("\n")).unwrap();
    run.ask("net", &["events", "send", "events.jsonl"], "", &[]).ending(0);
    let mut spoilt = Vec::new();
    for (from, to) in [("\"+49", "\"49"), ("\"89", "\"8 9"), ("\"203.", "\"999."), ("call_id", "call"), (":", "")] {
        spoilt.extend(lines.iter().filter(|line| line.contains(from)).map(|line| line.replace(from, to)));
    }
    fs::write(run.service.place.path("spoilt.jsonl"), spoilt.join("\n")).unwrap();
    let told = run.ask("net", &["events", "send", "spoilt.jsonl"], "", &[]).ending(2);
    assert!(told.stdout.lines().count() > 20, "{}", told.stdout);
}
