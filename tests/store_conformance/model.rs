//! A simple model of the contract, and histories that are run on it and on a store side by side.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use portcullis::crypto::Token;
use portcullis::domain::RecordId;
use portcullis::store::{
    Before, CLOCK_BEHIND_MAX, Charge, ChargeWindows, Claim, Commit, CommitError, DueEntry, Load, ROWS_MAX, Reservation,
    Reserve, Row, Slot, Store, StoreError, WINDOW_KEPT, WindowKey, Write,
};
use proptest::prelude::*;

use crate::harness::{Account, Home, at, fresh};
use crate::laws::journal::{accounts, journal};

const ACCOUNTS: usize = 3;
const SLOTS: usize = 4;
const KEYS: usize = 4;
const WINDOWS: usize = 2;
const CAP: u16 = 3;

/// What a history does next.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Commit(CommitStep),
    Load(LoadStep),
    Charge {
        account: usize,
        window: usize,
        attempt: usize,
        look: bool,
        millis: i64,
    },
    /// The process ends and begins anew.
    Crash,
}

#[derive(Debug, Clone)]
pub(crate) struct CommitStep {
    account: usize,
    millis: i64,
    /// Slot, whether to expect the right version, body or none.
    writes: BTreeMap<usize, (bool, Option<u8>)>,
    records: usize,
    claim: Option<(usize, u8)>,
    settle: BTreeSet<usize>,
    due: Vec<i64>,
    done: Vec<i64>,
}

#[derive(Debug, Clone)]
pub(crate) struct LoadStep {
    account: usize,
    millis: i64,
    slots: Vec<usize>,
    reserve: Option<(usize, u8)>,
    /// Window, and whether it must be durable before the look.
    charges: Vec<(usize, bool)>,
    windows: Vec<usize>,
}

pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let millis = || 0..5_000_i64;
    let key = || proptest::option::weighted(0.6, (0..KEYS, 0..2_u8));
    let write = (0..SLOTS, (proptest::bool::weighted(0.9), proptest::option::weighted(0.8, any::<u8>())));
    let due = || proptest::collection::vec(0..5_i64, 0..3);
    let commit = (
        (0..ACCOUNTS, millis(), proptest::collection::vec(write, 0..4), 0..3_usize),
        (key(), proptest::collection::btree_set(0..WINDOWS, 0..2), due(), due()),
    )
        .prop_map(|((account, millis, writes, records), (claim, settle, due, done))| {
            let writes = writes.into_iter().collect();
            Step::Commit(CommitStep { account, millis, writes, records, claim, settle, due, done })
        });
    let charges = proptest::collection::vec((0..WINDOWS, any::<bool>()), 0..3);
    let some = |max| proptest::collection::vec(0..max, 0..4);
    let load = (0..ACCOUNTS, millis(), some(SLOTS), key(), charges, some(WINDOWS)).prop_map(
        |(account, millis, slots, reserve, charges, windows)| {
            Step::Load(LoadStep { account, millis, slots, reserve, charges, windows })
        },
    );
    let charge = (0..ACCOUNTS, 0..WINDOWS, 0..KEYS, any::<bool>(), millis())
        .prop_map(|(account, window, attempt, look, millis)| Step::Charge { account, window, attempt, look, millis });
    proptest::collection::vec(prop_oneof![4 => commit, 4 => load, 1 => charge, 1 => Just(Step::Crash)], 1..40)
}

/// What is known of a request's key.
#[derive(Debug, Clone, Copy)]
enum Key {
    /// Reserved for an account; on the disk if a look was taken under it.
    Reserved { digest: u8, account: usize, lasting: bool },
    /// Reserved before a crash without a look: the store may have forgotten it.
    Unsure { digest: u8, account: usize },
    /// Claimed.
    Answered { digest: u8, record: RecordId },
}

impl Key {
    const fn digest(self) -> u8 {
        match self {
            Self::Reserved { digest, .. } | Self::Unsure { digest, .. } | Self::Answered { digest, .. } => digest,
        }
    }
}

/// A store and its model, side by side.
pub(crate) struct History<'a, H> {
    home: &'a H,
    store: Option<Box<dyn Store>>,
    start: DateTime<Utc>,
    accounts: Vec<Account<'a>>,
    slots: [Slot; SLOTS],
    keys: Vec<Token>,
    windows: Vec<Token>,
    rows: HashMap<(usize, usize), Row>,
    known: HashMap<usize, Key>,
    events: HashMap<WindowKey, BTreeSet<(DateTime<Utc>, Token)>>,
    due: BTreeSet<DueEntry>,
    /// Records committed, in order.
    records: Vec<(RecordId, Token)>,
    /// Where each journal ended when the history began.
    ends: Vec<u64>,
    /// The highest instant committed, and the last position, of the store or of each partition.
    highest: HashMap<u16, DateTime<Utc>>,
    seq: HashMap<u16, u64>,
}

impl<'a, H: Home> History<'a, H> {
    pub(crate) fn new(home: &'a H) -> Self {
        static STARTED: AtomicI64 = AtomicI64::new(0);
        // Each history begins later than any before it in the same home: instants never go back there.
        let start = at(1_000 * STARTED.fetch_add(1, Ordering::Relaxed));
        let first = fresh();
        let neighbour = Token::from_bytes((u128::from_be_bytes(*first.as_bytes()) ^ 1).to_be_bytes());
        Self {
            home,
            store: Some(home.open()),
            start,
            accounts: [first, neighbour, fresh()].map(|token| Account::of(home, token)).into(),
            slots: [Slot::Head, Slot::Credentials, Slot::Line(first), Slot::Line(neighbour)],
            keys: (0..KEYS).map(|_| fresh()).collect(),
            windows: (0..WINDOWS).map(|_| fresh()).collect(),
            rows: HashMap::new(),
            known: HashMap::new(),
            events: HashMap::new(),
            due: BTreeSet::new(),
            records: Vec::new(),
            ends: Vec::new(),
            highest: HashMap::new(),
            seq: HashMap::new(),
        }
    }

    pub(crate) async fn run(mut self, steps: &[Step]) {
        // From here on nothing that another history committed is the highest instant.
        self.settle_pending().await;
        for number in 0..self.store().journals() {
            let last = journal(self.store(), number, 0, ROWS_MAX).await.last().map_or(0, |entry| entry.place);
            self.ends.push(last);
        }
        for step in steps {
            match step {
                Step::Commit(step) => self.commit(step).await,
                Step::Load(step) => self.load(step).await,
                Step::Charge { account, window, attempt, look, millis } => {
                    self.charge(*account, *window, self.keys[*attempt], *look, *millis).await;
                }
                Step::Crash => self.crash().await,
            }
        }
        self.crash().await;
        self.compare().await;
    }

    fn store(&self) -> &dyn Store {
        self.store.as_deref().unwrap()
    }

    /// What the account's positions and instants are counted by.
    fn scope(&self, account: usize) -> u16 {
        if self.home.counts_as_one() { 0 } else { self.accounts[account].partition().number() }
    }

    fn highest(&self, account: usize) -> DateTime<Utc> {
        self.highest.get(&self.scope(account)).copied().unwrap_or(self.start)
    }

    fn at(&self, millis: i64) -> DateTime<Utc> {
        self.start + TimeDelta::milliseconds(millis)
    }

    fn window(&self, account: usize, window: usize) -> WindowKey {
        WindowKey { partition: self.accounts[account].partition(), token: self.windows[window] }
    }

    fn reserve(&self, (key, digest): (usize, u8)) -> Reserve {
        Reserve { request: self.keys[key], digest: [digest; 32] }
    }

    fn due_entry(&self, account: usize, seconds: i64) -> DueEntry {
        DueEntry { at: self.start + TimeDelta::seconds(seconds), account: self.accounts[account].token, line: None }
    }

    async fn settle_pending(&mut self) {
        for account in 0..ACCOUNTS {
            let commit = self.accounts[account].commit(self.highest(account));
            let position = self.store().commit(commit).await.unwrap();
            let scope = self.scope(account);
            self.seq.insert(scope, position.seq);
        }
    }

    async fn crash(&mut self) {
        // What was charged without a look lasts from the next commit on: without one, both outcomes would be right.
        self.settle_pending().await;
        drop(self.store.take());
        self.store = Some(self.home.open());
        for key in self.known.values_mut() {
            if let Key::Reserved { digest, account, lasting: false } = *key {
                *key = Key::Unsure { digest, account };
            }
        }
    }

    async fn commit(&mut self, step: &CommitStep) {
        let account = step.account;
        let now = self.at(step.millis);
        let version = |slot: usize| self.rows.get(&(account, slot)).map_or(0, |row: &Row| row.version);
        let writes: Vec<Write> = step
            .writes
            .iter()
            .map(|(slot, (right, body))| Write {
                slot: self.slots[*slot],
                expect: version(*slot) + u64::from(!right),
                body: body.map(|byte| vec![byte]),
            })
            .collect();
        let records: Vec<_> = (0..step.records).map(|_| self.accounts[account].record(now, b"r")).collect();
        let answer = records.first().map_or_else(|| self.accounts[account].record_id(now), |record| record.id);
        let claim = step.claim.map(|key| Claim { reserve: self.reserve(key), record: answer });
        let commit = Commit {
            writes,
            records: records.clone(),
            claim,
            settle: claim.iter().flat_map(|_| &step.settle).map(|window| self.windows[*window]).collect(),
            due: step.due.iter().map(|seconds| self.due_entry(account, *seconds)).collect(),
            done: step.done.iter().map(|seconds| self.due_entry(account, *seconds)).collect(),
            ..self.accounts[account].commit(now)
        };
        let outcome = self.store().commit(commit).await;
        self.judge(step, now, answer, &outcome);
        if outcome.is_ok() {
            self.records.extend(records.iter().map(|record| (record.id, self.accounts[account].token)));
        }
        for record in records {
            let found = self.store().record(record.id).await.unwrap();
            assert_eq!(found.is_some(), outcome.is_ok(), "a record is there if and only if it was committed");
        }
    }

    /// Compares a commit's outcome with what the model says, and takes it into the model.
    fn judge(
        &mut self,
        step: &CommitStep,
        now: DateTime<Utc>,
        answer: RecordId,
        outcome: &Result<portcullis::store::Position, CommitError>,
    ) {
        if let Some((key, digest)) = step.claim {
            match self.known.get(&key) {
                Some(known) if self.is_another_accounts(*known, step.account) => {
                    assert!(matches!(outcome, Err(CommitError::Taken)), "{outcome:?}, not taken");
                    return;
                }
                Some(Key::Unsure { digest: known, .. }) if *known != digest => {
                    if matches!(outcome, Err(CommitError::Taken)) {
                        return;
                    }
                }
                Some(known) if known.digest() != digest => {
                    assert!(matches!(outcome, Err(CommitError::Taken)), "{outcome:?}, not taken");
                    return;
                }
                Some(Key::Answered { record, .. }) => {
                    assert!(matches!(outcome, Err(CommitError::Answered(told)) if told == record), "{outcome:?}");
                    return;
                }
                _ => {}
            }
            // Should nothing else come of it, the store may remember who claimed the key last.
            if let None | Some(Key::Unsure { .. }) = self.known.get(&key) {
                self.known.insert(key, Key::Unsure { digest, account: step.account });
            }
        }
        if self.highest(step.account) - now > CLOCK_BEHIND_MAX {
            assert!(matches!(outcome, Err(CommitError::Store(StoreError::ClockBehind))), "{outcome:?}, not behind");
            return;
        }
        if step.writes.values().any(|(right, _)| !right) {
            assert!(matches!(outcome, Err(CommitError::Conflict)), "{outcome:?}, no conflict");
            return;
        }
        let position = outcome.as_ref().expect("the model takes this commit");
        let (scope, highest) = (self.scope(step.account), self.highest(step.account));
        assert!(Some(&position.seq) > self.seq.get(&scope), "positions grow");
        self.seq.insert(scope, position.seq);
        self.highest.insert(scope, highest.max(now));
        self.take(step, answer);
    }

    fn take(&mut self, step: &CommitStep, answer: RecordId) {
        let account = step.account;
        for (slot, (_, body)) in &step.writes {
            if let Some(byte) = body {
                let row = self.rows.entry((account, *slot)).or_insert(Row { version: 0, body: vec![] });
                *row = Row { version: row.version + 1, body: vec![*byte] };
            }
        }
        if let Some((key, digest)) = step.claim {
            self.known.insert(key, Key::Answered { digest, record: answer });
            for window in &step.settle {
                let (window, attempt) = (self.window(account, *window), self.keys[key]);
                self.events.entry(window).or_default().retain(|(_, event)| *event != attempt);
            }
        }
        for seconds in &step.done {
            self.due.remove(&self.due_entry(account, *seconds));
        }
        for seconds in &step.due {
            self.due.insert(self.due_entry(account, *seconds));
        }
    }

    async fn load(&mut self, step: &LoadStep) {
        let charges = if step.reserve.is_some() { step.charges.as_slice() } else { &[] };
        let look = charges.iter().any(|(_, look)| *look);
        let load = Load {
            slots: step.slots.iter().map(|slot| self.slots[*slot]).collect(),
            reserve: step.reserve.map(|key| self.reserve(key)),
            charges: charges.iter().map(|(window, look)| self.one(step.account, *window, *look)).collect(),
            windows: step.windows.iter().map(|window| self.window(step.account, *window)).collect(),
            ..self.accounts[step.account].load(self.at(step.millis))
        };
        let keys: Vec<WindowKey> =
            load.charges.iter().map(|charge| charge.window).chain(load.windows.iter().copied()).collect();
        let loaded = self.store().load(load).await.unwrap();
        let expected =
            step.reserve.map_or(Reservation::None, |key| self.reserved(key, step.account, look, loaded.reservation));
        assert_eq!(loaded.reservation, expected);
        if expected == Reservation::Taken {
            assert!(loaded.rows.is_empty() && loaded.windows.is_empty(), "nothing is told: {loaded:?}");
            return;
        }
        if let (Reservation::Made, Some((key, _))) = (expected, step.reserve) {
            for (window, _) in charges {
                self.count(self.window(step.account, *window), self.keys[key], step.millis);
            }
        }
        let rows: Vec<_> = step.slots.iter().map(|slot| self.rows.get(&(step.account, *slot)).cloned()).collect();
        assert_eq!(loaded.rows, rows);
        assert_eq!(loaded.windows.len(), keys.len());
        for (key, window) in keys.iter().zip(&loaded.windows) {
            self.assert_window(key, window);
        }
    }

    /// Whether a key that is not answered yet was reserved for another account, where a store keeps reservations by account.
    fn is_another_accounts(&self, known: Key, account: usize) -> bool {
        let keeps = !self.home.counts_as_one();
        keeps && matches!(known, Key::Reserved { account: of, .. } | Key::Unsure { account: of, .. } if of != account)
    }

    /// What becomes of a reservation. Where the store may have forgotten one, it is asked which.
    fn reserved(&mut self, (key, digest): (usize, u8), account: usize, look: bool, told: Reservation) -> Reservation {
        match self.known.get(&key).copied() {
            Some(known) if self.is_another_accounts(known, account) => Reservation::Taken,
            Some(Key::Unsure { digest: known, .. }) if known != digest && told == Reservation::Taken => {
                Reservation::Taken
            }
            Some(Key::Unsure { .. }) | None => {
                self.known.insert(key, Key::Reserved { digest, account, lasting: look });
                Reservation::Made
            }
            Some(known) if known.digest() != digest => Reservation::Taken,
            Some(Key::Answered { record, .. }) => Reservation::Answered(record),
            Some(Key::Reserved { lasting, .. }) => {
                self.known.insert(key, Key::Reserved { digest, account, lasting: lasting || look });
                Reservation::Made
            }
        }
    }

    async fn charge(&mut self, account: usize, window: usize, attempt: Token, look: bool, millis: i64) {
        let charges = vec![self.one(account, window, look)];
        let windows =
            self.store().charge(ChargeWindows { charges, reads: vec![], attempt, now: self.at(millis) }).await.unwrap();
        let key = self.window(account, window);
        self.count(key, attempt, millis);
        self.assert_window(&key, &windows[0]);
    }

    fn one(&self, account: usize, window: usize, look: bool) -> Charge {
        let before = if look { Before::Look } else { Before::Commit };
        Charge {
            window: self.window(account, window),
            subject: self.windows[window],
            cap: CAP,
            kept: WINDOW_KEPT,
            before,
        }
    }

    fn count(&mut self, key: WindowKey, attempt: Token, millis: i64) {
        let at = self.at(millis);
        let events = self.events.entry(key).or_default();
        if events.iter().all(|(_, known)| *known != attempt) {
            events.insert((at, attempt));
        }
        while events.len() > usize::from(CAP) {
            events.pop_first();
        }
    }

    fn assert_window(&self, key: &WindowKey, window: &portcullis::store::Window) {
        let expected: Vec<_> = self.events.get(key).into_iter().flatten().copied().collect();
        let found: Vec<_> = window.events.iter().map(|event| (event.at, event.attempt)).collect();
        assert_eq!(found, expected);
    }

    /// Everything that the model knows of, as the store has it.
    async fn compare(&mut self) {
        for account in 0..ACCOUNTS {
            let slots = (0..SLOTS).collect();
            let windows = (0..WINDOWS).collect();
            self.load(&LoadStep { account, millis: 0, slots, reserve: None, charges: vec![], windows }).await;
        }
        let tokens: BTreeSet<Token> = self.accounts.iter().map(|account| account.token).collect();
        let due = self.store().due(self.start + TimeDelta::days(1), ROWS_MAX).await.unwrap();
        let due: BTreeSet<_> = due.into_iter().filter(|due| tokens.contains(&due.account)).collect();
        assert_eq!(due, self.due);
        self.compare_journals().await;
        let made: BTreeSet<Token> = self.rows.keys().map(|(account, _)| self.accounts[*account].token).collect();
        let met: BTreeSet<Token> =
            accounts(self.store(), 7).await.into_iter().filter(|account| tokens.contains(account)).collect();
        assert_eq!(met, made);
        // Left empty, so that the histories of one home do not crowd each other out.
        for (index, account) in self.accounts.iter().enumerate() {
            let done = due.iter().filter(|due| due.account == account.token).copied().collect();
            self.store().commit(Commit { done, ..account.commit(self.highest(index)) }).await.unwrap();
        }
    }

    /// The journals hold what was committed since the history began, in that order.
    async fn compare_journals(&self) {
        let mut met = 0;
        for (number, end) in (0..).zip(&self.ends) {
            let found: Vec<_> = journal(self.store(), number, *end, 5).await;
            let found: Vec<_> = found.into_iter().map(|entry| (entry.id, entry.account)).collect();
            let own: BTreeSet<Token> = found.iter().map(|(_, account)| *account).collect();
            let expected: Vec<_> = self.records.iter().filter(|(_, account)| own.contains(account)).copied().collect();
            assert_eq!(found, expected, "journal {number}");
            met += found.len();
        }
        assert_eq!(met, self.records.len(), "every record stands in one journal");
    }
}
