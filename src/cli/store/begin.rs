//! `portcullis store begin`.

use clap::Args;
use serde_json::{Value, json};

use super::command::SettingsArgs;
use crate::cli::failure::{EXIT_CODES, Exit, Failure};
use crate::cli::output::{Answer, Output, pairs};
use crate::cli::run::serving;
use crate::cli::serve::begin_on_redis;
use crate::config;
use crate::crypto::Keyring;

const EXAMPLES: &str = "\
Once, before the first service of a store on Redis starts. A service begins none by itself: a Redis that lost everything \
looks like one that never had anything, and in a new store nothing is locked. Where there is a store this is refused, and \
changes nothing.

Examples:
  portcullis store begin --config /etc/portcullis/portcullis.toml
";

/// Flags of `store begin`.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(crate) struct BeginArgs {
    #[command(flatten)]
    settings: SettingsArgs,
}

/// Runs it.
pub(super) fn run(args: BeginArgs, output: Output) -> Result<Exit, Failure> {
    let config = args.settings.load()?;
    let config::Store::Redis(redis) = &config.store else {
        return Err(Failure::invalid("the store is in a folder, and a service makes it there by itself")
            .advise("this is for a store on Redis: `store.kind`"));
    };
    let keyring = Keyring::load(&config.keys.keyring_file).map_err(|error| Failure::caused(Exit::Invalid, &error))?;
    serving(async move {
        let epoch = begin_on_redis(redis, &keyring).await?;
        output.show(&Begun { epoch, prefix: &redis.prefix })?;
        Ok(Exit::Done)
    })
}

struct Begun<'a> {
    epoch: u64,
    prefix: &'a str,
}

impl Answer for Begun<'_> {
    fn json(&self) -> Value {
        json!({ "epoch": format!("{:016x}", self.epoch), "prefix": self.prefix })
    }

    fn text(&self) -> String {
        pairs([("begun", self.prefix.to_owned()), ("epoch", format!("{:016x}", self.epoch))])
    }
}
