//! A message on its way to a receiver, and everything that can become of it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::receiver::{Manner, Place, Receiver, SECRET, header, message, now, secret_file};
use crate::config::Messages;
use crate::crypto::{MessageKey, MessageSigner};
use crate::outbound::{Again, Courier, CourierError, DeliveryError};

#[tokio::test]
async fn a_message_arrives_whole_and_signed_by_every_secret() {
    const PRIVATE: &str = "whsk_VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk=\n";
    let mut receiver = Receiver::start(Manner::status("204 No Content", "")).await;
    let mut place = Place::of(&receiver, "localhost");
    place.settings.secret_files.push(secret_file(place.folder.path(), "second", PRIVATE));
    let courier = place.courier();
    courier.reach().await.unwrap();
    assert_eq!(receiver.request(), None, "whether it is there is asked without a message");
    courier.deliver(&message(), now()).await.unwrap();
    let (head, body) = receiver.request().unwrap();
    assert!(head.starts_with("POST /in?from=a HTTP/1.1\r\n"), "{head}");
    assert_eq!(body, message().written().unwrap().as_slice());
    let keys = vec![MessageKey::parse(SECRET).unwrap(), MessageKey::parse(PRIVATE).unwrap()];
    let signatures = MessageSigner::new(keys).sign(message().id, now(), &body);
    assert_eq!(signatures.split(' ').count(), 2);
    for (name, value) in [
        ("host", courier.receiver().as_str()),
        ("content-type", "application/cloudevents+json"),
        ("webhook-id", "01a0c450-6c7b-7012-8d15-9e26af37bf8c"),
        ("webhook-timestamp", "1790000000"),
        ("webhook-signature", &signatures),
        ("user-agent", concat!("portcullis/", env!("CARGO_PKG_VERSION"))),
    ] {
        assert_eq!(header(&head, name), Some(value), "{head}");
    }
}

#[tokio::test]
async fn an_answer_says_whether_to_come_again() {
    for (line, headers, again, after) in [
        ("500 Internal Server Error", "", Again::Soon, None),
        ("503 Service Unavailable", "Retry-After: 7\r\n", Again::Soon, Some(7)),
        ("429 Too Many Requests", "Retry-After: 99999\r\n", Again::Soon, Some(3_600)),
        ("429 Too Many Requests", "Retry-After: Mon, 21 Sep 2026 14:14:20 GMT\r\n", Again::Soon, Some(59)),
        ("400 Bad Request", "", Again::OnceMended, None),
        ("410 Gone", "", Again::Never, None),
    ] {
        let receiver = Receiver::start(Manner::status(line, headers)).await;
        let error = Place::of(&receiver, "localhost").courier().deliver(&message(), now()).await.unwrap_err();
        assert!(matches!(error, DeliveryError::Status { .. }), "{line}: {error}");
        assert_eq!((error.again(), error.retry_after().map(|after| after.as_secs())), (again, after), "{line}");
    }
}

#[tokio::test]
async fn a_body_that_never_ends_does_not_keep_what_was_taken_from_being_delivered() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\nmore".to_vec();
    let receiver = Receiver::start(Manner::Answers(head)).await;
    Place::of(&receiver, "localhost").courier().deliver(&message(), now()).await.unwrap();
}

/// Messages share a connection while its receiver keeps it, and none is lost where it does not.
#[tokio::test]
async fn a_connection_is_kept_for_the_next_message() {
    for (answer, kept) in [
        ("HTTP/1.1 204 No Content\r\n\r\n", true),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", true),
        ("HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", true),
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", false),
        ("HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\nmore", false),
    ] {
        let mut receiver = Receiver::start(Manner::Keeps(answer.into(), usize::MAX)).await;
        let courier = Place::of(&receiver, "localhost").courier();
        for _ in 0..5 {
            let _ = courier.deliver(&message(), now()).await;
            // A body is read to its end by nobody who is waited for.
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
        }
        let connections = receiver.connections.load(Ordering::Relaxed);
        assert_eq!(connections == 1, kept, "{answer}: {connections} connections");
        assert_eq!(std::iter::from_fn(|| receiver.request()).count(), 5, "{answer}");
    }
    // It hangs up after every second one.
    let mut receiver = Receiver::start(Manner::Keeps(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec(), 2)).await;
    let courier = Place::of(&receiver, "localhost").courier();
    for _ in 0..10 {
        courier.deliver(&message(), now()).await.unwrap();
    }
    assert!(std::iter::from_fn(|| receiver.request()).count() >= 10);
}

#[tokio::test]
async fn who_is_slow_is_given_up_in_time() {
    for manner in [Manner::Silent, Manner::Deaf] {
        let receiver = Receiver::start(manner).await;
        let courier = Place::of(&receiver, "localhost").courier();
        let begun = Instant::now();
        let error = courier.deliver(&message(), now()).await.unwrap_err();
        let took = begun.elapsed();
        assert!(matches!(error, DeliveryError::Late(_)) && error.again() == Again::Soon, "{error}");
        assert!(took >= Duration::from_millis(900) && took < Duration::from_secs(3), "{took:?}");
    }
}

#[tokio::test]
async fn noise_floods_and_silence_are_no_delivery() {
    let noise = Receiver::start(Manner::Answers(b"SSH-2.0-OpenSSH\r\n".to_vec())).await;
    let stump = Receiver::start(Manner::Answers(b"HTTP/1.1 200".to_vec())).await;
    let flood = Receiver::start(Manner::Endless).await;
    let long = format!("x-more: {}\r\n", "0".repeat(16_384));
    let long = Receiver::start(Manner::status("200 OK", &long)).await;
    for receiver in [noise, stump, flood, long] {
        let error = Place::of(&receiver, "localhost").courier().deliver(&message(), now()).await.unwrap_err();
        assert!(matches!(error, DeliveryError::Http(_)) && error.again() == Again::Soon, "{error}");
    }
    let gone = Receiver::start(Manner::Deaf).await;
    let mut place = Place::of(&gone, "localhost");
    place.settings.url.port = 1;
    let error = place.courier().deliver(&message(), now()).await.unwrap_err();
    assert!(matches!(error, DeliveryError::Unreached(_)) && error.again() == Again::Soon, "{error}");
    place.settings.url.host = "no-such-host.invalid".to_owned();
    let error = place.courier().deliver(&message(), now()).await.unwrap_err();
    assert!(matches!(error, DeliveryError::Unresolved(_)) && error.again() == Again::Soon, "{error}");
}

#[tokio::test]
async fn settings_that_cannot_be_used_are_told_by_their_names() {
    let receiver = Receiver::start(Manner::Silent).await;
    let told = |place: &Place| {
        let error = Courier::open(&Messages::Webhook(place.settings.clone())).err().unwrap();
        let causes = std::iter::successors(Some(&error as &dyn std::error::Error), |error| error.source());
        (causes.map(ToString::to_string).collect::<Vec<_>>().join(": "), error)
    };
    let mut place = Place::of(&receiver, "localhost");
    let secret = place.settings.secret_files[0].clone();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o644)).unwrap();
    let (text, error) = told(&place);
    assert!(matches!(error, CourierError::SecretFile(_)) && text.contains("messages.webhook.secret_files"), "{text}");
    assert!(text.contains("chmod 600"), "{text}");
    place.settings.secret_files = vec![secret_file(place.folder.path(), "other", "whsec_c2hvcnQ=")];
    let (text, error) = told(&place);
    assert!(matches!(error, CourierError::NoSecret { .. }) && text.contains("/other"), "{text}");
    assert!(!text.contains("c2hvcnQ"), "{text}");
    let mut place = Place::of(&receiver, "localhost");
    let authority = place.settings.authority_file.clone().unwrap();
    fs::write(&authority, "no certificate").unwrap();
    let (text, error) = told(&place);
    assert!(matches!(error, CourierError::Authority(_)) && text.contains("messages.webhook.authority_file"), "{text}");
    place.settings.authority_file = Some(authority.with_file_name("none.pem"));
    let (text, error) = told(&place);
    assert!(matches!(error, CourierError::Unreadable { .. }) && text.contains("none.pem"), "{text}");
}
