//! A disk that is full, a folder that cannot be written, a log that was cut: a clear refusal, nothing approved, nothing lost.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use portcullis::grpc::client::Code;
use portcullis::grpc::pb::v1 as pb;

use crate::service::{Home, PROGRAM, Service};

/// An unprivileged user: the administrator may write anywhere.
const NOBODY: u32 = 65_534;

#[test]
fn a_folder_that_cannot_be_written_is_refused() {
    let home = Home::new();
    let store = home.store();
    std::fs::create_dir(&store).unwrap();
    let is_root =
        std::fs::metadata(home.path()).map(|folder| std::os::unix::fs::MetadataExt::uid(&folder)).unwrap() == 0;
    let mut command = if is_root {
        for entry in std::fs::read_dir(home.path()).unwrap() {
            std::os::unix::fs::chown(entry.unwrap().path(), Some(NOBODY), Some(NOBODY)).unwrap();
        }
        std::os::unix::fs::chown(home.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        let mut command = Command::new("setpriv");
        command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups", PROGRAM]);
        command
    } else {
        Command::new(PROGRAM)
    };
    std::fs::set_permissions(&store, std::fs::Permissions::from_mode(0o555)).unwrap();
    let output = command.args(home.serve_args(&[])).output().unwrap();
    std::fs::set_permissions(&store, std::fs::Permissions::from_mode(0o755)).unwrap();
    assert!(!output.status.success());
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("store"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_was_cut_is_found_and_refused() {
    let home = Home::new();
    let service = home.serve(&[]);
    let provisioning = home.client(&service, &home.token("provisioning", &[])).await;
    for number in 0..20 {
        home.create(&provisioning, number).await;
    }
    service.kill();
    let log = std::fs::read_dir(home.store()).unwrap().map(|entry| entry.unwrap().path());
    let log = log.into_iter().find(|path| path.to_string_lossy().ends_with("-wal")).unwrap();
    let whole = std::fs::read(&log).unwrap();
    std::fs::write(&log, whole.get(..whole.len() / 2).unwrap()).unwrap();
    let refused = Command::new(PROGRAM).args(home.serve_args(&[])).output().unwrap();
    assert!(!refused.status.success());
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(told.contains("missing") || told.contains("damaged"), "{told}");
    // Put back, everything is there.
    std::fs::write(&log, whole).unwrap();
    let service = home.serve(&[]);
    let carrier = home.client(&service, &home.carrier()).await;
    for number in 0..20 {
        let answer = carrier.decisions().decide(home.approved_port(number)).await.unwrap();
        assert_eq!(answer.into_inner().decision.unwrap().outcome, i32::from(pb::Outcome::Approve));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_takes_no_more_approves_nothing_and_loses_nothing() {
    let home = Home::new();
    let service = home.serve(&[]);
    let provisioning = home.client(&service, &home.token("provisioning", &[])).await;
    home.create(&provisioning, 0).await;
    service.kill();
    // No file may grow past 768 KiB: writes of the log fail from there on, as on a disk that is full.
    let limited = "trap '' XFSZ; ulimit -f 768; exec \"$0\" \"$@\"";
    let mut command = Command::new("bash");
    let service = Service::start(command.args(["-c", limited, PROGRAM]).args(home.serve_args(&[])));
    let carrier = home.client(&service, &home.carrier()).await;
    let mut approved = Vec::new();
    let refused = loop {
        match carrier.decisions().decide(home.approved_port(0)).await {
            Ok(answer) => approved.push(answer.into_inner().decision.unwrap().decision_id),
            Err(status) => break status,
        }
        assert!(approved.len() < 20_000, "the limit was never reached");
    };
    assert_eq!(refused.code(), Code::Unavailable, "{refused:?}");
    let after = carrier.decisions().decide(home.approved_port(0)).await.err().unwrap();
    assert_eq!(after.code(), Code::Unavailable, "{after:?}");
    service.kill();
    let service = home.serve(&[]);
    let carrier = home.client(&service, &home.carrier()).await;
    for decision_id in approved {
        let request = pb::GetDecisionRequest { decision_id, consistency_token: String::new() };
        let kept = carrier.decisions().get_decision(request).await.unwrap().into_inner().decision.unwrap();
        assert_eq!(kept.outcome, i32::from(pb::Outcome::Approve));
    }
}
