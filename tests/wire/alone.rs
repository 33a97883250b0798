//! Tests that need a process to themselves.

use std::process::Command;

const ALONE: &str = "ALONE_IN_ITS_PROCESS";

/// Whether this process runs that test and no other. Where it does not, the test is run in one that does, and must pass
/// there.
///
/// A process has one log. Where tests share one, a line of code that a test without a log reaches first may be found not
/// worth logging for all of them.
#[expect(clippy::disallowed_methods, reason = "a test tells its child what to be by the environment")]
pub(crate) fn is_alone(test: &str) -> bool {
    if std::env::var_os(ALONE).is_some_and(|named| named == test) {
        return true;
    }
    let mut child = Command::new(std::env::current_exe().unwrap());
    let ran = child.args(["--exact", test, "--nocapture"]).env(ALONE, test).output().unwrap();
    let written = [ran.stdout, ran.stderr].concat();
    let written = String::from_utf8_lossy(&written);
    assert!(ran.status.success(), "{written}");
    // No test of that name is no failure either.
    assert!(written.contains("1 passed"), "`{test}` was not run: {written}");
    false
}
