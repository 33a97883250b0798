//! `portcullis keys app`: the key that a customer's app would make on the customer's own device.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{Answer, Output};
use crate::crypto::{SigningKey, read_secret_file, write_new_secret_file};

/// Flags of `keys app`.
#[derive(Debug, Args)]
pub(crate) struct AppArgs {
    /// The private key's file; one that is there stays, and its public key is told again
    file: PathBuf,
}

/// Runs it.
pub(super) fn run(args: &AppArgs, output: Output) -> Result<Exit, Failure> {
    let key = if args.file.exists() {
        let pem = read_secret_file(&args.file).map_err(|error| Failure::caused(Exit::Failed, &error))?;
        SigningKey::from_private_pem(&pem).map_err(|error| Failure::caused(Exit::Invalid, &error))?
    } else {
        let key = SigningKey::generate().map_err(|error| Failure::caused(Exit::Failed, &error))?;
        let pem = key.private_pem();
        write_new_secret_file(&args.file, pem.as_bytes()).map_err(|error| Failure::caused(Exit::Failed, &error))?;
        key
    };
    output.show(&AppKey { public_key_jwk: key.public_jwk() })?;
    Ok(Exit::Done)
}

struct AppKey {
    public_key_jwk: String,
}

impl Answer for AppKey {
    fn json(&self) -> Value {
        json!({ "public_key_jwk": self.public_key_jwk })
    }

    fn text(&self) -> String {
        self.public_key_jwk.clone()
    }
}
