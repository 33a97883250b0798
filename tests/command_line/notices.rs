//! Notices of a whole service, received by another vendor's library that is not always well.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::json;

use crate::day::seed;
use crate::messages::{Receiver, SHARED};
use crate::program::{Place, Service};

const JWK: &str = r#"{"crv":"Ed25519","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

const MAIL: &str = "ann@example.com";

/// Each comes to everybody at least once, under one name, whether its receiver breaks, hangs or is well; and is believed.
#[test]
fn a_receiver_that_fails_and_hangs_gets_each_notice_under_one_name() {
    let place = Place::with_keys();
    let mut receiver = Receiver::in_moods(&place, SHARED, &["fails", "hangs", "fails"]);
    place.write_secret("secret", SHARED);
    let settings = fs::read_to_string(place.path("dev/portcullis.toml")).unwrap();
    let section = format!(
        "\n[messages]\nkind = \"webhook\"\n[messages.webhook]\nurl = \"https://localhost:{}/in\"\nsecret_files = [\"{}\"]\n\
         authority_file = \"{}\"\nallow = [\"127.0.0.1\"]\ntimeout_seconds = 1\n",
        receiver.port,
        place.path("secret").display(),
        place.path("receiver.pem").display()
    );
    fs::write(place.path("dev/portcullis.toml"), settings + &section).unwrap();
    place.mint("bss", "provisioning", &[]);
    place.mint("ops", "admin", &[]);
    place.mint("ada", "customer", &["--account", "A-1", "--person", "P-1", "--device", "D-1"]);
    let mut account = seed("A-1", "L-1", "+12125550123", JWK);
    account["account"]["persons"][0]["contacts"] = json!([{ "contact_id": "mail", "email": MAIL }]);
    fs::write(place.path("file.jsonl"), account.to_string()).unwrap();
    let service = Service::start(place);
    service.ask("bss", &["account", "import", "file.jsonl"]).ending(0);
    for set in ["port", "sim", "all"] {
        service.ask("ada", &["lock", "on", "+12125550123", "--set", set]).ending(0);
    }
    let (mut taken, mut tried) = (BTreeMap::new(), BTreeSet::new());
    while taken.len() < 6 {
        let told = receiver.told();
        assert_eq!((&told["refusal"], &told["believed"]), (&json!(""), &json!(0)), "{told}");
        let event = &told["event"];
        assert_eq!((&event["type"], &event["id"]), (&json!("portcullis.notice"), &told["id"]));
        let id = told["id"].as_str().unwrap().to_owned();
        tried.insert(id.clone());
        if told["mood"] == "takes" {
            taken.insert(id, event["data"].clone());
        }
    }
    assert_eq!(taken.keys().cloned().collect::<BTreeSet<_>>(), tried, "no other name was ever used");
    let mut places = BTreeMap::new();
    for (id, data) in &taken {
        assert_eq!((&data["notice"], &data["line"]), (&json!("LOCK_ON"), &json!("+12125550123")), "{data}");
        let (record, nth) = (data["record_id"].as_str().unwrap().to_owned(), data["nth_this_hour"].as_i64().unwrap());
        places.entry((nth, record)).or_insert_with(BTreeMap::new).insert(data["to"].to_string(), id.clone());
    }
    let to = [json!({ "contact_id": "mail", "email": MAIL }), json!({ "sms": "+12125550123" })];
    let (numbers, all): (Vec<_>, Vec<_>) = places.iter().map(|((nth, _), to)| (*nth, to.keys().cloned())).unzip();
    assert_eq!(numbers, [1, 2, 3]);
    assert!(all.into_iter().all(|told| told.eq(to.iter().map(ToString::to_string))), "{places:?}");
    let ((_, record), ids) = places.first_key_value().unwrap();
    assert_eq!(service.ask("ops", &["notice", "replay", record]).ending(0).json(), json!({ "taken": 1 }));
    let again = [(); 2].map(|()| receiver.told()["id"].as_str().unwrap().to_owned());
    assert_eq!(BTreeSet::from(again), ids.values().cloned().collect(), "under the names that they had");
    let text = service.ask_as_person("ops", &["notice", "list"]).ending(0).stdout;
    assert!(text.starts_with("told           yes\nall of before  "), "{text}");
    service.until_page_says(
        "/metrics",
        "portcullis_notice_tries_total{result=\"taken\"} 8",
        std::time::Duration::from_secs(30),
    );
    let (status, _place) = service.stop();
    assert!(status.success(), "it stops though its receiver may not answer");
}
