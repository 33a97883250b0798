//! What a panic leaves behind: its place, never its message. Alone in its process, since a panic hook is the process's.

use std::process::Command;

use portcullis::config::Log;
use portcullis::telemetry;

const CHILD: &str = "PANIC_CHILD";

/// INVARIANT (secrets-stay-in).
#[test]
#[expect(clippy::disallowed_methods, reason = "a test tells its child what to be by the environment")]
fn a_panic_is_logged_without_its_message() {
    if std::env::var_os(CHILD).is_some() {
        telemetry::install(Log::default()).unwrap();
        panic!("the PIN was 271828");
    }
    let this_test = std::env::current_exe().unwrap();
    let child = Command::new(this_test)
        .args(["--exact", "a_panic_is_logged_without_its_message", "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    assert!(!child.status.success());
    let written = [child.stdout, child.stderr].concat();
    let written = String::from_utf8_lossy(&written);
    assert!(written.contains("\"message\":\"panicked\"") && written.contains("tests/telemetry.rs"), "{written}");
    assert!(!written.contains("271828"), "{written}");
}
