//! A customer's line, from import to port, through the command line alone.

use serde_json::{Value, json};

use crate::program::{Place, Service};

pub(crate) const NUMBER: &str = "+12125550123";
const ACCOUNT_NUMBER: &str = "100042";
pub(crate) const PIN: &str = "482951";
const ICCID: &str = "8901260123456789029";
const LONG_AGO: &str = "2025-01-01T00:00:00Z";
const PORT: [&str; 6] = ["--to", "6529", "--pon", "PON-1", "--account-number", ACCOUNT_NUMBER];
pub(crate) const SIM: [&str; 4] = ["--iccid", ICCID, "--cause", "upgrade"];
pub(crate) const APP: [&str; 8] =
    ["--channel", "app", "--device-id", "D-1", "--app-key-file", "app.key", "--app-device", "D-1"];

/// A seed of one account, as a line of a file.
pub(crate) fn seed(account: &str, line: &str, number: &str, public_key_jwk: &str) -> Value {
    json!({
        "account": {
            "account_id": account, "brand": "default", "account_number": ACCOUNT_NUMBER, "kind": "ACCOUNT_KIND_POSTPAID",
            "persons": [{ "person_id": "P-1", "role": "PERSON_ROLE_OWNER", "postal_code": "10001" }],
        },
        "lines": [{
            "line_id": line, "msisdn": number, "iccid": "8901260123456789011", "status": "LINE_STATUS_ACTIVE",
            "sim_since_time": LONG_AGO,
        }],
        "pin": PIN, "pin_set_time": LONG_AGO,
        "devices": [{
            "device_id": "D-1", "public_key_jwk": public_key_jwk, "added_time": LONG_AGO, "person_id": "P-1",
        }],
    })
}

/// A service with one customer, and tokens of everybody.
pub(crate) fn open() -> Service {
    let place = Place::with_keys();
    let jwk = place.run(&["keys", "app", "app.key", "--json"]).ending(0).json()["public_key_jwk"].clone();
    place.mint("bss", "provisioning", &[]);
    place.mint("hub", "porting_system", &["--spid", "6529"]);
    place.mint("clerk", "retail_agent", &["--store", "S-1"]);
    place.mint("ada", "customer", &["--account", "A-1", "--person", "P-1", "--device", "D-1"]);
    place.mint("aud", "auditor", &[]);
    std::fs::write(place.path("one.jsonl"), seed("A-1", "L-1", NUMBER, jwk.as_str().unwrap()).to_string()).unwrap();
    let service = Service::start(place);
    let told = service.ask("bss", &["account", "import", "one.jsonl"]).ending(0).json();
    assert_eq!((&told["created"], &told["refused"]), (&json!(1), &json!(0)));
    service
}

pub(crate) fn with<'a>(head: &[&'a str], rest: &[&[&'a str]]) -> Vec<&'a str> {
    [head, &rest.concat()].concat()
}

#[test]
fn a_sim_change_is_approved_and_redeemed_once() {
    let service = open();
    let decide = with(&["decide", "sim-change", NUMBER], &[&SIM, &APP, &["--permit-out", "permit"]]);
    let told = service.ask("ada", &decide).ending(0).json();
    assert_eq!((&told["outcome"], &told["line_id"]), (&json!("OUTCOME_APPROVE"), &json!("L-1")));
    let decision = told["decision_id"].as_str().unwrap();

    let redeem = with(&["decision", "redeem", "sim-change", NUMBER], &[&SIM, &["--permit-file", "permit"]]);
    let other_sim = ["--iccid", "8901260123456789037", "--cause", "upgrade", "--permit-file", "permit"];
    let other = service.ask("ada", &with(&["decision", "redeem", "sim-change", NUMBER], &[&other_sim])).ending(3);
    assert_eq!(other.error()["reason"], "PERMIT_MISMATCH");
    assert_eq!(service.ask("ada", &redeem).ending(0).json()["line_id"], "L-1");
    let again = service.ask("ada", &redeem).ending(3).error();
    assert_eq!(again["reason"], "PERMIT_USED");
    assert_eq!(again["request_id"].as_str().unwrap().len(), 36, "who asks again has to know the request's name");
    let shown = service.ask("ada", &["decision", "show", decision]).ending(0).json();
    assert_eq!(shown["state"], "DECISION_STATE_REDEEMED");
}

#[test]
fn a_lock_denies_voids_and_is_still_there_after_a_restart() {
    let service = open();
    let issue = with(&["transfer-pin", "issue", NUMBER, "--to", "6529"], &[&APP]);
    let issued = service.ask("ada", &issue).ending(0).json();
    let transfer_pin = issued["transfer_pin"].as_str().unwrap();
    let port = with(&["decide", "port-out", NUMBER], &[&PORT, &["--transfer-pin-file", "-", "--dialect", "wicis"]]);
    let approved = service.ask_with("hub", &port, transfer_pin).ending(0).json();
    service.place.write_secret("permit", approved["approval"]["permit"].as_str().unwrap());
    assert_eq!(approved["wire"]["answer"], "WIRE_ANSWER_CONFIRM");

    let locked = service.ask("ada", &["lock", "on", NUMBER, "--set", "all"]).ending(0).json();
    assert_eq!(locked["protection"]["locks"][0]["set"], "LOCK_SET_ALL");
    let redeem = with(&["decision", "redeem", "port-out", NUMBER], &[&PORT[..4], &["--permit-file", "permit"]]);
    let refused = service.ask("hub", &redeem).ending(3).error();
    assert!(["PERMIT_LOCKED", "PERMIT_VOID"].contains(&refused["reason"].as_str().unwrap()), "{refused}");

    let (status, place) = service.stop();
    assert!(status.success(), "{status}");
    let service = Service::start(place);
    let shown = service.ask("ada", &["lock", "show", NUMBER]).ending(0).json();
    assert_eq!(shown["protections"][0]["locks"], locked["protection"]["locks"]);
    let denied = service.ask_with("hub", &port, transfer_pin).ending(3).json();
    assert_eq!((&denied["outcome"], &denied["wire"]["codes"]), (&json!("OUTCOME_DENY"), &json!(["6P"])));
    let sim = with(&["decide", "sim-change", NUMBER], &[&SIM, &APP]);
    let denied = service.ask("ada", &sim).ending(3).json();
    assert_eq!(denied["reasons"][0]["class"], "REASON_CLASS_LOCK");
}

#[test]
fn a_release_is_asked_seen_and_cancelled() {
    let service = open();
    service.ask("ada", &["lock", "on", NUMBER, "--set", "port"]).ending(0);
    let release = with(&["lock", "release", NUMBER, "--set", "port", "--only-port-to", "6529"], &[&APP]);
    let told = service.ask("ada", &release).ending(0).json();
    let release = &told["protection"]["locks"][0]["release"];
    assert_eq!(release["only_for_digest"].as_str().unwrap().len(), 64);
    // Until it takes effect the lock denies as before.
    service.ask("hub", &with(&["decide", "port-out", NUMBER], &[&PORT])).ending(3);
    let id = release["release_id"].as_str().unwrap();
    let cancelled = service.ask("ada", &["lock", "cancel", id, NUMBER]).ending(0).json();
    assert_eq!(cancelled["protection"]["locks"][0]["release"], Value::Null);
    let refused = service.ask("ada", &["lock", "cancel", id, NUMBER]).ending(3).error();
    assert_eq!(refused["reason"], "NO_SUCH_RELEASE");
}

#[test]
fn the_account_pin_changes_and_nobody_hears_it() {
    let service = open();
    service.place.write_secret("new", "739164\n");
    let set = with(&["pin", "set", "--account", "A-1", "--new-pin-file", "new"], &[&APP]);
    let told = service.ask("ada", &set).ending(0);
    assert!(!told.stdout.contains("739164"));
    assert_eq!(told.json()["status"]["pin_set"], true);
    let guessable = with(&["pin", "set", "--account", "A-1", "--new-pin-file", "-"], &[&APP]);
    let refused = service.ask_with("ada", &guessable, "123456").ending(2);
    assert_eq!(refused.error()["reason"], "PIN_GUESSABLE");
    let wrong = with(&["decide", "sim-change", NUMBER], &[&SIM, &["--channel", "app", "--pin-file", "-"]]);
    service.ask_with("ada", &wrong, "111111").ending(4);
    let log = service.log();
    for secret in ["739164", "123456", "111111", "5550123", PIN] {
        assert!(!log.contains(secret), "the log holds `{secret}`");
    }
    assert!(log.contains("SetPin"), "{log}");
}

#[test]
fn a_transfer_pin_is_listed_without_its_value_and_revoked() {
    let service = open();
    let issue = with(&["transfer-pin", "issue", "--account", "A-1"], &[&APP]);
    let issued = service.ask("ada", &issue).ending(0).json();
    let (value, id) = (issued["transfer_pin"].as_str().unwrap(), issued["status"]["transfer_pin_id"].as_str().unwrap());
    assert_eq!(value.len(), 6);
    let list = ["transfer-pin", "list", "--account", "A-1"];
    let listed = service.ask("ada", &list).ending(0);
    assert!(!listed.stdout.contains(&format!("\"{value}\"")), "{}", listed.stdout);
    assert_eq!(listed.json()["transfer_pins"][0], issued["status"]);
    let revoke = ["transfer-pin", "revoke", id, "--account", "A-1"];
    assert_eq!(service.ask("ada", &revoke).ending(0).json()["status"]["void"], true);
    assert_eq!(service.ask("ada", &list).ending(0).json()["transfer_pins"][0]["void"], true);
    let port = with(&["decide", "port-out", NUMBER], &[&PORT, &["--transfer-pin-file", "-"]]);
    service.ask_with("hub", &port, value).ending(3);
    let status = service.ask_as_person("ada", &["pin", "status", "--account", "A-1"]).ending(0).stdout;
    assert!(status.starts_with("account PIN  set\nsince        2025-01-01 00:00:00 UTC\n"), "{status}");
}

#[test]
fn everybody_is_told_what_they_may_know() {
    let service = open();
    let port = with(&["decide", "port-out", NUMBER], &[&PORT]);
    let challenged = service.ask_as_person("hub", &port).ending(4);
    assert!(challenged.stdout.starts_with("CHALLENGE\n\nproof needed"), "{}", challenged.stdout);
    assert!(challenged.stdout.contains("WOULD SATISFY IT"), "{}", challenged.stdout);
    let advised = service.ask("hub", &with(&port, &[&["--advise"]])).ending(4).json();
    assert_eq!(advised["outcome"], "OUTCOME_CHALLENGE");

    let activity = service.ask("ada", &["account", "activity", "--account", "A-1"]).ending(0).json();
    assert_eq!(activity["activities"][0]["kind"], "PORT_OUT");
    let account = service.ask("bss", &["account", "show", "--account", "A-1"]).ending(0).json();
    assert_eq!(account["line_count"], 1);
    let denied = service.ask("hub", &["account", "show", "--account", "A-1"]).ending(3).error();
    assert_eq!(denied["code"], "PERMISSION_DENIED");

    let metrics = service.page("/metrics");
    let counted = r#"portcullis_decisions_total{outcome="CHALLENGE",action="PORT_OUT"} 2"#;
    assert!(metrics.contains(counted), "{metrics}");
    assert!(service.page("/readyz").ends_with("ready\n"));
}

#[test]
fn a_decision_is_withdrawn_and_reported() {
    let service = open();
    let decide = with(&["decide", "sim-change", NUMBER], &[&SIM, &APP]);
    let id = service.ask("ada", &decide).ending(0).json()["decision_id"].clone();
    let id = id.as_str().unwrap();
    let withdrawn = service.ask("ada", &["decision", "withdraw", id, "--cause", "changed mind"]).ending(0).json();
    assert_eq!(withdrawn["state"], "DECISION_STATE_WITHDRAWN");
    let reported =
        service.ask("ada", &["decision", "report", id, "abandoned", "--note", "changed mind"]).ending(0).json();
    assert_eq!(reported["decision_id"], id);
    service.ask("ada", &["decision", "show", "0190f3c2-0000-7000-8000-000000000001"]).ending(2);
    service.ask("clerk", &["decision", "show", id]).ending(2);
}

#[test]
fn the_same_request_is_answered_once() {
    let service = open();
    let id = ["--request-id", "0b3f5a4e-8f0c-4c57-9b6d-1a2b3c4d5e6f"];
    let port = with(&["decide", "port-out", NUMBER], &[&PORT, &id]);
    let first = service.ask("hub", &port).ending(4).json();
    assert_eq!(first["decision_id"], service.ask("hub", &port).ending(4).json()["decision_id"]);
    let other = with(&["decide", "port-out", "L-1"], &[&PORT, &id]);
    assert_eq!(service.ask("hub", &other).ending(2).error()["reason"], "REQUEST_ID_REUSED");
}

/// The shop counter: a clerk asks, the customer answers, the clerk goes on.
#[test]
fn a_challenge_waits_for_the_customer() {
    let service = open();
    let ask = with(&["decide", "sim-change", NUMBER], &[&SIM]);
    let told = service.ask("clerk", &ask).ending(4).json();
    let id = told["challenge"]["challenge_id"].as_str().unwrap();
    let list = ["challenge", "list", "--account", "A-1"];
    let listed = service.ask_as_person("ada", &list).ending(0).stdout;
    assert!(listed.contains(id) && listed.contains(&format!("SIM change to {ICCID}")), "{listed}");
    let skipped = service.ask("clerk", &["decision", "complete", id]).ending(3).json();
    assert_eq!(skipped["reasons"][0]["code"], "NO_CUSTOMER_PROOF");

    let approve = with(&["challenge", "give", id, "--account", "A-1"], &[&APP]);
    service.ask("ada", &approve).ending(0);
    assert_eq!(service.ask("clerk", &["decision", "show", id]).ending(0).json()["state"], "DECISION_STATE_ANSWERED");
    let complete = ["decision", "complete", id, "--permit-out", "permit"];
    assert_eq!(service.ask("clerk", &complete).ending(0).json()["line_id"], "L-1");
    let redeem = with(&["decision", "redeem", "sim-change", NUMBER], &[&SIM, &["--permit-file", "permit"]]);
    service.ask("clerk", &redeem).ending(0);
    assert_eq!(service.ask("clerk", &["decision", "complete", id]).ending(3).error()["reason"], "DECISION_FINAL");
    assert_eq!(service.ask_as_person("ada", &list).ending(0).stdout.trim(), "Nothing waits.");
    let states = service.ask("clerk", &["decision", "watch", id]).ending(0).json();
    assert_eq!(states["state"], "DECISION_STATE_SATISFIED");
    let other = with(&["challenge", "give", id], &[&APP]);
    let wanting = service.ask("ada", &other).ending(2).error();
    assert!(wanting["message"].as_str().unwrap().contains("--account"), "{wanting}");
}
