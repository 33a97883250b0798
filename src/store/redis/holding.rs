//! A store that is carried away or filled: opened for that alone, and kept from engines meanwhile.
//!
//! Whoever carries takes the hold and then looks whether an engine is there; an engine is heard by the servers first and
//! looks for a hold then. So of two that begin at once one sees the other, or both do. An engine that runs looks for one twice
//! a second: one that was not heard, since its subscription was broken, answers nothing from then on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use redis::cmd;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::fabric::Fabric;
use super::keys::FIRST;
use super::layout::{Layout, ask_replicas};
use super::loading::number;
use super::opening::{self, Held};
use super::options::{RedisOpenError, RedisOptions};
use super::scripts::SCRIPTS;
use super::step::Step;
use super::store::RedisStore;
use super::wire::{self, Told, bytes, list, number as number_of, unexpected};
use crate::store::StoreError;

/// How long a hold lasts that nobody renews: so long after one that was killed no engine begins.
const HOLD: Duration = Duration::from_secs(6);

/// How often it is renewed.
const RENEW_EVERY: Duration = Duration::from_millis(1_500);

/// How often one that another has is asked for again, until it would have ended.
const ASK_AGAIN: Duration = Duration::from_millis(200);

/// An engine whose connection broke is heard again after a moment: it is looked for so often, so far apart.
const LOOKS: usize = 5;
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// The hold of this process on a store.
pub(super) struct Hold {
    holder: Vec<u8>,
    fills: bool,
    lost: Arc<AtomicBool>,
    renewing: JoinSet<()>,
}

impl RedisStore {
    /// Opens a store to carry it into another one: it is read, and no engine begins on it meanwhile.
    ///
    /// # Errors
    ///
    /// When there is none, it cannot be had whole, its keys are not all there, or an engine or another copy is at work on it.
    pub async fn open_to_carry(options: RedisOptions) -> Result<Self, RedisOpenError> {
        Self::held(opening::open_to_carry(options).await?).await
    }

    /// Opens a store to fill it from another one, which stands as `source` says: begins it, or goes on with it.
    ///
    /// # Errors
    ///
    /// When there is a store, or the beginning of another copy; and where [`RedisStore::open`] would refuse.
    pub async fn open_to_fill(options: RedisOptions, source: [u8; 32]) -> Result<Self, RedisOpenError> {
        Self::held(opening::open_to_fill(options, source).await?).await
    }

    async fn held(Held { fabric, epoch, tasks, fills }: Held) -> Result<Self, RedisOpenError> {
        let hold = Hold::take(&fabric, epoch, fills).await?;
        nobody_serves(&fabric).await?;
        // An engine that is not heard now sees the hold at its next look, and what it began by then ends. On what is being
        // filled there is none: its life began with the filling.
        if !fills {
            tokio::time::sleep(fabric.options.engines_end).await;
        }
        Ok(Self::new(fabric, epoch, tasks, Some(hold)))
    }

    /// Whether what was done so far was done undisturbed.
    pub(super) fn is_held(&self) -> Result<(), StoreError> {
        match &self.hold {
            Some(hold) if !hold.lost.load(Ordering::Acquire) => Ok(()),
            Some(_) => {
                Err(StoreError::Unavailable("the hold on the store was lost: an engine may have begun".to_owned()))
            }
            None => Err(StoreError::Refused("a store that serves is carried or filled")),
        }
    }

    /// Whether it may be filled.
    pub(super) fn is_filling(&self) -> Result<(), StoreError> {
        match &self.hold {
            Some(hold) if hold.fills => self.is_held(),
            _ => Err(StoreError::Refused("something is put into a store that is not being filled")),
        }
    }

    /// Lets engines begin again.
    pub(super) async fn let_go(&self) -> Result<(), StoreError> {
        let Some(hold) = &self.hold else { return Ok(()) };
        hold.lost.store(true, Ordering::Release);
        // As good as none, and nobody else's is touched.
        ask(&self.fabric, self.epoch, &hold.holder, Duration::from_millis(1), false).await.map(|_| ())
    }
}

impl Hold {
    async fn take(fabric: &Arc<Fabric>, epoch: u64, fills: bool) -> Result<Self, RedisOpenError> {
        let holder = fabric.options.epoch_seed.to_be_bytes().to_vec();
        let begun = Instant::now();
        loop {
            match ask(fabric, epoch, &holder, HOLD, true).await?.as_str() {
                "OK" => break,
                // Whoever was killed has it a moment longer: who goes on waits for that.
                "HELD" if begun.elapsed() < HOLD + ASK_AGAIN => tokio::time::sleep(ASK_AGAIN).await,
                "HELD" => return Err(RedisOpenError::Held),
                _ => return Err(unexpected().into()),
            }
        }
        let lost = Arc::new(AtomicBool::new(false));
        let mut renewing = JoinSet::new();
        renewing.spawn(renew(Arc::clone(fabric), epoch, holder.clone(), Arc::clone(&lost)));
        Ok(Self { holder, fills, lost, renewing })
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.renewing.abort_all();
    }
}

/// Renews a hold until it is lost.
async fn renew(fabric: Arc<Fabric>, epoch: u64, holder: Vec<u8>, lost: Arc<AtomicBool>) {
    let mut until = Instant::now() + HOLD;
    while !lost.load(Ordering::Acquire) {
        tokio::time::sleep(RENEW_EVERY).await;
        let asked = Instant::now();
        match ask(&fabric, epoch, &holder, HOLD, false).await.as_deref() {
            Ok("OK") => until = asked + HOLD,
            Ok(_) => lost.store(true, Ordering::Release),
            // It may be renewed yet.
            Err(_) if asked < until => {}
            Err(_) => lost.store(true, Ordering::Release),
        }
    }
}

async fn ask(fabric: &Fabric, epoch: u64, holder: &[u8], time: Duration, takes: bool) -> Result<String, StoreError> {
    let keys = vec![fabric.keys.meta(FIRST), fabric.keys.hold()];
    let millis = number(u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
    let args = vec![number(epoch), holder.to_vec(), millis, number(u64::from(takes))];
    let step = Step::script(FIRST, &SCRIPTS.hold, keys, args).proven(true);
    Ok(Told::of(fabric.carry_out(step).await?)?.0)
}

/// Whether no engine is there: every engine hears the store's rings as long as it lives.
async fn nobody_serves(fabric: &Fabric) -> Result<(), RedisOpenError> {
    for look in 0..LOOKS {
        if look > 0 {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        match listeners(fabric).await? {
            0 => {}
            engines => return Err(RedisOpenError::Served { engines }),
        }
    }
    Ok(())
}

/// How many hear the rings, at whichever server.
async fn listeners(fabric: &Fabric) -> Result<u64, StoreError> {
    let layout: Arc<Layout> = fabric.whole_layout()?;
    let mut nodes = layout.primaries.clone();
    for primary in &layout.primaries {
        // What was a primary when an engine began may be a replica by now.
        for address in ask_replicas(primary, &fabric.options.place).await? {
            if let Ok(node) = fabric.node(&address).map_err(|error| StoreError::Unavailable(error.to_string())) {
                nodes.push(node);
            }
        }
    }
    nodes.sort_unstable_by(|one, other| one.address.cmp(&other.address));
    nodes.dedup_by(|one, other| one.address == other.address);
    let mut listeners = 0_u64;
    for node in nodes {
        let count = cmd("PUBSUB").arg("NUMSUB").arg(fabric.keys.rings()).to_owned();
        let is_primary = layout.primaries.iter().any(|primary| primary.address == node.address);
        match tokio::time::timeout(fabric.options.call_timeout, node.send(&count, false, false)).await {
            Ok(Ok(told)) => {
                let count = list(told)?.into_iter().nth(1).ok_or_else(unexpected)?;
                listeners = listeners.saturating_add(number_of(&count)?);
            }
            _ if is_primary => {
                let why = format!("the Redis at {} does not tell who listens", node.address);
                return Err(StoreError::Unavailable(why));
            }
            // A replica that is gone tells nobody anything.
            _ => {}
        }
    }
    Ok(listeners)
}

/// Whether nobody carries the store away or fills it: asked by an engine once it is heard.
pub(super) async fn nobody_holds(fabric: &Fabric) -> Result<(), RedisOpenError> {
    let read = Step::read(FIRST, cmd("GET").arg(fabric.keys.hold()).to_owned());
    if bytes(fabric.carry_out(read).await?)?.is_some() {
        return Err(RedisOpenError::Held);
    }
    let read = Step::read(FIRST, cmd("HMGET").arg(fabric.keys.meta(FIRST)).arg("c").arg("mv").to_owned());
    let mut told = Told::list(fabric.carry_out(read).await?)?;
    if told.found()?.is_some() {
        return Err(RedisOpenError::HalfFilled);
    }
    match told.found()? {
        Some(epoch) => Err(RedisOpenError::Moved { epoch: wire::text(&epoch) }),
        None => Ok(()),
    }
}
