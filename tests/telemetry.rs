//! What a panic leaves behind: its place, never its message. Alone in its process, since a panic hook is the process's.

use std::process::Command;

use portcullis::config::Log;
use portcullis::telemetry;

const CHILD: &str = "PANIC_CHILD";

/// INVARIANT (secrets-stay-in).
#[test]
#[expect(clippy::disallowed_methods, reason = "a test tells its child what to be by the environment")]
fn a_panic_is_told_without_its_message() {
    if let Some(way) = std::env::var_os(CHILD) {
        if way == "log" {
            telemetry::install(Log::default()).unwrap();
        } else {
            telemetry::hide_panics();
        }
        // On a thread of its own too: the store's and the PINs' have theirs.
        let told = std::thread::spawn(|| panic!("the PIN was 271828")).join();
        assert!(told.is_err());
        panic!("the PIN was 314159");
    }
    for (way, expected) in [("log", "\"message\":\"panicked\""), ("text", "error: a fault of the program itself, in ")]
    {
        let this_test = std::env::current_exe().unwrap();
        let child = Command::new(this_test)
            .args(["--exact", "a_panic_is_told_without_its_message", "--nocapture"])
            .env(CHILD, way)
            .output()
            .unwrap();
        assert!(!child.status.success());
        let written = [child.stdout, child.stderr].concat();
        let written = String::from_utf8_lossy(&written);
        assert_eq!(written.matches(expected).count(), 2, "{written}");
        assert!(written.contains("tests/telemetry.rs"), "{written}");
        assert!(!written.contains("271828") && !written.contains("314159"), "{written}");
    }
}
