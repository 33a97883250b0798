//! Messages in a file.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::{Value, json};
use uuid::Uuid;

use super::receiver::{message, now};
use crate::config::Messages;
use crate::outbound::{Again, Courier, CourierError, DeliveryError, Message};

fn open(folder: &Path) -> Courier {
    Courier::open(&Messages::File(folder.to_owned())).unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn each_message_is_a_line_that_its_owner_alone_may_read() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("for/messages");
    let courier = open(&folder);
    let file = folder.join("messages.jsonl");
    assert_eq!((mode(&folder), mode(&file), fs::read(&file).unwrap().len()), (0o700, 0o600, 0));
    assert_eq!(courier.receiver(), file.display().to_string());
    courier.reach().await.unwrap();
    courier.deliver(&message(), now()).await.unwrap();
    open(&folder).deliver(&message(), now()).await.unwrap();
    let line = [message().written().unwrap().as_slice(), b"\n"].concat();
    assert_eq!(fs::read(&file).unwrap(), [line.clone(), line].concat(), "a restart goes on behind what is there");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_engines_write_whole_lines() {
    const ENGINES: u128 = 4;
    const EACH: u128 = 25;
    let folder = tempfile::tempdir().unwrap();
    let tasks = (0..ENGINES).map(|engine| {
        let courier = open(folder.path());
        tokio::spawn(async move {
            for number in 0..EACH {
                let id = Uuid::from_u128(engine << 64 | number);
                // Longer than a page, so that a write in two halves would show.
                let message = Message { id, data: json!({"text": "x".repeat(10_000)}), ..message() };
                courier.deliver(&message, now()).await.unwrap();
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    let text = fs::read_to_string(folder.path().join("messages.jsonl")).unwrap();
    let mut ids: Vec<String> = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].as_str().unwrap().to_owned())
        .collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), usize::try_from(ENGINES * EACH).unwrap());
}

#[tokio::test]
async fn a_file_that_others_may_read_or_that_is_full_takes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let courier = open(folder.path());
    let file = folder.path().join("messages.jsonl");
    for open in [0o640, 0o604, 0o622] {
        fs::set_permissions(&file, fs::Permissions::from_mode(open)).unwrap();
        for refused in [courier.deliver(&message(), now()).await, courier.reach().await] {
            let error = refused.unwrap_err();
            assert!(matches!(error, DeliveryError::File(_)) && error.again() == Again::OnceMended, "{error}");
        }
        assert!(matches!(Courier::open(&Messages::File(folder.path().to_owned())), Err(CourierError::Folder { .. })));
    }
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let length = message().written().unwrap().len() as u64 + 1;
    let full = fs::OpenOptions::new().write(true).open(&file).unwrap();
    full.set_len(64 * 1_024 * 1_024 - length).unwrap();
    courier.deliver(&message(), now()).await.unwrap();
    let error = courier.deliver(&message(), now()).await.unwrap_err();
    assert!(matches!(error, DeliveryError::File(_)), "{error}");
    assert_eq!(fs::metadata(&file).unwrap().len(), 64 * 1_024 * 1_024);
    // A folder that is a file.
    let taken = folder.path().join("taken");
    fs::File::create(&taken).unwrap().write_all(b"x").unwrap();
    assert!(matches!(Courier::open(&Messages::File(taken)), Err(CourierError::Folder { .. })));
}
