//! Durable before answered: between a request and its answer the system is asked to put the log on the disk.

use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use portcullis::grpc::pb::v1 as pb;

use crate::service::{Home, PROGRAM, Service};

const DECISIONS: usize = 25;

/// When each call was made and answered, and when the write-ahead log was put on the disk: seconds since 1970.
struct Trace {
    calls: Vec<(f64, f64)>,
    syncs: Vec<(f64, f64)>,
}

#[expect(clippy::disallowed_methods, reason = "compared with the tracer's own stamps of the same clock")]
fn stamp() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs_f64()
}

async fn trace(more: &[&str]) -> Trace {
    let home = Home::new();
    let log = home.path().join("trace");
    let mut command = Command::new("strace");
    command.args(["-f", "-ttt", "-T", "-y", "-e", "trace=fdatasync,fsync", "-o", log.to_str().unwrap(), PROGRAM]);
    let service = Service::start(command.args(home.serve_args(more)));
    let provisioning = home.client(&service, &home.token("provisioning", &[])).await;
    home.create(&provisioning, 0).await;
    let carrier = home.client(&service, &home.carrier()).await;
    let mut calls = Vec::new();
    for _ in 0..DECISIONS {
        let request = home.approved_port(0);
        let asked = stamp();
        let answer = carrier.decisions().decide(request).await.unwrap();
        calls.push((asked, stamp()));
        assert_eq!(answer.into_inner().decision.unwrap().outcome, i32::from(pb::Outcome::Approve));
    }
    // The tracer ends with the program it traces, and has written everything down then.
    let tracer = service.id();
    let program = std::fs::read_to_string(format!("/proc/{tracer}/task/{tracer}/children")).unwrap();
    let told = Command::new("bash").args(["-c", &format!("kill -TERM {}", program.trim())]).status().unwrap();
    assert!(told.success());
    service.end();
    let text = std::fs::read_to_string(log).unwrap();
    Trace { calls, syncs: text.lines().filter_map(sync_of_the_log).collect() }
}

/// A finished sync of the write-ahead log: its beginning and its end.
fn sync_of_the_log(line: &str) -> Option<(f64, f64)> {
    let (_, rest) = line.split_once(' ')?;
    let (stamp, call) = rest.trim_start().split_once(' ')?;
    let is_sync = call.contains("-wal>") && (call.starts_with("fdatasync(") || call.starts_with("fsync("));
    let took = call.rsplit_once('<')?.1.trim_end_matches('>').parse::<f64>().ok();
    let begun = stamp.parse::<f64>().ok()?;
    is_sync.then_some(())?;
    took.map(|took| (begun, begun + took))
}

/// How many calls have a sync of the log that began after the request and ended before the answer.
fn covered(trace: &Trace) -> usize {
    let is_covered =
        |(asked, answered): &&(f64, f64)| trace.syncs.iter().any(|(begun, ended)| asked <= begun && ended <= answered);
    trace.calls.iter().filter(is_covered).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_follows_a_sync_of_the_log_and_the_check_can_fail() {
    let full = trace(&[]).await;
    assert_eq!(covered(&full), DECISIONS, "of {} syncs", full.syncs.len());
    let lowered = trace(&["store.accept_data_loss=yes_for_test_purposes_only"]).await;
    assert!(covered(&lowered) < DECISIONS / 2, "the check cannot fail: {} covered", covered(&lowered));
}
