//! Starts the comparison in `engines/`, which is a package apart: `README.md` says why.

use std::path::Path;
use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let engines = Path::new(env!("CARGO_MANIFEST_DIR")).join("engines");
    let cargo = option_env!("CARGO").unwrap_or("cargo");
    let given = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let mut command = Command::new(cargo);
    // In its own folder, for the settings of cargo that are there.
    command.args(["bench", "--bench", "policy_peers", "--"]).args(given).current_dir(engines);
    for name in of_this_package() {
        command.env_remove(name);
    }
    match command.status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("`{cargo}` cannot be started: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What cargo tells a program of its own package: crates over there would be built anew for it.
#[expect(clippy::disallowed_methods, reason = "variables are taken away, not read")]
fn of_this_package() -> impl Iterator<Item = String> {
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    names.filter(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"))
}
