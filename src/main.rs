//! Starts the command line.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// A decision allocates some hundred times, on one thread, and frees on another.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    portcullis::cli::main()
}
