//! The command: its flags, and its phases in order.

use std::hint::black_box;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::runtime::{Builder, Runtime};

use super::asks::{Ask, Questions};
use super::bare::BareStore;
use super::callers::sizes;
use super::compare::{self, Compared, Loads};
use super::figures::calls_in;
use super::import::{Imported, import, import_seeds};
use super::notices::{self, Queued, Receiver};
use super::oracle;
use super::overload::{self, Cores, Offered};
use super::population::{OTHER_BRAND, Population};
use super::report::Report;
use super::rounds::{self, Rig};
use super::world::{Choices, Connection, Ground, Scratch, World};
use super::{pins, solo};
use crate::cli::failure::{EXIT_CODES, Exit, Failure};
use crate::cli::output::{Output, note};
use crate::cli::stores::{StoreKind, Stores};
use crate::config::StoreDurability;
use crate::crypto::{SigningKey, verify_app_signature};
use crate::domain::Role;
use crate::grpc::client::Client;

const ABOUT: &str = "\
Starts a service in this process, on a new store in a new folder of the disk (removed afterwards), imports generated
accounts into it over gRPC, and asks it for decisions over TLS with tokens. Beside the decisions, in the same run and in
turns with them, the floors: the bare store (the same loads and commits, sizes, tables and group commit; no gRPC, no
policy, no sealing), and an echo of the same sizes on the same server settings (no token is checked).

Of ten decisions six are denied by a lock, three approved, one challenged. The policy is the default one, and it approves
nothing without proof: approvals rest on the owner's app, whose signature over the exact request is checked each time.
What that costs is told apart. No other secret is looked at, except in the phase with PINs.

With --overload: what the service answers at most, and then four times as many calls a second, by a schedule that waits for
no answer, with locks among them. Service and callers have half of the cores each, in both. A call that is not answered in
a second counts as lost. Every approval is held against the record that it names. Refusing a call costs no less than receiving
it: what an echo costs in the same run tells how much of its peak a service could answer at most.

With --notices: what decisions pay while a hundred thousand notices to customers leave, which go the whole way: read from the
ledger, signed, and posted over TLS to a receiver on this machine. At a quarter of the peak, without notices and with them, in
turns; service and callers have half of the cores each, and the receiver those of the callers. Every approval must be told.

With --policy: what a policy costs, over the whole decision. Each policy decides in a service of its own, in turns with the
other: the default one, and the minimal one, which has no rule but those that every policy has. Both are asked by devices at
the counter, which writes no window, and by clerks without their customers, which writes two.";

const EXAMPLES: &str = "\
Examples:
  portcullis bench --accounts 10000 --seconds 10
  portcullis bench --store embedded --seconds 10 --accounts 1000000 --json
  portcullis bench --store redis --json
  portcullis bench --rate 5000
  portcullis bench --overload --seconds 15
  portcullis bench --notices 100000 --accounts 100000
  portcullis bench --oracle --samples 10000
  portcullis bench --policy minimal,default
";

/// The length that a round should have, in seconds.
const ROUND_SECONDS: u64 = 2;

/// The fewest rounds: the median of fewer says little.
const ROUNDS_MIN: u64 = 3;

/// The share of the highest rate at which the open loop asks, unless told otherwise.
const OPEN_SHARE: f64 = 0.5;

/// Questions made ready for the open loop beyond what its rate needs: callers do not share them out evenly.
const OPEN_SPARE: f64 = 2.0;

/// Decisions made before anything is measured, so that their shapes are known.
const SHAPED_DECISIONS: usize = 2_560;

/// Signatures checked to tell what one check costs.
const CHECKS: u32 = 2_000;

/// Flags of `bench`.
#[derive(Debug, Args)]
#[command(long_about = ABOUT, after_long_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(crate) struct BenchArgs {
    /// Which store
    #[arg(long, value_enum, default_value = "embedded")]
    store: StoreKind,
    /// How long each load lasts
    #[arg(long, default_value_t = 10, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=3_600))]
    seconds: u64,
    /// How many accounts to generate; rounded up to tens
    #[arg(long, default_value_t = 10_000, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    accounts: u64,
    /// Connections
    #[arg(long, default_value_t = 4, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1_000))]
    connections: u16,
    /// Calls open at a time on each connection
    #[arg(long, default_value_t = 12, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    streams: u16,
    /// Decisions a second of the open loop; by default half of what the closed loop reached
    #[arg(long, value_name = "N")]
    rate: Option<f64>,
    /// Offer four times as many calls as can be answered, with locks among them, instead of the other loads
    #[arg(long, conflicts_with = "rate")]
    overload: bool,
    /// Ask about numbers of every kind under a wrong account number, instead of the other loads: do times tell them apart?
    #[arg(long, conflicts_with_all = ["rate", "overload"])]
    oracle: bool,
    /// Have so many changes approved, then tell their customers while decisions run at a quarter of the peak, instead of the
    /// other loads: what do decisions pay?
    #[arg(
        long, conflicts_with_all = ["rate", "overload", "oracle"], num_args = 0..=1, default_missing_value = "100000",
        value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000_000)
    )]
    notices: Option<u64>,
    /// How often each kind of number is asked about
    #[arg(long, default_value_t = 10_000, requires = "oracle", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    samples: u32,
    /// Hold these policies against each other, instead of the other loads
    #[arg(
        long, value_enum, value_delimiter = ',', conflicts_with_all = ["rate", "overload", "oracle", "notices"], value_name = "POLICY"
    )]
    policy: Vec<Compared>,
    /// Where to make the folder: the disk to be measured
    #[arg(long, default_value = ".", value_name = "FOLDER")]
    folder: PathBuf,
}

impl BenchArgs {
    /// Rounds of each phase, and how long one lasts.
    fn turns(&self) -> (u32, Duration) {
        let count = (self.seconds / ROUND_SECONDS).max(ROUNDS_MIN);
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        (count, Duration::from_secs(self.seconds) / count)
    }

    /// Accounts, in tens.
    const fn accounts(&self) -> u64 {
        self.accounts.div_ceil(10).saturating_mul(10)
    }
}

/// Runs it.
pub(crate) fn run(args: &BenchArgs, output: Output) -> Result<Exit, Failure> {
    if args.overload {
        let cores = Cores::split()?;
        let report = Bench::start(args, Some(&cores))?.overload(&cores)?;
        output.show(&report)?;
    } else if let Some(queue) = args.notices {
        let report = Bench::start(args, Some(&Cores::split()?))?.notices(queue)?;
        output.show(&report)?;
    } else if !args.policy.is_empty() {
        output.show(&compared(args)?)?;
    } else if args.oracle {
        output.show(&Bench::start(args, None)?.oracle()?)?;
    } else {
        let report = Bench::start(args, None)?.measure()?;
        output.show(&report)?;
    }
    Ok(Exit::Done)
}

/// A bench with everything started.
struct Bench<'a> {
    args: &'a BenchArgs,
    accounts: u64,
    server: Runtime,
    client: Runtime,
    world: World,
    connections: Vec<Connection>,
    echoes: Vec<Client>,
    stores: Stores,
    receiver: Option<Receiver>,
    // Last: it is removed when nobody writes there any more.
    scratch: Scratch,
}

impl<'a> Bench<'a> {
    /// With a share of the cores for the service and another for its callers, or without.
    fn start(args: &'a BenchArgs, cores: Option<&Cores>) -> Result<Self, Failure> {
        let scratch = Scratch::make(&args.folder)?;
        cores.map_or(Ok(()), Cores::of_offering)?;
        let client = runtime("bench-client")?;
        cores.map_or(Ok(()), Cores::of_service)?;
        let server = runtime("bench-server")?;
        let stores = Stores::start(args.store, scratch.path())?;
        let ground = Ground::make(scratch.path())?;
        let receiver =
            args.notices.map(|_| client.block_on(Receiver::start(scratch.path(), &ground.keys))).transpose()?;
        let messages = receiver.as_ref().map(|receiver| receiver.settings.clone());
        let choices = Choices { messages, ..Choices::default() };
        let world = server.block_on(World::start(&ground, &stores, choices))?;
        cores.map_or(Ok(()), Cores::of_offering)?;
        let (mut connections, mut echoes) = (Vec::new(), Vec::new());
        for _ in 0..args.connections {
            connections.push(client.block_on(world.connect())?);
            echoes.push(client.block_on(world.connect_echo())?);
        }
        let accounts = args.accounts();
        Ok(Self { args, accounts, server, client, world, connections, echoes, stores, receiver, scratch })
    }

    fn measure(self) -> Result<Report, Failure> {
        let provisioning = &self.connections.first().ok_or_else(|| Failure::invalid("no connection"))?.provisioning;
        let population = Population { device_jwk: self.world.app.public_jwk(), now: self.world.made_at };
        let imported = self.import(provisioning, &population)?;
        let mut questions = Questions::new(self.accounts, Arc::clone(&self.world.app))?;
        let mut rig = self.rig();
        let (asked, answered) = self.sizes(&mut questions)?;
        rig.payload = vec![0; asked].into();
        rig.response_size = u32::try_from(answered).unwrap_or(0);
        let bare = self.bare(&rig, &mut questions)?;

        note("load: bare store, decisions, echo, in turns; the first turn does not count");
        let turns = self.args.turns();
        let rounds = rounds::run(&rig, &mut questions, &bare, turns, |told| note(&format!("  {told}")))?;
        let open_rate = self.args.rate.unwrap_or(rounds.decide_per_s() * OPEN_SHARE);
        note(&format!("load: decisions at {open_rate:.0} a second"));
        let limit = Duration::from_secs(self.args.seconds);
        let prepared = calls_in(open_rate * OPEN_SPARE, limit);
        let open = rig.decisions(&mut questions, prepared, Some(open_rate), limit)?;
        note("load: one caller alone");
        let solo = solo::run(&rig, &mut questions, &bare, turns, || self.world.waits())?;
        self.server.block_on(bare.close())?;
        note("load: PINs");
        let pins = pins::run(&rig, &self.world, (&population, provisioning), self.accounts, turns)?;
        drop(rig);
        let report = Report {
            store: self.args.store.name(),
            accounts: self.accounts,
            seconds: self.args.seconds,
            connections: usize::from(self.args.connections),
            streams: usize::from(self.args.streams),
            sizes: (asked, answered),
            approval_check_us: approval_check_us(&self.world.app),
            import: imported,
            rounds,
            open,
            open_rate,
            solo,
            pins,
        };
        self.server.block_on(self.world.close())?;
        drop(self.scratch);
        Ok(report)
    }

    fn overload(self, cores: &Cores) -> Result<overload::Report, Failure> {
        let provisioning = &self.connections.first().ok_or_else(|| Failure::invalid("no connection"))?.provisioning;
        let population = Population { device_jwk: self.world.app.public_jwk(), now: self.world.made_at };
        self.import(provisioning, &population)?;
        let mut questions = Questions::new(self.accounts, Arc::clone(&self.world.app))?;
        note("load: the peak, then four times as much, in turns; the first turn does not count");
        let offered = Offered {
            world: &self.world,
            server: &self.server,
            client: &self.client,
            connections: usize::from(self.args.connections),
            streams: usize::from(self.args.streams),
            limit: Duration::from_secs(self.args.seconds) / overload::ROUNDS,
            cores,
            accounts: self.accounts,
        };
        let report = overload::run(&offered, &mut questions)?;
        self.server.block_on(self.world.close())?;
        drop(self.scratch);
        Ok(report)
    }

    fn notices(self, queue: u64) -> Result<notices::Report, Failure> {
        let provisioning = &self.connections.first().ok_or_else(|| Failure::invalid("no connection"))?.provisioning;
        let population = Population { device_jwk: self.world.app.public_jwk(), now: self.world.made_at };
        self.import(provisioning, &population)?;
        let mut questions = Questions::new(self.accounts, Arc::clone(&self.world.app))?;
        let rig = self.rig();
        let queued = Queued {
            world: &self.world,
            receiver: self.receiver.as_ref().ok_or_else(|| Failure::failed("no receiver was started"))?,
            server: &self.server,
            queue,
            limit: Duration::from_secs(self.args.seconds),
            accounts: self.accounts,
        };
        let report = notices::run(&queued, &rig, &mut questions)?;
        drop(rig);
        self.server.block_on(self.world.close())?;
        drop(self.scratch);
        Ok(report)
    }

    fn oracle(self) -> Result<oracle::Report, Failure> {
        let connection = self.connections.first().ok_or_else(|| Failure::invalid("no connection"))?;
        let population = Population { device_jwk: self.world.app.public_jwk(), now: self.world.made_at };
        self.import(&connection.provisioning, &population)?;
        let others = self.world.token_of(Role::Provisioning, "others", OTHER_BRAND)?;
        let others = connection.provisioning.with_token(&others)?;
        for (client, seeds) in
            [&connection.provisioning, &others].into_iter().zip(oracle::seeds(&population, self.accounts))
        {
            self.client.block_on(import_seeds(client, seeds, |_| {}))?;
        }
        note("load: one question after the other");
        let samples = usize::try_from(self.args.samples).unwrap_or(usize::MAX);
        let report = self.client.block_on(oracle::run(&self.world, self.accounts, samples))?;
        self.server.block_on(self.world.close())?;
        drop(self.scratch);
        Ok(report)
    }

    fn rig(&self) -> Rig<'_> {
        Rig {
            server: &self.server,
            client: &self.client,
            deciders: self.connections.iter().map(|connection| connection.deciders.clone()).collect(),
            echoes: self.echoes.clone(),
            streams: usize::from(self.args.streams),
            payload: Arc::from([]),
            response_size: 0,
        }
    }

    fn import(&self, provisioning: &Client, population: &Population) -> Result<Imported, Failure> {
        let bar = self.bar("import");
        let accounts = (0..self.accounts).collect();
        let importing = import(provisioning, population, accounts, None, |done| bar.set_position(done));
        let imported = self.client.block_on(importing)?;
        bar.finish_and_clear();
        note(&format!("import: {} accounts, {:.0} a second", self.accounts, imported.per_second()));
        Ok(imported)
    }

    /// The mean sizes of a question and its answer, in bytes.
    fn sizes(&self, questions: &mut Questions) -> Result<(usize, usize), Failure> {
        let connection = self.connections.first().ok_or_else(|| Failure::invalid("no connection"))?;
        let asks: Vec<Ask> = questions.take(100)?;
        self.client.block_on(sizes(connection.deciders.clone(), asks))
    }

    fn bare(&self, rig: &Rig<'_>, questions: &mut Questions) -> Result<BareStore, Failure> {
        self.world.noted.begin();
        rig.decisions(questions, SHAPED_DECISIONS, None, Duration::from_secs(self.args.seconds.max(10)))?;
        let shapes = self.world.noted.end();
        if shapes.is_empty() {
            return Err(Failure::failed("no decision was committed"));
        }
        note("bare store: accounts of filler");
        let store = self.stores.another(self.scratch.path().join("bare"), StoreDurability::Full)?;
        self.server.block_on(BareStore::make(&store, &self.world.keyring, shapes, self.accounts))
    }

    fn bar(&self, name: &'static str) -> ProgressBar {
        let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} ({per_sec}, {eta})");
        let bar = ProgressBar::new(self.accounts).with_message(name);
        // A template that did not parse leaves the plain bar.
        if let Ok(style) = style { bar.with_style(style) } else { bar }
    }
}

/// Holds policies against each other.
fn compared(args: &BenchArgs) -> Result<compare::Report, Failure> {
    let scratch = Scratch::make(&args.folder)?;
    let (server, client) = (runtime("bench-server")?, runtime("bench-client")?);
    let stores = Stores::start(args.store, scratch.path())?;
    let loads = Loads {
        folder: scratch.path(),
        stores: &stores,
        server: &server,
        client: &client,
        accounts: args.accounts(),
        connections: usize::from(args.connections),
        streams: usize::from(args.streams),
        turns: args.turns(),
    };
    compare::run(&loads, &args.policy)
}

fn runtime(name: &str) -> Result<Runtime, Failure> {
    let runtime = Builder::new_multi_thread().thread_name(name).enable_all().build();
    runtime.map_err(|error| Failure::failed(format!("cannot start: {error}")))
}

/// What the service pays for each app approval: reading the key and checking the signature.
fn approval_check_us(app: &SigningKey) -> f64 {
    let message = [7; 160];
    let (jwk, signature) = (app.public_jwk(), app.sign(&message));
    let started = Instant::now();
    for _ in 0..CHECKS {
        let _ = black_box(verify_app_signature(black_box(&jwk), &message, &signature));
    }
    started.elapsed().as_secs_f64() * 1e6 / f64::from(CHECKS)
}
