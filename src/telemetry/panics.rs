//! What is told of a panic: where it happened, never why. Its message may quote what was being worked on.

use std::io::{self, Write as _};
use std::panic::{self, PanicHookInfo};
use std::thread;

/// Tells panics by their place on the standard error stream, from here on and for the whole process.
pub fn hide_panics() {
    panic::set_hook(Box::new(|info| {
        let (file, line) = place(info);
        // Nobody is left to tell.
        let _ = writeln!(io::stderr(), "error: a fault of the program itself, in {file} line {line}");
    }));
}

/// The same as lines of the log.
pub(super) fn log_panics() {
    panic::set_hook(Box::new(|info| {
        let (file, line) = place(info);
        let thread = thread::current();
        tracing::error!(file, line, thread = thread.name(), "panicked");
    }));
}

fn place<'a>(info: &'a PanicHookInfo<'_>) -> (&'a str, u32) {
    info.location().map_or(("", 0), |place| (place.file(), place.line()))
}
