//! `portcullis store reclaim`.

use clap::Args;
use serde_json::{Value, json};

use super::command::SettingsArgs;
use crate::cli::failure::{EXIT_CODES, Exit, Failure};
use crate::cli::output::{Answer, Output};
use crate::cli::run::serving;
use crate::cli::serve::open_to_carry;
use crate::crypto::Keyring;

const EXAMPLES: &str = "\
Once `store copy` is complete no service starts on what was copied: its place is taken. Where the move is given up, and the \
other store never served, this lets a service start on it again. If both serve, what is decided twice is decided twice. Stop \
every service first.

Examples:
  portcullis store reclaim --config /etc/portcullis/embedded.toml
";

/// Flags of `store reclaim`.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(crate) struct ReclaimArgs {
    #[command(flatten)]
    settings: SettingsArgs,
}

/// Runs it.
pub(super) fn run(args: ReclaimArgs, output: Output) -> Result<Exit, Failure> {
    let config = args.settings.load()?;
    let keyring = Keyring::load(&config.keys.keyring_file).map_err(|error| Failure::caused(Exit::Invalid, &error))?;
    serving(async move {
        let store = open_to_carry(&config.store, &keyring).await?;
        let noted = store.moved(None).await;
        // A hold that cannot be let go ends by itself.
        let _ = store.leave().await;
        noted.map_err(|error| Failure::caused(Exit::Failed, &error))?;
        output.show(&Reclaimed { epoch: store.epoch() })?;
        Ok(Exit::Done)
    })
}

struct Reclaimed {
    epoch: u64,
}

impl Answer for Reclaimed {
    fn json(&self) -> Value {
        json!({ "epoch": format!("{:016x}", self.epoch) })
    }

    fn text(&self) -> String {
        format!("The store of epoch {:016x} may serve. Take the other one away.", self.epoch)
    }
}
