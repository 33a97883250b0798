//! What a crash leaves behind, and who may look into a running command: no core, and nobody but the administrator.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::day::NUMBER;
use crate::program::{PROGRAM, Place, Service};

/// An unprivileged user: the administrator may look into anything.
const NOBODY: &str = "65534";

/// How long a command may take to close its memory.
const CLOSED_WITHIN: Duration = Duration::from_secs(30);

const ABORTED: i32 = 6;

#[test]
fn a_service_that_crashes_leaves_no_core() {
    let service = Service::start(Place::with_keys());
    let limits = fs::read_to_string(format!("/proc/{}/limits", service.id())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{core}");
    service.signal("ABRT");
    let (status, place) = service.ended();
    assert_eq!((status.signal(), status.core_dumped()), (Some(ABORTED), false));
    let left: Vec<_> = fs::read_dir(place.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with("core")), "{left:?}");
}

/// A command that waits for a PIN on its standard input, as nobody where the administrator runs the test.
fn waiting() -> Child {
    let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
    let mut command = Command::new(if is_root { "setpriv" } else { PROGRAM });
    if is_root {
        command.args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", PROGRAM]);
    }
    command.args(["decide", "call-forwarding", NUMBER, "--target", NUMBER, "--pin-file", "-"]);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// The kernel gives the memory of a process that may not be dumped to the administrator.
#[test]
fn a_command_that_holds_a_pin_lets_its_own_user_not_look_into_its_memory() {
    let mut command = waiting();
    let memory = format!("/proc/{}/mem", command.id());
    let name = format!("/proc/{}/comm", command.id());
    let began = Instant::now();
    let is_closed = || {
        // Before it is the program it is what starts it.
        let is_started = fs::read_to_string(&name).is_ok_and(|name| name.trim() == "portcullis");
        is_started && fs::metadata(&memory).is_ok_and(|memory| memory.uid() == 0)
    };
    while !is_closed() {
        assert!(began.elapsed() < CLOSED_WITHIN, "{memory} is open to its user");
        assert!(command.try_wait().unwrap().is_none(), "it did not wait for a PIN");
        std::thread::yield_now();
    }
    command.kill().unwrap();
    command.wait().unwrap();
}
