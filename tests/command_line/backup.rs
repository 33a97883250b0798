//! Backup and restore, as `docs/backup-and-restore.md` has it: its own commands are run, on real files.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::day::{APP, NUMBER, SIM, open, with};
use crate::program::{PROGRAM, Place, Service, mode};

/// The commands of the page's section, line by line.
fn commands(section: &str) -> Vec<String> {
    let page = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/backup-and-restore.md");
    let text = fs::read_to_string(page).unwrap();
    let heading = format!("\n## {section}\n");
    let section = text.split_once(&heading).unwrap_or_else(|| panic!("no `{heading}`")).1;
    let section = section.split("\n## ").next().unwrap();
    let blocks = section.split("```sh\n").skip(1).map(|block| block.split("```").next().unwrap());
    blocks.flat_map(str::lines).map(str::to_owned).collect()
}

/// A command of the page, in a place of the test's.
fn here(command: &str) -> String {
    command
        .replace("portcullis store", &format!("{PROGRAM} store"))
        .replace("portcullis doctor", &format!("{PROGRAM} doctor"))
        .replace("/etc/portcullis", "dev")
        .replace("/var/lib/portcullis/store", "dev/store")
        .replace("/var/lib/portcullis/lost", "lost")
        .replace("/var/backups/portcullis", "backups")
        .replace("/media/keys", "away")
}

/// Runs one as it stands, by a shell.
fn sh(place: &Place, command: &str) -> String {
    let command = here(command);
    assert!(!command.contains("/var/") && !command.contains("/media/"), "`{command}` would leave the test's folder");
    let mut shell = Command::new("sh");
    shell.args(["-euc", &command]).current_dir(place.folder.path());
    let ran = shell.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(ran.status.success(), "`{command}`: {}{}", text(&ran.stdout), text(&ran.stderr));
    text(&ran.stdout)
}

fn back_up(service: &Service) {
    fs::create_dir(service.place.path("backups")).unwrap();
    fs::create_dir(service.place.path("away")).unwrap();
    let commands = commands("Back up");
    assert_eq!(commands.len(), 2, "{commands:?}");
    for command in commands {
        sh(&service.place, &command);
    }
}

/// Carries out the section, with the service of the test where the page has systemd's.
fn restore(service: Service) -> (Service, String) {
    let (mut service, mut place, mut told) = (Some(service), None, String::new());
    for command in commands("Restore") {
        match command.as_str() {
            "systemctl stop portcullis" => place = service.take().map(|service| service.stop().1),
            "systemctl start portcullis" => service = place.take().map(Service::start),
            command => told.push_str(&sh(place.as_ref().unwrap(), command)),
        }
    }
    (service.unwrap(), told)
}

#[test]
fn the_page_is_followed_and_the_store_says_what_it_lost() {
    let service = open();
    let decide = |permit| with(&["decide", "sim-change", NUMBER], &[&SIM, &APP, &["--permit-out", permit]]);
    let before = service.ask("ada", &decide("permit-before")).ending(0).json();
    back_up(&service);
    assert_eq!(mode(&service.place.path("backups/monday")), 0o700);
    assert_eq!(mode(&service.place.path("backups/monday/portcullis.db")), 0o600);

    // Only the lost store knows of this one.
    let after = service.ask("ada", &decide("permit-after")).ending(0).json();
    let (service, told) = restore(service);
    assert!(told.contains("permits voided  1") && told.contains("0 fail"), "{told}");

    let show =
        |decided: &serde_json::Value| vec!["decision".to_owned(), "show".to_owned(), text(&decided["decision_id"])];
    let ask = |args: &[String]| service.ask("ada", &args.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(ask(&show(&before)).ending(0).json()["outcome"], "OUTCOME_APPROVE");
    assert_eq!(ask(&show(&after)).ending(2).error()["code"], "NOT_FOUND");
    for permit in ["permit-before", "permit-after"] {
        let redeem = with(&["decision", "redeem", "sim-change", NUMBER], &[&SIM, &["--permit-file", permit]]);
        assert_eq!(service.ask("ada", &redeem).ending(3).error()["reason"], "PERMIT_MISMATCH", "{permit}");
    }
    // A position of the old epoch is not one of the new store's, whether the copy holds what it names or not.
    for decided in [&before, &after] {
        let token = text(&decided["consistency_token"]);
        let asked = with(&["decide", "sim-change", NUMBER], &[&SIM, &APP, &["--consistency-token", &token]]);
        assert_eq!(service.ask("ada", &asked).ending(1).error()["code"], "UNAVAILABLE");
    }
    // A new decision brings a new permit, which is good.
    service.ask("ada", &decide("permit-new")).ending(0);
    let redeem = with(&["decision", "redeem", "sim-change", NUMBER], &[&SIM, &["--permit-file", "permit-new"]]);
    service.ask("ada", &redeem).ending(0);
}

fn text(value: &serde_json::Value) -> String {
    value.as_str().unwrap().to_owned()
}

#[test]
fn a_copy_that_is_none_is_refused_and_a_store_is_never_overwritten() {
    let service = Service::start(Place::with_keys());
    back_up(&service);
    let (_, place) = service.stop();
    let restore = ["store", "restore", "--config", "dev/portcullis.toml", "--from", "backups/monday"];
    let refused = |code| place.run(&restore).ending(code).stderr;
    assert!(refused(2).contains("there is a store in"), "{}", refused(2));
    fs::rename(place.path("dev/store"), place.path("lost")).unwrap();

    let keyring = fs::read(place.path("dev/keyring.json")).unwrap();
    fs::remove_file(place.path("dev/keyring.json")).unwrap();
    place.run(&["keys", "generate", "dev/keyring.json"]).ending(0);
    assert!(refused(2).contains("made with another keyring"), "{}", refused(2));
    fs::write(place.path("dev/keyring.json"), keyring).unwrap();

    let database = place.path("backups/monday/portcullis.db");
    let whole = fs::read(&database).unwrap();
    let mut changed = whole.clone();
    *changed.last_mut().unwrap() ^= 1;
    fs::write(&database, changed).unwrap();
    assert!(refused(2).contains("changed or cut"), "{}", refused(2));
    fs::write(&database, whole).unwrap();
    let manifest = fs::read(place.path("backups/monday/manifest.json")).unwrap();
    let later = String::from_utf8(manifest.clone()).unwrap().replace("portcullis-backup-v1", "portcullis-backup-v2");
    fs::write(place.path("backups/monday/manifest.json"), later).unwrap();
    assert!(refused(2).contains("is no manifest of a copy"), "{}", refused(2));
    fs::remove_file(place.path("backups/monday/manifest.json")).unwrap();
    assert!(refused(2).contains("manifest.json"), "{}", refused(2));
    assert!(!place.path("dev/store/portcullis.db").exists());
    fs::write(place.path("backups/monday/manifest.json"), manifest).unwrap();
    // Each time another store: what was read from one is not taken for the other's.
    let epoch = || place.run(&[&restore[..], &["--json"]].concat()).ending(0).json()["epoch"].clone();
    let first = epoch();
    fs::remove_dir_all(place.path("dev/store")).unwrap();
    assert_ne!(epoch(), first);
    Service::start(place).stop();
}

#[test]
fn a_copy_is_made_once_and_only_of_a_store() {
    let place = Place::with_keys();
    let backup = ["store", "backup", "--config", "dev/portcullis.toml", "--to", "copy"];
    assert!(place.run(&backup).ending(2).stderr.contains("there is no store in"));
    let (_, place) = Service::start(place).stop();
    let made = place.run(&[&backup[..], &["--json"]].concat()).ending(0).json();
    assert_eq!(made["manifest"]["format"], "portcullis-backup-v1");
    assert!(made["manifest"]["keys"].as_array().unwrap().contains(&"index 1".into()));
    let before = fs::read(place.path("copy/manifest.json")).unwrap();
    assert!(place.run(&backup).ending(1).stderr.contains("cannot make `copy`"));
    assert_eq!(fs::read(place.path("copy/manifest.json")).unwrap(), before);
}
