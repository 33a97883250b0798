//! `portcullis store copy`.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use indicatif::ProgressBar;
use serde_json::{Map, Value, json};

use crate::cli::failure::{EXIT_CODES, Exit, Failure};
use crate::cli::jsonl::bar;
use crate::cli::output::{Answer, Output, hex, note, pairs, parts};
use crate::cli::run::serving;
use crate::cli::serve::{open_to_carry, open_to_fill};
use crate::clock::{Clock as _, SystemClock};
use crate::config::{Config, Overrides};
use crate::crypto::Keyring;
use crate::store::{Counts, Kind, Moved, Moving, MovingError, copy};

const EXAMPLES: &str = "\
Stop every service first: the copy is refused while one uses either store, and none starts until it is complete. Ended \
at any instant, the same command goes on where it was. At the end both stores are read again and held against each \
other; only then is the target a store, with an epoch of its own: consistency tokens of the source are refused. The \
source stays as it is, and no service starts on it any more (`store reclaim`). See docs/redis.md.

Examples:
  portcullis store copy --from /etc/portcullis/embedded.toml --to /etc/portcullis/redis.toml
";

/// How often how far it is is told where there is no terminal, in seconds.
const TOLD_EVERY_SECONDS: u64 = 10;

/// Flags of `store copy`.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(crate) struct CopyArgs {
    /// Settings of the store that is copied, as `serve` takes them
    #[arg(long, value_name = "SETTINGS")]
    from: PathBuf,
    /// Settings of the store that it is copied into, which must be empty or the beginning of the same copy
    #[arg(long, value_name = "SETTINGS")]
    to: PathBuf,
}

/// Runs it.
pub(super) fn run(args: &CopyArgs, output: Output) -> Result<Exit, Failure> {
    let (from, to) = (Side::load("--from", &args.from)?, Side::load("--to", &args.to)?);
    same_keys(&from, &to)?;
    let now = SystemClock::start().now().map_err(|error| Failure::caused(Exit::Failed, &error))?.instant();
    serving(async move {
        let begun = Instant::now();
        let source = open_to_carry(&from.config.store, &from.keyring).await.map_err(|failure| from.refused(failure))?;
        let standing = source.standing().await.map_err(|error| Failure::caused(Exit::Failed, &error))?;
        let target = open_to_fill(&to.config.store, &to.keyring, standing.mark).await;
        let target = target.map_err(|failure| to.refused(failure))?;
        let mut told = Telling::new(output);
        let moved = copy(source.clone(), target.clone(), now, &mut |moving| told.tell(&moving)).await;
        told.bar.finish_and_clear();
        // What was done is done: a hold that cannot be let go ends by itself.
        let _ = (target.leave().await, source.leave().await);
        let moved = moved.map_err(|error| unfinished(&error))?;
        output.show(&Copied { moved: &moved, epoch: target.epoch(), seconds: begun.elapsed().as_secs_f64() })?;
        Ok(Exit::Done)
    })
}

/// One of the two stores.
struct Side {
    flag: &'static str,
    config: Config,
    keyring: Keyring,
}

impl Side {
    fn load(flag: &'static str, settings: &Path) -> Result<Self, Failure> {
        let invalid = |error: &(dyn std::error::Error + 'static)| {
            Failure::caused(Exit::Invalid, error).advise(format!("look at {flag}, which is {}", settings.display()))
        };
        let config = Config::load(Some(settings), &Overrides::default()).map_err(|error| invalid(&error))?;
        let keyring = Keyring::load(&config.keys.keyring_file).map_err(|error| invalid(&error))?;
        Ok(Self { flag, config, keyring })
    }

    fn refused(&self, failure: Failure) -> Failure {
        failure.of(self.flag)
    }
}

/// What was sealed and named in one store must be opened and found in the other.
fn same_keys(from: &Side, to: &Side) -> Result<(), Failure> {
    let marks = to.keyring.marks();
    for (name, mark) in from.keyring.marks() {
        let fault = match marks.iter().find(|(known, _)| *known == name) {
            Some((_, known)) if *known == mark => continue,
            Some(_) => format!("key `{name}` of --from and of --to are two keys"),
            None => format!("key `{name}` of --from is not in the keyring of --to"),
        };
        return Err(Failure::invalid(fault).advise("name the same keyring in `keys.keyring_file` of both settings"));
    }
    Ok(())
}

fn unfinished(error: &MovingError) -> Failure {
    let failure = Failure::caused(Exit::Failed, error);
    match error {
        MovingError::Store(_) => failure.advise("the same again: it goes on where it was"),
        MovingError::Changed | MovingError::OtherVersion | MovingError::Differs(_) => {
            failure.advise("the target serves nobody: empty it, or choose another one, and begin again")
        }
    }
}

/// Tells how far it is: a line that is drawn anew on a terminal, a line now and then where there is none.
struct Telling {
    bar: ProgressBar,
    output: Output,
    begun: Instant,
    told: Instant,
    before: Option<u64>,
}

impl Telling {
    fn new(output: Output) -> Self {
        let now = Instant::now();
        Self { bar: bar(None), output, begun: now, told: now, before: None }
    }

    fn tell(&mut self, moving: &Moving) {
        let text = match moving {
            Moving::Put(counts) => {
                // What was put before this run counts, but not for its pace.
                let before = *self.before.get_or_insert_with(|| counts.all());
                let seconds = self.begun.elapsed().as_secs().max(1);
                let pace = counts.all().saturating_sub(before) / seconds;
                format!("{}; {pace} a second", line(counts))
            }
            Moving::Compared(read) => format!("{read} rows, records and names read again on both sides"),
        };
        if self.bar.is_hidden() && !self.output.is_json() && self.told.elapsed().as_secs() >= TOLD_EVERY_SECONDS {
            self.told = Instant::now();
            note(&text);
        }
        self.bar.set_message(text);
    }
}

fn line(counts: &Counts) -> String {
    let told = counts.each().filter(|(_, count)| *count > 0).map(|(kind, count)| format!("{count} {}", kind.name()));
    told.collect::<Vec<_>>().join(", ")
}

struct Copied<'a> {
    moved: &'a Moved,
    epoch: u64,
    seconds: f64,
}

impl Answer for Copied<'_> {
    fn json(&self) -> Value {
        let Moved { put, before, compared } = self.moved;
        json!({
            "epoch": format!("{:016x}", self.epoch),
            "put": counts(put),
            "put_before": before.all(),
            "compared": counts(&compared.counts),
            "ledgers": compared.ledgers,
            "ledger_heads": hex(&compared.heads),
            "seconds": self.seconds,
        })
    }

    fn text(&self) -> String {
        let Moved { put, compared, .. } = self.moved;
        let copied = pairs([
            ("copied", line(put)),
            ("compared", line(&compared.counts)),
            ("ledgers", format!("{}, heads {}", compared.ledgers, hex(&compared.heads))),
            ("epoch", format!("{:016x}", self.epoch)),
            ("seconds", format!("{:.1}", self.seconds)),
        ]);
        let next = "The target is a store now, and no service starts on the source any more: take it away.";
        parts([copied, next.to_owned()])
    }
}

/// Kinds as fields.
fn counts(counts: &Counts) -> Value {
    let field = |(kind, count): (Kind, u64)| (kind.name().replace(' ', "_"), Value::from(count));
    Value::Object(counts.each().map(field).collect::<Map<_, _>>())
}
