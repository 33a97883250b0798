//! Whose signatures are believed: the keyring's own record-signing keys, or their public halves in a file.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{Answer, Output};
use crate::crypto::{Keyring, PublicKey, RecordSigner};

/// The longest file of public keys that is read, in bytes.
const KEYS_BYTES_MAX: u64 = 1_048_576;

/// Flags of what verifies without the service.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct TrustedArgs {
    /// The public keys that are believed: a JSON Web Key Set, as `audit keys` prints it
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
    /// The keyring, where it is at hand
    #[arg(long, value_name = "FILE")]
    keyring: Option<PathBuf>,
}

impl TrustedArgs {
    /// The keys, at least one.
    pub(super) fn keys(&self) -> Result<Vec<PublicKey>, Failure> {
        let keys = match (&self.keys, &self.keyring) {
            (Some(path), _) => read_keys(path)?,
            (None, Some(path)) => of_keyring(path)?,
            (None, None) => Vec::new(),
        };
        if keys.is_empty() { Err(Failure::invalid("there is no key whose signatures are believed")) } else { Ok(keys) }
    }
}

/// The public halves of a keyring's record-signing keys.
fn of_keyring(path: &Path) -> Result<Vec<PublicKey>, Failure> {
    let keyring = Keyring::load(path).map_err(|error| Failure::caused(Exit::Invalid, &error))?;
    Ok(RecordSigner::new(&keyring).public_keys())
}

/// Flags of `audit keys`.
#[derive(Debug, Args)]
pub(super) struct KeysArgs {
    /// The keyring's file
    keyring: PathBuf,
}

/// Shows the public halves, as a JSON Web Key Set.
pub(super) fn show(args: &KeysArgs, output: Output) -> Result<Exit, Failure> {
    output.show(&KeySet(of_keyring(&args.keyring)?))?;
    Ok(Exit::Done)
}

struct KeySet(Vec<PublicKey>);

impl Answer for KeySet {
    fn json(&self) -> Value {
        // A JWK as it is made here is JSON.
        let keys = self.0.iter().filter_map(|key| serde_json::from_str::<Value>(&key.jwk()).ok());
        json!({ "keys": keys.collect::<Vec<_>>() })
    }

    fn text(&self) -> String {
        self.json().to_string()
    }
}

fn read_keys(path: &Path) -> Result<Vec<PublicKey>, Failure> {
    let unusable =
        |cause: &dyn std::fmt::Display| Failure::invalid(format!("cannot use the keys `{}`: {cause}", path.display()));
    let length = fs::metadata(path).map_err(|error| unusable(&error))?.len();
    if length > KEYS_BYTES_MAX {
        return Err(unusable(&format_args!("the file is longer than {KEYS_BYTES_MAX} bytes")));
    }
    let text = fs::read(path).map_err(|error| unusable(&error))?;
    parse_public_keys(&text).map_err(|cause| unusable(&cause))
}

/// The keys of a JSON Web Key Set. What is wrong is told without a key: it may be a private one.
pub(crate) fn parse_public_keys(text: &[u8]) -> Result<Vec<PublicKey>, String> {
    let set: Value = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    let keys = set.get("keys").and_then(Value::as_array).ok_or("it is no JSON Web Key Set")?;
    keys.iter().map(|key| PublicKey::parse(&key.to_string()).map_err(|error| error.to_string())).collect()
}
