//! The store alone: the same loads, charges and commits, the same sizes, tables and group commit, and nothing around them.
//! Nobody authenticates, decides, seals or converts; what is written is filler.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::asks::Random;
use super::drive::Caller;
use super::shapes::Shape;
use super::tally::{Ended, Tally};
use crate::cli::failure::{Exit, Failure};
use crate::cli::serve::{Hand, Opened};
use crate::clock::{Clock, SystemClock};
use crate::config;
use crate::crypto::{Ids, Keyring, Token, random_bytes};
use crate::domain::RecordId;
use crate::store::{
    Charge, ChargeWindows, Claim, Commit, CommitError, Load, Loaded, NewRecord, Reserve, Row, Settle, Slot, Store,
    StoreError, Urgency, WindowKey, Write,
};

/// Bytes of credentials as every account without a PIN has them, sealed.
const CREDENTIALS_BYTES: usize = 32;

/// Accounts being made at a time: as many as one group of the store takes.
const MAKING_MAX: usize = 256;

/// An account's windows have its number with another bit turned: those that are charged from here on, those that are read
/// from there on.
const OWN_WINDOWS: u64 = 40;
const READ_WINDOWS: u64 = 50;

/// What stands where sealed bytes would.
const FILLER: u8 = 0xa5;

/// A store with accounts of filler.
pub(super) struct BareStore {
    opened: Opened,
    store: Arc<dyn Store>,
    clock: Arc<SystemClock>,
    ids: Ids,
    shapes: Arc<[Shape]>,
    accounts: u64,
}

impl BareStore {
    /// Makes one with so many accounts, whose rows have the sizes of `shapes`.
    pub(super) async fn make(
        store: &config::Store,
        keyring: &Keyring,
        shapes: Vec<Shape>,
        accounts: u64,
    ) -> Result<Self, Failure> {
        let opened = Opened::open(store, keyring, &Arc::default(), Hand::Off).await?;
        let bare = Self {
            store: opened.contract(),
            opened,
            clock: Arc::new(SystemClock::start()),
            ids: Ids::new(keyring),
            shapes: shapes.into(),
            accounts,
        };
        let mut making = JoinSet::new();
        for maker in (0..).take(MAKING_MAX) {
            let (store, clock) = (Arc::clone(&bare.store), Arc::clone(&bare.clock));
            let shape = bare.shape(maker);
            making.spawn(async move {
                for account in (maker..accounts).step_by(MAKING_MAX) {
                    store.commit(new_account(&clock, account, &shape)?).await?;
                }
                Ok::<_, CommitError>(())
            });
        }
        while let Some(made) = making.join_next().await {
            let made = made.map_err(|error| Failure::caused(Exit::Failed, &error))?;
            made.map_err(|error| Failure::caused(Exit::Failed, &error))?;
        }
        Ok(bare)
    }

    /// Callers that share the accounts out among them, so that none conflicts with another: requests on one account queue
    /// in the engine as well.
    pub(super) fn callers(&self, count: usize) -> Result<Vec<BareCaller>, Failure> {
        let count = u64::try_from(count).unwrap_or(1);
        (0..count).map(|number| self.caller(number, count)).collect()
    }

    fn caller(&self, number: u64, count: u64) -> Result<BareCaller, Failure> {
        Ok(BareCaller {
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            ids: self.ids.clone(),
            shapes: Arc::clone(&self.shapes),
            plain: Shape::default(),
            made: usize::try_from(number).unwrap_or(0),
            random: Random::new()?,
            first: number,
            step: count,
            accounts: self.accounts / count.max(1),
        })
    }

    fn shape(&self, number: u64) -> Shape {
        let number = usize::try_from(number).unwrap_or(0);
        self.shapes.get(number % self.shapes.len().max(1)).cloned().unwrap_or_default()
    }

    /// Closes it.
    pub(super) async fn close(self) -> Result<(), Failure> {
        self.opened.close().await.map_err(|error| Failure::caused(Exit::Failed, &error))
    }
}

/// Spread over the tables as keyed tokens are.
const fn token(account: u64) -> Token {
    Token::from_bytes(((account as u128 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)).to_be_bytes())
}

/// The line's row; any other token does.
const fn line(account: u64) -> Slot {
    Slot::Line(token(account ^ (1 << 63)))
}

fn new_account(clock: &SystemClock, account: u64, shape: &Shape) -> Result<Commit, StoreError> {
    let write = |slot, bytes| Write { slot, expect: 0, body: Some(vec![FILLER; bytes]) };
    let writes = vec![
        write(Slot::Head, shape.head),
        write(Slot::Credentials, CREDENTIALS_BYTES),
        write(line(account), shape.line),
    ];
    commit(clock, account, writes)
}

fn commit(clock: &SystemClock, account: u64, writes: Vec<Write>) -> Result<Commit, StoreError> {
    let now = clock.now().map_err(|error| StoreError::Unavailable(error.to_string()))?.instant();
    Ok(Commit {
        account: token(account),
        now,
        urgency: Urgency::Ordinary,
        writes,
        records: Vec::new(),
        claim: None,
        settle: Vec::new(),
        due: Vec::new(),
        done: Vec::new(),
    })
}

/// Loads and commits, one decision's worth after the other.
pub(super) struct BareCaller {
    store: Arc<dyn Store>,
    clock: Arc<SystemClock>,
    ids: Ids,
    shapes: Arc<[Shape]>,
    /// Where none was noted.
    plain: Shape,
    made: usize,
    random: Random,
    first: u64,
    step: u64,
    accounts: u64,
}

/// A decision's worth of work, of which the first half is done.
struct Half {
    account: u64,
    /// Which shape it has.
    number: usize,
    reserve: Reserve,
    loaded: Loaded,
}

impl BareCaller {
    async fn load(&mut self) -> Result<Half, CommitError> {
        let account = self.first + self.step * self.random.below(self.accounts);
        let number = self.made;
        self.made = self.made.wrapping_add(1);
        let shape = self.shape(number);
        let no_random = |_| StoreError::Unavailable("no random bytes".to_owned());
        let request = Token::from_bytes(random_bytes().map_err(no_random)?);
        let reserve = Reserve { request, digest: [FILLER; 32] };
        let window = |bit: u64| WindowKey { partition: token(account).partition(), token: token(account ^ (1 << bit)) };
        let now = self.clock.now().map_err(|error| StoreError::Unavailable(error.to_string()))?.instant();
        let charged = (OWN_WINDOWS..).zip(&shape.charged);
        let charges: Vec<Charge> = charged.map(|(bit, charge)| Charge { window: window(bit), ..*charge }).collect();
        let load = Load {
            account: token(account),
            slots: vec![Slot::Head, Slot::Credentials, line(account)],
            reserve: Some(reserve),
            charges,
            windows: (READ_WINDOWS..).take(usize::try_from(shape.windows).unwrap_or(0)).map(window).collect(),
            now,
            at_least: None,
        };
        let (charges, reads) = shape.outside.clone();
        let outside = async {
            if charges.is_empty() && reads.is_empty() {
                return Ok(());
            }
            self.store.charge(ChargeWindows { charges, reads, attempt: request, now }).await.map(drop)
        };
        let (loaded, charged) = tokio::join!(self.store.load(load), outside);
        charged?;
        Ok(Half { account, number, reserve, loaded: loaded? })
    }

    fn shape(&self, number: usize) -> &Shape {
        self.shapes.get(number % self.shapes.len().max(1)).unwrap_or(&self.plain)
    }

    async fn commit(&mut self, half: Half) -> Result<(), CommitError> {
        let Half { account, number, reserve, loaded } = half;
        let shape = self.shape(number);
        let version = |row: usize| loaded.rows.get(row).and_then(Option::as_ref).map_or(0, |row: &Row| row.version);
        let filler = |bytes| Some(vec![FILLER; bytes]);
        let mut writes = vec![
            Write { slot: Slot::Head, expect: version(0), body: filler(shape.head) },
            Write { slot: Slot::Credentials, expect: version(1), body: shape.credentials.and_then(filler) },
            Write { slot: line(account), expect: version(2), body: filler(shape.line) },
        ];
        let mut commit = commit(&self.clock, account, Vec::new())?;
        let minted = self.ids.mint(commit.now, token(account).partition());
        let id = minted.map(RecordId::from_u128).map_err(|error| StoreError::Unavailable(error.to_string()))?;
        writes.extend(shape.permit.map(|bytes| Write { slot: Slot::Permit(id), expect: 0, body: filler(bytes) }));
        commit.writes = writes;
        commit.records = vec![NewRecord { id, body: vec![FILLER; shape.record] }];
        commit.claim = Some(Claim { reserve, record: id });
        let settled = shape.settled.iter().map(|window| Settle { window: *window, attempt: reserve.request });
        let settled: Vec<Settle> = settled.collect();
        self.store.commit(commit).await?;
        if !settled.is_empty() {
            // Nobody waits for it, as nobody does behind a decision.
            let store = Arc::clone(&self.store);
            tokio::spawn(async move { store.settle(settled).await });
        }
        Ok(())
    }

    /// Commits one after the other for `limit`; loads between them are not counted.
    pub(super) async fn commits_alone(&mut self, limit: Duration) -> Tally {
        let (started, mut tally) = (Instant::now(), Tally::default());
        while started.elapsed() < limit {
            let half = match self.load().await {
                Ok(half) => half,
                Err(error) => {
                    tally.note(Err(name_of(&error)), Duration::ZERO);
                    continue;
                }
            };
            let asked = Instant::now();
            let done = self.commit(half).await;
            tally.note(done.map(|()| "commit").map_err(|error| name_of(&error)), asked.elapsed());
        }
        tally.elapsed = started.elapsed();
        tally
    }
}

impl Caller for BareCaller {
    async fn call(&mut self) -> Option<Ended> {
        let done = match self.load().await {
            Ok(half) => self.commit(half).await,
            Err(error) => Err(error),
        };
        Some(done.map(|()| "commit").map_err(|error| name_of(&error)))
    }
}

const fn name_of(error: &CommitError) -> &'static str {
    match error {
        CommitError::Conflict => "CONFLICT",
        CommitError::Answered(_) => "ANSWERED",
        CommitError::Taken => "TAKEN",
        CommitError::Store(_) => "STORE",
    }
}
