//! Starts the comparison in `engines/`, which is a package apart: `README.md` says why.

use std::path::Path;
use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let engines = Path::new(env!("CARGO_MANIFEST_DIR")).join("engines");
    let cargo = option_env!("CARGO").unwrap_or("cargo");
    let bench = ["bench", "--bench", "policy_peers", "--"];
    let given = std::env::args().skip(1).filter(|argument| argument != "--bench");
    // In its own folder, for the settings of cargo that are there.
    match Command::new(cargo).args(bench).args(given).current_dir(engines).status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("`{cargo}` cannot be started: {error}");
            ExitCode::FAILURE
        }
    }
}
