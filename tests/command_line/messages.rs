//! Messages, received by another vendor's library.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use chrono::{DateTime, TimeDelta, Utc};
use portcullis::clock::{Clock as _, SystemClock};
use portcullis::config::{AllowedPlace, Bounded, HttpsUrl, Messages, MessagesWebhook};
use portcullis::crypto::random_bytes;
use portcullis::domain::Network;
use portcullis::outbound::{Again, Courier, DeliveryError, Message};
use serde_json::{Value, json};

use crate::program::Place;

pub(crate) const SHARED: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";
/// A private key and its public half.
const PRIVATE: &str = "whsk_VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk=";
const PUBLIC: &str = "whpk_ZlN4eg7dSSqi0moX9hQUk3orrOouK3QVQSlJa248c/g=";

/// A messaging system of another vendor. Ends with its test.
pub(crate) struct Receiver {
    child: Child,
    stdout: BufReader<ChildStdout>,
    pub(crate) port: u16,
}

impl Receiver {
    fn start(place: &Place, secret: &str) -> Self {
        Self::in_moods(place, secret, &[])
    }

    /// One that takes its first messages otherwise.
    pub(crate) fn in_moods(place: &Place, secret: &str, moods: &[&str]) -> Self {
        if !place.path("receiver.pem").exists() {
            let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
            fs::write(place.path("receiver.pem"), made.cert.pem()).unwrap();
            fs::write(place.path("receiver.key"), made.signing_key.serialize_pem()).unwrap();
        }
        let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let python = here.join("target/python/bin/python");
        assert!(python.exists(), "`make setup` makes {}", python.display());
        let mut command = Command::new(python);
        command.arg(here.join("tests/command_line/receiver.py")).arg(place.folder.path()).arg(secret).args(moods);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let (mut stdout, mut port) = (BufReader::new(child.stdout.take().unwrap()), String::new());
        stdout.read_line(&mut port).unwrap();
        Self { child, stdout, port: port.trim().parse().unwrap() }
    }

    /// What it said of the next message.
    pub(crate) fn told(&mut self) -> Value {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn courier(place: &Place, receiver: &Receiver, secrets: &[&str]) -> Courier {
    let secret_files = secrets.iter().enumerate().map(|(number, secret)| {
        let name = format!("secret-{number}");
        place.write_secret(&name, secret);
        place.path(&name)
    });
    let settings = MessagesWebhook {
        url: HttpsUrl::parse(&format!("https://localhost:{}/in", receiver.port)).unwrap(),
        secret_files: secret_files.collect(),
        authority_file: Some(place.path("receiver.pem")),
        allow: vec![AllowedPlace::Network(Network::parse("127.0.0.1").unwrap())],
        timeout_seconds: Bounded::of::<30>(),
    };
    Courier::open(&Messages::Webhook(settings)).unwrap()
}

fn now() -> DateTime<Utc> {
    SystemClock::start().now().unwrap().instant()
}

fn message() -> Message {
    Message {
        id: uuid::Uuid::from_bytes(random_bytes().unwrap()),
        kind: "portcullis.code",
        at: now(),
        source: "/portcullis/default".to_owned(),
        subject: None,
        data: json!({"text": "Your code is 481516, \u{e9}\u{1f600} \"and\" no other"}),
    }
}

#[tokio::test]
async fn another_library_believes_our_messages_and_none_with_a_bit_turned() {
    for (theirs, ours) in [(SHARED, SHARED), (PUBLIC, PRIVATE)] {
        let place = Place::new();
        let mut receiver = Receiver::start(&place, theirs);
        let message = message();
        courier(&place, &receiver, &[ours]).deliver(&message, now()).await.unwrap();
        let told = receiver.told();
        assert_eq!((&told["refusal"], &told["believed"]), (&json!(""), &json!(0)), "{told}");
        assert!(told["copies"].as_u64().unwrap() > 200, "{told}");
        let event = &told["event"];
        assert_eq!((&event["specversion"], &event["type"]), (&json!("1.0"), &json!("portcullis.code")));
        assert_eq!((&event["id"], &event["data"]), (&json!(message.id.to_string()), &message.data));
    }
}

#[tokio::test]
async fn while_a_secret_is_replaced_receivers_with_either_believe() {
    let place = Place::new();
    for theirs in [SHARED, OTHER, PUBLIC] {
        let mut receiver = Receiver::start(&place, theirs);
        courier(&place, &receiver, &[OTHER, PRIVATE, SHARED]).deliver(&message(), now()).await.unwrap();
        assert_eq!(receiver.told()["refusal"], "");
    }
}

#[tokio::test]
async fn another_secret_and_another_time_are_refused() {
    let place = Place::new();
    let mut receiver = Receiver::start(&place, SHARED);
    for (secret, late) in [(OTHER, 0), (PRIVATE, 0), (SHARED, 301), (SHARED, -301)] {
        let at = now() - TimeDelta::seconds(late);
        let error = courier(&place, &receiver, &[secret]).deliver(&message(), at).await.unwrap_err();
        assert!(matches!(&error, DeliveryError::Status { status, .. } if status.as_u16() == 401), "{error}");
        assert_eq!(error.again(), Again::OnceMended);
        assert!(receiver.told()["refusal"].as_str().unwrap().starts_with("WebhookVerificationError"));
    }
}

/// What `docs/messages.md` says of the doctor.
#[test]
fn the_doctor_tells_whether_the_receiver_is_there() {
    let place = Place::with_keys();
    let receiver = Receiver::start(&place, SHARED);
    place.write_secret("secret", SHARED);
    let settings = fs::read_to_string(place.path("dev/portcullis.toml")).unwrap();
    let visit = |url: &str, allow: &str| {
        let section = format!(
            "[messages]\nkind = \"webhook\"\n[messages.webhook]\nurl = \"{url}\"\nsecret_files = [\"secret\"]\n\
             authority_file = \"receiver.pem\"\nallow = [{allow}]\n"
        );
        fs::write(place.path("settings.toml"), format!("{settings}\n{section}")).unwrap();
        let ran = place.run(&["doctor", "--json", "--config", "settings.toml", "--only", "messages"]);
        let told = ran.json()["checks"][0].clone();
        let text = |name: &str| told[name].as_str().unwrap_or_default().to_owned();
        (text("state"), text("found"))
    };
    let url = format!("https://localhost:{}/in", receiver.port);
    let (state, found) = visit(&url, "\"127.0.0.1\"");
    assert_eq!(state, "ok", "{found}");
    assert!(found.contains(&format!("localhost:{}", receiver.port)), "{found}");
    let (state, found) = visit(&url, "");
    assert!(state == "fail" && found.contains("loopback") && found.contains("messages.webhook.allow"), "{found}");
    let (state, found) = visit("https://localhost:1/in", "\"127.0.0.1\"");
    assert!(state == "warn" && found.contains("not reached"), "{found}");
    place.write_secret("secret", "no secret");
    let (state, found) = visit(&url, "\"127.0.0.1\"");
    assert!(state == "fail" && found.contains("messages.webhook.secret_files"), "{found}");
    assert!(!found.contains("no secret"), "{found}");
    let file = format!("{settings}\n[messages]\nkind = \"file\"\n[messages.file]\nfolder = \"messages\"\n");
    fs::write(place.path("settings.toml"), file).unwrap();
    let ran = place.run(&["doctor", "--json", "--config", "settings.toml", "--only", "messages"]).ending(0);
    assert_eq!(ran.json()["checks"][0]["state"], "warn");
    assert!(!place.path("messages").exists(), "it was only looked at");
}
