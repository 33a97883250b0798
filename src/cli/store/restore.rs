//! `portcullis store restore`.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use super::command::{SettingsArgs, folder_of};
use super::manifest::{Manifest, ManifestError, database};
use crate::cli::failure::{EXIT_CODES, Exit, Failure};
use crate::cli::output::{Answer, Output, pairs, parts};
use crate::crypto::{Keyring, random_bytes};
use crate::store::embedded::backup::{BackupError, restore};

const EXAMPLES: &str = "\
What was committed after the copy was made is gone: locks turned on since are off, and what was decided since is not \
known. So the store gets a new epoch, by which every consistency token from before is refused, and no permit from before \
is good. The rest is for people: see docs/backup-and-restore.md.

Examples:
  portcullis store restore --config /etc/portcullis/portcullis.toml --from /var/backups/portcullis/2026-11-28
";

/// Flags of `store restore`.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(crate) struct RestoreArgs {
    #[command(flatten)]
    settings: SettingsArgs,
    /// The copy's folder, as `store backup` made it
    #[arg(long, value_name = "FOLDER")]
    from: PathBuf,
}

/// Runs it.
pub(super) fn run(args: RestoreArgs, output: Output) -> Result<Exit, Failure> {
    let RestoreArgs { settings, from } = args;
    let config = settings.load()?;
    let folder = folder_of(&config)?;
    let keyring = Keyring::load(&config.keys.keyring_file).map_err(|error| Failure::caused(Exit::Failed, &error))?;
    let manifest = Manifest::read(&from).map_err(|error| unusable(&error))?;
    let epoch = random_bytes().map_err(|error| Failure::caused(Exit::Failed, &error))?;
    let epoch = u64::from_be_bytes(epoch);
    let restored = restore(&database(&from), &folder.path, &keyring.marks(), epoch);
    let (_, voided) = restored.map_err(|error| refused(&error))?;
    output.show(&Restored { folder: &folder.path, manifest: &manifest, epoch, voided })?;
    Ok(Exit::Done)
}

fn unusable(error: &ManifestError) -> Failure {
    Failure::caused(Exit::Invalid, error).advise("the folder of an undamaged copy in --from")
}

fn refused(error: &BackupError) -> Failure {
    let exit = match error {
        BackupError::Occupied(_) | BackupError::OtherSchema { .. } | BackupError::Keys(_) => Exit::Invalid,
        BackupError::Io { .. } | BackupError::Folder(_) | BackupError::Unreadable(_) | BackupError::Damaged(_) => {
            Exit::Failed
        }
    };
    Failure::caused(exit, error)
}

struct Restored<'a> {
    folder: &'a Path,
    manifest: &'a Manifest,
    epoch: u64,
    voided: u64,
}

impl Answer for Restored<'_> {
    fn json(&self) -> Value {
        json!({
            "folder": self.folder,
            "ends_at": self.manifest.ends_at,
            "epoch": format!("{:016x}", self.epoch),
            "permits_voided": self.voided,
        })
    }

    fn text(&self) -> String {
        let restored = pairs([
            ("store", self.folder.display().to_string()),
            ("ends at", self.manifest.ends_at.clone().unwrap_or_default()),
            ("epoch", format!("{:016x}", self.epoch)),
            ("permits voided", self.voided.to_string()),
        ]);
        let next = "What was committed after that instant is gone: see docs/backup-and-restore.md before you start the service.";
        parts([restored, next.to_owned()])
    }
}
