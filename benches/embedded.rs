//! How fast the embedded store is by itself: accounts put in, then decisions' loads and commits, in sizes of the real thing.
//!
//! `cargo bench --bench embedded -- --accounts 1000000 --seconds 10 --folder /a/local/disk`. Without a folder a temporary
//! one is used. Every store found in the folder is filled up to the number of accounts, so a second run starts at once.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a measurement, not a service"
)]
#![expect(clippy::cast_precision_loss, reason = "figures to look at")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use hdrhistogram::Histogram;
use portcullis::crypto::Token;
use portcullis::domain::RecordId;
use portcullis::store::embedded::{EmbeddedStore, OpenOptions, StoreObserver};
use portcullis::store::{
    Claim, Commit, CommitError, IndexEntry, Load, NewRecord, Place, Reservation, Reserve, Slot, Store, Urgency, Write,
};

const HEAD: usize = 300;
const CREDENTIALS: usize = 120;
const LINE: usize = 250;
const RECORD: usize = 400;
const PERMIT: usize = 180;

fn main() {
    // Run as a test it does nothing: there is nothing to pass or fail.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(run());
}

fn argument(name: &str) -> Option<String> {
    std::env::args().skip_while(|argument| argument != name).nth(1)
}

fn number(name: &str, otherwise: u64) -> u64 {
    argument(name).map_or(otherwise, |text| text.parse().unwrap())
}

/// Groups and checkpoints, as the store tells of them.
#[derive(Default)]
struct Told {
    groups: AtomicU64,
    jobs: AtomicU64,
    checkpoints: Mutex<Vec<(u64, f64)>>,
}

impl StoreObserver for Told {
    fn group(&self, jobs: usize, _seconds: f64) {
        self.groups.fetch_add(1, Ordering::Relaxed);
        self.jobs.fetch_add(jobs as u64, Ordering::Relaxed);
    }

    fn checkpoint(&self, frames: u64, seconds: f64) {
        self.checkpoints.lock().unwrap().push((frames, seconds));
    }
}

struct Bench {
    store: EmbeddedStore,
    told: Arc<Told>,
    accounts: u64,
    start: DateTime<Utc>,
    started: Instant,
    next: AtomicU64,
}

async fn run() {
    let accounts = number("--accounts", 100_000);
    let seconds = number("--seconds", 10);
    let temporary = tempfile::TempDir::new().unwrap();
    let folder = argument("--folder").map_or(temporary.path().to_owned(), PathBuf::from);
    let told = Arc::new(Told::default());
    let mut options = OpenOptions::new(&folder, Vec::new(), 1);
    options.observer = Arc::<Told>::clone(&told);
    let opening = Instant::now();
    let store = EmbeddedStore::open(&options).unwrap();
    println!("opened in {:?}", opening.elapsed());
    // A day a run: instants only grow.
    let day = TimeDelta::days(i64::try_from(number("--day", 0)).unwrap());
    let start = DateTime::from_timestamp(1_800_000_000, 0).unwrap() + day;
    let seed = u64::from(std::process::id()) << 40;
    let bench = Arc::new(Bench { store, told, accounts, start, started: Instant::now(), next: AtomicU64::new(seed) });
    bench.fill().await;
    for in_flight in [1, 64, 128] {
        bench.measure("commit alone", in_flight, seconds, false).await;
        bench.measure("load, then commit", in_flight, seconds, true).await;
    }
    let closing = Instant::now();
    bench.store.close().await.unwrap();
    println!("closed in {:?}", closing.elapsed());
}

impl Bench {
    fn now(&self) -> DateTime<Utc> {
        self.start + TimeDelta::from_std(self.started.elapsed()).unwrap()
    }

    fn draw(&self) -> u64 {
        spread(self.next.fetch_add(1, Ordering::Relaxed))
    }

    fn record(&self, now: DateTime<Utc>) -> RecordId {
        let millis = u128::from(now.timestamp_millis().cast_unsigned());
        RecordId::from_u128((millis << 80) | (7 << 76) | (0b10 << 62) | u128::from(self.draw() >> 2))
    }

    /// Puts in the accounts that are not there.
    async fn fill(self: &Arc<Self>) {
        let load = Load { slots: vec![Slot::Head], ..load(account(self.accounts - 1), self.now()) };
        if self.store.load(load).await.unwrap().rows[0].is_some() {
            println!("{} accounts are there", self.accounts);
            return;
        }
        let cpu = cpu_seconds();
        let (started, next) = (Instant::now(), Arc::new(AtomicU64::new(0)));
        let tasks: Vec<_> = (0..256)
            .map(|_| {
                let (bench, next) = (Arc::clone(self), Arc::clone(&next));
                tokio::spawn(async move { bench.fill_some(&next).await })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let seconds = started.elapsed().as_secs_f64();
        println!("{} accounts put in: {:.0} accounts/s", self.accounts, self.accounts as f64 / seconds);
        self.tell(started);
        tell_cpu(&cpu, self.accounts);
    }

    async fn fill_some(&self, next: &AtomicU64) {
        let mut entries = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= self.accounts {
                break;
            }
            let (account, line, now) = (account(number), line(number), self.now());
            let write = |slot, bytes| Write { slot, expect: 0, body: Some(vec![7; bytes]) };
            let commit = Commit {
                writes: vec![
                    write(Slot::Head, HEAD),
                    write(Slot::Credentials, CREDENTIALS),
                    write(Slot::Line(line), LINE),
                ],
                records: vec![NewRecord { id: self.record(now), body: vec![8; RECORD] }],
                ..commit(account, now)
            };
            self.store.commit(commit).await.unwrap();
            let place = Place { account, line };
            entries.extend([token(number << 2 | 3), line].map(|name| IndexEntry { name, place }));
            if entries.len() >= 512 {
                self.store.index(std::mem::take(&mut entries)).await.unwrap();
            }
        }
        self.store.index(entries).await.unwrap();
    }

    /// So many callers, each with one decision at a time.
    async fn measure(self: &Arc<Self>, what: &str, in_flight: u64, seconds: u64, loaded: bool) {
        self.told.groups.store(0, Ordering::Relaxed);
        self.told.jobs.store(0, Ordering::Relaxed);
        let cpu = cpu_seconds();
        let (started, until) = (Instant::now(), Instant::now() + Duration::from_secs(seconds));
        let tasks: Vec<_> = (0..in_flight)
            .map(|_| {
                let bench = Arc::clone(self);
                tokio::spawn(async move {
                    let mut took = Histogram::<u64>::new(3).unwrap();
                    while Instant::now() < until {
                        let begun = Instant::now();
                        if bench.decide(loaded).await {
                            took.record(u64::try_from(begun.elapsed().as_micros()).unwrap()).unwrap();
                        }
                    }
                    took
                })
            })
            .collect();
        let mut took = Histogram::<u64>::new(3).unwrap();
        for task in tasks {
            took.add(task.await.unwrap()).unwrap();
        }
        let rate = took.len() as f64 / started.elapsed().as_secs_f64();
        let quantile = |at| took.value_at_quantile(at);
        let (p50, p99, p999) = (quantile(0.5), quantile(0.99), quantile(0.999));
        println!(
            "{what}, {in_flight} in flight: {rate:.0}/s, p50 {p50} us, p99 {p99} us, p99.9 {p999} us, max {} us",
            took.max()
        );
        self.tell(started);
        tell_cpu(&cpu, took.len());
    }

    /// One decision's writes: head and line in place, a record, a permit for one in three, a claim.
    async fn decide(&self, loaded: bool) -> bool {
        let number = self.draw() % self.accounts;
        let (account, line, now) = (account(number), line(number), self.now());
        let reserve = Reserve { request: token(self.draw()), digest: [1; 32] };
        let slots = [Slot::Head, Slot::Credentials, Slot::Line(line)];
        let record = self.record(now);
        let mut writes = Vec::new();
        if loaded {
            let load = Load { slots: slots.to_vec(), reserve: Some(reserve), ..load(account, now) };
            let loaded = self.store.load(load).await.unwrap();
            assert_eq!(loaded.reservation, Reservation::Made);
            for ((slot, row), bytes) in slots.iter().zip(loaded.rows).zip([HEAD, 0, LINE]) {
                let body = (bytes > 0).then(|| vec![9; bytes]);
                writes.push(Write { slot: *slot, expect: row.unwrap().version, body });
            }
        }
        if !loaded || number.is_multiple_of(3) {
            writes.push(Write { slot: Slot::Permit(record), expect: 0, body: Some(vec![6; PERMIT]) });
        }
        let commit = Commit {
            writes,
            records: vec![NewRecord { id: record, body: vec![8; RECORD] }],
            claim: Some(Claim { reserve, record }),
            ..commit(account, now)
        };
        match self.store.commit(commit).await {
            Ok(_) => true,
            // Two callers met on one account.
            Err(CommitError::Conflict) => false,
            Err(error) => panic!("{error}"),
        }
    }

    fn tell(&self, started: Instant) {
        let (groups, jobs) = (self.told.groups.load(Ordering::Relaxed), self.told.jobs.load(Ordering::Relaxed));
        let checkpoints = std::mem::take(&mut *self.told.checkpoints.lock().unwrap());
        let frames: u64 = checkpoints.iter().map(|(frames, _)| frames).sum();
        let longest = checkpoints.iter().map(|(_, seconds)| *seconds).fold(0.0, f64::max);
        let per_group = jobs as f64 / groups.max(1) as f64;
        let group_us = started.elapsed().as_micros() as f64 / groups.max(1) as f64;
        println!(
            "    {groups} groups of {per_group:.1} jobs, one each {group_us:.0} us; {} checkpoints, {frames} frames, longest {:.0} ms",
            checkpoints.len(),
            longest * 1_000.0,
        );
    }
}

/// The CPU time of each kind of thread, as Linux tells it: it says more than the wall clock where others work too.
fn cpu_seconds() -> BTreeMap<String, f64> {
    let mut seconds = BTreeMap::new();
    for thread in std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten() {
        let Ok(stat) = std::fs::read_to_string(thread.path().join("stat")) else { continue };
        let (name, rest) = stat.split_once('(').unwrap().1.rsplit_once(')').unwrap();
        let ticks = rest.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<f64>().unwrap()).sum::<f64>();
        *seconds.entry(name.trim_end_matches(|letter: char| letter.is_ascii_digit()).to_owned()).or_default() +=
            ticks / 100.0;
    }
    seconds
}

fn tell_cpu(before: &BTreeMap<String, f64>, done: u64) {
    let each = |name: &String, after: f64| (after - before.get(name).unwrap_or(&0.0)) * 1e6 / done.max(1) as f64;
    let told: Vec<_> = cpu_seconds().iter().map(|(name, after)| format!("{name} {:.1}", each(name, *after))).collect();
    println!("    CPU us for each: {}", told.join(", "));
}

fn commit(account: Token, now: DateTime<Utc>) -> Commit {
    Commit {
        account,
        now,
        urgency: Urgency::Ordinary,
        writes: vec![],
        records: vec![],
        claim: None,
        settle: vec![],
        due: vec![],
        done: vec![],
    }
}

fn load(account: Token, now: DateTime<Utc>) -> Load {
    Load { account, slots: vec![], reserve: None, charges: vec![], windows: vec![], now, at_least: None }
}

fn account(number: u64) -> Token {
    token(number << 2 | 1)
}

fn line(number: u64) -> Token {
    token(number << 2 | 2)
}

fn token(number: u64) -> Token {
    let bits = (u128::from(spread(number)) << 64) | u128::from(spread(!number));
    Token::from_bytes(bits.to_be_bytes())
}

/// Evenly spread, each number to another.
fn spread(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
