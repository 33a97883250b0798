//! `portcullis keys generate`.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use super::development;
use super::files::{Made, keyring};
use crate::cli::failure::{EXIT_CODES, Exit, Failure};
use crate::cli::output::{Answer, Output, pairs, parts};
use crate::clock::{Clock as _, SystemClock};

const EXAMPLES: &str = "\
Nothing is ever overwritten: what is there already stays, and a second run changes nothing. Whoever loses the \
keyring loses the store, so keep a copy of it, away from the store and its backups.

Examples:
  portcullis keys generate /etc/portcullis/keyring.json
  portcullis keys generate ./dev --development
";

/// Flags of `keys generate`.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(crate) struct GenerateArgs {
    /// The keyring's file; with --development a folder
    path: PathBuf,
    /// Also make a server certificate for localhost, its authority, a token issuer and portcullis.toml. Not for
    /// customers' lines
    #[arg(long)]
    development: bool,
}

/// Runs it.
pub(super) fn run(args: &GenerateArgs, output: Output) -> Result<Exit, Failure> {
    let now = SystemClock::start().now().map_err(|error| Failure::caused(Exit::Failed, &error))?.instant();
    let made = if args.development { development::make(&args.path, now)? } else { vec![keyring(&args.path, now)?] };
    output.show(&Generated { made, folder: args.development.then_some(args.path.as_path()) })?;
    Ok(Exit::Done)
}

struct Generated<'a> {
    made: Vec<Made>,
    /// The folder of a development set.
    folder: Option<&'a Path>,
}

impl Answer for Generated<'_> {
    fn json(&self) -> Value {
        let file = |made: &Made| json!({ "path": made.path, "holds": made.holds, "created": made.is_new });
        json!({ "files": self.made.iter().map(file).collect::<Vec<_>>() })
    }

    fn text(&self) -> String {
        let told = self.made.iter().map(|made| {
            let state = if made.is_new { "new" } else { "was there and stays" };
            (made.holds, format!("{} ({state})", made.path.display()))
        });
        let start = self.folder.map_or_else(String::new, |folder| {
            format!("Start it:  portcullis serve --config {}", folder.join(development::CONFIG_FILE).display())
        });
        parts([pairs(told), start])
    }
}
