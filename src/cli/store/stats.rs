//! `portcullis store stats`.

use clap::Args;
use serde_json::{Value, json};

use super::command::SettingsArgs;
use crate::cli::failure::{EXIT_CODES, Exit, Failure};
use crate::cli::jsonl::bar;
use crate::cli::output::{Answer, Output, pairs, parts, table};
use crate::cli::run::serving;
use crate::cli::serve::redis_options;
use crate::config::Store;
use crate::crypto::Keyring;
use crate::store::embedded::look::Folder;
use crate::store::redis::stats;
use crate::store::{KindStats, Stats};

const EXAMPLES: &str = "\
Services go on meanwhile; what comes in while it counts may be counted or not. On Redis every key is looked at, some of \
each kind are weighed (`MEMORY USAGE`), and the whole is the servers' `used_memory`, whatever else is in it.

Examples:
  portcullis store stats --config /etc/portcullis/portcullis.toml
";

/// Flags of `store stats`.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(crate) struct StatsArgs {
    #[command(flatten)]
    settings: SettingsArgs,
}

/// Runs it.
pub(super) fn run(args: StatsArgs, output: Output) -> Result<Exit, Failure> {
    let config = args.settings.load()?;
    let told = match &config.store {
        Store::Folder(folder) => {
            let path = folder.path.display();
            let found = Folder::find(&folder.path).ok().filter(Folder::has_store);
            let none = || Failure::invalid(format!("there is no store in `{path}`")).advise("look at `store.path`");
            found.ok_or_else(none)?.stats().map_err(|error| Failure::caused(Exit::Failed, &error))?
        }
        Store::Redis(redis) => {
            let keyring = Keyring::load(&config.keys.keyring_file);
            let keyring = keyring.map_err(|error| Failure::caused(Exit::Failed, &error))?;
            let options = redis_options(redis, &keyring)?;
            let mut told = Stats::default();
            serving(async {
                let bar = bar(None);
                let counted = stats(options, &mut |keys| bar.set_message(format!("{keys} keys"))).await;
                bar.finish_and_clear();
                told = counted.map_err(|error| Failure::caused(Exit::Failed, &error))?;
                Ok(Exit::Done)
            })?;
            told
        }
    };
    output.show(&Told(&told))?;
    Ok(Exit::Done)
}

struct Told<'a>(&'a Stats);

impl Told<'_> {
    fn bytes_a_line(&self) -> Option<u64> {
        self.0.bytes.checked_div(self.0.count("lines"))
    }

    /// Records in the longest ledger, and ledgers that some were taken out of.
    fn ledgers(&self) -> (u64, usize) {
        let ledgers = &self.0.ledgers;
        let longest = ledgers.iter().map(|ledger| ledger.records).max().unwrap_or(0);
        (longest, ledgers.iter().filter(|ledger| ledger.trimmed_to > 0).count())
    }
}

impl Answer for Told<'_> {
    fn json(&self) -> Value {
        let (longest, trimmed) = self.ledgers();
        let Stats { kinds, ledgers, bytes, is_sampled } = self.0;
        let kind = |KindStats { kind: name, count, bytes }: &KindStats| json!({ "kind": name, "count": count, "bytes": bytes });
        let ledger = |ledger: &crate::store::LedgerStats| json!({ "ledger": ledger.journal, "records": ledger.records, "trimmed_to": ledger.trimmed_to });
        json!({
            "lines": self.0.count("lines"),
            "bytes": bytes,
            "bytes_a_line": self.bytes_a_line(),
            "bytes_are_sampled": is_sampled,
            "kinds": kinds.iter().map(kind).collect::<Vec<_>>(),
            "longest_ledger": longest,
            "trimmed_ledgers": trimmed,
            "ledgers": ledgers.iter().map(ledger).collect::<Vec<_>>(),
        })
    }

    fn text(&self) -> String {
        let (longest, trimmed) = self.ledgers();
        let each = |bytes: Option<u64>, count: u64| bytes.and_then(|bytes| bytes.checked_div(count));
        let told = |number: Option<u64>| number.map_or_else(String::new, |number| number.to_string());
        let row = |KindStats { kind: name, count, bytes }: &KindStats| {
            [(*name).to_owned(), count.to_string(), told(*bytes), told(each(*bytes, *count))]
        };
        let some = self.0.kinds.iter().filter(|kind| kind.count > 0 || kind.bytes.is_some_and(|bytes| bytes > 0));
        let whole = pairs([
            ("lines", self.0.count("lines").to_string()),
            ("bytes", self.0.bytes.to_string()),
            ("bytes a line", told(self.bytes_a_line())),
            ("ledgers", format!("{}, the longest of {longest} records, {trimmed} trimmed", self.0.ledgers.len())),
        ]);
        parts([table(["KIND", "COUNT", "BYTES", "EACH"], some.map(row)), whole])
    }
}
