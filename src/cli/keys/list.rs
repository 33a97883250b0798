//! `portcullis keys list`.

use std::path::PathBuf;

use chrono::SecondsFormat;
use clap::Args;
use serde_json::{Value, json};

use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{Answer, Output, hex, pairs, parts, table};
use crate::crypto::{KeyInfo, KeyState, Keyring};

/// Flags of `keys list`.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// The keyring's file
    file: PathBuf,
}

/// Runs it.
pub(super) fn run(args: &ListArgs, output: Output) -> Result<Exit, Failure> {
    let keyring = Keyring::load(&args.file).map_err(|error| Failure::caused(Exit::Invalid, &error))?;
    output.show(&Keys { keys: keyring.list(), fingerprint: keyring.fingerprint() })?;
    Ok(Exit::Done)
}

struct Keys {
    keys: Vec<KeyInfo>,
    fingerprint: [u8; 8],
}

impl Keys {
    fn fingerprint(&self) -> String {
        hex(&self.fingerprint)
    }
}

impl Answer for Keys {
    fn json(&self) -> Value {
        let key = |key: &KeyInfo| {
            let (purpose, state) = (key.purpose.name(), key.state);
            json!({ "purpose": purpose, "id": key.id, "state": state, "created": created(key), "kid": kid(key) })
        };
        json!({ "fingerprint": self.fingerprint(), "keys": self.keys.iter().map(key).collect::<Vec<_>>() })
    }

    fn text(&self) -> String {
        let row = |key: &KeyInfo| {
            let kid = kid(key).unwrap_or_default();
            [key.purpose.name().to_owned(), key.id.to_string(), state(key.state).to_owned(), created(key), kid]
        };
        let fingerprint = pairs([("fingerprint", self.fingerprint())]);
        parts([table(["PURPOSE", "ID", "STATE", "CREATED", "KID"], self.keys.iter().map(row)), fingerprint])
    }
}

/// The name that signatures give the key, if it signs.
fn kid(key: &KeyInfo) -> Option<String> {
    key.key_id.map(|id| id.to_string())
}

fn created(key: &KeyInfo) -> String {
    key.created.to_rfc3339_opts(SecondsFormat::Secs, true)
}

const fn state(state: KeyState) -> &'static str {
    match state {
        KeyState::Active => "active",
        KeyState::Retired => "retired",
    }
}
