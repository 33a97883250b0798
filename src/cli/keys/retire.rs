//! `portcullis keys retire`.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use super::upkeep::{Use, bar, cut_off, mark, on_wire, purpose, unusable};
use crate::cli::connection::ConnectionArgs;
use crate::cli::failure::{EXIT_CODES, Exit, Failure};
use crate::cli::output::{Answer, Output, pairs, parts};
use crate::crypto::{KeyState, Keyring, Purpose};
use crate::grpc::pb::v1 as pb;

const EXAMPLES: &str = "\
Takes a retired key out of the keyring for good, once nothing names it. The running service reads all that is stored \
first; where something still names the key, it says how much and what to do, and nothing is changed (exit code 3). \
Then the store does without the key, and last the key leaves the file: cut off in between, the key is still in the \
file, and the same command again finishes. Called as role `admin`.

A backup of the store from before still needs the key: keep the keyring's copy of that day as long as that backup. \
What a signing key signed verifies with its public half, which is told at the end.

Examples:
  portcullis keys retire /etc/portcullis/keyring.json seal 1
  portcullis keys retire /etc/portcullis/keyring.json pepper 2
";

/// Flags of `keys retire`.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(crate) struct RetireArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// The keyring's file
    file: PathBuf,
    /// What the key is for
    #[arg(value_parser = purpose())]
    purpose: Purpose,
    /// Its number, as `keys list` shows it
    #[arg(value_parser = clap::value_parser!(u8).range(1..))]
    id: u8,
}

/// Runs it.
pub(super) async fn run(args: &RetireArgs, output: Output) -> Result<Exit, Failure> {
    let RetireArgs { connection, file, purpose, id } = args;
    let (purpose, id) = (*purpose, *id);
    let keyring = Keyring::load(file).map_err(|error| unusable(&error))?;
    let (mark, public) = (mark(&keyring, purpose, id), keyring.public_key(purpose, id).map(|key| key.jwk()));
    // What the file says before anything is asked; the file is read again after the answer.
    let _ = keyring.retire(purpose, id).map_err(|error| unusable(&error))?;
    let mark = mark.ok_or_else(|| Failure::invalid("the key has no mark"))?;
    let client = connection.connect().await?;
    let request = pb::RetireKeyRequest { purpose: on_wire(purpose).into(), number: i32::from(id), mark };
    let mut told = client.keys().retire_key(request).await?.into_inner();
    let bar = bar();
    let by = loop {
        let Some(pb::RetireKeyResponse { bodies_read, done, r#use: by }) = told.message().await? else {
            return Err(cut_off());
        };
        bar.set_message(format!("{bodies_read} rows and records read"));
        if done {
            break by;
        }
    };
    bar.finish_and_clear();
    if let Some(by) = by.map(Use::from) {
        output.show(&StillNamed(&by))?;
        return Ok(Exit::Denied);
    }
    take_out(file, purpose, id)?;
    output.show(&Retired { file, purpose, id, public })?;
    Ok(Exit::Done)
}

/// The last step: the store does without the key already.
fn take_out(file: &Path, purpose: Purpose, id: u8) -> Result<(), Failure> {
    let keyring = Keyring::load(file).map_err(|error| unusable(&error))?;
    let is_there = |key: &crate::crypto::KeyInfo| key.purpose == purpose && key.id == id;
    if !keyring.list().iter().any(|key| is_there(key) && key.state == KeyState::Retired) {
        // Somebody else was faster.
        return Ok(());
    }
    let keyring = keyring.retire(purpose, id).map_err(|error| unusable(&error))?;
    keyring.save(file).map_err(|error| Failure::caused(Exit::Failed, &error))
}

struct StillNamed<'a>(&'a Use);

impl Answer for StillNamed<'_> {
    fn json(&self) -> Value {
        json!({ "retired": false, "use": self.0.json(), "advice": self.0.advice() })
    }

    fn text(&self) -> String {
        let Use { purpose, number, uses, free: _ } = self.0;
        let places = if *uses == 1 { "place names" } else { "places name" };
        format!("NOT RETIRED\n\n{uses} {places} {purpose} key {number}: {}.", self.0.advice())
    }
}

struct Retired<'a> {
    file: &'a Path,
    purpose: Purpose,
    id: u8,
    public: Option<String>,
}

impl Answer for Retired<'_> {
    fn json(&self) -> Value {
        let Self { file, purpose, id, public } = self;
        json!({ "retired": true, "path": file, "purpose": purpose.name(), "id": id, "public_key_jwk": public })
    }

    fn text(&self) -> String {
        let Self { file, purpose, id, public } = self;
        let told = pairs([
            ("retired", format!("{} {id}", purpose.name())),
            ("keyring", file.display().to_string()),
            ("public key", public.clone().unwrap_or_default()),
        ]);
        let next = "Copy the keyring to its backup, and keep the copy from before as long as backups of the store from before.";
        parts([told, next.to_owned()])
    }
}
