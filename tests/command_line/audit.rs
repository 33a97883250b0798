//! Records from the command line: listed, followed, written down in a checkpoint, verified, and found cut.

use std::fs;
use std::process::Stdio;

use serde_json::Value;

use crate::day::seed;
use crate::program::{Place, Service};

const JWK: &str = r#"{"crv":"Ed25519","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

fn open() -> Service {
    let place = Place::with_keys();
    place.mint("bss", "provisioning", &[]);
    place.mint("hub", "porting_system", &["--spid", "6529"]);
    place.mint("auditor", "auditor", &[]);
    let mut account = seed("A-1", "L-1", "+12125550101", JWK);
    // A PIN would take a core and a while.
    let members = account.as_object_mut().unwrap();
    members.remove("pin");
    members.remove("pin_set_time");
    fs::write(place.path("file.jsonl"), account.to_string()).unwrap();
    let service = Service::start_with(place, &["limits.watch_heartbeat_seconds=1"]);
    service.ask("bss", &["account", "import", "file.jsonl"]).ending(0);
    service
}

fn port(service: &Service, pon: &str) {
    let ran = service.ask("hub", &["decide", "port-out", "+12125550101", "--to", "6529", "--pon", pon]);
    assert!([0, 3, 4].contains(&ran.code), "{}", ran.stderr);
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn records_are_listed_followed_written_down_and_verified() {
    let service = open();
    port(&service, "PON-1");
    port(&service, "PON-2");
    let listed = lines(&service.ask("auditor", &["audit", "list", "--kind", "decided"]).ending(0).stdout);
    assert_eq!(
        listed.iter().map(|record| record["kind"].as_str().unwrap()).collect::<Vec<_>>(),
        ["RECORD_KIND_DECIDED"; 2]
    );
    assert!(listed[0]["explanation"].is_object() && listed[0]["details"]["action"] == "PORT_OUT", "{}", listed[0]);
    let first =
        lines(&service.ask("auditor", &["audit", "list", "--kind", "decided", "--limit", "1"]).ending(0).stdout);
    let token = first[1]["next_page_token"].as_str().unwrap();
    let go_on = ["audit", "list", "--kind", "decided", "--limit", "1", "--page-token", token];
    assert_eq!(lines(&service.ask("auditor", &go_on).ending(0).stdout)[0], listed[1]);

    // From the place that the file keeps on, nothing is missed and nothing comes twice.
    let place = service.place.path("place");
    fs::write(&place, "").unwrap();
    let watch = ["audit", "watch", "--resume-file", "place", "--kind", "decided", "--count", "1"];
    let watching = service.asking("auditor", &watch).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Its place is written once it follows.
    while fs::read_to_string(&place).unwrap().is_empty() {
        std::thread::yield_now();
    }
    port(&service, "PON-3");
    let seen = watching.wait_with_output().unwrap();
    assert!(seen.status.success(), "{}", String::from_utf8(seen.stderr).unwrap());
    let seen = lines(&String::from_utf8(seen.stdout).unwrap());
    let newest =
        lines(&service.ask("auditor", &["audit", "list", "--account", "A-1", "--kind", "decided"]).ending(0).stdout);
    assert_eq!(seen[0], newest[0]);
    assert_eq!(seen.len(), 1);

    let made = service.ask("auditor", &["audit", "checkpoint", "--out", "kept"]).ending(0).json();
    let signer = made["signed_by"].as_str().unwrap();
    service.ask("auditor", &["audit", "checkpoint", "--out", "kept"]).ending(2);
    let against = ["audit", "verify", "--checkpoint", "kept", "--signed-by", signer];
    let verdict = service.ask("auditor", &against).ending(0).json();
    assert_eq!((&verdict["holds"], &verdict["fault_count"]), (&true.into(), &0.into()));
    let one = service.ask("auditor", &["audit", "verify", "--account", "A-1"]).ending(0).json();
    assert_eq!(one["holds"], true);

    // A text that was changed is refused here, without a service and whoever signed it.
    let offline = [&against[..], &["--offline"]].concat();
    service.place.run(&[&["--json"], &offline[..]].concat()).ending(0);
    let text = fs::read_to_string(service.place.path("kept")).unwrap();
    fs::write(service.place.path("kept"), text.replacen("accounts 2", "accounts 3", 1)).unwrap();
    service.place.run(&[&["--json"], &offline[..]].concat()).ending(2);
    let (before, digest) = text.split_once("sha256 ").unwrap();
    let mut turned = digest.to_owned();
    turned.replace_range(..1, if digest.starts_with('0') { "1" } else { "0" });
    fs::write(service.place.path("kept"), format!("{before}sha256 {turned}")).unwrap();
    service.place.run(&[&["--json"], &offline[..]].concat()).ending(3);
    service.ask("auditor", &against).ending(3);
    let another = ["audit", "verify", "--checkpoint", "kept", "--signed-by", "nobody", "--offline"];
    fs::write(service.place.path("kept"), &text).unwrap();
    service.place.run(&[&["--json"], &another[..]].concat()).ending(3);
}

/// Whoever follows would stay for ever: the service does not wait for them.
#[test]
fn a_service_stops_though_somebody_follows() {
    let service = open();
    let place = service.place.path("place");
    fs::write(&place, "").unwrap();
    let watch = ["audit", "watch", "--resume-file", "place"];
    let mut watching = service.asking("auditor", &watch).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while fs::read_to_string(&place).unwrap().is_empty() {
        std::thread::yield_now();
    }
    let (status, place) = service.stop();
    let log = fs::read_to_string(place.path("log")).unwrap();
    assert!(status.success() && !log.contains("the time to drain was over"), "{status}: {log}");
    // It looks for the service elsewhere, or has given up.
    let _ = watching.kill();
    watching.wait().unwrap();
}

#[test]
fn a_cut_tail_ends_with_code_3() {
    let service = open();
    port(&service, "PON-1");
    port(&service, "PON-2");
    let (_, place) = service.stop();
    let db = rusqlite::Connection::open(place.path("dev/store/portcullis.db")).unwrap();
    assert_eq!(db.execute("DELETE FROM records WHERE seq = (SELECT max(seq) FROM records)", []).unwrap(), 1);
    drop(db);
    let service = Service::start(place);
    let ran = service.ask("auditor", &["audit", "verify"]).ending(3);
    let told = lines(&ran.stdout);
    assert_eq!((&told[0]["kind"], &told[0]["account_id"]), (&"TAIL_MISSING".into(), &"A-1".into()));
    assert_eq!((&told[1]["holds"], &told[1]["fault_count"]), (&false.into(), &1.into()));
    service.ask("hub", &["audit", "verify"]).ending(3);
}
