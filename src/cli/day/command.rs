//! `portcullis day`: the command.

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::oneshot;

use super::asker::Issuer;
use super::counters;
use super::counts::Counts;
use super::hand::{self, TryLine};
use super::notes::Notes;
use super::player::Player;
use super::report::{Report, TooOld};
use super::script::{self, Kind, Step};
use super::subscribers::{self, Imported};
use super::told::Told;
use crate::cli::failure::{EXIT_CODES, Exit, Failure};
use crate::cli::keys::{self, make_development_set};
use crate::cli::output::Output;
use crate::cli::serve::{self, Listening, Stops, serve_until};
use crate::clock::{Clock as _, SystemClock};
use crate::config::{Config, Overrides};
use crate::crypto::read_secret_file;
use crate::grpc::client::{Client, Target};
use crate::grpc::pb::v1 as pb;

/// How long one answer may take.
const ANSWER_TIME_MAX: std::time::Duration = std::time::Duration::from_secs(30);

/// Answers are kept for 7 days; after this many an older day is not played again, since it could come out otherwise.
const PLAYED_DAYS_MAX: i64 = 6;

/// The sheets' folder, in the day's own.
const DAY: &str = "day";

/// The subscribers' file.
const SUBSCRIBERS: &str = "subscribers.jsonl";

/// The token issuer's private key, in the data folder.
const ISSUER_KEY: &str = "issuer.key";

/// The authority's certificate, in the data folder.
const AUTHORITY: &str = "ca.pem";

const EXAMPLES: &str = "\
Makes keys for development in the data folder, starts a service there, imports the subscribers, plays the day through the
public interface, tells what came of it, and keeps serving. A second start finds everything again.

Examples:
  portcullis day
  portcullis day examples --data /tmp/day --exit --json
";

/// `portcullis day`.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(crate) struct DayArgs {
    /// The folder with subscribers.jsonl and the sheets in day/
    #[arg(default_value = "examples")]
    dir: PathBuf,
    /// Where keys, tokens and the store are
    #[arg(long, value_name = "DIR", default_value = "data")]
    data: PathBuf,
    /// End once the day is told, instead of serving on
    #[arg(long)]
    exit: bool,
    /// A setting of the service that lays over its file; may be repeated
    #[arg(long, value_name = "SECTION.KEY=VALUE", value_parser = serve::setting)]
    set: Vec<(String, String)>,
}

/// Runs it.
pub(crate) fn run(args: DayArgs, output: Output) -> Result<Exit, Failure> {
    let clock = SystemClock::start();
    let now = clock.now().map_err(|error| Failure::caused(Exit::Failed, &error))?.instant();
    make_development_set(&args.data, now)?;
    let config = settings(&args)?;
    crate::telemetry::install(config.log).map_err(|error| Failure::caused(Exit::Failed, &error))?;
    let script =
        Script { steps: script::read(&args.dir.join(DAY))?, rows: subscribers::read(&args.dir.join(SUBSCRIBERS))? };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::failed(format!("cannot start: {error}")))?;
    runtime.block_on(serve_and_play(&args, config, &script, now, output))
}

/// The service's settings in the data folder. It logs only what needs a person, unless said otherwise.
fn settings(args: &DayArgs) -> Result<Config, Failure> {
    let quiet = Overrides::default().with("log.level", "warn");
    let overrides = args.set.iter().fold(quiet, |all, (key, value)| all.with(key, value));
    let file = args.data.join(keys::CONFIG_FILE);
    Config::load(Some(&file), &overrides).map_err(|error| Failure::caused(Exit::Invalid, &error))
}

/// What is played.
struct Script {
    steps: Vec<Step>,
    rows: Vec<(i64, pb::AccountSeed)>,
}

async fn serve_and_play(
    args: &DayArgs,
    config: Config,
    script: &Script,
    now: DateTime<Utc>,
    output: Output,
) -> Result<Exit, Failure> {
    let (listening, told) = oneshot::channel();
    let (stop, stopped) = oneshot::channel();
    let stops = Stops::listen()?.or_asked(stopped);
    let hear = |addresses| listening.send(addresses).map_err(|_| Failure::failed("nobody plays the day any more"));
    let mut serving = pin!(serve_until(config, stops, hear));
    let playing = async {
        let addresses = told.await.map_err(|_| Failure::failed("the service did not start"))?;
        play(args, script, addresses, now, output).await
    };
    let played = tokio::select! {
        served = &mut serving => return served.map(|_| Exit::Failed),
        played = playing => played,
    };
    match played {
        Ok(Exit::Done) if !args.exit => {}
        _ => {
            // A service that is gone needs not be told.
            let _ = stop.send(());
        }
    }
    serving.await?;
    played
}

async fn play(
    args: &DayArgs,
    script: &Script,
    listening: Listening,
    now: DateTime<Utc>,
    output: Output,
) -> Result<Exit, Failure> {
    let (endpoint, ops) = (format!("https://localhost:{}", listening.address.port()), listening.ops_address);
    let issuer = issuer(&args.data, now)?;
    let client = connect(&args.data, &endpoint, &issuer).await?;
    let notes = Notes::read(&args.data)?;
    let before = notes.played();
    let mut player = Player::new(client, issuer, notes);
    let imported = player.import(&script.rows).await?;
    let (open, locked) = try_lines(&script.rows)?;
    hand::write_tokens(&args.data, player.issuer(), &open)?;
    let too_old = before.filter(|before| now - *before > TimeDelta::days(PLAYED_DAYS_MAX));
    let exit = if let Some(before) = too_old {
        output.show(&TooOld(before))?;
        Exit::Done
    } else {
        let report = play_all(&mut player, &args.data, script, imported, ops, now, output).await?;
        let report = Report { played_before: before, ..report };
        output.show(&report)?;
        if report.is_as_expected() { Exit::Done } else { Exit::Failed }
    };
    if !args.exit && exit == Exit::Done {
        output.note(&hand::how_to(&args.data, &endpoint, &ops.to_string(), &open, &locked));
    }
    Ok(exit)
}

fn issuer(data: &Path, now: DateTime<Utc>) -> Result<Issuer, Failure> {
    let key = read_secret_file(&data.join(ISSUER_KEY)).map_err(|error| Failure::caused(Exit::Failed, &error))?;
    Issuer::new(&key, now)
}

async fn connect(data: &Path, endpoint: &str, issuer: &Issuer) -> Result<Client, Failure> {
    let authority = data.join(AUTHORITY);
    let root = std::fs::read_to_string(&authority)
        .map_err(|error| Failure::failed(format!("cannot read `{}`: {error}", authority.display())))?;
    let token = issuer.issue(&subscribers::provisioning())?;
    let answer_time_max = ANSWER_TIME_MAX;
    let (root_pem, token) = (Some(root.as_str()), Some(token.as_str()));
    let target = Target { endpoint, root_pem, certificate: None, token, answer_time_max, from: None };
    Ok(Client::connect(&target).await?)
}

/// The first two subscribers take no part in the day: an open line and a locked one.
fn try_lines(rows: &[(i64, pb::AccountSeed)]) -> Result<(TryLine, TryLine), Failure> {
    let mut lines = rows.iter().filter_map(|(_, seed)| TryLine::of(seed));
    let both = lines.next().zip(lines.next());
    both.ok_or_else(|| Failure::invalid(format!("{SUBSCRIBERS} must have two subscribers to try things on")))
}

async fn play_all(
    player: &mut Player,
    data: &Path,
    script: &Script,
    imported: Imported,
    ops: std::net::SocketAddr,
    now: DateTime<Utc>,
    output: Output,
) -> Result<Report, Failure> {
    let (started, mut counts) = (Instant::now(), Counts::new(now));
    let progress = progress(script.steps.len(), output);
    for step in &script.steps {
        let told = player.play(step).await?;
        let request = step.row.cell("request_id");
        let same = told.decision.as_ref().and_then(|decision| player.notes.was_decided(request, &decision.id));
        let recorded = on_record(player, step, &told).await?;
        counts.add(step, &told, same, recorded);
        if matches!(step.kind, Kind::TransferPin | Kind::Lock) {
            player.notes.write_shown(data)?;
        }
        progress.inc(1);
    }
    progress.finish_and_clear();
    let seconds = started.elapsed().as_secs_f64();
    player.notes.write_answers(data, now)?;
    let mut recorded = 0_usize;
    for account in script.rows.iter().filter_map(|(_, seed)| seed.account.as_ref()) {
        recorded = recorded.saturating_add(player.recorded_decisions(&account.account_id).await?);
    }
    let counted = counters::read(ops).await?;
    Ok(Report { imported, counts, counted, recorded, seconds, played_before: None })
}

/// The reasons on record for an answer to a carrier that belongs to an attack: the carrier hears only a code.
async fn on_record(player: &mut Player, step: &Step, told: &Told) -> Result<Vec<String>, Failure> {
    match &told.decision {
        Some(decision) if step.kind == Kind::Port && step.story().is_some() => {
            player.recorded_reasons(&decision.id).await
        }
        _ => Ok(Vec::new()),
    }
}

fn progress(steps: usize, output: Output) -> ProgressBar {
    if output.is_json() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(u64::try_from(steps).unwrap_or(u64::MAX));
    match ProgressStyle::with_template("playing the day {bar:40} {pos}/{len} requests") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
