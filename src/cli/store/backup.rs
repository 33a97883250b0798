//! `portcullis store backup`.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use super::command::{SettingsArgs, folder_of};
use super::manifest::{Manifest, database, manifest};
use crate::cli::failure::{EXIT_CODES, Exit, Failure};
use crate::cli::output::{Answer, Output, pairs, parts};
use crate::clock::{Clock as _, SystemClock};
use crate::store::embedded::backup::back_up;
use crate::store::embedded::look::Folder;

const EXAMPLES: &str = "\
The copy is the store as it was at one instant. A service that runs goes on, and needs no stop; its log takes more disk \
until the copy is made. What is in the copy is sealed as it is in the store: it is worth nothing without the keyring, \
which is not copied and belongs elsewhere.

Run it as the user that the service runs as. Every copy is a folder of its own; one without a manifest.json was cut off \
and is none.

Examples:
  portcullis store backup --config /etc/portcullis/portcullis.toml --to /var/backups/portcullis/$(date +%F)
";

/// Flags of `store backup`.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(crate) struct BackupArgs {
    #[command(flatten)]
    settings: SettingsArgs,
    /// The copy's folder, which must not be there
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,
}

/// Runs it.
pub(super) fn run(args: BackupArgs, output: Output) -> Result<Exit, Failure> {
    let BackupArgs { settings, to } = args;
    let store = folder_of(&settings.load()?)?.path.clone();
    let now = SystemClock::start().now().map_err(|error| Failure::caused(Exit::Failed, &error))?.instant();
    let folder = Folder::find(&store).ok().filter(Folder::has_store);
    let none =
        || Failure::invalid(format!("there is no store in `{}`", store.display())).advise("look at `store.path`");
    let folder = folder.ok_or_else(none)?;
    let unwritable = |error: std::io::Error| Failure::failed(format!("cannot make `{}`: {error}", to.display()));
    fs::DirBuilder::new().recursive(false).mode(0o700).create(&to).map_err(unwritable)?;
    let copied = back_up(&folder, &database(&to)).map_err(|error| {
        // Empty by now; what failed is told either way.
        let _ = fs::remove_dir(&to);
        Failure::caused(Exit::Failed, &error)
    })?;
    let told = Manifest::of(&to, &copied, now).map_err(|error| Failure::caused(Exit::Failed, &error))?;
    write(&to, &told).map_err(unwritable)?;
    output.show(&Made { folder: &to, manifest: &told })?;
    Ok(Exit::Done)
}

/// Last of all, and durable before the command ends well.
fn write(copy: &Path, told: &Manifest) -> std::io::Result<()> {
    let text = serde_json::to_string_pretty(told).map_err(std::io::Error::other)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(manifest(copy))?;
    writeln!(file, "{text}")?;
    file.sync_all()?;
    File::open(copy)?.sync_all()?;
    let parent = copy.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent)?.sync_all()
}

struct Made<'a> {
    folder: &'a Path,
    manifest: &'a Manifest,
}

impl Answer for Made<'_> {
    fn json(&self) -> Value {
        json!({ "folder": self.folder, "manifest": self.manifest })
    }

    fn text(&self) -> String {
        let Manifest { ends_at, keys, bytes, .. } = self.manifest;
        let made = pairs([
            ("copy", self.folder.display().to_string()),
            ("bytes", bytes.to_string()),
            ("ends at", ends_at.clone().unwrap_or_else(|| "nothing decided yet".to_owned())),
            ("needs keys", keys.join(", ")),
        ]);
        parts([made, "The keyring is not in it: keep its newest copy elsewhere.".to_owned()])
    }
}
