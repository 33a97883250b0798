//! A line separation as those who carry it out do it: the desk, care, a voice system, the owner who sees nothing, an auditor.

use std::fs;

use serde_json::{Value, json};

use crate::day::seed;
use crate::program::{Place, Service};

const JWK: &str = r#"{"crv":"Ed25519","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
const NUMBER: &str = "+12125550123";
const SIM: &str = "8901990000000000995";
const MAIL: &str = "kim@example.org";
const DOCUMENT: &str = "scan-of-kims-passport";

/// A service in which two people may separate lines, and a customer who has locked theirs.
fn service() -> Service {
    let place = Place::with_keys();
    let settings = fs::read_to_string(place.path("dev/portcullis.toml")).unwrap();
    let section = "\n[messages]\nkind = \"file\"\n[messages.file]\nfolder = \"messages\"\n\
                   [separations]\npeople = [\"https://issuer.portcullis.example|ann\", \"https://issuer.portcullis.example|bob\"]\n";
    fs::write(place.path("dev/portcullis.toml"), settings + section).unwrap();
    for (subject, role) in [
        ("bss", "provisioning"),
        ("ann", "fraud_ops"),
        ("bob", "fraud_ops"),
        ("cal", "fraud_ops"),
        ("care", "care_agent"),
        ("ivr", "ivr"),
        ("aud", "auditor"),
    ] {
        place.mint(subject, role, &[]);
    }
    place.mint("ada", "customer", &["--account", "A-1", "--person", "P-1", "--device", "D-1"]);
    let mut account = seed("A-1", "L-1", NUMBER, JWK);
    account["account"]["persons"][0]["contacts"] = json!([{ "contact_id": "mail", "email": "ada@example.com" }]);
    fs::write(place.path("file.jsonl"), account.to_string()).unwrap();
    place.write_secret("scanned", DOCUMENT);
    let service = Service::start(place);
    service.ask("bss", &["account", "import", "file.jsonl"]).ending(0);
    service.ask("ada", &["lock", "on", NUMBER, "--set", "all"]).ending(0);
    service
}

/// The code in the last message to the survivor.
fn code(service: &Service) -> String {
    let told = |line: &str| -> Option<Value> {
        let message: Value = serde_json::from_str(line).unwrap();
        (message["data"]["to"].to_string().contains(MAIL) && message["type"] == "portcullis.code").then_some(message)
    };
    for _ in 0..600 {
        let messages = fs::read_to_string(service.place.path("messages/messages.jsonl")).unwrap_or_default();
        let whole = messages.rsplit_once('\n').map_or("", |(whole, _)| whole);
        if let Some(message) = whole.lines().rev().find_map(told) {
            return message["data"]["code"].as_str().unwrap().to_owned();
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("no code came");
}

#[test]
fn a_line_is_separated_and_gets_a_new_sim_and_its_owner_sees_nothing() {
    let service = service();
    let seen = |of: &[&str]| service.ask("ada", of).ending(0).json();
    let activity = ["account", "activity", NUMBER];
    let locks = || {
        let mut told = seen(&["lock", "show", NUMBER]);
        for scope in told["protections"].as_array_mut().unwrap() {
            assert!(scope.as_object_mut().unwrap().remove("as_of_time").is_some());
        }
        told
    };
    let before = (seen(&activity), locks());
    let saw = ["--line", NUMBER, "--email", MAIL, "--document-file", "scanned", "--holder-name", "Kim Doe"];
    let propose = [&["separation", "propose"][..], &saw].concat();
    service.ask("cal", &propose).ending(3);
    let proposed = service.ask("ann", &propose).ending(0).json();
    let separation = proposed["separation"]["separation_id"].as_str().unwrap().to_owned();
    let agree = [&["separation", "agree", &separation, "--out", "reference"][..], &saw].concat();
    service.ask("ann", &agree).ending(3);
    let agreed = service.ask("bob", &agree).ending(0).json();
    assert_eq!(
        (&agreed["separation"]["state"], &agreed["separation_reference"]),
        (&json!("SEPARATION_STATE_OPEN"), &Value::Null)
    );
    let reference = fs::read_to_string(service.place.path("reference")).unwrap();
    assert!(reference.starts_with(&separation), "{reference}");

    let change = ["sim-change", NUMBER, "--iccid", SIM, "--cause", "upgrade"];
    let under = ["--separation-reference-file", "reference"];
    let ask = [&["decide"][..], &change, &under, &["--channel", "care"]].concat();
    let asked = service.ask("care", &ask).ending(4).json();
    let decision = asked["decision_id"].as_str().unwrap().to_owned();
    service.ask("care", &["challenge", "send-code", &decision, "--channel", "care"]).ending(0);
    service.place.write_secret("code", &code(&service));
    service.ask("ivr", &["challenge", "give", &decision, "--channel", "ivr", "--code-file", "code"]).ending(0);
    let complete = ["decision", "complete", &decision, "--channel", "care", "--permit-out", "permit"];
    service.ask("care", &complete).ending(0);
    let redeem = [&["decision", "redeem"][..], &change, &["--permit-file", "permit"]].concat();
    service.ask("care", &redeem).ending(3);
    service.ask("care", &[&redeem[..], &under].concat()).ending(0);

    assert_eq!((seen(&activity), locks()), before, "for the owner nothing happened");
    let all = ["audit", "list", "--kind", "separation-changed"];
    assert_eq!(service.ask("ann", &all).ending(0).stdout, "");
    assert_eq!(service.ask("aud", &all).ending(0).stdout.lines().count(), 2);
    service.ask("ann", &["decision", "show", &decision]).ending(2);

    service.ask("bob", &["separation", "end", &separation]).ending(0);
    let refused = service.ask("care", &ask).ending(3).error();
    assert!(refused.to_string().contains("SEPARATION_REFUSED"), "{refused}");
    let (ended, place, log) = service.stop_having_told();
    assert!(ended.success());
    let messages = fs::read_to_string(place.path("messages/messages.jsonl")).unwrap();
    let to_owner = messages.lines().filter(|line| line.contains("ada@example.com")).count();
    assert_eq!(to_owner, messages.matches("\"LOCK_ON\"").count() / 2, "{messages}");
    for secret in [reference.as_str(), MAIL, DOCUMENT, NUMBER] {
        assert!(!log.contains(secret), "the log tells {secret}");
    }
}
