//! The contract, kept by one script for each step.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use redis::cmd;
use tokio::sync::broadcast;
use tokio::task::JoinSet;

use super::committing::wrong_clock;
use super::fabric::Fabric;
use super::holding::Hold;
use super::keeper::EMPTIED;
use super::keys::{self, FIRST};
use super::loading::{charge_args, count, must_last, number};
use super::opening::{self, Opened};
use super::options::{RedisOpenError, RedisOptions};
use super::requests::Reserved;
use super::scripts::SCRIPTS;
use super::step::Step;
use super::wire::{self, Told};
use crate::crypto::{Partition, Token};
use crate::domain::RecordId;
use crate::store::bounds::{check_index, check_journal, check_reseal, check_settle};
use crate::store::{
    ArchivedUpTo, ChargeWindows, Commit, CommitError, DueEntry, Fence, Forget, IndexEntry, Journalled, LeaseRequest,
    Load, Loaded, PermitRow, Place, Position, Reply, Reseal, Reserve, Row, Settle, Slot, Store, StoreError,
    StoredRecord, Window,
};

/// The store of many engines.
///
/// Whatever one engine was told is there for all of them. Dropping it ends this engine's connections; the store stays.
pub struct RedisStore {
    pub(super) fabric: Arc<Fabric>,
    pub(super) epoch: u64,
    reserved: Mutex<Reserved>,
    /// Where it was opened to be carried away or filled.
    pub(super) hold: Option<Hold>,
    /// What goes on beside the calls: ended with the store.
    _tasks: JoinSet<()>,
}

impl RedisStore {
    /// Begins a store where there is none. Its epoch.
    ///
    /// # Errors
    ///
    /// When there is one, and where opening it would be refused.
    pub async fn begin(options: RedisOptions) -> Result<u64, RedisOpenError> {
        opening::begin_new(options).await
    }

    /// Opens the store; begins it where there is none only if the options say so.
    ///
    /// # Errors
    ///
    /// When the servers cannot be reached, do not keep what they are given, or hold another keyring's store or a part of one.
    pub async fn open(options: RedisOptions) -> Result<Self, RedisOpenError> {
        let Opened { fabric, epoch, tasks } = opening::open(options).await?;
        Ok(Self::new(fabric, epoch, tasks, None))
    }

    pub(super) fn new(fabric: Arc<Fabric>, epoch: u64, tasks: JoinSet<()>, hold: Option<Hold>) -> Self {
        Self { fabric, epoch, reserved: Mutex::default(), hold, _tasks: tasks }
    }

    /// How often a wait for the servers began while nobody waited for them: of one caller alone, the waits that followed
    /// each other.
    pub fn waits(&self) -> u64 {
        self.fabric.waits.begun()
    }

    /// Asks for a script's step. What it says, and the rest.
    pub(super) async fn ask(&self, step: Step) -> Result<(String, Told), StoreError> {
        let (word, told) = Told::of(self.fabric.carry_out(step).await?)?;
        // INVARIANT (fail-closed): where the store's life is another, nothing that is missing was never there.
        if word == "LIFE" {
            return Err(StoreError::Unavailable(EMPTIED.to_owned()));
        }
        Ok((word, told))
    }

    /// The epoch as scripts are given it.
    pub(super) fn life(&self) -> Vec<u8> {
        self.epoch.to_string().into_bytes()
    }

    /// How far ahead of the server's clock an instant may be, as scripts are given it.
    pub(super) fn ahead(&self) -> Vec<u8> {
        let ahead = self.fabric.options.clock_ahead_max;
        ahead.map_or_else(Vec::new, |ahead| number(ahead.num_seconds().max(0).cast_unsigned()))
    }

    pub(super) fn is_reserved(&self, reserve: &Reserve, account: Token) -> bool {
        self.reserved.lock().unwrap_or_else(PoisonError::into_inner).knows(reserve, account)
    }

    pub(super) fn remember(&self, reserve: &Reserve, account: Token) {
        self.reserved.lock().unwrap_or_else(PoisonError::into_inner).put(reserve, account);
    }

    async fn charge_checked(&self, charge: ChargeWindows) -> Result<Vec<Window>, StoreError> {
        charge.check_bounds()?;
        // Each partition's windows are one step; which place of the answer each is for is remembered.
        let mut parts: BTreeMap<Partition, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
        for (index, one) in charge.charges.iter().enumerate() {
            parts.entry(one.window.partition).or_default().0.push(index);
        }
        for (index, window) in charge.reads.iter().enumerate() {
            parts.entry(window.partition).or_default().1.push(index);
        }
        let mut windows = vec![Window::default(); charge.charges.len().saturating_add(charge.reads.len())];
        let steps = parts.iter().map(|(partition, part)| self.charge_part(&charge, *partition, part));
        for part in futures_util::future::join_all(steps).await {
            for (index, window) in part? {
                if let Some(place) = windows.get_mut(index) {
                    *place = window;
                }
            }
        }
        Ok(windows)
    }

    /// The windows of one partition, each with its place in the answer.
    async fn charge_part(
        &self,
        charge: &ChargeWindows,
        partition: Partition,
        (charged, read): &(Vec<usize>, Vec<usize>),
    ) -> Result<Vec<(usize, Window)>, StoreError> {
        let keys = &self.fabric.keys;
        let charges: Vec<_> = charged.iter().filter_map(|index| charge.charges.get(*index)).collect();
        let reads = read.iter().filter_map(|index| charge.reads.get(*index));
        let tokens = charges.iter().map(|charge| charge.window.token).chain(reads.map(|window| window.token));
        let names = [keys.meta(partition)].into_iter().chain(tokens.map(|token| keys.window(partition, token)));
        let mut args = vec![
            self.life(),
            wire::instant(charge.now).to_vec(),
            charge.attempt.as_bytes().to_vec(),
            count(charges.len()),
            self.ahead(),
        ];
        args.extend(charges.iter().flat_map(|charge| charge_args(charge)));
        let lasts = charges.iter().any(|charge| must_last(charge));
        let step = Step::script(partition, &SCRIPTS.charge, names.collect(), args).proven(lasts);
        let (word, mut told) = self.ask(step).await?;
        if word != "OK" {
            return Err(wrong_clock(&word));
        }
        let mut told = told.inner()?;
        let places =
            charged.iter().copied().chain(read.iter().map(|index| charge.charges.len().saturating_add(*index)));
        places
            .map(|place| {
                Ok((place, told.found()?.map_or_else(|| Ok(Window::default()), |bytes| wire::window_of(&bytes))?))
            })
            .collect()
    }

    async fn settle_checked(&self, settled: Vec<Settle>) -> Result<(), StoreError> {
        check_settle(&settled)?;
        let mut parts: BTreeMap<Partition, Vec<Settle>> = BTreeMap::new();
        for one in settled {
            parts.entry(one.window.partition).or_default().push(one);
        }
        let steps = parts.into_iter().map(|(partition, part)| {
            let keys = &self.fabric.keys;
            let names = [keys.meta(partition)].into_iter();
            let names = names.chain(part.iter().map(|one| keys.window(partition, one.window.token))).collect();
            let args =
                [self.life()].into_iter().chain(part.iter().map(|one| one.attempt.as_bytes().to_vec())).collect();
            self.ask(Step::script(partition, &SCRIPTS.settle, names, args))
        });
        for done in futures_util::future::join_all(steps).await {
            done?;
        }
        Ok(())
    }

    async fn index_checked(&self, entries: Vec<IndexEntry>) -> Result<(), StoreError> {
        check_index(&entries)?;
        // One name twice: the newest wins, so one place of each name is written.
        let newest: BTreeMap<Token, Place> = entries.into_iter().map(|entry| (entry.name, entry.place)).collect();
        let steps = newest.into_iter().map(|(name, place)| {
            let put = cmd("HSET")
                .arg(self.fabric.keys.names(name))
                .arg(name.as_bytes())
                .arg(keys::place(name, place))
                .to_owned();
            self.fabric.carry_out(Step::read(name.partition(), put).proven(true))
        });
        for done in futures_util::future::join_all(steps).await {
            done?;
        }
        Ok(())
    }

    async fn lease_checked(&self, lease: LeaseRequest) -> Result<Option<Fence>, StoreError> {
        lease.check_bounds()?;
        let partition = keys::partition_of_lease(&lease.name);
        let names = vec![self.fabric.keys.meta(partition), self.fabric.keys.lease(partition, &lease.name)];
        let args = vec![
            self.life(),
            lease.holder.as_bytes().to_vec(),
            wire::instant(lease.now).to_vec(),
            wire::instant(lease.until).to_vec(),
        ];
        let (word, mut told) = self.ask(Step::script(partition, &SCRIPTS.lease, names, args).proven(true)).await?;
        match word.as_str() {
            "OK" => Ok(Some(Fence(told.number()?))),
            "HELD" => Ok(None),
            _ => Err(wire::unexpected()),
        }
    }

    pub(super) fn partition_of(&self, id: RecordId) -> Partition {
        self.fabric.options.ids.partition_of(id.as_u128())
    }
}

impl Store for RedisStore {
    fn resolve(&self, name: Token) -> Reply<'_, Result<Option<Place>, StoreError>> {
        Box::pin(async move {
            let get = cmd("HGET").arg(self.fabric.keys.names(name)).arg(name.as_bytes()).to_owned();
            let found = wire::bytes(self.fabric.carry_out(Step::read(name.partition(), get)).await?)?;
            let place = |bytes: Vec<u8>| keys::place_named(name, &bytes).ok_or_else(|| wire::damaged("a name's place"));
            found.map(place).transpose()
        })
    }

    fn index(&self, entries: Vec<IndexEntry>) -> Reply<'_, Result<(), StoreError>> {
        Box::pin(self.index_checked(entries))
    }

    fn charge(&self, charge: ChargeWindows) -> Reply<'_, Result<Vec<Window>, StoreError>> {
        Box::pin(self.charge_checked(charge))
    }

    fn settle(&self, settled: Vec<Settle>) -> Reply<'_, Result<(), StoreError>> {
        Box::pin(self.settle_checked(settled))
    }

    fn load(&self, load: Load) -> Reply<'_, Result<Loaded, StoreError>> {
        Box::pin(self.load_checked(load))
    }

    fn commit(&self, commit: Commit) -> Reply<'_, Result<Position, CommitError>> {
        Box::pin(self.commit_checked(commit))
    }

    fn record(&self, id: RecordId) -> Reply<'_, Result<Option<StoredRecord>, StoreError>> {
        Box::pin(async move {
            let partition = self.partition_of(id);
            let get = cmd("GET").arg(self.fabric.keys.record(partition, id)).to_owned();
            let found = wire::bytes(self.fabric.carry_out(Step::read(partition, get)).await?)?;
            found.map(wire::record_of).transpose()
        })
    }

    /// One of each partition: that is what a commit is atomic in.
    fn journals(&self) -> u16 {
        Partition::COUNT
    }

    fn journal_of(&self, partition: Partition) -> u16 {
        partition.number()
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn journal(&self, number: u16, after: u64, limit: usize) -> Reply<'_, Result<Vec<Journalled>, StoreError>> {
        Box::pin(self.journal_page(number, after, limit))
    }

    fn accounts(&self, after: Option<Token>, limit: usize) -> Reply<'_, Result<Vec<Token>, StoreError>> {
        Box::pin(self.accounts_page(after, limit))
    }

    fn due(&self, until: DateTime<Utc>, limit: usize) -> Reply<'_, Result<Vec<DueEntry>, StoreError>> {
        Box::pin(self.due_page(until, limit))
    }

    fn lease(&self, lease: LeaseRequest) -> Reply<'_, Result<Option<Fence>, StoreError>> {
        Box::pin(self.lease_checked(lease))
    }

    fn rows(
        &self,
        account: Token,
        after: Option<Slot>,
        limit: usize,
    ) -> Reply<'_, Result<Vec<(Slot, Row)>, StoreError>> {
        Box::pin(self.rows_page(account, after, limit))
    }

    fn permits(&self, after: Option<u64>, limit: usize) -> Reply<'_, Result<Vec<PermitRow>, StoreError>> {
        Box::pin(self.permits_page(after, limit))
    }

    fn reseal(&self, bodies: Vec<Reseal>) -> Reply<'_, Result<usize, StoreError>> {
        Box::pin(async move {
            check_reseal(&bodies)?;
            self.reseal_checked(bodies).await
        })
    }

    fn forget_key(&self, name: String) -> Reply<'_, Result<(), StoreError>> {
        Box::pin(async move {
            let del = cmd("HDEL").arg(self.fabric.keys.marks()).arg(name).to_owned();
            self.fabric.carry_out(Step::read(FIRST, del)).await?;
            self.prove_again(FIRST).await
        })
    }

    fn epoch(&self) -> u64 {
        self.epoch
    }

    fn archived(&self, journal: u16) -> Reply<'_, Result<Option<ArchivedUpTo>, StoreError>> {
        Box::pin(async move {
            check_journal(journal, self.journals())?;
            self.archived_up_to(Partition::new(journal).unwrap_or(FIRST)).await
        })
    }

    fn forget(&self, forget: Forget) -> Reply<'_, Result<usize, StoreError>> {
        Box::pin(async move {
            forget.check_bounds()?;
            check_journal(forget.journal, self.journals())?;
            self.forget_checked(forget).await
        })
    }

    fn rings(&self) -> broadcast::Receiver<Partition> {
        self.fabric.rings.subscribe()
    }

    fn health(&self) -> Result<(), StoreError> {
        self.fabric.health()
    }
}
