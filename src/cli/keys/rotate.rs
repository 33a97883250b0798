//! `portcullis keys rotate`.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use super::upkeep::purpose;
use crate::cli::failure::{EXIT_CODES, Exit, Failure};
use crate::cli::output::{Answer, Output, pairs, parts};
use crate::clock::{Clock as _, SystemClock};
use crate::crypto::{KeyInfo, KeyState, Keyring, Purpose};

const EXAMPLES: &str = "\
The new key makes what is made from the next start on; the key before it is retired, and still opens and verifies what
it once made. Keep both: a store whose keys are not all there does not start. The index key names every account and is
never rotated. A keyring that was made before there were keys of some purpose gets their first ones.

Examples:
  portcullis keys rotate /etc/portcullis/keyring.json seal
  portcullis keys rotate /etc/portcullis/keyring.json pepper
  portcullis keys rotate /etc/portcullis/keyring.json record_signing
";

/// Flags of `keys rotate`.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(crate) struct RotateArgs {
    /// The keyring's file
    file: PathBuf,
    /// Which key to replace
    #[arg(value_parser = purpose())]
    purpose: Purpose,
}

/// Runs it.
pub(super) fn run(args: &RotateArgs, output: Output) -> Result<Exit, Failure> {
    let unusable = |error| Failure::caused(Exit::Invalid, &error);
    let now = SystemClock::start().now().map_err(|error| Failure::caused(Exit::Failed, &error))?.instant();
    let (keyring, added) = Keyring::load_completed(&args.file, now).map_err(unusable)?;
    // A first key has nothing before it.
    let is_first = added.contains(&args.purpose);
    let keyring = if is_first { keyring } else { keyring.rotate(args.purpose, now).map_err(unusable)? };
    keyring.save(&args.file).map_err(|error| Failure::caused(Exit::Failed, &error))?;
    let keys = keyring.list().into_iter().filter(|key| key.purpose == args.purpose).collect();
    output.show(&Rotated { file: &args.file, purpose: args.purpose, keys, added })?;
    Ok(Exit::Done)
}

struct Rotated<'a> {
    file: &'a Path,
    purpose: Purpose,
    /// The new one first.
    keys: Vec<KeyInfo>,
    /// Purposes that the keyring had no keys of.
    added: Vec<Purpose>,
}

impl Rotated<'_> {
    fn in_state(&self, state: KeyState) -> Vec<u8> {
        self.keys.iter().filter(|key| key.state == state).map(|key| key.id).collect()
    }

    fn added(&self) -> Vec<&'static str> {
        self.added.iter().map(|purpose| purpose.name()).collect()
    }
}

impl Answer for Rotated<'_> {
    fn json(&self) -> Value {
        json!({
            "path": self.file,
            "purpose": self.purpose.name(),
            "active": self.in_state(KeyState::Active),
            "retired": self.in_state(KeyState::Retired),
            "added": self.added(),
        })
    }

    fn text(&self) -> String {
        let ids = |state| self.in_state(state).iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
        let keys = pairs([
            ("purpose", self.purpose.name().to_owned()),
            ("active", ids(KeyState::Active)),
            ("retired", ids(KeyState::Retired)),
            ("added", self.added().join(", ")),
        ]);
        let next = "Copy the keyring to its backup, then start the service again: it reads its keys when it starts.";
        parts([keys, next.to_owned()])
    }
}
